"""Session tokens: short JWTs (HS256) that only the hub that issued them reads.

    typ   hub-session+jwt        iat    issued, seconds        sub   the account
    iss   the hub's name         exp    ends, seconds          jti   the session, 128 random bits
    aud   hub-session            began  signed in, milliseconds; kept when a session is renewed

Algorithm, type, issuer and audience are pinned here: nothing in a token chooses how it is read
(RFC 8725 §3.1, §3.8, §3.9, §3.11). The key is the hub's alone and signs nothing else.
"""

import hmac
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import jwt

from certs.encoding import b64u, unb64u
from certs.errors import EvidenceError, KeyUnusable, MalformedEncoding
from certs.keys import read_secret, write_secret

TYPE = "hub-session+jwt"
AUDIENCE = "hub-session"
ALGORITHM = "HS256"
KEY_BYTES = 32
"""A key as long as the hash (RFC 7518 §3.2)."""
TOKEN_LIMIT = 1024
"""Characters of a token at most: ours have about 350."""

_Found = TypeVar("_Found")
_PREFIX = "yifen-session-key-1:"
_CLAIMS = frozenset({"aud", "began", "exp", "iat", "iss", "jti", "sub"})
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{22}\Z", re.ASCII)
_SESSION_ID_BYTES = 16
_ID_BYTES = 16


class TokenInvalid(EvidenceError):
    """A session token does not hold or has ended; fact ``why`` is a slug."""

    code = "token-invalid"


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What a token says; ``began`` in milliseconds, ``issued`` and ``expires`` in seconds."""

    account: str
    session: str
    began: int
    issued: int
    expires: int


def new_session_id() -> str:
    """128 random bits, base64url."""
    return b64u(os.urandom(_SESSION_ID_BYTES))


class SessionTokens:
    """Issues and reads the session tokens of one hub; its ``repr`` tells nothing.

    Raises ``KeyUnusable`` unless the key has 32 bytes.
    """

    __slots__ = ("_forms", "_issuer", "_key")

    def __init__(self, key: bytes, issuer: str) -> None:
        if len(key) != KEY_BYTES:
            raise KeyUnusable(why="length")
        self._key = key
        self._issuer = issuer
        self._forms = hmac.digest(key, b"yifen/v1/forms", "sha256")

    def __repr__(self) -> str:
        return "<SessionTokens>"

    @classmethod
    def create(cls, path: Path, issuer: str) -> "SessionTokens":
        """Write a new key file of mode 0600; raises ``FileExistsError`` if there is one."""
        key = os.urandom(KEY_BYTES)
        write_secret(path, f"{_PREFIX}{b64u(key)}\n".encode("ascii"))
        return cls(key, issuer)

    @classmethod
    def load(cls, path: Path, issuer: str) -> "SessionTokens":
        """Read a key file; raises ``InsecureKeyFile`` if others may read it, or ``KeyUnusable``."""
        try:
            text = read_secret(path).decode("ascii").removesuffix("\n")
            if not text.startswith(_PREFIX):
                raise KeyUnusable(why="unreadable")
            return cls(unb64u(text.removeprefix(_PREFIX)), issuer)
        except (UnicodeDecodeError, MalformedEncoding) as error:
            raise KeyUnusable(why="unreadable") from error

    @property
    def id(self) -> str:
        """128 bits in hexadecimal that name this key and tell nothing of it."""
        return hmac.digest(self._key, b"yifen/v1/session-key", "sha256")[:_ID_BYTES].hex()

    def issue(self, claims: SessionClaims) -> str:
        """The token of a session."""
        payload = {
            "aud": AUDIENCE,
            "began": claims.began,
            "exp": claims.expires,
            "iat": claims.issued,
            "iss": self._issuer,
            "jti": claims.session,
            "sub": claims.account,
        }
        return jwt.encode(payload, self._key, algorithm=ALGORITHM, headers={"typ": TYPE})

    def read(self, token: str, now: int) -> SessionClaims:
        """What a token of ours says at ``now`` (milliseconds); raises ``TokenInvalid``.

        That the account still stands is left to the caller.
        """
        if len(token) > TOKEN_LIMIT or not token.isascii():
            raise TokenInvalid(why="size")
        try:
            decoded = jwt.decode_complete(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Times are judged below, by the injected clock.
                options={
                    "require": sorted(_CLAIMS),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise TokenInvalid(why="token") from error
        if decoded["header"] != {"alg": ALGORITHM, "typ": TYPE}:
            raise TokenInvalid(why="header")
        claims = _claims(decoded["payload"])
        if now >= claims.expires * 1000:
            raise TokenInvalid(why="expired")
        return claims

    def form_token(self, session: str) -> str:
        """The secret that every form of a session carries, from a key of its own."""
        return b64u(hmac.digest(self._forms, session.encode("utf-8"), "sha256"))

    def check_form_token(self, session: str, token: str) -> None:
        """Raise ``TokenInvalid`` unless ``token`` is the form token of this session."""
        expected = self.form_token(session).encode("ascii")
        if not hmac.compare_digest(expected, token.encode("utf-8", "replace")):
            raise TokenInvalid(why="form")


class SessionRing:
    """The key that signs sessions now, and those under which older sessions still go on."""

    __slots__ = ("_all", "_newest")

    def __init__(self, newest: SessionTokens, *older: SessionTokens) -> None:
        self._newest = newest
        self._all = (newest, *older)

    def issue(self, claims: SessionClaims) -> str:
        """The token of a session, under the newest key."""
        return self._newest.issue(claims)

    def read(self, token: str, now: int) -> SessionClaims:
        """What a token under any of the keys says at ``now``; raises ``TokenInvalid``."""
        return self._first(lambda tokens: tokens.read(token, now))

    def form_token(self, session: str) -> str:
        """The secret that every form of a session carries, under the newest key."""
        return self._newest.form_token(session)

    def check_form_token(self, session: str, token: str) -> None:
        """Raise ``TokenInvalid`` unless ``token`` is the form token under any of the keys."""
        self._first(lambda tokens: tokens.check_form_token(session, token))

    def _first(self, attempt: Callable[[SessionTokens], _Found]) -> _Found:
        """What the first key that it succeeds under gives; else the newest key's error."""
        failed: TokenInvalid | None = None
        for tokens in self._all:
            try:
                return attempt(tokens)
            except TokenInvalid as error:
                failed = failed or error
        raise failed or TokenInvalid(why="token")


def _claims(payload: dict[str, object]) -> SessionClaims:
    if payload.keys() != _CLAIMS:
        raise TokenInvalid(why="claims")
    account, session = payload["sub"], payload["jti"]
    if not isinstance(account, str) or not isinstance(session, str):
        raise TokenInvalid(why="claims")
    if not _SESSION_ID.match(session):
        raise TokenInvalid(why="claims")
    return SessionClaims(
        account=account,
        session=session,
        began=_whole(payload["began"]),
        issued=_whole(payload["iat"]),
        expires=_whole(payload["exp"]),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TokenInvalid(why="claims")
    return value
