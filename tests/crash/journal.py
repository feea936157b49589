"""What departments write down: each question before it is sent, each receipt before it counts.

One line of JSON for each. A receipt is synced before its client asks anything else; the rest need
not be, for it is the hub that is killed and not its clients.
"""

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Line: TypeAlias = "dict[str, object]"


@dataclass(frozen=True)
class Sent:
    """A question that went out: its R, and the ``request_id`` that a repetition has too."""

    request: str
    question: str


@dataclass(frozen=True)
class Written:
    """A receipt as a department wrote it down: when, where in the log, and its leaf's hash."""

    at: float
    position: int
    leaf_hash: str
    request: str
    question: str
    repeats: int | None
    name: str | None
    """The subject's name as answered, which tells the publication that it was read from."""
    fetched: bool
    """Whether it was fetched afterwards, without the answer."""


class Journal:
    """One client's journal, to be written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._guard = threading.Lock()

    def sent(self, question: Sent) -> None:
        """A question is about to go out."""
        self._write({"question": question.question, "request": question.request, "what": "sent"})

    def received(self, receipt: Written) -> None:
        """A receipt has come and holds; it counts when this returns."""
        self._write({**vars(receipt), "what": "receipt"})
        os.fsync(self._file.fileno())

    def refused(self) -> None:
        """A request that had been accepted was sent again, and refused as a replay."""
        self._write({"what": "replay refused"})

    def fault(self, what: str) -> None:
        """The hub did what it must not."""
        self._write({"fault": what, "what": "fault"})

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _write(self, line: Line) -> None:
        with self._guard:
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()


@dataclass
class Journals:
    """Everything that clients have written down so far."""

    paths: list[Path]
    receipts: list[Written] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    """``request_id`` by R."""
    replays_refused: int = 0
    faults: list[str] = field(default_factory=list)
    _read: dict[Path, int] = field(default_factory=dict)

    def read(self) -> list[Written]:
        """The receipts that have come since the last time; half a line does not count yet."""
        new: list[Written] = []
        for path in self.paths:
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._read[path] = self._read.get(path, 0) + len(line)
                    self._take(json.loads(line), new)
        self.receipts += new
        return new

    def _take(self, line: Line, new: list[Written]) -> None:
        what = line.pop("what")
        if what == "receipt":
            new.append(Written(**line))  # type: ignore[arg-type]
        elif what == "sent":
            self.sent[str(line["request"])] = str(line["question"])
        elif what == "fault":
            self.faults.append(str(line["fault"]))
        else:
            self.replays_refused += 1
