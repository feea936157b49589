"""The connector as a library for programs that run an event loop: many questions at once.

async with AsyncConnector.open(Path("~/.yifen/connector").expanduser()) as connector:
    answers = await asyncio.gather(
        *(connector.lookup("resident", "resident_id", number, items=["name"],
                           purpose="…", officer="…") for number in numbers))

It asks as the gateway does: what is written down for several questions shares one sync. Proofs and
renewal are left to ``keep_up`` or to ``connector receipts fetch`` beside it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors import question as questions
from connectors.answers import Answer, Verification, read_answer, read_verification
from connectors.client import Connector
from connectors.clock import Clock, system_clock
from connectors.errors import Refused
from connectors.gateway.asking import GatewayAsking, Waiting
from connectors.home import Home
from connectors.home import read as read_home
from connectors.keeping import keep_up
from connectors.question import Question
from connectors.receipts.proofs import Progress
from connectors.receipts.writer import ReceiptWriter
from connectors.verify import Checked

_ASKER = "library"
"""Who asks, as the store keeps it: beside a gateway's keys, which have names of their own."""


class AsyncConnector:
    """One enrolled connector; for one event loop."""

    def __init__(
        self, path: Path, asking: GatewayAsking, writer: ReceiptWriter, clock: Clock
    ) -> None:
        self._path = path
        self._clock = clock
        self._asking = asking
        self._writer = writer

    @classmethod
    def open(cls, path: Path, *, clock: Clock = system_clock) -> Self:
        """The connector enrolled in ``path``; raises ``HomeError``, ``StoreError`` and so on."""
        identity = read_home(path)
        writer = ReceiptWriter(Home(path).receipts)
        try:
            return cls(path, GatewayAsking(identity, writer, clock), writer, clock)
        except BaseException:
            writer.close()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections, and the store once all that waits is written."""
        self._asking.close()
        await asyncio.to_thread(self._writer.close)

    async def lookup(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        items: Sequence[str],
        purpose: str,
        officer: str,
        case: str | None = None,
        delegation: str | None = None,
    ) -> Answer:
        """What is on file.

        Raises ``QuestionRefused`` before anything is sent; ``Refused`` for a refusal that proves
        itself; ``HubBusy`` or ``HubDeclined`` for one that does not; ``AnswerRefused`` (the alarm
        is on record), ``HubError`` if nothing came, ``StoreError`` if nothing could be kept.
        """
        question = questions.lookup(
            dataset,
            subject_type,
            subject_id,
            items=items,
            purpose=purpose,
            officer=officer,
            case=case,
            delegation=delegation,
        )
        return read_answer(await self._ask(question), question)

    async def verify(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        claims: Mapping[str, str],
        purpose: str,
        officer: str,
        case: str | None = None,
        delegation: str | None = None,
    ) -> Verification:
        """Whether every claim (value by item) is on file; raises as ``lookup`` does."""
        question = questions.verify(
            dataset,
            subject_type,
            subject_id,
            claims=claims,
            purpose=purpose,
            officer=officer,
            case=case,
            delegation=delegation,
        )
        return read_verification(await self._ask(question), question)

    async def keep_up(self) -> Progress:
        """Fetch the proofs and opened entries that are due, beside the loop.

        Raises ``LedgerForked``, ``ProofOverdue`` and so on, as ``connector receipts fetch`` does.
        """
        return await asyncio.to_thread(self._keep_up)

    def _keep_up(self) -> Progress:
        with Connector.open(self._path, clock=self._clock) as connector:
            progress, _ = keep_up(connector)
            return progress

    async def _ask(self, question: Question) -> Checked:
        outcome = await self._asking.ask(question, _ASKER, Waiting())
        if outcome.problem is not None:
            raise Refused(outcome.problem, entry=outcome.checked.entry)
        return outcome.checked
