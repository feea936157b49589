"""Sessions: who has signed in, for how long, and how that ends.

A session is a short token (``certs.tokens``). Reading it looks the person up again, so roles and
suspension hold from the next request on, and ``people.sessions_from`` ends all of a person's
sessions at once. Using a session renews it until a working day is over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from certs.tokens import SessionClaims, SessionRing, TokenInvalid, new_session_id
from hub.clock import Clock
from hub.errors import SessionEnded, WrongPassword
from hub.ledger.origin import restored_at
from hub.people.accounts import ACCOUNT, roles_of
from hub.people.guessing import Guesses
from hub.people.hashing import Hashing
from hub.people.passwords import LONGEST, matches
from hub.people.permissions import DEPARTMENTAL, Role
from hub.storage.sqlite import Connection

LONGEST_MS = 10 * 3600 * 1000
"""A session that is used goes on for this long at most, a working day with overtime."""


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person; ``department`` is the local code.

    ``must_change``: somebody else has set the password, and nothing may be done before it is
    changed.
    """

    account: str
    name: str
    department: str | None
    roles: frozenset[Role]
    must_change: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class _Stored:
    """An active person as stored; its ``repr`` tells nothing."""

    person: Person
    password: str
    sessions_from: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it stands; ``expires`` in milliseconds."""

    person: Person
    id: str
    token: str
    began: int
    issued: int
    expires: int


class Sessions:
    """Signs people in and reads their tokens; one for each process.

    ``keys`` gives the keys of sessions as they stand now, ``minutes`` is the life of a token that
    is not used.
    """

    def __init__(
        self,
        keys: Callable[[], SessionRing],
        connection: Connection,
        clock: Clock,
        minutes: int,
    ) -> None:
        self._keys = keys
        self._connection = connection
        self._clock = clock
        self._life = minutes * 60_000
        self._restored = restored_at(connection)
        """Sessions that began before have ended; nobody serves while a log is restored."""
        self._guesses = Guesses(clock)
        self.hashing = Hashing()

    def sign_in(self, account: str, password: str, address: str = "") -> Session:
        """Check a password and begin a session; takes some 50 ms, so not in an event loop.

        An account that does not exist, is suspended or acts for a suspended department takes as
        long and looks the same. Raises ``WrongPassword``, ``SignInThrottled`` or
        ``TooManyFailures``.
        """
        encoded = self._before(account, password, address)
        self._after(account, address, encoded, matched=matches(encoded, password))
        return self.issue(account)

    async def sign_in_async(self, account: str, password: str, address: str) -> Session:
        """As ``sign_in``, hashing in a thread so that nobody else waits; or ``SignInCrowded``."""
        await self.confirm(account, password, address)
        return self.issue(account)

    async def confirm(self, account: str, password: str, address: str) -> None:
        """Check a password without beginning a session; raises as ``sign_in_async`` does."""
        self.hashing.require_room()
        encoded = self._before(account, password, address)
        matched = await self.hashing.run(matches, encoded, password)
        self._after(account, address, encoded, matched=matched)

    def issue(self, account: str) -> Session:
        """Begin a session of somebody whose identity was proven in another way.

        Raises ``SessionEnded`` if there is no active account.
        """
        now = self._clock()
        stored = self._stored(account)
        if stored is None:
            raise SessionEnded
        # One that follows what ended the others in the same millisecond has not ended with them.
        began = max(now, stored.sessions_from)
        return self._session(account, new_session_id(), began=began, now=now)

    def renew(self, session: Session) -> Session | None:
        """A later token of the same session once half its life is over; else None."""
        now = self._clock()
        if now * 2 < session.issued + session.expires:
            return None
        if now >= session.began + LONGEST_MS:
            return None
        return self._session(session.person.account, session.id, began=session.began, now=now)

    def read(self, token: str) -> Person:
        """Whose token it is; raises ``SessionEnded``."""
        return self.open(token).person

    def open(self, token: str) -> Session:
        """The session of a token; raises ``SessionEnded`` if it holds no longer."""
        now = self._clock()
        try:
            claims = self._keys().read(token, now)
        except TokenInvalid as error:
            raise SessionEnded from error
        person = self._person(claims.account, claims.began)
        return Session(
            person, claims.session, token, claims.began, claims.issued * 1000, claims.expires * 1000
        )

    def form_token(self, session: Session) -> str:
        """The secret that every form of a session carries."""
        return self._keys().form_token(session.id)

    def check_form_token(self, session: Session, token: str) -> None:
        """Raise ``TokenInvalid`` unless a form carries its session's secret."""
        self._keys().check_form_token(session.id, token)

    def _session(self, account: str, session: str, *, began: int, now: int) -> Session:
        person = self._person(account, began)
        ends = min(now + self._life, began + LONGEST_MS)
        claims = SessionClaims(account, session, began, now // 1000, ends // 1000)
        token = self._keys().issue(claims)
        return Session(person, session, token, began, claims.issued * 1000, claims.expires * 1000)

    def _person(self, account: str, began: int) -> Person:
        stored = self._stored(account)
        if stored is None or began < stored.sessions_from:
            raise SessionEnded
        return stored.person

    def _stored(self, account: str) -> _Stored | None:
        """An active account with a role that stands: those for a department stand with it."""
        row = self._connection.execute(
            "SELECT p.name, p.department, p.roles, p.must_change, p.password, p.sessions_from,"
            " d.status FROM people p LEFT JOIN departments d ON d.code = p.department"
            " WHERE p.account = ? AND p.status = 'active'",
            (account,),
        ).fetchone()
        if row is None:
            return None
        name, department, held, must_change, password, sessions_from, standing = row
        roles = roles_of(held)
        if standing != "active":
            roles -= DEPARTMENTAL
        if not roles:
            return None
        person = Person(account, name, department, roles, bool(must_change))
        return _Stored(person, password, max(sessions_from, self._restored))

    def _before(self, account: str, password: str, address: str) -> str | None:
        """The stored hash of an active account; raises before any hashing."""
        self._guesses.arrive(address)
        if not ACCOUNT.match(account) or len(password) > LONGEST:
            # Nobody's, whatever is stored: not hashed, not kept, and counted for the address.
            raise WrongPassword
        stored = self._stored(account)
        self._guesses.begin(account, address, exists=stored is not None)
        return None if stored is None else stored.password

    def _after(self, account: str, address: str, encoded: str | None, *, matched: bool) -> None:
        if not matched:
            raise WrongPassword
        stored = self._stored(account)
        if stored is None or stored.password != encoded:
            # Suspended, or another password set, while this one was being hashed.
            raise WrongPassword
        self._guesses.right(account, address)
