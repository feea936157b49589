"""Asks what is live of other datasets whether it knows a subject; nothing of a record is told.

Only datasets of this hub are asked, as they stand when the check begins, by the blind index of
their generation. Only where some of a dataset's records have been repaired are those opened that
are found: who has repaired ones alone does not stand there (《信用修复管理办法》). Whether somebody
stands in a register is told only to a department that may know: its own dataset, or one that it may
look up in, or whose grant tells existence. What is not asked becomes a finding, never silence.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from catalog.definition import Dataset, load
from catalog.quality import Exists
from certs.sealing import Wrapping
from hub.access import grants
from hub.access.marks import record_pseudonym
from hub.keys.kept import KeptKeys
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.generation import (
    ROW_KEY_SEPARATOR,
    GenerationGone,
    GenerationKeys,
    GenerationReader,
)
from hub.storage.sqlite import Connection

_ATTEMPTS = 3
"""A generation may be replaced between looking it up and opening it."""


class Elsewhere:
    """The datasets that one definition's rules name; ``unasked`` says what could not be asked."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        connection: Connection,
        master: Wrapping,
        *,
        department: str,
        now: int,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._connection = connection
        self._master = master
        self._department = department
        self._now = now
        self._readers: dict[str, tuple[GenerationReader, int]] = {}
        self._marked: dict[str, tuple[Dataset, bytes]] = {}
        """The definition of each that has repaired records, with the key of their pseudonyms."""
        self.unasked: dict[str, tuple[str, str]] = {}
        """By the code of a rule, the dataset and why it is not asked."""

    def open(self, dataset: Dataset) -> None:
        """Open whatever the rules of ``dataset`` name."""
        why: dict[str, str | None] = {}
        for rule in dataset.rules:
            if not isinstance(rule, Exists):
                continue
            for code in rule.datasets:
                if code not in why:
                    why[code] = self._open(code)
                unfit = why[code] or self._unfit(dataset, rule, code)
                if unfit is not None:
                    self.unasked.setdefault(rule.code, (code, unfit))

    def absent(self, rule: Exists, values: Sequence[str]) -> set[str]:
        """Those of the values that are subjects of none of the rule's datasets."""
        missing = set(values)
        if rule.code in self.unasked:
            return set()
        for code in rule.datasets:
            reader, version = self._readers[code]
            found = reader.standing(tuple(missing), version)
            missing -= found - self._repaired(code, found)
        return missing

    def _repaired(self, code: str, subjects: AbstractSet[str]) -> set[str]:
        """Those of the subjects of whom a dataset has repaired records only."""
        reader, version = self._readers[code]
        if code not in self._marked:
            return set()
        dataset, key = self._marked[code]
        wanted = sorted(subjects)
        return {
            subject
            for subject, rows in zip(wanted, reader.read_many(wanted, version), strict=True)
            if all(self._is_repaired(dataset, key, subject, values) for values in rows)
        }

    def _is_repaired(self, dataset: Dataset, key: bytes, subject: str, values: list[str]) -> bool:
        full = self._settings.full(dataset.code)
        pseudonym = record_pseudonym(key, full, subject, _row_key(dataset, values))
        found = self._connection.execute(
            "SELECT 1 FROM marks WHERE pseudonym = ? AND kind = 'repaired'", (pseudonym,)
        )
        return found.fetchone() is not None

    def close(self) -> None:
        """Close what is open."""
        for reader, _ in self._readers.values():
            reader.close()
        self._readers.clear()

    def _open(self, code: str) -> str | None:
        """Open what is live of a dataset; why not, if it is not asked."""
        for _ in range(_ATTEMPTS):
            found = self._connection.execute(
                "SELECT d.department, d.status, d.version, g.name, g.keys FROM datasets d"
                " LEFT JOIN generations g ON g.name = d.generation WHERE d.code = ?",
                (code,),
            ).fetchone()
            why = self._why_not(code, found)
            if why is not None:
                return why
            _, _, version, name, wrapped = found
            full = self._settings.full(code)
            keys = GenerationKeys.unwrap(self._master, wrapped, full, name)
            try:
                reader = GenerationReader(self._folder.generation(name), full, name, keys)
            except GenerationGone:
                continue
            self._readers[code] = (reader, version)
            self._look_for_marks(code)
            return None
        return "no-generation"

    def _look_for_marks(self, code: str) -> None:
        row = self._connection.execute(
            "SELECT definition FROM datasets WHERE code = ?1 AND EXISTS"
            " (SELECT 1 FROM marks WHERE dataset = ?1 AND kind = 'repaired')",
            (code,),
        ).fetchone()
        if row is not None:
            key = KeptKeys(self._connection, self._master).key("marks")
            self._marked[code] = (load(row[0], code), key)

    def _why_not(self, code: str, found: Sequence[object] | None) -> str | None:
        if found is None:
            return "no-dataset"
        department, status, _, name, _ = found
        if department != self._department and not self._granted(code):
            return "no-grant"
        if status != "active":
            return "dataset-suspended"
        return "no-generation" if name is None else None

    def _granted(self, code: str) -> bool:
        held = grants.listing(self._connection, department=self._department, dataset=code)
        return any(
            grant.stands(self._now) and (grant.existence or "lookup" in grant.operations)
            for grant in held
        )

    def _unfit(self, dataset: Dataset, rule: Exists, code: str) -> str | None:
        """Whether the other dataset's subjects are of none of the item's kinds."""
        (definition,) = self._connection.execute(
            "SELECT definition FROM datasets WHERE code = ?", (code,)
        ).fetchone()
        kinds = load(definition, code).subject.kinds
        return None if set(kinds) & set(dataset.by_code[rule.item].kinds) else "other-kind"


def _row_key(dataset: Dataset, values: list[str]) -> str:
    place = {item.code: number for number, item in enumerate(dataset.items)}
    return ROW_KEY_SEPARATOR.join(values[place[code]] for code in dataset.row_key)
