"""A log that went on under its next name: what was lost is owned up to, the rest is unchanged."""

from collections.abc import Callable
from pathlib import Path

import pytest
from world.auditing import Verdict, write_export
from world.long_log import Log
from world.retold import Entries, places, replayed
from world.time import DAY

from certs.canonical import Json
from certs.keys import PrivateKey
from certs.leaf import read_leaf
from certs.note import Checkpoint, sign_checkpoint, vkey

SECOND = "demo.yifen/ledger/2"


def restored(
    log: Log, kept: int, bound: str | None, changes: dict[str, Json] | None = None
) -> Entries:
    """What a restore makes of a log of which ``kept`` entries are left."""
    template = log.entries[places(log, "operator")[0]]
    lost = None if bound is None else max(kept, int(bound.split("\n")[1]))
    state: dict[str, Json] = {
        "act": "restore",
        "checkpoint": bound,
        "from": "demo.yifen/ledger/1",
        "kept": kept,
        "lost": [kept, lost],
        "origin": SECOND,
    }
    epoch = next(e.control["epoch"] for e in reversed(log.entries[:kept]))
    assert isinstance(epoch, int)
    entry = template.forged(
        time=read_leaf(log.entries[kept - 1].leaf).time + DAY,
        state=state | (changes or {}),
        epoch=epoch + 1,
        moves_epoch=True,
    )
    return [*log.entries[:kept], entry]


@pytest.fixture
def again(log: Log, tmp_path: Path) -> Callable[..., Verdict]:
    """An auditor of the log after a restore, who kept a checkpoint of the time before."""
    key = PrivateKey.load(log.keys / "checkpoint.key")

    def verify(entries: Entries, seen: str, *words: str) -> Verdict:
        folder = write_export(
            tmp_path / "export",
            entries,
            lambda size, root: sign_checkpoint(Checkpoint(SECOND, size, root), SECOND, key),
        )
        note = tmp_path / "seen.txt"
        note.write_text(seen, "utf-8")
        return log.verify(folder, "--log", vkey(SECOND, key.public), "--seen", note, *words)

    return verify


def test_a_restore_that_owns_up_to_its_loss(log: Log, again: Callable[..., Verdict]) -> None:
    older, middle, *_, newest = (log.notes[size] for size in sorted(log.notes))
    kept = min(log.notes) + 20
    verdict = again(restored(log, kept, newest), older)
    assert verdict.faults == []
    assert "declared-loss" not in verdict.remarks
    for bound in (newest, None):
        verdict = again(restored(log, kept, bound), middle)
        assert verdict.faults == []
        assert "declared-loss" in verdict.remarks


def test_a_restore_that_hides_what_was_lost(log: Log, again: Callable[..., Verdict]) -> None:
    older, *_, newest = (log.notes[size] for size in sorted(log.notes))
    verdict = again(restored(log, min(log.notes) + 20, older), newest)
    assert verdict.faults == [("undeclared-loss", None)]


def test_a_restore_as_cover_for_a_change(log: Log, again: Callable[..., Verdict]) -> None:
    """What was kept must be what it was."""
    older, *_, newest = (log.notes[size] for size in sorted(log.notes))
    entries = restored(log, min(log.notes) + 20, newest)
    entries[50] = entries[50].forged(time=read_leaf(entries[49].leaf).time)
    assert ("fork", None) in again(entries, older).faults


@pytest.mark.parametrize(
    "state",
    [
        {"kept": 1},
        {"lost": [1, 2]},
        {"lost": None},
        {"origin": "demo.yifen/ledger/1"},
        {"from": "demo.yifen/ledger/7"},
        {"checkpoint": None},
        {"checkpoint": "none"},
        {"checkpoint": ["none"]},
    ],
)
def test_a_restore_that_does_not_fit_its_place(
    log: Log, again: Callable[..., Verdict], state: dict[str, Json]
) -> None:
    entries = restored(log, 60, log.notes[max(log.notes)], state)
    verdict = again(entries, log.notes[min(log.notes)])
    assert ("restore", 60) in verdict.faults
    assert ("restore", 60) in replayed(entries)


def test_a_head_of_a_name_that_the_log_never_had(log: Log, again: Callable[..., Verdict]) -> None:
    key = PrivateKey.load(log.keys / "checkpoint.key")
    name = "demo.yifen/ledger/9"
    note = sign_checkpoint(Checkpoint(name, 5, bytes(32)), name, key)
    entries = restored(log, 60, log.notes[max(log.notes)])
    verdict = again(entries, note, "--log", vkey(name, key.public))
    assert verdict.faults == [("unknown-origin", None)]
