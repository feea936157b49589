"""PostgreSQL, through psycopg 3: one read-only transaction, a cursor on the server, exact texts."""

import re
from collections.abc import Callable, Sequence

from connectors.sources.address import Address
from connectors.sources.database import Take
from connectors.sources.errors import ColumnUnusable, DatabaseFailed, DriverMissing
from connectors.sources.source import BATCH, Row

try:
    import psycopg
    from psycopg.abc import Buffer
    from psycopg.adapt import Loader
    from psycopg.conninfo import make_conninfo
except ImportError as error:
    raise DriverMissing(extra="postgresql") from error

CONNECT_SECONDS = 15
_BOOLEAN, _BYTES, _ZONED = 16, 17, 1184
"""Numbers of types, fixed for ever (pg_type.dat): bool, bytea, timestamptz."""
_OFFSET = re.compile(r"[+-][0-9]{2}(?::[0-9]{2}){0,2}\Z")
_TRUTH = {"t": "true", "f": "false"}
Shape = Callable[[str], str]


class _Text(Loader):
    """Every value as the text that the server sends: nothing is a float on its way."""

    def load(self, data: Buffer) -> str:
        """The text of a value."""
        return bytes(data).decode("utf-8")


def run(address: Address, query: str, password: str | None, take: Take) -> None:
    """Run ``query`` to its end; raises ``DatabaseFailed`` or ``ColumnUnusable``.

    A password that is not given is looked for where libpq does: ``PGPASSFILE`` or ``~/.pgpass``.
    """
    try:
        with psycopg.connect(_told(address, password)) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for kind in psycopg.adapters.types:
                connection.adapters.register_loader(kind.oid, _Text)
            connection.adapters.register_loader(0, _Text)
            connection.execute("SET LOCAL datestyle TO 'ISO, YMD'")
            connection.execute("SET LOCAL timezone TO 'Asia/Shanghai'")
            # DECLARE takes one query, and only one that reads.
            with connection.cursor(name="yifen") as cursor:
                cursor.execute(query.encode("utf-8"))
                described = cursor.description or []
                keep = take([column.name for column in described])
                shapes = [_shape(column.name, column.type_code) for column in described]
                while batch := cursor.fetchmany(BATCH):
                    keep([_row(values, shapes) for values in batch])
            # Leaving commits, and some servers let a read-only transaction make large objects.
            connection.rollback()
    except psycopg.Error as error:
        raise DatabaseFailed(why=error.sqlstate or "connect") from None


def _told(address: Address, password: str | None) -> str:
    """What libpq is told; it stands in no argument of a process."""
    return make_conninfo(
        "",
        host=address.host,
        port=address.port,
        user=address.user,
        dbname=address.database,
        password=password,
        application_name="yifen connector",
        connect_timeout=CONNECT_SECONDS,
        client_encoding="utf-8",
        **address.options,
    )


def _shape(name: str, kind: int) -> Shape | None:
    if kind == _BYTES:
        raise ColumnUnusable(column=name, why="bytea")
    if kind == _BOOLEAN:
        return lambda text: _TRUTH[text]
    if kind == _ZONED:
        return lambda text: _OFFSET.sub("", text)
    return None


def _row(values: Sequence[str | None], shapes: Sequence[Shape | None]) -> Row:
    return tuple(
        value if not value or shape is None else shape(value)
        for value, shape in zip(values, shapes, strict=True)
    )
