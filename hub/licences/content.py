"""What stands on a licence, and why its status is what it is: sealed under a key of its own."""

from collections.abc import Mapping
from typing import NamedTuple

from catalog.licence_record import HOLDER, IDENTIFIER
from certs.canonical import Json, canonical, parse
from certs.errors import SealBroken
from certs.sealing import SealingKey

_LARGEST = 4 << 20
"""Bytes: some forty texts of 4,000 characters, and room."""
_DEPTH = 3


class Content(NamedTuple):
    """Metadata and items by code, as ``catalog/licences/document.py`` evened them out."""

    metadata: Mapping[str, str]
    items: Mapping[str, str]

    @property
    def holder(self) -> str:
        """The holder's number."""
        return self.metadata[HOLDER]

    @property
    def identifier(self) -> str:
        """电子证照标识."""
        return self.metadata[IDENTIFIER]


def seal_content(content: Content, key: SealingKey, licence: str) -> bytes:
    """The content of a licence, which never changes, sealed."""
    value: dict[str, Json] = {"items": {**content.items}, "metadata": {**content.metadata}}
    return key.seal(canonical(value), _content_aad(licence))


def open_content(blob: bytes, key: SealingKey, licence: str) -> Content:
    """The content of a licence; raises ``SealBroken``."""
    value = parse(key.open(blob, _content_aad(licence)), max_bytes=_LARGEST, max_depth=_DEPTH)
    if not isinstance(value, dict):
        raise SealBroken
    return Content(_texts(value.get("metadata")), _texts(value.get("items")))


def seal_note(note: str, key: SealingKey, licence: str) -> bytes:
    """What explains the status, sealed; empty if there is nothing to say."""
    return key.seal(note.encode(), _note_aad(licence)) if note else b""


def open_note(blob: bytes, key: SealingKey, licence: str) -> str:
    """The explanation of a status; raises ``SealBroken``."""
    return key.open(blob, _note_aad(licence)).decode() if blob else ""


def seal_code(code: bytes, key: SealingKey, licence: str, number: int) -> bytes:
    """What the square code of a print holds, sealed."""
    return key.seal(code, _code_aad(licence, number))


def open_code(blob: bytes, key: SealingKey, licence: str, number: int) -> bytes:
    """The same, opened; raises ``SealBroken``."""
    return key.open(blob, _code_aad(licence, number))


def _texts(value: Json) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise SealBroken
    return {code: str(text) for code, text in value.items()}


def _content_aad(licence: str) -> bytes:
    return f"licence/{licence}/content".encode()


def _code_aad(licence: str, number: int) -> bytes:
    return f"licence/{licence}/paper/{number}".encode()


def _note_aad(licence: str) -> bytes:
    return f"licence/{licence}/note".encode()
