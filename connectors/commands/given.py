"""What the arguments of ``connector publish`` name: one source, or two of a change set."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalog.definition import Dataset
from connectors.sources.address import read_address, read_password
from connectors.sources.changes import with_deletes
from connectors.sources.database import open_query
from connectors.sources.errors import OperationMissing, SourceUnclear
from connectors.sources.mapping import ColumnMapping, match_columns
from connectors.sources.opening import open_source
from connectors.sources.operations import OPERATION, find_operation
from connectors.sources.source import Source
from connectors.sources.upload import Order

_MAX_QUERY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Query:
    """A query against a database, and where the password of it is."""

    url: str
    text: str
    password_file: Path | None


@dataclass(frozen=True, slots=True)
class Given:
    """A dataset with its source: a file, a query, or the keys of rows to delete.

    ``operation_column``, ``deletes`` and a source without either make a change set only with
    ``changes``. ``sequence`` None: the next one of a change set, none of a snapshot.
    """

    dataset: str
    file: Path | None = None
    query: Query | None = None
    sheet: str | None = None
    corrections: Mapping[str, str] | None = None
    changes: bool = False
    operation_column: str | None = None
    deletes: Path | None = None
    sequence: int | None = None

    def check(self) -> None:
        """Raise ``SourceUnclear`` unless the parts go together."""
        if not self.changes and (self.deletes is not None or self.operation_column is not None):
            raise SourceUnclear(why="changes-only")
        if self.deletes is not None and self.operation_column is not None:
            raise SourceUnclear(why="operations-twice")
        if self.file is not None and self.query is not None:
            raise SourceUnclear(why="file-or-sql")
        if self.file is None and self.query is None and self.deletes is None:
            raise SourceUnclear(why="file-or-sql")


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that was looked through, how its columns are read, and what is to be published."""

    source: Source
    mapping: ColumnMapping
    order: Order


@contextmanager
def opened(given: Given, definition: Dataset, home: Path) -> Iterator[Opened]:
    """Look the source through, whole; raises ``SourceError`` subclasses."""
    with ExitStack() as stack:
        source, mapping = _opened(given, definition, home, stack)
        name = source.name
        if given.deletes is not None and given.deletes.name != name:
            name = f"{name} + {given.deletes.name}"
        order = Order(
            dataset=given.dataset,
            source=name,
            columns=tuple(mapping.items),
            mode="changes" if given.changes else "full",
            sequence=given.sequence,
        )
        yield Opened(source, mapping, order)


def _opened(
    given: Given, definition: Dataset, home: Path, stack: ExitStack
) -> tuple[Source, ColumnMapping]:
    corrections = given.corrections or {}
    main = _main(given, definition, home, stack)
    if not given.changes:
        if main is None:
            raise SourceUnclear(why="file-or-sql")
        return main, match_columns(main.columns, definition, corrections)
    deletes = None
    if given.deletes is not None:
        deletes = open_source(given.deletes, definition, corrections)
    if main is None:
        return with_deletes(None, deletes, definition, corrections)
    operation = find_operation(main.columns, given.operation_column)
    mapping = match_columns(main.columns, definition, corrections, operation=operation)
    if operation is not None and deletes is not None:
        raise SourceUnclear(why="operations-twice")
    if operation is not None:
        return main, mapping
    if deletes is None:
        # Whatever stands under another heading must not be taken for rows to put in.
        raise OperationMissing(column=OPERATION.code)
    return with_deletes((main, mapping), deletes, definition, corrections)


def _main(given: Given, definition: Dataset, home: Path, stack: ExitStack) -> Source | None:
    if given.query is not None:
        password_file = given.query.password_file
        return stack.enter_context(
            open_query(
                read_address(given.query.url),
                given.query.text,
                password=None if password_file is None else read_password(password_file),
                folder=home,
                beside=Path(f"{given.dataset}.sql"),
            )
        )
    if given.file is None:
        return None
    return open_source(given.file, definition, given.corrections or {}, given.sheet)


def read_query(
    url: str | None, query: str | None, query_file: Path | None, password_file: Path | None
) -> Query | None:
    """The query, if there is one; raises ``SourceUnclear`` unless it is one."""
    if url is None:
        if query is not None or query_file is not None:
            raise SourceUnclear(why="query-without-sql")
        return None
    if (query is None) == (query_file is None):
        raise SourceUnclear(why="one-query")
    if query_file is None:
        return Query(url, query or "", password_file)
    try:
        with query_file.open(encoding="utf-8-sig") as text:
            return Query(url, text.read(_MAX_QUERY), password_file)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnclear(why="query-file") from error
