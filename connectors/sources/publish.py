"""Publishing a source: cut it up, hand it over, wait for what the hub makes of it.

    1  an upload that was cut off is gone on with, if the source is still the same
    2  else it is given up, and a new one is begun under a new token
    3  the rows, chunk by chunk; what is there already is compared and not sent again
    4  that was all of it
    5  wait until it is checked, and ask which rows were rejected

Each thing is written down (``upload.py``) before the hub is asked for it, so a run that is killed
anywhere is gone on with by the next one. The hub shows nothing of it until it is whole and checked;
what is given up leaves no trace there. Whoever calls forgets the upload once its end was told.
"""

from dataclasses import dataclass
from hashlib import sha256

from certs.encoding import b64u
from connectors.errors import HubUnreachable, PublicationError, Refused, UploadRestless
from connectors.sources.intake import Intake
from connectors.sources.mapping import ColumnMapping
from connectors.sources.progress import OnProgress, Step
from connectors.sources.publication import AWAY, Applied, Begun, HubSide, Publication
from connectors.sources.rejected import Rejection, told
from connectors.sources.source import Source
from connectors.sources.upload import Order, Record, Upload

ENDED = frozenset({"held", "live", "failed", "discarded"})
GONE = frozenset({"failed", "discarded"})
RECEIVING, CHECKING = "receiving", "checking"
POLL = 0.5
"""Seconds between two looks at a publication that is being checked."""
PATIENCE = 1800
"""Seconds without any progress after which we no longer wait."""
MOST_BEGINNINGS = 3
"""How often a source may turn out to be another one; more is one that never stands still."""


@dataclass(frozen=True, slots=True)
class Published:
    """How it ended, the rows that were rejected, and what was met on the way.

    ``sent`` chunks went over in this run, ``found`` were there from an earlier one.
    """

    publication: Publication
    rows: int
    rejections: tuple[Rejection, ...]
    intake: Intake
    sequence: int | None = None
    sent: int = 0
    found: int = 0


class _Differs(Exception):
    """The source is not the one of which an earlier run has sent a part."""


def publish(
    hub: HubSide,
    upload: Upload,
    order: Order,
    source: Source,
    mapping: ColumnMapping,
    *,
    progress: OnProgress,
) -> Published | Applied:
    """Publish the matched columns of ``source``; returns when the hub has finished with it.

    Raises ``PublicationError``, ``Refused``, ``HubError`` or ``SourceError``.
    """
    for _ in range(MOST_BEGINNINGS):
        begun = _begin(hub, upload, order)
        if isinstance(begun, Applied):
            upload.forget()
            return begun
        try:
            return _Passage(hub, upload, begun, progress).run(source, mapping)
        except _Differs:
            hub.news("changed", {"source": order.source})
            discard(hub, upload)
    raise UploadRestless(file=order.source)


def discard(hub: HubSide, upload: Upload) -> Publication | None:
    """Give up what was begun; gives how it ended if it was complete and no longer to be given up.

    Raises ``Refused`` or ``HubError``; then it stays written down.
    """
    record = upload.record
    ended: Publication | None = None
    if record is not None:
        name = record.publication or _name_of(hub, record)
        if name is not None and not hub.give_up(name):
            ended = _wait(hub, name, lambda _: None)
    upload.forget()
    return ended


def _begin(hub: HubSide, upload: Upload, order: Order) -> Begun | Applied:
    """Steps 1 and 2: what was begun, by an earlier run or now, with a name of the hub's."""
    record = upload.record
    if record is not None and record.order != order:
        hub.news("other", {"source": record.order.source})
        discard(hub, upload)
        record = None
    resumed = record is not None
    if record is None:
        record = upload.begin(order)
    begun = _opened(hub, upload, record)
    if isinstance(begun, Begun) and begun.state in GONE and resumed:
        # The hub gave it up meanwhile, or could not finish it: that was the earlier run's end.
        hub.news("gone", {"publication": begun.publication})
        begun = _opened(hub, upload, upload.begin(order))
    elif isinstance(begun, Begun) and resumed:
        hub.news("resumed", {"publication": begun.publication})
    return begun


def _opened(hub: HubSide, upload: Upload, record: Record) -> Begun | Applied:
    try:
        begun = hub.begin(record.order, record.token)
    except (PublicationError, Refused) as error:
        # Nothing was begun under this token, so there is nothing to go on with; unless the answer
        # did not come from the hub itself.
        away = isinstance(error, Refused) and error.problem.status in AWAY
        if record.publication is None and not away:
            upload.forget()
        raise
    if isinstance(begun, Begun):
        upload.opened(begun.publication, begun.chunk_bytes, begun.sequence)
    return begun


def _name_of(hub: HubSide, record: Record) -> str | None:
    """What the hub calls what was begun with a token whose answer is not known."""
    try:
        begun = hub.begin(record.order, record.token)
    except (PublicationError, Refused):
        # Whatever it says now: nothing was begun with this token.
        return None
    return begun.publication if isinstance(begun, Begun) else None


class _Passage:
    """Steps 3 to 5: one passage of the source into one publication."""

    def __init__(self, hub: HubSide, upload: Upload, begun: Begun, progress: OnProgress) -> None:
        self._hub = hub
        self._upload = upload
        self._begun = begun
        self._progress = progress
        record = upload.record
        self._known = dict(record.digests) if record is not None else {}
        self._there: dict[int, str] = {}
        self._sent = 0

    def run(self, source: Source, mapping: ColumnMapping) -> Published:
        """The passage; raises ``_Differs`` if the source is not the one of before."""
        hub, begun = self._hub, self._begun
        intake = Intake(source, mapping)
        if begun.state == RECEIVING:
            self._there = hub.chunks(begun.publication)
        whole = sha256()
        count = rows = size = 0
        for count, chunk in enumerate(intake.chunks(begun.chunk_bytes), 1):
            digest = sha256(chunk.data).digest()
            whole.update(digest)
            self._hand_over(count - 1, b64u(digest), chunk.data)
            rows, size = chunk.last_row, size + len(chunk.data)
            self._progress(Step("sending", rows, source.total, size))
        if max((*self._known, *self._there), default=-1) >= count:
            raise _Differs
        if begun.state == RECEIVING:
            hub.complete(begun.publication, count, b64u(whole.digest()))
        ended = _wait(hub, begun.publication, self._progress)
        rejected = ended.report is not None and any(ended.report.rejected.values())
        found = told(hub.rejections(begun.publication), intake.remarks) if rejected else ()
        return Published(
            ended,
            rows,
            tuple(found),
            intake,
            sequence=begun.sequence,
            sent=self._sent,
            found=count - self._sent,
        )

    def _hand_over(self, number: int, digest: str, data: bytes) -> None:
        """Compare a chunk with what an earlier run sent, and send it if it is not there."""
        there, known = self._there.get(number), self._known.get(number)
        if {there or digest, known or digest} != {digest}:
            raise _Differs
        if self._begun.state != RECEIVING:
            if known is None:
                raise _Differs
        elif there is None:
            self._upload.sending(number, digest)
            self._send(number, data)
            self._sent += 1

    def _send(self, number: int, data: bytes) -> None:
        try:
            self._hub.send(self._begun.publication, number, data)
        except Refused as refused:
            if refused.problem.facts.get("why") == "chunk-differs":
                raise _Differs from refused
            raise


def _wait(hub: HubSide, publication: str, progress: OnProgress) -> Publication:
    """Wait for the end; raises ``HubUnreachable`` if nothing moves for ``PATIENCE``."""
    waited = 0.0
    last: tuple[int, int | None] | None = None
    while waited < PATIENCE:
        found = hub.state(publication)
        if found is None:
            return Publication(publication=publication, dataset="", state="discarded")
        if found.state in ENDED:
            return found
        now = None if found.progress is None else (found.progress.done, found.progress.total)
        if now != last:
            last, waited = now, 0.0
        if now is not None:
            progress(Step("checking", *now))
        hub.sleep(POLL)
        waited += POLL
    raise HubUnreachable(why="timeout")
