"""What the page of a grant shows of its life, and what a person may do about it."""

from collections.abc import Mapping

from hub.access.grant import Grant
from hub.clock import DAY
from hub.people.permissions import Permission, may
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.usage import disposals, dispositions
from hub.usage.dispositions import UNDER_WAY
from hub.usage.life import department_of, life_of, provider_of
from hub.web.pages.words import day


def shown(hub: Hub, person: Person, grant: Grant) -> dict[str, object]:
    """What the page of a grant shows of its life, and what the person may do about it."""
    if not may(person, Permission.READ_USAGE):
        return {"life": None, "acts": frozenset()}
    now = hub.clock()
    life = life_of(hub.reading, hub.settings.grants, person, grant.id, now)
    found = dispositions.of_grant(hub.reading, grant.id, department_of(person))
    current = next((one for one in found if one.status in UNDER_WAY), None)
    disposal = disposals.find(hub.reading, grant.id, department_of(person))
    ended = life["ended"]
    facts: dict[str, bool] = {
        "over": grant.status == "revoked",
        "ended": ended is not None,
        "open": current is not None and current.status == "open",
        "requested": current is not None and current.status == "requested",
        "reported": current is not None and current.report is not None,
        "signed": (
            current is not None and current.report is not None and current.report.signed is not None
        ),
        "recorded": disposal is not None,
        "disposed": disposal is not None and disposal.signed is not None,
    }
    return {
        "life": life,
        "acts": _offered(person, grant, provider_of(hub.reading, grant), facts),
        "current": current,
        "past": [one for one in found if one is not current],
        "disposal": disposal,
        "days": hub.settings.grants.rectify_days,
        "today": day(now),
        "review_next": day(now + hub.settings.grants.review_days * DAY),
    }


def _offered(
    person: Person, grant: Grant, provider: str, facts: Mapping[str, bool]
) -> frozenset[str]:
    """The acts that the page leads to; each checks everything anew."""
    own, open_ = person.department == grant.department, facts["open"]
    may_open = not facts["over"] and not open_
    possible = {
        "request": (
            person.department == provider and may_open and not facts["requested"],
            Permission.ASK_FOR_DISPOSITION,
        ),
        "disposition": (may_open, Permission.CHANGE_GRANTS),
        "outcome": (open_ or facts["requested"], Permission.CHANGE_GRANTS),
        "report": (own and open_ and not facts["signed"], Permission.ACCOUNT_FOR_USE),
        "sign-report": (
            own and open_ and facts["reported"] and not facts["signed"],
            Permission.SIGN_ACCOUNTS,
        ),
        "review": (may_open and not facts["ended"], Permission.CHANGE_GRANTS),
        "disposal": (
            own and facts["ended"] and not facts["disposed"],
            Permission.ACCOUNT_FOR_USE,
        ),
        "sign-disposal": (
            own and facts["ended"] and facts["recorded"] and not facts["disposed"],
            Permission.SIGN_ACCOUNTS,
        ),
    }
    return frozenset(act for act, (fits, needs) in possible.items() if fits and may(person, needs))
