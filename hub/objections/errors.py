"""What is refused of an objection.

HubError
├── Forbidden
│   └── ObjectionRefused      no grant covers it, or no record fits: one answer for both
├── ObjectionQuotaSpent       the grant's quota of today is spent
└── ObjectionThrottled        too many that fitted nothing, about this subject, in this hour
"""

from hub.errors import Forbidden, HubError


class ObjectionRefused(Forbidden):
    """No standing grant covers it, or no record of the subject fits: told alike.

    Otherwise whoever may not know whether somebody stands in a register could ask by objecting.
    """

    code = "objection-refused"


class ObjectionQuotaSpent(HubError):
    """An objection costs what a verification costs, and the day's quota is spent."""

    code = "quota-spent"


class ObjectionThrottled(HubError):
    """Too many verifications or objections about this subject have fitted nothing in this hour."""

    code = "verify-throttled"
