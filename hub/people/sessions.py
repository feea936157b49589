"""Sessions: who has signed in, for how long, and how that ends.

A session is a short token (``certs.tokens``). Reading it looks the person up again, so roles and
suspension hold from the next request on, and ``people.sessions_from`` ends all of a person's
sessions at once. Using a session renews it until a working day is over.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from certs.tokens import SessionClaims, SessionTokens, TokenInvalid, new_session_id
from hub.clock import Clock
from hub.errors import NotSignedIn, SessionEnded, WrongPassword
from hub.people.accounts import roles_of
from hub.people.passwords import matches
from hub.people.permissions import Role
from hub.storage.sqlite import Connection

LONGEST_MS = 10 * 3600 * 1000
"""A session that is used goes on for this long at most, a working day with overtime."""

FREE_FAILURES = 5
"""Wrong passwords of one account before it has to wait (GB/T 22239-2019 8.1.4.1 b asks for such a
limit and leaves the number open)."""
FIRST_WAIT_MS = 2_000
"""The first wait; each further failure doubles it."""
LONGEST_WAIT_MS = 15 * 60 * 1000
"""Long enough to make guessing useless, short enough that nobody can shut a colleague out."""
FORGOTTEN_MS = 60 * 60 * 1000
"""Failures are forgotten after an hour without one."""
ACCOUNTS_KEPT = 10_000
"""Accounts whose failures one process remembers; the longest untouched goes first."""
HASHING_AT_ONCE = 2
"""Passwords hashed at a time, each with 64 MiB."""


class SignInThrottled(NotSignedIn):
    """Too many wrong passwords for this account; fact ``seconds`` to wait."""

    code = "sign-in-throttled"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person; ``department`` is the local code."""

    account: str
    name: str
    department: str | None
    roles: frozenset[Role]


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

    ``key`` is the session key's file (``SessionTokens.create`` makes one), ``minutes`` the life of
    a token that is not used. Raises ``InsecureKeyFile`` or ``KeyUnusable``.

    Failures are counted in each process: with n workers somebody has n times as many tries.
    """

    def __init__(
        self, key: Path, connection: Connection, clock: Clock, hub_name: str, minutes: int
    ) -> None:
        self._tokens = SessionTokens.load(key, hub_name)
        self._connection = connection
        self._clock = clock
        self._life = minutes * 60_000
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._hashing = asyncio.Semaphore(HASHING_AT_ONCE)

    def sign_in(self, account: str, password: str) -> Session:
        """Check a password and begin a session; takes some 50 ms, so not in an event loop.

        An account that does not exist or is suspended takes as long and looks the same. Raises
        ``WrongPassword`` or ``SignInThrottled``.
        """
        encoded = self._before(account)
        return self._after(account, matched=matches(encoded, password))

    async def sign_in_async(self, account: str, password: str) -> Session:
        """As ``sign_in``, hashing in a thread so that nobody else waits."""
        encoded = self._before(account)
        async with self._hashing:
            matched = await asyncio.to_thread(matches, encoded, password)
        return self._after(account, matched=matched)

    def issue(self, account: str) -> Session:
        """Begin a session of somebody whose identity was proven in another way.

        Raises ``SessionEnded`` if there is no active account.
        """
        now = self._clock()
        return self._session(account, new_session_id(), began=now, now=now)

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
            claims = self._tokens.read(token, now)
        except TokenInvalid as error:
            raise SessionEnded from error
        person = self._person(claims.account, claims.began)
        return Session(
            person, claims.session, token, claims.began, claims.issued * 1000, claims.expires * 1000
        )

    def form_token(self, session: Session) -> str:
        """The secret that every form of a session carries."""
        return self._tokens.form_token(session.id)

    def check_form_token(self, session: Session, token: str) -> None:
        """Raise ``TokenInvalid`` unless a form carries its session's secret."""
        self._tokens.check_form_token(session.id, token)

    def _session(self, account: str, session: str, *, began: int, now: int) -> Session:
        person = self._person(account, began)
        ends = min(now + self._life, began + LONGEST_MS)
        claims = SessionClaims(account, session, began, now // 1000, ends // 1000)
        token = self._tokens.issue(claims)
        return Session(person, session, token, began, claims.issued * 1000, claims.expires * 1000)

    def _person(self, account: str, began: int) -> Person:
        row = self._connection.execute(
            "SELECT name, department, roles, status, sessions_from FROM people WHERE account = ?",
            (account,),
        ).fetchone()
        if row is None or row[3] != "active" or began < row[4]:
            raise SessionEnded
        return Person(account, row[0], row[1], roles_of(row[2]))

    def _before(self, account: str) -> str | None:
        """The stored hash of an active account; raises ``SignInThrottled`` before any hashing."""
        now = self._clock()
        count, last = self._failures.get(account, (0, 0))
        if count >= FREE_FAILURES:
            wait = min(FIRST_WAIT_MS << min(count - FREE_FAILURES, 20), LONGEST_WAIT_MS)
            if now < last + wait:
                raise SignInThrottled(seconds=-(-(last + wait - now) // 1000))
        # Counted before it is known, so that attempts side by side are counted too.
        self._fail(account, count if now < last + FORGOTTEN_MS else 0, now)
        row = self._connection.execute(
            "SELECT password FROM people WHERE account = ? AND status = 'active'", (account,)
        ).fetchone()
        return None if row is None else str(row[0])

    def _after(self, account: str, *, matched: bool) -> Session:
        if not matched:
            raise WrongPassword
        self._failures.pop(account, None)
        return self.issue(account)

    def _fail(self, account: str, before: int, now: int) -> None:
        self._failures[account] = (before + 1, now)
        self._failures.move_to_end(account)
        if len(self._failures) > ACCOUNTS_KEPT:
            self._failures.popitem(last=False)
