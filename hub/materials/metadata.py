"""What a department says of a file that it has taken in: read strictly, sealed as it was said."""

import re
from datetime import date
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from certs.canonical import Json, canonical, parse
from certs.sealing import SealingKey
from hub.materials.sealed import META

_UNSEEN = r"\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Controls, and what turns the direction of text: with it ``fdp.exe`` is read as a PDF."""
_TEXT = rf"^[^{_UNSEEN}]*$"
_Text = Annotated[str, StringConstraints(max_length=200, pattern=_TEXT)]
_Short = Annotated[str, StringConstraints(max_length=128, pattern=_TEXT)]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
_CONTROL = re.compile(rf"[{_UNSEEN}]")
_NAME = 128
_SEPARATORS = re.compile(r"[/\\]")
_LARGEST = 64 * 1024


class Holder(BaseModel):
    """Whose the material is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["resident_id", "uscc"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Metadata(BaseModel):
    """What is said of a file; days are of Asia/Shanghai. Texts may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: _Text = ""
    issuer: _Text = ""
    number: _Text = ""
    valid_from: _Day | None = None
    valid_until: _Day | None = None
    case: Annotated[_Short, StringConstraints(min_length=1)] | None = None
    """The case for which it was handed in."""
    sighted_by: Annotated[_Short, StringConstraints(min_length=1)] | None = None
    """The officer who has seen the original; with ``sighted_on``, or neither."""
    sighted_on: _Day | None = None
    file_name: Annotated[str, StringConstraints(max_length=4096)] = ""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for name in ("valid_from", "valid_until", "sighted_on"):
            day = getattr(self, name)
            if day is not None:
                date.fromisoformat(day)
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_until")
        if (self.sighted_by is None) != (self.sighted_on is None):
            raise ValueError("sighted_on")
        return self

    def said(self) -> "Metadata":
        """The same as it is kept: of a path no more than the file's own name."""
        return self.model_copy(update={"file_name": plain_name(self.file_name)})


class Filed(NamedTuple):
    """A version of metadata with what was found of the file; ``received_on`` is a day."""

    holder: Holder
    metadata: Metadata
    received_on: str
    sha256: str
    thumbnail_sha256: str


class Announced(BaseModel):
    """A file that is about to come: whose it is, what is said of it, and its digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Holder
    metadata: Metadata = Metadata()
    media_type: Literal["application/pdf", "application/ofd", "image/jpeg", "image/png"]
    size: Annotated[int, Field(strict=True, ge=1)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def plain_name(name: str) -> str:
    """The last part of what may be a path of any system, without what no name may hold."""
    last = _CONTROL.sub("", _SEPARATORS.split(name)[-1]).strip()
    return "" if last in {".", ".."} else last[:_NAME]


def seal_announced(announced: Announced, key: SealingKey, material: str) -> bytes:
    """What was announced, sealed for the time of the upload."""
    plain = canonical({**announced.model_dump(mode="json")})
    return key.seal(plain, f"{META}/{material}/announced".encode())


def open_announced(blob: bytes, key: SealingKey, material: str) -> Announced:
    """What was announced; raises ``SealBroken``."""
    plain = key.open(blob, f"{META}/{material}/announced".encode())
    return Announced.model_validate(parse(plain, max_bytes=_LARGEST, max_depth=4))


def seal_filed(filed: Filed, key: SealingKey, material: str, version: int) -> bytes:
    """One version of the metadata, sealed."""
    value: dict[str, Json] = {
        "holder": {**filed.holder.model_dump()},
        "metadata": {**filed.metadata.model_dump()},
        "received_on": filed.received_on,
        "sha256": filed.sha256,
        "thumbnail_sha256": filed.thumbnail_sha256,
    }
    return key.seal(canonical(value), f"{META}/{material}/{version}".encode())


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: Holder
    metadata: Metadata
    received_on: str
    sha256: str
    thumbnail_sha256: str


def open_filed(blob: bytes, key: SealingKey, material: str, version: int) -> Filed:
    """One version of the metadata; raises ``SealBroken``."""
    plain = key.open(blob, f"{META}/{material}/{version}".encode())
    one = _Stored.model_validate(parse(plain, max_bytes=_LARGEST, max_depth=4))
    return Filed(one.holder, one.metadata, one.received_on, one.sha256, one.thumbnail_sha256)
