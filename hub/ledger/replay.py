"""The control plane derived again from the ledger's *control* parts alone.

Entries of control changes hold the whole new state. Played back in order they give the tables as
they must be, and the order in which grants, revocations and answers came to be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from certs.canonical import Json
from certs.encoding import from_rfc3339
from certs.errors import Malformed

KEYS: Mapping[str, str] = {
    "certificate": "keyid",
    "connector": "urn",
    "dataset": "code",
    "department": "code",
    "grant": "id",
    "mark": "pseudonym",
    "person": "account",
    "publication": "publication",
    "purpose": "code",
}
"""The member of a state that names the thing, by kind of entry."""
QUESTIONS = frozenset({"lookup", "verify"})
_ANSWERED = frozenset({"answered", "empty"})


@dataclass(slots=True)
class Replay:
    """The state of the control plane at one position."""

    epoch: int = 0
    things: dict[tuple[str, str], Mapping[str, Json]] = field(default_factory=dict)

    def step(self, kind: str, time: int, control: Mapping[str, Json]) -> Iterator[str]:
        """Take one entry; gives the reason of each thing that does not agree."""
        if kind in QUESTIONS:
            yield from self._question(kind, time, control)
        else:
            yield from self._change(kind, control)

    def _change(self, kind: str, control: Mapping[str, Json]) -> Iterator[str]:
        epoch, state = control.get("epoch"), control.get("state")
        allowed = {self.epoch, self.epoch + 1} if control.get("moves_epoch") else {self.epoch}
        if type(epoch) is not int or epoch not in allowed:
            yield "epoch"
        else:
            self.epoch = epoch
        if not isinstance(state, dict):
            yield "state"
            return
        name = KEYS.get(kind)
        if name is not None:
            self.things[(kind, str(state.get(name)))] = state

    def _question(self, kind: str, time: int, control: Mapping[str, Json]) -> Iterator[str]:
        outcome = control.get("outcome")
        if control.get("epoch") != self.epoch and outcome != "busy":
            yield "epoch"
        if outcome not in _ANSWERED:
            return
        grant = self.things.get(("grant", local(control.get("grant"))))
        if grant is None:
            yield "answer-without-grant"
            return
        try:
            yield from self._under(grant, kind, time, control)
        except Malformed:
            yield "grant-state"

    def _under(
        self, grant: Mapping[str, Json], kind: str, time: int, control: Mapping[str, Json]
    ) -> Iterator[str]:
        """Whether an answer agrees with its grant as the grant stood at this position."""
        if grant.get("status") != "active":
            yield f"answer-after-{grant.get('status')}"
        if grant.get("version") != control.get("grant_version"):
            yield "grant-version"
        valid_from = from_rfc3339(str(grant.get("valid_from")))
        if not valid_from <= time < from_rfc3339(str(grant.get("valid_until"))):
            yield "grant-out-of-time"
        for name in ("dataset", "department"):
            if grant.get(name) != local(control.get(name)):
                yield f"grant-{name}"
        for name, value in (
            ("operations", kind),
            ("channels", control.get("channel")),
            ("purposes", control.get("purpose")),
        ):
            members = grant.get(name)
            if not isinstance(members, list) or value not in members:
                yield f"grant-{name}"
        connector = control.get("connector")
        if connector is not None and not self._stands("connector", str(connector)):
            yield "connector-suspended"
        if not self._stands("department", local(control.get("department"))):
            yield "department-suspended"

    def _stands(self, kind: str, name: str) -> bool:
        return self.things.get((kind, name), {}).get("status") == "active"


def local(full: Json) -> str:
    """A code without the hub's name before it."""
    return str(full).rpartition(":")[2]
