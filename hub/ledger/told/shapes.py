"""What the areas share: a table, its rows as stored and as the states of the log give them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from certs.canonical import Json, canonical
from hub.ledger.replay import Replay

State: TypeAlias = Mapping[str, Json]
Row: TypeAlias = "tuple[Json, ...]"
Rows: TypeAlias = "dict[Json, Row]"
Stored: TypeAlias = "tuple[str | int | bytes | None, ...]"


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of thing: its rows as stored, and as its states give them; both by name.

    ``stored`` and ``derived`` raise ``TypeError`` or ``ValueError`` at what the hub cannot have
    written.
    """

    kind: str
    query: str
    stored: Callable[[Stored], Row]
    derived: Callable[[Replay], Rows]


def each(kind: str, row_of: Callable[[str, State], Row]) -> Callable[[Replay], Rows]:
    """The things of a kind that are not groups of others: a row of each state."""

    def derived(replay: Replay) -> Rows:
        return {
            name: row_of(name, state)
            for (of_kind, name), state in replay.things.items()
            if of_kind == kind
        }

    return derived


def picked(*names: str) -> Callable[[str, State], Row]:
    """These members of a state."""
    return lambda _name, state: tuple(state.get(name) for name in names)


def whole(*names: str) -> Callable[[str, State], Row]:
    """Some members of a state, and the whole of it as the table keeps it."""
    members = picked(*names)
    return lambda name, state: (*members(name, state), canonical(state).decode("utf-8"))


def plain(row: Stored) -> Row:
    """The columns that are no bytes, as they are."""
    return tuple(value for value in row if not isinstance(value, bytes))


def stored_state(row: Stored) -> Row:
    """The columns as they are, the last, a whole state, in canonical form."""
    *rest, state = plain(row)
    return *rest, canonical(orjson.loads(str(state))).decode("utf-8")
