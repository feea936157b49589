"""The parts that cases need, put together for one process."""

from dataclasses import dataclass
from typing import NamedTuple

from catalog.identifiers import PLAIN
from catalog.working_days import WorkingDays
from certs.sealing import Wrapping
from hub.access.standing import StandingBook
from hub.calendar.corrections import working_days
from hub.cases.asked import Asked
from hub.cases.shelf import RuleShelf
from hub.clock import DAY, Clock
from hub.errors import Forbidden
from hub.ledger.change import Actor, Changes
from hub.ledger.persons import PersonKeys
from hub.lookup.identify import Caller, from_session
from hub.lookup.joint import JointExchange
from hub.lookup.read import Records
from hub.lookup.receipt import Receipts
from hub.materials.tags import Tags
from hub.people.permissions import Permission, require
from hub.people.sessions import Person
from hub.settings import Settings
from hub.storage.sqlite import Connection


class Handler(NamedTuple):
    """Who handles a case: a connector or the console's session, and the officer who acts."""

    caller: Caller
    channel_actor: Actor
    officer: str

    @property
    def actor(self) -> Actor:
        """As one who changes something; the officer stands in the *person* part."""
        of = self.channel_actor
        return Actor(of.channel, self.officer, of.connector, of.department)


def handler_of_session(person: Person, said: bytes, now: int) -> Handler:
    """A signed-in officer as one who handles cases; ``said`` is the form, canonically.

    Raises ``Forbidden``.
    """
    require(person, Permission.OPEN_CASES)
    if person.department is None:
        raise Forbidden(what=Permission.OPEN_CASES.value)
    caller = from_session(person.department, said, now)
    actor = Actor("console", account=person.account, department=person.department)
    return Handler(caller, actor, person.account)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that opening, reviewing and concluding need."""

    settings: Settings
    clock: Clock
    book: StandingBook
    reading: Connection
    changes: Changes
    joint: JointExchange
    receipts: Receipts
    persons: PersonKeys
    master: Wrapping
    tags: Tags
    records: Records
    shelf: RuleShelf

    @property
    def calendar(self) -> WorkingDays:
        """The working days as they are known now."""
        return working_days(self.reading)

    def applicant(self, asked: Asked) -> bytes | None:
        """The applicant's keyed digest; None for one without a number, or with one of no standard.

        Of the latter anybody could make up a new one for each promise.
        """
        party = asked.parties.get("applicant")
        if party is None or party.type == PLAIN:
            return None
        return self.tags.of_subject("case applicant", party.normal)

    def may_commit(self, applicant: bytes | None, now: int) -> bool:
        """Whether a promise may be taken from an applicant.

        Not from one without a number, nor from one who has broken a promise lately, to whichever
        department.
        """
        if applicant is None:
            return False
        since = now - self.settings.cases.barred_days * DAY
        row = self.reading.execute(
            "SELECT 1 FROM cases c JOIN commitments m ON m.case_id = c.id WHERE c.applicant = ?"
            " AND m.kind = 'promise' AND m.status = 'failed' AND m.settled > ? LIMIT 1",
            (applicant, since),
        ).fetchone()
        return row is None
