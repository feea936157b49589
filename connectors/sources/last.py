"""What was published last of a dataset from here, so that the same is not published again.

    HOME/uploads/<dataset>.last   {"v": 1, "content", "generation", "version"}, mode 0600

``content`` is a digest over the lines as they are sent, and so over what the hub would see.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import canonical, parse
from certs.encoding import b64u
from certs.errors import Malformed
from connectors.errors import UploadBroken
from connectors.home import sync_folder
from connectors.sources.intake import Intake
from connectors.sources.mapping import ColumnMapping
from connectors.sources.rejected import replacing
from connectors.sources.source import Source
from connectors.sources.upload import FOLDER

_PIECE = 1024 * 1024
_MAX = 4096


class Last(BaseModel):
    """A content that went live, and the generation and version that it became."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1
    content: str
    generation: str | None
    version: int | None


def content_of(source: Source, mapping: ColumnMapping) -> str:
    """The digest of what would be sent; reads the source once. Raises ``SourceError``."""
    whole = sha256(canonical(list(mapping.items)))
    for chunk in Intake(source, mapping).chunks(_PIECE):
        whole.update(chunk.data)
    return b64u(whole.digest())


def read_last(home: Path, dataset: str) -> Last | None:
    """What was published last; None if nothing was, or if it can no longer be read."""
    try:
        data = _path(home, dataset).read_bytes()
        parse(data, max_bytes=_MAX, max_depth=2)
        return Last.model_validate_json(data)
    except (OSError, Malformed, ValidationError):
        return None


def write_last(home: Path, dataset: str, last: Last) -> None:
    """Keep it, durably; raises ``UploadBroken``."""
    path = _path(home, dataset)
    try:
        with replacing(path) as file:
            file.write(canonical(last.model_dump(mode="json")))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise UploadBroken(file=path.name, why="write") from error


def _path(home: Path, dataset: str) -> Path:
    return home / FOLDER / f"{dataset}.last"
