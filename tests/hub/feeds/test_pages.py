"""Pages of a feed: what they tell, in entries and receipts; cursors; quota; refusals."""

from publishing import resident_id
from world.feeding import (
    Follower,
    Provider,
    ask,
    check_page,
    feed,
    page_of,
    regrant,
    results,
)
from world.town import World

from hub.access.grant import Grant


def test_a_first_page_has_every_row_as_entries_of_its_own(world: World) -> None:
    before = world.entries()
    sent = feed(world.nrb)
    answer = ask(world, sent)
    receipt = check_page(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert (answer.status, receipt.first, receipt.entries) == (200, before, 12)
    assert page_of(answer)["reset"] == {"begins": True, "ends": True}
    assert page_of(answer)["more"] is False
    told = results(answer)
    assert [one["items"]["licence_no"] for one in told] == [f"L{n}" for n in range(12)]  # type: ignore[index, call-overload]
    kind, control, person, _ = world.entry(before + 1)
    assert kind == "feed"
    assert isinstance(control, dict)
    assert control["outcome"] == "answered"
    assert person == {
        "case": None,
        "officer": "nrb.officer",
        "subject": {"id": resident_id(1), "type": "resident_id"},
    }
    assert world.findings().faults == ()


def test_nothing_new_has_no_entry_and_no_receipt(world: World, follower: Follower) -> None:
    follower.catch_up(world)
    before = world.entries()
    answer = ask(world, follower.question())
    assert (answer.status, answer.body, answer.receipt) == (204, b"", None)
    assert world.entries() == before


def test_a_change_set_is_told(world: World, provider: Provider, follower: Follower) -> None:
    follower.catch_up(world)
    provider.change([("L1", 1, "new"), ("L3", 0, "moved"), ("L99", 9, "")], ["L2", "L77"])
    sent = follower.question()
    answer = ask(world, sent)
    check_page(sent, answer, world.receipt_key.public, world.receipt_kid)
    told = [(one["change"], one["subject"]["id"]) for one in results(answer)]  # type: ignore[index, call-overload]
    assert sorted(told, key=str) == sorted(
        [
            ("removed", resident_id(2)),
            ("removed", resident_id(3)),
            ("upserted", resident_id(1)),
            ("upserted", resident_id(0)),
            ("upserted", resident_id(9)),
        ],
        key=str,
    )
    follower.take(answer)
    assert follower.items()["L3"]["subject"] == {"id": resident_id(0), "type": "resident_id"}
    assert "L2" not in follower.items()
    assert len(follower.items()) == 12
    assert world.findings().faults == ()


def test_a_full_publication_begins_anew(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    provider.publish([("L1", 1, "a"), ("L50", 2, "b")])
    assert follower.catch_up(world) == 1
    assert set(follower.items()) == {"L1", "L50"}


def test_a_dataset_without_rows_says_so_once(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    provider.publish([])
    before = world.entries()
    assert follower.catch_up(world) == 1
    assert follower.rows == {}
    assert world.entries() == before + 1
    kind, control, person, _ = world.entry(before)
    assert (kind, control["outcome"]) == ("feed", "empty")  # type: ignore[index, call-overload]
    assert person == {"case": None, "officer": "nrb.officer", "subject": None}


def test_a_row_is_called_the_same_in_every_generation(
    world: World, provider: Provider, follower: Follower
) -> None:
    follower.catch_up(world)
    before = set(follower.rows)
    provider.publish([(f"L{n}", n % 4, "x") for n in range(12)])
    follower.catch_up(world)
    assert set(follower.rows) == before


def test_pages_are_as_long_as_asked(world: World) -> None:
    follower = Follower(world.nrb, most=5)
    assert follower.catch_up(world) == 3
    assert len(follower.items()) == 12


def test_quota_leaves_the_rest_for_the_next_day(world: World, held: Grant) -> None:
    regrant(world, held, daily_quota=5)
    follower = Follower(world.nrb)
    answer = ask(world, follower.question())
    follower.take(answer)
    assert page_of(answer)["quota"] is True
    spent = ask(world, follower.question())
    assert (spent.status, spent.code) == (429, "quota-spent")
    assert len(follower.rows) == 5
    for _ in range(3):
        world.time.advance(24 * 3600 * 1000)
        follower.gateway = world.nrb
        answer = ask(world, follower.question())
        if answer.status == 200:
            follower.take(answer)
    assert len(follower.items()) == 12


def test_a_repeat_is_free_and_names_the_first(world: World, held: Grant) -> None:
    regrant(world, held, daily_quota=12)
    given = {"request_id": "AAAAAAAAAAAAAAAAAAAAAA"}
    first = world.entries()
    ask(world, feed(world.nrb, **given))  # type: ignore[arg-type]
    again = ask(world, feed(world.nrb, **given))  # type: ignore[arg-type]
    assert again.status == 200
    controls = [one["control"]["repeats"] for one in again.document["openings"]]  # type: ignore[index, union-attr, call-overload]
    assert controls == list(range(first, first + 12))
    assert world.findings().faults == ()


def test_a_repeat_that_has_grown_is_none(world: World, provider: Provider) -> None:
    given = {"request_id": "AAAAAAAAAAAAAAAAAAAAAA"}
    ask(world, feed(world.nrb, **given))  # type: ignore[arg-type]
    provider.change([("L50", 5, "")])
    again = ask(world, feed(world.nrb, **given))  # type: ignore[arg-type]
    assert (again.status, again.code) == (409, "repeats-spent")
    assert world.findings().faults == ()
