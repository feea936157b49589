"""What share of the hub's processor time the ledger has, measured from inside the serving process.

Timed are: an attempt's digests and sealing before the lock, the group's commit, and checkpoints.
Each timing costs about a microsecond itself, so the figure is told a little too high.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import orjson

from hub.ledger.checkpoint import Checkpointer, Published
from hub.ledger.group import GroupCommit
from hub.lookup import exchange
from hub.lookup.record import attempt_of

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(slots=True)
class Account:
    """Processor seconds so far: of each part of the ledger, and of the whole process."""

    record: float = 0.0
    commit: float = 0.0
    checkpoint: float = 0.0
    process: float = 0.0

    @property
    def ledger(self) -> float:
        """All parts together."""
        return self.record + self.commit + self.checkpoint

    def since(self, before: "Account") -> "Account":
        """What was added after ``before``."""
        return Account(
            self.record - before.record,
            self.commit - before.commit,
            self.checkpoint - before.checkpoint,
            self.process - before.process,
        )


def read_account(file: Path) -> Account:
    """The newest account that a serving process has written; an empty one before the first."""
    try:
        return Account(**orjson.loads(file.read_bytes()))
    except FileNotFoundError:
        return Account()


def keep_account(file: Path) -> None:
    """Time the ledger's parts in this process from now on; written with each checkpoint."""
    account = Account()

    def timed(part: str, function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def timing(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.thread_time() - began
                setattr(account, part, getattr(account, part) + spent)

        return timing

    publish = timed("checkpoint", Checkpointer.publish)

    @wraps(publish)
    def publish_and_tell(self: Checkpointer) -> Published | None:
        published = publish(self)
        account.process = time.process_time()
        new = file.with_suffix(".new")
        new.write_bytes(orjson.dumps(account))
        new.replace(file)
        return published

    exchange.attempt_of = timed("record", attempt_of)  # type: ignore[attr-defined]
    GroupCommit.flush = timed("commit", GroupCommit.flush)  # type: ignore[method-assign]
    Checkpointer.absorb = timed("checkpoint", Checkpointer.absorb)  # type: ignore[method-assign]
    Checkpointer.publish = publish_and_tell  # type: ignore[method-assign]
