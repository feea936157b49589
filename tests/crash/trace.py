"""A run's file writes, read from ``strace``, and the disk as it was at each moment.

What a process wrote and did not sync may be gone after a power cut. Here all of it is gone: each
file holds what it held at its last completed fsync.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink"
_CALL = re.compile(
    r"(?P<at>\d+\.\d+) (?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+).*<(?P<took>[\d.]+)>$"
)
_ON_FILE = re.compile(r"\d+<(?P<path>[^>]*)>(?:, (?P<rest>.*))?$")
_BYTES = re.compile(r'"(?P<hex>(?:\\x[0-9a-f]{2})*)"(?:, (?P<length>\d+))?(?:, (?P<offset>\d+))?$')


@dataclass(frozen=True)
class Act:
    """One thing done to a file; ``at`` is when it was complete."""

    at: float
    kind: str
    path: Path
    offset: int = 0
    data: bytes = b""
    other: Path | None = None


def command(output: Path) -> list[str]:
    """What to run a program under; each thread's calls go into a file of its own."""
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
    if match is None or int(match["result"]) < 0:
        return
    at = float(match["at"]) + float(match["took"])
    name, arguments = match["name"], match["arguments"]
    if name in {"rename", "unlink"}:
        paths = [_path(quoted) for quoted in re.findall(r'"([^"]*)"', arguments)]
        yield Act(at, name, paths[0], other=paths[1] if len(paths) > 1 else None)
        return
    if name == "openat":
        if "O_TRUNC" in arguments:
            yield Act(at, "truncate", _path(re.findall(r'"([^"]*)"', arguments)[0]))
        return
    on_file = _ON_FILE.match(arguments)
    if on_file is None:
        return
    path, rest = _path(on_file["path"]), on_file["rest"] or ""
    if name in {"fsync", "fdatasync"}:
        yield Act(at, "sync", path)
    elif name == "ftruncate":
        yield Act(at, "truncate", path, offset=int(rest))
    else:
        written = _BYTES.match(rest)
        if written is not None:
            data = bytes.fromhex(written["hex"].replace("\\x", ""))
            offset = int(written["offset"]) if written["offset"] else -1
            yield Act(at, "write", path, offset, data[: int(match["result"])])


def _path(text: str) -> Path:
    if "\\x" in text:
        return Path(bytes.fromhex(text.replace("\\x", "")).decode())
    return Path(text)


def power_cut(before: Path, root: Path, acts: list[Act], at: float, to: Path) -> None:
    """Rebuild ``root`` under ``to`` as a disk that forgot, at ``at``, all that was not synced.

    ``before`` is the folder as it stood when the trace began.
    """
    shutil.copytree(before, to)
    last_sync = {act.path: act.at for act in acts if act.kind == "sync" and act.at <= at}
    appended: dict[Path, int] = {}
    for act in acts:
        if act.at > at:
            break
        target = to / act.path.relative_to(root)
        if act.kind == "rename" and act.other is not None:
            # The checkpoint's copy is synced before it is renamed.
            if target.exists():
                target.replace(to / act.other.relative_to(root))
        elif act.kind == "unlink":
            target.unlink(missing_ok=True)
        elif act.at <= last_sync.get(act.path, 0.0):
            _apply(act, target, appended)
    for shared_memory in to.glob("*-shm"):
        shared_memory.unlink()


def _apply(act: Act, target: Path, appended: dict[Path, int]) -> None:
    if act.kind == "truncate":
        with target.open("ab") as file:
            file.truncate(act.offset)
        appended[target] = act.offset
    elif act.kind == "write":
        offset = appended.get(target, 0) if act.offset < 0 else act.offset
        with target.open("r+b" if target.exists() else "w+b") as file:
            file.seek(offset)
            file.write(act.data)
        appended[target] = offset + len(act.data)
