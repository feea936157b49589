"""Uploads and definitions that cross: rows are sealed under the one with which they were begun."""

import pytest
from publishing import DEPARTMENT, SmallHub
from world.jobs import JobServer, upload
from world.licences import COLUMNS, DATASET, licence, licence_definition, register, upsert

from catalog.definition import load
from catalog.working_days import WorkingDays
from hub.access.standing import Standing
from hub.catalogue import deciding, drafting
from hub.catalogue import register as entries
from hub.catalogue.entry import Assessment
from hub.catalogue.errors import EntryIncomplete
from hub.ledger.change import Actor
from hub.publish.errors import OutOfOrder

WRITER, HEAD = (Actor("console", account=who, department=DEPARTMENT) for who in ("a", "b"))
AUTHORITY = Actor("console", account="c")
PASSED = Assessment(result="passed", reference="评〔2026〕1号", day="2026-01-05")
NEW = """

[[items]]
code = "place"
title_zh = "地点"
title_en = "Place"
type = "text"
sensitivity = 1
"""


def redefine(hub: SmallHub, definition: str) -> None:
    """The whole road of a next edition."""
    changes, days = hub.changes, WorkingDays()
    code = load(definition.encode(), DATASET).code
    entry = entries.find(hub.store.connection, code, None)
    entry = drafting.redraft(changes, WRITER, code, entry.version, definition.encode(), days)
    entry = drafting.assess(changes, WRITER, code, entry.version, secrecy=PASSED, privacy=PASSED)
    entry = deciding.approve(changes, HEAD, code, entry.version, "批〔2026〕1号", days)
    entry = deciding.review(changes, AUTHORITY, code, entry.version)
    deciding.publish(changes, AUTHORITY, code, entry.version)


def with_place() -> str:
    """The definition with another item before all others."""
    head, items = coded().split("[[items]]", 1)
    return f"{head}{NEW.strip()}\n\n[[items]]{items}"


def coded() -> str:
    """The definition with a code, which it needs for a next edition."""
    code = f'code = "{DATASET}"'
    text = licence_definition().decode()
    return text.replace(code, f'{code}\nclassification = "3070010009/000001"', 1)


def read(hub: SmallHub, holder: str) -> list[dict[str, str]]:
    """The rows of a subject by the codes of the items, as lookups read them."""
    source = Standing(hub.store.connection, 0).source(DATASET)
    assert source is not None
    codes = [item.code for item in source.dataset.items]
    return [dict(zip(codes, row, strict=True)) for row in hub.lookup(DATASET, holder)]


def test_a_change_set_among_rows_of_another_layout_is_refused(
    small: SmallHub, jobs: JobServer
) -> None:
    register(small)
    rows = [licence(number, 1) for number in range(3)]
    holder = rows[0][1]
    jobs.publish(small, rows, COLUMNS, dataset=DATASET)
    before = read(small, holder)
    redefine(small, with_place())
    assert read(small, holder) == before
    with pytest.raises(OutOfOrder, match="publish-in-full-first"):
        small.begin(DATASET, COLUMNS, mode="changes")
    assert read(small, holder) == before
    jobs.publish(small, [[*row, "城东"] for row in rows], (*COLUMNS, "place"), dataset=DATASET)
    assert read(small, holder) == [{"place": "城东", **row} for row in before]
    change = [*upsert(0, 1, "新"), "城西"]
    columns = (*COLUMNS, "place")
    jobs.publish(small, [change], columns, "changes", None, DATASET)
    assert {row["place"] for row in read(small, holder)} == {"城东", "城西"}


def test_an_upload_is_sealed_under_the_definition_with_which_it_was_begun(
    small: SmallHub, jobs: JobServer
) -> None:
    register(small)
    rows = [licence(number, 1) for number in range(3)]
    holder = rows[0][1]
    publication = upload(small, rows, COLUMNS, "full", None, DATASET)
    redefine(small, with_place())
    jobs.run(small, publication)
    found = read(small, holder)
    assert len(found) == 3
    assert {tuple(sorted(row)) for row in found} == {tuple(sorted(COLUMNS))}
    assert {row[COLUMNS[1]] for row in found} == {holder}


def test_what_a_record_is_does_not_change_under_an_upload(small: SmallHub) -> None:
    register(small)
    upload(small, [licence(1, 1)], COLUMNS, "full", None, DATASET)
    key = 'row_key = ["licence_no"]'
    text = coded()
    assert key in text
    rebound = text.replace(key, 'row_key = ["licence_no", "holder"]')
    with pytest.raises(EntryIncomplete) as refused:
        redefine(small, rebound)
    assert [(gap.where, gap.why) for gap in refused.value.gaps] == [("row_key", "records-rebound")]
