"""The pieces of a file under a view: after the entry, under its receipt, and never without.

A view is a question like any other (``exchange.py``): its answer A tells digest and length of the
file, its entry binds A, its receipt both. Who then asks for a piece shows A again. That it is what
was answered is seen by the entry's ``a``, so nothing has to be kept of a view but its entry; and
each piece is decided on anew: a grant that has been revoked or narrowed, a material that has been
suspended, or a licence that is no longer in force or is disputed since, ends what is on its way.
"""

import asyncio
from typing import NamedTuple

from catalog.messages import Language
from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.errors import SealBroken
from certs.leaf import read_leaf
from certs.sealing import SealingKey, Wrapping
from hub.access.grant import Grant
from hub.access.standing import Source, Standing, StandingBook
from hub.clock import MINUTE, Clock
from hub.errors import NotFound, StorageRefused
from hub.ledger.naming import local
from hub.licences.errors import NotPrintable
from hub.licences.files import LicenceFiles, Wanted
from hub.licences.papers import Draft
from hub.lookup.decide import Permit, gives_file
from hub.lookup.identify import Caller, short_id
from hub.lookup.read import Records
from hub.lookup.reveal import licence_of
from hub.materials.sealed import PIECE, SealedFile
from hub.storage.objects import Objects
from hub.storage.sqlite import Connection
from hub.storage.wrapped import material_context

GOOD_FOR = 30 * MINUTE
"""Milliseconds from its entry for which a view's pieces are given; then it is asked again."""
_LIMIT = 1 << 16
_DEPTH = 8
_ENTRY = (
    "SELECT e.leaf, e.control FROM questions q JOIN entries e ON e.position = q.first"
    " WHERE q.id = ?"
    " UNION ALL SELECT e.leaf, e.control FROM questions q JOIN entries e ON e.position = q.newest"
    " WHERE q.id = ?"
)


class Viewed(NamedTuple):
    """The file of a material that may be given now."""

    sealed: SealedFile
    with_thumbnail: bool

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.sealed.size

    @property
    def pieces(self) -> int:
        """How many pieces it has."""
        return self.sealed.pieces

    async def piece(self, number: int) -> bytes:
        """A piece of the file; raises ``NotFound`` beyond the last, and ``StorageRefused``."""
        if not 0 <= number < self.pieces:
            raise NotFound(what="view")
        return await asyncio.to_thread(self.sealed.get, number)

    async def thumbnail(self) -> bytes:
        """Its thumbnail; raises ``NotFound`` if it has none, and ``StorageRefused``."""
        if not self.with_thumbnail:
            raise NotFound(what="view")
        return await asyncio.to_thread(self.sealed.thumbnail)


class ViewedLicence(NamedTuple):
    """The file of a licence that may be given now, to be printed once more."""

    files: LicenceFiles
    draft: Draft
    digest: bytes
    size: int

    @property
    def pieces(self) -> int:
        """How many pieces it has."""
        return -(-self.size // PIECE)

    async def piece(self, number: int) -> bytes:
        """A piece of the file; raises ``NotFound`` beyond the last, or if it came out otherwise."""
        if not 0 <= number < self.pieces:
            raise NotFound(what="view")
        data = await self.files.data(self.draft, self.digest)
        return data[number * PIECE : (number + 1) * PIECE]

    async def thumbnail(self) -> bytes:
        """None: raises ``NotFound``."""
        raise NotFound(what="view")


class Views:
    """Gives pieces of files to those who have viewed them."""

    def __init__(
        self,
        book: StandingBook,
        clock: Clock,
        reading: Connection,
        master: Wrapping,
        objects: Objects,
        records: Records,
        files: LicenceFiles,
    ) -> None:
        self._book = book
        self._clock = clock
        self._reading = reading
        self._master = master
        self._objects = objects
        self._records = records
        self._files = files

    def open(self, caller: Caller, request_id: str, result: Json) -> Viewed | ViewedLicence:
        """The file of a view that this asker was answered with ``result``, if all still stands.

        Raises ``NotFound``, whatever is lacking, and ``StorageRefused``.
        """
        # 1 The entry is this asker's view, not long ago, and was answered with this very result
        if not isinstance(result, dict):
            raise NotFound(what="view")
        control = self._entry(caller, request_id, digest(canonical(result)))
        # 2 Its grant stands as it stood, and its dataset, department and purpose do
        standing = self._book.refresh()
        grant, source = self._require_standing(caller, control, standing)
        # 3 The licence or the material is still to be given
        licence = result.get("licence")
        if isinstance(licence, dict):
            return self._licence(licence, grant, source, standing)
        material = result.get("material")
        name = material.get("material_no") if isinstance(material, dict) else None
        return self._material(str(name), local(control.get("dataset")))

    def _entry(self, caller: Caller, request_id: str, answered: str) -> dict[str, Json]:
        """*control* of the entry of a view that was answered so; raises ``NotFound``.

        One whose answer was lost has been asked again, and answered otherwise: its first entry and
        its newest are looked at.
        """
        name = short_id(caller.asker, request_id)
        for row in self._reading.execute(_ENTRY, (name, name)).fetchall():
            leaf = read_leaf(row[0])
            control = parse(row[1], max_bytes=_LIMIT, max_depth=_DEPTH)
            if not isinstance(control, dict) or leaf.kind != "view":
                continue
            told = (control.get("outcome"), control.get("a"), control.get("connector"))
            expected = ("answered", answered, caller.connector)
            if told == expected and self._clock() < leaf.time + GOOD_FOR:
                return control
        raise NotFound(what="view")

    def _require_standing(
        self, caller: Caller, control: dict[str, Json], standing: Standing
    ) -> tuple[Grant, Source]:
        dataset, purpose = local(control.get("dataset")), str(control.get("purpose"))
        source = standing.source(dataset)
        grants = {grant.id: grant for grant in standing.grants(caller.department, dataset)}
        grant = grants.get(local(control.get("grant")))
        if (
            source is None
            or not source.active
            or grant is None
            or not grant.stands(self._clock())
            or "view" not in grant.operations
            or caller.channel not in grant.channels
            or purpose not in grant.purposes
            or not standing.purpose(purpose)
            or not standing.department(caller.department)
        ):
            raise NotFound(what="view")
        return grant, source

    def _licence(
        self, told: dict[str, Json], grant: Grant, source: Source, standing: Standing
    ) -> ViewedLicence:
        identifier, size = str(told["identifier"]), told["size"]
        language: Language = "en" if told["language"] == "en" else "zh"
        if not gives_file(grant, source, standing):
            raise NotFound(what="view")
        permit = Permit(grant, source, identifier, {})
        digest = bytes.fromhex(str(told["sha256"]))
        try:
            named = licence_of(permit, identifier, self._records.read(permit, standing))
            draft = self._files.find(Wanted(identifier, language), digest)
        except NotPrintable as error:
            raise NotFound(what="view") from error
        except SealBroken as error:
            raise StorageRefused(why="licence") from error
        # What was disputed when it was shown may be given; what is disputed since was not told.
        if named is None or not named.given or (named.disputed and not told["disputed"]):
            raise NotFound(what="view")
        return ViewedLicence(self._files, draft, digest, size if isinstance(size, int) else 0)

    def _material(self, name: str, dataset: str) -> Viewed:
        row = self._reading.execute(
            "SELECT key, size, thumbnail FROM materials"
            " WHERE id = ? AND dataset = ? AND status = 'usable'",
            (name, dataset),
        ).fetchone()
        if row is None:
            raise NotFound(what="view")
        try:
            key = SealingKey(self._master.unwrap(row[0], material_context(name)))
        except SealBroken as error:
            raise StorageRefused(why="material") from error
        return Viewed(SealedFile(self._objects, name, key, row[1]), bool(row[2]))
