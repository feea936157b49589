"""A log whose tree is sound and whose entries lie: each lie told by its own reason.

The forger enters and signs everything again with the hub's real keys. Where the product's own
replay has the same rule, both must say the same.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest
from world.auditing import Entry
from world.long_log import Log
from world.retold import Entries, places, replayed, state_of

from certs.canonical import Json
from certs.leaf import read_leaf
from hub.ledger.replay import KEYS, MOVES

OURS = {"grant-version-gap", "grant-after-revoked", "origin"}
"""What the verifier asks for beyond the product's replay, whose tables have these."""


def changed(at: int, **control: Json) -> Callable[[Log], Entries]:
    """The log with something changed at a place that is counted from the first answer."""

    def change(log: Log) -> Entries:
        entries = list(log.entries)
        place = places(log, "lookup", outcome="answered")[at]
        entries[place] = entries[place].forged(**control)
        return entries

    return change


def swapped(entries: Entries, first: int, **control: Json) -> Entries:
    """Two neighbours in the other order, each with the time that its place had."""
    one, two = entries[first], entries[first + 1]
    times = [read_leaf(entry.leaf).time for entry in (one, two)]
    entries[first] = two.forged(time=times[0])
    entries[first + 1] = one.forged(time=times[1], **control)
    return entries


def after_revocation(log: Log) -> Entries:
    """The last answer is moved behind the end of its grant, and made to agree with it."""
    revocation = log.entries[log.revoked]
    version = state_of(revocation)["version"]
    return swapped(
        list(log.entries),
        log.answered,
        epoch=revocation.control["epoch"],
        grant_version=version,
    )


def after_suspension(log: Log) -> Entries:
    """The grant's resumption is taken back: answers go on under the suspended one."""
    entries = list(log.entries)
    (at,) = (
        i
        for i in places(log, "grant")
        if state_of(entries[i])["status"] == "active" and state_of(entries[i])["version"] == 4
    )
    entries[at] = entries[at].forged(state=state_of(entries[at]) | {"status": "suspended"})
    return entries


def granted(**state: Json) -> Callable[[Log], Entries]:
    """Every state of the grant is another."""

    def change(log: Log) -> Entries:
        entries = list(log.entries)
        for at in places(log, "grant"):
            entries[at] = entries[at].forged(state=state_of(entries[at]) | state)
        return entries

    return change


def standing(kind: str, name: str, status: str) -> Callable[[Log], Entries]:
    """A thing that answers need never stood."""

    def change(log: Log) -> Entries:
        entries = list(log.entries)
        for at in places(log, kind):
            state = state_of(entries[at])
            if state[KEYS[kind]] == name:
                entries[at] = entries[at].forged(state=state | {"status": status})
        return entries

    return change


def twice(log: Log) -> Entries:
    """Two answers are of one request."""
    entries = list(log.entries)
    first, second, *_ = places(log, "lookup", outcome="answered")
    entries[second] = entries[second].forged(R=entries[first].control["R"])
    return entries


def repeating(what: Callable[[Log, int], Json]) -> Callable[[Log], Entries]:
    def change(log: Log) -> Entries:
        entries = list(log.entries)
        place = places(log, "lookup", outcome="answered")[60]
        entries[place] = entries[place].forged(repeats=what(log, place))
        return entries

    return change


def grant_at(which: int, **control: Json) -> Callable[[Log], Entries]:
    def change(log: Log) -> Entries:
        entries = list(log.entries)
        place = places(log, "grant")[which]
        entries[place] = entries[place].forged(**control)
        return entries

    return change


def resurrected(log: Log) -> Entries:
    """After its end the grant is active again, as if it had been suspended."""
    entries = list(log.entries)
    last, end = entries[-1], entries[log.revoked]
    epoch = end.control["epoch"]
    assert isinstance(epoch, int)
    version = state_of(end)["version"]
    assert isinstance(version, int)
    state = state_of(end) | {"status": "active", "version": version + 1}
    time = read_leaf(last.leaf).time
    return [*entries, end.forged(time=time, state=state, epoch=epoch + 1)]


def backwards(log: Log) -> Entries:
    entries = list(log.entries)
    entries[-1] = entries[-1].forged(time=read_leaf(entries[-2].leaf).time - 1)
    return entries


LIES: list[tuple[str, Callable[[Log], Entries], set[str]]] = [
    ("answered after the revocation", after_revocation, {"answer-after-revoked"}),
    ("answered after the suspension", after_suspension, {"answer-after-suspended"}),
    ("no grant", changed(5, grant="demo.yifen:G-none"), {"answer-without-grant"}),
    ("null grant", changed(5, grant=None), {"answer-without-grant"}),
    ("another version", changed(5, grant_version=7), {"grant-version"}),
    ("another epoch", changed(5, epoch=1), {"epoch"}),
    ("another dataset", changed(5, dataset="demo.yifen:real_estate"), {"grant-dataset"}),
    ("another department", changed(5, department="demo.yifen:mrb"), {"grant-department"}),
    ("another channel", changed(5, channel="paper"), {"grant-channels"}),
    ("a stranger", changed(5, connector="urn:yifen:connector:x:y:z"), {"connector-suspended"}),
    ("outcome", changed(5, outcome="perhaps"), {"outcome"}),
    ("no R", changed(5, R=None), {"request"}),
    ("short R", changed(5, R="AAAA"), {"request"}),
    ("R twice", twice, {"request-twice"}),
    ("repeats itself", repeating(lambda _, at: at), {"repeats"}),
    ("repeats what is to come", repeating(lambda _, at: at + 1), {"repeats"}),
    ("repeats a change", repeating(lambda _, at: 3), {"repeats"}),  # noqa: ARG005
    ("repeats nothing", repeating(lambda _, at: -1), {"repeats"}),  # noqa: ARG005
    ("repeats a verification", repeating(lambda log, _: places(log, "verify")[0]), {"repeats"}),
    ("too early", granted(valid_from="2030-01-01T00:00:00.000Z"), {"grant-out-of-time"}),
    ("too late", granted(valid_until="2020-01-01T00:00:00.000Z"), {"grant-out-of-time"}),
    ("no time", granted(valid_until="soon"), {"grant-state"}),
    ("other purposes", granted(purposes=["other"]), {"grant-purposes"}),
    ("other operations", granted(operations=[]), {"grant-operations"}),
    ("no channels", granted(channels=None), {"grant-channels"}),
    ("department", standing("department", "nrb", "suspended"), {"department-suspended"}),
    ("dataset", standing("dataset", "resident", "suspended"), {"dataset-suspended"}),
    (
        "connector",
        standing("connector", "urn:yifen:connector:demo.yifen:nrb:gateway", "suspended"),
        {"connector-suspended"},
    ),
    (
        "purpose",
        standing("purpose", "real_estate_registration", "ended"),
        {"purpose-ended"},
    ),
    ("epoch stays", grant_at(1, moves_epoch=False), {"epoch", "moves-epoch"}),
    ("epoch of a word", grant_at(1, moves_epoch="yes"), {"epoch", "moves-epoch"}),
    ("no state", grant_at(1, state=None), {"state", "grant-version", "grant-version-gap"}),
    ("no epoch", grant_at(1, epoch=None), {"epoch"}),
    ("alive again", resurrected, {"grant-after-revoked"}),
    ("backwards", backwards, {"time-backwards"}),
]


@pytest.mark.parametrize(("change", "whys"), [one[1:] for one in LIES], ids=[o[0] for o in LIES])
def test_a_lie_in_what_entries_say(
    log: Log, tmp_path: Path, change: Callable[[Log], Entries], whys: set[str]
) -> None:
    entries = change(log)
    verdict = log.verify(log.forged(tmp_path / "export", entries))
    assert verdict.status == 1
    assert verdict.whys == whys
    assert "tree-good" in verdict.passed
    assert "order-good" not in verdict.passed
    told = {(why, at) for why, at in verdict.faults if why not in {*OURS, "time-backwards"}}
    whole = replayed(entries)
    assert told == whole or (told < whole and "more" in verdict.remarks)


def test_the_product_says_the_same_of_the_honest_log(log: Log) -> None:
    assert replayed(log.entries) == set()


def test_an_outcome_that_is_no_word(log: Log, tmp_path: Path) -> None:
    entries = changed(5, outcome=["answered"])(log)
    assert log.verify(log.forged(tmp_path / "export", entries)).whys == {"outcome"}


def test_where_an_answer_stands_after_the_revocation(log: Log, tmp_path: Path) -> None:
    verdict = log.verify(log.forged(tmp_path / "export", after_revocation(log)))
    assert verdict.faults == [("answer-after-revoked", log.revoked)]


def test_a_control_part_exchanged(log: Log, tmp_path: Path) -> None:
    """The revocation is shown to the auditor as a change of terms; its leaf is what it was."""
    folder = log.copy(tmp_path / "export")
    file = folder / f"opened/002.p/{log.size - 512}"
    lines = file.read_bytes().splitlines(keepends=True)
    at = log.revoked - 512
    assert b'"status":"revoked"' in lines[at]
    lines[at] = lines[at].replace(b'"status":"revoked"', b'"status":"active"')
    file.write_bytes(b"".join(lines))
    verdict = log.verify(folder)
    assert verdict.faults == [("control", log.revoked), ("order-stopped", log.revoked)]


@pytest.mark.parametrize("how", ["two", "index", "salt", "twice"])
def test_control_parts_under_each_other_s_leaves(log: Log, tmp_path: Path, how: str) -> None:
    folder = log.copy(tmp_path / "export")
    file = folder / "opened/001"
    lines = file.read_bytes().splitlines(keepends=True)
    if how == "two":
        lines[5], lines[6] = lines[6], lines[5]
    elif how == "index":
        lines[5] = lines[5].replace(b'"index":261', b'"index":262')
    elif how == "salt":
        lines[5] = lines[5].replace(b'"control_salt":"', b'"control_salt":"A')
    else:
        lines[5] = lines[5].replace(b'{"control"', b'{"index":1,"control"')
    file.write_bytes(b"".join(lines))
    verdict = log.verify(folder)
    assert verdict.status == 1
    why = "control-form" if how == "twice" else "control"
    assert verdict.faults == [(why, 261), *([(why, 262)] if how == "two" else [])]


def test_a_leaf_of_another_form(log: Log, tmp_path: Path) -> None:
    entries = list(log.entries)
    one = entries[300]
    entries[300] = Entry(one.leaf.replace(b'"v":1', b'"v":2'), one.control, one.salt)
    verdict = log.verify(log.forged(tmp_path / "export", entries))
    assert ("leaf-form", 300) in verdict.faults
    assert "tree-good" in verdict.passed


# -- kinds and names -----------------------------------------------------------------------------
def test_it_knows_the_kinds_that_the_product_knows(verifier: ModuleType) -> None:
    assert dict(verifier.MOVES) == dict(MOVES)
    named: Iterable[tuple[str, str]] = verifier._NAMED.items()
    assert set(named) <= set(KEYS.items())


def test_an_entry_of_no_known_kind(log: Log, tmp_path: Path) -> None:
    entries = list(log.entries)
    at = places(log, "operator")[0]
    entries[at] = entries[at].forged(kind="blessing")
    verdict = log.verify(log.forged(tmp_path / "export", entries))
    assert {"kind", "moves-epoch"} & verdict.whys == {"kind"}
