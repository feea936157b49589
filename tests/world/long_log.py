"""One long log of a real town as an auditor gets it, and the same log forged."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certs.encoding import b64u, sha256
from certs.note import vkey
from hub.access import grants
from hub.ledger.checkpoint import newest
from world.auditing import (
    Auditor,
    Entry,
    Verdict,
    Witness,
    cosigned,
    entries_of,
    export_of,
    signer_of,
    write_export,
)
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, World

WITNESSES = (Witness("witness.example/w1"), Witness("witness.example/w2"))


@dataclass(frozen=True)
class Log:
    """An exported log, what outsiders keep of it, and a way to export it forged."""

    folder: Path
    entries: Sequence[Entry]
    note_of: Callable[[int, bytes], str]
    vkey: str
    notes: dict[int, str]
    """Checkpoints that were published on the way, by size."""
    revoked: int
    """Where the grant was revoked."""
    answered: int
    """The last answer before that."""
    auditor: Auditor
    keys: Path
    """The folder of the hub's keys, for forgers."""
    root: str
    """The fingerprint of the hub's root."""

    @property
    def size(self) -> int:
        return len(self.entries)

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.folder, to)
        return to

    def forged(self, to: Path, entries: Sequence[Entry]) -> Path:
        """The log rewritten, agreeing with itself, under the real key of the log."""
        return write_export(to, entries, self.note_of)

    def verify(self, folder: Path, *words: str | Path) -> Verdict:
        return self.auditor.verify("export", folder, "--log", self.vkey, *words)

    def witnessed(self, folder: Path, *words: str | Path, quorum: int = 2) -> Verdict:
        """The same by an auditor who asks for the witnesses."""
        trusted = [word for one in WITNESSES for word in ("--witness", one.vkey)]
        return self.verify(folder, *trusted, "--quorum", str(quorum), *words)


def ask(world: World, count: int) -> None:
    for number in range(count):
        subject = {"id": SUBJECTS[number % len(SUBJECTS)], "type": "resident_id"}
        assert world.ask(world.nrb.lookup(subject=subject)).status == 200
        world.time.advance(7)


def live(world: World) -> tuple[dict[int, str], int, int]:
    """Two full tiles and more of a town's life: notes, the revocation, the answer before it."""
    notes: dict[int, str] = {}

    def publish() -> None:
        world.hub.checkpointer.step()
        found = newest(world.hub.reading)
        assert found is not None
        notes[found.size] = found.note

    ask(world, 40)
    publish()
    question = world.nrb.question()
    for _ in range(2):  # a repeat
        assert world.ask(world.nrb.lookup(**question)).status == 200
    assert world.ask(world.nrb.verify({"name": "张三丰"})).status == 200
    assert world.ask(world.gateway("mrb").lookup()).status == 403
    assert world.ask(world.nrb.lookup(items=["nonsense"])).status != 200
    world.regrant(daily_quota=100_000)
    ask(world, 256 - world.entries() % 256)
    publish()
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    assert world.ask(world.nrb.lookup()).status == 403
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "active")
    ask(world, 10)
    publish()
    ask(world, 300)
    answered = world.entries() - 1
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "revoked")
    assert world.ask(world.nrb.lookup(purpose=PURPOSE)).status == 403
    world.time.advance(1000)
    assert world.ask(world.nrb.lookup()).status == 403
    publish()
    return notes, answered + 1, answered


def long_log(world: World, root: Path, auditor: Auditor) -> Log:
    """Live, export, and have the newest checkpoint cosigned."""
    notes, revoked, answered = live(world)
    folder = export_of(world.hub, root / "export")
    (folder / "cosigned").write_text(cosigned(notes[max(notes)], WITNESSES), "utf-8")
    return Log(
        folder=folder,
        entries=entries_of(folder),
        note_of=signer_of(world.hub),
        vkey=vkey(world.hub.origin, world.hub.checkpoint_key),
        notes=notes,
        revoked=revoked,
        answered=answered,
        auditor=auditor,
        keys=world.hub.folder.keys,
        root=b64u(sha256(world.hub.authority.root_der)),
    )
