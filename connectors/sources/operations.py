"""What is done with a row of a change set, and the column that says so.

In a source the operation stands as a word of ours or as people write it; what is sent is
``upsert`` or ``delete``, before the row's items. A row whose word is another one is sent empty,
like every row that cannot be read.
"""

from collections.abc import Sequence
from typing import Literal

from catalog.definition import Item, heading
from catalog.identifiers.normalise import half_width, trimmed
from connectors.sources.errors import OperationMissing

Operation = Literal["upsert", "delete"]
OPERATION_UNKNOWN = "operation"
"""The reason of a row whose operation is none."""
_WORDS: dict[str, Operation] = {
    "upsert": "upsert",
    "新增": "upsert",
    "更新": "upsert",
    "delete": "delete",
    "删除": "delete",
}
_HEADINGS = tuple(heading(name) for name in ("operation", "操作"))
DELETES, UPSERTS = "delete,", "upsert,"
"""How the lines of either begin."""
OPERATION = Item(
    code="operation",
    title_zh="操作",
    title_en="Operation",
    type="text",
    pattern="upsert|delete",
    sensitivity=1,
    sharing=1,
)
"""The column as one that is watched: what stands there plainly goes the quick way."""


def read_operation(raw: str | None) -> Operation | None:
    """The operation that a word means, None if it means none."""
    return _WORDS.get(half_width(trimmed(raw or "")).lower())


def find_operation(columns: Sequence[str], name: str | None) -> int | None:
    """The position of the column of operations; None if there is none.

    Raises ``OperationMissing`` if the column was named and is not there.
    """
    wanted = _HEADINGS if name is None else (heading(name),)
    for index, column in enumerate(columns):
        if heading(column) in wanted:
            return index
    if name is not None:
        raise OperationMissing(column=name)
    return None
