"""Entries of changes that are opened to the departments they name.

Whoever sees every certificate, key and grant that concerns them sees the one that they did not
ask for. A department is shown *control* with its salt and proves the entry against a checkpoint;
*person* (who acted) and *internal* stay closed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from certs.canonical import Json, parse
from certs.encoding import b64u
from certs.leaf import SALT_BYTES
from hub.storage.sqlite import Connection

EVERYONE = ""
"""In place of a department: entries that all of them may have opened."""
RESTORE = "restore"
"""``act`` of the operator's entry that opens a new origin."""
PAGE = 100
"""Entries in one answer at most."""
_DEPTH = 8

Provider: TypeAlias = Callable[[str], str | None]
"""The department whose dataset it is, by the dataset's local code."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with its *control* part opened; ``leaf`` and ``control`` are canonical JSON."""

    index: int
    leaf: bytes
    control: bytes
    control_salt: bytes

    def told(self) -> dict[str, Json]:
        """As routes give it."""
        return {
            "control": _parsed(self.control),
            "control_salt": b64u(self.control_salt),
            "index": self.index,
            "leaf": _parsed(self.leaf),
        }


def opened_to(kind: str, state: Mapping[str, Json], provider: Provider) -> frozenset[str]:
    """The departments (local codes) to which an entry is opened; ``EVERYONE`` stands for all.

    A certificate and a connector to the department in its URN, a grant to whom it is given and
    to whose dataset it is, applications, objections and delegations to both their sides, a notice
    to whom it is for, the hub's keys and the restore of its log to everyone.
    """
    match kind:
        case "key" | "status-list":
            return frozenset({EVERYONE})
        case "operator":
            return frozenset({EVERYONE} if state.get("act") == RESTORE else ())
        case "certificate":
            named = _department_of(state.get("connector"))
        case "connector":
            named = _department_of(state.get("urn"))
        case "application":
            # A draft is the applicant's own business, and that of a reply the provider's.
            sent = state.get("submitted") is not None
            reply = state.get("reply")
            drafted = isinstance(reply, dict) and reply.get("signed") is None
            named = {
                None if drafted else state.get("department"),
                state.get("provider") if sent else None,
            }
        case "delegation":
            sent = state.get("signed") is not None
            named = {state.get("department"), state.get("to") if sent else None}
        case "notice":
            named = {state.get("department")}
        case "objection":
            named = {state.get("department"), state.get("provider")}
        case "grant":
            named = {state.get("department"), provider(str(state.get("dataset")))}
        case _:
            return frozenset()
    return frozenset(one for one in named if isinstance(one, str) and one)


def remember(connection: Connection, position: int, kind: str, state: Mapping[str, Json]) -> None:
    """Note to whom an entry that has just been made is opened; inside its transaction."""

    def provider(dataset: str) -> str | None:
        row = connection.execute(
            "SELECT department FROM datasets WHERE code = ?", (dataset,)
        ).fetchone()
        return None if row is None else str(row[0])

    connection.executemany(
        "INSERT INTO openable (department, position) VALUES (?, ?)",
        [(department, position) for department in sorted(opened_to(kind, state, provider))],
    )


def opened_after(
    connection: Connection, department: str, after: int, below: int, limit: int
) -> list[Opened]:
    """The first ``limit`` entries beyond index ``after`` that ``department`` may have opened.

    Only those below ``below``, the size of a checkpoint that can prove them.
    """
    rows = connection.execute(
        "SELECT e.position, e.leaf, e.control, substr(e.salts, 1, ?6) FROM ("
        " SELECT position FROM openable WHERE department = ?1 AND position > ?3 AND position < ?4"
        " UNION SELECT position FROM openable"
        " WHERE department = ?2 AND position > ?3 AND position < ?4 ORDER BY 1 LIMIT ?5"
        ") o JOIN entries e ON e.position = o.position ORDER BY e.position",
        (department, EVERYONE, after, below, min(limit, PAGE), SALT_BYTES),
    )
    return [Opened(*row) for row in rows]


def opened_at(connection: Connection, position: int) -> Opened | None:
    """One entry with its *control* opened, whoever asks; None if there is none."""
    row = connection.execute(
        "SELECT position, leaf, control, substr(salts, 1, ?) FROM entries WHERE position = ?",
        (SALT_BYTES, position),
    ).fetchone()
    return None if row is None else Opened(*row)


def _department_of(urn: Json) -> set[Json]:
    """The department in a connector's URN, ``urn:yifen:connector:<hub>:<department>:<name>``."""
    parts = str(urn).split(":")
    return {parts[4]} if len(parts) == 6 else set()  # noqa: PLR2004 as above


def _parsed(data: bytes) -> Json:
    value: Json = parse(data, max_bytes=len(data), max_depth=_DEPTH)
    return value
