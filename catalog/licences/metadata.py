"""What stands on every licence, whatever its type: the metadata of GB/T 36903.

Codes, titles, kinds and sensitivity are those of the dataset ``e_licence``, so that a licence that
is looked up and one that is shown say the same. Names in credentials are the standard's; where the
dataset names none (the standard's text was not to hand), the name is ours, made like its
neighbours.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from catalog import definition
from catalog.item import Item, Label

DATASET = "e_licence"
IDENTIFIER = "licence_id"
STATUS = "status"
NOTE = "status_note"
HOLDER_TYPE = "holder_type"
HOLDER_ID = "holder_id"
HOLDER = frozenset({"holder_name", HOLDER_ID, HOLDER_TYPE})
"""What tells whose licence it is."""
_OUR_NAMES: Mapping[str, str] = {
    IDENTIFIER: "certificateIdentifier",
    HOLDER_ID: "certificateHolderCode",
    HOLDER_TYPE: "certificateHolderType",
}


class HolderType(StrEnum):
    """What kind of number the holder's is (持证主体代码类型)."""

    CREDIT_CODE = "001"
    OTHER_BODY = "099"
    RESIDENT_ID = "111"
    OFFICERS_CARD = "114"
    POLICE_CARD = "115"
    DIPLOMATIC_PASSPORT = "411"
    SERVICE_PASSPORT = "412"
    PUBLIC_AFFAIRS_PASSPORT = "413"
    ORDINARY_PASSPORT = "414"
    TAIWAN_PERMIT = "511"
    HONG_KONG_MACAU_PERMIT = "516"
    OTHER_PERSON = "999"

    @property
    def person(self) -> bool:
        """Whether the holder is a person; else a body."""
        return self not in {HolderType.CREDIT_CODE, HolderType.OTHER_BODY}

    @property
    def kind(self) -> str:
        """The kind of identifier that the number is checked as (``catalog/identifiers``)."""
        return _KINDS.get(self, "text")

    @property
    def label(self) -> Label:
        """Its titles."""
        return labels(HOLDER_TYPE)[self]


_KINDS = {HolderType.CREDIT_CODE: "uscc", HolderType.RESIDENT_ID: "resident_id"}


@cache
def metadata() -> Mapping[str, Item]:
    """The items of every licence by code, in their order, without its status, which changes."""
    items = definition.bundled()[DATASET].by_code
    return MappingProxyType(
        {code: item for code, item in items.items() if code not in {STATUS, NOTE}}
    )


@cache
def claim_names() -> Mapping[str, str]:
    """What a credential calls each of them."""
    return MappingProxyType(
        {code: item.standard or _OUR_NAMES[code] for code, item in metadata().items()}
    )


def labels(code: str) -> Mapping[str, Label]:
    """The titles of the values of an item of codes: ``holder_type`` or ``status``."""
    return definition.bundled()[DATASET].by_code[code].codes or {}
