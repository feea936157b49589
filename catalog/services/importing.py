"""Services from a list of rows, each row one material of one service: all of them, or none.

Every refused row is told with its line, its column and the reason, at once: whoever sent the list
can mend it in one go. Cells of the service that a later row leaves empty mean what stood before,
since exports merge them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.errors import Fault, ServiceRefused
from catalog.identifiers.normalise import half_width, identifier, trimmed
from catalog.messages import Language, catalogue, text
from catalog.services.item_code import check_handling, check_item
from catalog.services.mapping import (
    MATERIAL,
    NEEDED,
    SERVICE,
    Element,
    SourceMapping,
)
from catalog.services.reading import build
from catalog.services.service import Service
from catalog.services.sheet import Row

MOST_REFUSALS = 10_000
_NUMBER = re.compile(r"([0-9]{1,4})(?:\.0)?(?:个?工作日|天|日|份)?")
_AT_ONCE = frozenset({"即办", "当场办结", "即时办结", "当日办结"})
_SHOWN = 60
_AS_SAID = frozenset({"title_zh", "legal_basis", "licence_type", "item_code"})
"""Members that are still what the list said; the others are our codes by now."""


class Refusal(NamedTuple):
    """Why a row is refused; ``column`` is its heading, empty if the whole row is meant."""

    line: int
    column: str
    why: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a list: ``services`` is empty as soon as one row is refused.

    ``ignored`` are headings that the mapping does not know.
    """

    services: tuple[Service, ...]
    refusals: tuple[Refusal, ...]
    rows: int
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """One service as far as it has been read."""

    line: int
    said: dict[Element, tuple[str, int]]
    table: dict[str, object]
    materials: list[dict[str, object]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def titles(self) -> tuple[str, str]:
        """What a row without a code may say of the title: nothing, or the same again."""
        return ("", self.said["title"][0])


class _Columns(NamedTuple):
    """Where each element stands, and under which heading."""

    places: dict[Element, int]
    headings: dict[Element, str]

    def name(self, element: Element) -> str:
        """The heading of an element in this list."""
        return self.headings.get(element, "")


def import_services(rows: Sequence[Row], mapping: SourceMapping, *, version: int = 1) -> Imported:
    """Read a list, the headings in its first row; ``version`` is that of all its services."""
    if not rows:
        return Imported((), (Refusal(1, "", "empty"),), 0)
    columns, ignored, faults = _columns(rows[0], mapping)
    if faults:
        return Imported((), tuple(faults), len(rows) - 1, ignored)
    reader = _Reader(mapping, columns, version)
    for row in rows[1:]:
        reader.take(row)
    services = reader.finish()
    refusals = tuple(sorted(reader.refusals)[:MOST_REFUSALS])
    return Imported(() if refusals else services, refusals, len(rows) - 1, ignored)


def refusal_words(refusal: Refusal, language: Language) -> str:
    """A refusal in plain words: line, column, reason."""
    key = f"services.why.{refusal.why}"
    why = text(key if key in catalogue() else "services.why.form", language, slug=refusal.why)
    form = "services.refusal.cell" if refusal.value else "services.refusal.column"
    if not refusal.column:
        form = "services.refusal.row"
    return text(
        form, language, line=refusal.line, column=refusal.column, why=why, value=refusal.value
    )


def _columns(first: Row, mapping: SourceMapping) -> tuple[_Columns, tuple[str, ...], list[Refusal]]:
    places: dict[Element, int] = {}
    headings: dict[Element, str] = {}
    ignored, faults = [], []
    for index, cell in enumerate(first.cells):
        name = trimmed(cell)
        element = mapping.element(name) if name else None
        if element is None:
            ignored += [name] if name else []
        elif element in places:
            faults.append(Refusal(first.line, name, "column-twice"))
        else:
            places[element], headings[element] = index, name
    for needed, names in mapping.columns.items():
        if needed in NEEDED and needed not in places and needed not in mapping.defaults:
            faults.append(Refusal(first.line, names[0], "column-missing"))
    return _Columns(places, headings), tuple(ignored), faults


class _Reader:
    """Reads row after row; what is wrong gathers in ``refusals``."""

    def __init__(self, mapping: SourceMapping, columns: _Columns, version: int) -> None:
        self._mapping = mapping
        self._columns = columns
        self._version = version
        self._drafts: dict[tuple[str, str], _Draft] = {}
        self._last: _Draft | None = None
        self.refusals: list[Refusal] = []

    def take(self, row: Row) -> None:
        """Read one row."""
        before = len(self.refusals)
        if len(row.cells) > max(self._columns.places.values()) + 1 and any(
            trimmed(cell) for cell in row.cells[self._width() :]
        ):
            self.refusals.append(Refusal(row.line, "", "row-too-long"))
        draft = self._draft(row)
        if draft is None:
            return
        material = self._material(row)
        if len(self.refusals) == before and material:
            code = f"m{len(draft.materials) + 1}"
            draft.materials.append({"code": code, **material})
            draft.lines[code] = row.line

    def finish(self) -> tuple[Service, ...]:
        """The services that hold; what the whole of one says against itself is refused too."""
        done = []
        for draft in self._drafts.values():
            try:
                done.append(build({**draft.table, "materials": draft.materials}, ""))
            except ServiceRefused as error:
                known = {(one.line, one.column) for one in self.refusals}
                for fault in error.faults:
                    refusal = self._of(fault, draft)
                    if (refusal.line, refusal.column) not in known:
                        self.refusals.append(refusal)
        return tuple(done)

    def _width(self) -> int:
        return 1 + max(self._columns.places.values())

    def _cell(self, row: Row, element: Element) -> str:
        index = self._columns.places.get(element)
        value = trimmed(row.cells[index]) if index is not None and index < len(row.cells) else ""
        return value or self._mapping.defaults.get(element, "")

    def _refuse(self, row: Row, element: Element, why: str, value: str = "") -> None:
        self.refusals.append(Refusal(row.line, self._columns.name(element), why, value[:_SHOWN]))

    def _draft(self, row: Row) -> _Draft | None:
        code = identifier(self._cell(row, "item_code"))
        last = self._last
        if not code and last is not None and self._cell(row, "title") in last.titles:
            draft = last
        elif not check_item(code).acceptable:
            self._last = None
            self._refuse(row, "item_code", "item-code" if code else "missing", code)
            return None
        else:
            handling = identifier(self._cell(row, "handling_code"))
            if handling and not check_handling(handling, code).acceptable:
                self._refuse(row, "handling_code", "handling-code", handling)
                handling = ""
            key = (code, handling)
            found = self._drafts.get(key)
            if found is None:
                self._last = self._drafts[key] = self._begin(row, code, handling)
                return self._last
            draft = self._last = found
        self._again(row, draft)
        return draft

    def _again(self, row: Row, draft: _Draft) -> None:
        for element in SERVICE:
            index = self._columns.places.get(element)
            if index is None or index >= len(row.cells) or element == "item_code":
                continue
            value = trimmed(row.cells[index])
            said = draft.said.get(element, ("", 0))[0]
            if value and value != said:
                self._refuse(row, element, "contradicts-row-above", value)

    def _begin(self, row: Row, code: str, handling: str) -> _Draft:
        said: dict[Element, tuple[str, int]] = {
            element: (self._cell(row, element), row.line) for element in SERVICE
        }
        for element in ("title", "department", "service_basis", "category", "applicants"):
            if not said[element][0]:
                self._refuse(row, element, "missing")
        statutory = self._days(row, "statutory_days")
        promised = self._days(row, "promised_days")
        table: dict[str, object] = {
            "code": f"i{(handling or code).lower()}",
            "version": self._version,
            "item_code": code,
            "handling_code": handling,
            "title_zh": self._cell(row, "title"),
            "department": self._department(row),
            "category": self._meaning(row, "category"),
            "excluded": self._meanings(row, "excluded"),
            "legal_basis": self._cell(row, "service_basis"),
            "conditions": [{"zh": one} for one in self._several(row, "conditions")],
            "process": [{"zh": one} for one in self._several(row, "process")],
            "statutory_days": statutory,
            "promised_days": statutory if promised is None else promised,
            "applicants": self._meanings(row, "applicants"),
            "agent": self._meaning(row, "agent") == "true",
        }
        return _Draft(row.line, said, table)

    def _material(self, row: Row) -> dict[str, object]:
        name = self._cell(row, "material")
        if not name:
            told = [element for element in MATERIAL if self._told(row, element)]
            if told:
                self._refuse(row, "material", "missing")
            return {}
        licence = identifier(self._cell(row, "licence_type"))
        said = self._meaning(row, "e_licence")
        copies = self._count(row, "copies")
        return {
            "type": self._type(row, name, licence),
            "title_zh": name,
            "kind": self._number(row, "kind"),
            "form": self._cell(row, "form"),
            "necessity": self._number(row, "necessity"),
            "blank_form": self._cell(row, "blank_form"),
            "sample": self._cell(row, "sample"),
            "source": self._number(row, "source"),
            "copies": 1 if copies is None else copies,
            "specification": self._cell(row, "specification"),
            "notes": self._cell(row, "notes"),
            "acceptance": self._cell(row, "acceptance"),
            "legal_basis": self._cell(row, "basis"),
            "e_licence": bool(licence) if not said else said == "true",
            "licence_type": licence,
        }

    def _told(self, row: Row, element: Element) -> bool:
        index = self._columns.places.get(element)
        return index is not None and index < len(row.cells) and bool(trimmed(row.cells[index]))

    def _type(self, row: Row, name: str, licence: str) -> str:
        """The code of the type of paper: the source's, else by licence, else by name.

        The same name is the same paper; that is a convention of ours, which a source's own codes
        of types overrule.
        """
        said = identifier(self._cell(row, "material_type")).lower()
        if said:
            return said if said[0].isalpha() else f"t{said}"
        if licence:
            return f"licence_{licence.lower()}"
        folded = unicodedata.normalize("NFKC", name).casefold()
        even = "".join(one for one in folded if one.isalnum())
        return f"n{hashlib.sha256(even.encode('utf-8')).hexdigest()[:16]}"

    def _department(self, row: Row) -> str:
        said = self._cell(row, "department")
        return identifier(said) if said[:1].isdigit() else said

    def _several(self, row: Row, element: Element) -> list[str]:
        value = self._cell(row, element)
        for separator in self._mapping.separators:
            value = value.replace(separator, "\n")
        return [part for part in map(trimmed, value.split("\n")) if part]

    def _meaning(self, row: Row, element: Element) -> str:
        value = self._cell(row, element)
        return self._one(row, element, value) if value else ""

    def _meanings(self, row: Row, element: Element) -> list[str]:
        found = [self._one(row, element, one) for one in self._several(row, element)]
        return list(dict.fromkeys(one for one in found if one))

    def _one(self, row: Row, element: Element, value: str) -> str:
        if value == self._mapping.defaults.get(element):
            return value
        meant = self._mapping.meaning(element, value)
        if meant is None:
            self._refuse(row, element, "value-unknown", value)
            return ""
        return meant

    def _number(self, row: Row, element: Element) -> int:
        value = self._cell(row, element)
        if not value:
            self._refuse(row, element, "missing")
            return 0
        return int(self._one(row, element, value) or 0)

    def _count(self, row: Row, element: Element) -> int | None:
        value = half_width(self._cell(row, element))
        if not value:
            return None
        if value in _AT_ONCE:
            return 0
        found = _NUMBER.fullmatch(value.replace(" ", ""))
        if found is None:
            self._refuse(row, element, "not-a-number", value)
            return None
        return int(found[1])

    def _days(self, row: Row, element: Element) -> int | None:
        days = self._count(row, element)
        if days is None and element == "statutory_days" and not self._cell(row, element):
            self._refuse(row, element, "missing")
        return days

    def _of(self, fault: Fault, draft: _Draft) -> Refusal:
        """A fault of the whole as the row and the column that it comes from."""
        found = re.match(r"materials\[(m[0-9]+)\](?:\.(\w+))?", fault.place)
        line = draft.lines.get(found[1], draft.line) if found else draft.line
        key = (found[2] or "title_zh") if found else fault.place.split("[")[0].split(".")[0]
        names: dict[str, Element] = dict(_MATERIAL_KEYS if found else _SERVICE_KEYS)
        if fault.why == "catch-all":
            key = "title_zh"
        element = names.get(key)
        table = draft.materials[int(found[1][1:]) - 1] if found else draft.table
        value = str(table.get(key, ""))[:_SHOWN] if key in _AS_SAID else ""
        return Refusal(line, self._columns.name(element) if element else "", fault.why, value)


def _keys(elements: Iterable[Element], other: dict[str, Element]) -> dict[str, Element]:
    return {**{element: element for element in elements}, **other}


_SERVICE_KEYS = _keys(SERVICE, {"title_zh": "title", "legal_basis": "service_basis"})
_MATERIAL_KEYS = _keys(
    MATERIAL, {"title_zh": "material", "legal_basis": "basis", "type": "material"}
)
