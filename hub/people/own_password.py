"""Changing one's own password: the old one is asked for again, whoever holds the session."""

from hub.errors import Unprocessable
from hub.ledger.change import Actor, Changes
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.sessions import Session, Sessions


async def change_own(
    sessions: Sessions, changes: Changes, actor: Actor, old: str, new: str, address: str
) -> Session:
    """Set the password of ``actor`` and end every session; gives a new one.

    Raises ``WrongPassword`` or ``SignInThrottled`` for the old one, ``Unprocessable`` for the new.
    """
    account = actor.account or ""
    await sessions.confirm(account, old, address)
    if new == old:
        raise Unprocessable(why="password-same")
    hashed = await sessions.hashing.run(hash_password, new, account)
    accounts.change_password(changes, actor, hashed)
    return sessions.issue(account)
