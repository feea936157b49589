"""Errors of what is to be published: files, workbooks, queries, and what their columns mean.

SourceError              a file or a query that cannot be published
├── SourceMissing        fact file
├── SourceEmpty          fact file
├── SourceEncoding       facts file, line, byte
├── SourceMalformed      facts file, line, why
├── SourceUnread         facts file, limit, lines
├── WorkbookBroken       facts file, why
├── SheetUnknown         facts file, sheet, sheets
├── SheetUnclear         facts file, sheets
├── ColumnUnusable       facts column, why
├── SourceUnclear        fact why
├── AddressRefused       fact why
├── PasswordRefused      facts file, why
├── DriverMissing        fact extra
├── DatabaseFailed       fact why
├── ColumnTwice          fact column
├── TooManyColumns       facts found, limit
├── ColumnsUnmatched     no column is an item of the dataset
├── ItemTwice            facts item, columns
├── ItemsMissing         fact items
├── MappingRefused       facts entry, why
├── OperationMissing     no such column of operations; fact column
├── ScheduleUnclear      not a time to publish at; fact given
├── RowTooLong           facts row, limit
├── SourceChanged        the file changed while it was read; fact file
└── TargetExists         fact file
"""

from connectors.errors import ConnectorError


class SourceError(ConnectorError):
    """A file that cannot be published."""

    code = "source-error"


class SourceMissing(SourceError):
    """There is no such file, or it cannot be read; fact ``file``."""

    code = "source-missing"


class SourceEmpty(SourceError):
    """The file has no header or no row; fact ``file``."""

    code = "source-empty"


class SourceEncoding(SourceError):
    """A byte is text in no encoding that we read; facts ``file``, ``line`` and ``byte``."""

    code = "source-encoding"


class SourceMalformed(SourceError):
    """The file does not hold the form that it has; facts ``file``, ``line`` and ``why``."""

    code = "source-malformed"


class SourceUnread(SourceError):
    """More rows than ``limit`` cannot be read as rows; facts ``file``, ``limit``, ``lines``."""

    code = "source-unread"


class WorkbookBroken(SourceError):
    """The file is no workbook that we read; facts ``file`` and ``why``."""

    code = "source-workbook-broken"


class SheetUnknown(SourceError):
    """The workbook has no such sheet; facts ``file``, ``sheet`` and ``sheets``."""

    code = "source-sheet-unknown"


class SheetUnclear(SourceError):
    """No sheet's headings are those of the dataset; facts ``file`` and ``sheets``."""

    code = "source-sheet-unclear"


class ColumnUnusable(SourceError):
    """A column's values are no single values; facts ``column`` and ``why`` (its type)."""

    code = "source-column-unusable"


class SourceUnclear(SourceError):
    """The arguments name no source, or more than one; fact ``why``."""

    code = "source-unclear"


class AddressRefused(SourceError):
    """An address of a database that is not used; fact ``why``."""

    code = "source-address-refused"


class PasswordRefused(SourceError):
    """The file of the database's password is not used; facts ``file`` and ``why``."""

    code = "source-password-refused"


class DriverMissing(SourceError):
    """The driver of this kind of database is not installed; fact ``extra``."""

    code = "source-driver-missing"


class DatabaseFailed(SourceError):
    """The database cannot be reached, or refuses the query; fact ``why``, without its words."""

    code = "source-database-failed"


class ColumnTwice(SourceError):
    """The header names a column twice; fact ``column``."""

    code = "source-column-twice"


class TooManyColumns(SourceError):
    """The header has more columns than we read; facts ``found`` and ``limit``."""

    code = "source-too-many-columns"


class ColumnsUnmatched(SourceError):
    """No column is an item of the dataset; fact ``dataset``."""

    code = "source-columns-unmatched"


class ItemTwice(SourceError):
    """Two columns claim one item; facts ``item`` and ``columns``."""

    code = "source-item-twice"


class ItemsMissing(SourceError):
    """Items that every row must have are no columns; fact ``items``."""

    code = "source-items-missing"


class MappingRefused(SourceError):
    """A correction of the mapping makes no sense; facts ``entry`` and ``why``."""

    code = "source-mapping-refused"


class OperationMissing(SourceError):
    """No column has the heading that was named for operations; fact ``column``."""

    code = "source-operation-missing"


class ScheduleUnclear(SourceError):
    """Not a time to publish at; fact ``given``."""

    code = "source-schedule-unclear"


class RowTooLong(SourceError):
    """One row is longer than the hub takes; facts ``row`` and ``limit``."""

    code = "source-row-too-long"


class SourceChanged(SourceError):
    """The file changed while it was read; fact ``file``."""

    code = "source-changed"


class TargetExists(SourceError):
    """A file would be overwritten; fact ``file``."""

    code = "source-target-exists"
