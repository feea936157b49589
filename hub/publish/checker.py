"""Checks the rows of a publication, chunk by chunk, in a DuckDB that lives in memory only.

A chunk reaches DuckDB through an anonymous file in memory, so that no row in the clear ever lies on
a disk. Of accepted rows only hashes are kept; they tell afterwards which rows are double.
"""

# ruff: noqa: S608 all SQL is made of the definition's parts, quoted by ``fragments``

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from catalog.definition import Dataset
from hub.errors import StorageRefused
from hub.publish.errors import PublicationBroken
from hub.publish.fragments import ROW_SEPARATOR, literal
from hub.publish.operations import CHANGES, DELETE, FULL, OPERATION
from hub.publish.quality.breaches import Breaches, Register
from hub.publish.quality.profile import Profile
from hub.publish.quality.profiler import Profiler, Row
from hub.publish.quality.row_rules import value_rules
from hub.publish.reasons import CONFLICTING, INVALID, NOT_UNIQUE, REASONS, VALID
from hub.publish.rejections import Problem, Rejection
from hub.publish.statement import NO_DAY, check_rows, hash_column, raw_columns

MEMORY_LIMIT = "1GiB"
"""For DuckDB. A million rows of residents took 0.3 GiB of the whole process, nearly all of it
Python and DuckDB themselves; the hashes are 29 bytes a row, so that 15 million rows fit."""

_FILES = "/proc/self/fd/"
_SETTINGS = (
    # The chunks of the process itself are all that SQL may ever read, and nothing it may write.
    f"allowed_directories = ['{_FILES}']",
    "enable_external_file_cache = false",
    # It moves a TRY_CAST into the reader of CSV, where what cannot be cast is an error.
    "disabled_optimizers = 'type_pushdown'",
    "enable_external_access = false",
    "lock_configuration = true",
)
_KEYS = """
    CREATE TABLE keys (
        key_1 UBIGINT, key_2 UBIGINT, content UBIGINT, source BIGINT, warned BOOLEAN
    )
"""
_PASSES = 16
"""Passes over the keys in search of doubles; each needs memory for a sixteenth of them."""

_TOGETHER = 50_000
"""Rows that one statement writes down."""

_DOUBLES = f"""
    CREATE TABLE doubles AS
    SELECT key_1, key_2, min(source) AS kept, min(content) = max(content) AS identical
    FROM keys WHERE key_1 >> 32 & {_PASSES - 1} = $1 GROUP BY key_1, key_2 HAVING count(*) > 1
"""
_DOUBLE_ROWS = """
    SELECT source, warned, identical FROM keys JOIN doubles USING (key_1, key_2)
    WHERE NOT identical OR source <> kept ORDER BY source
"""


@dataclass(slots=True)
class Tally:
    """What was counted so far; ``rejected`` by the number of the first reason of each row."""

    read: int = 0
    warned: int = 0
    identical: int = 0
    rejected: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Batch:
    """What came out of one chunk: the accepted rows, to be sealed, and the rejected ones."""

    lines: bytes
    """Rows parted by ``ROW_SEPARATOR``; a row is its values in the definition's order and its
    number in the source, parted by ``VALUE_SEPARATOR``; in a change set its operation stands
    before the number."""
    rejections: tuple[Rejection, ...]
    warnings: tuple[Rejection, ...]
    """Accepted rows that break a rule which only warns."""


@dataclass(frozen=True, slots=True)
class Doubles:
    """Accepted rows that do not stand after all, by their number in the source.

    ``conflicting`` are those of them that are rejected, for their row key or for an item that must
    be unique; ``warnings`` stand although theirs is not.
    """

    dropped: tuple[int, ...]
    conflicting: tuple[Rejection, ...]
    warnings: tuple[Rejection, ...]


class Checker:
    """Checks one publication's chunks in order; ``changes`` says that it is a change set.

    ``today`` is what rules mean by it, ``register`` who knows other datasets.
    """

    def __init__(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        *,
        changes: bool = False,
        today: str = NO_DAY,
        register: Register | None = None,
    ) -> None:
        self.tally = Tally()
        self._dataset = dataset
        self._columns = tuple(columns)
        self._changes = changes
        self._today = today
        self._names = raw_columns(dataset, columns, changes=changes)
        self._profiler = Profiler(
            dataset,
            columns,
            hash_column,
            mode=CHANGES if changes else FULL,
            counted=f"{OPERATION} <> {literal(DELETE)}" if changes else "TRUE",
        )
        self._breaches = Breaches(dataset, columns, hash_column, changes=changes, register=register)
        self._database = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        for setting in _SETTINGS:
            self._database.execute(f"SET {setting}")
        self._database.execute(_KEYS)
        self._breaches.begin(self._rows)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def check(self, chunks: Sequence[bytes]) -> Batch:
        """Check the rows of the next chunks; several at once, because planning takes 20 ms.

        Raises ``PublicationBroken`` if they are no CSV of so many columns, or if rows are missing:
        they are numbered from 1 without a gap.
        """
        run = self._run
        self._load(b"".join(chunks))
        rows, first, last = self._one("SELECT count(*), min(source), max(source) FROM chunk")
        start = self.tally.read + 1
        if rows and (first, last) != (start, start + rows - 1):
            raise PublicationBroken(why="row-numbers")
        numbers = self._one("SELECT count(DISTINCT source) FROM chunk")[0]
        if numbers != rows:
            raise PublicationBroken(why="row-numbers")
        elsewhere = self._breaches.ask_elsewhere(self._rows)
        (lines,) = run(
            f"SELECT encode(string_agg(line, {literal(ROW_SEPARATOR)})) FROM chunk"
            f" WHERE worst < {INVALID}"
        ).fetchone() or (None,)
        # In a change set the later row of a key wins: there are no doubles to look for.
        if not self._changes:
            run(
                "INSERT INTO keys SELECT key_1, key_2, content, source, worst > 0 FROM chunk"
                f" WHERE worst < {INVALID}"
            )
        bad = run(
            f"SELECT source, why FROM chunk WHERE worst >= {INVALID} ORDER BY source"
        ).fetchall()
        absent: dict[int, list[Problem]] = {}
        for source, problem in elsewhere:
            absent.setdefault(source, []).append(problem)
        rejections = tuple(
            Rejection(source, (*self._problems(why or ()), *_refusals(absent.pop(source, ()))))
            for source, why in bad
        )
        still = [(source, problem) for source, each in absent.items() for problem in each]
        warnings = self._breaches.take(self._rows, still)
        self._profiler.take(self._rows)
        self.tally.read += rows
        self.tally.warned += self._one(
            f"SELECT count(*) FROM chunk WHERE worst BETWEEN {VALID + 1} AND {INVALID - 1}"
        )[0]
        self.tally.rejected.update(one.problems[0].reason for one in rejections)
        return Batch(lines or b"", rejections, warnings)

    @property
    def profile(self) -> Profile:
        """The profile of all rows so far."""
        return self._profiler.profile()

    @property
    def broken(self) -> Mapping[str, int]:
        """How many rows break each rule, by its code; complete after ``doubles``."""
        return self._breaches.counts

    def doubles(self) -> Doubles:
        """Which accepted rows are double, once all chunks were checked.

        Rows that say the same under one row key count once; rows that differ under one row key are
        all rejected, because nobody here can know which is right.
        """
        dropped: list[int] = []
        conflicting: list[int] = []
        for part in range(_PASSES):
            self._run(_DOUBLES, [part])
            for source, warned, identical in self._run(_DOUBLE_ROWS).fetchall():
                dropped.append(source)
                self.tally.warned -= warned
                if not identical:
                    conflicting.append(source)
            self._run("DROP TABLE doubles")
        self.tally.identical += len(dropped) - len(conflicting)
        if conflicting:
            self.tally.rejected[CONFLICTING] += len(conflicting)
        found = dict.fromkeys(conflicting, Problem("", CONFLICTING))
        shared, warnings = self._breaches.doubles(self._rows, dropped)
        if shared:
            self.tally.rejected[NOT_UNIQUE] += len(shared)
            self.tally.warned -= self._warned(shared)
        # Those of which something else was doubtful have been counted.
        doubtful = [one.row for one in warnings]
        self.tally.warned += len(doubtful) - self._warned(doubtful)
        found |= shared
        return Doubles(
            tuple(sorted([*dropped, *shared])),
            tuple(Rejection(source, (found[source],)) for source in sorted(found)),
            warnings,
        )

    def _warned(self, sources: Collection[int]) -> int:
        """How many of these rows were counted as warned."""
        self._run("CREATE OR REPLACE TEMP TABLE looked_for (source BIGINT)")
        listed = list(sources)
        for start in range(0, len(listed), _TOGETHER):
            rows = ", ".join(f"({source})" for source in listed[start : start + _TOGETHER])
            self._run(f"INSERT INTO looked_for VALUES {rows}")
        return self._one(
            "SELECT count(*) FROM keys SEMI JOIN looked_for USING (source) WHERE warned"
        )[0]

    def _load(self, rows: bytes) -> None:
        """Put the checked ``rows`` into the table ``chunk``."""
        # A row of zeros comes first: the first line end that DuckDB's reader sees is the one that
        # it goes by, be it inside a value. And one comes last: where a quotation mark was left
        # open, the reader drops what follows without a word, and this row with it.
        line_end = b"\r\n" if rows.endswith(b"\r\n") else b"\n"
        zeros = b"0" + b"," * (len(self._names) - 1) + line_end
        rows = zeros + rows + zeros
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in self._names)
        names = ", ".join(f"'{name}'" for name in self._names)
        descriptor = _in_memory(rows)
        # A row may be as long as its chunk; everything else is what RFC 4180 says.
        reader = (
            f"read_csv('{_FILES}{descriptor}', auto_detect = false, header = false,"
            f" delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}},"
            f" force_not_null = [{names}], strict_mode = true, null_padding = false,"
            f" parallel = false, compression = 'none', max_line_size = {len(rows)},"
            f" buffer_size = {2 * len(rows)})"
        )
        checked = check_rows(
            self._dataset, self._columns, reader, changes=self._changes, today=self._today
        )
        try:
            self._run(f"CREATE OR REPLACE TABLE chunk AS {checked}")
        finally:
            os.close(descriptor)
        if self._one("SELECT count(*) FROM chunk WHERE source = 0") != (2,):
            raise PublicationBroken(why="chunk-malformed")
        self._run("DELETE FROM chunk WHERE source = 0")

    def _run(self, sql: str, parameters: Sequence[int] = ()) -> duckdb.DuckDBPyConnection:
        """Run a statement; raises ``PublicationBroken``, because DuckDB's message shows rows."""
        try:
            return self._database.execute(sql, parameters)
        except duckdb.OutOfMemoryException:
            raise PublicationBroken(why="memory") from None
        except duckdb.InvalidInputException:
            raise PublicationBroken(why="chunk-malformed") from None
        except duckdb.Error:
            raise PublicationBroken(why="check") from None

    def _rows(self, sql: str) -> Sequence[Row]:
        found: list[Row] = self._run(sql).fetchall()
        return found

    def _one(self, sql: str) -> tuple[int, ...]:
        found: tuple[int, ...] | None = self._run(sql).fetchone()
        return found or ()

    def _problems(self, why: Sequence[int]) -> tuple[Problem, ...]:
        items = [item.code for item in self._dataset.items]
        # The operation is of the row as a whole; rules come last.
        places = [*items, *([""] if self._changes else [])]
        places += [rule.item for rule in value_rules(self._dataset)]
        if max(why[: len(items)], default=VALID) >= INVALID:
            # Rules were asked of values that mean nothing.
            why = [*why[: -len(value_rules(self._dataset)) or None]]
        return tuple(
            Problem(code, reason)
            for code, reason in zip(places, why, strict=False)
            if reason >= INVALID and reason in REASONS
        )


def _refusals(problems: Iterable[Problem]) -> Iterator[Problem]:
    return (problem for problem in problems if problem.reason >= INVALID)


def _in_memory(data: bytes) -> int:
    """An anonymous file in memory that holds ``data``; raises ``StorageRefused`` without such."""
    if not hasattr(os, "memfd_create") or not Path(_FILES).exists():
        raise StorageRefused(why="no-files-in-memory")
    descriptor = os.memfd_create("chunk", os.MFD_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
