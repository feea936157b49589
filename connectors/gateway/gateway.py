"""What a gateway is made of: identity, store, keys, rates, its way to the hub, its condition."""

from pathlib import Path
from typing import Self

from connectors.client import Connector
from connectors.clock import Clock, monotonic, system_clock
from connectors.gateway.asking import GatewayAsking, Outcome, Waiting
from connectors.gateway.condition import Condition
from connectors.gateway.keys import FILE, KeyBook
from connectors.gateway.rates import Rates
from connectors.home import Home, Identity
from connectors.home import read as read_home
from connectors.question import Question
from connectors.receipts.alarms import standing
from connectors.receipts.writer import ReceiptWriter


class Gateway:
    """One gateway, for one event loop."""

    def __init__(
        self, path: Path, identity: Identity, writer: ReceiptWriter, *, clock: Clock
    ) -> None:
        self.path = path
        self.settings = identity.settings
        self.writer = writer
        self.clock = clock
        self.keys = KeyBook(path / FILE)
        self.rates = Rates(monotonic)
        self.condition = Condition()
        self._asking = GatewayAsking(identity, writer, clock)

    @classmethod
    def open(cls, path: Path, *, clock: Clock = system_clock) -> Self:
        """The gateway of an enrolled folder; raises ``HomeError``, ``StoreError`` and so on."""
        identity = read_home(path)
        return cls(path, identity, ReceiptWriter(Home(path).receipts), clock=clock)

    @property
    def identity(self) -> Identity:
        """Under which questions are signed now."""
        return self._asking.identity

    def use(self, identity: Identity) -> None:
        """Sign under a renewed certificate from now on."""
        self._asking.use(identity)

    async def ask(self, question: Question, asker: str, waited: list[float]) -> Outcome:
        """A proven exit, as ``GatewayAsking.ask``; what it waited for the hub is noted."""
        waiting = Waiting()
        try:
            return await self._asking.ask(question, asker, waiting)
        finally:
            waited.append(waiting.seconds)

    async def look(self) -> None:
        """See which alarms stand, whoever raised or acknowledged them."""
        alarms = await self.writer.do(standing)
        self.condition.alarms = tuple(alarms)

    def recover(self, request_id: str) -> None:
        """Fetch the receipt of a question whose answer was lost; blocks, for a thread."""
        with Connector.open(self.path, clock=self.clock) as connector:
            connector.recover(request_id)

    def close(self) -> None:
        """Close the store and the connections."""
        self._asking.close()
        self.writer.close()
