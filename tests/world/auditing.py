"""An auditor with the one file, and a forger with every key of the hub.

The auditor's process finds the standard library and ``cryptography`` and nothing of ours; the
forger rewrites an export so that it agrees with itself again, under the real checkpoint key.
"""

import importlib.util
import io
import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from certs.canonical import Json, canonical
from certs.cosignature import cosign
from certs.encoding import unb64u
from certs.keys import PrivateKey, generate
from certs.leaf import leaf_bytes, part_digest, read_leaf
from certs.note import COSIGNATURE, Checkpoint, Note, read_note, sign_checkpoint, vkey
from certs.tree import Frontier, leaf_hash
from hub.ledger.checkpoint import TILE, perfect_root
from hub.ledger.tiles import tile_path
from hub.ops.export import Export, public_keys
from hub.runtime import Hub
from world.time import NOW

VERIFIER = Path(__file__).resolve().parents[2] / "certs" / "verifier" / "yifen_verify.py"
_ISOLATED = """
import runpy, sys
site, *sys.argv = sys.argv[1:]
sys.path.append(site)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
Members = dict[str, Json]


@dataclass(frozen=True)
class Verdict:
    """What the verifier said."""

    status: int
    told: dict[str, object]
    errors: str

    def _all(self, kind: str) -> list[dict[str, object]]:
        found = self.told.get(kind, [])
        assert isinstance(found, list)
        return found

    @property
    def faults(self) -> list[tuple[object, object]]:
        """Reason and position of each fault."""
        return [(one["why"], one["position"]) for one in self._all("faults")]

    @property
    def whys(self) -> set[object]:
        return {one["why"] for one in self._all("faults")}

    @property
    def remarks(self) -> set[object]:
        return {one["why"] for one in self._all("remarks")}

    @property
    def passed(self) -> set[object]:
        return {one["why"] for one in self._all("passed")}


def load() -> ModuleType:
    """The file as a module, loaded by its path as anybody would."""
    spec = importlib.util.spec_from_file_location("yifen_verify", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Auditor:
    """Somebody with a folder of their own, in which the verifier lies and nothing else of ours.

    ``here`` is the file loaded into this process, for the many tests that would start too many;
    without it each verification is a process of its own.
    """

    folder: Path
    here: ModuleType | None = None

    @classmethod
    def at(cls, folder: Path, here: ModuleType | None = None) -> "Auditor":
        """Bring the verifier, and ``cryptography`` with the compiled library that it needs."""
        site = folder / "site"
        site.mkdir(parents=True)
        for found in Path(sysconfig.get_path("purelib")).iterdir():
            if found.name == "cryptography" or found.name.startswith("_cffi_backend"):
                (site / found.name).symlink_to(found)
        (folder / VERIFIER.name).write_bytes(VERIFIER.read_bytes())
        return cls(folder, here)

    def python(self, code: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run code where nothing can be imported that does not lie in ``site``."""
        return subprocess.run(
            [sys.executable, "-I", "-S", "-W", "error", "-c", code, *words],
            cwd=self.folder,
            env={},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=100,
        )

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the verifier as its user would."""
        return self.python(_ISOLATED, "site", VERIFIER.name, *map(str, words))

    def verify(self, *words: str | Path) -> Verdict:
        """Run the verifier and read its JSON; what it calls broken must not be its own failure."""
        if self.here is not None:
            return self._verify_here(self.here, [*map(str, words), "--json"])
        done = self.run(*words, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        told = json.loads(done.stdout) if done.stdout else {}
        return Verdict(done.returncode, told, done.stderr)

    def _verify_here(self, module: ModuleType, words: list[str]) -> Verdict:
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            try:
                status = int(module.main(words))
            except SystemExit as ended:  # argparse, of words that it does not know
                status = int(str(ended.code))
        told = json.loads(output.getvalue()) if output.getvalue() else {}
        return Verdict(status, told, errors.getvalue())


@dataclass(frozen=True)
class Witness:
    """Somebody who cosigns."""

    name: str
    key: PrivateKey = field(default_factory=lambda: generate("ed25519"))

    @property
    def vkey(self) -> str:
        return vkey(self.name, self.key.public, COSIGNATURE)


def cosigned(note: str, witnesses: Iterable[Witness], now: int = NOW, over: str = "") -> str:
    """A note with cosignatures; ``over`` is the body that they are really over, if another."""
    read = read_note(note)
    text = read_note(over).text if over else read.text
    added = tuple(cosign(text, one.name, one.key, now) for one in witnesses)
    return Note(read.text, read.signatures + added).written


@dataclass(frozen=True)
class Entry:
    """One entry as an export has it; ``salt`` is that of its control part, base64url."""

    leaf: bytes
    control: Members
    salt: str

    def forged(
        self, *, kind: str | None = None, time: int | None = None, **control: Json
    ) -> "Entry":
        """The same with something changed and a leaf that agrees: what a hub can always do."""
        read = read_leaf(self.leaf)
        members = self.control | control
        digest = part_digest("control", unb64u(self.salt), canonical(members))
        leaf = leaf_bytes(
            kind or read.kind,
            read.time if time is None else time,
            digest,
            read.person,
            read.internal,
        )
        return Entry(leaf, members, self.salt)


def export_of(hub: Hub, folder: Path) -> Path:
    """What ``hub ledger export`` writes."""
    keys = public_keys(hub.folder, hub.settings, hub.reading)
    Export(hub.reading, keys, folder).run(lambda _done, _all: None)
    return folder


def entries_of(folder: Path) -> list[Entry]:
    """The entries of an export."""
    size = int((folder / "checkpoint").read_text("utf-8").split("\n")[1])
    found: list[Entry] = []
    for index in range(-(-size // TILE)):
        width = min(TILE, size - index * TILE)
        name = tile_path(None, index, width)
        leaves = split_bundle((folder / "tile" / name).read_bytes())
        lines = (folder / name.replace("entries", "opened", 1)).read_text("utf-8").splitlines()
        for leaf, line in zip(leaves, lines, strict=True):
            told = json.loads(line)
            found.append(Entry(leaf, told["control"], told["control_salt"]))
    return found


def split_bundle(data: bytes) -> list[bytes]:
    """The leaves of a bundle."""
    leaves = []
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        leaves.append(data[2:end])
        data = data[end:]
    return leaves


def join_bundle(leaves: Sequence[bytes]) -> bytes:
    """A bundle of leaves."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def write_export(folder: Path, entries: Sequence[Entry], sign: Callable[[int, bytes], str]) -> Path:
    """An export that agrees with itself; ``sign`` makes the note of a size and root."""
    levels = [[leaf_hash(entry.leaf) for entry in entries]]
    while len(levels[-1]) >= TILE:
        below = levels[-1]
        full = range(0, len(below) - len(below) % TILE, TILE)
        levels.append([perfect_root(b"".join(below[i : i + TILE])) for i in full])
    for level, hashes in enumerate(levels):
        for index in range(-(-len(hashes) // TILE)):
            tile = hashes[index * TILE : (index + 1) * TILE]
            _write(folder, f"tile/{tile_path(level, index, len(tile))}", b"".join(tile))
    for index in range(-(-len(entries) // TILE)):
        first = index * TILE
        chosen = entries[first : first + TILE]
        name = tile_path(None, index, len(chosen))
        _write(folder, f"tile/{name}", join_bundle([entry.leaf for entry in chosen]))
        lines = [
            canonical({"control": e.control, "control_salt": e.salt, "index": i}) + b"\n"
            for i, e in enumerate(chosen, start=first)
        ]
        _write(folder, name.replace("entries", "opened", 1), b"".join(lines))
    _write(folder, "checkpoint", sign(len(entries), root_of(entries)).encode())
    return folder


def root_of(entries: Sequence[Entry]) -> bytes:
    """The root over entries."""
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry.leaf))
    return frontier.root()


def signer_of(hub: Hub, origin: str | None = None) -> Callable[[int, bytes], str]:
    """Signs checkpoints with the hub's real key."""
    key = PrivateKey.load(hub.folder.keys / "checkpoint.key")
    name = origin or hub.origin

    def sign(size: int, root: bytes) -> str:
        return sign_checkpoint(Checkpoint(name, size, root), name, key)

    return sign


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
