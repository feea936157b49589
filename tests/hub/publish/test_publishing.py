"""A whole publication: what it reports, what stands afterwards, and who may do it."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest
from publishing import (
    COLUMNS,
    CONNECTOR,
    DEPARTMENT,
    STEWARD,
    SmallHub,
    as_chunks,
    resident,
    resident_id,
    residents,
)

from catalog.definition import bundled
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor
from hub.publish.begun import SILENT_AFTER
from hub.publish.digest import generation_digest
from hub.storage.sqlite import connect

SHARED = (
    Path(os.environ.get("YIFEN_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "data"
)
real = pytest.mark.skipif(not SHARED.exists(), reason=f"the public data set is not at {SHARED}")


def entities(name: str) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a file of the public data set."""
    with (SHARED / name).open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    columns = [bundled()["legal_entity"].column(name) for name in header]
    return [item.code for item in columns if item is not None], rows


@real
def test_every_enterprise_of_a_city(small: SmallHub) -> None:
    columns, rows = entities("legal_entities_yuxi.csv")
    publication = small.publish("legal_entity", columns, rows, size=500)

    status = small.status(publication)
    assert status["state"] == "live"
    assert status["dataset"] == "trial.yifen:legal_entity"
    report = small.report(publication)
    assert (report["read"], report["accepted"], report["identical"]) == (2364, 2363, 1)
    assert report["rejected"] == {}
    assert report["standing"] == 0
    (row,) = small.lookup("legal_entity", "12530425622802040E")
    assert row[1] == "云南省易门县供销合作社联合社"
    assert row[3] == ""


@real
def test_a_file_full_of_vices_is_held_until_the_steward_releases_it(small: SmallHub) -> None:
    columns, rows = entities("legal_entities_dirty.csv")
    publication = small.publish("legal_entity", columns, rows, size=100)

    assert small.status(publication)["state"] == "held"
    assert small.live("legal_entity") is None
    report = small.report(publication)
    assert report["why_held"] == ["rejected-share"]
    assert report["rejected"] == {"conflicting": 2, "form": 480}
    assert (report["read"], report["accepted"], report["identical"]) == (740, 239, 19)

    small.publications.release(publication, STEWARD)
    assert small.status(publication)["state"] == "live"
    rejected = small.rejections(publication)
    assert [line["row"] for line in rejected] == sorted(
        {int(str(line["row"])) for line in rejected}
    )
    assert Counter((line["item"], line["reason"]) for line in rejected) == {
        ("uscc", "form"): 480,
        ("", "conflicting"): 2,
    }
    kind, state = small.entries()[-1]
    assert (kind, state["rows"], state["released_by"]) == ("publication", 239, "trial.yifen:psb")


def test_the_entry_binds_what_is_in_the_file(small: SmallHub) -> None:
    publication = small.publish("resident", COLUMNS, residents(5000), size=900)
    kind, state = small.entries()[-1]
    assert kind == "publication"
    assert state["publication"] == publication
    assert state["dataset"] == "trial.yifen:resident"
    assert state["generation"] == small.live("resident")
    assert (state["version"], state["rows"], state["released_by"]) == (1, 5000, None)
    file = connect(small.folder.generation(str(state["generation"])))
    assert state["digest"] == generation_digest(file)

    file.execute("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE id = 4097")
    assert state["digest"] != generation_digest(file)
    file.close()


def test_doubles_across_chunks(small: SmallHub) -> None:
    rows = [
        *residents(40),
        resident(3),
        resident(7, name="王伟"),
        resident(3),
        ["　" + resident_id(5).lower(), " 居民5", "1", "1950/1/6", "正常", "云南省玉溪市红塔区"],
        resident(7),
    ]
    publication = small.publish("resident", COLUMNS, rows, size=7)
    small.publications.release(publication, STEWARD)

    report = small.report(publication)
    # 3 twice more and 5 once more, written otherwise; 7 says two things, so all three go.
    assert (report["read"], report["accepted"], report["identical"]) == (45, 39, 3)
    assert report["rejected"] == {"conflicting": 3}
    assert [line["row"] for line in small.rejections(publication)] == [8, 42, 45]
    assert len(small.lookup("resident", resident_id(3))) == 1
    assert len(small.lookup("resident", resident_id(5))) == 1
    assert small.lookup("resident", resident_id(7)) == []
    _, state = small.entries()[-1]
    file = connect(small.folder.generation(str(state["generation"])))
    assert state["digest"] == generation_digest(file)
    file.close()


def test_every_problem_of_a_rejected_row_is_named_and_the_first_one_counts(small: SmallHub) -> None:
    bad = resident(1)
    bad[0], bad[3], bad[4] = "530402195001020000", "2026-02-30", ""
    publication = small.publish("resident", COLUMNS, [*residents(100, 10), bad])
    assert small.report(publication)["rejected"] == {"check-digit": 1}
    assert small.rejections(publication) == [
        {
            "row": 101,
            "item": "resident_id",
            "reason": "check-digit",
            "also": [
                {"item": "birth_date", "reason": "date"},
                {"item": "status", "reason": "required"},
            ],
        }
    ]


def test_a_warned_row_stands_and_is_counted(small: SmallHub) -> None:
    columns = ["uscc", "name"]
    publication = small.publish(
        "legal_entity", columns, [["91350100M0001TGQXM", "甲"], ["11100000MB0143028R", "乙\ufffd"]]
    )
    assert small.status(publication)["state"] == "live"
    assert small.report(publication)["warned"] == 2


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [(95, 5, "live"), (94, 6, "held"), (1, 0, "live"), (0, 1, "held")],
)
def test_more_than_five_per_cent_rejected_is_held(
    small: SmallHub, good: int, bad: int, state: str
) -> None:
    rows = [*residents(good), *(["x", *row[1:]] for row in residents(bad, 1000))]
    publication = small.publish("resident", COLUMNS, rows)
    assert small.status(publication)["state"] == state


@pytest.mark.parametrize(("rows", "state"), [(81, "live"), (80, "held"), (300, "live")])
def test_a_fifth_fewer_than_before_is_held(small: SmallHub, rows: int, state: str) -> None:
    first = small.publish("resident", COLUMNS, residents(100))
    assert small.status(first)["state"] == "live"
    before = small.live("resident")
    publication = small.publish("resident", COLUMNS, residents(rows, 1000))
    assert small.status(publication)["state"] == state
    assert small.report(publication)["standing"] == 100
    if state == "held":
        assert small.report(publication)["why_held"] == ["fewer-rows"]
        assert small.live("resident") == before


def test_what_was_live_before_goes_and_who_has_it_open_reads_on(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(50))
    old = str(small.live("resident"))
    reading = connect(small.folder.generation(old), "ro")
    assert reading.execute("SELECT count(*) FROM rows").fetchone() == (50,)
    epoch = small.store.connection.execute("SELECT epoch FROM ledger_head").fetchone()
    small.publish("resident", COLUMNS, residents(50, 100))

    assert small.live("resident") != old
    assert small.store.connection.execute("SELECT epoch FROM ledger_head").fetchone() > epoch
    assert not small.folder.generation(old).exists()
    assert reading.execute("SELECT count(*) FROM rows").fetchone() == (50,)
    reading.close()
    (state,) = small.store.connection.execute(
        "SELECT state FROM generations WHERE name = ?", (old,)
    ).fetchone()
    assert state == "retired"
    assert small.lookup("resident", resident_id(1)) == []
    assert len(small.lookup("resident", resident_id(101))) == 1


def test_a_discarded_publication_leaves_what_stood(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(100))
    before = small.live("resident")
    publication = small.publish("resident", COLUMNS, residents(10, 500))
    small.publications.discard(publication, STEWARD)

    assert small.status(publication)["state"] == "discarded"
    assert small.live("resident") == before
    assert small.files() == [f"records/{before}.db"] + [
        file for file in small.files() if file.endswith("job.lock")
    ]
    with pytest.raises(Conflict):
        small.publications.release(publication, STEWARD)
    assert small.entries()[-1][1]["state"] == "discarded"


def test_a_running_publication_can_be_discarded(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    chunks = as_chunks(residents(100), 50)
    small.publications.receive(publication, 0, chunks[0], connector=CONNECTOR)
    small.publications.discard(publication, STEWARD)
    small.publications.wait(publication, 30)
    assert small.status(publication)["state"] == "discarded"
    with pytest.raises(Conflict):
        small.publications.receive(publication, 1, chunks[1], connector=CONNECTOR)
    assert [file for file in small.files() if not file.endswith("job.lock")] == []


def test_one_publication_of_a_dataset_at_a_time(small: SmallHub) -> None:
    small.publish("resident", COLUMNS, residents(100))
    held = small.publish("resident", COLUMNS, residents(10))
    assert small.status(held)["state"] == "held"
    with pytest.raises(Conflict):
        small.begin("resident", COLUMNS)
    small.begin("legal_entity", ["uscc", "name"])
    small.publications.discard(held, STEWARD)
    small.begin("resident", COLUMNS)
    with pytest.raises(Conflict):
        small.begin("resident", COLUMNS)


def test_an_upload_that_has_fallen_silent_makes_room(small: SmallHub) -> None:
    silent = small.begin("resident", COLUMNS)
    small.clock.now += SILENT_AFTER - 1
    with pytest.raises(Conflict):
        small.begin("resident", COLUMNS)
    small.clock.now += 1
    small.begin("resident", COLUMNS)
    assert small.status(silent)["state"] == "discarded"
    assert not (small.folder.staging / silent).exists()


def test_another_department_is_refused(small: SmallHub) -> None:
    begin = small.publications.begin
    with pytest.raises(NotFound):
        begin("resident", COLUMNS, None, connector="urn:tax", keyid="k", department="tax")
    with pytest.raises(NotFound):
        begin("nothing", COLUMNS, None, connector=CONNECTOR, keyid="k", department=DEPARTMENT)

    publication = small.begin("resident", COLUMNS)
    chunk = as_chunks(residents(3))[0]
    with pytest.raises(Forbidden):
        small.publications.receive(publication, 0, chunk, connector="urn:other")
    with pytest.raises(Forbidden):
        small.publications.complete(publication, 0, "", connector="urn:other")
    with pytest.raises(Forbidden):
        small.publications.status(publication, department="tax")
    with pytest.raises(Forbidden):
        small.publications.rejections(publication, 0, 1, department="tax")
    with pytest.raises(NotFound):
        small.publications.status("p-0", department=DEPARTMENT)
    assert small.publications.listing(department="tax") == []
    assert len(small.publications.listing(department=DEPARTMENT)) == 1


@pytest.mark.parametrize(
    "actor",
    [
        Actor("console", account="other", department="tax"),
        Actor("connector", connector=CONNECTOR, department=DEPARTMENT),
        Actor("operator"),
    ],
)
def test_only_a_person_of_the_department_decides(small: SmallHub, actor: Actor) -> None:
    small.publish("resident", COLUMNS, residents(100))
    publication = small.publish("resident", COLUMNS, residents(1))
    with pytest.raises(Forbidden):
        small.publications.release(publication, actor)
    with pytest.raises(Forbidden):
        small.publications.discard(publication, actor)
    assert small.status(publication)["state"] == "held"


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (COLUMNS[1:], "column-missing"),
        ((*COLUMNS, "name"), "column-twice"),
        ((*COLUMNS, "blood_type"), "column-unknown"),
        ((), "column-missing"),
    ],
)
def test_columns_must_be_items_and_all_that_are_required(
    small: SmallHub, columns: tuple[str, ...], why: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        small.begin("resident", columns)
    assert refused.value.facts["why"] == why


@pytest.mark.parametrize(
    ("chunk", "failure"),
    [
        (b"1,too,few\r\n", "chunk-malformed"),
        (b"one,a,b,c,d,e,f\r\n", "row-numbers"),
        (b"2,a,b,c,d,e,f\r\n", "row-numbers"),
        (b"1,a,b,c,d,e,f\r\n3,a,b,c,d,e,f\r\n", "row-numbers"),
        (b"1,a,b,c,d,e,f\r\n1,a,b,c,d,e,f\r\n", "row-numbers"),
        (b'1,a"b,b,c,d,e,f\r\n2,"a,b,c,d,e,f\r\n', "chunk-malformed"),
        (b"1,a,b,c,d,e,f\r\n" * 1000, "row-numbers"),
    ],
    ids=["columns", "no number", "gap at first", "gap", "twice", "swallowed", "all one"],
)
def test_rows_that_are_cut_lost_or_doubled_on_the_way_fail_it_all(
    small: SmallHub, chunk: bytes, failure: str
) -> None:
    publication = small.begin("resident", COLUMNS)
    small.complete(publication, [chunk])
    small.publications.wait(publication, 60)
    status = small.status(publication)
    assert (status["state"], status["failure"]) == ("failed", failure)
    assert small.files() == []
    small.begin("resident", COLUMNS)


def test_fewer_rows_than_announced_fail_it_all(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS, rows=4)
    small.complete(publication, as_chunks(residents(3)))
    small.publications.wait(publication, 60)
    assert small.status(publication)["failure"] == "rows-missing"


def test_values_with_everything_that_csv_can_hold(small: SmallHub) -> None:
    addresses = [
        'a "quoted", b',
        "two\nlines",
        "two\r\nlines",
        "tab\tinside",
        "a\x00b",
        '"',
        "'; --",
    ]
    rows = [resident(number, address=text) for number, text in enumerate(addresses)]
    publication = small.publish("resident", COLUMNS, rows, size=3)
    small.publications.release(publication, STEWARD)
    assert small.report(publication)["rejected"] == {"control-character": 1}
    place = [item.code for item in bundled()["resident"].items].index("address")
    for number, text in enumerate(addresses):
        stored = [row[place] for row in small.lookup("resident", resident_id(number))]
        assert stored == ([] if "\x00" in text else [text])


def test_nothing_about_anyone_can_be_read_in_the_folder(small: SmallHub) -> None:
    planted = "欧阳无名"
    bad = [*resident(1, name=planted)[:3], "2026-02-30", "1", planted]
    rows = [resident(number, name=planted) for number in range(2, 30)]
    publication = small.publish("resident", COLUMNS, [*rows, bad])
    assert small.status(publication)["state"] == "live"
    assert small.holds_in_the_clear(planted, resident_id(2), resident_id(1)) == []


def test_an_empty_publication_is_one(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    small.complete(publication, [])
    small.publications.wait(publication, 60)
    assert small.status(publication)["state"] == "live"
    assert small.report(publication)["read"] == 0


def test_rows_of_many_per_subject(small: SmallHub) -> None:
    columns = ["certificate_no", "unit_no", "owner_name", "owner_id", "right_type", "co_ownership",
               "location", "registered_on", "status"]  # fmt: skip
    unit = "530402001001GB00001F00010001"
    row = ["云1号", unit, "甲", resident_id(1), "4", "共同共有", "玉兴街道", "2020-01-01", "现势"]
    rows = [row, [*row[:3], resident_id(2), *row[4:]], ["云2号", *row[1:]], row]
    publication = small.publish("real_estate", columns, rows)
    assert small.report(publication)["identical"] == 1
    assert len(small.lookup("real_estate", resident_id(1))) == 2
    assert len(small.lookup("real_estate", resident_id(2))) == 1
