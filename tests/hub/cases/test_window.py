"""A window that opens a case of another department's service, under what that one has delegated."""

from world.asking import Answer
from world.casework import SERVICE, Casework, status_of, tried
from world.delegating import lent, revoked
from world.time import DAY

from catalog.evidence.figure import Cell
from certs.canonical import Json
from hub.reuse.figure import figure
from hub.reuse.verify import ReuseVerification

WINDOW = "mrb"


def ask(desk: Casework, **members: Json) -> Answer:
    body = desk.opening(officer=f"{WINDOW}.officer", **members)
    return desk.signed("/v1/cases", body, desk.world.gateway(WINDOW))


def test_a_window_opens_under_a_delegation_and_the_entry_names_both(desk: Casework) -> None:
    delegation = lent(desk.world, services=(SERVICE,))
    answer = ask(desk)
    assert answer.status == 201
    told = answer.document
    assert (told["department"], status_of(told, "identity")) == (WINDOW, "confirmed")
    services = told["services"]
    assert services == [{"department": "nrb", "service": SERVICE, "version": 1}]
    rounds = told["rounds"]
    assert isinstance(rounds, list)
    assert isinstance(rounds[0], dict)
    first = rounds[0]["first"]
    assert isinstance(first, int)
    control = desk.world.entry(first)[1]
    assert isinstance(control, dict)
    assert str(control["department"]).endswith(WINDOW)
    assert str(control["delegation"]).endswith(delegation.id)
    # The figure is that of the department whose service it is.
    reading = desk.world.hub.reading
    assert list(figure(reading, department="nrb")) == [Cell("nrb", SERVICE, "2026-09")]
    assert figure(reading, department=WINDOW) == {}
    assert ReuseVerification(reading).run().faults == []
    assert desk.world.findings().faults == ()


def test_a_delegation_of_another_service_opens_nothing(desk: Casework) -> None:
    lent(desk.world)
    assert ask(desk).status == 404


def test_a_delegation_expired_or_revoked_opens_nothing(desk: Casework) -> None:
    found = lent(desk.world, services=(SERVICE,))
    opened = ask(desk)
    assert opened.status == 201
    revoked(desk.world.hub.changes, found)
    assert ask(desk).status == 404
    path = f"/v1/cases/{opened.document['case']}/review"
    body: dict[str, Json] = {"officer": f"{WINDOW}.officer", "version": 1}
    assert desk.signed(path, body, desk.world.gateway(WINDOW)).status == 404
    lent(desk.world, services=(SERVICE,))
    desk.world.time.advance(21 * DAY)
    assert ask(desk).status == 404


def test_a_delegation_never_gives_more_than_the_lender_has(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,))
    desk.world.regrant(items={"sex": "full"})
    told = ask(desk).document
    assert status_of(told, "identity") == "must_bring"
    assert tried(told, "identity") == ["absent", "item-not-granted"]


def test_what_was_not_lent_is_not_asked_for(desk: Casework) -> None:
    lent(desk.world, services=(SERVICE,), items=("sex",))
    told = ask(desk).document
    assert tried(told, "identity") == ["absent", "item-not-granted"]
