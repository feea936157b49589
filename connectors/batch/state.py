"""How far a run of ``connector batch`` has come, so that one that was killed goes on.

One file in the connector's folder, mode 0600, named by a digest of the output's path. It holds
counts, digests and random bits, and nothing about anybody. What it counts is on the disk already:
the output is synced before the count moves.

A request's identity is a digest over the run's random bits and the question's content. So the run
that goes on sends what was under way under the same identity: a repeat, which costs no quota.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import canonical
from certs.encoding import b64u, digest, sha256, unb64u
from connectors.batch.errors import BatchRefused
from connectors.batch.lines import Mark
from connectors.home import sync_folder
from connectors.locking import try_lock

FOLDER = "batches"
_SEED_BYTES = 32
_REQUEST_ID_BYTES = 16


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    v: int
    seed: str
    question: str
    lines: int
    offset: int
    digest: str
    written: int


@dataclass(slots=True)
class State:
    """One run: ``question`` is the digest of all that is asked but the subjects."""

    path: Path
    seed: bytes = field(repr=False)
    question: str
    mark: Mark
    written: int
    lock: int

    @classmethod
    def open(cls, home: Path, output: Path, question: str) -> Self:
        """The state of the run that writes ``output``, taken up or begun; raises ``BatchRefused``.

        A run that goes on must ask the same. An output of which nothing is known is not touched.
        """
        folder = home / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        name = digest(str(output.resolve()).encode("utf-8", "surrogateescape"))
        path = folder / f"{name}.json"
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not try_lock(lock):
                raise BatchRefused(why="running")
            if not path.exists():
                if output.exists():
                    raise BatchRefused(why="output-exists")
                return cls._begin(path, question, lock)
            found = cls._read(path, lock)
            if not output.exists():
                return cls._begin(path, question, lock)
            if found.question != question:
                raise BatchRefused(why="other-question")
        except BaseException:
            os.close(lock)
            raise
        return found

    @classmethod
    def _begin(cls, path: Path, question: str, lock: int) -> Self:
        state = cls(path, os.urandom(_SEED_BYTES), question, Mark(), 0, lock)
        state.keep()
        return state

    @classmethod
    def _read(cls, path: Path, lock: int) -> Self:
        try:
            kept = _Kept.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BatchRefused(why="state") from error
        mark = Mark(kept.lines, kept.offset, kept.digest)
        return cls(path, unb64u(kept.seed), kept.question, mark, kept.written, lock)

    def keep(self) -> None:
        """Write down how far the run has come."""
        data = canonical(
            {
                "v": 1,
                "seed": b64u(self.seed),
                "question": self.question,
                "lines": self.mark.lines,
                "offset": self.mark.offset,
                "digest": self.mark.digest,
                "written": self.written,
            }
        )
        part = self.path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        sync_folder(self.path.parent)

    def close(self, *, done: bool) -> None:
        """Let others have it; a run that is done leaves nothing."""
        if done:
            self.path.unlink(missing_ok=True)
        os.close(self.lock)


def request_id(seed: bytes, content: bytes, attempt: int) -> str:
    """128 bits that nobody can guess without the seed, the same for the same content."""
    return b64u(sha256(seed + attempt.to_bytes(4, "big") + content)[:_REQUEST_ID_BYTES])
