"""``connector batch``: any number of subjects, asked in requests of up to 1,000.

1 read      a piece of the input, its faulty lines marked
2 ask       a few pieces at a time, each verified and its receipt kept
3 write     in the order of the input, synced to the disk
4 count     how far that came, so that a run that was killed goes on from there
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from certs.canonical import Json, canonical
from certs.encoding import digest
from connectors.batch.answer import SubjectAnswer
from connectors.batch.askers import Asker, Askers
from connectors.batch.errors import BatchRefused, LineRefused
from connectors.batch.lines import Mark, Piece, Pieces
from connectors.batch.state import State, request_id

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of every subject."""

    dataset: str
    items: tuple[str, ...]
    purpose: str
    officer: str = field(repr=False)
    size: int
    kind: str | None = None
    case: str | None = field(default=None, repr=False)
    delegation: str | None = None

    @property
    def digest(self) -> str:
        """What a run that goes on must have the same."""
        asked: list[Json] = [
            self.dataset,
            list(self.items),
            self.purpose,
            self.officer,
            self.size,
            self.kind,
            self.case,
        ]
        if self.delegation is not None:  # without one a run of an earlier release goes on
            asked.append(self.delegation)
        return digest(canonical(asked))


@dataclass(slots=True)
class Tally:
    """What has been written so far; ``offset`` of the input's bytes, ``before`` in earlier runs."""

    lines: int = 0
    found: int = 0
    empty: int = 0
    unfit: int = 0
    faulty: int = 0
    offset: int = 0
    before: int = 0


OnProgress = Callable[[Tally], None]


class Output:
    """Where answers are written; a file is synced before anything is counted."""

    def __init__(self, stream: BinaryIO, state: State | None) -> None:
        self._stream = stream
        self._state = state

    @classmethod
    def resume(cls, path: Path, state: State) -> Self:
        """Open the output of a run, without what was written and not counted.

        Raises ``BatchRefused`` if less is there than was counted.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        stream = os.fdopen(os.open(path, flags, 0o600), "r+b")
        if stream.seek(0, os.SEEK_END) < state.written:
            stream.close()
            raise BatchRefused(why="output-changed")
        stream.truncate(state.written)
        stream.seek(state.written)
        return cls(stream, state)

    def write(self, data: bytes, mark: Mark) -> None:
        """Write the answers to some lines, up to ``mark``, so that they outlive a power cut."""
        self._stream.write(data)
        self._stream.flush()
        if self._state is not None:
            os.fsync(self._stream.fileno())
            self._state.written += len(data)
            self._state.mark = mark
            self._state.keep()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._state is not None:
            self._stream.close()


def run(
    wanted: Wanted,
    source: BinaryIO,
    output: Output,
    state: State | None,
    ask: Callable[[], Asker],
    *,
    at_once: int,
    strict: bool,
    progress: OnProgress,
) -> Tally:
    """Ask about every line of ``source`` from where ``state`` stands; what was written by then.

    ``ask`` opens a connector, once for each thread. Raises what it raises, ``LineRefused`` if
    ``strict``, or ``BatchRefused``; what is written and counted by then stays.
    """
    seed = os.urandom(SEED_BYTES) if state is None else state.seed
    # 1 Read on from where answers stand
    pieces = Pieces(source, wanted.size, wanted.kind, wanted.case)
    begin = Mark() if state is None else state.mark
    if not pieces.skip_to(begin):
        raise BatchRefused(why="input-changed")
    tally = Tally(offset=begin.offset, before=begin.lines)

    def identity(content: bytes, attempt: int) -> str:
        return request_id(seed, content, attempt)

    with Askers(ask, wanted, identity, at_once) as askers:
        for piece, answers in _in_order(pieces, askers, at_once, strict=strict):
            # 3 Write in the order of the input; 4 count
            data = b"".join(_told(piece, answers, tally))
            output.write(data, piece.end)
            tally.lines += len(piece.lines)
            tally.offset = piece.end.offset
            progress(tally)
    return tally


def _in_order(
    pieces: Pieces, askers: Askers, at_once: int, *, strict: bool
) -> Iterator[tuple[Piece, Sequence[SubjectAnswer]]]:
    """Pieces with their answers; at most ``at_once`` are under way, the oldest is waited for."""
    waiting: deque[tuple[Piece, Future[list[SubjectAnswer]]]] = deque()
    refused: LineRefused | None = None
    for piece in pieces:
        fault = next((line for line in piece.lines if line.fault is not None), None)
        if strict and fault is not None:
            refused = LineRefused(line=fault.number, why=str(fault.fault))
            break
        # 2 Ask
        waiting.append((piece, askers.ask(piece.subjects)))
        if len(waiting) >= at_once:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()
    if refused is not None:
        raise refused


def _told(piece: Piece, answers: Sequence[SubjectAnswer], tally: Tally) -> Iterator[bytes]:
    """One line of the output for each of the input."""
    left = iter(answers)
    for line in piece.lines:
        told: dict[str, Json] = {"line": line.number}
        if line.fault is not None:
            tally.faulty += 1
            told |= {"problem": "line", "why": line.fault}
        else:
            answer = next(left)
            told["entry"] = answer.entry
            if answer.problem is not None:
                tally.unfit += 1
                told |= {"problem": answer.problem, "why": answer.why}
            else:
                tally.found += answer.found
                tally.empty += not answer.found
                told["found"] = answer.found
                told["records"] = [
                    {"disputed": one.disputed, "items": dict(one.items)} for one in answer.records
                ]
        yield canonical(told) + b"\n"
