"""The whole log at an auditor's: honest, damaged, and rewritten by whoever has the hub's keys."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from world.auditing import Entry, Witness, cosigned, join_bundle, split_bundle, write_export
from world.long_log import WITNESSES, Log
from world.time import NOW

from certs.authority import Authority
from certs.certificates import read_certificate
from certs.keys import generate
from certs.note import Checkpoint, sign_checkpoint, vkey

FIRST, SECOND, LAST = ("tile/entries/000", "tile/entries/001", "tile/entries/002.p/{}")


def note(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_honest_export_holds(log: Log, tmp_path: Path) -> None:
    seen = [note(tmp_path / f"{size}.txt", text) for size, text in log.notes.items()]
    verdict = log.witnessed(log.folder, *(word for one in seen for word in ("--seen", one)))
    assert verdict.faults == []
    assert verdict.status == 0
    assert {"head", "tree-good", "order-good", "seen-good"} <= verdict.passed
    assert verdict.remarks == set()
    assert len(log.notes) == 4
    assert log.size > 512


def test_the_forger_s_tools_alone_change_nothing(log: Log, tmp_path: Path) -> None:
    folder = log.forged(tmp_path / "export", log.entries)
    (folder / "cosigned").write_bytes((log.folder / "cosigned").read_bytes())
    assert log.witnessed(folder).faults == []
    for file in log.folder.rglob("*"):
        if file.is_file() and file.name != "keys.json":
            assert (folder / file.relative_to(log.folder)).read_bytes() == file.read_bytes()


# -- entries that are not what the tree has ----------------------------------------------------
def in_bundle(folder: Path, name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    file = folder / name
    file.write_bytes(join_bundle(change(split_bundle(file.read_bytes()))))


def with_another_time(leaf: bytes) -> bytes:
    return leaf.replace(b'"time":"2026', b'"time":"2027')


@pytest.mark.parametrize(
    ("name", "first"), [(FIRST, 0), (SECOND, 256), (LAST, 512)], ids=["first", "second", "last"]
)
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda ls: [*ls[:-3], with_another_time(ls[-3]), *ls[-2:]], "entry-changed"),
        (lambda ls: [*ls[:-1], ls[-2]], "entry-changed"),
        (lambda ls: [*ls[:-3], *ls[-2:]], "entry-removed"),
        (lambda ls: [*ls[:-3], *ls[-2:], ls[0]], "entry-removed"),
        (lambda ls: ls[:-1], "entry-removed"),
        (lambda ls: [*ls[:-3], ls[0], *ls[-3:]], "entry-inserted"),
        (lambda ls: [*ls[:-3], ls[0], *ls[-3:-1]], "entry-inserted"),
        (lambda ls: [*ls, ls[0]], "entry-inserted"),
        (lambda ls: [*ls[:-3], ls[-1], ls[-3], ls[-2]], "entries-reordered"),
    ],
    ids=["time", "last", "out", "out-filled", "end", "in", "in-cut", "more", "reordered"],
)
def test_an_entry_that_is_not_the_tree_s(
    log: Log,
    tmp_path: Path,
    name: str,
    first: int,
    change: Callable[[list[bytes]], list[bytes]],
    why: str,
) -> None:
    folder = log.copy(tmp_path / "export")
    name = name.format(log.size - 512)
    before = split_bundle((folder / name).read_bytes())
    in_bundle(folder, name, change)
    after = change(before)
    pairs = zip(before, after, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))
    verdict = log.verify(folder)
    assert verdict.status == 1
    assert verdict.faults[0] == (why, first + at)
    # The tree is the one that was signed: nothing else is wrong with it.
    assert "tree-good" in verdict.passed


@pytest.mark.parametrize("name", ["0/000", "0/001", "0/002.p/{}", "1/000.p/2"])
def test_a_hash_in_a_tile_changed(log: Log, tmp_path: Path, name: str) -> None:
    folder = log.copy(tmp_path / "export")
    file = folder / "tile" / name.format(log.size - 512)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    verdict = log.verify(folder)
    assert verdict.status == 1
    assert verdict.whys == {"tile"}
    assert "tree-good" in verdict.passed


@pytest.mark.parametrize(
    ("name", "whys"),
    [
        ("checkpoint", {"missing"}),
        ("tile/0/001", {"missing"}),
        ("tile/1/000.p/2", {"missing"}),
        ("tile/entries/001", {"missing", "order-stopped"}),
        ("opened/001", {"opened-missing", "order-stopped"}),
    ],
)
@pytest.mark.parametrize("how", ["removed", "cut"])
def test_a_file_missing_or_cut_off(
    log: Log, tmp_path: Path, name: str, whys: set[str], how: str
) -> None:
    folder = log.copy(tmp_path / "export")
    file = folder / name
    if how == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9])
        whys = {
            "checkpoint": {"note-form"},
            "tile/entries/001": {"malformed", "order-stopped"},
            "opened/001": {"control-form"},  # an answer's: what stood is still known
        }.get(name, {"malformed"})
    verdict = log.verify(folder)
    assert verdict.status == 1
    assert verdict.whys == whys


def test_entries_and_hashes_missing_together(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    for name in (SECOND, "tile/0/001"):
        (folder / name).unlink()
    verdict = log.verify(folder)
    assert verdict.faults[-1] == ("root-unchecked", None)
    assert ("stopped", 256) in verdict.faults
    assert "order-good" not in verdict.passed


def test_a_full_tile_stands_in_for_a_partial_one(log: Log, tmp_path: Path) -> None:
    """A mirror of the addresses may have fetched it later (tlog-tiles, «Partial Tiles»)."""
    folder = tmp_path / "export"
    short = write_export(folder, log.entries[:300], log.note_of)
    shutil.copy(log.folder / "tile/0/001", folder / "tile/0/001")
    shutil.rmtree(folder / "tile/0/001.p")
    verdict = log.verify(short)
    assert verdict.faults == []


# -- what the hub signs and others have seen ---------------------------------------------------
def rewritten(log: Log) -> list[Entry]:
    """Somebody else was answered than the log said, early on."""
    entries = list(log.entries)
    at = next(i for i, one in enumerate(entries) if one.control.get("outcome") == "answered")
    entries[at] = entries[at].forged(connector=None, channel="console")
    return entries


def test_a_log_rewritten_and_signed_again_agrees_with_itself(log: Log, tmp_path: Path) -> None:
    """Why witnesses: whoever has the keys writes a log with which nothing is wrong."""
    verdict = log.verify(log.forged(tmp_path / "export", rewritten(log)))
    assert verdict.faults == []
    assert "no-witness" in verdict.remarks


def test_a_log_rewritten_and_signed_again_has_no_cosignatures(log: Log, tmp_path: Path) -> None:
    verdict = log.witnessed(log.forged(tmp_path / "export", rewritten(log)))
    assert verdict.status == 1
    assert verdict.faults == [("quorum", None)]


def test_a_log_rewritten_and_signed_again_beside_the_old_cosigned_note(
    log: Log, tmp_path: Path
) -> None:
    folder = log.forged(tmp_path / "export", rewritten(log))
    shutil.copy(log.folder / "cosigned", folder / "cosigned")
    verdict = log.witnessed(folder)
    assert verdict.status == 1
    assert verdict.faults == [("fork", None)]


@pytest.mark.parametrize("which", range(4))
def test_a_log_rewritten_and_signed_again_against_a_note_that_was_kept(
    log: Log, tmp_path: Path, which: int
) -> None:
    folder = log.forged(tmp_path / "export", rewritten(log))
    kept = note(tmp_path / "kept.txt", list(log.notes.values())[which])
    assert log.verify(folder, "--seen", kept).faults == [("fork", None)]


def test_cosignatures_carried_over_to_the_log_rewritten(log: Log, tmp_path: Path) -> None:
    """Under the new body they are signatures over something else."""
    folder = log.forged(tmp_path / "export", rewritten(log))
    body, _, _ = (folder / "checkpoint").read_text("utf-8").partition("\n\n")
    lines = (log.folder / "cosigned").read_text("utf-8").splitlines(keepends=True)
    own = (folder / "checkpoint").read_text("utf-8").splitlines(keepends=True)[-1]
    note(folder / "cosigned", f"{body}\n\n{own}{''.join(lines[-2:])}")
    verdict = log.witnessed(folder)
    assert verdict.whys == {"cosignature", "quorum"}


def test_the_tail_cut_off(log: Log, tmp_path: Path) -> None:
    """The hub hides its newest entries: an older log, rightly signed, and even cosigned."""
    folder = write_export(tmp_path / "export", log.entries[: log.revoked], log.note_of)
    note(folder / "cosigned", cosigned((folder / "checkpoint").read_text("utf-8"), WITNESSES))
    assert log.witnessed(folder).faults == []
    kept = note(tmp_path / "kept.txt", log.notes[log.size])
    verdict = log.witnessed(folder, "--seen", kept)
    assert verdict.status == 1
    assert verdict.faults == [("tail", None)]


def test_the_tail_cut_off_under_the_newest_checkpoint(log: Log, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "export", log.entries[:-5], log.note_of)
    (folder / "checkpoint").write_bytes((log.folder / "checkpoint").read_bytes())
    verdict = log.verify(folder)
    assert verdict.status == 1
    assert verdict.whys >= {"missing", "stopped", "root-unchecked"}


def test_a_second_head_shown_to_another_party(log: Log, tmp_path: Path) -> None:
    other = log.forged(tmp_path / "other", rewritten(log))
    kept = tmp_path / "theirs.txt"
    shutil.copy(other / "checkpoint", kept)
    assert log.witnessed(log.folder, "--seen", kept).faults == [("fork", None)]


def test_entries_beyond_the_cosigned_ones_are_told(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    sizes = sorted(log.notes)
    note(folder / "cosigned", cosigned(log.notes[sizes[1]], WITNESSES))
    verdict = log.witnessed(folder)
    assert verdict.faults == []
    assert verdict.remarks == {"uncosigned"}


def test_one_witness_of_two_is_no_quorum_of_two(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    note(folder / "cosigned", cosigned(log.notes[log.size], WITNESSES[:1]))
    assert log.witnessed(folder).faults == [("quorum", None)]
    assert log.witnessed(folder, quorum=1).faults == []


def test_strangers_cosignatures_count_for_nothing(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    strangers = [Witness("witness.example/w1"), Witness("witness.example/w2")]
    note(folder / "cosigned", cosigned(log.notes[log.size], strangers))
    assert log.witnessed(folder).faults == [("quorum", None)]


def test_a_log_under_another_key(log: Log, tmp_path: Path) -> None:
    origin = (log.folder / "checkpoint").read_text("utf-8").split("\n")[0]
    key = generate("ed25519")
    folder = write_export(
        tmp_path / "export",
        log.entries,
        lambda size, root: sign_checkpoint(Checkpoint(origin, size, root), origin, key),
    )
    assert log.verify(folder).faults == [("note-unsigned", None)]


def test_a_log_of_another_name_under_a_key_that_is_believed(log: Log, tmp_path: Path) -> None:
    """Its own entries say how it is called."""
    key, name = generate("ed25519"), "demo.yifen/ledger/2"
    folder = write_export(
        tmp_path / "export",
        log.entries,
        lambda size, root: sign_checkpoint(Checkpoint(name, size, root), name, key),
    )
    verdict = log.verify(folder, "--log", vkey(name, key.public))
    assert verdict.faults == [("origin", None)]


def test_a_checkpoint_of_the_same_size_with_another_root(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    note(folder / "checkpoint", log.note_of(log.size, bytes(32)))
    assert log.verify(folder).whys == {"checkpoint-root"}


def test_a_note_changed_after_it_was_signed(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    lines = (folder / "checkpoint").read_text("utf-8").split("\n")
    lines[2] = b64encode(bytes(32)).decode()
    note(folder / "checkpoint", "\n".join(lines))
    assert log.verify(folder).faults == [("note-signature", None)]


# -- keys that lead to the root ----------------------------------------------------------------
def test_the_root_alone_is_enough(log: Log, tmp_path: Path) -> None:
    kept = note(tmp_path / "kept.txt", log.notes[min(log.notes)])
    words = ("export", log.folder, "--root", log.root, "--seen", kept)
    assert log.auditor.verify(*words).faults == []


def test_another_root_is_not(log: Log, tmp_path: Path) -> None:
    verdict = log.auditor.verify("export", log.folder, "--root", "A" * 43)
    assert verdict.faults == [("root", None)]
    folder = log.copy(tmp_path / "export")
    foreign = Authority.create(tmp_path / "foreign", "demo.yifen", NOW - 86_400_000)
    key = generate("ed25519")
    pem = foreign.issue_checkpoint(key.public, now=NOW, lifetime_ms=86_400_000)
    keys = json.loads((folder / "keys.json").read_text("utf-8"))
    chain = [b64encode(der).decode() for der in (read_certificate(pem).der, foreign.issuing_der)]
    keys["ledger"][0]["keys"][0]["x5c"] = chain
    (folder / "keys.json").write_text(json.dumps(keys), "utf-8")
    verdict = log.auditor.verify("export", folder, "--root", log.root)
    assert verdict.faults == [("certificate-chain", None)]


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"hub":1}'])
def test_keys_that_cannot_be_read(log: Log, tmp_path: Path, data: str) -> None:
    folder = log.copy(tmp_path / "export")
    (folder / "keys.json").write_text(data, "utf-8")
    verdict = log.auditor.verify("export", folder, "--root", log.root)
    assert verdict.faults == [("malformed", None)]
    assert log.verify(folder).faults == []


# -- only the tree ------------------------------------------------------------------------------
def test_a_mirror_without_control_parts(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    shutil.rmtree(folder / "opened")
    verdict = log.verify(folder)
    assert verdict.whys == {"opened-missing", "order-stopped"}
    assert verdict.status == 1
    verdict = log.verify(folder, "--tree-only")
    assert verdict.faults == []
    assert "tree-only" in verdict.remarks
    assert "order-good" not in verdict.passed


# -- wrong use ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "words",
    [
        ["--witness", "nonsense"],
        ["--witness", "LOG"],
        ["--quorum", "1"],
        ["--witness", WITNESSES[0].vkey, "--quorum", "2"],
        ["--witness", WITNESSES[0].vkey, "--quorum", "0"],
        ["--witness", WITNESSES[0].vkey, "--witness", WITNESSES[0].vkey],
        ["--seen", "nowhere.txt"],
    ],
)
def test_wrong_use_is_no_verdict(log: Log, words: list[str]) -> None:
    words = [log.vkey if word == "LOG" else word for word in words]
    verdict = log.verify(log.folder, *words)
    assert verdict.status == 2
    assert verdict.told["verdict"] == "unusable"


def test_one_key_under_two_names_is_one_witness(log: Log) -> None:
    twin = Witness("witness.example/twin", WITNESSES[0].key)
    verdict = log.verify(log.folder, "--witness", WITNESSES[0].vkey, "--witness", twin.vkey)
    assert verdict.status == 2


def test_the_log_itself_is_no_witness_of_its_own(log: Log) -> None:
    verdict = log.verify(log.folder, "--witness", log.vkey)
    assert verdict.status == 2


def test_no_key_is_no_verdict(log: Log) -> None:
    assert log.auditor.verify("export", log.folder).status == 2
    assert log.auditor.verify("compare", log.folder / "checkpoint").status == 2


def test_no_folder_is_no_verdict(log: Log, tmp_path: Path) -> None:
    assert log.verify(tmp_path / "nowhere").status == 2


@pytest.mark.parametrize(("language", "word"), [("zh", "结论"), ("en", "Verdict")])
def test_it_speaks_both_languages(log: Log, language: str, word: str) -> None:
    done = log.auditor.run("export", log.folder, "--log", log.vkey, "--language", language)
    assert done.returncode == 0
    assert word in done.stdout
