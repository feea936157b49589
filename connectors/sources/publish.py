"""Publishing a file: cut it up, hand it over, wait for what the hub makes of it.

The hub shows nothing of it until it is whole and checked; a publication that is broken off leaves
no trace there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from certs.canonical import Json, parse
from certs.encoding import b64u
from certs.errors import Malformed
from connectors.calls import Calls, read_model
from connectors.clock import Sleep
from connectors.errors import HubUnintelligible, HubUnreachable
from connectors.sources.intake import Intake
from connectors.sources.mapping import ColumnMapping
from connectors.sources.rejected import Rejection, told
from connectors.sources.source import Source

Stage = Literal["sending", "checking"]
OnProgress = Callable[[Stage, int, int | None], None]
"""Told the stage, how much is done, and of how much, where that is known (rows)."""

CSV_TYPE = "text/csv"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\Z", re.ASCII)
ENDED = frozenset({"held", "live", "failed", "discarded"})
MIN_CHUNK, MAX_CHUNK = 64 * 1024, 64 * 1024 * 1024
MAX_REJECTIONS = 64 * 1024 * 1024
POLL = 0.5
"""Seconds between two looks at a publication that is being checked."""
PATIENCE = 1800
"""Seconds without any progress after which we no longer wait."""


class Report(BaseModel):
    """What the hub found: rows read, accepted, rejected by reason, and what stood before."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    read: int
    accepted: int
    warned: int = 0
    identical: int = 0
    rejected: dict[str, int]
    standing: int = 0
    why_held: tuple[str, ...] = ()


class _Progress(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    done: int
    total: int | None


class Publication(BaseModel):
    """A publication as the hub sees it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    publication: str
    dataset: str
    state: str
    progress: _Progress | None = None
    report: Report | None = None
    generation: str | None = None
    failure: str | None = None


class _Opened(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    publication: str
    chunk_bytes: int


@dataclass(frozen=True, slots=True)
class Published:
    """How it ended, the rows that were rejected, and what was met on the way."""

    publication: Publication
    rows: int
    rejections: tuple[Rejection, ...]
    intake: Intake


def publish(
    calls: Calls,
    dataset: str,
    source: Source,
    mapping: ColumnMapping,
    *,
    sleep: Sleep,
    progress: OnProgress,
) -> Published:
    """Publish the matched columns of ``source``; returns when the hub has finished with it.

    Raises ``Refused``, ``HubError`` or ``SourceError``.
    """
    # 1 The hub opens a publication of these columns
    columns: Json = list(mapping.items)
    opened = read_model(
        calls.post(
            f"/v1/datasets/{dataset}/publications", {"columns": columns, "source_rows": None}
        ),
        _Opened,
    )
    if not _NAME.match(opened.publication):
        raise HubUnintelligible(why="publication")
    if not MIN_CHUNK <= opened.chunk_bytes <= MAX_CHUNK:
        raise HubUnintelligible(why="chunk")
    path = f"/v1/publications/{opened.publication}"
    # 2 The rows, chunk by chunk
    whole = sha256()
    count = rows = 0
    intake = Intake(source, mapping)
    for count, chunk in enumerate(intake.chunks(opened.chunk_bytes), 1):
        calls.call("PUT", f"{path}/chunks/{count - 1}", chunk.data, content_type=CSV_TYPE)
        whole.update(sha256(chunk.data).digest())
        rows = chunk.last_row
        progress("sending", rows, None)
    # 3 That was all of it
    calls.post(f"{path}/complete", {"chunks": count, "digest": b64u(whole.digest())})
    # 4 Wait until it is checked, and ask which rows were rejected
    ended = _wait(calls, path, sleep, progress)
    rejected = ended.report is not None and any(ended.report.rejected.values())
    found = told(_rejections(calls, path), intake.remarks) if rejected else ()
    return Published(ended, rows, tuple(found), intake)


def _wait(calls: Calls, path: str, sleep: Sleep, progress: OnProgress) -> Publication:
    waited = 0.0
    last: _Progress | None = None
    while waited < PATIENCE:
        state = read_model(calls.call("GET", path), Publication)
        if state.state in ENDED:
            return state
        if state.progress != last:
            last, waited = state.progress, 0.0
        if last is not None:
            progress("checking", last.done, last.total)
        sleep(POLL)
        waited += POLL
    raise HubUnreachable(why="timeout")


MAX_LINE = 256 * 1024
"""Bytes of one rejection: a row of many items may have something wrong in each."""


class _Line(BaseModel):
    # Further problems of a row stand in ``also``; the file of rejected rows tells the first.
    model_config = ConfigDict(extra="ignore", frozen=True)

    row: int
    item: str
    reason: str


def _rejections(calls: Calls, path: str) -> tuple[Rejection, ...]:
    """Every rejection; the hub gives them in pages, each after the last row of the one before."""
    found: dict[Rejection, None] = {}
    after = 0
    while True:
        answer = calls.call("GET", f"{path}/rejections?after={after}", limit=MAX_REJECTIONS)
        page = [_rejection(line) for line in answer.body.split(b"\n") if line.strip()]
        before = len(found)
        found.update(dict.fromkeys(page))
        if len(found) == before:
            return tuple(found)
        after = max(rejection.row for rejection in page)


def _rejection(line: bytes) -> Rejection:
    try:
        found = _Line.model_validate(parse(line, max_bytes=MAX_LINE, max_depth=4))
    except (Malformed, ValidationError) as error:
        raise HubUnintelligible(why="rejections") from error
    return Rejection(found.row, found.item, found.reason)
