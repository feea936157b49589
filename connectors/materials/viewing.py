"""Getting the file of a verified view: piece by piece beside its place, and there when it is right.

It is that of a material or of a licence; both come through the same door. A piece is believed only
as far as the connection is. The whole is what the view's receipt binds by its digest, or it is
thrown away and an alarm is raised: nobody is handed what was not proven.
"""

import hashlib
import os
import secrets
from pathlib import Path

from certs.canonical import Json, canonical
from connectors.answers import View
from connectors.calls import TRIES, Calls
from connectors.errors import AnswerRefused, HubUnreachable
from connectors.materials.errors import MaterialRefused
from connectors.receipts.store import ReceiptStore

PIECE = 1 << 20
"""Bytes of every piece but the last (``docs/materials.md``)."""
MOST_THUMBNAIL = 1 << 20


def fetch_file(calls: Calls, store: ReceiptStore, view: View, path: Path, now: int) -> Path:
    """Write the file of a view to ``path``, which must not be there yet.

    Raises ``MaterialRefused``, ``Refused`` (revoked meanwhile, or too long ago), ``HubError``, or
    ``AnswerRefused`` if it is another file.
    """
    told = view.file
    if told is None:
        raise MaterialRefused(why="absent")
    pieces = -(-told.size // PIECE)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    whole, size = hashlib.sha256(), 0
    try:
        with os.fdopen(_create(part), "wb") as file:
            for number in range(pieces):
                data = _piece(calls, view, "file", number, PIECE)
                size += len(data)
                whole.update(data)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if (size, whole.hexdigest()) != (told.size, told.sha256):
            raise _wrong(store, view, whole.hexdigest(), now)
        # Unlike a renaming, a link takes no other's place.
        path.hardlink_to(part)
    except FileExistsError as error:
        raise MaterialRefused(why="output-exists") from error
    except OSError as error:
        raise MaterialRefused(why="output") from error
    finally:
        part.unlink(missing_ok=True)
    return path


def fetch_thumbnail(calls: Calls, store: ReceiptStore, view: View, now: int) -> bytes:
    """The thumbnail of a view, a small JPEG; raises as ``fetch_file`` does."""
    material = view.material
    if material is None or material.thumbnail_sha256 is None:
        raise MaterialRefused(why="absent")
    data = _piece(calls, view, "thumbnail", 0, MOST_THUMBNAIL)
    found = hashlib.sha256(data).hexdigest()
    if found != material.thumbnail_sha256:
        raise _wrong(store, view, found, now)
    return data


def _piece(calls: Calls, view: View, part: str, number: int, limit: int) -> bytes:
    """One piece; a lost connection costs nothing, for the view is entered already."""
    value: dict[str, Json] = {
        "number": number,
        "part": part,
        "request_id": view.proof.request_id,
        "result": dict(view.result),
    }
    body = canonical(value)
    for tried in range(1, TRIES):
        try:
            return calls.call("POST", "/v1/materials/piece", body, limit=limit).body
        except HubUnreachable:
            calls.pause(tried)
    return calls.call("POST", "/v1/materials/piece", body, limit=limit).body


def _wrong(store: ReceiptStore, view: View, found: str, now: int) -> AnswerRefused:
    """The alarm: the receipt binds one file, and another one came."""
    error = AnswerRefused(why="file-digest")
    evidence: dict[str, Json] = {
        "file": found,
        "receipt": view.proof.token,
        "result": dict(view.result),
    }
    request_id = view.proof.request_id
    store.write_alarm(error.code, "file-digest", canonical(evidence), now, request_id=request_id)
    return error


def _create(part: Path) -> int:
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
