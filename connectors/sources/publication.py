"""The hub's side of a publication, as the connector calls it, through outages of some minutes.

Everything that is asked here may be asked twice: a publication is known by its token before it has
a name, a chunk may come again, and giving up or completing again says the same again. So whatever
was lost on the way is asked once more, until the hub has been away for ``OUTAGE``.
"""

import re
from collections.abc import Callable
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from catalog.finding import Finding
from certs.canonical import Json, parse
from certs.errors import Malformed
from connectors.calls import Calls, read_model
from connectors.clock import Sleep
from connectors.errors import (
    ChangesMissing,
    ChangesTooEarly,
    HubUnintelligible,
    HubUnreachable,
    PublicationRunning,
    Refused,
    SnapshotOlder,
)
from connectors.sources.rejected import Rejection
from connectors.sources.upload import Order
from connectors.transport import Response

CSV_TYPE = "text/csv"
MIN_CHUNK, MAX_CHUNK = 64 * 1024, 64 * 1024 * 1024
MAX_REJECTIONS = 64 * 1024 * 1024
MOST_REJECTIONS = 200_000
"""Rejections that are fetched and told one by one; the report counts all."""
MAX_LINE = 256 * 1024
"""Bytes of one rejection: a row of many items may have something wrong in each."""
OUTAGE = 600.0
"""Seconds of pauses after which a hub that is away is given up for this run."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
AWAY = frozenset({502, 503, 504})
"""What a hub, or what stands before it, answers when it cannot answer."""
CONFLICT, NOT_FOUND, CREATED = 409, 404, 201
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\Z", re.ASCII)
OnNews = Callable[[str, dict[str, str | int]], None]
"""Told what happened on the way, as a slug, with facts."""
_Given = TypeVar("_Given")


class _Loose(BaseModel):
    # What a newer hub adds is passed over.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Report(_Loose):
    """What the hub found: rows read, accepted, rejected by reason, and what stood before.

    Of a change set also what became of its rows, and how many stand after it.
    """

    read: int
    accepted: int
    warned: int = 0
    identical: int = 0
    rejected: dict[str, int]
    standing: int = 0
    why_held: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    upserted: int | None = None
    inserted: int | None = None
    deleted: int | None = None
    absent: int | None = None
    rows: int | None = None


class _Progress(_Loose):
    done: int
    total: int | None


class Publication(_Loose):
    """A publication as the hub sees it."""

    publication: str
    dataset: str
    state: str
    progress: _Progress | None = None
    report: Report | None = None
    generation: str | None = None
    failure: str | None = None


class Standing(_Loose):
    """What stands of a dataset: ``sequence`` is that of the last change set in it."""

    generation: str | None = None
    version: int | None = None
    sequence: int = 0
    rows: int | None = None
    as_of: str | None = None


class Begun(_Loose):
    """A publication that was begun, now or by an earlier run with the same token."""

    publication: str
    chunk_bytes: int
    state: str = "receiving"
    sequence: int | None = None


class Applied(_Loose):
    """A change set that stands already: nothing is to be done."""

    kind: Literal["applied"] = "applied"
    sequence: int


class _Chunk(_Loose):
    number: int
    digest: str


class _Chunks(_Loose):
    chunks: tuple[_Chunk, ...]


class _Line(_Loose):
    # Further problems of a row stand in ``also``; the file of rejected rows tells the first.
    row: int
    item: str
    reason: str


class HubSide:
    """Calls about publications; ``news`` is told when the hub is away, and when it is back."""

    def __init__(self, calls: Calls, sleep: Sleep, news: OnNews) -> None:
        self._calls = calls
        self.sleep = sleep
        self.news = news

    def begin(self, order: Order, token: str) -> Begun | Applied:
        """Begin, or find what was begun with this token.

        Raises ``ChangesMissing``, ``ChangesTooEarly``, ``SnapshotOlder``, ``PublicationRunning``,
        ``Refused`` or ``HubError``.
        """
        asked: dict[str, Json] = {
            "columns": list(order.columns),
            "source_rows": None,
            "mode": order.mode,
            "sequence": order.sequence,
            "token": token,
        }
        path = f"/v1/datasets/{order.dataset}/publications"
        try:
            begun = self.lasting(lambda: read_model(self._calls.post(path, asked), Begun))
        except Refused as refused:
            if refused.problem.status != CONFLICT:
                raise
            return _conflict(refused, order)
        if not NAME.match(begun.publication):
            raise HubUnintelligible(why="publication")
        if not MIN_CHUNK <= begun.chunk_bytes <= MAX_CHUNK:
            raise HubUnintelligible(why="chunk")
        return begun

    def chunks(self, publication: str) -> dict[int, str]:
        """The digests of the chunks that are durably there, by number."""
        answer = self._get(f"{_path(publication)}/chunks")
        return {one.number: one.digest for one in read_model(answer, _Chunks).chunks}

    def send(self, publication: str, number: int, data: bytes) -> None:
        """Send a chunk."""
        path = f"{_path(publication)}/chunks/{number}"
        self.lasting(lambda: self._calls.call("PUT", path, data, content_type=CSV_TYPE))

    def complete(self, publication: str, count: int, digest: str) -> None:
        """That was all of it."""
        told: Json = {"chunks": count, "digest": digest}
        self.lasting(lambda: self._calls.post(f"{_path(publication)}/complete", told))

    def state(self, publication: str) -> Publication | None:
        """What has become of it; None if the hub knows nothing of it."""
        try:
            return read_model(self._get(_path(publication)), Publication)
        except Refused as refused:
            if refused.problem.status == NOT_FOUND:
                return None
            raise

    def give_up(self, publication: str) -> bool:
        """Give up what is still being received; False if it is no longer."""
        try:
            self.lasting(lambda: self._calls.call("DELETE", _path(publication)))
        except Refused as refused:
            if refused.problem.status in {CONFLICT, NOT_FOUND}:
                return False
            raise
        return True

    def standing(self, dataset: str) -> Standing:
        """What stands of a dataset of ours."""
        return read_model(self._get(f"/v1/datasets/{dataset}/standing"), Standing)

    def rejections(self, publication: str) -> tuple[Rejection, ...]:
        """Rejections, in pages that each begin after the last row of the one before."""
        found: dict[Rejection, None] = {}
        after = 0
        while len(found) < MOST_REJECTIONS:
            path = f"{_path(publication)}/rejections?after={after}"
            answer = self._get(path, limit=MAX_REJECTIONS)
            page = [_rejection(line) for line in answer.body.split(b"\n") if line.strip()]
            before = len(found)
            found.update(dict.fromkeys(page))
            if len(found) == before:
                break
            after = max(rejection.row for rejection in page)
        return tuple(found)

    def lasting(self, ask: Callable[[], _Given]) -> _Given:
        """Ask until there is an answer; raises what stands after ``OUTAGE`` of pauses."""
        waited, pause = 0.0, FIRST_PAUSE
        while True:
            try:
                given = ask()
            except (HubUnreachable, Refused) as error:
                away = isinstance(error, HubUnreachable) or error.problem.status in AWAY
                if not away or waited >= OUTAGE:
                    raise
            else:
                if waited:
                    self.news("back", {})
                return given
            if not waited:
                self.news("away", {})
            self.sleep(pause)
            waited += pause
            pause = min(2 * pause, LONGEST_PAUSE)

    def _get(self, path: str, limit: int | None = None) -> Response:
        if limit is None:
            return self.lasting(lambda: self._calls.call("GET", path))
        return self.lasting(lambda: self._calls.call("GET", path, limit=limit))


def _conflict(refused: Refused, order: Order) -> Applied:
    """Why there is no new publication: what stands already, or an error."""
    facts = refused.problem.facts
    why = str(facts.get("why", ""))
    if why == "changes-applied":
        return Applied(sequence=_number(facts.get("sequence"), order.sequence))
    if why == "changes-missing":
        expected = _number(facts.get("expected"), 0)
        raise ChangesMissing(sequence=order.sequence or 0, expected=expected) from refused
    if why in {"no-generation", "publish-in-full-first"}:
        raise ChangesTooEarly(dataset=order.dataset) from refused
    if why == "snapshot-older":
        raise SnapshotOlder(sequence=order.sequence or 0) from refused
    if why.startswith("publication-"):
        raise PublicationRunning(
            dataset=order.dataset,
            state=why.removeprefix("publication-"),
            publication=str(facts.get("publication") or ""),
        ) from refused
    raise refused


def _number(value: Json, otherwise: int | None) -> int:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else otherwise or 0


def _path(publication: str) -> str:
    return f"/v1/publications/{publication}"


def _rejection(line: bytes) -> Rejection:
    try:
        found = _Line.model_validate(parse(line, max_bytes=MAX_LINE, max_depth=4))
    except (Malformed, ValidationError) as error:
        raise HubUnintelligible(why="rejections") from error
    return Rejection(found.row, found.item, found.reason)
