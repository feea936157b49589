"""Filing a material, told as numbered steps; each may be asked twice, and cut off anywhere.

    1 begin      what it is and whose is written down, sealed             -> an upload
    2 receive    each piece is durable in the store before it is told
    3 examine    digest, kind, scan, form: in a process of its own        -> thumbnail | refusal
    4 file       one small change with its entry: now it is there, whole

The database is touched in the event loop alone, the store and the examiner in threads beside it.
Until step 4 nobody but its sender sees anything; an upload that ends in another way leaves nothing.
"""

import asyncio
import logging
import os
import secrets
from functools import partial
from typing import NamedTuple

from catalog.identifiers import check_any
from certs.canonical import Json, canonical
from certs.errors import SealBroken
from certs.sealing import KEY_BYTES, SealingKey, Wrapping
from hub.access.standing import StandingBook
from hub.clock import Clock
from hub.errors import Conflict, StorageRefused, Unprocessable
from hub.ledger.change import HUB, Change, Changes
from hub.materials import register, uploads
from hub.materials.desk import Desk, NothingNewError, digest_of
from hub.materials.examining import Examining, Order
from hub.materials.metadata import (
    Announced,
    Filed,
    Holder,
    seal_announced,
)
from hub.materials.records import today_of
from hub.materials.sealed import PIECE, SealedFile, pieces_of
from hub.materials.tags import Tags
from hub.materials.uploads import (
    ABANDONED_AFTER,
    FILED,
    GIVEN_UP,
    KNOWN,
    MOST_OPEN,
    RECEIVING,
    REFUSED,
    Sender,
    Upload,
)
from hub.settings import Settings
from hub.storage.materials_tables import MaterialUploadRow
from hub.storage.objects import Objects
from hub.storage.sqlite import Connection
from hub.storage.wrapped import material_context

_log = logging.getLogger("hub.materials")


class Begun(NamedTuple):
    """What a sender is told of an upload; ``new`` unless it was begun before."""

    upload: str
    piece_bytes: int
    pieces: int
    state: str
    new: bool


class Intake:
    """Takes in materials; one for each process."""

    def __init__(
        self,
        settings: Settings,
        reading: Connection,
        changes: Changes,
        book: StandingBook,
        master: Wrapping,
        tags: Tags,
        objects: Objects,
        examining: Examining,
        clock: Clock,
    ) -> None:
        self._settings = settings.materials
        self._reading = reading
        self._changes = changes
        self._book = book
        self._master = master
        self._tags = tags
        self._desk = Desk(master, tags)
        self._objects = objects
        self._examining = examining
        self._clock = clock

    # -- 1 begin ------------------------------------------------------------------------------
    def begin(self, dataset: str, given: Announced, token: str, sender: Sender) -> Begun:
        """Open an upload, or find the one that this sender has begun under the token.

        Raises ``NotFound`` for a type that the department may not file, ``Unprocessable`` for what
        is announced, ``Conflict`` for a token that meant something else or too many uploads.
        """
        with self._changes.change(sender.actor, moves_epoch=False) as change:
            standing = self._book.refresh()
            uploads.require_may_file(standing, sender, dataset, change.time)
            announced = self._checked(given, sender, today_of(change.time))
            said = self._tags.of_said(
                canonical({"dataset": dataset, **announced.model_dump(mode="json")})
            )
            row = uploads.by_token(change.session, sender.asker, token)
            if row is not None:
                if row.said != said:
                    raise Conflict(why="token-used")
                return _begun(row, new=False)
            self._require_room(sender)
            row = self._new(change, dataset, announced, token, said, sender)
            return _begun(row, new=True)

    def _new(
        self,
        change: Change,
        dataset: str,
        announced: Announced,
        token: str,
        said: bytes,
        sender: Sender,
    ) -> MaterialUploadRow:
        name, key = f"m-{secrets.token_hex(16)}", os.urandom(KEY_BYTES)
        row = MaterialUploadRow(
            id=name,
            asker=sender.asker,
            token=token,
            dataset=dataset,
            department=sender.department,
            keyid=sender.keyid,
            key=self._master.wrap(key, material_context(name)),
            sealed=seal_announced(announced, SealingKey(key), name),
            said=said,
            media_type=announced.media_type,
            size=announced.size,
            state=RECEIVING,
            created=change.time,
        )
        change.session.add(row)
        return row

    def _checked(self, given: Announced, sender: Sender, today: str) -> Announced:
        """What was announced in its normal form; raises ``Unprocessable``."""
        if given.size > self._settings.max_bytes:
            raise Unprocessable(why="file-too-large")
        checked = check_any((given.subject.type,), given.subject.id)
        if not checked.acceptable:
            raise Unprocessable(why="subject")
        metadata = given.metadata.said()
        if metadata.sighted_by is not None:
            officer = self._book.current().worker(metadata.sighted_by)
            if officer is None or not officer.active or officer.department != sender.department:
                raise Unprocessable(why="sighted-by")
        if metadata.sighted_on is not None and metadata.sighted_on > today:
            raise Unprocessable(why="sighted-on")
        holder = Holder(type=given.subject.type, id=checked.value)
        return given.model_copy(update={"subject": holder, "metadata": metadata})

    def _require_room(self, sender: Sender) -> None:
        (running,) = self._reading.execute(
            "SELECT count(*) FROM material_uploads WHERE asker = ? AND state = ?",
            (sender.asker, RECEIVING),
        ).fetchone()
        if running >= MOST_OPEN:
            raise Conflict(why="uploads-open")

    # -- 2 receive ----------------------------------------------------------------------------
    async def receive(self, upload: str, number: int, data: bytes, sender: Sender) -> None:
        """Keep one piece, durably; the same may come again.

        Raises ``Unprocessable`` for what is no piece of it, ``Conflict`` for other bytes than
        those that are here, or after the upload has ended.
        """
        known = uploads.find(self._reading, upload, sender.asker)
        if known.state == FILED:
            return  # the answers to this one and to ``complete`` were lost
        if known.state != RECEIVING:
            raise Conflict(why=f"upload-{known.state}")
        sealed = self._sealed(known)
        if not 0 <= number < sealed.pieces:
            raise Unprocessable(why="chunk-number")
        if len(data) != sealed.length(number):
            raise Unprocessable(why="chunk-length")
        kept = await asyncio.to_thread(sealed.put, number, data)
        if not kept and await asyncio.to_thread(sealed.get, number) != data:
            raise Conflict(why="chunk-differs")
        if uploads.find(self._reading, upload, sender.asker).state not in {RECEIVING, FILED}:
            # It ended while this was written: nothing of it may stay.
            await asyncio.to_thread(sealed.remove)
            raise Conflict(why="upload-ended")

    def settle(self, upload: str, size: int, sha256: str, sender: Sender) -> None:
        """Say of a running upload how long it came to be, and its digest.

        Of a stream nobody knows them beforehand: it was announced as the longest that may be.
        Raises ``NotFound``, ``Conflict`` and ``Unprocessable``.
        """
        known = uploads.find(self._reading, upload, sender.asker)
        with self._changes.change(sender.actor, moves_epoch=False) as change:
            row = change.session.get(MaterialUploadRow, known.id)
            if row is None or row.state != RECEIVING:
                raise Conflict(why="upload-ended")
            if not 0 < size <= row.size:
                raise Unprocessable(why="file-too-large")
            key, announced = uploads.announced(known, self._master)
            said = announced.model_copy(update={"size": size, "sha256": sha256})
            row.size, row.sealed = size, seal_announced(said, SealingKey(key), row.id)
            change.session.add(row)

    async def received(self, upload: str, sender: Sender) -> dict[str, Json]:
        """Which pieces are durably here, and what became of the upload."""
        known = uploads.find(self._reading, upload, sender.asker)
        here: list[int] = []
        if known.state == RECEIVING:
            here = await asyncio.to_thread(self._sealed(known).here)
        return {**known.told, "pieces": pieces_of(known.size), "received": [*here]}

    # -- 3 examine, 4 file --------------------------------------------------------------------
    async def complete(self, upload: str, sender: Sender) -> dict[str, Json]:
        """Look into the whole file and file it; what became of it, also when asked again.

        Raises ``Unprocessable`` while pieces are missing, ``StorageRefused`` if the file cannot be
        looked into now: then it may be asked again.
        """
        known = uploads.find(self._reading, upload, sender.asker)
        if known.state != RECEIVING:
            return known.told
        try:
            key, announced = uploads.announced(known, self._master)
        except SealBroken as error:
            raise StorageRefused(why="upload") from error
        sealed = SealedFile(self._objects, known.id, SealingKey(key), known.size)
        order = Order(known.id, key, known.size, known.media_type, announced.sha256)
        try:
            thumbnail = await self._examining.beside(partial(self._examine, sealed, order))
        except Unprocessable as error:
            why = str(error.facts["why"])
            if why == "chunks-missing":
                raise
            return await self._end(known, sender, REFUSED, why)
        try:
            told = self._file(known, sender, SealingKey(key), announced, thumbnail)
        except NothingNewError as error:
            return await self._end(known, sender, KNOWN, None, same=error.material)
        if told["state"] == KNOWN:
            await self._sweep(known.id)
        return told

    def _examine(self, sealed: SealedFile, order: Order) -> bytes:
        if sealed.here() != list(range(sealed.pieces)):
            raise Unprocessable(why="chunks-missing")
        sealed.settle()
        thumbnail = self._examining.examine(order)
        if thumbnail:
            sealed.put_thumbnail(thumbnail)
        return thumbnail

    def _file(
        self,
        known: Upload,
        sender: Sender,
        key: SealingKey,
        announced: Announced,
        thumbnail: bytes,
    ) -> dict[str, Json]:
        """One change: the material is there, or what stood already knows of this filing too."""
        with self._changes.change(sender.actor) as change:
            row = change.session.get(MaterialUploadRow, known.id)
            if row is None:
                raise Conflict(why="upload-ended")
            if row.state != RECEIVING:
                return _became(row)  # asked twice at once, and the other one was first
            # What stood when it was begun may stand no longer.
            uploads.require_may_file(self._book.refresh(), sender, known.dataset, change.time)
            filed = Filed(
                announced.subject,
                announced.metadata,
                today_of(change.time),
                announced.sha256,
                digest_of(thumbnail),
            )
            subject = announced.subject.id
            twin = self._tags.of_twin(known.dataset, subject, announced.sha256)
            standing = register.twin_of(change.session, twin)
            if standing is None:
                self._desk.first(change, row, key, filed, twin)
                uploads.end(row, FILED, known.id, None)
            else:
                self._desk.again(change, standing, sender.department, filed)
                uploads.end(row, KNOWN, standing.id, None)
            change.session.add(row)
            return _became(row)

    # -- ends ---------------------------------------------------------------------------------
    async def withdraw(self, upload: str, sender: Sender) -> dict[str, Json]:
        """Give up an upload of one's own; one that has become a material is ``Conflict``."""
        known = uploads.find(self._reading, upload, sender.asker)
        if known.state in {FILED, KNOWN}:
            raise Conflict(why=f"upload-{known.state}")
        if known.state == RECEIVING:
            return await self._end(known, sender, GIVEN_UP, None)
        return known.told

    async def _end(
        self, known: Upload, sender: Sender, state: str, failure: str | None, *, same: str = ""
    ) -> dict[str, Json]:
        """End an upload without a change of what stands, and take it away."""
        with self._changes.change(sender.actor, moves_epoch=False) as change:
            row = change.session.get(MaterialUploadRow, known.id)
            if row is None:
                raise Conflict(why="upload-ended")
            if row.state == RECEIVING:
                uploads.end(row, state, same or None, failure)
                change.session.add(row)
            told = _became(row)
        await self._sweep(known.id)
        return told

    async def sweep(self) -> int:
        """Give up what was never completed, take away what has ended, forget what is old.

        Gives how many uploads were touched. May be cut off and called again, by any process.
        """
        before = self._clock() - ABANDONED_AFTER
        touched = 0
        for (silent,) in self._reading.execute(
            "SELECT id FROM material_uploads WHERE state = ? AND created < ?", (RECEIVING, before)
        ).fetchall():
            with self._changes.change(HUB, moves_epoch=False) as change:
                row = change.session.get(MaterialUploadRow, silent)
                if row is not None and row.state == RECEIVING:
                    uploads.end(row, GIVEN_UP, None, None)
                    change.session.add(row)
            touched += 1
        for (ended,) in self._reading.execute(
            "SELECT id FROM material_uploads WHERE state <> ? AND (NOT swept OR created < ?)",
            (RECEIVING, before),
        ).fetchall():
            await self._sweep(ended)
            touched += 1
        return touched

    async def _sweep(self, upload: str) -> None:
        """Take away what an upload that has ended has left; one that is old is forgotten."""
        row = self._reading.execute(
            "SELECT state FROM material_uploads WHERE id = ?", (upload,)
        ).fetchone()
        if row is None or row[0] == RECEIVING:
            return
        if row[0] != FILED:
            try:
                await asyncio.to_thread(self._objects.remove, upload)
            except StorageRefused:
                _log.warning("pieces of an upload that has ended could not be removed yet")
                return
        with self._changes.change(HUB, moves_epoch=False) as change:
            ended = change.session.get(MaterialUploadRow, upload)
            if ended is None:
                return
            ended.swept = True
            change.session.add(ended)
            if ended.created < change.time - ABANDONED_AFTER:
                change.session.delete(ended)

    def _sealed(self, known: Upload) -> SealedFile:
        """The pieces of a running upload; raises ``StorageRefused``."""
        try:
            key = self._master.unwrap(known.key, material_context(known.id))
        except SealBroken as error:
            raise StorageRefused(why="upload") from error
        return SealedFile(self._objects, known.id, SealingKey(key), known.size)


def _became(row: MaterialUploadRow) -> dict[str, Json]:
    return {
        "failure": row.failure,
        "material": row.material,
        "state": row.state,
        "upload": row.id,
    }


def _begun(row: MaterialUploadRow, *, new: bool) -> Begun:
    return Begun(row.id, PIECE, pieces_of(row.size), row.state, new)
