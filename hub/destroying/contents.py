"""Which materials, and which cases' contents, are past their retention, and what keeps them.

    material   from its last filing, or from the last day of its validity, whichever is later;
               the class is that of its dataset
    case       from the last act on it, or while a broken promise bars its applicant; the class is
               the longest of the answers that it rests on

What an open case rests on is in use, and a hold over an entry keeps what the entry tells of.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias

from catalog.definition import load
from certs.canonical import Json, parse
from certs.errors import SealBroken
from certs.leaf import read_leaf
from certs.sealing import SealingKey, Wrapping
from hub.clock import DAY, SHANGHAI
from hub.errors import StorageRefused
from hub.ledger.destructions import DESTROYED, Thing, What, in_use, kept_by, rounds_of
from hub.ledger.holds import held
from hub.ledger.retention import CLASSES, YEAR, Retention, least
from hub.materials.metadata import open_filed
from hub.settings import Settings
from hub.storage.sqlite import Connection
from hub.storage.wrapped import material_context

State: TypeAlias = Literal["kept", "due", "held", "in-use"]
_LONGEST: Retention = max(CLASSES, key=least)
_LAST = round(datetime(9999, 12, 30, tzinfo=UTC).timestamp()) * 1000
"""The last time that can be told; whatever is kept longer is kept."""
_LARGEST, _DEPTH = 1 << 20, 12

Opening: TypeAlias = Callable[[Connection], Wrapping]
"""Gives the master key, which may be looked up over a connection."""


class Content(NamedTuple):
    """A content as it stands; ``until`` in milliseconds.

    ``kept``: not past its retention. Else ``held`` by a hold, ``in-use`` by an open case, or
    ``due``. ``of`` is a material's dataset, and a case's status.
    """

    what: What
    id: str
    department: str
    of: str
    retention: Retention
    until: int
    state: State


class _Found(NamedTuple):
    id: str
    department: str
    of: str
    retention: Retention
    until: int


class Contents:
    """Looks over one connection, in one transaction of the caller's."""

    def __init__(self, connection: Connection, settings: Settings, opening: Opening) -> None:
        self._connection = connection
        self._settings = settings
        self._opening = opening

    def past(self, what: What, now: int) -> list[Content]:
        """Everything of a kind that is past its retention, the oldest first."""
        before = now - self._settings.retention.of(CLASSES[0]) * YEAR
        column, table = ("filed", "materials") if what == "material" else ("touched", "cases")
        rows = self._connection.execute(
            f"SELECT id FROM {table} WHERE {column} <= ? AND length(key) > 0"  # noqa: S608 no input
            f" ORDER BY {column}, id",
            (before,),
        ).fetchall()
        found = self.of(what, [name for (name,) in rows], now)
        return sorted(
            (one for one in found if one.state != "kept"), key=lambda one: (one.until, one.id)
        )

    def of(self, what: What, ids: Sequence[str], now: int) -> list[Content]:
        """Some of a kind; those that there are not, or not any more, are left out."""
        finding = self._materials(ids) if what == "material" else self._cases(ids)
        found = list(finding)
        if not found:
            return []
        used, kept = self._used(), self._held()
        return [
            Content(what, *one, state=_state(one.until, (what, one.id), now, used, kept))
            for one in found
        ]

    def _materials(self, ids: Sequence[str]) -> Iterator[_Found]:
        master = self._opening(self._connection)
        classes: dict[str, Retention] = {}
        for name in ids:
            row = self._connection.execute(
                "SELECT department, dataset, key FROM materials WHERE id = ? AND status <> ?",
                (name, DESTROYED),
            ).fetchone()
            if row is None:
                continue
            department, dataset, wrapped = row
            if dataset not in classes:
                classes[dataset] = self._class_of(dataset)
            try:
                key = SealingKey(master.unwrap(wrapped, material_context(name)))
                last = self._last_day(name, key)
            except SealBroken as error:
                raise StorageRefused(why="material") from error
            years = self._settings.retention.of(classes[dataset])
            until = min(_end_of(last) + years * YEAR, _LAST)
            yield _Found(name, department, dataset, classes[dataset], until)

    def _last_day(self, material: str, key: SealingKey) -> str:
        """The last day on which it was filed, or is valid by what anybody has said of it."""
        days = []
        for version, sealed in self._connection.execute(
            "SELECT version, sealed FROM material_filings WHERE material = ?", (material,)
        ):
            filed = open_filed(sealed, key, material, version)
            days += [filed.received_on, filed.metadata.valid_until or ""]
        return max(days)

    def _class_of(self, dataset: str) -> Retention:
        (definition,) = self._connection.execute(
            "SELECT definition FROM datasets WHERE code = ?", (dataset,)
        ).fetchone()
        return load(definition, dataset).retention

    def _cases(self, ids: Sequence[str]) -> Iterator[_Found]:
        for name in ids:
            row = self._connection.execute(
                "SELECT department, status, touched, state FROM cases"
                " WHERE id = ? AND length(key) > 0",
                (name,),
            ).fetchone()
            if row is None:
                continue
            department, status, touched, state = row
            retention = self._class_at(_parsed(state))
            until = touched + self._settings.retention.of(retention) * YEAR
            yield _Found(
                name, department, status, retention, min(max(until, self._barred(name)), _LAST)
            )

    def _class_at(self, state: Mapping[str, Json]) -> Retention:
        """The longest class of the answers that a case rests on, by the keys that sealed them."""
        for span in rounds_of(state):
            row = self._connection.execute(
                "SELECT 1 FROM entries e JOIN person_keys k ON k.id = e.person_key"
                " WHERE e.position >= ? AND e.position < ? AND k.retention = ?",
                (*span, _LONGEST),
            ).fetchone()
            if row is not None:
                return _LONGEST
        return CLASSES[0]

    def _barred(self, case: str) -> int:
        """Until when a promise that was broken in a case bars its applicant."""
        (settled,) = self._connection.execute(
            "SELECT max(settled) FROM commitments WHERE case_id = ? AND status = 'failed'"
            " AND kind = 'promise'",
            (case,),
        ).fetchone()
        return 0 if settled is None else int(settled) + self._settings.cases.barred_days * DAY

    def _used(self) -> set[Thing]:
        rows = self._connection.execute(
            "SELECT state FROM cases WHERE status = 'open' OR id IN"
            " (SELECT case_id FROM commitments WHERE status = 'open')"
        )
        return in_use(_parsed(state) for (state,) in rows)

    def _held(self) -> set[Thing]:
        spans = held(self._connection)
        if not spans:
            return set()
        there = [
            thing
            for span in spans
            for leaf, control in self._connection.execute(
                "SELECT leaf, control FROM entries WHERE position >= ? AND position < ?", span
            )
            if (thing := told_of(leaf, control)) is not None
        ]
        cases = self._connection.execute("SELECT state FROM cases")
        return kept_by(spans, there, (_parsed(state) for (state,) in cases))


def told_of(leaf: bytes, control: bytes) -> Thing | None:
    """The content that an entry tells of, if it is one of a material or a case."""
    kind = read_leaf(leaf).kind
    if kind not in {"material", "case"}:
        return None
    state = state_of(control)
    return kind, str(state.get("id"))


def state_of(control: bytes) -> Mapping[str, Json]:
    """The state that an entry of a change holds."""
    members = parse(control, max_bytes=_LARGEST, max_depth=_DEPTH)
    state = members.get("state") if isinstance(members, dict) else None
    return state if isinstance(state, dict) else {}


def _state(until: int, thing: Thing, now: int, used: set[Thing], kept: set[Thing]) -> State:
    if now < until:
        return "kept"
    if thing in kept:
        return "held"
    return "in-use" if thing in used else "due"


def _parsed(state: str) -> Mapping[str, Json]:
    value = parse(state.encode("utf-8"), max_bytes=_LARGEST, max_depth=_DEPTH)
    return value if isinstance(value, dict) else {}


def _end_of(day: str) -> int:
    """The first moment after a day of Asia/Shanghai, in milliseconds."""
    try:
        following = date.fromisoformat(day) + timedelta(days=1)
    except OverflowError:  # the last day that there is
        return _LAST
    return round(datetime.combine(following, time(), SHANGHAI).timestamp() * 1000)
