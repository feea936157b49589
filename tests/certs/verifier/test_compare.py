"""Heads that different parties were shown, side by side."""

from pathlib import Path

import pytest
from world.auditing import Verdict, cosigned
from world.long_log import WITNESSES, Log

from certs.keys import PrivateKey
from certs.note import Checkpoint, sign_checkpoint, vkey


def written(log: Log, folder: Path) -> list[Path]:
    files = []
    for size in sorted(log.notes):
        files.append(folder / f"{size}.txt")
        files[-1].write_text(log.notes[size], "utf-8")
    return files


def compare(log: Log, *words: str | Path) -> Verdict:
    return log.auditor.verify("compare", "--log", log.vkey, *words)


def test_heads_of_one_log_agree(log: Log, tmp_path: Path) -> None:
    verdict = compare(log, *written(log, tmp_path), "--tiles", log.folder)
    assert verdict.faults == []
    assert verdict.status == 0
    assert len(verdict._all("passed")) == 5 + 10  # five heads, ten pairs


def test_one_note_alone_is_looked_at(log: Log, tmp_path: Path) -> None:
    assert compare(log, written(log, tmp_path)[0]).faults == []


@pytest.mark.parametrize("size", [76, 256, 257, 300, 511, 512, 513, 569])
def test_a_second_head_of_whatever_size(log: Log, tmp_path: Path, size: int) -> None:
    other = tmp_path / "other.txt"
    other.write_text(log.note_of(size, bytes(32)), "utf-8")
    honest = written(log, tmp_path)
    verdict = compare(log, *honest, other, "--tiles", log.folder)
    assert verdict.status == 1
    assert verdict.whys <= {"pair-inconsistent", "pair-fork"}
    told = [fault["facts"] for fault in verdict._all("faults")]
    assert all(str(other) in {one["first"], one["second"]} for one in told)  # type: ignore[index]
    assert len(told) == len(honest) + 1


def test_two_heads_of_one_size_need_no_tiles(log: Log, tmp_path: Path) -> None:
    (first, *_), other = written(log, tmp_path), tmp_path / "other.txt"
    other.write_text(log.note_of(min(log.notes), bytes(32)), "utf-8")
    assert compare(log, first, other).faults == [("pair-fork", None)]
    assert compare(log, first, first).faults == []


def test_heads_of_two_sizes_need_tiles(log: Log, tmp_path: Path) -> None:
    assert compare(log, *written(log, tmp_path)).status == 2


def test_a_head_beyond_the_tiles(log: Log, tmp_path: Path) -> None:
    short = log.forged(tmp_path / "short", log.entries[: log.size - 3])
    verdict = compare(log, *written(log, tmp_path), "--tiles", short)
    assert verdict.whys == {"pair-beyond"}


def test_tiles_of_levels_that_do_not_belong_together(log: Log, tmp_path: Path) -> None:
    """The leaves of one log below the inner nodes of another: two roots would both come out."""
    entries = list(log.entries)
    entries[3] = entries[3].forged(time=0)
    other = log.forged(tmp_path / "other", entries)
    mixed = log.copy(tmp_path / "mixed")
    (mixed / "tile/0/000").write_bytes((other / "tile/0/000").read_bytes())
    heads = [tmp_path / "theirs.txt", tmp_path / "ours.txt"]
    short = log.forged(tmp_path / "short", entries[:100])
    heads[0].write_bytes((short / "checkpoint").read_bytes())
    heads[1].write_text(log.notes[log.size], "utf-8")
    verdict = compare(log, *heads, "--tiles", mixed)
    assert verdict.status == 1
    assert verdict.whys == {"pair-inconsistent"}


def test_a_tile_that_is_missing(log: Log, tmp_path: Path) -> None:
    folder = log.copy(tmp_path / "export")
    (folder / "tile/0/000").unlink()
    verdict = compare(log, *written(log, tmp_path), "--tiles", folder)
    assert verdict.whys == {"missing"}


def test_a_head_without_enough_witnesses(log: Log, tmp_path: Path) -> None:
    first, second, *_ = written(log, tmp_path)
    first.write_text(cosigned(first.read_text("utf-8"), WITNESSES), "utf-8")
    trusted = [word for one in WITNESSES for word in ("--witness", one.vkey)]
    assert compare(log, first, *trusted).faults == []
    assert compare(log, second, *trusted).faults == [("quorum", None)]


def test_heads_of_two_logs_are_not_compared(log: Log, tmp_path: Path) -> None:
    key = PrivateKey.load(log.keys / "checkpoint.key")
    name = "demo.yifen/ledger/2"
    other = tmp_path / "other.txt"
    other.write_text(sign_checkpoint(Checkpoint(name, 5, bytes(32)), name, key), "utf-8")
    first, *_ = written(log, tmp_path)
    verdict = compare(log, first, other, "--log", vkey(name, key.public))
    assert verdict.faults == []
    assert verdict.remarks == {"pair-origins"}
