"""Attacks on delegations by way of cases: others' officers, chains, purposes, ends."""

import pytest
from world.asking import Answer, Members
from world.casework import SERVICE, Casework, casework, person, status_of
from world.delegating import delegated, lent, revoked
from world.time import DAY
from world.town import ADMINISTRATOR, SUBJECTS, World

from certs.canonical import Json
from certs.encoding import rfc3339
from hub.people import accounts
from hub.people.passwords import hash_password

WINDOW = "mrb"


@pytest.fixture
def desk(world: World) -> Casework:
    return casework(world)


def ask(desk: Casework, window: str = WINDOW, officer: str = "", **members: Json) -> Answer:
    body = desk.opening(officer=officer or f"{window}.officer", **members)
    return desk.signed("/v1/cases", body, desk.world.gateway(window))


def opened(desk: Casework) -> Members:
    answer = ask(desk)
    assert answer.status == 201, answer.body
    return answer.document


def act(desk: Casework, told: Members, name: str, window: str = WINDOW, **members: Json) -> Answer:
    body: Members = {"officer": f"{window}.officer", "version": told["version"]}
    return desk.signed(
        f"/v1/cases/{told['case']}/{name}", body | members, desk.world.gateway(window)
    )


def test_an_officer_of_the_lender_does_not_act_at_the_window(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    before = desk.world.entries()
    for officer in ("nrb.officer", "psb.officer", "mrb.steward"):
        assert ask(desk, officer=officer).status == 403
    assert desk.world.entries() == before


def test_a_window_lends_nothing_on(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    lent(desk.world, lender=WINDOW, to="psb", services=(SERVICE,))
    assert ask(desk, "psb").status == 404


def test_neither_lender_nor_third_reads_or_changes_the_case_of_a_window(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    told = opened(desk)
    for other in ("nrb", "psb"):
        for name in ("review", "withdraw"):
            assert act(desk, told, name, other).status == 404
        body: Members = {"officer": f"{other}.officer"}
        path = f"/v1/cases/{told['case']}/read"
        assert desk.signed(path, body, desk.world.gateway(other)).status == 404


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_case_begun_under_a_delegation_is_not_concluded_after_it(
    desk: Casework, end: str
) -> None:
    found = lent(desk.world, services=(SERVICE,))
    told = opened(desk)
    if end == "revoked":
        revoked(desk.world.hub.changes, found)
    else:
        desk.world.time.advance(21 * DAY)
    before = desk.world.entries()
    for name, members in (
        ("conclude", {"result": "refused", "reason": "x"}),
        ("review", {}),
        ("supplement", {"given": {"phone": "1"}}),
    ):
        assert act(desk, told, name, **members).status == 404  # type: ignore[arg-type]
    assert desk.world.entries() == before
    # What asks nothing of anybody may still end it.
    assert act(desk, told, "withdraw").status == 200


def test_a_delegation_revoked_between_two_rounds_opens_nothing(desk: Casework) -> None:
    hub = desk.world.hub
    found, done = lent(desk.world, services=(SERVICE,)), []
    settle = hub.joint.settle

    def settled(caller, questions, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        answered = settle(caller, questions, key)
        if not done:
            done.append(revoked(hub.changes, found))
        return answered

    object.__setattr__(hub.cases, "joint", type("Joint", (), {"settle": staticmethod(settled)}))
    assert ask(desk).status == 404
    assert hub.reading.execute("SELECT count(*) FROM cases").fetchone() == (0,)
    assert desk.world.findings().faults == ()


def test_the_last_millisecond_counts_and_the_next_does_not(desk: Casework) -> None:
    world = desk.world
    begins, ends = world.time() + 60_000, world.time() + 120_000
    lent(world, services=(SERVICE,), valid_from=rfc3339(begins), valid_until=rfc3339(ends))
    world.time.advance(59_999)
    assert ask(desk).status == 404
    world.time.advance(1)
    assert ask(desk).status == 201
    world.time.advance(59_999)
    assert status_of(opened(desk), "identity") == "confirmed"
    world.time.advance(1)
    assert ask(desk).status == 404


def test_a_longer_delegation_of_another_purpose_stands_in_no_way(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    now = desk.world.time()
    lent(
        desk.world,
        services=(SERVICE,),
        purposes=("tax_administration",),
        valid_until=rfc3339(now + 90 * DAY),
    )
    assert status_of(opened(desk), "identity") == "confirmed"


def test_another_purpose_than_the_delegations_answers_nothing(desk: Casework) -> None:
    desk.world.regrant(purposes=["real_estate_registration", "tax_administration"])
    lent(desk.world, services=(SERVICE,))
    told = ask(desk, purpose="tax_administration").document
    assert status_of(told, "identity") == "must_bring"


def test_a_suspended_officer_of_the_window_concludes_nothing(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    told = opened(desk)
    accounts.set_status(desk.world.hub.changes, ADMINISTRATOR, "mrb.officer", "suspended")
    for name, members in (
        ("conclude", {"result": "refused", "reason": "x"}),
        ("commitments", {"materials": [{"material": "promise", "service": SERVICE}]}),
        ("withdraw", {}),
    ):
        assert act(desk, told, name, **members).status == 403  # type: ignore[arg-type]


def test_a_case_uses_up_the_cap_of_the_delegation_and_says_so(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,), daily_cap=1)
    first, second = opened(desk), opened(desk)
    assert status_of(second, "identity") == "must_bring"
    assert status_of(first, "named") == "must_bring" or status_of(first, "identity") == "must_bring"
    # The department's own cases are none of the delegation's affair.
    assert status_of(desk.open(), "identity") == "confirmed"


def test_a_delegation_of_one_lender_is_none_of_another(desk: Casework) -> None:
    hashed = hash_password("seven small lanterns", "psb.two")
    accounts.enrol(
        desk.world.hub.changes, ADMINISTRATOR, "psb.two", "二", "psb", ["officer"], hashed
    )
    delegated(desk.world.hub.changes, desk.world.time(), lender="psb", services=(SERVICE,))
    desk.world.hub.book.refresh()
    parties: Json = {"applicant": person(SUBJECTS[2]), "subject": person(SUBJECTS[2])}
    assert ask(desk, parties=parties).status == 404
