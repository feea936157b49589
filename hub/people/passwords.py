"""Passwords: what is taken, and how they are kept (argon2id, RFC 9106)."""

from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Unprocessable

TIME_COST = 3
MEMORY_KIB = 64 * 1024
LANES = 4
SALT_BYTES = 16
TAG_BYTES = 32
"""RFC 9106 §4, the second recommended option (64 MiB); about 50 ms on the machines we measured."""

SHORTEST = 12
"""Characters at least. SP 800-63B-4 §3.1.1.2 asks for 15 without a second factor and 8 with one;
GB/T 22239-2019 8.1.4.1 leaves the length to the operator."""
LONGEST = 128
"""Characters at most: enough for any passphrase (SP 800-63B-4 asks for 64 or more)."""

_HASHER = PasswordHasher(
    time_cost=TIME_COST,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=TAG_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)


@dataclass(frozen=True, slots=True, repr=False)
class PasswordHash:
    """A hashed password; its ``repr`` tells nothing."""

    encoded: str


def hash_password(password: str, account: str) -> PasswordHash:
    """Hash a new password of an account; takes some 50 ms, so in a thread where others wait.

    Raises ``Unprocessable`` for one that is too short, too long, of one character, or the account.
    """
    if len(password) < SHORTEST:
        raise Unprocessable(why="password-short")
    if len(password) > LONGEST:
        raise Unprocessable(why="password-long")
    if len(set(password)) == 1 or account.lower() in password.lower():
        raise Unprocessable(why="password-guessable")
    return PasswordHash(_HASHER.hash(password))


# A hash that no password fits: 32 zero bytes under a zero salt, in the encoding of our parameters.
_NOBODY = (
    f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={LANES}"
    "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def matches(encoded: str | None, password: str) -> bool:
    """Whether a password fits; for no account (None) the same work is done, and nothing fits."""
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(_NOBODY if encoded is None else encoded, password)
    except (VerificationError, InvalidHashError):
        return False
    return encoded is not None
