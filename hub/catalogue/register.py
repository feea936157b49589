"""Catalogue entries as they are kept: one row each, one entry of the ledger an act."""

from catalog.definition import Dataset, load
from catalog.working_days import WorkingDays
from certs.canonical import Json, canonical
from certs.encoding import digest, from_rfc3339, rfc3339
from hub.calendar.statutory import urgency
from hub.catalogue.entry import EntryState
from hub.errors import Conflict, NotFound, StorageRefused, Unprocessable
from hub.ledger.change import Actor, Change
from hub.storage.entry_tables import DefinitionRow, EntryRow
from hub.storage.sqlite import Connection
from hub.storage.tables import DatasetRow

MAX_DEFINITION = 256 * 1024
"""Bytes of a definition."""


def read_definition(definition: bytes) -> Dataset:
    """Read what is to be kept; raises ``DefinitionRefused``, or ``Unprocessable`` for its size."""
    if len(definition) > MAX_DEFINITION:
        raise Unprocessable(why="definition-size")
    return load(definition, "definition")


def current(
    change: Change, actor: Actor, code: str, version: int, *, own: bool
) -> tuple[EntryRow, EntryState]:
    """Row and state of an entry in the version that the actor saw.

    ``own``: only people of its provider act on it. Raises ``NotFound``, also where it is another
    department's, and then whatever the version is; ``Conflict`` for another version.
    """
    row = change.session.get(EntryRow, code)
    seen = row is not None and (not own or (actor.account and actor.department == row.department))
    if row is None or not seen:
        raise NotFound(what="entry")
    found = EntryState.model_validate_json(row.state)
    if found.version != version:
        raise Conflict(why="version")
    return row, found


def write(change: Change, row: EntryRow, entry: EntryState) -> EntryState:
    """Keep the next version, and enter it."""
    following = entry.model_copy(update={"version": entry.version + 1})
    row.status, row.version = following.status, following.version
    row.due = None if following.due is None else from_rfc3339(following.due)
    row.state = canonical(following.state()).decode("utf-8")
    row.classification = _classification(change, following, of_next=False)
    row.drafted_classification = _classification(change, following, of_next=True)
    change.session.add(row)
    change.append("entry", following.state())
    return following


def keep(change: Change, dataset: str, definition: bytes) -> str:
    """Keep a definition under its digest."""
    name = digest(definition)
    if change.session.get(DefinitionRow, name) is None:
        change.session.add(DefinitionRow(digest=name, dataset=dataset, definition=definition))
        change.session.flush()
    return name


def forget(change: Change, entry: EntryState, name: str) -> None:
    """Let a definition go that was only ever drafted; what was published stays."""
    dataset = change.session.get(DatasetRow, entry.code)
    served = dataset is not None and digest(dataset.definition) == name
    if not served and name not in {edition.definition for edition in entry.editions}:
        row = change.session.get(DefinitionRow, name)
        if row is not None:
            change.session.delete(row)
            change.session.flush()


def kept(change: Change, name: str) -> bytes:
    """A definition by its digest."""
    row = change.session.get(DefinitionRow, name)
    if row is None or digest(row.definition) != name:
        raise StorageRefused(why="definition-gone")
    return row.definition


def find(connection: Connection, code: str, department: str | None) -> EntryState:
    """One entry as people of a department see it, their own; None sees all. Raises ``NotFound``."""
    row = connection.execute(
        "SELECT state FROM catalogue_entries WHERE code = ?1 AND (?2 IS NULL OR department = ?2)",
        (code, department),
    ).fetchone()
    if row is None:
        raise NotFound(what="entry")
    return EntryState.model_validate_json(row[0])


def listing(
    connection: Connection, department: str | None, *, under_way: bool = False
) -> list[EntryState]:
    """The entries of a department by code; None sees all.

    ``under_way``: only those in which somebody has to act, or a clock runs.
    """
    rows = connection.execute(
        "SELECT state FROM catalogue_entries WHERE (?1 IS NULL OR department = ?1)"
        " AND (NOT ?2 OR due IS NOT NULL OR"
        " status NOT IN ('published', 'suspended', 'withdrawn')) ORDER BY code",
        (department, under_way),
    )
    return [EntryState.model_validate_json(state) for (state,) in rows]


def definition_of(connection: Connection, name: str) -> bytes:
    """The TOML of an edition by its digest; raises ``StorageRefused`` if it is not what it was."""
    row = connection.execute(
        "SELECT definition FROM definitions WHERE digest = ?", (name,)
    ).fetchone()
    if row is None or digest(row[0]) != name:
        raise StorageRefused(why="definition-gone")
    return bytes(row[0])


def shown(entry: EntryState, calendar: WorkingDays, now: int) -> dict[str, Json]:
    """The state, with its clock: when it ends, and ``on-time``, ``near``, ``overdue`` or null."""
    return {**entry.state(), "due": entry.due, "urgency": standing(entry, calendar, now)}


def standing(entry: EntryState, calendar: WorkingDays, now: int) -> str | None:
    """Where the clock of an entry stands; None if none runs."""
    return None if entry.due is None else urgency(calendar, from_rfc3339(entry.due), now)


def told(change: Change) -> str:
    """The time of a change, as states hold it."""
    return rfc3339(change.time)


def _classification(change: Change, entry: EntryState, *, of_next: bool) -> str | None:
    edition = entry.next if of_next else entry.standing
    if edition is None or entry.status == "withdrawn":
        return None
    return load(kept(change, edition.definition), entry.code).classification
