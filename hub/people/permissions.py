"""What each role may do: one table, asked everywhere."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, get_args

from hub.errors import Forbidden

Role: TypeAlias = Literal["administrator", "auditor", "head", "officer", "steward"]
ROLES: tuple[Role, ...] = get_args(Role)

DEPARTMENTAL: frozenset[Role] = frozenset({"head", "officer", "steward"})
"""Roles that act for one department and need to name it."""

EXCLUSIVE: frozenset[Role] = frozenset({"administrator", "auditor"})
"""Roles of which nobody has two: whoever gives access does not audit it."""


class Permission(StrEnum):
    """Something that a person may do in the console or through the API."""

    ASK = "ask"
    """Look up and verify for the own department."""
    READ_OWN_GRANTS = "read-own-grants"
    """See what the own department may ask for."""
    READ_GIVEN_GRANTS = "read-given-grants"
    """See who may ask for the own department's datasets."""
    READ_ALL_GRANTS = "read-all-grants"
    """See who sees what, across departments."""
    CHANGE_GRANTS = "change-grants"
    """Issue, change, suspend, resume and revoke grants."""
    READ_PUBLICATIONS = "read-publications"
    """See the own department's publications and their reports."""
    DECIDE_PUBLICATIONS = "decide-publications"
    """Release or discard a held publication of the own department."""
    ADMIT = "admit"
    """Admit, suspend and end departments, connectors, datasets and purposes."""
    READ_ADMITTED = "read-admitted"
    """See departments with their connectors and certificates, and what uses each purpose."""
    MANAGE_PEOPLE = "manage-people"
    """Enrol people, set their roles, end their sessions."""
    READ_PEOPLE = "read-people"
    """See who has an account, in which department and with which roles."""
    ROTATE_KEYS = "rotate-keys"
    """Replace the hub's own keys."""
    READ_RETENTION = "read-retention"
    """See what is past its retention, what was erased, and what is held."""
    ERASE = "erase"
    """Have what is past its retention erased."""
    HOLD = "hold"
    """Keep single entries from being erased: harmless, so for both."""
    RELEASE_HOLDS = "release-holds"
    """End a hold. Never with ``ERASE``: nobody destroys alone what somebody wanted kept."""
    READ_LOG = "read-log"
    """Search the log and open its entries."""
    READ_APPLICATIONS = "read-applications"
    """See the own department's applications and those that it has received."""
    READ_ALL_APPLICATIONS = "read-all-applications"
    """See all applications and how they keep their times."""
    APPLY = "apply"
    """Draft, change, withdraw and dispute the own department's applications."""
    SIGN_APPLICATIONS = "sign-applications"
    """Sign what somebody else of the own department has drafted."""
    REPLY = "reply"
    """Prepare the own department's replies, return, ask for time, say what is delivered."""
    SIGN_REPLIES = "sign-replies"
    """Sign a reply that somebody else of the own department has prepared."""
    CONSENT_TO_TIME = "consent-to-time"
    """Consent to the one extension of a reply's period."""
    SETTLE_DISPUTES = "settle-disputes"
    """Write down how a dispute was settled, each at the own level."""
    FILE_MATERIALS = "file-materials"
    """Take in papers and say whose they are, for the own department."""
    MANAGE_LICENCES = "manage-licences"
    """Issue the own department's licences, and suspend, revoke or print them."""
    CORRECT_CALENDAR = "correct-calendar"
    """Say of single days whether they are worked."""
    OPEN_CASES = "open-cases"
    """Open, supplement, review and conclude the own department's cases."""
    READ_CASES = "read-cases"
    """See the own department's cases, without what they are about."""
    READ_ALL_CASES = "read-all-cases"
    """See all departments' cases, without what they are about."""
    MANAGE_SERVICES = "manage-services"
    """Register and end the services that the own department implements."""
    MANAGE_ALL_SERVICES = "manage-all-services"
    """The same for every department."""
    MANAGE_RULES = "manage-rules"
    """Register and end rules of evidence."""
    READ_REUSE = "read-reuse"
    """See the figure: what need not be brought."""
    READ_DELEGATIONS = "read-delegations"
    """See the delegations that the own department gave or received."""
    READ_ALL_DELEGATIONS = "read-all-delegations"
    """See all delegations."""
    DRAFT_DELEGATIONS = "draft-delegations"
    """Draft and change what the own department is to delegate."""
    DELEGATE = "delegate"
    """Sign what somebody else has drafted, accept what the own department is given, end either."""
    END_DELEGATIONS = "end-delegations"
    """End any delegation at once."""
    RAISE_OBJECTIONS = "raise-objections"
    """Say that a value which the own department received is wrong; see and withdraw that."""
    ANSWER_OBJECTIONS = "answer-objections"
    """Open and answer objections to the own department's data."""
    OVERSEE_OBJECTIONS = "oversee-objections"
    """Be told when an answer of the own department is near its end, or late."""
    READ_OBJECTIONS = "read-objections"
    """See the own department's objections and those that it has received, without content."""
    READ_ALL_OBJECTIONS = "read-all-objections"
    """See all objections and how they keep their times, without content."""
    READ_ENTRIES = "read-entries"
    """See the own department's catalogue entries, whatever has become of them."""
    READ_ALL_ENTRIES = "read-all-entries"
    """See all catalogue entries, and how they keep their times."""
    DRAFT_ENTRIES = "draft-entries"
    """Draft the own department's entries, write down their assessments, ask for time."""
    APPROVE_ENTRIES = "approve-entries"
    """Approve what somebody else of the own department has drafted."""
    REVIEW_ENTRIES = "review-entries"
    """Review, return and publish entries; suspend them, and withdraw them for good."""
    READ_MATRIX = "read-matrix"
    """See and download who sees what: all of it, or what the own department holds and gives."""
    READ_USAGE = "read-usage"
    """See how a grant was used, and what became of it: all, or where the own department is a
    side."""
    ASK_FOR_DISPOSITION = "ask-for-disposition"
    """Ask the authority to suspend or end a grant over the own department's dataset."""
    ACCOUNT_FOR_USE = "account-for-use"
    """State the own department's use, what it put right, and how it disposed of what it had."""
    SIGN_ACCOUNTS = "sign-accounts"
    """Sign what somebody else of the own department has written of that."""
    STOP = "stop"
    """Stop a dataset, a department or a connector at once; a head, what is the own department's."""
    READ_STOPS = "read-stops"
    """See what stands stopped: all of it, or the own department's."""


_ANY_DEPARTMENT: frozenset[Role] = frozenset({"administrator", "auditor"})

ALLOWED: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.ASK: frozenset({"officer"}),
        Permission.READ_OWN_GRANTS: frozenset({"head", "officer", "steward"}),
        Permission.READ_GIVEN_GRANTS: frozenset({"head", "steward"}),
        Permission.READ_ALL_GRANTS: _ANY_DEPARTMENT,
        Permission.CHANGE_GRANTS: frozenset({"administrator"}),
        Permission.READ_PUBLICATIONS: frozenset({"steward"}),
        Permission.DECIDE_PUBLICATIONS: frozenset({"steward"}),
        Permission.ADMIT: frozenset({"administrator"}),
        Permission.READ_ADMITTED: _ANY_DEPARTMENT,
        Permission.MANAGE_PEOPLE: frozenset({"administrator"}),
        Permission.READ_PEOPLE: _ANY_DEPARTMENT,
        Permission.ROTATE_KEYS: frozenset({"administrator"}),
        Permission.READ_RETENTION: _ANY_DEPARTMENT,
        Permission.ERASE: frozenset({"administrator"}),
        Permission.HOLD: _ANY_DEPARTMENT,
        Permission.RELEASE_HOLDS: frozenset({"auditor"}),
        Permission.READ_LOG: frozenset({"auditor"}),
        Permission.READ_APPLICATIONS: frozenset({"head", "steward"}),
        Permission.READ_ALL_APPLICATIONS: _ANY_DEPARTMENT,
        Permission.APPLY: frozenset({"steward"}),
        Permission.SIGN_APPLICATIONS: frozenset({"head"}),
        Permission.REPLY: frozenset({"steward"}),
        Permission.SIGN_REPLIES: frozenset({"head"}),
        Permission.CONSENT_TO_TIME: frozenset({"administrator"}),
        Permission.SETTLE_DISPUTES: frozenset({"administrator", "head"}),
        Permission.FILE_MATERIALS: frozenset({"officer"}),
        Permission.MANAGE_LICENCES: frozenset({"steward"}),
        Permission.CORRECT_CALENDAR: frozenset({"administrator"}),
        Permission.OPEN_CASES: frozenset({"officer"}),
        Permission.READ_CASES: frozenset({"head", "officer", "steward"}),
        Permission.READ_ALL_CASES: frozenset({"auditor"}),
        Permission.MANAGE_SERVICES: frozenset({"steward"}),
        Permission.MANAGE_ALL_SERVICES: frozenset({"administrator"}),
        Permission.MANAGE_RULES: frozenset({"administrator"}),
        Permission.READ_REUSE: frozenset({"administrator", "auditor", "head"}),
        Permission.READ_DELEGATIONS: frozenset({"head", "officer", "steward"}),
        Permission.READ_ALL_DELEGATIONS: _ANY_DEPARTMENT,
        Permission.DRAFT_DELEGATIONS: frozenset({"steward"}),
        Permission.DELEGATE: frozenset({"head"}),
        Permission.END_DELEGATIONS: frozenset({"administrator"}),
        Permission.RAISE_OBJECTIONS: frozenset({"officer", "steward"}),
        Permission.ANSWER_OBJECTIONS: frozenset({"steward"}),
        Permission.OVERSEE_OBJECTIONS: frozenset({"head"}),
        Permission.READ_OBJECTIONS: frozenset({"head", "officer", "steward"}),
        Permission.READ_ALL_OBJECTIONS: _ANY_DEPARTMENT,
        Permission.READ_ENTRIES: frozenset({"head", "steward"}),
        Permission.READ_ALL_ENTRIES: _ANY_DEPARTMENT,
        Permission.DRAFT_ENTRIES: frozenset({"steward"}),
        Permission.APPROVE_ENTRIES: frozenset({"head"}),
        Permission.REVIEW_ENTRIES: frozenset({"administrator"}),
        Permission.READ_MATRIX: frozenset({"administrator", "auditor", "head", "steward"}),
        Permission.READ_USAGE: frozenset({"administrator", "auditor", "head", "steward"}),
        Permission.ASK_FOR_DISPOSITION: frozenset({"head"}),
        Permission.ACCOUNT_FOR_USE: frozenset({"steward"}),
        Permission.SIGN_ACCOUNTS: frozenset({"head"}),
        Permission.STOP: frozenset({"administrator", "head"}),
        Permission.READ_STOPS: frozenset({"administrator", "auditor", "head", "steward"}),
    }
)


class PasswordInitial(Forbidden):
    """Somebody else has set the person's password: it has to be changed before anything else."""

    code = "password-initial"


class HasRoles(Protocol):
    """Whoever has roles: a signed-in person."""

    @property
    def must_change(self) -> bool:
        """Whether the password has to be changed first."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles held now."""


def may(person: HasRoles, permission: Permission) -> bool:
    """Whether to show what needs the permission; what acts calls ``require``."""
    return not person.must_change and not ALLOWED[permission].isdisjoint(person.roles)


def require(person: HasRoles, *permissions: Permission) -> None:
    """Raise ``Forbidden`` unless the person holds one of the permissions.

    Until a password that somebody else has set is changed, nobody holds any: ``PasswordInitial``.
    """
    require_own_password(person)
    if not any(may(person, permission) for permission in permissions):
        raise Forbidden(what=permissions[0].value)


def require_own_password(person: HasRoles) -> None:
    """Raise ``PasswordInitial`` if the password has to be changed first."""
    if person.must_change:
        raise PasswordInitial
