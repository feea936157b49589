"""The roll of people 人员: accounts by page, narrowed by department, role and standing."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.errors import NotFound
from hub.people.accounts import Account, roles_of
from hub.storage.sqlite import Connection

PAGE = 50
"""People of one page."""
AUTHORITY = "-"
"""In place of a department's code: those who are of none."""
_SELECT = "SELECT account, name, department, roles, status, must_change FROM people"
_NARROWED = (
    f" WHERE (?1 IS NULL OR coalesce(department, '{AUTHORITY}') = ?1)"
    " AND (?2 IS NULL OR instr(' ' || roles || ' ', ' ' || ?2 || ' ') > 0)"
    " AND (?3 IS NULL OR status = ?3)"
    " AND (?4 IS NULL OR account > ?4) ORDER BY account LIMIT ?5"
)


class Shown(NamedTuple):
    """One page; ``more`` is the account after which the next one begins, None at the end."""

    people: Sequence[Account]
    more: str | None


def listed(
    connection: Connection,
    *,
    department: str | None = None,
    role: str | None = None,
    status: str | None = None,
    after: str | None = None,
    most: int = PAGE,
) -> Shown:
    """People by account; ``department`` is the local code or ``AUTHORITY``."""
    wanted = (department, role, status, after, most + 1)
    found = [_account(row) for row in connection.execute(_SELECT + _NARROWED, wanted)]
    more = found[most - 1].account if len(found) > most else None
    return Shown(found[:most], more)


def find(connection: Connection, account: str) -> Account:
    """One of them; raises ``NotFound``."""
    row = connection.execute(f"{_SELECT} WHERE account = ?", (account,)).fetchone()
    if row is None:
        raise NotFound(what="account")
    return _account(row)


def _account(row: tuple[str, str, str | None, str, str, int]) -> Account:
    account, name, department, roles, status, must_change = row
    return Account(account, name, department, roles_of(roles), status, bool(must_change))
