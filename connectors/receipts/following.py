"""Entries that name us, as the hub opens them: followed from one to the next, and proven.

Whoever holds the issuing key can make a certificate in our name. For it to be good at the hub it
must be an entry, and entries that name us are opened to us: one for a key that is none of ours is
an alarm. So is one that does not hold, or that the hub no longer gives.
"""

from collections.abc import Callable
from http import HTTPStatus

from certs.canonical import Json, canonical, parse
from certs.certificates import read_certificate
from certs.encoding import digest
from certs.errors import CertificateError, LeafMismatch, Malformed, ProofInvalid
from certs.keys import PublicKey
from certs.tree import verify_inclusion
from connectors.calls import Calls
from connectors.clock import Clock
from connectors.errors import Dishonest, HubUnintelligible, Refused
from connectors.home import Identity
from connectors.receipts.changes import OpenedChange, open_change
from connectors.receipts.errors import CertificateNotAsked, OpenedBroken
from connectors.receipts.log import KeptLog, OpenedEntry
from connectors.receipts.proofs import Proofs, Seen
from connectors.receipts.store import ReceiptStore
from connectors.transport import MAX_ANSWER

PATH = "/v1/ledger/opened"
PAGE = 50
"""Entries asked for at once; a grant of 500 items has some 20 kB."""
PAGES = 20
"""Pages of one round: the next one goes on."""
_DEPTH = 12
CERTIFICATE = "certificate"

Waiting = Callable[[], PublicKey | None]
"""The public half of a key whose certificate has been asked for and has not come."""


class Following:
    """Follows the entries opened to one connector."""

    def __init__(
        self,
        calls: Calls,
        identity: Identity,
        store: ReceiptStore,
        proofs: Proofs,
        clock: Clock,
        waiting: Waiting,
    ) -> None:
        self._calls = calls
        self._identity = identity
        self._store = store
        self._log = KeptLog(store)
        self._proofs = proofs
        self._clock = clock
        self._waiting = waiting
        self._origin = identity.settings.ledger.origin

    def fetch(self) -> int:
        """Take in what was opened since the last time; gives how many entries.

        Raises ``CertificateNotAsked`` or ``OpenedBroken`` (the alarm is on record), and what
        ``Proofs.checkpoint`` and ``Calls.call`` raise.
        """
        self._log.write_certificate(self._identity.certificate)
        seen: Seen | None = None
        strange: Dishonest | None = None
        count = 0
        for _ in range(PAGES):
            # 1 The one that we had last comes first again: what was given once is given for ever
            last = self._log.newest_opened(self._origin)
            page = self._page(last)
            if not page:
                break
            # 2 One checkpoint proves all of them
            if seen is None or _beyond(page, seen):
                seen = self._proofs.checkpoint()
            for raw in page:
                # 3 Each is what it says, and stands where it says
                entry = self._verified(raw, seen, -1 if last is None else last.entry)
                # 4 A certificate in our name is for a key of ours
                failure = self._keep(entry)
                strange = strange or failure
                last = self._kept(entry)
                count += 1
        if strange is not None:
            raise strange
        return count

    def _page(self, last: OpenedEntry | None) -> list[Json]:
        """What comes after ``last``; raises ``OpenedBroken`` unless ``last`` comes again too."""
        after = -1 if last is None else last.entry - 1
        try:
            answer = self._calls.call("GET", f"{PATH}?after={after}&limit={PAGE}")
        except Refused as error:
            if error.problem.status != HTTPStatus.NOT_FOUND:
                raise
            if last is not None:
                raise self._broken("withdrawn", last.entry, None) from error
            return []  # a hub from before it opened entries
        try:
            value = parse(answer.body, max_bytes=MAX_ANSWER, max_depth=_DEPTH)
        except Malformed as error:
            raise HubUnintelligible(why="form") from error
        page = value.get("entries") if isinstance(value, dict) else None
        if not isinstance(page, list):
            raise HubUnintelligible(why="form")
        if last is None:
            return page
        if not page or not _is_same(page[0], last):
            raise self._broken("withdrawn", last.entry, page[0] if page else None)
        return page[1:]

    def _verified(self, raw: Json, seen: Seen, after: int) -> OpenedChange:
        try:
            opened = open_change(raw)
        except LeafMismatch as error:
            index = raw.get("index") if isinstance(raw, dict) else None
            place = index if type(index) is int else -1
            raise self._broken(str(error.facts.get("why", "form")), place, raw) from error
        if opened.index <= after:
            raise self._broken("order", opened.index, raw)
        checkpoint = seen.checkpoint
        if opened.index >= checkpoint.size:
            raise self._broken("not-covered", opened.index, raw, seen)
        try:
            proof = self._proofs.inclusion(opened.index, checkpoint.size)
            verify_inclusion(
                opened.leaf_hash, opened.index, checkpoint.size, proof, checkpoint.root
            )
        except (HubUnintelligible, ProofInvalid) as error:
            raise self._broken("not-included", opened.index, raw, seen) from error
        return opened

    def _keep(self, opened: OpenedChange) -> Dishonest | None:
        """Keep a verified entry, with the alarm if it is a certificate that we did not ask for."""
        failure = self._not_asked(opened)
        with self._store.group():
            self._log.write_opened(self._kept(opened))
            if failure is not None:
                evidence: dict[str, Json] = {
                    "entry": opened.index,
                    "leaf": opened.leaf_bytes.decode("ascii"),
                    "control": opened.control.decode("utf-8"),
                    "control_salt": opened.control_salt,
                    "checkpoint": self._store.checkpoint(self._origin),
                }
                why = "certificate-not-asked"
                self._store.write_alarm(failure.code, why, canonical(evidence), self._clock())
        return failure

    def _kept(self, opened: OpenedChange) -> OpenedEntry:
        return OpenedEntry(
            self._origin,
            opened.index,
            opened.leaf.kind,
            opened.leaf.time,
            opened.leaf_bytes,
            opened.control,
            opened.control_salt,
        )

    def _not_asked(self, opened: OpenedChange) -> CertificateNotAsked | None:
        """The alarm, if an entry makes a certificate in our name good that is none of ours.

        What was issued before the first of ours is of another time of this name, before this
        folder was enrolled: nobody here can say who asked for it.
        """
        if opened.leaf.kind != CERTIFICATE or not self._is_ours(opened.state):
            return None
        if opened.state.get("status") != "active" or self._asked(opened.state):
            return None
        if not any(self._asked(state) for state in self._certificates_seen()):
            return None
        return CertificateNotAsked(keyid=str(opened.state.get("keyid")), entry=opened.index)

    def _is_ours(self, state: "dict[str, Json] | object") -> bool:
        return isinstance(state, dict) and (
            state.get("connector") == self._identity.settings.connector
        )

    def _asked(self, state: "dict[str, Json] | object") -> bool:
        """Whether a certificate is one of ours, or for a key whose private half we have or had."""
        if not isinstance(state, dict):
            return False
        known = self._log.certificates()
        keys = {digest(public.der) for public in map(_public, known.values()) if public}
        waiting = self._waiting()
        if waiting is not None:
            keys.add(digest(waiting.der))
        return state.get("keyid") in known or state.get("key") in keys

    def _certificates_seen(self) -> list[Json]:
        """The states of the certificates in our name that were opened before."""
        states: list[Json] = []
        for entry in self._log.opened_of(CERTIFICATE):
            control = parse(entry.control, max_bytes=len(entry.control), max_depth=_DEPTH)
            state = control.get("state") if isinstance(control, dict) else None
            if self._is_ours(state):
                states.append(state)
        return states

    def _broken(self, why: str, entry: int, raw: Json, seen: Seen | None = None) -> OpenedBroken:
        """The error, once its alarm is on record; it is recorded once, however often it is met."""
        failure = OpenedBroken(why=why, entry=entry)
        if not self._log.alarmed(failure.code, why, entry):
            last = self._log.newest_opened(self._origin)
            evidence: dict[str, Json] = {
                "entry": entry,
                "given": raw,
                "kept": None if last is None else last.leaf.decode("ascii"),
                "checkpoint": None if seen is None else seen.note,
            }
            self._store.write_alarm(failure.code, why, canonical(evidence), self._clock())
        return failure


def _beyond(page: list[Json], seen: Seen) -> bool:
    """Whether a page reaches beyond a checkpoint that was fetched before it."""
    last = page[-1]
    index = last.get("index") if isinstance(last, dict) else None
    return type(index) is int and index >= seen.checkpoint.size


def _is_same(raw: Json, last: OpenedEntry) -> bool:
    try:
        opened = open_change(raw)
    except LeafMismatch:
        return False
    return (opened.index, opened.leaf_bytes) == (last.entry, last.leaf)


def _public(der: bytes) -> PublicKey | None:
    try:
        return read_certificate(der).public
    except CertificateError:
        return None
