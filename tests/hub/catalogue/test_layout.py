"""Rows are read as they were sealed, whatever definition has been published since.

A sealed row is an array in the order of the items of its time. Read by another order it would show
somebody's address for their name.
"""

from typing import TYPE_CHECKING

import pytest
from world.batches import ask, batch, many
from world.entering import bundled_text
from world.town import SUBJECTS, publish

from catalog.definition import load
from hub.storage.sqlite import connect

if TYPE_CHECKING:
    from world.asking import Members
    from world.entering import Road

GIVEN = {
    "name": "张三丰",
    "former_name": "张**",
    "sex": "1",
    "birth_date": "1990",
    "employer_uscc": "present",
    "address": "云南省玉溪市红塔区",
}
ITEMS = list(GIVEN)
BIRTH = """
[[items]]
code = "birth_place"
title_zh = "出生地"
title_en = "Place of birth"
type = "text"
sensitivity = 2
"""


def parts(text: str) -> tuple[str, list[str], str]:
    """A definition's head, its items and its rules, which put together are the whole."""
    head, *items = text.split("[[items]]")
    last, _, rules = items[-1].partition("[[rules]]")
    return head, [f"[[items]]{one}" for one in (*items[:-1], last)], f"[[rules]]{rules}"


def code_of(item: str) -> str:
    return item.split('code = "', 1)[1].split('"', 1)[0]


def rearranged(text: str) -> str:
    """The same items in the opposite order, with a new one before them all."""
    head, items, rules = parts(text)
    return "".join(
        (head, BIRTH.lstrip(), "\n", *(f"{one.strip()}\n\n" for one in reversed(items)), rules)
    )


def without(text: str, code: str) -> str:
    head, items, rules = parts(text)
    return "".join((head, *(one for one in items if code_of(one) != code), rules))


def row(number: str, **more: str) -> dict[str, str]:
    return {
        "resident_id": number,
        "name": "张三丰",
        "former_name": "张君宝",
        "sex": "1",
        "birth_date": "1990-03-07",
        "employer_uscc": "91530000292020123N",
        "address": "云南省玉溪市红塔区",
        "status": "1",
        **more,
    }


def shown(road: "Road", items: list[str] | None = None) -> "Members":
    answer = road.world.ask(road.world.nrb.lookup(items=items or ITEMS))  # type: ignore[arg-type]
    assert answer.status == 200, answer.body
    return answer.items


def in_batch(road: "Road") -> list["Members"]:
    answer = ask(road.world, batch(road.world.nrb, SUBJECTS[:3], items=ITEMS))  # type: ignore[arg-type]
    return [one["records"][0]["items"] for one in many(answer, "results")]  # type: ignore[index, call-overload]


def change(road: "Road", text: str) -> None:
    road.published(road.next("resident", text))


def test_another_order_shows_no_value_under_another_item(road: "Road") -> None:
    assert shown(road) == GIVEN
    change(road, rearranged(bundled_text("resident")))
    assert shown(road) == GIVEN
    assert in_batch(road) == [GIVEN] * 3
    assert road.world.ask(road.world.nrb.verify({"name": "张三丰"})).result["match"] is True
    assert road.world.ask(road.world.nrb.verify({"name": "张君宝"})).result["match"] is False
    publish(road.world.hub, "resident", [row(one, name="李四") for one in SUBJECTS], "resident-2")
    after = {**GIVEN, "name": "李四"}
    assert shown(road) == after
    assert in_batch(road) == [after] * 3
    assert road.world.ask(road.world.nrb.verify({"name": "李四"})).result["match"] is True
    assert road.world.findings().faults == ()


def test_another_process_reads_the_same(road: "Road") -> None:
    change(road, rearranged(bundled_text("resident")))
    again = road.world.again()
    assert again.ask(again.nrb.lookup(items=ITEMS)).items == GIVEN  # type: ignore[arg-type]


def test_a_new_item_is_there_with_the_next_publication(road: "Road") -> None:
    change(road, rearranged(bundled_text("resident")))
    road.world.regrant(items={"name": "full", "birth_place": "full"})
    assert shown(road, ["name", "birth_place"]) == {"name": "张三丰"}
    claimed = road.world.ask(road.world.nrb.verify({"birth_place": "玉溪"}))
    assert (claimed.status, claimed.code) == (403, "items-outside-grant")
    rows = [row(one, birth_place="玉溪") for one in SUBJECTS]
    publish(road.world.hub, "resident", rows, "resident-2")
    assert shown(road, ["name", "birth_place"]) == {"name": "张三丰", "birth_place": "玉溪"}
    claimed = road.world.ask(road.world.nrb.verify({"birth_place": "玉溪"}))
    assert claimed.result["match"] is True


def test_a_removed_item_gives_nothing_from_then_on(road: "Road") -> None:
    change(road, without(bundled_text("resident"), "former_name"))
    expected = {code: value for code, value in GIVEN.items() if code != "former_name"}
    assert shown(road) == expected
    assert in_batch(road) == [expected] * 3
    publish(road.world.hub, "resident", [row(one) for one in SUBJECTS], "resident-2")
    assert shown(road) == expected
    assert in_batch(road) == [expected] * 3


def test_attack_a_claim_about_an_item_that_is_no_more(road: "Road") -> None:
    """Nothing left to compare must not be a yes: it would tell that the person is there."""
    road.world.regrant(items={"name": "full", "address": "full"})
    for step in ("before the next publication", "after it"):
        if step.startswith("before"):
            change(road, without(bundled_text("resident"), "address"))
        else:
            publish(road.world.hub, "resident", [row(one) for one in SUBJECTS], "resident-2")
        for claims in ({"address": "云南省玉溪市红塔区"}, {"address": "别处", "name": "张三丰"}):
            answer = road.world.ask(road.world.nrb.verify(claims))
            assert (answer.status, answer.code) == (403, "items-outside-grant"), step


def test_a_mask_that_does_not_suit_what_stands_shows_nothing(road: "Road") -> None:
    """A year can be told of a date, not of the text that stood there before."""
    text = bundled_text("resident")
    head, items, rules = parts(text)
    place = next(i for i, one in enumerate(items) if code_of(one) == "household_no")
    items[place] = (
        '[[items]]\ncode = "household_no"\ntitle_zh = "立户日期"\ntitle_en = "Since"\ntype = "date"\nsensitivity = 2\n\n'  # noqa: E501
    )
    rows = [row(one, household_no="19900307AB") for one in SUBJECTS]
    publish(road.world.hub, "resident", rows, "resident-2")
    change(road, "".join((head, *items, rules)))
    road.world.regrant(items={"name": "full", "household_no": "year"})
    assert shown(road, ["name", "household_no"]) == {"name": "张三丰"}


def test_titles_alone_are_taken_over_at_once(road: "Road") -> None:
    text = bundled_text("resident").replace('title_zh = "姓名"', 'title_zh = "姓名（户籍）"')
    change(road, text)
    source = road.world.hub.book.refresh().source("resident")
    assert source is not None
    assert source.dataset is source.published
    assert source.dataset.by_code["name"].title_zh == "姓名（户籍）"
    assert shown(road) == GIVEN


def test_what_a_record_is_stays_while_rows_stand(road: "Road") -> None:
    """Repairs hang on the row key: under another one, repaired records would come back."""
    text = bundled_text("resident")
    rebound = text.replace('row_key = ["resident_id"]', 'row_key = ["resident_id", "name"]')
    rebound = rebound.replace('cardinality = "one"', 'cardinality = "many"')
    assert load(rebound.encode(), "x").cardinality == "many"
    entry = road.assessed(road.next("resident", rebound))
    assert {"where": "row_key", "why": "records-rebound"} in entry["gaps"]  # type: ignore[operator]
    refused = road.try_on("psb.head", entry, "approve", reference="数共批〔2026〕9号")
    assert (refused.status, refused.code) == (422, "entry-incomplete")


@pytest.mark.parametrize("tampered", ["name", "bytes", "gone"])
def test_attack_another_layout_for_what_is_sealed(road: "Road", tampered: str) -> None:
    """Whoever has the database cannot have columns shown under other names unseen."""
    change(road, rearranged(bundled_text("resident")))
    database = connect(road.world.hub.folder.control)
    ((sealed,),) = database.execute("SELECT definition FROM generations").fetchall()
    ((current,),) = database.execute(
        "SELECT digest FROM definitions WHERE dataset = 'resident' AND digest != ?", (sealed,)
    ).fetchall()
    if tampered == "name":
        database.execute("UPDATE generations SET definition = ?", (current,))
    elif tampered == "bytes":
        swap = (
            "UPDATE definitions SET definition = CAST(definition || ' ' AS BLOB) WHERE digest = ?"
        )
        database.execute(swap, (sealed,))
    else:
        database.execute("DELETE FROM definitions WHERE digest = ?", (sealed,))
    database.close()
    expected = {"name": "table-generation"}.get(tampered, "table-definition")
    assert expected in {fault.why for fault in road.world.findings().faults}
    if tampered != "name":
        again = road.world.again()
        assert again.call(again.nrb.lookup()).status == 503
