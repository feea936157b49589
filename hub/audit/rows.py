"""An entry of the ledger as auditors search it: who, what, when, and the subject as a pseudonym."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from catalog.identifiers import KINDS, check
from catalog.identifiers.normalise import trimmed
from certs.encoding import from_rfc3339, unb64u
from certs.errors import Malformed, SealBroken
from hub.ledger.persons import PersonKeys

PSEUDONYM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of an entry; codes are local to the hub, ``time`` in milliseconds.

    ``officer`` and ``case`` are None where there were none or the *person* part was erased;
    ``about`` says whether it is about a subject.
    """

    position: int
    time: int
    kind: str
    department: str | None
    connector: str | None
    channel: str | None
    dataset: str | None
    grant: str | None
    delegation: str | None
    outcome: str | None
    purpose: str | None
    officer: str | None
    case: str | None
    about: bool
    request: int | None = None
    """63 bits of R: which entries belong to one question; None for what is none."""
    repeats: int | None = None
    """The question that this one repeats."""


class Pseudonyms:
    """Keyed pseudonyms of subjects: the index holds these and never an identifier.

    ``key`` is a kept key (``hub/keys/kept.py``), 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, identifier: str) -> bytes:
        """The pseudonym of a subject as it stands in an entry: as asked, whatever its form."""
        return self._of(_normalised(kind, identifier))

    def candidates(self, identifier: str) -> tuple[bytes, ...]:
        """The pseudonyms that an identifier may have, by whatever kind it was asked for."""
        forms = {_normalised(kind, identifier) for kind in (*KINDS, "")}
        return tuple(sorted(self._of(form) for form in forms if form))

    def _of(self, value: str) -> bytes:
        data = value.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, "sha256")[:PSEUDONYM_BYTES]


def _normalised(kind: str, identifier: str) -> str:
    return check(kind, identifier).value if kind in KINDS else trimmed(identifier)


Stored = tuple[int, bytes, bytes, bytes | None, int]
"""position, leaf, control, sealed person, its key."""


def row_of(stored: Stored, persons: PersonKeys, pseudonyms: Pseudonyms) -> tuple[Row, bytes | None]:
    """The row of a stored entry and its subject's pseudonym; what was erased stays away."""
    position, leaf_data, control_data, sealed, key = stored
    leaf: dict[str, str] = orjson.loads(leaf_data)
    control: dict[str, object] = orjson.loads(control_data)
    officer, case, pseudonym = _person(sealed, key, leaf["person"], persons, pseudonyms)
    told = told_by(leaf["kind"], control)
    row = Row(
        position=position,
        time=from_rfc3339(leaf["time"]),
        kind=leaf["kind"],
        department=told.department,
        connector=told.connector,
        channel=told.channel,
        dataset=told.dataset,
        grant=told.grant,
        delegation=told.delegation,
        outcome=told.outcome,
        purpose=told.purpose,
        officer=officer,
        case=case,
        about=pseudonym is not None,
        request=_request(control.get("R")),
        repeats=repeated if type(repeated := control.get("repeats")) is int else None,
    )
    return row, pseudonym


@dataclass(frozen=True, slots=True)
class Told:
    """What a *control* part tells, in the same words for questions and for changes."""

    department: str | None
    connector: str | None
    channel: str | None
    dataset: str | None
    grant: str | None
    delegation: str | None
    outcome: str | None
    purpose: str | None


def told_by(kind: str, control: Mapping[str, object]) -> Told:
    """What the *control* part of an entry of ``kind`` tells; codes local to the hub."""
    state = control.get("state")
    told = _of_state(kind, state) if isinstance(state, dict) else {}
    return Told(
        department=told.get("department") or _local(control.get("department")),
        connector=told.get("connector") or _text(control.get("connector")),
        channel=_text(control.get("channel")),
        dataset=told.get("dataset") or _local(control.get("dataset")),
        grant=told.get("grant") or _local(control.get("grant")),
        delegation=told.get("delegation") or _local(control.get("delegation")),
        outcome=told.get("outcome") or _text(control.get("outcome")),
        purpose=_text(control.get("purpose")),
    )


def _person(
    sealed: bytes | None, key: int, digest: str, persons: PersonKeys, pseudonyms: Pseudonyms
) -> tuple[str | None, str | None, bytes | None]:
    if sealed is None:
        return None, None, None
    try:
        _, part = persons.open(sealed, key, digest)
    except SealBroken:
        return None, None, None
    person: dict[str, object] = orjson.loads(part)
    subject = person.get("subject")
    pseudonym = None
    if isinstance(subject, dict):
        pseudonym = pseudonyms.of(str(subject.get("type")), str(subject.get("id")))
    return _text(person.get("officer")), _text(person.get("case")), pseudonym


# What the state of each kind of change calls the things that auditors search by.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "connector": {"connector": "urn", "outcome": "status"},
    "certificate": {"connector": "connector", "outcome": "status"},
    "dataset": {"dataset": "code", "department": "department", "outcome": "status"},
    "department": {"department": "code", "outcome": "status"},
    "grant": {
        "dataset": "dataset",
        "department": "department",
        "grant": "id",
        "outcome": "status",
    },
    "delegation": {"delegation": "id", "department": "department", "outcome": "status"},
    "person": {"department": "department", "outcome": "status"},
    "purpose": {"outcome": "status"},
    "mark": {"dataset": "dataset", "outcome": "kind"},
    "hold": {"outcome": "status"},
    "destruction": {"outcome": "what"},
    "material": {"dataset": "dataset", "department": "department", "outcome": "status"},
    "licence": {"department": "department", "outcome": "status"},
    "licence-type": {"outcome": "status"},
    "status-list": {},
    "case": {"department": "department", "outcome": "status"},
    "rules": {"outcome": "status"},
    "service": {"department": "department", "outcome": "status"},
    "disposal": {"department": "department", "grant": "grant", "outcome": "how"},
    "disposition": {"department": "department", "grant": "grant", "outcome": "status"},
    "stop": {"department": "department", "outcome": "status"},
    "usage": {"department": "department", "grant": "grant"},
    "objection": {"dataset": "dataset", "department": "department", "outcome": "status"},
    "objection-refused": {"dataset": "dataset", "department": "department", "outcome": "reason"},
    "notice": {"dataset": "dataset", "department": "department", "outcome": "outcome"},
}
_OTHERS: Mapping[str, str] = {"dataset": "dataset", "department": "department", "outcome": "state"}
_URN_PARTS = 6
_URN_DEPARTMENT = 4


def _of_state(kind: str, state: Mapping[str, object]) -> dict[str, str]:
    """Department, dataset and so on of a control change, from the state that it entered."""
    found: dict[str, str] = {}
    for name, member in _NAMES.get(kind, _OTHERS).items():
        value = _local(state.get(member)) if name in _LOCAL else _text(state.get(member))
        if value is not None:
            found[name] = value
    urn = found.get("connector", "").split(":")
    if len(urn) == _URN_PARTS:
        found.setdefault("department", urn[_URN_DEPARTMENT])
    return found


_LOCAL = frozenset({"dataset", "delegation", "department", "grant"})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _local(value: object) -> str | None:
    """A code without the hub's name before it."""
    return value.rpartition(":")[2] if isinstance(value, str) else None


def columns(rows: Sequence[tuple[Row, bytes | None]]) -> list[list[object]]:
    """The rows column by column, as DuckDB takes them in one statement."""
    return [
        [row.position for row, _ in rows],
        [row.time for row, _ in rows],
        [row.kind for row, _ in rows],
        [row.department for row, _ in rows],
        [row.connector for row, _ in rows],
        [row.channel for row, _ in rows],
        [row.dataset for row, _ in rows],
        [row.grant for row, _ in rows],
        [row.delegation for row, _ in rows],
        [row.outcome for row, _ in rows],
        [row.purpose for row, _ in rows],
        [row.officer for row, _ in rows],
        [row.case for row, _ in rows],
        [pseudonym for _, pseudonym in rows],
        [row.request for row, _ in rows],
        [row.repeats for row, _ in rows],
    ]


def _request(value: object) -> int | None:
    try:
        return int.from_bytes(unb64u(value)[:8], "big") >> 1 if isinstance(value, str) else None
    except Malformed:
        return None
