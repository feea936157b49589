"""A run's file writes, read from ``strace``, and the disk as it was at each moment.

What a process wrote and did not sync may be gone after a power cut, or be there, or be there in
part; a name that was given or taken away is as it was until its folder is synced. An fsync that
fails is the last one for what was written before it: the kernel holds those pages for clean, and
no later fsync of the file writes them.
"""

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink"
SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""
_CALL = re.compile(
    r"(?P<begun>\d+\.\d+) (?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)"
    r".*<(?P<took>[\d.]+)>$"
)
_ON_FILE = re.compile(r"\d+<(?P<path>[^>]*)>(?:, (?P<rest>.*))?$")
_BYTES = re.compile(r'"(?P<hex>(?:\\x[0-9a-f]{2})*)"(?:, (?P<length>\d+))?(?:, (?P<offset>\d+))?$')


@dataclass(frozen=True)
class Act:
    """One thing done to a file, from when it was ``begun`` until it was complete ``at``.

    ``kind`` is ``write``, ``truncate``, ``rename``, ``unlink``, ``sync``, or ``spoilt``: a sync
    that failed.
    """

    begun: float
    at: float
    kind: str
    path: Path
    offset: int = 0
    data: bytes = b""
    other: Path | None = None


def command(output: Path, fault: str = "") -> list[str]:
    """What to run a program under; each thread's calls go into a file of its own.

    ``fault`` is put into its system calls (strace's ``inject``).
    """
    faults = ["-e", f"inject={fault}"] if fault else []
    return [
        "strace",
        "-ff",
        "-ttt",
        "-T",
        "-y",
        "-xx",
        "-s",
        "16777216",
        "-e",
        f"trace={CALLS}",
        *faults,
        "-e",
        "signal=none",
        "-o",
        str(output),
    ]


def read_acts(folder: Path, name: str, root: Path) -> list[Act]:
    """All acts on files beneath ``root``, in their order."""
    acts: list[Act] = []
    for part in folder.glob(f"{name}.*"):
        for line in part.read_text(encoding="ascii").splitlines():
            acts.extend(act for act in _acts(line) if act.path.is_relative_to(root))
    return sorted(acts, key=lambda act: act.at)


def _acts(line: str) -> Iterator[Act]:
    match = _CALL.match(line)
    if match is None:
        return
    begun = float(match["begun"])
    at = begun + float(match["took"])
    name, arguments, failed = match["name"], match["arguments"], int(match["result"]) < 0
    if name in {"fsync", "fdatasync"}:
        on_file = _ON_FILE.match(arguments)
        if on_file is not None:
            yield Act(begun, at, "spoilt" if failed else "sync", _path(on_file["path"]))
    elif failed:
        return
    elif name in {"rename", "unlink"}:
        paths = [_path(quoted) for quoted in re.findall(r'"([^"]*)"', arguments)]
        yield Act(begun, at, name, paths[0], other=paths[1] if len(paths) > 1 else None)
    elif name == "openat":
        if "O_TRUNC" in arguments:
            yield Act(begun, at, "truncate", _path(re.findall(r'"([^"]*)"', arguments)[0]))
    else:
        yield from _changes(begun, at, match)


def _changes(begun: float, at: float, match: re.Match[str]) -> Iterator[Act]:
    """What a call does to the bytes of a file."""
    on_file = _ON_FILE.match(match["arguments"])
    if on_file is None:
        return
    path, rest = _path(on_file["path"]), on_file["rest"] or ""
    if match["name"] == "ftruncate":
        yield Act(begun, at, "truncate", path, offset=int(rest))
        return
    written = _BYTES.match(rest)
    if written is not None:
        data = bytes.fromhex(written["hex"].replace("\\x", ""))
        offset = int(written["offset"]) if written["offset"] else -1
        yield Act(begun, at, "write", path, offset, data[: int(match["result"])])


def _path(text: str) -> Path:
    if "\\x" in text:
        return Path(bytes.fromhex(text.replace("\\x", "")).decode())
    return Path(text)


@dataclass
class _Syncs:
    """The syncs that were complete when the power went, by file or folder."""

    done: dict[Path, list[Act]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def until(cls, acts: Sequence[Act], at: float) -> "_Syncs":
        syncs = cls()
        for act in acts:
            if act.kind in {"sync", "spoilt"} and act.at <= at:
                syncs.done[act.path].append(act)
        return syncs

    def durable(self, act: Act) -> bool:
        """Whether the next sync after an act, of its file or of its folder, went well."""
        path = act.path.parent if act.kind in {"rename", "unlink"} else act.path
        following = next((sync for sync in self.done[path] if sync.begun >= act.at), None)
        return following is not None and following.kind == "sync"


def power_cut(
    before: Path,
    root: Path,
    acts: Sequence[Act],
    at: float,
    to: Path,
    chance: random.Random | None = None,
) -> None:
    """Rebuild ``root`` under ``to`` as a disk after the power was cut ``at`` a moment.

    ``before`` is the folder as it stood when the trace began. All that was not synced is forgotten;
    with a ``chance``, each bit of it by chance, and of a write perhaps some sectors only.
    """
    shutil.copytree(before, to)
    syncs = _Syncs.until(acts, at)
    ends: dict[Path, int] = {}
    for act in acts:
        if act.at > at:
            break
        target = to / act.path.relative_to(root)
        kept = 1.0 if syncs.durable(act) else _kept(chance)
        if act.kind == "rename" and act.other is not None:
            if kept and target.exists():
                target.replace(to / act.other.relative_to(root))
        elif act.kind == "unlink":
            if kept:
                target.unlink(missing_ok=True)
        elif act.kind in {"write", "truncate"}:
            _apply(act, target, ends, kept)
    for shared_memory in to.glob("*-shm"):
        shared_memory.unlink()


def _kept(chance: random.Random | None) -> float:
    """How much is left of what was not synced: nothing, a part, or all of it."""
    return 0.0 if chance is None else chance.choice((0.0, 0.0, chance.random(), 1.0))


def _apply(act: Act, target: Path, ends: dict[Path, int], kept: float) -> None:
    """Write as much as was kept; ``ends`` says where a write without an offset goes on."""
    if act.kind == "truncate":
        ends[target] = act.offset
        if kept:
            with target.open("ab") as file:
                file.truncate(act.offset)
        return
    offset = ends.get(target, 0) if act.offset < 0 else act.offset
    ends[target] = offset + len(act.data)
    whole = kept == 1.0
    data = act.data if whole else act.data[: int(len(act.data) * kept) // SECTOR * SECTOR]
    if data:
        with target.open("r+b" if target.exists() else "w+b") as file:
            file.seek(offset)
            file.write(data)
