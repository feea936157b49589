"""One licence as it is issued: everything that stands on it, checked all at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catalog.errors import IdentifierRefused, LicenceRefused
from catalog.identifiers import check
from catalog.identifiers.licence import split
from catalog.item import Item
from catalog.licences.licence_type import LicenceType
from catalog.licences.metadata import HOLDER_ID, HOLDER_TYPE, IDENTIFIER, HolderType, metadata
from catalog.values import check_value


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence; only ``read`` makes one.

    ``metadata`` and ``items`` hold values as on the wire (dates ``YYYY-MM-DD``) by code, an absent
    one as the empty text, so that both always have every code of the type.
    """

    type: LicenceType
    metadata: Mapping[str, str]
    items: Mapping[str, str]

    @property
    def identifier(self) -> str:
        """电子证照标识, with its root."""
        return self.metadata[IDENTIFIER]

    @property
    def holder(self) -> tuple[HolderType, str]:
        """The kind of the holder's number, and the number."""
        return HolderType(self.metadata[HOLDER_TYPE]), self.metadata[HOLDER_ID]

    def value(self, code: str) -> str:
        """The value of a code of either kind."""
        return self.metadata[code] if code in self.metadata else self.items[code]


def read(
    kind: LicenceType, metadata_raw: Mapping[str, str], items_raw: Mapping[str, str]
) -> Licence:
    """The licence of a type that these values make, evened out.

    ``name`` and ``type_code`` come from the type where they are not given. Raises
    ``LicenceRefused`` with every fault: place (``metadata.<code>``, ``items.<code>``) and a reason
    of ``catalog/values.py``, or ``unknown``, ``not-of-its-type``, ``not-of-its-issuer``,
    ``holder-not-allowed``, ``end-missing``, ``has-no-end``, ``ends-before-it-begins``,
    ``not-issued-here``.
    """
    given = {"name": kind.name_zh, "type_code": kind.type_code, **metadata_raw}
    faults: list[tuple[str, str]] = [] if kind.issued_here else [("type", "not-issued-here")]
    data = _checked("metadata", metadata(), given, faults)
    items = _checked("items", kind.by_code, items_raw, faults)
    unsound = {place for place, _ in faults}
    faults += [fault for fault in _contradictions(kind, data, unsound) if fault[0] not in unsound]
    if faults:
        raise LicenceRefused(faults)
    return Licence(kind, MappingProxyType(data), MappingProxyType(items))


def on_paper(kind: LicenceType) -> Mapping[str, Item]:
    """All that may stand on the paper of a type, in its order: whoever is given it sees all."""
    # The kind of the holder's number is for machines alone.
    known = {**metadata(), **kind.by_code}
    return {code: item for code, item in known.items() if code != HOLDER_TYPE}


def _checked(
    where: str,
    known: Mapping[str, Item],
    raw: Mapping[str, str],
    faults: list[tuple[str, str]],
) -> dict[str, str]:
    faults += [(f"{where}.{code}", "unknown") for code in raw if code not in known]
    values: dict[str, str] = {}
    for code, item in known.items():
        if code == HOLDER_ID:
            continue
        checked = check_value(item, raw.get(code, ""))
        values[code] = checked.value
        if not checked.acceptable:
            faults.append((f"{where}.{code}", checked.reason))
    if HOLDER_ID in known:
        # The dataset knows two kinds of holders, a licence all of them: the type says which.
        kinds = {one.value: one.kind for one in HolderType}
        number = check(kinds.get(values[HOLDER_TYPE], "text"), raw.get(HOLDER_ID, ""))
        values[HOLDER_ID] = number.value
        if not number.acceptable:
            why = "required" if number.reason == "empty" else number.reason
            faults.append((f"{where}.{HOLDER_ID}", why))
    return {code: values[code] for code in known}


def _contradictions(
    kind: LicenceType, data: Mapping[str, str], unsound: set[str]
) -> Iterator[tuple[str, str]]:
    """What the values say against each other; those at ``unsound`` places are not asked."""
    if data["type_code"] != kind.type_code:
        yield "metadata.type_code", "not-of-its-type"
    if f"metadata.{HOLDER_TYPE}" not in unsound:
        category = "person" if HolderType(data[HOLDER_TYPE]).person else "body"
        if category not in kind.holders:
            yield f"metadata.{HOLDER_TYPE}", "holder-not-allowed"
    yield from _identifier(kind, data)
    ends = data["valid_until"]
    if ends and kind.validity == "unlimited":
        yield "metadata.valid_until", "has-no-end"
    if not ends and kind.validity == "limited":
        yield "metadata.valid_until", "end-missing"
    # Dates as texts of one form are in the order of time.
    begins = [
        data[code] for code in ("valid_from", "issued_on") if f"metadata.{code}" not in unsound
    ]
    if ends and any(ends < begin for begin in begins):
        yield "metadata.valid_until", "ends-before-it-begins"


def _identifier(kind: LicenceType, data: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    place = f"metadata.{IDENTIFIER}"
    try:
        parts = split(data[IDENTIFIER])
    except IdentifierRefused:
        yield place, "form"
        return
    if parts.type_code != kind.type_code:
        yield place, "not-of-its-type"
    if parts.issuer != data["issuer_uscc"]:
        yield place, "not-of-its-issuer"
