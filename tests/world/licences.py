"""A dataset of three items, of which a row may get another subject; and its rows."""

from publishing import DEPARTMENT, SmallHub, resident_id

from hub.catalogue import datasets
from hub.ledger.change import OPERATOR
from world.on_record import ON_RECORD

DATASET = "trial_licence"
COLUMNS = ("licence_no", "holder", "note")
_ITEM = """
[[items]]
code = "{code}"
title_zh = "{code}"
title_en = "{code}"
type = "{type}"
sensitivity = 2
required = {required}
"""
_DEFINITION = """
code = "trial_licence"
title_zh = "试用证照"
title_en = "Trial licences"
summary_zh = "试用"
summary_en = "For trials"
family = "natural_person"
sharing = 2
methods = ["service"]
conditions_zh = "试用"
conditions_en = "For trials"
format = 3
cycle = 2
level = 3
level_scheme = "四级分级（一级普通、二级敏感、三级重要、四级极重要）"
legal_basis = "试用"
subject = "holder"
row_key = ["licence_no"]
cardinality = "many"
"""


def licence_definition() -> bytes:
    """The dataset's definition."""
    items = (
        _ITEM.format(code="licence_no", type="text", required="true"),
        _ITEM.format(code="holder", type="identifier:resident_id", required="true"),
        _ITEM.format(code="note", type="text", required="false"),
    )
    return (_DEFINITION + "".join(items)).encode()


def register(hub: SmallHub) -> None:
    """Register the dataset."""
    datasets.register(hub.changes, OPERATOR, DEPARTMENT, licence_definition(), ON_RECORD)


def licence(number: int, holder: int, note: str = "") -> list[str]:
    """A sound row."""
    return [f"L{number}", resident_id(holder), note]


def upsert(number: int, holder: int, note: str = "") -> list[str]:
    return ["upsert", *licence(number, holder, note)]


def delete(number: int) -> list[str]:
    return ["delete", f"L{number}", "", ""]


def stands(hub: SmallHub, holders: int) -> dict[str, tuple[str, str]]:
    """By row key, holder and note of every row that is found under the first ``holders``."""
    found: dict[str, tuple[str, str]] = {}
    for holder in range(holders):
        for number, name, note in hub.lookup(DATASET, resident_id(holder)):
            assert name == resident_id(holder)
            assert number not in found, "one row under two subjects"
            found[number] = (name, note)
    return found
