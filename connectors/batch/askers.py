"""Threads that ask: each has a connector of its own, since one is for one thread."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

from certs.canonical import canonical
from connectors.batch.answer import BatchAnswer, SubjectAnswer
from connectors.batch.question import Subject
from connectors.errors import Refused

TOO_LARGE = "batch-too-large"
SPENT = "repeats-spent"
ATTEMPTS = 8
"""Identities that one question may use up: each was sent by a run that was killed."""

Identity = Callable[[bytes, int], str]
Placed = tuple[int, Subject]
"""A subject with the number of its line."""
_Work = tuple[Sequence[Placed], "Future[list[SubjectAnswer]]"]


class Asks(Protocol):
    """A connector, as far as batches need it."""

    def batch(
        self,
        dataset: str,
        subjects: Sequence[Subject],
        *,
        items: Sequence[str],
        purpose: str,
        officer: str,
        delegation: str | None = None,
        request_id: str | None = None,
    ) -> BatchAnswer:
        """Ask about many subjects."""


class Question(Protocol):
    """What is asked of every subject."""

    @property
    def dataset(self) -> str:
        """The local code of the dataset."""

    @property
    def items(self) -> tuple[str, ...]:
        """Codes of the items."""

    @property
    def purpose(self) -> str:
        """Code of the purpose."""

    @property
    def officer(self) -> str:
        """Who asks."""

    @property
    def delegation(self) -> str | None:
        """Under which delegation of another department it is asked."""


Asker = AbstractContextManager[Asks]


class Askers:
    """Asks about pieces side by side. ``identity`` gives a content's ``request_id``."""

    def __init__(
        self, open_one: Callable[[], Asker], question: Question, identity: Identity, count: int
    ) -> None:
        self._open = open_one
        self._question = question
        self._identity = identity
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"batch-{number}", daemon=True)
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def ask(self, subjects: Sequence[Placed]) -> "Future[list[SubjectAnswer]]":
        """The answers about some subjects, in their order, once they have come."""
        future: Future[list[SubjectAnswer]] = Future()
        if subjects:
            self._queue.put((subjects, future))
        else:
            future.set_result([])
        return future

    def _run(self) -> None:
        work = self._queue.get()
        try:
            if work is None:
                return
            with self._open() as connector:
                while work is not None and not self._stopped.is_set():
                    self._answer(connector, work)
                    work = self._queue.get()
        except BaseException as error:  # noqa: BLE001 whoever waits is told, whatever it is
            while work is not None:
                work[1].set_exception(error)
                work = self._queue.get()

    def _answer(self, connector: Asks, work: _Work) -> None:
        subjects, future = work
        try:
            future.set_result(self._ask(connector, subjects))
        except Exception as error:  # noqa: BLE001 the same
            future.set_exception(error)

    def _ask(self, connector: Asks, placed: Sequence[Placed]) -> list[SubjectAnswer]:
        """Ask under the run's identity for this content; in halves if its answer is too large.

        The lines belong to the content: the same subjects further down are another question.
        """
        question = self._question
        subjects = [subject for _, subject in placed]
        content = canonical([[line, one.type, one.id, one.case] for line, one in placed])
        for attempt in range(ATTEMPTS):
            try:
                answer = connector.batch(
                    question.dataset,
                    subjects,
                    items=question.items,
                    purpose=question.purpose,
                    officer=question.officer,
                    delegation=question.delegation,
                    request_id=self._identity(content, attempt),
                )
            except Refused as error:
                # Too late, or too often, to be a repeat: it is asked anew, and costs quota again.
                if error.problem.code == SPENT and attempt + 1 < ATTEMPTS:
                    continue
                if error.problem.code != TOO_LARGE or len(subjects) == 1:
                    raise
                half = len(subjects) // 2
                parts = (placed[:half], placed[half:])
                return [one for part in parts for one in self._ask(connector, part)]
            return list(answer.subjects)
        raise AssertionError  # the last attempt returns or raises
