"""What a gateway does by itself, in a thread beside the loop: renew the certificate, fetch proofs.

It uses the same parts as the commands, with connections of its own. Whatever fails is tried again
and told in the gateway's health; nothing of it ends the thread.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from certs.errors import YifenError
from connectors.client import Connector
from connectors.clock import monotonic
from connectors.enrolment import RENEW_AT, renew
from connectors.errors import Dishonest, LedgerForked, StoreError
from connectors.gateway.gateway import Gateway
from connectors.home import Identity
from connectors.home import read as read_home
from connectors.keeping import keep_up
from connectors.receipts.alarms import standing
from connectors.receipts.proofs import BATCH

TURN_SECONDS = 1.0
"""Between two looks at what is due."""
JOIN_SECONDS = 5.0
"""How long the end waits for the thread; a hub that hangs must not hold it up."""
PROVE_SECONDS = 15.0
"""Between two rounds of proofs; the hub signs a checkpoint a second after an entry."""
FORKED_SECONDS = 600.0
"""The same after a fork: each round shows it again and puts it on record once more."""
RENEW_SECONDS = 3600.0
"""Between two looks at the certificate, and two tries to renew it."""
_log = logging.getLogger("yifen.gateway")


class Upkeep:
    """The thread; ``use`` is called in it with a renewed identity."""

    def __init__(self, gateway: Gateway, use: Callable[[Identity], None]) -> None:
        self._gateway = gateway
        self._condition = gateway.condition
        self._use = use
        self._end = threading.Event()
        self._prove_at = 0.0
        self._renew_at = 0.0
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Look at the alarms before anything is answered, then go on in the thread.

        Raises ``HomeError``, ``StoreError`` and so on if the folder cannot be used.
        """
        with Connector.open(self._gateway.path, clock=self._gateway.clock) as connector:
            self._condition.alarms = tuple(standing(connector.receipts))
        self._thread.start()

    def stop(self) -> None:
        """End the thread, at the next point where that harms nothing."""
        self._end.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._end.is_set():
            # Opened anew after each renewal and each failure of the store.
            with (
                suppress(YifenError),
                Connector.open(self._gateway.path, clock=self._gateway.clock) as connector,
            ):
                self._keep(connector)
            self._end.wait(TURN_SECONDS)

    def _keep(self, connector: Connector) -> None:
        """Until the end, or until the identity has changed; raises ``StoreError``."""
        while not self._end.is_set():
            if monotonic() >= self._renew_at and self._renew():
                return
            if monotonic() >= self._prove_at:
                self._prove(connector)
            self._end.wait(TURN_SECONDS)

    def _prove(self, connector: Connector) -> None:
        pause = PROVE_SECONDS
        try:
            progress, _ = keep_up(connector)
            self._condition.proofs = None
            if progress.proven >= BATCH:
                pause = 0.0
        except StoreError:
            raise
        except YifenError as error:
            self._condition.proofs = error.code
            if isinstance(error, LedgerForked):
                pause = FORKED_SECONDS
            if isinstance(error, Dishonest):
                _log.error("alarm: %s", error.code)
        self._condition.proofs_at = self._gateway.clock()
        self._condition.receipts = connector.receipts.counts()
        self._prove_at = monotonic() + pause

    def _renew(self) -> bool:
        """Renew if it is time, or take up what somebody else has renewed; True if it changed."""
        self._renew_at = monotonic() + RENEW_SECONDS
        before = self._gateway.identity.certificate
        try:
            facts = read_home(self._gateway.path).certificate
            life = facts.not_after - facts.not_before
            if (facts.not_after - self._gateway.clock()) * RENEW_AT < life:
                facts = renew(self._gateway.path, clock=self._gateway.clock)
            self._condition.renewal = None
            if facts.keyid == before.keyid:
                return False
            self._use(read_home(self._gateway.path))
        except YifenError as error:
            self._condition.renewal = error.code
            _log.error("renewal: %s", error.code)
            return False
        return True
