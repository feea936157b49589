"""Which rows break which rules of a definition, batch by batch.

Rules over one row were checked with its values (``row_rules.py``). Here rows are compared with
other datasets, and with each other: of each item that must be unique 17 bytes a row are kept to the
end, of each that must exist elsewhere 8 bytes for each different value.

Values are told apart by 64 bits of hash: two of 15 million differing ones agree with a probability
of 6 in a million, and then one of them is answered for the other.
"""

# ruff: noqa: S608 all SQL is made of places in the definition and numbers of ours

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from catalog.definition import Dataset
from catalog.quality import Exists, Unique
from hub.publish.fragments import VALUE_SEPARATOR, literal
from hub.publish.quality.profiler import Query
from hub.publish.quality.row_rules import reason_of, value_rules
from hub.publish.reasons import INVALID, NOT_UNIQUE, VALID
from hub.publish.rejections import Problem, Rejection

Register: TypeAlias = Callable[[Exists, Sequence[str]], set[str]]
"""Says which of some values are subjects of none of the datasets that a rule names."""

LISTED = 100_000
"""Rows of which a publication lists the warnings; all are counted."""
_TOGETHER = 50_000
"""Values that are asked for at once."""
_PASSES = 16
"""Passes over what must be unique; each needs memory for a sixteenth of it."""

Broken: TypeAlias = tuple[int, Problem]
"""A row's number, and what is wrong with it."""


class Breaches:
    """The rules of one publication; ``counts`` are rows by the code of the rule they break."""

    def __init__(
        self,
        dataset: Dataset,
        present: Sequence[str],
        column: Callable[[int], str],
        *,
        changes: bool,
        register: Register | None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._items = len(dataset.items)
        # The operation's reason stands between those of the items and those of the rules.
        self._rules = list(enumerate(value_rules(dataset), self._items + 1 + changes))
        places = {item.code: place for place, item in enumerate(dataset.items)}
        there = [
            (number, rule, places[rule.item])
            for number, rule in enumerate(dataset.rules)
            if rule.item in present
        ]
        self._elsewhere = [
            (number, rule, place, column(place))
            for number, rule, place in there
            if isinstance(rule, Exists) and register is not None
        ]
        self._unique = [
            (number, rule, column(place))
            for number, rule, place in there
            # In a change set later rows replace earlier ones, and others stand already.
            if isinstance(rule, Unique) and not changes
        ]
        self._register = register
        self._room = LISTED

    def begin(self, query: Query) -> None:
        """Make the tables."""
        for number, *_ in self._elsewhere:
            query(f"CREATE TABLE asked_{number} (hash UBIGINT)")
            query(f"CREATE TABLE absent_{number} (hash UBIGINT)")
        for number, *_ in self._unique:
            query(f"CREATE TABLE unique_{number} (hash UBIGINT, source BIGINT)")

    def ask_elsewhere(self, query: Query) -> list[Broken]:
        """Ask for values in other datasets; those rows' ``worst`` rises, and all are given."""
        broken: list[Broken] = []
        for number, rule, place, column in self._elsewhere:
            self._ask(query, number, rule, place, column)
            reason = reason_of(rule)
            rows = query(
                f"SELECT source FROM chunk SEMI JOIN absent_{number} ON {column} = hash"
                " WHERE line IS NOT NULL ORDER BY source"
            )
            if rows:
                query(
                    f"UPDATE chunk SET worst = greatest(worst, {reason})"
                    f" WHERE {column} IN (SELECT hash FROM absent_{number}) AND line IS NOT NULL"
                )
            self.counts[rule.code] += len(rows)
            problem = Problem(rule.item, reason)
            broken += [(int(source or 0), problem) for (source,) in rows]
        return broken

    def take(self, query: Query, elsewhere: Iterable[Broken]) -> tuple[Rejection, ...]:
        """Count the rows that break a rule by themselves; gives the warnings of this batch."""
        for number, _, column in self._unique:
            query(
                f"INSERT INTO unique_{number} SELECT {column}, source FROM chunk"
                f" WHERE worst < {INVALID} AND {column} IS NOT NULL"
            )
        warned = [one for one in elsewhere if one[1].reason < INVALID]
        if self._rules:
            warned += self._by_itself(query)
        return self._listed(warned)

    def doubles(
        self, query: Query, dropped: Sequence[int]
    ) -> tuple[dict[int, Problem], tuple[Rejection, ...]]:
        """Rows that share what must be unique, ``dropped`` ones apart: rejected ones, warnings."""
        rejected: dict[int, Problem] = {}
        warned: list[Broken] = []
        if self._unique:
            query("CREATE TABLE dropped (source BIGINT)")
            for start in range(0, len(dropped), _TOGETHER):
                rows = ", ".join(f"({source})" for source in dropped[start : start + _TOGETHER])
                query(f"INSERT INTO dropped VALUES {rows}")
        for number, rule, _ in self._unique:
            found = [row for part in range(_PASSES) for row in self._shared(query, number, part)]
            self.counts[rule.code] += len(found)
            problem = Problem(rule.item, NOT_UNIQUE)
            if rule.severity == "reject":
                rejected |= dict.fromkeys(found, problem)
            else:
                warned += [(source, problem) for source in found]
        standing = [one for one in warned if one[0] not in rejected]
        return rejected, self._listed(standing)

    def _ask(self, query: Query, number: int, rule: Exists, place: int, column: str) -> None:
        """Ask for the values of this batch that none before had."""
        query(
            "CREATE OR REPLACE TEMP TABLE fresh AS SELECT hash, min(source) AS source FROM"
            f" (SELECT {column} AS hash, source FROM chunk WHERE line IS NOT NULL"
            f" AND {column} IS NOT NULL) ANTI JOIN asked_{number} USING (hash) GROUP BY hash"
        )
        value = f"split_part(line, {literal(VALUE_SEPARATOR)}, {place + 1})"
        fresh = query(f"SELECT hash, {value} FROM fresh JOIN chunk USING (source)")
        query(f"INSERT INTO asked_{number} SELECT hash FROM fresh")
        for start in range(0, len(fresh), _TOGETHER):
            some = [(hash_, str(value)) for hash_, value in fresh[start : start + _TOGETHER]]
            absent = self._register(rule, [value for _, value in some]) if self._register else ()
            hashes = ", ".join(f"({hash_})" for hash_, value in some if value in absent)
            if hashes:
                query(f"INSERT INTO absent_{number} VALUES {hashes}")

    def _by_itself(self, query: Query) -> list[Broken]:
        sound = f"list_max(why[1:{self._items}]) < {INVALID}"
        counts = ", ".join(
            f"count(*) FILTER (why[{place}] > {VALID} AND {sound})" for place, _ in self._rules
        )
        (found,) = query(f"SELECT {counts} FROM chunk WHERE why IS NOT NULL")
        warned: list[Broken] = []
        for (place, rule), count in zip(self._rules, found, strict=True):
            self.counts[rule.code] += int(count or 0)
            if count and rule.severity == "warn" and self._room:
                problem = Problem(rule.item, reason_of(rule))
                rows = query(
                    f"SELECT source FROM chunk WHERE worst < {INVALID} AND why[{place}] > {VALID}"
                    f" ORDER BY source LIMIT {self._room}"
                )
                warned += [(int(source or 0), problem) for (source,) in rows]
        return warned

    def _shared(self, query: Query, number: int, part: int) -> list[int]:
        rows = f"(SELECT * FROM unique_{number} WHERE hash >> 32 & {_PASSES - 1} = {part})"
        standing = f"(SELECT * FROM {rows} ANTI JOIN dropped USING (source))"
        shared = f"(SELECT hash FROM {standing} GROUP BY hash HAVING count(*) > 1)"
        found = query(f"SELECT source FROM {standing} SEMI JOIN {shared} USING (hash)")
        return [int(source or 0) for (source,) in found]

    def _listed(self, broken: Iterable[Broken]) -> tuple[Rejection, ...]:
        """By row, in order, for as long as there is room."""
        by_row: dict[int, dict[Problem, None]] = {}
        for source, problem in sorted(broken, key=lambda one: one[0]):
            by_row.setdefault(source, {})[problem] = None
        listed = tuple(
            Rejection(source, tuple(problems))
            for source, problems in list(by_row.items())[: self._room]
        )
        self._room -= len(listed)
        return listed
