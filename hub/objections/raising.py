"""Raising an objection: the records concerned are marked disputed in the same change.

Nothing is learned by it that the grant does not tell. Every exit is an entry; one that fits
nothing costs what a verification costs that fails, and looks like having no grant at all.

    1  a standing grant covers the items, and what the record is matched by in full
    2  the subject's records, but those repaired away, that agree with every value of ``match``
    3  under the lock, at the epoch of 1: quota and throttle, the objection, the marks
"""

from dataclasses import dataclass

from catalog.values import check_value
from certs.encoding import digest, rfc3339
from certs.errors import SealBroken
from hub.access.grant import Grant
from hub.access.marks import dispute_in, holders
from hub.access.standing import Source, Standing
from hub.calendar.corrections import working_days
from hub.calendar.statutory import OBJECTION, due
from hub.errors import Busy, Conflict, HubError, Unavailable, Unprocessable
from hub.ledger.attempt import Bounce, Charge, Guess
from hub.ledger.change import Actor, Change
from hub.lookup.decide import Cover, Permit, Refusal, permit_of
from hub.lookup.exchange import ROUNDS
from hub.lookup.read import Record
from hub.objections.content import seal_claim
from hub.objections.desk import Desk
from hub.objections.errors import ObjectionQuotaSpent, ObjectionRefused, ObjectionThrottled
from hub.objections.objection import Claim, Objection
from hub.objections.register import new_id, write
from hub.storage.generation import GenerationGone
from hub.storage.objection_tables import ObjectionRow

REFUSED = "objection-refused"
"""The kind of entry that an objection makes which was not taken up."""
_TELLING = frozenset({"lookup", "feed"})
"""Operations that tell whether there is a record; the others do if the grant says so."""


class _MovedError(Exception):
    """The epoch has moved on, or the generation was replaced: look again."""


class _BouncedError(Exception):
    """Quota or throttle: the change is undone."""

    def __init__(self, bounce: Bounce) -> None:
        super().__init__()
        self.bounce = bounce


@dataclass(frozen=True, slots=True)
class _Case:
    """What a department objects to, and may."""

    permit: Permit
    counter: int
    records: frozenset[bytes]
    """The records concerned, by their pseudonyms; none if nothing fits."""


def raise_objection(desk: Desk, actor: Actor, dataset: str, claim: Claim) -> Objection:
    """Object to values of a dataset for the actor's department.

    Raises ``ObjectionRefused`` without a grant and where nothing fits alike, ``ObjectionThrottled``
    and ``ObjectionQuotaSpent``, ``Conflict`` for the own dataset and for what the department
    objects to already, ``Unprocessable`` for what no subject or item can be.
    """
    for _ in range(ROUNDS):
        try:
            return _raise(desk, actor, dataset, claim)
        except (_MovedError, GenerationGone):
            continue
        except SealBroken as error:
            raise Unavailable(why="records") from error
    raise Busy


def _raise(desk: Desk, actor: Actor, dataset: str, claim: Claim) -> Objection:
    standing = desk.book.refresh()
    # 1 A grant covers it
    grant = _covering(standing, actor, dataset, claim, desk.clock())
    source = standing.source(dataset)
    if grant is None or source is None:
        _enter_refused(desk, actor, standing, dataset, claim, "not-granted", None)
        raise ObjectionRefused
    if source.department == actor.department:
        raise Conflict(why="own-dataset")
    if not claim.values.keys() <= set(claim.items):
        raise Unprocessable(why="values")
    # 2 Records of the subject that fit
    case = _case(desk, actor, Cover(grant, source, {}), standing, claim)
    charge = Charge(grant.id, grant.daily_quota)
    if not case.records:
        _miss(desk, actor, standing, claim, charge, case)
    # 3 Under the lock
    objection = new_id()
    content = seal_claim(desk, source.dataset.retention, objection, claim)
    try:
        with desk.changes.change(actor) as change:
            if change.epoch - 1 != standing.epoch:
                raise _MovedError
            bounce = desk.committer.spend(charge, change.time, Guess(case.counter, right=True))
            if bounce is not None:
                raise _BouncedError(bounce)
            _require_new(change, actor, claim, case)
            return _write(desk, change, source, actor, claim, case, objection, content)
    except _BouncedError as error:
        _enter_refused(desk, actor, standing, dataset, claim, error.bounce.value, None)
        raise _told(error.bounce) from None


def _covering(
    standing: Standing, actor: Actor, dataset: str, claim: Claim, now: int
) -> Grant | None:
    """The first grant that covers the objection; None if there is none, whatever is lacking."""
    source = standing.source(dataset)
    department = actor.department or ""
    if source is None or not source.active or not standing.department(department):
        return None
    for grant in standing.grants(department, dataset):
        if grant.stands(now) and actor.channel in grant.channels and _covers(grant, claim):
            return grant
    return None


def _covers(grant: Grant, claim: Claim) -> bool:
    """Whether items and ``match`` are granted, and the grant tells what the answer would tell.

    A value is compared only where the grant shows it whole. Without a grant that tells whether
    there is a record, something must be matched: so much a verification tells too.
    """
    if not grant.items.keys() >= set(claim.items):
        return False
    if any(grant.items.get(code) != "full" for code in claim.match):
        return False
    telling = grant.existence or not grant.operations.isdisjoint(_TELLING)
    return telling or (bool(claim.match) and "verify" in grant.operations)


def _case(desk: Desk, actor: Actor, cover: Cover, standing: Standing, claim: Claim) -> _Case:
    permit = permit_of(cover, claim.subject.type, claim.subject.id)
    if isinstance(permit, Refusal):
        raise Unprocessable(why="subject")
    source = permit.source
    found = {
        desk.records.pseudonym_of(source, permit.subject, record.values)
        for record in desk.records.read(permit, standing)
        if _fits(source, claim, record)
    }
    counter = desk.records.counter(actor.department or "", permit)
    return _Case(permit, counter, frozenset(found))


def _fits(source: Source, claim: Claim, record: Record) -> bool:
    """Whether a record agrees with every value of ``match``, compared in the form of the wire."""
    for place, item in enumerate(source.dataset.items):
        if item.code in claim.match:
            wanted = check_value(item, claim.match[item.code]).value
            # A blank value would ask whether there is one, which equality does not tell.
            if not wanted or record.values[place] != wanted:
                return False
    return True


def _miss(
    desk: Desk, actor: Actor, standing: Standing, claim: Claim, charge: Charge, case: _Case
) -> None:
    """Enter, and charge as a failed verification, what fits nothing; always raises."""
    dataset = case.permit.source.dataset.code
    guess = Guess(case.counter, right=False)
    bounce = _enter_refused(desk, actor, standing, dataset, claim, "nothing-fits", (charge, guess))
    if bounce is not None:
        raise _told(bounce)
    raise ObjectionRefused


def _enter_refused(
    desk: Desk,
    actor: Actor,
    standing: Standing,
    dataset: str,
    claim: Claim,
    reason: str,
    cost: tuple[Charge, Guess] | None,
) -> Bounce | None:
    """Enter an objection that was not taken up, with whom it was about in the *person* part."""
    bounce = None
    with desk.changes.change(actor, moves_epoch=False) as change:
        if cost is not None:
            if change.epoch != standing.epoch:
                raise _MovedError
            bounce = desk.committer.spend(cost[0], change.time, cost[1])
        # Why it was not taken up is more than its department may know: *internal* holds it.
        state = {"dataset": dataset, "department": actor.department}
        subject = (claim.subject.type, claim.subject.id)
        why = reason if bounce is None else bounce.value
        change.append(REFUSED, {**state}, subject=subject, reason=why)
    return bounce


def _told(bounce: Bounce) -> HubError:
    return ObjectionQuotaSpent() if bounce is Bounce.QUOTA_SPENT else ObjectionThrottled()


def _require_new(change: Change, actor: Actor, claim: Claim, case: _Case) -> None:
    """Raise ``Conflict`` if the department objects to one of the items of a record already."""
    for by in {by for pseudonym in case.records for by in holders(change, pseudonym)}:
        row = change.session.get(ObjectionRow, by)
        if row is None or row.department != actor.department:
            continue
        if not set(Objection.model_validate_json(row.state).items).isdisjoint(claim.items):
            raise Conflict(why="objection-open")


def _write(
    desk: Desk,
    change: Change,
    source: Source,
    actor: Actor,
    claim: Claim,
    case: _Case,
    objection: str,
    content: bytes,
) -> Objection:
    code, subject = source.dataset.code, (claim.subject.type, claim.subject.id)
    ends = due(working_days(desk.reading), change.time, OBJECTION.days)
    raised = Objection(
        id=objection,
        version=0,
        status="open",
        department=actor.department or "",
        dataset=code,
        provider=source.department,
        items=claim.items,
        raised=rfc3339(change.time),
        entry=change.position,
        due=rfc3339(ends),
        content=digest(content),
    )
    row = ObjectionRow(
        id=objection,
        department=raised.department,
        dataset=code,
        provider=raised.provider,
        status="open",
        version=0,
        state="",
        content=content,
    )
    written = write(change, row, raised, subject)
    change.session.flush()
    for pseudonym in sorted(case.records):
        dispute_in(change, code, pseudonym, objection, subject)
    return written
