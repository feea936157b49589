"""Materials on their way: rows of ``material_uploads``, and who may file what.

receiving   pieces come
filed       it is a material, under the same id
known       the same file of the same subject stood already; ``material`` says which
refused     ``failure`` says why
given-up    its sender has withdrawn it, or has not completed it within a day
"""

from typing import NamedTuple

from sqlmodel import Session, select

from certs.canonical import Json
from certs.sealing import SealingKey, Wrapping
from hub.access.standing import Standing
from hub.clock import DAY
from hub.errors import Forbidden, NotFound
from hub.ledger.change import Actor
from hub.materials.metadata import Announced, open_announced
from hub.storage.materials_tables import MaterialUploadRow
from hub.storage.sqlite import Connection
from hub.storage.wrapped import material_context

ABANDONED_AFTER = DAY
"""Milliseconds after which an upload that has not been completed is given up, and an ended one is
forgotten with its token."""
MOST_OPEN = 64
"""Uploads that one sender may have under way."""
RECEIVING, FILED, KNOWN, REFUSED, GIVEN_UP = "receiving", "filed", "known", "refused", "given-up"


class Sender(NamedTuple):
    """Who files: a connector by its certificate, or the console of a department."""

    actor: Actor
    department: str
    asker: str
    keyid: str | None


class Upload(NamedTuple):
    """What is asked of an upload again and again."""

    id: str
    asker: str
    dataset: str
    key: bytes
    sealed: bytes
    media_type: str
    size: int
    state: str
    material: str | None
    failure: str | None

    @property
    def told(self) -> dict[str, Json]:
        """What its sender is told of it."""
        return {
            "failure": self.failure,
            "material": self.material,
            "state": self.state,
            "upload": self.id,
        }


_COLUMNS = "id, asker, dataset, key, sealed, media_type, size, state, material, failure"


def find(connection: Connection, upload: str, asker: str) -> Upload:
    """An upload of one's own; raises ``NotFound`` for any other."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM material_uploads WHERE id = ? AND asker = ?",  # noqa: S608 no input
        (upload, asker),
    ).fetchone()
    if row is None:
        raise NotFound(what="material")
    return Upload(*row)


def announced(upload: Upload, master: Wrapping) -> tuple[bytes, Announced]:
    """The key of a running upload and what was announced; raises ``SealBroken``."""
    key = master.unwrap(upload.key, material_context(upload.id))
    return key, open_announced(upload.sealed, SealingKey(key), upload.id)


def by_token(session: Session, asker: str, token: str) -> MaterialUploadRow | None:
    """What this sender has begun under this token."""
    statement = select(MaterialUploadRow).where(
        MaterialUploadRow.asker == asker, MaterialUploadRow.token == token
    )
    return session.exec(statement).first()


def end(row: MaterialUploadRow, state: str, material: str | None, failure: str | None) -> None:
    """End an upload; what could open it goes."""
    row.state, row.material, row.failure = state, material, failure
    row.key = row.sealed = b""
    row.swept = state == FILED


def require_may_file(standing: Standing, sender: Sender, dataset: str, now: int) -> None:
    """Raise ``NotFound`` unless the sender's department may file this type of material now.

    That may the department that provides the type, and whoever holds a standing grant over it:
    who needs a paper is who has to take it in. ``Forbidden`` if the sender no longer stands.
    """
    if not standing.department(sender.department):
        raise Forbidden(what="department")
    if sender.keyid is not None:
        credential = standing.credential(sender.keyid)
        if credential is None or not credential.stands:
            raise Forbidden(what="certificate")
    source = standing.source(dataset)
    if source is None or not source.active or source.dataset.source != "materials":
        raise NotFound(what="dataset")
    if source.department == sender.department:
        return
    if not any(grant.stands(now) for grant in standing.grants(sender.department, dataset)):
        raise NotFound(what="dataset")
