"""A file that comes as a stream, of which neither length nor digest is known before its end.

    1 kind      the first bytes are those of a kind that may be filed
    2 begin     announced as the longest file that may be; sealed as every upload is (``intake.py``)
    3 pieces    each goes as soon as a byte of the next one is here: only the last may be shorter
    4 settle    how long it was, and its digest
    5 complete  the last piece, the examiner, and the change that files it

A piece and a half are in memory. Whatever ends it before its end leaves nothing; a process that was
killed leaves sealed pieces, which are taken away after a day as those of every abandoned upload.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from typing import Literal, NamedTuple, cast

from certs.canonical import Json
from certs.encoding import b64u
from certs.entropy import random_bytes
from certs.errors import YifenError
from hub.errors import Unprocessable
from hub.materials.intake import Intake
from hub.materials.kinds import begins_as
from hub.materials.metadata import Announced, Holder, Metadata
from hub.materials.sealed import PIECE
from hub.materials.uploads import Sender

_HEAD = 16
"""Bytes by which every kind is told."""
_TOKEN_BYTES = 16
_log = logging.getLogger("hub.materials")
_UNKNOWN = "0" * 64
"""In place of a digest that is not known yet: no file has it, so none is filed under it."""


class Said(NamedTuple):
    """What is known of a file before it comes."""

    dataset: str
    holder: Holder
    metadata: Metadata


class TakenIn(NamedTuple):
    """What became of a file; ``failure`` says why it was refused, else ``material`` is its id."""

    state: str
    material: str | None
    failure: str | None
    size: int


async def take_in(
    intake: Intake, said: Said, chunks: AsyncIterator[bytes], sender: Sender, *, most: int
) -> TakenIn:
    """File what comes, at most ``most`` bytes of it.

    What the examiner refuses is told; everything else that keeps it out is raised, as ``Intake``
    does, or by ``chunks``. Then nothing of it is left.
    """
    held, whole, size, number = bytearray(), hashlib.sha256(), 0, 0
    upload: str | None = None
    try:
        async for chunk in chunks:
            held += chunk
            whole.update(chunk)
            size += len(chunk)
            if upload is None and size >= _HEAD:
                upload = _begin(intake, said, bytes(held[:_HEAD]), sender, most)
            while upload is not None and len(held) > PIECE:
                piece = bytes(held[:PIECE])
                del held[:PIECE]
                await intake.receive(upload, number, piece, sender)
                number += 1
        if not size:
            raise Unprocessable(why="file-missing")
        if upload is None:
            upload = _begin(intake, said, bytes(held), sender, most)
        intake.settle(upload, size, whole.hexdigest(), sender)
        await intake.receive(upload, number, bytes(held), sender)
        told = await intake.complete(upload, sender)
    except BaseException:
        # Also when whoever waited for it has gone: asked again, it would be another upload.
        if upload is not None:
            await _give_up(intake, upload, sender)
        raise
    return TakenIn(str(told["state"]), _text(told["material"]), _text(told["failure"]), size)


def _begin(intake: Intake, said: Said, head: bytes, sender: Sender, most: int) -> str:
    kind = begins_as(head)
    if kind is None:
        raise Unprocessable(why="file-type")
    announced = Announced(
        subject=said.holder,
        metadata=said.metadata,
        media_type=cast(
            'Literal["application/pdf", "application/ofd", "image/jpeg", "image/png"]', kind
        ),
        size=most,
        sha256=_UNKNOWN,
    )
    return intake.begin(said.dataset, announced, b64u(random_bytes(_TOKEN_BYTES)), sender).upload


async def _give_up(intake: Intake, upload: str, sender: Sender) -> None:
    try:
        await intake.withdraw(upload, sender)
    except YifenError:
        # It has ended already, or cannot be ended now: then the sweep does it.
        _log.warning("an upload that was cut off could not be given up at once")


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
