"""The pieces of a file under a view: after the entry, under its receipt, and never without.

A view is a question like any other (``exchange.py``): its answer A tells digest and length of the
file, its entry binds A, its receipt both. Who then asks for a piece shows A again. That it is what
was answered is seen by the entry's ``a``, so nothing has to be kept of a view but its entry; and
each piece is decided on anew: a grant that has been revoked, or a material that has been suspended,
ends what is on its way.
"""

from typing import NamedTuple

from certs.canonical import Json, canonical, parse
from certs.encoding import digest
from certs.errors import SealBroken
from certs.leaf import read_leaf
from certs.sealing import SealingKey, Wrapping
from hub.access.standing import StandingBook
from hub.clock import MINUTE, Clock
from hub.errors import NotFound, StorageRefused
from hub.ledger.naming import local
from hub.lookup.identify import Caller, short_id
from hub.materials.sealed import SealedFile
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
)


class Viewed(NamedTuple):
    """A file that may be given now."""

    sealed: SealedFile
    thumbnail: bool


class Views:
    """Gives pieces of files to those who have viewed them."""

    def __init__(
        self,
        book: StandingBook,
        clock: Clock,
        reading: Connection,
        master: Wrapping,
        objects: Objects,
    ) -> None:
        self._book = book
        self._clock = clock
        self._reading = reading
        self._master = master
        self._objects = objects

    def open(self, caller: Caller, request_id: str, result: Json) -> Viewed:
        """The file of a view that this asker was answered with ``result``, if all still stands.

        Raises ``NotFound``, whatever is lacking, and ``StorageRefused``.
        """
        # 1 The entry is this asker's view, not long ago, and was answered with this very result
        row = self._reading.execute(_ENTRY, (short_id(caller.asker, request_id),)).fetchone()
        if row is None or not isinstance(result, dict):
            raise NotFound(what="view")
        leaf = read_leaf(row[0])
        control = parse(row[1], max_bytes=_LIMIT, max_depth=_DEPTH)
        if not isinstance(control, dict) or leaf.kind != "view":
            raise NotFound(what="view")
        told = (control.get("outcome"), control.get("a"), control.get("connector"))
        if told != ("answered", digest(canonical(result)), caller.connector):
            raise NotFound(what="view")
        if self._clock() >= leaf.time + GOOD_FOR:
            raise NotFound(what="view")
        # 2 Its grant stands as it stood, and its dataset, department and purpose do
        self._require_standing(caller, control)
        # 3 The material is still to be given
        material = result.get("material")
        name = material.get("material_no") if isinstance(material, dict) else None
        return self._material(str(name), local(control.get("dataset")))

    def _require_standing(self, caller: Caller, control: dict[str, Json]) -> None:
        standing = self._book.refresh()
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
