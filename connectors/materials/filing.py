"""Filing a material: digest, announce, send what is not there yet, complete; cut off anywhere.

The token of an upload is made from what is announced, so the same command finds the same upload
again: pieces that the hub has are not sent twice, and an answer that was lost is asked for anew.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from catalog.material import MEDIA_TYPES
from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256
from connectors.calls import TRIES, Calls, read_model
from connectors.errors import HubUnintelligible, HubUnreachable
from connectors.materials.errors import MaterialRefused
from connectors.question import is_code
from connectors.transport import Response

OCTETS = "application/octet-stream"
MOST_PIECE = 16 << 20
"""Bytes of a piece that a hub may ask for."""
_READ = 1 << 20
_BEGINNINGS = {
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/ofd",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
_TOKEN = 16
OnPiece = Callable[[int, int], None]
"""Told how many pieces stand, of how many."""


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Begun(_Loose):
    upload: str = Field(pattern=r"^m-[0-9a-f]{32}$")
    piece_bytes: int = Field(ge=1, le=MOST_PIECE)
    pieces: int = Field(ge=1)
    state: str


class _Received(_Loose):
    received: list[int]
    state: str


class Ended(_Loose):
    """What became of an upload: ``filed``, ``known`` (the same stood already) or ``refused``."""

    state: str
    material: str | None
    failure: str | None


def file_material(
    calls: Calls,
    dataset: str,
    subject: tuple[str, str],
    path: Path,
    metadata: dict[str, Json],
    on_piece: OnPiece = lambda _done, _all: None,
) -> Ended:
    """File a file as a material of ``dataset``.

    Raises ``MaterialRefused``, ``Refused`` or ``HubError``. ``metadata`` is what is said of it
    (``docs/materials.md``); its name goes along by itself.
    """
    if not is_code(dataset):
        raise MaterialRefused(why="dataset")
    try:
        with path.open("rb") as file:
            return _file(
                calls, dataset, subject, file, {"file_name": path.name, **metadata}, on_piece
            )
    except OSError as error:
        raise MaterialRefused(why="file") from error


def _file(
    calls: Calls,
    dataset: str,
    subject: tuple[str, str],
    file: BinaryIO,
    metadata: dict[str, Json],
    on_piece: OnPiece,
) -> Ended:
    # 1 What it is, by its own bytes
    size, whole, media_type = _look(file)
    announced: dict[str, Json] = {
        "media_type": media_type,
        "metadata": metadata,
        "sha256": whole,
        "size": size,
        "subject": {"id": subject[1], "type": subject[0]},
    }
    token = b64u(sha256(canonical({"dataset": dataset, **announced}))[:_TOKEN])
    # 2 Announce it, or find what an earlier run has announced
    body = canonical({**announced, "token": token})
    begun = read_model(_again(calls, "POST", f"/v1/datasets/{dataset}/materials", body), _Begun)
    # 3 Send what is not there
    if begun.state == "receiving":
        _send(calls, begun, file, size, on_piece)
    # 4 Have it looked into and filed
    return read_model(_again(calls, "POST", f"/v1/uploads/{begun.upload}/complete", b"{}"), Ended)


def _send(calls: Calls, begun: _Begun, file: BinaryIO, size: int, on_piece: OnPiece) -> None:
    if begun.pieces != -(-size // begun.piece_bytes):
        raise HubUnintelligible(why="form")
    path = f"/v1/uploads/{begun.upload}"
    here = set(read_model(calls.call("GET", path), _Received).received)
    for number in range(begun.pieces):
        if number not in here:
            file.seek(number * begun.piece_bytes)
            data = file.read(begun.piece_bytes)
            if not data:
                raise MaterialRefused(why="file-changed")
            calls.call("PUT", f"{path}/pieces/{number}", data, content_type=OCTETS)
        on_piece(number + 1, begun.pieces)


def _look(file: BinaryIO) -> tuple[int, str, str]:
    """Size, SHA-256 and media type; the hub looks for itself."""
    whole, size, head = hashlib.sha256(), 0, b""
    while piece := file.read(_READ):
        head = head or piece[:16]
        size += len(piece)
        whole.update(piece)
    kind = next((kind for start, kind in _BEGINNINGS.items() if head.startswith(start)), "")
    if kind not in MEDIA_TYPES:
        raise MaterialRefused(why="file-type")
    return size, whole.hexdigest(), kind


def _again(calls: Calls, method: str, path: str, body: bytes) -> Response:
    """Call what may be called twice, through lost connections."""
    for tried in range(1, TRIES):
        try:
            return calls.call(method, path, body)
        except HubUnreachable:
            calls.pause(tried)
    return calls.call(method, path, body)
