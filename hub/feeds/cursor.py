"""How far somebody has come in following a dataset: what the hub gives, and takes back unaltered.

A cursor names nobody. It is bound to the department and to what is followed, so that it says
nothing to anybody else; it stands for no right, for every page is decided anew.
"""

import hmac
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, unb64u
from certs.errors import Malformed, YifenError

MAC_BYTES = 16
_LIMIT = 1024
_LABEL = b"yifen/v1/feed/cursor\x00"

Phase = Literal["reset", "changes", "subjects", "days"]


class CursorRefused(YifenError):
    """It is none of ours, or was given to somebody else, or for something else."""

    code = "cursor-refused"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a feed; everything up to it has been told.

    ``terms`` is a digest of the granted items with their masks, ``scope`` one of the subjects
    followed ("" for all): a change of either begins anew. ``version``, ``part``, ``id`` and
    ``name`` are the place among the rows (``published.py`` and ``held.py`` say how), ``marks`` the
    position of the last mark told, ``day`` the day up to which is told what the clock has ended,
    ``cases`` up to where open cases were looked at. The same with ``to_`` is where a round over
    chosen subjects will have come; in it ``name`` is the last subject, and ``row`` how the last of
    its rows is called, if there are more of them.
    """

    generation: str
    terms: str
    scope: str
    phase: Phase
    version: int
    part: int
    id: int
    marks: int
    to_version: int = 0
    to_marks: int = 0
    name: str = ""
    row: str = ""
    day: str = ""
    to_day: str = ""
    cases: int = -1
    to_cases: int = -1


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    generation: str
    terms: str
    scope: str
    phase: Phase
    version: int
    part: int
    id: int
    marks: int
    to_version: int
    to_marks: int
    name: str = ""
    row: str = ""
    day: str = ""
    to_day: str = ""
    cases: int = -1
    to_cases: int = -1


class Cursors:
    """Writes and reads cursors under a kept key (``hub/keys/kept.py``), 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, cursor: Cursor, department: str, dataset: str) -> str:
        """The text of a cursor for a department that follows a dataset."""
        members: dict[str, Json] = asdict(cursor)
        data = canonical(members)
        return b64u(self._mac(data, department, dataset) + data)

    def read(self, text: str, department: str, dataset: str) -> Cursor:
        """The cursor in a text; raises ``CursorRefused``."""
        try:
            raw = unb64u(text)
            mac, data = raw[:MAC_BYTES], raw[MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(data, department, dataset)):
                raise CursorRefused
            kept = _Kept.model_validate(parse(data, max_bytes=_LIMIT, max_depth=2))
        except (Malformed, ValidationError) as error:
            raise CursorRefused from error
        return Cursor(**kept.model_dump())

    def row(self, department: str, record: bytes) -> str:
        """How a department's followed rows are called, the same for ever; no two can join theirs.

        ``record`` is the record's pseudonym (protocol, *Rows*), or else names it (``held.py``).
        """
        data = _placed(b"yifen/v1/feed/row\x00", department) + record
        return b64u(hmac.digest(self._key, data, "sha256")[:MAC_BYTES])

    def subject(self, department: str, kind: str, number: str) -> str:
        """How a subject is called in this department's cursors: keyed, so that they name nobody."""
        data = _placed(b"yifen/v1/feed/subject\x00", department, kind, number)
        return b64u(hmac.digest(self._key, data, "sha256")[:MAC_BYTES])

    def _mac(self, data: bytes, department: str, dataset: str) -> bytes:
        place = _placed(_LABEL, department, dataset)
        return hmac.digest(self._key, place + data, "sha256")[:MAC_BYTES]


def _placed(label: bytes, *parts: str) -> bytes:
    raw = [part.encode() for part in parts]
    return label + b"".join(len(one).to_bytes(8, "big") + one for one in raw)
