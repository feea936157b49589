"""The hub and its witnesses: a quorum under one checkpoint, what is short of it, and liars."""

import asyncio
from pathlib import Path

import pytest
from world.time import HOUR
from world.town import Town
from world.watched import Watched, dead, log_note, note_of, settings, stranger

from certs.cosignature import verify_cosignatures
from certs.errors import YifenError
from certs.note import open_checkpoint, read_note
from hub.errors import Unavailable
from hub.ops.doctor import examine
from hub.runtime import open_hub

MAX_AGE = 300_000


# -- a quorum -------------------------------------------------------------------------------------
def test_a_quorum_stands_under_the_newest_checkpoint(here: Watched) -> None:
    here.enter()
    here.round()
    size = here.publish()
    assert here.cosigned() == size
    found = here.hub.coverage.cosigned()
    assert found is not None
    made = verify_cosignatures(found.note, here.hub.coverage.witnesses, 2)
    assert len(made) >= 2
    trusted = [(here.hub.origin, here.hub.checkpoint_key)]
    assert open_checkpoint(found.note, trusted).root == found.root
    # Whoever answers later stands in the newest note too, and all are on record.
    assert len(verify_cosignatures(note_of(here), here.hub.coverage.witnesses, 3)) == 3
    assert [one.size for one in here.hub.coverage.standings()] == [size] * 3
    assert here.troubles() == ["", "", ""]


def test_each_witness_is_asked_from_where_it_stands(unseen: Watched) -> None:
    unseen.round()
    first = unseen.publish()
    for _ in range(3):
        unseen.enter()
    unseen.round()
    asked = [body.partition(b"\n")[0].decode() for _, body in unseen.wires.asked]
    assert asked == ["old 0"] * 3 + [f"old {first}"] * 3
    assert unseen.cosigned() == first + 3


def test_a_checkpoint_that_all_have_cosigned_is_shown_to_nobody_again(here: Watched) -> None:
    here.round()
    assert here.wires.asked == []


def test_one_dead_witness_holds_up_nothing(here: Watched) -> None:
    here.wires.odd["w1.example"] = dead
    here.enter()
    here.round()
    assert here.cosigned() == here.publish()
    assert here.troubles() == ["", "connection", ""]
    del here.wires.odd["w1.example"]
    here.round()
    assert here.troubles() == ["", "", ""]
    assert len(verify_cosignatures(note_of(here), here.hub.coverage.witnesses, 3)) == 3
    # The note with the quorum has gained the one that came late.
    found = here.hub.coverage.cosigned()
    assert found is not None
    assert len(verify_cosignatures(found.note, here.hub.coverage.witnesses, 3)) == 3


def test_cosignatures_of_different_sizes_are_no_quorum(here: Watched) -> None:
    before = here.cosigned()
    for number in (1, 2):
        here.wires.odd[f"w{number}.example"] = dead
    here.enter()
    here.round()
    here.enter()
    here.wires.odd = {f"w{number}.example": dead for number in (0, 2)}
    here.round()
    assert here.cosigned() == before


def test_what_is_shown_bears_the_logs_signatures_only(here: Watched) -> None:
    for number in (1, 2):
        here.wires.odd[f"w{number}.example"] = dead
    here.enter()
    here.round()
    here.wires.odd.clear()
    here.round()
    assert len(here.wires.asked) == 5
    for _, body in here.wires.asked:
        note = read_note(body.decode().partition("\n\n")[2])
        assert {one.name for one in note.signatures} == {here.hub.origin}


def test_a_new_checkpoint_does_not_inherit_cosignatures(here: Watched) -> None:
    here.round()
    here.enter()
    assert len(read_note(note_of(here)).signatures) == 1


# -- too few --------------------------------------------------------------------------------------
def test_questions_are_unavailable_once_entries_wait_too_long_for_a_quorum(here: Watched) -> None:
    here.round()
    for number in (0, 2):
        here.wires.odd[f"w{number}.example"] = dead
    here.enter()
    here.time.now += MAX_AGE
    here.round()
    assert here.world.ask(here.world.nrb.lookup()).status == 200
    here.time.now += 1
    here.round()
    entries = here.world.entries()
    refused = here.world.refused(here.world.nrb.lookup())
    assert isinstance(refused, Unavailable)
    assert refused.facts == {"why": "witness"}
    told = here.world.call(here.world.nrb.verify({"name": "张三丰"}))
    assert (told.status, told.code, told.receipt) == (503, "unavailable", None)
    assert here.world.entries() == entries
    # It recovers by itself.
    del here.wires.odd["w0.example"]
    here.publish()
    here.round()
    assert here.world.ask(here.world.nrb.lookup()).status == 200


def test_the_console_is_unavailable_too(here: Watched) -> None:
    here.wires.odd = {f"w{number}.example": dead for number in range(3)}
    here.enter()
    here.time.now += MAX_AGE + 1
    here.round()
    entries = here.world.entries()
    asked = here.hub.exchange.ask_console("lookup", "resident", "nrb", here.world.nrb.question())
    with pytest.raises(Unavailable):
        asyncio.run(asked)
    assert here.world.entries() == entries


def test_a_bad_signature_is_told_so_all_the_same(here: Watched) -> None:
    here.enter()
    here.time.now += MAX_AGE + 1
    here.hub.coverage.refresh()
    assert here.hub.coverage.short
    sent = here.world.nrb.lookup()
    told = here.world.http("POST", sent.path, dict(sent.message.headers), sent.body + b" ")
    assert told.status == 401


def test_a_quiet_log_is_never_short(here: Watched) -> None:
    here.wires.odd = {f"w{number}.example": dead for number in range(3)}
    here.time.now += 48 * HOUR
    here.round()
    assert not here.hub.coverage.short
    assert here.world.ask(here.world.nrb.lookup()).status == 200
    here.hub.coverage.refresh()
    assert not here.hub.coverage.short


def test_a_log_that_no_witness_ever_saw_is_short_as_a_whole(unseen: Watched) -> None:
    """The town's entries are a day old; its witnesses have just been set up."""
    assert unseen.hub.coverage.short
    unseen.round()
    assert not unseen.hub.coverage.short


def test_another_process_and_a_restart_see_the_same(here: Watched) -> None:
    here.enter()
    here.time.now += MAX_AGE + 1
    here.hub.coverage.refresh()
    assert here.hub.coverage.short
    other = here.again()
    assert other.hub.coverage.short
    assert isinstance(other.world.refused(other.world.nrb.lookup()), Unavailable)
    here.round()
    assert not here.hub.coverage.short
    # The other one sees it in the database, without having asked anybody.
    assert other.hub.coverage.short
    other.hub.coverage.refresh()
    assert not other.hub.coverage.short
    assert other.world.ask(other.world.nrb.lookup()).status == 200
    other.hub.close()


def test_what_cannot_be_read_counts_as_not_covered(here: Watched) -> None:
    assert not here.hub.coverage.short
    here.hub.store.connection.execute("ALTER TABLE cosigned RENAME TO elsewhere")
    here.hub.coverage.refresh()
    assert here.hub.coverage.short
    here.hub.store.connection.execute("ALTER TABLE elsewhere RENAME TO cosigned")
    here.hub.coverage.refresh()
    assert not here.hub.coverage.short


def test_without_witnesses_nothing_is_ever_short(town: Town, tmp_path: Path) -> None:
    root = town.copy(tmp_path / "hub")
    hub = open_hub(root)
    assert hub.coverage.witnesses == ()
    hub.coverage.refresh()
    assert not hub.coverage.short
    assert hub.coverage.cosigned() is None
    hub.close()


# -- after a restart ------------------------------------------------------------------------------
def test_a_restart_knows_who_has_cosigned(here: Watched) -> None:
    here.wires.odd["w1.example"] = dead
    here.enter()
    here.round()
    size = here.cosigned()
    here.restart()
    assert here.cosigned() == size
    here.wires.asked.clear()
    here.round()
    assert [host for host, _ in here.wires.asked] == ["w1.example"]


def test_what_the_hub_forgot_the_witness_tells_it(here: Watched) -> None:
    """As after a crash between a witness's answer and the hub's own commit."""
    size = here.publish()
    for table in ("witnesses", "cosigned"):
        here.hub.store.connection.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
    here.hub.store.connection.execute("UPDATE checkpoints SET note = ?", (log_note(here),))
    here.enter()
    here.round()
    assert here.cosigned() == size + 1
    olds = [body.partition(b"\n")[0].decode() for _, body in here.wires.asked]
    assert sorted(olds) == ["old 0"] * 3 + [f"old {size}"] * 3


def test_a_larger_quorum_holds_for_what_was_cosigned_before(here: Watched) -> None:
    here.wires.odd["w1.example"] = dead
    here.enter()
    here.round()
    here.restart(settings([one.public for one in here.wires.houses.values()], quorum=3))
    assert here.cosigned() is None
    assert here.hub.coverage.short
    here.wires.odd.clear()
    here.round()
    assert here.cosigned() == here.publish()


def test_cosignatures_of_a_witness_that_was_dismissed_count_no_more(here: Watched) -> None:
    here.wires.odd["w2.example"] = dead
    here.enter()
    here.round()
    here.restart(settings([here.house(0).public, here.house(2).public, stranger()], quorum=2))
    assert here.cosigned() is None
    assert here.hub.coverage.short


def test_cosignatures_under_another_origin_count_no_more(here: Watched) -> None:
    assert here.cosigned() is not None
    coverage = here.hub.coverage
    other = type(coverage)(
        here.hub.reading, "demo.yifen/ledger/2", here.hub.settings.witness, here.time
    )
    assert other.cosigned() is None
    assert other.short


# -- what is shown --------------------------------------------------------------------------------
def findings(here: Watched) -> dict[str, list[tuple[str, YifenError | None]]]:
    found: dict[str, list[tuple[str, YifenError | None]]] = {}
    for one in examine(here.world.root, here.time):
        found.setdefault(one.what, []).append((one.verdict, one.error))
    return found


def test_doctor_tells_of_each_witness_in_trouble_and_of_a_shortfall(here: Watched) -> None:
    assert findings(here)["witnesses"] == [("good", None)]
    assert "witness" not in findings(here)
    here.wires.odd = {"w0.example": dead, "w1.example": dead}
    here.enter()
    here.round()
    here.time.now += MAX_AGE + 1
    found = findings(here)
    assert [verdict for verdict, _ in found["witness"]] == ["warn", "warn"]
    error = found["witness"][0][1]
    assert error is not None
    assert error.facts == {"name": "w0.example/witness", "why": "connection"}
    assert found["witnesses"] == [("warn", None)]
