"""MySQL and MariaDB, through PyMySQL: one read-only transaction, rows as they come, exact texts."""

import ssl
from collections.abc import Callable, Sequence

from connectors.sources.address import Address
from connectors.sources.database import Take
from connectors.sources.errors import ColumnUnusable, DatabaseFailed, DriverMissing
from connectors.sources.source import BATCH, Row

try:
    import pymysql
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions
    from pymysql.cursors import SSCursor
except ImportError as error:
    raise DriverMissing(extra="mysql") from error

CONNECT_SECONDS = 15
_Conversions = dict[int | type[object], Callable[[object], str] | Callable[[str], object]]
# Without the conversions by type of column every value stays the text that the server sends.
_AS_TEXT: _Conversions = {
    kind: each for kind, each in conversions.items() if not isinstance(kind, int)
}
_FLOATS = frozenset({FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE})


def run(address: Address, query: str, password: str | None, take: Take) -> None:
    """Run ``query`` to its end; raises ``DatabaseFailed`` or ``ColumnUnusable``."""
    try:
        authority = address.options.get("ssl_ca")
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            database=address.database,
            password=password or "",
            charset="utf8mb4",
            conv=_AS_TEXT,
            cursorclass=SSCursor,
            local_infile=False,
            connect_timeout=CONNECT_SECONDS,
            ssl=ssl.create_default_context(cafile=authority) if authority else None,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
                cursor.execute("SET SESSION time_zone = '+08:00'")
                cursor.execute("START TRANSACTION READ ONLY")
                cursor.execute(query)
                _take(cursor, take)
                connection.rollback()
        finally:
            connection.close()
    except (pymysql.MySQLError, OSError, ssl.SSLError) as error:
        code = error.args[0] if error.args else ""
        raise DatabaseFailed(why=str(code) if isinstance(code, int) else "connect") from None


def _take(cursor: SSCursor, take: Take) -> None:
    described = cursor.description or ()
    names = [str(column[0]) for column in described]
    floats = [int(column[1]) in _FLOATS for column in described]
    keep = take(names)
    while batch := cursor.fetchmany(BATCH):
        keep([_row(values, names, floats) for values in batch])


def _row(values: Sequence[str | bytes | None], names: Sequence[str], floats: Sequence[bool]) -> Row:
    found: list[str | None] = []
    for value, name, is_float in zip(values, names, floats, strict=True):
        if isinstance(value, bytes):
            raise ColumnUnusable(column=name, why="binary")
        # As everybody else writes it, so that digits that were lost are seen as lost.
        found.append(value.replace("e", "e+") if is_float and value else value)
    return tuple(found)
