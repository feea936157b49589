"""The record of use of Art 29: derived from the ledger, stated by the user, exported."""

import asyncio
import io

import pytest
from python_calamine import CalamineWorkbook
from world import batches
from world.aging import YEAR, erase
from world.living import ADMINISTRATOR, AUDITOR, STATED, Life
from world.time import DAY
from world.town import ABSENT, PURPOSE, SUBJECTS

from certs.canonical import Json, parse
from hub.ledger import destruction


def used(life: Life, who: str = AUDITOR) -> dict[str, Json]:
    """The record, once a checkpoint covers all that stands."""
    while life.world.hub.checkpointer.step() is not None:
        pass
    return life.done(who, "GET", f"{life.path}/usage")


def counts(record: dict[str, Json], **named: str) -> tuple[int, int, int]:
    """Questions, subjects and repeats of the rows that are so."""
    rows = record["rows"]
    assert isinstance(rows, list)
    chosen = [row for row in rows if isinstance(row, dict) and named.items() <= row.items()]
    return tuple(
        sum(int(str(row[n])) for row in chosen) for n in ("questions", "subjects", "repeats")
    )  # type: ignore[return-value]


def ask(life: Life) -> None:
    """Two lookups and a retry of the second; one that finds nobody; a refusal; a verification."""
    gateway, world = life.world.nrb, life.world
    world.ask(gateway.lookup(case="A-1"))
    question = gateway.question(case="A-2")
    for _ in range(2):
        world.ask(gateway.lookup(**question))
    world.ask(gateway.lookup(subject={"id": ABSENT, "type": "resident_id"}))
    world.ask(gateway.lookup(items=["no_such_item"]))
    world.ask(gateway.verify({"name": "张三丰"}))


def test_what_was_asked_is_counted_by_day_purpose_channel_operation_and_outcome(
    life: Life,
) -> None:
    ask(life)
    record = used(life)
    assert counts(record, operation="lookup", outcome="answered") == (2, 2, 1)
    assert counts(record, operation="lookup", outcome="empty") == (1, 1, 0)
    assert counts(record, operation="lookup", outcome="refused") == (1, 1, 0)
    assert counts(record, operation="verify") == (1, 1, 0)
    assert counts(record, purpose=PURPOSE, channel="connector") == (5, 5, 1)
    whole = record["whole"]
    assert isinstance(whole, dict)
    assert (whole["questions"], whole["subjects"], whole["repeats"]) == (5, 5, 1)
    assert (whole["officers"], whole["erased"]) == (1, 0)
    days = {row["day"] for row in record["rows"]}  # type: ignore[index,call-overload,union-attr]
    assert len(days) == 1
    life.later(1)
    life.world.ask(life.world.nrb.lookup())
    assert len({row["day"] for row in used(life)["rows"]}) == 2  # type: ignore[index,call-overload,union-attr]


def test_a_batch_is_one_question_about_many(life: Life) -> None:
    sent = batches.batch(life.world.nrb, [*SUBJECTS[:5], ABSENT])
    batches.ask(life.world, sent)
    record = used(life)
    assert counts(record, outcome="answered") == (1, 5, 0)
    assert counts(record, outcome="empty") == (1, 1, 0)
    whole = record["whole"]
    assert isinstance(whole, dict)
    assert (whole["questions"], whole["subjects"]) == (1, 6)


def test_what_others_asked_under_other_grants_is_not_counted(life: Life) -> None:
    life.world.ask(life.world.gateway("mrb").lookup())
    assert used(life)["rows"] == []


def test_a_record_names_what_it_was_derived_from_and_can_be_derived_again(life: Life) -> None:
    """From the *control* parts alone, as whoever was given them would."""
    ask(life)
    record = used(life)
    source = record["source"]
    assert isinstance(source, dict)
    assert source["origin"] == life.world.hub.origin
    note = str(source["checkpoint"]).split("\n")
    assert note[1] == str(source["size"])
    # What came later is not in it before a checkpoint covers it.
    life.world.ask(life.world.nrb.lookup())
    again = life.done(AUDITOR, "GET", f"{life.path}/usage")
    assert (again["rows"], again["source"]) == (record["rows"], source)
    requests: set[str] = set()
    subjects = repeats = 0
    for (data,) in life.world.hub.reading.execute(
        "SELECT control FROM entries WHERE position < ?", (source["size"],)
    ):
        control = parse(data, max_bytes=1 << 20, max_depth=9)
        assert isinstance(control, dict)
        if str(control.get("grant")).endswith(life.world.grant.id):
            repeated = control["repeats"] is not None
            repeats += repeated
            subjects += not repeated
            if not repeated:
                requests.add(str(control["R"]))
    whole = record["whole"]
    assert isinstance(whole, dict)
    assert (whole["questions"], whole["subjects"], whole["repeats"]) == (
        len(requests),
        subjects,
        repeats,
    )


def test_attack_a_record_tells_nothing_about_persons(life: Life) -> None:
    ask(life)
    used(life)
    for suffix in ("", ".xlsx"):
        body = life.call(ADMINISTRATOR, "GET", f"{life.path}/usage{suffix}").body
        text = body.decode("utf-8", "replace") + _cells(body) if suffix else body.decode()
        for personal in (SUBJECTS[0], ABSENT, "nrb.officer", "A-1", "张三丰"):
            assert personal not in text


def _cells(body: bytes) -> str:
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return " ".join(
        str(cell)
        for number in range(2)
        for row in book.get_sheet_by_index(number).to_python()
        for cell in row
    )


def test_counts_stay_when_persons_are_erased(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destruction, "PAUSE", 0)
    ask(life)
    before = used(life)
    life.later(3 * YEAR / DAY + 40)
    erase(life.world)
    asyncio.run(life.world.hub.forgetting.look())
    after = used(life)
    kept = ("questions", "subjects", "repeats")
    for name in kept:
        assert after["whole"][name] == before["whole"][name]  # type: ignore[index,call-overload]
    whole = after["whole"]
    assert isinstance(whole, dict)
    assert (whole["officers"], whole["cases"], whole["erased"]) == (None, None, 6)


def test_the_user_states_its_use_and_every_version_is_kept(life: Life) -> None:
    body = {"version": 0, "stated": STATED}
    life.done("nrb.writer", "POST", f"{life.path}/usage", body)
    assert life.call("nrb.writer", "POST", f"{life.path}/usage", body).status == 409
    later = {**STATED, "storage": "结果不落库"}
    life.done("nrb.writer", "POST", f"{life.path}/usage", {"version": 1, "stated": later})
    stated = used(life, "psb.head")["statements"]
    assert [one["stated"]["storage"] for one in stated] == ["结果不落库", STATED["storage"]]  # type: ignore[index,call-overload,union-attr]
    for wrong in ({**STATED, "effect": ""}, {**STATED, "process": SUBJECTS[0]}):
        answer = life.call(
            "nrb.writer", "POST", f"{life.path}/usage", {"version": 2, "stated": wrong}
        )
        assert answer.status == 422
    for who, status in (("psb.writer", 404), ("mrb.writer", 404), ("nrb.head", 403)):
        answer = life.call(who, "POST", f"{life.path}/usage", {"version": 2, "stated": STATED})
        assert answer.status == status
    assert "结果不落库" in _cells(life.call(AUDITOR, "GET", f"{life.path}/usage.xlsx").body)
    assert life.world.findings().faults == ()


def test_attack_a_third_department_reads_how_others_use_theirs(life: Life) -> None:
    for suffix in ("usage", "usage.xlsx", "life"):
        for who in ("mrb.writer", "mrb.head"):
            assert life.call(who, "GET", f"{life.path}/{suffix}").status == 404
