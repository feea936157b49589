"""Where a department's own database is, and the password for it, which stands in a file.

The address is a URL:

    postgresql://user@host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem
    mysql://user@host:3306/database?ssl_ca=/path/ca.pem
    sqlite:///path/to/file.db
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.sources.errors import AddressRefused, PasswordRefused

System = Literal["postgresql", "mysql", "sqlite"]
NAMES: Mapping[System, str] = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}
_SCHEMES: Mapping[str, System] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_OPTIONS: Mapping[System, frozenset[str]] = {
    "postgresql": frozenset({"sslmode", "sslrootcert"}),
    "mysql": frozenset({"ssl_ca"}),
    "sqlite": frozenset(),
}
MAX_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is; ``database`` is the path for SQLite. No secret is in it."""

    system: System
    database: str
    host: str = ""
    port: int = 0
    user: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def read_address(url: str) -> Address:
    """Read a URL; raises ``AddressRefused``, also for one that has a password in it."""
    scheme, colon, rest = url.partition(":")
    system = _SCHEMES.get(scheme.lower())
    if not colon or system is None:
        raise AddressRefused(why="scheme")
    if system == "sqlite":
        path = unquote(rest.removeprefix("//"))
        if not path:
            raise AddressRefused(why="database")
        return Address(system, path)
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[system]
    except ValueError as error:
        raise AddressRefused(why="port") from error
    # Other users of the machine see the arguments of a command.
    if parts.password is not None:
        raise AddressRefused(why="password")
    options = dict(parse_qsl(parts.query))
    if not options.keys() <= _OPTIONS[system]:
        raise AddressRefused(why="options")
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname or not parts.username or not database or parts.fragment:
        raise AddressRefused(why="form")
    return Address(system, database, parts.hostname, port, unquote(parts.username), options)


def read_password(path: Path) -> str:
    """The first line of a file that only its owner may read; raises ``PasswordRefused``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077 and os.name == "posix":
                raise PasswordRefused(file=path.name, why="mode")
            line = file.readline(MAX_PASSWORD)
        password = line.decode("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordRefused(file=path.name, why="unreadable") from error
    if not password:
        raise PasswordRefused(file=path.name, why="empty")
    return password
