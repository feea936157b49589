"""Papers that were handed in, as they stand on file at this moment.

Read as a lookup reads them, so that what is expired, disputed, repaired away, suspended or
withdrawn is none: handing it in makes no evidence of it.
"""

from collections.abc import Callable

from catalog.material import NUMBER, RECEIVER, USABLE
from certs.errors import SealBroken
from hub.cases.asked import Asked, PartyId
from hub.cases.desk import Desk
from hub.cases.state import ON_PAPER
from hub.errors import Unavailable
from hub.ledger.change import Change
from hub.lookup.read import Record
from hub.materials.records import today_of
from hub.storage.materials_tables import MaterialRow

_CASE = "source_case"


class Papers:
    """The papers of one case's parties, seen inside a change."""

    def __init__(self, desk: Desk, change: Change, asked: Asked, department: str) -> None:
        self._desk = desk
        self._change = change
        self._asked = asked
        self._department = department

    def sound(self, material: str, party: PartyId, *, received_here: bool) -> bool:
        """Whether it stands on file as a party's; ``received_here``: by the case's department."""
        return any(
            not record.disputed
            and values["status"] == USABLE
            and values["valid_from"] <= today_of(self._change.time)
            and (not received_here or values[RECEIVER] == self._department)
            for record, values in self._of(material, party)
        )

    def usable(self, material: str) -> bool:
        """Whether what was brought still counts; of what could not be filed nothing is known."""
        return material == ON_PAPER or any(
            self.sound(material, party, received_here=False) for party in self._parties()
        )

    def came_since(self, opened: int) -> Callable[[str], bool]:
        """Whether a material came for this case: after it was opened, or in its name before."""

        def came(material: str) -> bool:
            row = self._change.session.get(MaterialRow, material)
            return (
                row is None
                or row.filed >= opened
                or any(
                    values[RECEIVER] == self._department and values[_CASE] == self._asked.case
                    for party in self._parties()
                    for _, values in self._of(material, party)
                )
            )

        return came

    def _parties(self) -> set[PartyId]:
        return {party for party in self._asked.parties.values() if party is not None}

    def _of(self, material: str, party: PartyId) -> list[tuple[Record, dict[str, str]]]:
        """What each department says of a material, if it is this party's."""
        row = self._change.session.get(MaterialRow, material)
        standing = self._desk.book.refresh()
        source = None if row is None else standing.source(row.dataset)
        if source is None:
            return []
        try:
            ((*records,),) = self._desk.records.read_many(source, [party.normal], standing)
        except SealBroken as error:
            raise Unavailable(why="records") from error
        codes = [item.code for item in source.dataset.items]
        found = [(one, dict(zip(codes, one.values, strict=True))) for one in records]
        return [(one, values) for one, values in found if values[NUMBER] == material]
