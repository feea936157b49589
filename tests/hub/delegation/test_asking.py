"""A window's questions: answered under the other department's grant, and never beyond it."""

from collections.abc import Callable

import pytest
from world import batches, joints
from world.asking import check_receipt
from world.delegating import LENDER, THIRD, WINDOW, delegated, drafted, lent, revoked, signed
from world.time import DAY
from world.town import ADMINISTRATOR, HUB, PURPOSE, SUBJECTS, World, covering

from certs.canonical import Json
from certs.encoding import rfc3339
from certs.receipts import verify_receipt
from hub.access import departments, grants
from hub.people import accounts

REFUSED = (403, "not-granted")


def reason(world: World, position: int = -1) -> Json:
    _, _, _, internal = world.entry(position)
    assert isinstance(internal, dict)
    return internal["reason"]


def asked(
    world: World, delegation: str, department: str = WINDOW, **members: Json
) -> tuple[int, Json]:
    """Status and code (or outcome) of a window's lookup."""
    sent = world.gateway(department).lookup(delegation=delegation, **members)
    answer = world.ask(sent)
    return answer.status, answer.document.get("code", "answered")


def refused(world: World, delegation: str, department: str = WINDOW, **members: Json) -> Json:
    """The true reason of a refusal that looks as if there were no grant; nothing was counted."""
    used = world.used()
    assert asked(world, delegation, department, **members) == REFUSED
    assert world.used() == used
    _, control, _, _ = world.entry()
    assert isinstance(control, dict)
    assert (control["grant"], control["grant_version"]) == (None, None)
    return reason(world)


def test_the_entry_names_both(world: World) -> None:
    found = lent(world)
    sent = world.gateway(WINDOW).lookup(delegation=found.id)
    answer = world.ask(sent)
    assert answer.status == 200
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    control = answer.control
    assert control["department"] == f"{HUB}:{WINDOW}"
    assert control["connector"] == world.gateway(WINDOW).urn
    assert control["delegation"] == f"{HUB}:{found.id}"
    assert control["grant"] == f"{HUB}:{world.grant.id}"
    assert world.grant.department == LENDER
    assert world.findings().faults == ()


def test_without_one_an_entry_is_as_it_was(world: World) -> None:
    lent(world)
    answer = world.ask(world.nrb.lookup())
    assert sorted(answer.control) == sorted(
        [
            *("R", "a", "channel", "connector", "dataset", "department", "epoch", "grant"),
            *("grant_version", "outcome", "purpose", "repeats"),
        ]
    )


def test_it_gives_nothing_to_who_does_not_name_it(world: World) -> None:
    lent(world)
    assert world.ask(world.gateway(WINDOW).lookup()).status == 403
    assert reason(world) == "grant-absent"


def test_a_verification_a_batch_and_joint_parts_are_asked_under_it(world: World) -> None:
    found = lent(world)
    window = world.gateway(WINDOW)
    verified = world.ask(window.verify({"name": "李四"}, delegation=found.id))
    assert verified.status == 200
    several = batches.ask(
        world,
        batches.batch(window, [batches.subject(one) for one in SUBJECTS[:3]], delegation=found.id),
    )
    assert several.status == 200
    assert {one["delegation"] for one in batches.controls(several)} == {f"{HUB}:{found.id}"}
    parts: list[Json] = [joints.part(delegation=found.id), joints.part()]
    joint = joints.ask(world, joints.joint(window, parts))
    assert joint.status == 200
    given, own = batches.controls(joint)
    assert (given["outcome"], own["outcome"]) == ("answered", "refused")
    assert given["delegation"] == f"{HUB}:{found.id}"
    assert "delegation" not in own
    assert world.findings().faults == ()


@pytest.mark.parametrize("value", [None, "", "D-0", "G-0123456789ab", "*", ["D-0123456789ab"]])
def test_a_name_that_can_be_none_is_malformed(world: World, value: Json) -> None:
    answer = world.ask(world.gateway(WINDOW).lookup(delegation=value))
    assert (answer.status, answer.document["facts"]) == (422, {"where": "delegation"})


# -- what does not stand --------------------------------------------------------------------------
def test_attack_a_delegation_that_there_is_not(world: World) -> None:
    assert refused(world, "D-0123456789ab") == "delegation-unknown"


@pytest.mark.parametrize(("how", "why"), [(drafted, "draft"), (signed, "signed")])
def test_attack_one_that_was_not_accepted(
    world: World, how: Callable[..., object], why: str
) -> None:
    found = how(world.hub.changes, world.time())
    world.hub.book.refresh()
    assert refused(world, found.id) == f"delegation-{why}"  # type: ignore[attr-defined]


def test_a_revoked_one_answers_nothing_from_the_next_question(world: World) -> None:
    found = lent(world)
    assert asked(world, found.id) == (200, "answered")
    revoked(world.hub.changes, found)
    assert refused(world, found.id) == "delegation-revoked"


def test_an_expired_one_answers_nothing(world: World) -> None:
    found = lent(world, valid_until=rfc3339(world.time() + DAY))
    assert asked(world, found.id) == (200, "answered")
    world.time.advance(DAY)
    assert refused(world, found.id) == "delegation-out-of-time"


def test_one_that_has_not_begun_answers_nothing(world: World) -> None:
    found = lent(world, valid_from=rfc3339(world.time() + DAY))
    assert refused(world, found.id) == "delegation-out-of-time"


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_a_grant_that_ends_ends_it_for_the_window_too(world: World, status: str) -> None:
    found = lent(world)
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, status)  # type: ignore[arg-type]
    assert refused(world, found.id) == f"grant-{status}"


@pytest.mark.parametrize("side", [LENDER, WINDOW])
def test_a_suspended_department_of_either_side_ends_it(world: World, side: str) -> None:
    found = lent(world)
    # The connector of a suspended department is turned away: its console is asked here.
    departments.set_status(world.hub.changes, ADMINISTRATOR, side, "suspended")
    if side == WINDOW:
        world.hub.book.refresh()
        assert world.refused(world.gateway(WINDOW).lookup(delegation=found.id))
        return
    assert refused(world, found.id) == "department-suspended"


# -- beyond it, and beyond the grant --------------------------------------------------------------
BEYOND_THE_GRANT: dict[str, tuple[dict[str, object], dict[str, Json], str]] = {
    "items": ({}, {"items": ["name", "ethnicity"]}, "items-outside-grant"),
    "purposes": (
        {"purposes": (PURPOSE, "school_enrolment")},
        {"purpose": "school_enrolment"},
        "purpose-outside-grant",
    ),
    "dataset": ({}, {"dataset": "credit_penalty"}, "grant-absent"),
    "dataset unknown": ({}, {"dataset": "tax_returns"}, "dataset-unknown"),
}


@pytest.mark.parametrize("name", BEYOND_THE_GRANT)
def test_attack_beyond_the_delegating_departments_own_grant(world: World, name: str) -> None:
    terms, members, why = BEYOND_THE_GRANT[name]
    found = lent(world, **terms)
    assert refused(world, found.id, **members) == why


def test_attack_beyond_the_grants_channel(world: World) -> None:
    found = lent(world)
    world.regrant(channels=["console"])
    assert refused(world, found.id) == "channel-outside-grant"


def test_attack_without_the_case_that_the_grant_asks_for(world: World) -> None:
    found = lent(world)
    world.regrant(case_required=True)
    assert refused(world, found.id) == "case-required"
    assert asked(world, found.id, case="2026-0001") == (200, "answered")


BEYOND_IT: dict[str, tuple[dict[str, object], str]] = {
    "items": ({"items": ("name",)}, "items"),
    "datasets": ({"datasets": ("real_estate",)}, "dataset"),
    "purposes": ({"purposes": ("school_enrolment",)}, "purpose"),
    "channels": ({"channels": ("console",)}, "channel"),
}


@pytest.mark.parametrize("name", BEYOND_IT)
def test_attack_beyond_the_delegation_itself(world: World, name: str) -> None:
    terms, what = BEYOND_IT[name]
    assert world.ask(world.nrb.lookup()).status == 200
    assert refused(world, lent(world, **terms).id) == f"{what}-outside-delegation"


def test_claims_count_as_items(world: World) -> None:
    found = lent(world, items=("sex",))
    answer = world.ask(world.gateway(WINDOW).verify({"name": "李四"}, delegation=found.id))
    assert (answer.status, answer.code, reason(world)) == (*REFUSED, "items-outside-delegation")


def test_attack_another_departments_delegation(world: World) -> None:
    found = lent(world)
    assert refused(world, found.id, THIRD) == "delegation-of-others"
    assert refused(world, found.id, LENDER) == "delegation-of-others"


def test_attack_a_delegation_passed_on(world: World) -> None:
    """What the window was lent is no grant of its own: there is nothing that it could lend."""
    lent(world)
    onward = delegated(world.hub.changes, world.time(), WINDOW, to=THIRD)
    world.hub.book.refresh()
    assert refused(world, onward.id, THIRD, dataset="resident") == "grant-absent"


@pytest.mark.parametrize(
    ("officer", "why"),
    [
        (f"{LENDER}.officer", "officer-of-another-department"),
        (f"{WINDOW}.steward", "officer-without-role"),
        ("ghost", "officer-unknown"),
    ],
)
def test_the_officer_is_the_windows_own(world: World, officer: str, why: str) -> None:
    found = lent(world)
    assert asked(world, found.id, officer=officer) == (403, "officer-unknown")
    assert reason(world) == why
    # Whoever goes beyond the grant is told no more for having no officer either.
    assert asked(world, found.id, officer=officer, items=["ethnicity"]) == REFUSED


def test_a_suspended_officer_of_the_window(world: World) -> None:
    found = lent(world)
    accounts.set_status(world.hub.changes, ADMINISTRATOR, f"{WINDOW}.officer", "suspended")
    assert asked(world, found.id) == (403, "officer-unknown")


# -- what pays ------------------------------------------------------------------------------------
def test_it_costs_the_grants_own_quota(world: World) -> None:
    found = lent(world)
    world.regrant(daily_quota=2)
    assert world.ask(world.nrb.lookup()).status == 200
    assert asked(world, found.id) == (200, "answered")
    assert asked(world, found.id) == (429, "quota-spent")
    assert reason(world) == "quota-spent"
    assert world.ask(world.nrb.lookup()).status == 429


def test_its_own_cap_leaves_the_grants_quota_alone(world: World) -> None:
    found = lent(world, daily_cap=2)
    for _ in range(2):
        assert asked(world, found.id) == (200, "answered")
    used = world.used()
    assert asked(world, found.id) == (429, "quota-spent")
    assert reason(world) == "delegation-cap-spent"
    assert world.used() == used == 2
    assert world.ask(world.nrb.lookup()).status == 200
    world.time.advance(DAY)
    assert asked(world, found.id) == (200, "answered")


@pytest.mark.parametrize("cap", [True, False])
def test_a_receipt_that_is_fetched_again_has_the_status_of_the_refusal(
    world: World, *, cap: bool
) -> None:
    found = lent(world, daily_cap=1)
    asked(world, found.id)
    if not cap:
        revoked(world.hub.changes, found)
    window = world.gateway(WINDOW)
    sent = window.lookup(delegation=found.id, request_id="A" * 22)
    answer = world.ask(sent)
    path = f"/v1/receipts/{'A' * 22}"
    again = world.call(window.sign("GET", path))
    receipt = verify_receipt(str(again.receipt), {world.receipt_kid: world.receipt_key.public})
    assert receipt.status == answer.status == (429 if cap else 403)


def test_a_batch_is_paid_whole_or_not_at_all(world: World) -> None:
    found = lent(world, daily_cap=2)
    window = world.gateway(WINDOW)
    subjects = [batches.subject(one) for one in SUBJECTS[:3]]
    answer = batches.ask(world, batches.batch(window, subjects, delegation=found.id))
    assert (answer.status, answer.code, world.used()) == (429, "quota-spent", 0)
    answer = batches.ask(world, batches.batch(window, subjects[:2], delegation=found.id))
    assert (answer.status, world.used()) == (200, 2)


def test_joint_parts_beyond_the_cap_are_refused_and_no_others(world: World) -> None:
    found = lent(world, daily_cap=1)
    grants.issue(world.hub.changes, ADMINISTRATOR, covering(world.time(), department=WINDOW))
    world.hub.book.refresh()
    parts: list[Json] = [joints.part(delegation=found.id) for _ in range(2)]
    answer = joints.ask(world, joints.joint(world.gateway(WINDOW), [*parts, joints.part()]))
    outcomes = [one["outcome"] for one in batches.controls(answer)]
    assert outcomes == ["refused", "refused", "answered"]
    assert reason(world, -2) == "part-delegation-cap-spent"
    assert world.used() == 0


def test_a_repeat_costs_neither(world: World) -> None:
    found = lent(world, daily_cap=1)
    window = world.gateway(WINDOW)
    question = window.question(delegation=found.id)
    for _ in range(2):
        assert world.ask(window.lookup(**question)).status == 200
    assert world.used() == 1
    assert world.findings().faults == ()


def test_attack_the_same_request_id_without_the_delegation(world: World) -> None:
    found = lent(world)
    window = world.gateway(WINDOW)
    question = window.question(delegation=found.id)
    assert world.ask(window.lookup(**question)).status == 200
    grants.issue(world.hub.changes, ADMINISTRATOR, covering(world.time(), department=WINDOW))
    world.hub.book.refresh()
    del question["delegation"]
    assert world.ask(window.lookup(**question)).code == "request-id-conflict"
