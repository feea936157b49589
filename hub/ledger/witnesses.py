"""Bringing each new checkpoint to the witnesses, and keeping what they say of it.

Whoever holds the checkpointer's lease asks all of them about the same checkpoint at once, in the
background: a quorum must stand under one and the same. A round ends when it does; who has not
answered by then is waited for no longer, and what still comes is kept. A witness that cannot be
reached, or declines, is skipped and tried again in the next round; its ``trouble`` is on record.

    checkpoints   the newest note gains each cosignature, as long as it is the newest
    cosigned      the newest note under which a quorum stands
    witnesses     what each one cosigned last, and its trouble
"""

import asyncio
import contextlib
import logging
import ssl
from dataclasses import dataclass
from functools import partial

import httpx2

from certs.cosignature import Cosignature, cosignatures
from certs.errors import YifenError
from certs.note import Note, read_note
from hub.errors import SettingsRefused, WitnessTroubled
from hub.ledger.checkpoint import newest
from hub.ledger.coverage import Coverage
from hub.ledger.store import LedgerStore
from hub.ledger.submission import Head, WitnessClient
from hub.settings import WitnessPin, WitnessSettings
from hub.storage.sqlite import Connection

_log = logging.getLogger("hub.ledger")


@dataclass(slots=True)
class _Round:
    """One checkpoint under which cosignatures gather, by the name of the witness."""

    head: Head
    root: bytes
    made: dict[str, Cosignature]

    def cosigned(self) -> str:
        """The note with all of them."""
        signatures = [*self.head.note.signatures, *(one.signature for one in self.made.values())]
        return Note(self.head.note.text, tuple(signatures)).written


class Submitter:
    """Asks the witnesses of one hub; for one event loop.

    Raises ``SettingsRefused`` if the authorities of their TLS certificates cannot be read.
    """

    def __init__(
        self,
        store: LedgerStore,
        reading: Connection,
        coverage: Coverage,
        settings: WitnessSettings,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._store = store
        self._reading = reading
        self._coverage = coverage
        self._settings = settings
        self._http = http
        self._tls = _roots(settings)
        self._client: WitnessClient | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Give up what is under way, and close the connections."""
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def round(self) -> None:
        """Show the newest checkpoint to every witness that has not cosigned it.

        Returns when a quorum has, or all who were asked have answered.
        """
        this = self._begin()
        if this is None:
            return
        pending: set[asyncio.Task[None]] = set()
        for pin in self._settings.witnesses:
            if pin.name not in this.made and pin.name not in self._busy:
                task = asyncio.create_task(self._bring(pin, this))
                self._busy[pin.name] = task
                task.add_done_callback(partial(self._done, pin.name))
                pending.add(task)
        while pending and len(this.made) < self._settings.quorum:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    def _done(self, name: str, _: asyncio.Task[None]) -> None:
        self._busy.pop(name, None)

    def _begin(self) -> _Round | None:
        """The newest checkpoint, with what stands under it already."""
        published = newest(self._reading)
        if published is None:
            return None
        note = read_note(published.note)
        found = cosignatures(note.text, note.signatures, self._coverage.witnesses)
        theirs = {one.signature for one in found}
        log = tuple(one for one in note.signatures if one not in theirs)
        head = Head(note._replace(signatures=log), published.size)
        return _Round(head, published.root, {one.name: one for one in found})

    async def _bring(self, pin: WitnessPin, this: _Round) -> None:
        """Ask one witness, and keep what came of it; nothing is raised."""
        if self._client is None:
            self._client = WitnessClient(self._reading, self._tls, self._http)
        try:
            known = {one.witness.name: one.size for one in self._coverage.standings()}
            made = await self._client.submit(pin, this.head, known[pin.name])
            self._keep(this, made)
        except WitnessTroubled as error:
            with contextlib.suppress(YifenError):
                self._trouble(pin.name, str(error.facts["why"]))
        except YifenError:
            _log.warning("a cosignature could not be kept")
        except Exception:  # noqa: BLE001 the next round may well succeed
            _log.exception("a witness could not be asked")

    def _keep(self, this: _Round, made: Cosignature) -> None:
        """Enter a cosignature in the three tables; raises ``Unavailable``."""
        this.made[made.name] = made
        connection, size = self._store.connection, this.head.size
        with self._store.locked() as now:
            connection.execute(
                "INSERT OR REPLACE INTO witnesses VALUES (?, ?, ?, '')",
                (made.name, size, now.time),
            )
            standing = newest(connection)
            if standing is not None and standing.size == size:
                note = read_note(standing.note)
                if note.text == this.head.note.text:
                    added = note._replace(signatures=(*note.signatures, made.signature))
                    connection.execute("UPDATE checkpoints SET note = ?", (added.written,))
            if len(this.made) >= self._settings.quorum:
                self._raise_cosigned(this, now.time)
        self._coverage.refresh()

    def _raise_cosigned(self, this: _Round, time: int) -> None:
        connection = self._store.connection
        row = connection.execute("SELECT size, note FROM cosigned").fetchone()
        # One of another origin, or of a smaller quorum than is wanted now, is no measure.
        if row is not None and row[0] > this.head.size and self._coverage.holds(row[1]):
            return
        connection.execute(
            "INSERT OR REPLACE INTO cosigned VALUES (1, ?, ?, ?, ?)",
            (this.head.size, this.root, this.cosigned(), time),
        )

    def _trouble(self, name: str, why: str) -> None:
        """Put a witness's trouble on record, once; raises ``Unavailable``."""
        before = {one.witness.name: one.trouble for one in self._coverage.standings()}
        if before[name] == why:
            return
        _log.warning("witness %s: %s", name, why)
        with self._store.locked():
            self._store.connection.execute(
                "INSERT INTO witnesses VALUES (?, 0, 0, ?)"
                " ON CONFLICT (name) DO UPDATE SET trouble = excluded.trouble",
                (name, why),
            )


def _roots(settings: WitnessSettings) -> ssl.SSLContext | None:
    if settings.tls_roots is None:
        return None
    try:
        return ssl.create_default_context(cafile=settings.tls_roots)
    except OSError as error:
        raise SettingsRefused(file=str(settings.tls_roots), why="witness.tls_roots") from error
