"""What a filing writes: a material that is new, or what a department says of one that stands."""

import hashlib

from certs.sealing import SealingKey, Wrapping
from hub.ledger.change import Change
from hub.materials import register
from hub.materials.metadata import Filed, open_filed, seal_filed
from hub.materials.tags import Tags
from hub.storage.materials_tables import MaterialRow, MaterialUploadRow
from hub.storage.wrapped import material_context


class NothingNewError(Exception):
    """The department has said the same of the same file before: nothing is to be entered."""

    def __init__(self, material: str) -> None:
        super().__init__(material)
        self.material = material


class Desk:
    """Writes rows and entries inside a change; one for each process."""

    def __init__(self, master: Wrapping, tags: Tags) -> None:
        self._master = master
        self._tags = tags

    def first(
        self, change: Change, row: MaterialUploadRow, key: SealingKey, filed: Filed, twin: bytes
    ) -> None:
        """An upload becomes a material under its own id and key."""
        material = MaterialRow(
            id=row.id,
            dataset=row.dataset,
            department=row.department,
            tag=self._tags.of_subject(row.dataset, filed.holder.id),
            twin=twin,
            key=row.key,
            media_type=row.media_type,
            size=row.size,
            thumbnail=bool(filed.thumbnail_sha256),
            digest=self._tags.of_file(row.id, filed.sha256),
            version=1,
            status="usable",
            filed=change.time,
        )
        change.session.add(material)
        change.session.flush()
        sealed, until = seal_filed(filed, key, row.id, 1), filed.metadata.valid_until
        register.add_version(change, material, row.department, sealed, until)
        register.enter(change, material, _subject(filed), filed.metadata.case)

    def again(self, change: Change, row: MaterialRow, department: str, filed: Filed) -> None:
        """The same file of the same subject: what a department says of it is a version more.

        Raises ``NothingNewError`` if it has said just that before.
        """
        key = SealingKey(self._master.unwrap(row.key, material_context(row.id)))
        said = {
            one.department: open_filed(one.sealed, key, row.id, one.version)
            for one in register.filings_of(change.session, row.id)
        }
        own = said.get(department)
        if own is not None and own.metadata == filed.metadata:
            raise NothingNewError(row.id)
        row.version = register.require_room(row)
        shown = next(iter(said.values())).thumbnail_sha256
        sealed = seal_filed(filed._replace(thumbnail_sha256=shown), key, row.id, row.version)
        register.add_version(change, row, department, sealed, filed.metadata.valid_until)
        register.enter(change, row, _subject(filed), filed.metadata.case)


def digest_of(thumbnail: bytes) -> str:
    """The SHA-256 of a thumbnail; empty where there is none."""
    return hashlib.sha256(thumbnail).hexdigest() if thumbnail else ""


def _subject(filed: Filed) -> tuple[str, str]:
    return filed.holder.type, filed.holder.id
