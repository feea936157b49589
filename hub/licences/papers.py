"""Licences on paper: printed for their holders, and checked by anybody who holds one.

The square code on a print holds an address with 128 random bits, kept by their digest alone. Who
opens it sees the minimum of the type and the status of this moment; so does whoever has the file,
by its digest, which nobody can guess since the code is in it. Neither is entered: strangers would
fill the log. The print is.
"""

import secrets
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from catalog.licences.document import Licence
from catalog.licences.licence_type import LicenceType
from catalog.licences.status import Status
from catalog.messages import Language
from certs.encoding import b64u, sha256, unb64u
from certs.errors import MalformedEncoding
from certs.sealing import SealingKey, Wrapping
from hub.clock import SHANGHAI, Clock
from hub.errors import Conflict, NotFound
from hub.ledger.change import Actor, Changes
from hub.licences import types
from hub.licences.content import Content, open_content
from hub.licences.document import Document
from hub.licences.errors import NotPrintable
from hub.licences.office import Office
from hub.licences.paper import document_of
from hub.licences.records import status_at
from hub.licences.register import enter, papers_of
from hub.materials.records import today_of
from hub.settings import Settings
from hub.storage.licences_tables import LicencePaperRow
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

MAX_PAPERS = 50
"""The issuer's prints of one licence: its entry binds them all."""
_CODE_BYTES = 16
_SEEN = """
    SELECT l.id, l.key, l.sealed, l.status, p.made, t.definition, t.issuers, t.status
    FROM licence_papers p JOIN licences l ON l.id = p.licence
    JOIN licence_types t ON t.code = l.type WHERE p.{column} = ?
"""


class Draft(NamedTuple):
    """A print that is not entered yet; ``code`` is what its address holds."""

    document: Document
    font: Path
    code: bytes
    made: int

    def pdf(self) -> bytes:
        """The file; may run beside the loop. Raises ``NotPrintable``."""
        # Fonts and pages are 30 MiB and a fifth of the time that a process takes to start.
        from hub.licences.printed import pdf  # noqa: PLC0415 most processes print nothing

        return pdf(self.document, self.font)


class Seen(NamedTuple):
    """What a stranger is shown of a licence; ``shown`` are codes of the minimum with values."""

    kind: LicenceType
    status: Status
    shown: tuple[tuple[str, str], ...]
    printed: int


def new_code() -> bytes:
    """What the square code of another print is to hold."""
    return secrets.token_bytes(_CODE_BYTES)


def draft_of(
    settings: Settings, licence: Licence, language: Language, code: bytes, made: int
) -> Draft:
    """What is printed of a licence under a code, at a time; raises ``NotPrintable``."""
    font = settings.licences.font
    if font is None:
        raise NotPrintable(why="font-unset")
    address = f"{settings.public_origin}/licences/{b64u(code)}"
    moment = datetime.fromtimestamp(made // 1000, SHANGHAI)
    return Draft(document_of(licence, language, code=address, made=moment), font, code, made)


class Papers:
    """Prints and checks the papers of one hub; one for each process."""

    def __init__(
        self,
        settings: Settings,
        changes: Changes,
        reading: Connection,
        master: Wrapping,
        office: Office,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._changes = changes
        self._reading = reading
        self._master = master
        self._office = office
        self._clock = clock

    def prepare(self, actor: Actor, licence: str, language: Language) -> "Draft":
        """What is to be printed of a licence that is in force; nothing is written yet.

        Raises ``NotFound``, ``Conflict`` (``licence-not-in-force``) or ``NotPrintable``.
        """
        document = self._peek(licence, actor.department)
        return draft_of(self._settings, document, language, new_code(), self._clock())

    def enter(self, actor: Actor, licence: str, draft: "Draft", data: bytes) -> int:
        """Enter a print of a licence that is still in force; gives the entry's position.

        Raises ``NotFound`` or ``Conflict`` (``licence-not-in-force``, ``licence-papers``).
        """
        with self._changes.change(actor) as change:
            row, content, _ = self._office.in_force(change, licence, actor.department)
            before = papers_of(change.session, row.id)
            # What others are shown (``files.py``) takes no room from the issuer, nor the reverse.
            if sum(paper.language is None for paper in before) >= MAX_PAPERS:
                raise Conflict(why="licence-papers")
            change.session.add(
                LicencePaperRow(
                    code=sha256(draft.code),
                    licence=row.id,
                    number=len(before) + 1,
                    pdf=sha256(data),
                    made=draft.made,
                )
            )
            change.session.flush()
            return enter(change, row, content)

    def by_code(self, code: str) -> Seen:
        """What the square code of a print shows now; raises ``NotFound``."""
        try:
            token = unb64u(code)
        except MalformedEncoding as error:
            raise NotFound(what="licence") from error
        if len(token) != _CODE_BYTES:
            raise NotFound(what="licence")
        return self._seen("code", sha256(token))

    def look(self, data: bytes) -> Seen | None:
        """The same for a file, if we printed exactly this; else None."""
        return self.look_by_digest(sha256(data))

    def look_by_digest(self, digest: bytes) -> Seen | None:
        """The same by a file's SHA-256."""
        try:
            return self._seen("pdf", digest)
        except NotFound:
            return None

    def _peek(self, licence: str, department: str | None) -> Licence:
        row = self._reading.execute(
            "SELECT l.key, l.sealed, l.status, l.department, t.definition, t.issuers, t.status"
            " FROM licences l JOIN licence_types t ON t.code = l.type WHERE l.id = ?",
            (licence,),
        ).fetchone()
        if row is None or department is None or row[3] != department:
            raise NotFound(what="licence")
        content = self._open(licence, row[0], row[1])
        if self._status(row[2], content) is not Status.IN_FORCE:
            raise Conflict(why="licence-not-in-force")
        return Licence(types.read(*row[4:]).kind, content.metadata, content.items)

    def _seen(self, column: str, digest: bytes) -> Seen:
        row = self._reading.execute(_SEEN.format(column=column), (digest,)).fetchone()
        if row is None:
            raise NotFound(what="licence")
        licence, key, sealed, status, made, *registered = row
        content = self._open(licence, key, sealed)
        kind = types.read(*registered).kind
        values = {**content.metadata, **content.items}
        shown = tuple((code, values[code]) for code in kind.minimum if values.get(code))
        return Seen(kind, self._status(status, content), shown, made)

    def _open(self, licence: str, key: bytes, sealed: bytes) -> Content:
        unwrapped = SealingKey(self._master.unwrap(key, licence_context(licence)))
        return open_content(sealed, unwrapped, licence)

    def _status(self, status: str, content: Content) -> Status:
        return status_at(status, content.metadata["valid_until"], today_of(self._clock()))
