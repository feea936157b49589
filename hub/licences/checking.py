"""Verifying a file 核验文件: whether exactly this was printed here, and what of it stands now.

The file goes through a digest and is kept nowhere. Whoever asks learns no more than who reads the
square code on the paper: the minimum of the type and the status of this moment.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from hub.errors import Unprocessable
from hub.licences.papers import Papers, Seen


class Checked(NamedTuple):
    """What was found of a file; ``seen`` is None for one that was not printed here."""

    seen: Seen | None
    sha256: str
    size: int


async def check_file(papers: Papers, chunks: AsyncIterator[bytes]) -> Checked:
    """Look a file up by its digest; raises ``Unprocessable`` for an empty one."""
    whole, size = hashlib.sha256(), 0
    async for chunk in chunks:
        whole.update(chunk)
        size += len(chunk)
    if not size:
        raise Unprocessable(why="file-missing")
    return Checked(papers.look_by_digest(whole.digest()), whole.hexdigest(), size)
