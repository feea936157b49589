"""The file of a licence for those who view it under a grant: one standing print of each language.

    known    the print that stands, if this process has printed it before and found it the same
    print    beside the loop: the print that stands once more, or else a new one
    enter    a new one, with its entry, if nothing has changed since the view was decided
    data     the bytes of a print once more, for its pieces

What is on a licence never changes and the same document gives the same bytes, so of a print only
its code is kept, sealed. A font or a library that has changed since gives other bytes: the print
is then one of the past, as a paper in somebody's hand is, and the next view makes another.
"""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sqlmodel import select

from catalog.licences.document import Licence
from catalog.licences.status import Status
from catalog.messages import Language
from certs.encoding import sha256
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.clock import Clock
from hub.errors import NotFound
from hub.keys.register import Unchanged
from hub.ledger.change import HUB, Changes
from hub.licences import types
from hub.licences.content import Content, open_code, open_content, seal_code
from hub.licences.errors import NotPrintable
from hub.licences.papers import Draft, draft_of, new_code
from hub.licences.records import status_at
from hub.licences.register import enter, papers_of
from hub.licences.tags import LicenceTags
from hub.materials.records import today_of
from hub.settings import Settings
from hub.storage.licences_tables import LicencePaperRow, LicenceRow
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

MEDIA_TYPE = "application/pdf"
MAX_FILES = 20
"""Prints of one licence in one language that are made for those who view it. One is enough until
the font or a library changes; its entry binds them all."""
TRIED = 2
"""The newest prints that are tried before another is made: two processes may differ for a while."""
KNOWN = 4096
"""Prints that a process remembers as its own, by their digests."""
HELD_BYTES = 8 << 20
"""Of the prints that a process keeps in memory for the pieces that follow a view."""
_LICENCE = """
    SELECT l.id, l.key, l.sealed, t.definition, t.issuers, t.status
    FROM licences l JOIN licence_types t ON t.code = l.type WHERE l.identifier = ?
"""
_PAPERS = """
    SELECT number, made, sealed, pdf FROM licence_papers
    WHERE licence = ? AND language = ? ORDER BY number DESC LIMIT ?
"""
_ONE = "SELECT number, made, sealed, pdf FROM licence_papers WHERE licence = ? AND pdf = ?"


class File(NamedTuple):
    """What a view is told of a print: its digest, and how many bytes it has."""

    sha256: bytes
    size: int


class Wanted(NamedTuple):
    """Whose file: a licence by its identifier, in a language."""

    identifier: str
    language: Language


class Printed(NamedTuple):
    """A print that is not entered yet; ``after`` prints of its language stood before it."""

    wanted: Wanted
    draft: Draft
    data: bytes
    after: int


class _Opened(NamedTuple):
    licence: str
    key: SealingKey
    content: Content
    document: Licence


class LicenceFiles:
    """Prints for those who view; one for each process."""

    def __init__(
        self,
        settings: Settings,
        changes: Changes,
        reading: Connection,
        master: Wrapping,
        tags: LicenceTags,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._changes = changes
        self._reading = reading
        self._master = master
        self._tags = tags
        self._clock = clock
        # One print after the other: they take a second of a processor each.
        self._press = ThreadPoolExecutor(1, "licence-files")
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._held: OrderedDict[bytes, bytes] = OrderedDict()

    def close(self) -> None:
        """Wait for the print that is under way."""
        self._press.shutdown(cancel_futures=True)

    def known(self, wanted: Wanted) -> File | None:
        """The print that stands, if it is known to come out the same here; else ``print_`` it.

        Raises ``NotFound`` or ``SealBroken``, as the others do.
        """
        opened = self._open(wanted.identifier)
        for *_, digest in self._papers(opened.licence, wanted.language):
            if digest in self._known:
                return File(digest, self._known[digest])
        return None

    async def print_(self, wanted: Wanted) -> Printed | None:
        """A new print to be entered; None if one that stands comes out the same, which is known.

        Raises ``NotPrintable`` too.
        """
        opened = self._open(wanted.identifier)
        for number, made, sealed, digest in self._papers(opened.licence, wanted.language):
            again = self._draft(opened, wanted.language, number, made, sealed)
            if again is not None and sha256(await self._run(again)) == digest:
                return None
        count = "SELECT count(*) FROM licence_papers WHERE licence = ? AND language = ?"
        (after,) = self._reading.execute(count, (opened.licence, wanted.language)).fetchone()
        if after >= MAX_FILES:
            raise NotPrintable(why="files-spent")
        draft = draft_of(
            self._settings, opened.document, wanted.language, new_code(), self._clock()
        )
        return Printed(wanted, draft, await self._run(draft), after)

    def enter(self, printed: Printed, epoch: int, reason: str) -> bool:
        """Enter a print, unless something has changed since ``epoch``; whether it was entered.

        ``reason`` goes into the *internal* part: the view for which it was made.
        """
        wanted, draft = printed.wanted, printed.draft
        try:
            with self._changes.change(HUB) as change:
                tag = self._tags.of_identifier(wanted.identifier)
                row = change.session.exec(
                    select(LicenceRow).where(LicenceRow.identifier == tag)
                ).one()
                before = papers_of(change.session, row.id)
                of_language = sum(paper.language == wanted.language for paper in before)
                today = today_of(change.time)
                if (
                    change.epoch != epoch + 1
                    or of_language != printed.after
                    or status_at(row.status, row.valid_until, today) is not Status.IN_FORCE
                ):
                    raise Unchanged
                key = SealingKey(self._master.unwrap(row.key, licence_context(row.id)))
                content = _content(row.sealed, key, row.id, wanted.identifier)
                number = len(before) + 1
                change.session.add(
                    LicencePaperRow(
                        code=sha256(draft.code),
                        licence=row.id,
                        number=number,
                        pdf=sha256(printed.data),
                        made=draft.made,
                        language=wanted.language,
                        sealed=seal_code(draft.code, key, row.id, number),
                    )
                )
                change.session.flush()
                enter(change, row, content, reason=reason)
        except Unchanged:
            return False
        return True

    def find(self, wanted: Wanted, digest: bytes) -> Draft:
        """A print by its digest, to be printed once more; raises ``NotFound``, ``NotPrintable``."""
        opened = self._open(wanted.identifier)
        row = self._reading.execute(_ONE, (opened.licence, digest)).fetchone()
        draft = None if row is None else self._draft(opened, wanted.language, *row[:3])
        if draft is None:
            raise NotFound(what="view")
        return draft

    async def data(self, draft: Draft, digest: bytes) -> bytes:
        """The bytes of a print; raises ``NotFound`` if it comes out otherwise by now."""
        held = self._held.get(digest)
        if held is not None:
            return held
        try:
            data = await self._run(draft)
        except NotPrintable:
            data = b""
        if sha256(data) != digest:
            # The font or a library has changed: the next view is shown another print.
            self._known.pop(digest, None)
            raise NotFound(what="view")
        return data

    async def _run(self, draft: Draft) -> bytes:
        """Print beside the loop, and remember what came out."""
        data = await asyncio.get_running_loop().run_in_executor(self._press, draft.pdf)
        digest = sha256(data)
        self._known[digest] = len(data)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        self._held[digest] = data
        while sum(map(len, self._held.values())) > HELD_BYTES:
            self._held.popitem(last=False)
        return data

    def _papers(self, licence: str, language: str) -> list[tuple[int, int, bytes, bytes]]:
        """The newest prints of a language: number, when made, sealed code, digest."""
        found: list[tuple[int, int, bytes, bytes]] = self._reading.execute(
            _PAPERS, (licence, language, TRIED)
        ).fetchall()
        return found

    def _draft(
        self, opened: _Opened, language: Language, number: int, made: int, sealed: bytes | None
    ) -> Draft | None:
        """A print that stands as it was drafted; None if its code cannot be opened."""
        try:
            code = open_code(sealed or b"", opened.key, opened.licence, number)
        except SealBroken:
            return None
        return draft_of(self._settings, opened.document, language, code, made)

    def _open(self, identifier: str) -> _Opened:
        row = self._reading.execute(_LICENCE, (self._tags.of_identifier(identifier),)).fetchone()
        if row is None:
            raise NotFound(what="view")
        licence, wrapped, sealed, *registered = row
        key = SealingKey(self._master.unwrap(wrapped, licence_context(licence)))
        content = _content(sealed, key, licence, identifier)
        kind = types.read(*registered).kind
        return _Opened(licence, key, content, Licence(kind, content.metadata, content.items))


def _content(sealed: bytes, key: SealingKey, licence: str, identifier: str) -> Content:
    """What is on a licence; raises ``SealBroken`` also if it is not that of the identifier."""
    content = open_content(sealed, key, licence)
    if content.identifier != identifier:
        # The tag beside it was exchanged: it would give one holder's licence to another.
        raise SealBroken
    return content
