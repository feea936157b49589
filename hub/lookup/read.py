"""Step 4: the sealed records of this subject, as they stand now.

The seam is narrow on purpose: beside the copied source stand the materials
(``hub/materials/records.py``) and the licences (``hub/licences/records.py``), and a live one,
answered by its department's connector, can.
"""

import hmac
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from certs.sealing import Wrapping
from hub.access.marks import record_pseudonym
from hub.access.standing import Source, Standing
from hub.licences.records import LicenceRecords
from hub.lookup.decide import Permit
from hub.materials.records import MaterialRecords
from hub.storage.folder import Folder
from hub.storage.following import FollowedReader
from hub.storage.generation import ROW_KEY_SEPARATOR, GenerationGone, GenerationKeys
from hub.storage.held import Holding

OPEN_GENERATIONS = 64
"""Generation files that one process keeps open."""


class Record(NamedTuple):
    """One record: its values in the order of the definition's items; disputed or not."""

    values: list[str]
    disputed: bool


class Records:
    """Reads sealed generations, and leaves out what has been repaired away.

    ``marks`` and ``mismatches`` are kept keys (``hub/keys/kept.py``), 32 bytes each.
    """

    def __init__(
        self,
        folder: Folder,
        master: Wrapping,
        hub_name: str,
        *,
        materials: MaterialRecords,
        licences: LicenceRecords,
        marks: bytes,
        mismatches: bytes,
    ) -> None:
        self._materials = materials
        self._licences = licences
        self._folder = folder
        self._master = master
        self._hub = hub_name
        self._marks = marks
        self._counters = mismatches
        self._open: OrderedDict[str, FollowedReader] = OrderedDict()

    def read(self, permit: Permit, standing: Standing) -> list[Record]:
        """The records of the permit's subject; raises ``GenerationGone`` or ``SealBroken``."""
        source = permit.source
        if source.dataset.source != "copied":
            return self._held(source, permit.subject, standing)
        if source.generation is None:
            return []
        reader = self._open.get(source.generation) or self._reader(source, standing)
        rows = reader.read(permit.subject, source.version)
        return self._unrepaired(source, permit.subject, rows, standing)

    def reader(self, source: Source, standing: Standing) -> FollowedReader:
        """The live generation of a source that has one; raises ``GenerationGone``."""
        return self._open.get(source.generation or "") or self._reader(source, standing)

    def holding(self, source: Source) -> Holding:
        """The records of a source that is not published."""
        return self._materials if source.dataset.source == "materials" else self._licences

    def read_many(
        self, source: Source, subjects: Sequence[str], standing: Standing
    ) -> list[list[Record]]:
        """The records of each subject, in order; raises as ``read`` does."""
        if source.dataset.source != "copied":
            return [self._held(source, subject, standing) for subject in subjects]
        if source.generation is None:
            return [[] for _ in subjects]
        reader = self._open.get(source.generation) or self._reader(source, standing)
        found = reader.read_many(subjects, source.version)
        return [
            self._unrepaired(source, subject, rows, standing)
            for subject, rows in zip(subjects, found, strict=True)
        ]

    def _held(self, source: Source, subject: str, standing: Standing) -> list[Record]:
        """Materials or licences of a subject."""
        dataset = source.dataset
        if dataset.source == "materials":
            rows = self._materials.rows(dataset, subject)
            return self._unrepaired(source, subject, rows, standing)
        return self._unrepaired(source, subject, self._licences.rows(dataset, subject), standing)

    def _unrepaired(
        self, source: Source, subject: str, rows: list[list[str]], standing: Standing
    ) -> list[Record]:
        """The rows of a subject but those repaired away, with their disputes."""
        if not source.marked:
            return [Record(values, disputed=False) for values in rows]
        found: list[Record] = []
        for values in rows:
            mark = standing.mark(self.pseudonym_of(source, subject, values))
            if mark != "repaired":
                found.append(Record(values, disputed=mark == "disputed"))
        return found

    def pseudonym_of(self, source: Source, subject: str, values: list[str]) -> bytes:
        """The pseudonym of a record that was found under ``subject``.

        That of a licence names its holder, whether it was asked for by holder or by identifier.
        """
        dataset = source.dataset
        if dataset.source == "licences":
            codes = [item.code for item in dataset.items]
            subject = values[codes.index(dataset.subject.item)]
        return self.pseudonym(source, subject, self.row_key(source, values))

    def row_key(self, source: Source, values: list[str]) -> str:
        """The row key of a record."""
        position = {item.code: place for place, item in enumerate(source.dataset.items)}
        return ROW_KEY_SEPARATOR.join(values[position[code]] for code in source.dataset.row_key)

    def pseudonym(self, source: Source, subject: str, row_key: str) -> bytes:
        """HMAC(hub key, dataset ‖ subject ‖ row key), each with its length (protocol, *Rows*)."""
        return record_pseudonym(self._marks, f"{self._hub}:{source.dataset.code}", subject, row_key)

    def counter(self, department: str, permit: Permit) -> int:
        """Under what a department's failed verifications of a subject are counted: 63 bits, keyed.

        Without the key, whoever steals the database could try all identifiers against it.
        """
        text = f"{department}\x00{permit.source.dataset.code}\x00{permit.subject}"
        data = hmac.digest(self._counters, text.encode(), "sha256")
        return int.from_bytes(data[:8], "big") >> 1

    def _reader(self, source: Source, standing: Standing) -> FollowedReader:
        name = source.generation or ""
        wrapped = standing.generation_keys(name)
        path = self._folder.generation(name)
        if wrapped is None or not path.exists():
            raise GenerationGone(why="generation-gone")
        dataset = f"{self._hub}:{source.dataset.code}"
        keys = GenerationKeys.unwrap(self._master, wrapped, dataset, name)
        reader = FollowedReader(path, dataset, name, keys)
        self._open[name] = reader
        if len(self._open) > OPEN_GENERATIONS:
            self._open.popitem(last=False)[1].close()
        return reader
