"""What stands before the items in each row of a change set: ``upsert`` or ``delete``.

A delete needs its row key alone; whatever else its row says is neither checked nor kept.
"""

from collections.abc import Mapping

from catalog.definition import Dataset
from hub.publish.fragments import literal
from hub.publish.reasons import VALID, refusal

OPERATION = "operation"
"""The column between the row's number and its items."""
UPSERT = "upsert"
DELETE = "delete"

FULL = "full"
CHANGES = "changes"
MODES = frozenset({FULL, CHANGES})

_IS_DELETE = f"{OPERATION} = {literal(DELETE)}"


def known_operation() -> str:
    """The reason of a row's operation."""
    known = f"{OPERATION} IN ({literal(UPSERT)}, {literal(DELETE)})"
    return f"CASE WHEN {known} THEN {VALID} ELSE {refusal('operation')} END"


def only_keys_of_deletes(
    dataset: Dataset, expressions: Mapping[str, str], instead: str
) -> list[str]:
    """By item, its expression; in deletes that of what belongs to no row key is ``instead``."""
    return [
        expression if code in dataset.row_key else unless_delete(expression, instead)
        for code, expression in expressions.items()
    ]


def unless_delete(expression: str, instead: str) -> str:
    """``instead`` in a delete, else the expression."""
    return f"CASE WHEN {_IS_DELETE} THEN {instead} ELSE {expression} END"
