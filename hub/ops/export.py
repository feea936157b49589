"""``hub ledger export``: the log as files, for auditors who verify it without the hub.

    checkpoint, cosigned             signed notes: the newest, and the newest with cosignatures
    tile/<L>/<N>, tile/entries/<N>   hashes and leaves (C2SP tlog-tiles), as under ``/ledger``
    opened/<N>                       the control part of each entry of bundle N with its salt
    keys.json                        the hub's certificates and public keys

No *person* part and no *internal* part is in it, and nothing that opens one. Paths of control parts
end like those of the bundles. ``checkpoint`` is written last: without it an export was cut off.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from certs.authority import Authority
from certs.canonical import Json, canonical
from certs.encoding import b64u
from certs.leaf import SALT_BYTES
from certs.note import vkey
from hub.errors import HubError, NotFound
from hub.keys.known import checkpoint_keys
from hub.keys.listing import log_keys, receipt_keys
from hub.keys.register import registered
from hub.ledger.checkpoint import TILE, newest
from hub.ledger.origin import origins
from hub.ledger.tiles import bundle, tile, tile_path, tiles_of
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection

Progress = Callable[[int, int], None]


class ExportRefused(HubError):
    """Nothing was exported, or only a part; fact ``why``."""

    code = "export-refused"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    size: int
    root: bytes
    files: int


class Export:
    """One export into a folder that is new or empty, with the hub's public ``keys``.

    Raises ``ExportRefused``.
    """

    def __init__(self, connection: Connection, keys: Mapping[str, Json], folder: Path) -> None:
        self._connection = connection
        self._keys = keys
        self._folder = folder
        self._files = 0

    def run(self, progress: Progress) -> Exported:
        """Write everything as it stands at one moment; ``progress`` gets entries done and all."""
        self._prepare()
        # One transaction: the log ends exactly where the checkpoint does that is written.
        self._connection.execute("BEGIN")
        try:
            return self._run(progress)
        except NotFound as error:
            raise ExportRefused(why="damaged") from error
        except OSError as error:
            raise ExportRefused(why="unwritable") from error
        finally:
            self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(self._folder.iterdir()):
                raise ExportRefused(why="not-empty")
        except OSError as error:
            raise ExportRefused(why="unwritable") from error

    def _run(self, progress: Progress) -> Exported:
        published = newest(self._connection)
        if published is None:
            raise ExportRefused(why="no-checkpoint")
        for level, index, width in tiles_of(published.size):
            data = tile(self._connection, level, index, width)
            self._write(f"tile/{tile_path(level, index, width)}", data)
            if level == 0:
                name = tile_path(None, index, width)
                self._write(f"tile/{name}", bundle(self._connection, index, width))
                lines = b"".join(self._opened(index * TILE, width))
                self._write(name.replace("entries", "opened", 1), lines)
                progress(index * TILE + width, published.size)
        self._write("keys.json", canonical(self._keys) + b"\n")
        cosigned = self._connection.execute("SELECT note FROM cosigned").fetchone()
        if cosigned is not None:
            self._write("cosigned", cosigned[0].encode("utf-8"))
        self._write("checkpoint", published.note.encode("utf-8"))
        return Exported(published.size, published.root, self._files)

    def _opened(self, first: int, width: int) -> Iterator[bytes]:
        """The control parts of a bundle, one line each; the stored ones are canonical."""
        for position, control, salts in self._connection.execute(
            "SELECT position, control, salts FROM entries"
            " WHERE position >= ? AND position < ? ORDER BY position",
            (first, first + width),
        ):
            salt = b64u(salts[:SALT_BYTES])
            yield b'{"control":%b,"control_salt":"%b","index":%d}\n' % (
                control,
                salt.encode("ascii"),
                position,
            )

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
        self._files += 1


def public_keys(folder: Folder, settings: Settings, connection: Connection) -> dict[str, Json]:
    """What ``keys.json`` holds: nothing secret, and nothing that an auditor believes because of it.

    Raises errors of keys and certificates.
    """
    authority = Authority.load(folder.keys)
    checkpoints = checkpoint_keys(connection, folder.keys)
    register = registered(connection)
    ledger: list[Json] = [
        {
            "first": origin.first,
            "keys": log_keys(register, origin.text),
            "origin": origin.text,
            "vkeys": [vkey(origin.text, public) for public in checkpoints],
        }
        for origin in origins(connection, settings.name)
    ]
    return {
        "hub": settings.name,
        "issuing": [authority.issuing_pem.decode("ascii")],
        "jwks": {"keys": receipt_keys(register)},
        "ledger": ledger,
        "root": authority.root_pem.decode("ascii"),
    }
