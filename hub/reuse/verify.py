"""``hub reuse verify``: the figure derived again from the ledger, each case judged by its sources.

Of every entry of a case it is checked that it follows the one before, that its services and rules
are those that were in force at that position, that each material is one of the service's list and
was decided by a way of its rule, and that every answer it rests on stands before it: of the same
department, request and epoch, answered, and from a dataset that the rule names. What came on file
after the case was opened counts as brought. That the entries themselves are those of the log is
``hub ledger verify``'s affair.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import ValidationError

from catalog.definition import load as load_dataset
from catalog.errors import DefinitionRefused
from catalog.evidence import reading as rules_reading
from catalog.evidence.figure import Cell, Tally
from catalog.evidence.rules import Rules
from catalog.services import reading as services_reading
from catalog.services.service import Service
from certs.canonical import Json, parse
from certs.encoding import digest, rfc3339
from certs.errors import LeafMismatch, Malformed
from certs.leaf import SALT_BYTES, part_digest, read_leaf
from hub.cases.state import DECIDING, CaseState, MaterialIn
from hub.ledger.destructions import Thing, read
from hub.reuse.figure import counted, figure
from hub.reuse.judged import Answered, Basis, judge
from hub.storage.sqlite import Connection

_LARGEST = 1 << 20
_DEPTH = 8
_KINDS = ("case", "delegation", "destruction", "material", "rules", "service")
_WHERE = " OR ".join(f'instr(leaf, \'"kind":"{kind}"\') > 0' for kind in _KINDS)
_PARTS = "CAST(leaf AS BLOB), CAST(control AS BLOB), CAST(salts AS BLOB)"
"""Whoever has tampered may have left values of another type."""
_SAME = ("R", "rounds", "services", "rules", "digest", "day")


class Fault(NamedTuple):
    """One thing that does not agree; ``position`` is -1 for what belongs to no entry."""

    position: int
    why: str


@dataclass(slots=True)
class Reuse:
    """What was derived: how many cases, the figure, and every fault."""

    cases: int = 0
    entries: int = 0
    cells: Mapping[Cell, Tally] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class _Seen(NamedTuple):
    """A case as far as its entries were read."""

    first: int
    position: int
    state: CaseState


class ReuseVerification:
    """Reads the entries of cases, and of what they name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found = Reuse()
        self._cases: dict[str, _Seen] = {}
        self._materials: dict[str, int] = {}
        self._destroyed: set[Thing] = set()
        self._delegations: dict[str, Mapping[str, Json]] = {}
        self._services: dict[str, Mapping[str, Json]] = {}
        self._sets: dict[str, Mapping[str, Json]] = {}
        self._rules: dict[tuple[tuple[str, int], ...], Rules | None] = {}
        self._read: dict[tuple[str, int], Service | None] = {}
        self._licences = self._licence_datasets()

    def run(self) -> Reuse:
        """Everything that does not agree, and the figure."""
        rows = self._connection.execute(
            f"SELECT position, {_PARTS} FROM entries WHERE {_WHERE}"  # noqa: S608 no input
            " ORDER BY position"
        )
        for position, data, control, salts in rows:
            kind, time, members = self._entry(position, data, control, salts)
            state = members.get("state")
            if not isinstance(state, dict):
                continue
            if kind == "service":
                self._services[str(state.get("code"))] = state
            elif kind == "rules":
                self._sets[str(state.get("code"))] = state
            elif kind == "delegation":
                self._delegations[str(state.get("id"))] = state
            elif kind == "material":
                self._materials.setdefault(str(state.get("id")), position)
            elif kind == "destruction" and (told := read(state)) is not None:
                self._destroyed.update(told.things)
            elif kind == "case":
                self._found.entries += 1
                self._case(position, time, members, state)
        self._tables()
        self._found.cases = len(self._cases)
        self._found.cells = counted(seen.state for seen in self._cases.values())
        return self._found

    def _entry(
        self, position: int, data: bytes, control: bytes, salts: bytes
    ) -> tuple[str, int, Mapping[str, Json]]:
        """Kind, time and *control* of an entry, once they are found to belong together."""
        try:
            leaf = read_leaf(data)
            members = parse(control, max_bytes=_LARGEST, max_depth=_DEPTH)
        except (LeafMismatch, Malformed):
            self._fault(position, "unreadable")
            return "", 0, {}
        if part_digest("control", salts[:SALT_BYTES], control) != leaf.control:
            self._fault(position, "control")
        return leaf.kind, leaf.time, members if isinstance(members, dict) else {}

    def _case(
        self, position: int, time: int, members: Mapping[str, Json], told: Mapping[str, Json]
    ) -> None:
        try:
            state = CaseState.model_validate(told)
        except ValidationError:
            self._fault(position, "state")
            return
        before = self._cases.get(state.id)
        first = position if before is None else before.first
        self._cases[state.id] = _Seen(first, position, state)
        if before is None and state.opened != rfc3339(time):
            self._fault(position, "opened")  # it would count in another month
        for why in self._order(before, state):
            self._fault(position, why)
        if before is not None and state.act not in DECIDING:
            return
        basis = Basis(
            position=position,
            first=first,
            epoch=members.get("epoch"),
            state=state,
            materials=self._materials,
            delegations=self._delegations,
            licences=self._licences,
            answer=self._answer,
        )
        for why in self._decided(basis, before):
            self._fault(position, why)

    def _order(self, before: _Seen | None, state: CaseState) -> Iterator[str]:
        """Whether an entry follows the one before of the same case."""
        if before is None:
            if state.act != "open" or state.version != 1:
                yield "first"
            # What had been filed for this case before it was opened was brought, and found.
            if any(one.brought not in {None, one.held} for one in state.materials):
                yield "brought"
            return
        old = before.state
        step = 0 if state.act == "read" else 1
        if state.act == "open" or state.version != old.version + step:
            yield "version"
        if _fixed(state) != _fixed(old):
            yield "case"
        if old.status != "open" and (state.status != old.status or state.act in DECIDING):
            yield "after-the-end"
        handed = {one.name: one.brought for one in old.materials if one.brought is not None}
        if any(state.by_name.get(name) is None for name in handed) or any(
            one.name in handed and one.brought != handed[one.name] for one in state.materials
        ):
            yield "brought"
        if state.act not in DECIDING and not _left(old, state):
            yield "undecided"

    def _decided(self, basis: Basis, before: _Seen | None) -> Iterator[str]:
        """Whether a decision follows from what it names."""
        state = basis.state
        rules = self._rules_of(state)
        if rules is None:
            yield "rules"
            return
        wanted: dict[tuple[str, str], MaterialIn] = state.by_name
        listed: set[tuple[str, str]] = set()
        for one in state.services:
            service = self._service(one.service, one.version)
            if service is None or service.department != one.department:
                yield "service"
                continue
            for material in service.materials:
                name = (service.code, material.code)
                listed.add(name)
                if name not in wanted:
                    yield "material-missing"
                else:
                    yield from judge(wanted[name], service, material, rules, basis)
        # A list that moves on may drop what was brought for it: that stays brought.
        dropped = wanted.keys() - listed
        if any(not _brought_before(wanted[name], before) for name in dropped) or (
            len(state.materials) != len(wanted)
        ):
            yield "material-unknown"

    def _rules_of(self, state: CaseState) -> Rules | None:
        """The rules that a case names, if they were the ones in force and say what they said."""
        in_force = {
            (str(one.get("code")), one.get("version"), str(one.get("definition")))
            for one in self._sets.values()
            if one.get("status") == "active"
        }
        if in_force != {(one.set, one.version, one.definition) for one in state.rules}:
            return None
        key = tuple(sorted((one.set, one.version) for one in state.rules))
        if key not in self._rules:
            self._rules[key] = self._assembled(state)
        rules = self._rules[key]
        return rules if rules is not None and rules.digest == state.digest else None

    def _assembled(self, state: CaseState) -> Rules | None:
        sets = []
        for one in sorted(state.rules, key=lambda one: (one.set, one.version)):
            definition = self._text("rule_sets", one.set, one.version)
            if definition is None or digest(definition) != one.definition:
                return None
            try:
                sets.append(rules_reading.load(definition, one.set))
            except DefinitionRefused:
                return None
        return Rules(sets)

    def _service(self, code: str, version: int) -> Service | None:
        """A service, if this version was in force and says what was registered."""
        entered = self._services.get(code)
        if entered is None or (entered.get("version"), entered.get("status")) != (
            version,
            "active",
        ):
            return None
        if (code, version) not in self._read:
            definition = self._text("services", code, version)
            found = None
            if definition is not None and digest(definition) == entered.get("definition"):
                try:
                    found = services_reading.load(definition, code)
                except DefinitionRefused:
                    found = None
            self._read[code, version] = found
        return self._read[code, version]

    def _answer(self, position: int) -> Answered | None:
        """The entry at a position, if it is one of a question."""
        row = self._connection.execute(
            f"SELECT {_PARTS} FROM entries WHERE position = ?",  # noqa: S608 no input
            (position,),
        ).fetchone()
        if row is None:
            return None
        kind, _, members = self._entry(position, *row)
        return Answered(kind, members)

    def _text(self, table: str, code: str, version: int) -> bytes | None:
        row = self._connection.execute(
            f"SELECT CAST(definition AS BLOB) FROM {table} WHERE code = ? AND version = ?",  # noqa: S608 no input
            (code, version),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _licence_datasets(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for code, definition in self._connection.execute("SELECT code, definition FROM datasets"):
            kind = load_dataset(definition, code).licence_type
            if kind:
                found[kind] = code
        return found

    def _tables(self) -> None:
        """Whether the tables that the figure is shown from are those that the entries give."""
        stored = {
            row[0]: (row[1], row[2], bool(row[3]))
            for row in self._connection.execute(
                "SELECT id, entry, state, length(sealed) > 0 FROM cases"
            )
        }
        for case, seen in self._cases.items():
            entry, state, there = stored.pop(case, (None, "", True))
            if there == (("case", case) in self._destroyed):
                self._fault(seen.position, "content")
            try:
                same = CaseState.model_validate_json(state) == seen.state
            except ValidationError:
                same = False
            if not same or entry != seen.position:
                self._fault(seen.position, "table")
        if stored:
            self._fault(-1, "table")
        try:
            shown = figure(self._connection)
        except (ValueError, Malformed):
            shown = {}
        if shown != counted(seen.state for seen in self._cases.values()):
            self._fault(-1, "figure")

    def _fault(self, position: int, why: str) -> None:
        self._found.faults.append(Fault(position, why))


def _fixed(state: CaseState) -> tuple[str, str, frozenset[str]]:
    """What no act of a case changes: whose it is, since when, and of which services."""
    return state.department, state.opened, frozenset(one.service for one in state.services)


def _brought_before(said: MaterialIn, before: _Seen | None) -> bool:
    old = None if before is None else before.state.by_name.get(said.name)
    return old is not None and said.brought is not None and said.brought == old.brought


def _left(old: CaseState, state: CaseState) -> bool:
    """Whether an act that asks nothing has left what was decided; but for what was brought."""
    if any(getattr(old, name) != getattr(state, name) for name in _SAME):
        return False
    before = [one.model_copy(update={"brought": None}) for one in old.materials]
    return before == [one.model_copy(update={"brought": None}) for one in state.materials]
