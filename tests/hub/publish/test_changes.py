"""Change sets: upserts and deletes by row key, each once and in order."""

import os
from collections.abc import Callable

import pytest
from publishing import (
    CONNECTOR,
    DEPARTMENT,
    KEYID,
    STEWARD,
    SmallHub,
    as_chunks,
    resident_id,
)
from world.jobs import JobServer, upload
from world.licences import COLUMNS, DATASET, delete, licence, register, stands, upsert

from certs.sealing import SEAL_LIMIT
from hub.access import connectors, marks
from hub.access.standing import Standing
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import OPERATOR, Actor
from hub.licences.records import LicenceRecords
from hub.licences.tags import LicenceTags
from hub.lookup.read import Records
from hub.materials.records import MaterialRecords
from hub.materials.tags import Tags
from hub.publish import digest
from hub.publish.begun import Begun
from hub.publish.digest import digest_of_file, generation_digest
from hub.storage.sqlite import connect

ROWS = [licence(number, number % 3) for number in range(30)]
TOKEN = "AAAAAAAAAAAAAAAAAAAAAA"
OTHER = "urn:yifen:connector:trial.yifen:psb:other"


@pytest.fixture
def hub(small: SmallHub, jobs: JobServer) -> SmallHub:
    """A hub where thirty licences of three holders stand."""
    register(small)
    jobs.publish(small, ROWS, COLUMNS, dataset=DATASET)
    return small


@pytest.fixture
def change(hub: SmallHub, jobs: JobServer) -> Callable[..., str]:
    def changed(*rows: list[str], sequence: int | None = None) -> str:
        return jobs.publish(hub, rows, COLUMNS, "changes", sequence, DATASET)

    return changed


def begin(hub: SmallHub, connector: str = CONNECTOR, **given: object) -> Begun:
    asked = {"dataset": DATASET, "columns": COLUMNS, "source_rows": None, **given}
    return hub.publications.begin(
        **asked,  # type: ignore[arg-type]
        connector=connector,
        keyid=KEYID,
        department=DEPARTMENT,
    )


def why(hub: SmallHub, connector: str = CONNECTOR, **given: object) -> dict[str, object]:
    """The facts of the conflict that beginning ends with."""
    with pytest.raises(Conflict) as refused:
        begin(hub, connector, **given)
    return dict(refused.value.facts)


def numbers(hub: SmallHub, holder: int) -> set[str]:
    return {row[0] for row in hub.lookup(DATASET, resident_id(holder))}


def test_every_row_is_counted_once(hub: SmallHub, change: Callable[..., str]) -> None:
    publication = change(
        upsert(0, 0, "变"),  # replaces
        upsert(100, 1),  # new
        delete(1),
        delete(200),  # not there
        upsert(2, 2, "先"),  # superseded by the next
        upsert(2, 2, "后"),
        upsert(300, 0),  # superseded: new and gone again
        delete(300),
        delete(3),  # superseded: gone and back
        upsert(3, 0, "回"),
    )
    report = hub.report(publication)
    counted = {
        "read": 10,
        "accepted": 7,
        "superseded": 3,
        "upserted": 4,
        "inserted": 1,
        "deleted": 1,
        "absent": 2,
        "rows": 30,
        "standing": 30,
    }
    assert counted.items() <= report.items()
    found = stands(hub, 3)
    assert len(found) == 30
    assert [found[key][1] for key in ("L0", "L2", "L3")] == ["变", "后", "回"]
    assert "L1" not in found
    assert "L300" not in found


def test_the_entry_binds_the_change_to_what_it_changed(
    hub: SmallHub, change: Callable[..., str]
) -> None:
    before = hub.entries()[-1][1]
    publication = change(upsert(0, 0, "变"), delete(1))
    kind, state = hub.entries()[-1]
    assert kind == "publication"
    told = {
        "mode": "changes",
        "publication": publication,
        "generation": before["generation"],
        "before": before["digest"],
        "version": 2,
        "sequence": 1,
        "rows": 29,
        "retired": None,
    }
    assert told.items() <= state.items()
    path = hub.folder.generation(str(state["generation"]))
    assert state["digest"] == digest_of_file(path, 2) != before["digest"]


def test_an_upsert_gives_a_row_another_subject(hub: SmallHub, change: Callable[..., str]) -> None:
    assert "L0" in numbers(hub, 0)
    change(upsert(0, 2, "迁"))
    assert "L0" not in numbers(hub, 0)
    assert "L0" in numbers(hub, 2)


def test_a_delete_needs_its_row_key_alone(hub: SmallHub, change: Callable[..., str]) -> None:
    # Neither the number of a holder nor the note is looked at, and the note is kept nowhere.
    publication = change(["delete", "L0", "no number", "机密的备注"])
    assert hub.report(publication)["deleted"] == 1
    assert hub.holds_in_the_clear("机密的备注") == []


def test_what_is_neither_upsert_nor_delete_is_rejected(
    hub: SmallHub, change: Callable[..., str]
) -> None:
    sound = [upsert(number, 0) for number in range(60)]
    publication = change(*sound, ["Delete", *licence(0, 0)], ["delete", "", "", ""])
    assert hub.report(publication)["rejected"] == {"required": 1, "operation": 1}
    assert hub.rejections(publication) == [
        {"row": 61, "item": "", "reason": "operation"},
        {"row": 62, "item": "licence_no", "reason": "required"},
    ]
    assert len(stands(hub, 3)) == 60


def test_rows_that_have_ended_are_taken_out_of_the_file(
    hub: SmallHub, change: Callable[..., str]
) -> None:
    path = hub.folder.generation(str(hub.live(DATASET)))
    file = connect(path, "ro")
    gone = [sealed for (sealed,) in file.execute("SELECT sealed FROM rows WHERE id <= 3")]
    file.close()
    change(delete(0), delete(1), upsert(2, 2, "变"))
    file = connect(path, "ro")
    assert file.execute("SELECT count(*), count(last) FROM rows").fetchone() == (28, 0)
    file.close()
    data = b"".join(
        place.read_bytes() for place in path.parent.iterdir() if place.name.startswith(path.stem)
    )
    assert [sealed for sealed in gone if sealed in data] == []


def test_changes_go_on_over_what_was_not_tidied(hub: SmallHub, change: Callable[..., str]) -> None:
    """A job killed right after its flip leaves rows that have ended; they must never come back."""
    change(upsert(0, 0, "一"))
    path = hub.folder.generation(str(hub.live(DATASET)))
    file = connect(path)
    file.execute(
        "INSERT INTO rows (tag, row, first, last, sealed)"
        " SELECT tag, row, 1, 2, sealed FROM rows WHERE first = 2"
    )
    file.close()
    change(upsert(0, 0, "二"))
    assert [row[2] for row in hub.lookup(DATASET, resident_id(0)) if row[0] == "L0"] == ["二"]
    change(delete(0))
    assert "L0" not in numbers(hub, 0)


def test_the_order_of_changes_and_snapshots(
    hub: SmallHub, jobs: JobServer, change: Callable[..., str]
) -> None:
    change(upsert(0, 0, "一"), sequence=1)
    change(upsert(0, 0, "二"))
    assert why(hub, mode="changes", sequence=2) == {"why": "changes-applied", "sequence": 2}
    assert why(hub, mode="changes", sequence=4) == {"why": "changes-missing", "expected": 3}
    assert why(hub, mode="full", sequence=1) == {"why": "snapshot-older", "sequence": 2}
    # A snapshot that holds the sets up to the seventh leaves the eighth to come.
    jobs.publish(hub, ROWS, COLUMNS, "full", 7, DATASET)
    assert why(hub, mode="changes", sequence=3)["why"] == "changes-applied"
    assert begin(hub, mode="changes").sequence == 8


def test_a_snapshot_without_a_number_leaves_it(
    hub: SmallHub, jobs: JobServer, change: Callable[..., str]
) -> None:
    change(upsert(0, 0, "一"))
    jobs.publish(hub, ROWS, COLUMNS, "full", None, DATASET)
    assert hub.publications.standing(DATASET, department=DEPARTMENT)["sequence"] == 1


def test_what_was_applied_is_told_while_another_one_runs(
    hub: SmallHub, change: Callable[..., str]
) -> None:
    change(upsert(0, 0, "一"))
    running = begin(hub, mode="changes").publication
    assert why(hub, mode="changes", sequence=1)["why"] == "changes-applied"
    assert why(hub, mode="changes", sequence=3) == {
        "why": "publication-receiving",
        "publication": running,
    }
    # Which one it is, is nobody's business but the connector's that began it.
    assert why(hub, OTHER, mode="full") == {"why": "publication-receiving"}


def test_changes_to_what_was_never_published(hub: SmallHub) -> None:
    asked = {
        "dataset": "resident",
        "columns": ["resident_id", "name", "sex", "birth_date", "status"],
    }
    assert why(hub, **asked, mode="changes") == {"why": "no-generation"}


def test_a_generation_of_before_changes_is_read_and_not_changed(
    hub: SmallHub, jobs: JobServer, change: Callable[..., str]
) -> None:
    hub.store.connection.execute("UPDATE generations SET keyed = 0")
    file = connect(hub.folder.generation(str(hub.live(DATASET))))
    file.execute("DROP TABLE blocks")
    file.close()
    hub.publications.recover()
    assert len(stands(hub, 3)) == 30
    assert why(hub, mode="changes") == {"why": "publish-in-full-first"}
    jobs.publish(hub, ROWS, COLUMNS, dataset=DATASET)
    change(delete(0))
    assert len(stands(hub, 3)) == 29


def test_a_key_that_has_sealed_enough_takes_no_more(hub: SmallHub, jobs: JobServer) -> None:
    hub.store.connection.execute("UPDATE generations SET seals = ?", (SEAL_LIMIT,))
    assert why(hub, mode="changes") == {"why": "publish-in-full-first"}
    hub.store.connection.execute("UPDATE generations SET seals = ?", (SEAL_LIMIT - 3,))
    publication = upload(hub, [upsert(n, 0) for n in range(4)], COLUMNS, "changes", None, DATASET)
    assert jobs.run(hub, publication)[0] == 0
    status = hub.status(publication)
    assert (status["state"], status["failure"]) == ("failed", "publish-in-full-first")
    assert len(stands(hub, 3)) == 30


def test_seals_are_counted_over_changes_and_attempts(hub: SmallHub, jobs: JobServer) -> None:
    def seals() -> int:
        name = hub.live(DATASET)
        row = hub.store.connection.execute("SELECT seals FROM generations WHERE name = ?", (name,))
        return int(row.fetchone()[0])

    assert seals() == 30
    publication = upload(hub, [upsert(1, 0), delete(2)], COLUMNS, "changes", None, DATASET)
    seam, spent = 20, 30
    while spent == 30:
        seam += 4
        assert jobs.run(hub, publication, seam)[0] == -9
        spent = seals()
    # What the attempt that was cut off has sealed, the key has sealed.
    assert (hub.status(publication)["state"], spent) == ("checking", 32)
    jobs.run(hub, publication)
    assert seals() == 34


def test_a_lost_answer_costs_nothing(hub: SmallHub) -> None:
    first = begin(hub, mode="changes", token=TOKEN)
    assert (first.new, first.state, first.sequence) == (True, "receiving", 1)
    again = begin(hub, mode="changes", token=TOKEN)
    assert again == first._replace(new=False)
    hub.publications.withdraw(first.publication, connector=CONNECTOR)
    assert begin(hub, mode="changes", token=TOKEN).state == "discarded"
    # Neither another connector nor another request gets it by the token.
    other = begin(hub, OTHER, mode="changes", token=TOKEN)
    assert other.publication != first.publication
    assert why(hub, mode="full", token=TOKEN) == {"why": "token-used"}
    assert why(hub, mode="changes", token=TOKEN, sequence=2) == {"why": "token-used"}
    assert begin(hub, mode="changes", token=TOKEN, sequence=1).publication == first.publication


def test_what_cannot_be_asked(hub: SmallHub) -> None:
    for given in ({"mode": "both"}, {"sequence": -1}, {"sequence": 2**53}):
        with pytest.raises(Unprocessable):
            begin(hub, **given)


def test_another_department_changes_nothing(hub: SmallHub, jobs: JobServer) -> None:
    for act in (
        lambda: hub.publications.standing(DATASET, department="tax"),
        lambda: hub.publications.begin(
            DATASET, COLUMNS, None, connector="urn:tax", keyid="k", department="tax", mode="changes"
        ),
    ):
        with pytest.raises(NotFound):
            act()
    publication = begin(hub, mode="changes").publication
    with pytest.raises(Forbidden):
        hub.publications.withdraw(publication, connector=OTHER)
    hub.publications.withdraw(publication, connector=CONNECTOR)
    held = jobs.publish(hub, [delete(n) for n in range(10)], COLUMNS, "changes", None, DATASET)
    for decide in (hub.publications.release, hub.publications.discard):
        with pytest.raises(Forbidden):
            decide(held, Actor("console", account="steward", department="tax"))
    assert hub.status(held)["state"] == "held"


def test_what_stands_is_told_to_its_own_department(
    hub: SmallHub, change: Callable[..., str]
) -> None:
    change(upsert(100, 0))
    told = hub.publications.standing(DATASET, department=DEPARTMENT)
    assert isinstance(told.pop("as_of"), str)
    assert told == {
        "dataset": f"trial.yifen:{DATASET}",
        "generation": hub.live(DATASET),
        "rows": 31,
        "sequence": 1,
        "version": 2,
    }
    assert hub.publications.standing("resident", department=DEPARTMENT)["generation"] is None


def test_an_upload_is_withdrawn_by_whoever_began_it(hub: SmallHub) -> None:
    publication = begin(hub, mode="changes").publication
    chunk = as_chunks([upsert(1, 0)])[0]
    hub.publications.receive(publication, 0, chunk, connector=CONNECTOR)
    hub.publications.withdraw(publication, connector=CONNECTOR)
    hub.publications.withdraw(publication, connector=CONNECTOR)
    hub.publications.wait(publication, 60)
    assert hub.status(publication)["state"] == "discarded"
    assert len(stands(hub, 3)) == 30
    with pytest.raises(Conflict):
        hub.publications.receive(publication, 1, chunk, connector=CONNECTOR)
    begin(hub, mode="changes")


def test_what_is_complete_is_not_withdrawn(hub: SmallHub, change: Callable[..., str]) -> None:
    publication = change(upsert(1, 0))
    with pytest.raises(Conflict) as refused:
        hub.publications.withdraw(publication, connector=CONNECTOR)
    assert refused.value.facts["why"] == "publication-live"


@pytest.fixture
def held(hub: SmallHub, change: Callable[..., str]) -> str:
    """A change set that takes ten of thirty rows away, and waits for a steward."""
    publication = change(*(delete(number) for number in range(10)), upsert(50, 1))
    assert hub.status(publication)["state"] == "held"
    assert hub.report(publication)["why_held"] == ["fewer-rows"]
    assert len(stands(hub, 3)) == 30
    return publication


def test_a_held_change_set_is_released(hub: SmallHub, held: str) -> None:
    hub.publications.recover()
    hub.publications.release(held, STEWARD)
    assert len(stands(hub, 3)) == 21
    state = hub.entries()[-1][1]
    assert (state["released_by"], state["sequence"]) == ("trial.yifen:psb", 1)
    hub.publications.wait(held, 60)
    path = hub.folder.generation(str(hub.live(DATASET)))
    file = connect(path, "ro")
    assert file.execute("SELECT count(*) FROM rows").fetchone() == (21,)
    file.close()


def test_a_held_change_set_is_discarded(
    hub: SmallHub, held: str, change: Callable[..., str]
) -> None:
    path = hub.folder.generation(str(hub.live(DATASET)))
    before = digest_of_file(path, 1)
    hub.publications.discard(held, STEWARD)
    hub.publications.wait(held, 60)
    file = connect(path, "ro")
    assert file.execute("SELECT count(*), count(last) FROM rows").fetchone() == (30, 0)
    file.close()
    assert digest_of_file(path, 1) == before
    # Its number is free again.
    publication = change(upsert(0, 0, "变"), sequence=1)
    assert hub.status(publication)["state"] == "live"


def test_a_change_set_follows_only_what_it_was_written_to(hub: SmallHub, held: str) -> None:
    """Whatever went live meanwhile: the order is judged again under the lock."""
    connection = hub.store.connection
    for column, value, reason in (
        ("version", 2, "standing-moved"),
        ("sequence", 1, "changes-applied"),
        ("generation", None, "standing-moved"),
    ):
        (before,) = connection.execute(
            f"SELECT {column} FROM datasets WHERE code = ?",  # noqa: S608
            (DATASET,),
        ).fetchone()
        update = f"UPDATE datasets SET {column} = ? WHERE code = ?"  # noqa: S608
        connection.execute(update, (value, DATASET))
        with pytest.raises(Conflict) as refused:
            hub.publications.release(held, STEWARD)
        assert refused.value.facts["why"] == reason
        connection.execute(update, (before, DATASET))
    hub.publications.release(held, STEWARD)


def test_a_snapshot_is_judged_again_when_it_goes_live(hub: SmallHub, jobs: JobServer) -> None:
    publication = upload(hub, ROWS, COLUMNS, "full", 3, DATASET)
    hub.store.connection.execute("UPDATE datasets SET sequence = 4")
    before = hub.live(DATASET)
    jobs.run(hub, publication)
    status = hub.status(publication)
    assert (status["state"], status["failure"]) == ("failed", "snapshot-older")
    assert hub.live(DATASET) == before
    assert hub.generations() == {before}


def test_a_sender_without_standing_is_held(hub: SmallHub, jobs: JobServer) -> None:
    publication = upload(hub, [upsert(0, 0, "变")], COLUMNS, "changes", None, DATASET)
    connectors.revoke_certificate(hub.changes, OPERATOR, KEYID)
    jobs.run(hub, publication)
    assert hub.report(publication)["why_held"] == ["connector-suspended"]
    hub.publications.release(publication, STEWARD)
    assert stands(hub, 3)["L0"][1] == "变"


TAMPERED = {
    "a row added": "INSERT INTO rows (tag, row, first, sealed)"
    " SELECT tag, row, first, sealed FROM rows WHERE id = 5",
    "a row removed": "DELETE FROM rows WHERE id = 5",
    "a row altered": "UPDATE rows SET sealed = zeroblob(40) WHERE id = 5",
    "a row given to somebody else": "UPDATE rows SET tag = zeroblob(16) WHERE id = 5",
    "a row ended": "UPDATE rows SET last = 2 WHERE id = 5",
    "a row un-ended": "INSERT INTO rows SELECT 31, tag, row, first, NULL, sealed FROM kept",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_file_that_was_altered_is_found_and_not_blessed(
    hub: SmallHub, jobs: JobServer, change: Callable[..., str], how: str
) -> None:
    path = hub.folder.generation(str(hub.live(DATASET)))
    file = connect(path)
    file.execute("CREATE TABLE kept AS SELECT * FROM rows WHERE id = 1")
    change(delete(0))
    state = hub.entries()[-1][1]
    assert generation_digest(file, 2) == state["digest"]
    file.execute(TAMPERED[how])
    assert generation_digest(file, 2) != state["digest"]
    file.close()
    # The next set would have to put a new digest over what was altered.
    publication = upload(hub, [upsert(7, 0, "变")], COLUMNS, "changes", None, DATASET)
    jobs.run(hub, publication)
    status = hub.status(publication)
    assert (status["state"], status["failure"]) == ("failed", "generation-altered")
    assert hub.entries()[-1][1] == state


def test_an_altered_row_whose_block_was_altered_with_it(
    hub: SmallHub, jobs: JobServer, change: Callable[..., str]
) -> None:
    """The digests in the file are a note: what counts is the ledger's."""
    change(delete(0))
    file = connect(hub.folder.generation(str(hub.live(DATASET))))
    file.execute("UPDATE rows SET sealed = zeroblob(40) WHERE id = 5")
    rows = file.execute("SELECT id, tag, row, first, sealed FROM rows ORDER BY id")
    (block,) = digest._blocks(rows)
    assert file.execute("UPDATE blocks SET digest = ? WHERE version = 2", (block,)).rowcount == 1
    file.close()
    publication = upload(hub, [upsert(7, 0, "变")], COLUMNS, "changes", None, DATASET)
    jobs.run(hub, publication)
    assert hub.status(publication)["failure"] == "generation-altered"


def test_disputes_and_repairs_outlive_changes(hub: SmallHub, change: Callable[..., str]) -> None:
    """Marks hang on subject and row key; a change set writes a row anew and leaves both."""
    records = Records(
        hub.folder,
        hub.master,
        "trial.yifen",
        materials=MaterialRecords(hub.store.connection, hub.master, Tags(b"x" * 32), hub.clock),
        licences=LicenceRecords(
            hub.store.connection, hub.master, LicenceTags(b"x" * 32), hub.clock
        ),
        marks=os.urandom(32),
        mismatches=os.urandom(32),
    )
    actor = Actor("connector", connector=CONNECTOR, department=DEPARTMENT)
    source = Standing(hub.store.connection, 0).source(DATASET)
    assert source is not None
    for number, kind in ((0, "repaired"), (3, "disputed")):
        mark = records.pseudonym(source, resident_id(0), f"L{number}")
        marks.set_mark(hub.changes, actor, DATASET, mark, kind, ("resident_id", resident_id(0)))
    change(upsert(0, 0, "变"), upsert(3, 0, "变"))
    standing = Standing(hub.store.connection, 1)
    source = standing.source(DATASET)
    assert source is not None
    (found,) = records.read_many(source, [resident_id(0)], standing)
    disputed = {record.values[0]: record.disputed for record in found}
    assert "L0" not in disputed
    assert (disputed["L3"], disputed["L6"]) == (True, False)
