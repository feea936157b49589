"""Issuing licences, what is done to them, and their credentials: each one change with its entry.

    issue        what stands on it is checked and sealed; it is in force from this moment
    act          suspend … reinstate, as ``catalog/licences/status.py`` allows
    credential   once more the same licence as an SD-JWT, with a place of its own in a status list
    expire       what the clock has ended, entered by the hub itself

Only the department that issued a licence does anything to it; to all others there is none.
Everything is effective with the entry: lookups read these rows, status lists change in the same
transaction.
"""

import os
import secrets
from contextlib import suppress
from typing import NamedTuple

from sqlmodel import Session, col, select

from catalog.licence_record import HOLDER
from catalog.licences.credential import Terms, claims_of
from catalog.licences.document import Licence
from catalog.licences.status import Act, Status, acts, after
from certs.canonical import Json
from certs.encoding import rfc3339
from certs.errors import KeyUnusable
from certs.keys import PublicKey
from certs.sd_jwt import issue as sign_credential
from certs.sealing import KEY_BYTES, SealingKey, Wrapping
from hub.clock import DAY, Clock
from hub.errors import Conflict, Forbidden, NotFound, StorageRefused, Unprocessable
from hub.keys.register import Unchanged
from hub.keys.ring import KeyRing
from hub.ledger.change import HUB, Actor, Change, Changes
from hub.licences.content import Content, open_content, seal_content, seal_note
from hub.licences.credentials import salt_at
from hub.licences.issuing import Asked, CredentialOrder, issued
from hub.licences.lists import Lists, take_place, tell
from hub.licences.records import ENDING, status_at
from hub.licences.register import credentials_of, enter, require_own
from hub.licences.tags import LicenceTags
from hub.licences.types import find
from hub.materials.records import today_of
from hub.settings import Settings
from hub.storage.licences_tables import LicenceCredentialRow, LicenceRow
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

MAX_CREDENTIALS = 50
"""Of one licence: its entry binds them all."""
MAX_NOTE = 1000
EXPIRED_AT_ONCE = 100
"""Licences that one change lets expire; more follow in the next one."""
RENEWABLE = frozenset({Status.IN_FORCE, Status.EXPIRED, Status.OTHER})
"""What another licence may take the place of: not what is suspended, nor what was revoked."""
REPLACED = "换发 replaced by "
"""Before the identifier of the licence that took its place, in what explains its status."""
DECOYS = 2
"""Digests of nothing in a credential, so that their number does not tell what is empty."""


class Done(NamedTuple):
    """A licence after a change: ``credential`` if one was made, ``new`` unless it stood already."""

    licence: str
    identifier: str
    status: Status
    version: int
    entry: int | None
    credential: str | None = None
    new: bool = True


class _StandsError(Exception):
    """The licence stands already: nothing is to be entered."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


class Office:
    """Issues and changes the licences of one hub; one for each process."""

    def __init__(
        self,
        settings: Settings,
        changes: Changes,
        reading: Connection,
        master: Wrapping,
        tags: LicenceTags,
        ring: KeyRing,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._changes = changes
        self._reading = reading
        self._master = master
        self._tags = tags
        self._ring = ring
        self._clock = clock
        self.lists = Lists(settings.public_origin, reading, ring, clock)

    # -- issue --------------------------------------------------------------------------------
    def issue(self, actor: Actor, asked: Asked) -> Done:
        """Issue a licence, or find the one that was issued under the token.

        Raises ``NotFound``, ``LicenceRefused``, ``Conflict`` (``token-used``, ``licence-number``)
        or ``Unprocessable`` (``holder-key``).
        """
        holder_key = _holder_key(asked.credential)
        department = _department(actor)
        try:
            with self._changes.change(actor) as change:
                today = today_of(change.time)
                self._not_asked_before(change.session, department, asked, today)
                found = find(change.session, asked.type)
                licence = issued(found, department, asked, today)
                if asked.replaces is not None:
                    self._replace(change, department, asked.replaces, licence)
                row, content = self._new(change, department, asked, licence)
                if asked.replaces is not None:
                    self._superseded(change, row, content, asked)
                credential = None
                if asked.credential is not None:
                    credential = self._credential(change, row, licence, holder_key)
                entry = enter(change, row, content, asked.case)
                return Done(
                    row.id, licence.identifier, Status(row.status), row.version, entry, credential
                )
        except _StandsError as known:
            return known.done

    def _not_asked_before(
        self, session: Session, department: str, asked: Asked, today: str
    ) -> None:
        """Raise ``_StandsError`` if this licence was issued already, ``Conflict`` if another."""
        statement = select(LicenceRow).where(
            LicenceRow.department == department, LicenceRow.token == asked.token
        )
        row = session.exec(statement).first()
        if row is None:
            return
        if row.said != self._tags.of_said(asked.said()):
            raise Conflict(why="token-used")
        _, content = self._open(row)
        status = status_at(row.status, row.valid_until, today)
        raise _StandsError(
            Done(row.id, content.identifier, status, row.version, entry=None, new=False)
        )

    def _new(
        self, change: Change, department: str, asked: Asked, licence: Licence
    ) -> tuple[LicenceRow, Content]:
        data, kind = licence.metadata, licence.type
        number = self._tags.of_number(kind.type_code, data["issuer_uscc"], data["number"])
        twin = select(LicenceRow.id).where(LicenceRow.number == number)
        if change.session.exec(twin).first() is not None:
            raise Conflict(why="licence-number")
        name, secret = f"l-{secrets.token_hex(16)}", os.urandom(KEY_BYTES)
        key = SealingKey(secret)
        content = Content(dict(licence.metadata), dict(licence.items))
        row = LicenceRow(
            id=name,
            type=kind.code,
            department=department,
            holder=self._tags.of_holder(kind.type_code, content.holder),
            identifier=self._tags.of_identifier(content.identifier),
            number=number,
            token=asked.token,
            said=self._tags.of_said(asked.said()),
            key=self._master.wrap(secret, licence_context(name)),
            sealed=seal_content(content, key, name),
            note=b"",
            version=0,
            status=Status.IN_FORCE.value,
            valid_until=data["valid_until"],
            issued=change.time,
        )
        change.session.add(row)
        change.session.flush()
        return row, content

    # -- replace ------------------------------------------------------------------------------
    def _replace(self, change: Change, department: str, before: str, licence: Licence) -> None:
        """Make room for what takes the place of a licence of the department's.

        Raises ``NotFound``, and ``Conflict``: of another type or for another holder
        (``licence-other``), or no licence that may be renewed (``licence-not-renewable``).
        """
        row = require_own(change.session, before, department)
        _, content = self._open(row)
        same = (row.type, content.holder) == (licence.type.code, licence.metadata[HOLDER])
        if not same:
            raise Conflict(why="licence-other")
        if status_at(row.status, row.valid_until, today_of(change.time)) not in RENEWABLE:
            raise Conflict(why="licence-not-renewable")
        row.number = None
        change.session.add(row)
        change.session.flush()

    def _superseded(self, change: Change, row: LicenceRow, content: Content, asked: Asked) -> None:
        """End the licence whose place ``row`` takes, in the same change; both name each other."""
        before = require_own(change.session, str(asked.replaces), row.department)
        key, old = self._open(before)
        row.replaces, before.replaced_by = before.id, row.id
        note = seal_note(f"{REPLACED}{content.identifier}", key, before.id)
        self._set(change, before, old, Status.CANCELLED, note, asked.case)

    # -- act ----------------------------------------------------------------------------------
    def act(
        self,
        actor: Actor,
        licence: str,
        act: Act,
        *,
        note: str = "",
        version: int | None = None,
        case: str | None = None,
    ) -> Done:
        """Do something to a licence; ``version`` is the one that was seen, if it matters.

        Raises ``NotFound``, ``TransitionRefused``, ``ExplanationMissing``, ``Conflict``
        (``licence-version``) or ``Unprocessable`` (``note``, ``act``).
        """
        if act is Act.EXPIRE:
            raise Unprocessable(why="act")  # the clock's own
        if len(note) > MAX_NOTE:
            raise Unprocessable(why="note")
        with self._changes.change(actor) as change:
            row = require_own(change.session, licence, actor.department)
            if version is not None and version != row.version:
                raise Conflict(why="licence-version")
            today = today_of(change.time)
            key, content = self._open(row)
            then = after(status_at(row.status, row.valid_until, today), act, note)
            # What is put back in force past its last day has ended meanwhile.
            then = status_at(then.value, row.valid_until, today)
            entry = self._set(
                change, row, content, then, seal_note(note.strip(), key, row.id), case
            )
            return Done(row.id, content.identifier, then, row.version, entry)

    def _set(
        self,
        change: Change,
        row: LicenceRow,
        content: Content,
        status: Status,
        note: bytes,
        case: str | None = None,
    ) -> int:
        row.status, row.note = status.value, note
        if status.final:
            # Another one may bear its number from now on.
            row.number = None
        entry = enter(change, row, content, case)
        tell(change, credentials_of(change.session, row.id), status)
        return entry

    def expire(self) -> int:
        """Enter what the clock has ended; gives how many licences that were."""
        today = today_of(self._clock())
        due = "SELECT 1 FROM licences WHERE valid_until > '' AND valid_until < ? AND status IN"
        marks = ", ".join("?" * len(ENDING))
        ending = sorted(one.value for one in ENDING)
        if self._reading.execute(f"{due} ({marks}) LIMIT 1", (today, *ending)).fetchone() is None:
            return 0
        ended = 0
        with suppress(Unchanged), self._changes.change(HUB) as change:
            statement = (
                select(LicenceRow)
                .where(
                    col(LicenceRow.valid_until) > "",
                    col(LicenceRow.valid_until) < today,
                    col(LicenceRow.status).in_(ending),
                )
                .limit(EXPIRED_AT_ONCE)
            )
            rows = change.session.exec(statement).all()
            if not rows:
                raise Unchanged  # another process was first
            for row in rows:
                _, content = self._open(row)
                self._set(change, row, content, after(Status(row.status), Act.EXPIRE), b"")
            ended = len(rows)
        return ended

    # -- credential ---------------------------------------------------------------------------
    def credential(
        self, actor: Actor, licence: str, order: CredentialOrder, version: int | None = None
    ) -> Done:
        """Make another credential of a licence that is in force; ``version`` as of ``act``.

        Raises ``NotFound``, ``Conflict`` (``licence-not-in-force``, ``licence-version``,
        ``licence-credentials``) or ``Unprocessable`` (``holder-key``).
        """
        holder_key = _holder_key(order)
        with self._changes.change(actor) as change:
            row, content, document = self.in_force(change, licence, actor.department)
            if version not in {None, row.version}:
                raise Conflict(why="licence-version")
            token = self._credential(change, row, document, holder_key)
            entry = enter(change, row, content)
            return Done(row.id, content.identifier, Status(row.status), row.version, entry, token)

    def in_force(
        self, change: Change, licence: str, department: str | None
    ) -> tuple[LicenceRow, Content, Licence]:
        """A licence of the department's that is good today; raises ``NotFound``, ``Conflict``."""
        row = require_own(change.session, licence, department)
        if status_at(row.status, row.valid_until, today_of(change.time)) is not Status.IN_FORCE:
            raise Conflict(why="licence-not-in-force")
        _, content = self._open(row)
        found = find(change.session, row.type)
        if found is None:
            raise StorageRefused(why="licence-type-gone")
        return row, content, Licence(found.kind, content.metadata, content.items)

    def _credential(
        self, change: Change, row: LicenceRow, licence: Licence, holder: PublicKey | None
    ) -> str:
        before = credentials_of(change.session, row.id)
        if len(before) >= MAX_CREDENTIALS:
            raise Conflict(why="licence-credentials")
        list_, place = take_place(change)
        change.session.add(
            LicenceCredentialRow(
                list=list_,
                place=place,
                licence=row.id,
                number=len(before) + 1,
                salt=salt_at(change.time),
            )
        )
        change.session.flush()
        terms = Terms(
            issuer=self._settings.public_origin,
            issued=change.time // 1000,
            lifetime=self._settings.licences.credential_days * DAY // 1000,
            status=self.lists.reference(list_, place),
        )
        said = claims_of(licence, terms)
        key, kid = self._ring.credential
        return sign_credential(said.claims, said.hidden, key, kid, holder=holder, decoys=DECOYS)

    def show(self, licence: str, department: str | None) -> dict[str, Json]:
        """How a licence of the department's stands, without anything that is on it.

        What is on it is told by a lookup, under a grant and with an entry. Raises ``NotFound``.
        """
        row = self._reading.execute(
            "SELECT department, type, status, valid_until, version, issued,"
            " (SELECT count(*) FROM licence_credentials WHERE licence = id),"
            " (SELECT count(*) FROM licence_papers WHERE licence = id AND language IS NULL),"
            " replaces, replaced_by"
            " FROM licences WHERE id = ?",
            (licence,),
        ).fetchone()
        if row is None or department is None or row[0] != department:
            raise NotFound(what="licence")
        _, kind, stored, valid_until, version, issued_at, credentials, papers, *chain = row
        replaces, replaced_by = chain
        status = status_at(stored, valid_until, today_of(self._clock()))
        may: list[Json] = [one.value for one in acts(status) if one is not Act.EXPIRE]
        return {
            "acts": may,
            "credentials": credentials,
            "issued": rfc3339(issued_at),
            "licence": licence,
            "papers": papers,
            "replaced_by": replaced_by,
            "replaces": replaces,
            "status": status.value,
            "type": kind,
            "valid_until": valid_until or None,
            "version": version,
        }

    def _open(self, row: LicenceRow) -> tuple[SealingKey, Content]:
        """The key and the content of a licence; raises ``SealBroken``."""
        key = SealingKey(self._master.unwrap(row.key, licence_context(row.id)))
        return key, open_content(row.sealed, key, row.id)


def _department(actor: Actor) -> str:
    if actor.department is None:
        raise Forbidden(what="licences")
    return actor.department


def _holder_key(order: CredentialOrder | None) -> PublicKey | None:
    if order is None or order.holder_key is None:
        return None
    try:
        return PublicKey.from_jwk(order.holder_key.model_dump())
    except KeyUnusable as error:
        raise Unprocessable(why="holder-key") from error
