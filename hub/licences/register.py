"""Licences as they stand, and each change of them as an entry of kind ``licence``.

The state in the entry names nobody: an opaque id, type, department, version, status, the digests of
what is sealed, of each credential a salted digest of its place, and of each print the digests of
its code and its file, and the language of one that is shown under grants. The holder stands in the
*person* part.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session, col, select

from catalog.licences.metadata import HOLDER_TYPE, HolderType
from certs.canonical import Json, parse
from certs.encoding import b64u, digest
from hub.errors import NotFound
from hub.ledger.change import Change
from hub.ledger.replay import SHOWN
from hub.ledger.told.licences import bound
from hub.licences.content import Content
from hub.storage.licences_tables import LicenceCredentialRow, LicencePaperRow, LicenceRow

_CONTROL = text("SELECT control FROM entries WHERE position = :position")
_LARGEST, _DEPTH = 1 << 20, 8


def credentials_of(session: Session, licence: str) -> Sequence[LicenceCredentialRow]:
    """All credentials that were ever issued of a licence."""
    statement = (
        select(LicenceCredentialRow)
        .where(LicenceCredentialRow.licence == licence)
        .order_by(col(LicenceCredentialRow.number))
    )
    return session.exec(statement).all()


def papers_of(session: Session, licence: str) -> Sequence[LicencePaperRow]:
    """All prints of a licence."""
    statement = (
        select(LicencePaperRow)
        .where(LicencePaperRow.licence == licence)
        .order_by(col(LicencePaperRow.number))
    )
    return session.exec(statement).all()


def require_own(session: Session, licence: str, department: str | None) -> LicenceRow:
    """A licence that the department issued; to all others there is none (``NotFound``)."""
    row = session.get(LicenceRow, licence)
    if row is None or department is None or row.department != department:
        raise NotFound(what="licence")
    return row


def enter(
    change: Change, row: LicenceRow, content: Content, case: str | None = None, reason: str = ""
) -> int:
    """Enter the whole state of a licence in its next version; gives the entry's position."""
    row.version += 1
    change.session.add(row)
    change.session.flush()
    state: dict[str, Json] = {
        "content": digest(row.sealed),
        "credentials": [
            bound(one.list, one.place, one.salt) for one in credentials_of(change.session, row.id)
        ],
        "department": row.department,
        "id": row.id,
        "note": digest(row.note),
        "papers": [_bound(one) for one in papers_of(change.session, row.id)],
        "status": row.status,
        "type": row.type,
        "version": row.version,
    }
    if row.replaces is not None:
        state["replaces"] = row.replaces
    if row.replaced_by is not None:
        state["replaced_by"] = row.replaced_by
    kind = HolderType(content.metadata[HOLDER_TYPE]).kind
    position = change.append(
        "licence", state, subject=(kind, content.holder), case=case, reason=reason
    )
    if row.version == 1 or _looks_otherwise(change.session, row.changed, state):
        row.changed = position
        change.session.add(row)
    return position


def _bound(paper: LicencePaperRow) -> list[Json]:
    """How a state binds a print: of one that is shown under grants with its language."""
    digests: list[Json] = [b64u(paper.code), b64u(paper.pdf)]
    return digests if paper.language is None else [*digests, paper.language]


def _looks_otherwise(session: Session, before: int, state: dict[str, Json]) -> bool:
    """Whether a lookup tells anything else than after the entry at ``before``.

    A print or a credential more is nothing to those who follow.
    """
    (control,) = session.connection().execute(_CONTROL, {"position": before}).one()
    members = parse(bytes(control), max_bytes=_LARGEST, max_depth=_DEPTH)
    told = members["state"] if isinstance(members, dict) else None
    return not isinstance(told, dict) or any(told[name] != state[name] for name in SHOWN)
