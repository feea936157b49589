"""A department's own database: exact texts, one reading transaction, and a password in a file.

MySQL is tried on MariaDB, which Debian has; Oracle's MySQL itself was not run.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest

from connectors.sources.address import read_address, read_password
from connectors.sources.database import open_query
from connectors.sources.errors import (
    AddressRefused,
    ColumnTwice,
    ColumnUnusable,
    DatabaseFailed,
    PasswordRefused,
    SourceEmpty,
)

sys.path.insert(0, str(Path(__file__).parent))

import databases
from databases import Server

# One worker starts the servers, not each.

Require = Callable[[object, str], None]
SOUND = """
    SELECT 'é' AS text, 110101199001011237 AS number, CAST(1.50 AS DECIMAL(10, 2)) AS money,
        CAST('2026-01-05' AS DATE) AS day, NULL AS absent, '' AS blank
"""
COLUMNS = ("text", "number", "money", "day", "absent", "blank")
ROW = ("é", "110101199001011237", "1.50", "2026-01-05", None, None)


@pytest.fixture(scope="session")
def postgresql(require: Require) -> Iterator[Server]:
    programs = databases.postgres_folder()
    require(programs, "PostgreSQL is not installed (postgresql-15)")
    with databases.postgresql(programs or Path()) as server:
        with psycopg.connect(server.url, password=server.password, autocommit=True) as connection:
            connection.execute("CREATE TABLE people (id bigint, name text)")
            connection.execute(
                "INSERT INTO people SELECT n, '居民' || n FROM generate_series(1, 30000) n"
            )
        yield server


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Iterator[Server]:
    require(databases.MARIADB.exists(), "MariaDB is not installed (mariadb-server-core)")
    with databases.mariadb(tmp_path_factory.mktemp("mysql")) as server:
        connection = pymysql.connect(
            host="127.0.0.1", port=server.port, user="root", password=server.password
        )
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE town CHARACTER SET utf8mb4")
            cursor.execute("CREATE TABLE town.people (id bigint, name varchar(20))")
            cursor.execute(
                "INSERT INTO town.people SELECT seq, CONCAT('居民', seq) FROM town.seq_1_to_30000"
            )
        connection.commit()
        connection.close()
        yield server


@pytest.fixture
def sqlite(tmp_path: Path) -> Server:
    path = tmp_path / "town ä?#.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id integer, name text)")
        connection.executemany(
            "INSERT INTO people VALUES (?, ?)", ((n, f"居民{n}") for n in range(1, 30_001))
        )
    connection.close()
    return Server(f"sqlite://{path}".replace("?", "%3F").replace("#", "%23"), 0)


@pytest.fixture(params=["postgresql", "mysql", "sqlite"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def found(server: Server, query: str, folder: Path) -> tuple[tuple[str, ...], list[object]]:
    password = server.password if server.port else None
    with open_query(
        read_address(server.url), query, password=password, folder=folder, beside=folder / "x.sql"
    ) as source:
        every = range(len(source.columns))
        first = [row for batch in source.rows(every) for row in batch]
        assert [row for batch in source.rows(every) for row in batch] == first
        assert list(folder.glob("*.tmp")) == []
        return source.columns, first


def test_values_are_their_exact_texts(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    query = SOUND
    if not server.port:
        # SQLite has neither decimals nor days.
        query = query.replace("CAST(1.50 AS DECIMAL(10, 2))", "'1.50'")
        query = query.replace("CAST('2026-01-05' AS DATE)", "'2026-01-05'")
    columns, rows = found(server, query, folder)
    assert (columns, rows) == (COLUMNS, [ROW])
    # What is kept has no name in any folder.
    assert list(folder.iterdir()) == []


def test_many_rows_come_whole_and_in_order(server: Server, tmp_path: Path) -> None:
    _, rows = found(server, "SELECT id, name FROM people ORDER BY id", tmp_path)
    assert rows == [(str(n), f"居民{n}") for n in range(1, 30_001)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nosuch FROM people",
        "SELECT 1; DROP TABLE people",
        "SELECT 1; COMMIT; DROP TABLE people",
        "SELECT id FROM people /*",
        "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone",
    ],
)
def test_query_that_does_more_than_read_is_refused(
    query: str, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseFailed) as failed:
        found(server, query, tmp_path)
    assert "people" not in str(failed.value)
    assert len(found(server, "SELECT id FROM people", tmp_path)[1]) == 30_000


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE people",
        "DELETE FROM people",
        "INSERT INTO people VALUES (1, 'x')",
        "  -- SELECT\nDELETE FROM people",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "",
    ],
)
def test_what_is_plainly_no_reading_does_not_reach_the_database(query: str, tmp_path: Path) -> None:
    address = read_address("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(AddressRefused):
        open_query(address, query, password=None, folder=tmp_path, beside=tmp_path)


@pytest.mark.parametrize(
    "query", ["DROP TABLE people", "DELETE FROM people", "CREATE TABLE x (a int)", "COMMIT"]
)
def test_the_transaction_itself_only_reads(
    query: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody looks at the query first."""
    monkeypatch.setattr("connectors.sources.database.is_reading", lambda _: True)
    with pytest.raises((DatabaseFailed, SourceEmpty)):
        found(server, query, tmp_path)
    monkeypatch.undo()
    assert len(found(server, "SELECT id FROM people", tmp_path)[1]) == 30_000


def test_nothing_that_a_query_makes_is_kept(postgresql: Server, tmp_path: Path) -> None:
    """Some servers let a read-only transaction make large objects: it is rolled back."""
    found(postgresql, "SELECT lo_create(4711)", tmp_path)
    with psycopg.connect(postgresql.url, password=postgresql.password) as connection:
        (count,) = connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone()
    assert count == 0


def test_types_of_postgresql(postgresql: Server, tmp_path: Path) -> None:
    query = """
        SELECT true AS a, false AS b, 1.1010119900101123e17::float8 AS c, 0.1::float4 AS d,
            timestamptz '2026-01-04 16:00:00+00' AS e, timestamp '2026-01-05 00:00:00' AS f,
            'x'::char(3) AS g, 12345678901234567890.5::numeric AS h
    """
    assert found(postgresql, query, tmp_path)[1] == [
        (
            *("true", "false", "1.1010119900101123e+17", "0.1"),
            *("2026-01-05 00:00:00", "2026-01-05 00:00:00", "x  ", "12345678901234567890.5"),
        )
    ]
    with pytest.raises(ColumnUnusable):
        found(postgresql, "SELECT 'x'::bytea AS a", tmp_path)


def test_types_of_mysql(mysql: Server, tmp_path: Path) -> None:
    query = "SELECT true AS a, 1.1010119900101123e17 AS b, CAST('x' AS CHAR) AS c, 1e0 AS d"
    assert found(mysql, query, tmp_path)[1] == [("1", "1.1010119900101123e+17", "x", "1")]
    with pytest.raises(ColumnUnusable):
        found(mysql, "SELECT CAST('x' AS BINARY) AS a", tmp_path)


def test_types_of_sqlite(sqlite: Server, tmp_path: Path) -> None:
    query = "SELECT 1.5 AS a, 5.0 AS b, 1.1e17 AS c, 0.1 AS d"
    assert found(sqlite, query, tmp_path)[1] == [("1.5", "5", "1.1e+17", "0.1")]
    with pytest.raises(ColumnUnusable):
        found(sqlite, "SELECT x'00' AS a", tmp_path)


@pytest.mark.parametrize("query", ["ATTACH 'x' AS y", "PRAGMA user_version = 9", "VACUUM"])
def test_sqlite_file_is_not_changed_and_no_other_is_opened(
    query: str, sqlite: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(tmp_path.glob("*.db"))
    before = path.read_bytes()
    monkeypatch.setattr("connectors.sources.database.is_reading", lambda _: True)
    with pytest.raises(DatabaseFailed):
        found(sqlite, query, tmp_path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_wrong_password_and_no_server(postgresql: Server, mysql: Server, tmp_path: Path) -> None:
    for server in (postgresql, mysql):
        with pytest.raises(DatabaseFailed) as failed:
            found(Server(server.url, server.port, "wrong"), "SELECT 1", tmp_path)
        assert failed.value.facts["why"] in {"connect", "1045"}
        nowhere = server.url.replace(str(server.port), str(databases.free_port()))
        with pytest.raises(DatabaseFailed) as failed:
            found(Server(nowhere, 1), "SELECT 1", tmp_path)
        assert failed.value.facts["why"] in {"connect", "2003"}
    with pytest.raises(DatabaseFailed):
        found(Server("sqlite:///no/such/file.db", 0), "SELECT 1", tmp_path)


def test_rows_without_any_and_columns_twice(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty):
        found(server, "SELECT id FROM people WHERE 1 = 0", tmp_path)
    with pytest.raises(ColumnTwice):
        found(server, "SELECT id AS a, name AS a FROM people", tmp_path)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://user:secret@host/db", "password"),
        ("mysql://user:@host/db", "password"),
        ("oracle://user@host/db", "scheme"),
        ("host/db", "scheme"),
        ("postgresql://host/db", "form"),
        ("postgresql://user@host", "form"),
        ("postgresql://user@host:port/db", "port"),
        ("postgresql://user@host/db?options=-c%20x", "options"),
        ("postgresql://user@host/db?sslmode=require&host=other", "options"),
        ("sqlite:", "database"),
        ("sqlite://", "database"),
    ],
)
def test_address_that_is_refused(url: str, why: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        read_address(url)
    assert refused.value.facts == {"why": why}
    assert "secret" not in str(refused.value)


def test_address() -> None:
    address = read_address("postgresql://u%40x@db.example:5433/a%20b?sslmode=verify-full")
    assert (address.system, address.user, address.database) == ("postgresql", "u@x", "a b")
    assert (address.host, address.port) == ("db.example", 5433)
    assert address.options == {"sslmode": "verify-full"}
    assert read_address("mysql://u@h/d").port == 3306
    assert read_address("sqlite:///srv/x.db").database == "/srv/x.db"
    assert read_address("sqlite:x.db").database == "x.db"


def test_password_stands_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("p w ä\r\nmore\n", encoding="utf-8")
    for mode in (0o640, 0o604, 0o622):
        path.chmod(mode)
        with pytest.raises(PasswordRefused) as refused:
            read_password(path)
        assert refused.value.facts["why"] == "mode"
    path.chmod(0o600)
    assert read_password(path) == "p w ä"
    path.write_text("\nx\n")
    with pytest.raises(PasswordRefused):
        read_password(path)
    with pytest.raises(PasswordRefused):
        read_password(tmp_path / "none")
