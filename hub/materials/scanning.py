r"""Looking for malware: a replaceable part, and the one that speaks clamd's INSTREAM.

Whoever puts another in its place writes a ``Scanner``. clamd(8): ``zINSTREAM\0``, then pieces with
their length in four bytes, then a length of zero; the answer is ``stream: OK`` or
``stream: <name> FOUND``.
"""

import socket
from collections.abc import Iterable
from typing import Protocol

from hub.errors import StorageRefused

TIMEOUT = 60.0
_ANSWER = 4096
_OK, _FOUND = b"stream: OK", b" FOUND"


class Scanner(Protocol):
    """Looks through a file."""

    def finds(self, pieces: Iterable[bytes]) -> bool:
        """Whether there is malware in it; raises ``StorageRefused`` if that cannot be said."""


class Clamd:
    """A scanner at ``unix:/path`` or ``tcp:host:port``."""

    def __init__(self, address: str) -> None:
        self._address = address

    def finds(self, pieces: Iterable[bytes]) -> bool:
        """Send the file; anything but a clear answer is none."""
        try:
            with self._connect() as connection:
                _send(connection, pieces)
                answer = _receive(connection).rstrip(b"\0\n")
        except (OSError, ValueError) as error:
            raise StorageRefused(why="scanner") from error
        if answer.endswith(_FOUND):
            return True
        if answer != _OK:
            raise StorageRefused(why="scanner")
        return False

    def ping(self) -> None:
        """Raise ``StorageRefused`` unless it answers."""
        try:
            with self._connect() as connection:
                connection.sendall(b"zPING\0")
                answer = _receive(connection).rstrip(b"\0\n")
        except (OSError, ValueError) as error:
            raise StorageRefused(why="scanner") from error
        if answer != b"PONG":
            raise StorageRefused(why="scanner")

    def _connect(self) -> socket.socket:
        kind, _, rest = self._address.partition(":")
        if kind == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(TIMEOUT)
            try:
                connection.connect(rest)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = rest.rpartition(":")
        return socket.create_connection((host, int(port)), TIMEOUT)


def scanner_of(address: str | None) -> Clamd | None:
    """The scanner of the settings; None where there is none."""
    return None if address is None else Clamd(address)


def _send(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    connection.sendall(b"zINSTREAM\0")
    for piece in pieces:
        connection.sendall(len(piece).to_bytes(4, "big"))
        connection.sendall(piece)
    connection.sendall(bytes(4))


def _receive(connection: socket.socket) -> bytes:
    answer = b""
    while len(answer) < _ANSWER and (data := connection.recv(_ANSWER)):
        answer += data
        if data.endswith((b"\0", b"\n")):
            break
    return answer
