"""The one statement that checks every row of a chunk, generated from the dataset's definition.

It is a pile of projections: for each item first whether its value is plainly valid, then, for the
values that are not, one step of the longer check after the other. A row comes out with

    source   its number in the source
    worst    the greatest of its items' and rules' reasons; from ``INVALID`` on it is rejected
    why      the reasons of all items, then of the operation, then of all rules, unless all of
             them are ``VALID``
    line     the values in the definition's order, in a change set the operation, and the row's
             number; of an accepted row only
    key_1, key_2   two independent hashes of the row key, 128 bits together
    content  a hash of all values
    hash_0 … a hash of each value that is sound and not empty, else NULL; of the source's items only
    operation   of a change set
"""

# ruff: noqa: S608 all SQL is made of the definition's parts, quoted by ``fragments``

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catalog.definition import Dataset, Item
from hub.publish.fragments import VALUE_SEPARATOR, literal, members, trimmed
from hub.publish.operations import OPERATION, known_operation, only_keys_of_deletes, unless_delete
from hub.publish.quality.row_rules import rule_reasons
from hub.publish.reasons import INVALID, VALID, refusal
from hub.publish.rule import Rule
from hub.publish.value_rules import rule

SOURCE = "source_number"


@dataclass(frozen=True, slots=True)
class _Column:
    """An item that the source has, and the names of its columns in the pile."""

    item: Item
    place: int
    rule: Rule

    @classmethod
    def of(cls, item: Item, place: int) -> "_Column":
        return cls(item, place, rule(item, f"raw_{place}", f"trimmed_{place}", f"item_{place}"))

    @property
    def raw(self) -> str:
        return f"raw_{self.place}"

    @property
    def quick(self) -> str:
        return f"quick_{self.place}"

    @property
    def trimmed(self) -> str:
        return f"trimmed_{self.place}"

    @property
    def reason(self) -> str:
        return f"reason_{self.place}"

    @property
    def value(self) -> str:
        return f"value_{self.place}"

    def hash_sql(self) -> str:
        sound = f"{self.reason} < {INVALID} AND {self.value} <> ''"
        return f"CASE WHEN {sound} THEN hash({self.value}) END"

    def quick_sql(self) -> str:
        empties = [text for text in self.item.empty if text]
        listed = f"WHEN {self.raw} IN {members(empties)} THEN NULL" if empties else ""
        blank = "NULL" if self.item.required else "''"
        return f"CASE WHEN {self.raw} = '' THEN {blank} {listed} ELSE {self.rule.quick} END"

    def trimmed_sql(self) -> str:
        return f"CASE WHEN {self.quick} IS NULL THEN {trimmed(self.raw)} END"

    def step_sql(self, sql: str) -> str:
        return f"CASE WHEN {self.trimmed} IS NOT NULL THEN {sql} END"

    def reason_sql(self) -> str:
        absent = refusal("required") if self.item.required else VALID
        return self._ended(str(VALID), str(absent), self.rule.reason)

    def value_sql(self) -> str:
        return self._ended(self.quick, "''", f"coalesce({self.rule.value}, '')")

    def _ended(self, quickly: str, absent: str, slowly: str) -> str:
        empties = members(dict.fromkeys(("", *self.item.empty)))
        return (
            f"CASE WHEN {self.quick} IS NOT NULL THEN {quickly}"
            f" WHEN {self.trimmed} IN {empties} THEN {absent} ELSE {slowly} END"
        )


def raw_columns(dataset: Dataset, columns: Sequence[str], *, changes: bool = False) -> list[str]:
    """What the columns of a chunk are called: the row's number, then the items in their order.

    In a change set the operation stands between them.
    """
    places = {item.code: place for place, item in enumerate(dataset.items)}
    operation = [OPERATION] if changes else []
    return [SOURCE, *operation, *(f"raw_{places[code]}" for code in columns)]


def hash_column(place: int) -> str:
    """What the column of hashes of an item is called, by its place in the definition."""
    return f"hash_{place}"


NO_DAY = "9999-12-31"


def check_rows(
    dataset: Dataset,
    columns: Sequence[str],
    rows: str,
    *,
    changes: bool = False,
    today: str = NO_DAY,
) -> str:
    """The statement over ``rows``, the SQL of a relation with ``raw_columns`` as text, never NULL.

    ``columns`` are the codes of the items that the source has, ``today`` is what rules mean by it.
    In a change set the reason of the operation comes after those of the items.
    """
    present = [
        _Column.of(item, at) for at, item in enumerate(dataset.items) if item.code in columns
    ]
    values = _by_item(dataset, present, lambda column: column.value, "''")
    reasons = _by_item(
        dataset,
        present,
        lambda column: column.reason,
        lambda item: str(refusal("required") if item.required else VALID),
    )
    codes = [item.code for item in dataset.items]
    if changes:
        values = only_keys_of_deletes(dataset, dict(zip(codes, values, strict=True)), "''")
        reasons = only_keys_of_deletes(dataset, dict(zip(codes, reasons, strict=True)), str(VALID))
        reasons = [*reasons, known_operation()]
    by_code = dict(zip(codes, values, strict=True))
    rules = rule_reasons(dataset, by_code, today)
    hashed = [column.hash_sql() for column in present]
    if changes:
        # A delete says nothing that could be profiled or keep a rule.
        rules = [unless_delete(reason, str(VALID)) for reason in rules]
        hashed = [unless_delete(hash_, "NULL") for hash_ in hashed]
    key = _joined([by_code[code] for code in dataset.row_key])
    sql = f"SELECT TRY_CAST({SOURCE} AS BIGINT) AS source, * EXCLUDE ({SOURCE}) FROM {rows}"
    for layer in _layers(present):
        added = ", ".join(f"{expression} AS {name}" for name, expression in layer.items())
        sql = f"SELECT *, {added} FROM ({sql})" if added else sql
    separator = literal(VALUE_SEPARATOR)
    operation = f", {OPERATION}" if changes else ""
    ending = ", ".join(["joined", *([OPERATION] if changes else []), "source"])
    all_reasons = [*reasons, *rules]
    worst = f"greatest({', '.join(all_reasons)})" if len(all_reasons) > 1 else all_reasons[0]
    hashes = "".join(
        f", {hash_} AS {hash_column(column.place)}"
        for column, hash_ in zip(present, hashed, strict=True)
    )
    shortened = f"""
        SELECT source, CAST({worst} AS UTINYINT) AS worst,
            CAST([{", ".join(all_reasons)}] AS UTINYINT[]) AS reasons,
            {_joined(values)} AS joined, {key} AS row_key{operation}{hashes} FROM ({sql})
    """
    return f"""
        SELECT source, worst,
            CASE WHEN worst > {VALID} THEN reasons END AS why,
            CASE WHEN worst < {INVALID} THEN concat_ws({separator}, {ending}) END AS line,
            hash(row_key) AS key_1, hash(reverse(row_key)) AS key_2, hash(joined) AS content,
            * EXCLUDE (source, worst, reasons, joined, row_key)
        FROM ({shortened})
    """


def _by_item(
    dataset: Dataset,
    present: Sequence[_Column],
    of: Callable[[_Column], str],
    absent: str | Callable[[Item], str],
) -> list[str]:
    columns = {column.item.code: column for column in present}
    return [
        of(columns[item.code])
        if item.code in columns
        else (absent if isinstance(absent, str) else absent(item))
        for item in dataset.items
    ]


def _layers(present: Sequence[_Column]) -> list[Mapping[str, str]]:
    """Columns by column name, layer on layer; each may use those of the layers below."""
    before = {name: sql for column in present for name, sql in column.rule.before.items()}
    depth = max(len(column.rule.steps) for column in present)
    steps = [
        {
            name: column.step_sql(sql)
            for column in present
            if at < len(column.rule.steps)
            for name, sql in column.rule.steps[at].items()
        }
        for at in range(depth)
    ]
    return [
        before,
        {column.quick: column.quick_sql() for column in present},
        {column.trimmed: column.trimmed_sql() for column in present},
        *steps,
        {column.reason: column.reason_sql() for column in present},
        {column.value: column.value_sql() for column in present},
    ]


def _joined(values: Sequence[str]) -> str:
    if len(values) == 1:
        return values[0]
    return f"concat_ws({literal(VALUE_SEPARATOR)}, {', '.join(values)})"
