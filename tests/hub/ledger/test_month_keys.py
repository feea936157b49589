"""Keys of months: made once, whole or not at all, wrapped anew, and destroyed with every copy."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.time import NOW
from world.town import World

from certs.errors import InsecureKeyFile, SealBroken
from certs.sealing import MasterKey
from hub.clock import month
from hub.ledger import month_keys
from hub.ledger.month_keys import MonthKeyLost, MonthKeys, require_all
from hub.ledger.persons import PersonKeys
from hub.ops.doctor import examine

if TYPE_CHECKING:
    from conftest import Book

MONTH = "2026-09"
AAD = b"x"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def master(keys: Path) -> MasterKey:
    return MasterKey.create(keys / "master.key")


@pytest.fixture
def months(keys: Path, master: MasterKey) -> MonthKeys:
    return MonthKeys(keys, master)


def files(keys: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((keys / "persons").iterdir())}


def test_a_key_is_made_once_and_its_file_is_its_owner_s(keys: Path, months: MonthKeys) -> None:
    blob = months.make("default", MONTH).seal(b"secret", AAD)
    before = files(keys)
    assert months.make("default", MONTH).open(blob, AAD) == b"secret"
    assert months.open("default", MONTH).open(blob, AAD) == b"secret"
    assert files(keys) == before
    assert list(before) == [f"default-{MONTH}.key"]
    assert stat.S_IMODE(months.path("default", MONTH).stat().st_mode) == 0o600
    assert stat.S_IMODE((keys / "persons").stat().st_mode) == 0o700


def test_each_class_and_month_has_its_own(months: MonthKeys) -> None:
    blob = months.make("default", MONTH).seal(b"secret", AAD)
    for retention, in_month in (("credit", MONTH), ("default", "2026-10")):
        with pytest.raises(SealBroken):
            months.make(retention, in_month).open(blob, AAD)
    assert list(months.names()) == [("credit", MONTH), ("default", MONTH), ("default", "2026-10")]


def test_the_file_alone_opens_nothing_and_in_another_s_place_neither(
    keys: Path, months: MonthKeys
) -> None:
    months.make("default", MONTH)
    with pytest.raises(SealBroken):
        MonthKeys(keys, MasterKey(os.urandom(32))).open("default", MONTH)
    months.path("default", MONTH).rename(months.path("credit", MONTH))
    with pytest.raises(SealBroken):
        months.open("credit", MONTH)


@pytest.mark.parametrize("data", [b"", b"yifen-month-key-1:", b"other:AAAA\n", b"\xff\xfe"])
def test_a_file_that_holds_no_key_opens_nothing(months: MonthKeys, data: bytes) -> None:
    months.make("default", MONTH)
    months.path("default", MONTH).write_bytes(data)
    with pytest.raises(SealBroken):
        months.open("default", MONTH)


def test_a_file_that_others_may_read_is_refused(months: MonthKeys) -> None:
    months.make("default", MONTH)
    months.path("default", MONTH).chmod(0o640)
    with pytest.raises(InsecureKeyFile):
        months.open("default", MONTH)


def test_a_destroyed_key_is_overwritten_before_it_is_removed(keys: Path, months: MonthKeys) -> None:
    months.make("default", MONTH)
    path = months.path("default", MONTH)
    old = path.read_bytes()
    os.link(path, keys / "same-blocks")
    months.destroy("default", MONTH)
    assert not path.exists()
    left = (keys / "same-blocks").read_bytes()
    assert len(left) == len(old)
    assert set(left) == {0}
    with pytest.raises(SealBroken):
        months.open("default", MONTH)
    months.destroy("default", MONTH)


def test_what_a_crash_left_beside_a_key_goes_with_it(keys: Path, months: MonthKeys) -> None:
    months.make("default", MONTH)
    beside = keys / "persons" / f"default-{MONTH}.new"
    beside.write_bytes(months.path("default", MONTH).read_bytes())
    os.link(beside, keys / "same-blocks")
    assert list(months.names()) == [("default", MONTH)]
    months.destroy("default", MONTH)
    assert files(keys) == {}
    assert set((keys / "same-blocks").read_bytes()) == {0}


def test_a_crash_while_a_key_is_made_leaves_none(
    keys: Path, months: MonthKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutOffError(BaseException):
        pass

    def cut(*_: object) -> None:
        raise CutOffError

    with monkeypatch.context() as cutting:
        cutting.setattr(Path, "replace", cut)
        with pytest.raises(CutOffError):
            months.make("default", MONTH)
    assert not months.exists("default", MONTH)
    blob = months.make("default", MONTH).seal(b"secret", AAD)
    assert months.open("default", MONTH).open(blob, AAD) == b"secret"
    assert list(files(keys)) == [f"default-{MONTH}.key"]


# -- another master key ---------------------------------------------------------------------------
def test_under_a_new_master_key_each_opens_as_before(
    keys: Path, master: MasterKey, months: MonthKeys
) -> None:
    names = [("credit", MONTH), ("default", MONTH), ("default", "2026-10")]
    blobs = {name: months.make(*name).seal(b"secret", AAD) for name in names}
    new = MasterKey(os.urandom(32))
    old_files = files(keys)
    os.link(months.path("default", MONTH), keys / "same-blocks")
    months.rewrap(master, new)
    months.rewrap(master, new)
    for name, blob in blobs.items():
        assert MonthKeys(keys, new).open(*name).open(blob, AAD) == b"secret"
        with pytest.raises(SealBroken):
            months.open(*name)
    assert files(keys).keys() == old_files.keys()
    assert set((keys / "same-blocks").read_bytes()) == {0}, "the old wrapping is overwritten"


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("where", ["replace", "write"])
def test_cut_off_while_they_are_wrapped_anew_each_opens_with_one_or_the_other(
    keys: Path,
    master: MasterKey,
    months: MonthKeys,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
    where: str,
) -> None:
    names = [("credit", MONTH), ("default", MONTH), ("default", "2026-10")]
    blobs = {name: months.make(*name).seal(b"secret", AAD) for name in names}
    new = MasterKey(os.urandom(32))

    class CutOffError(BaseException):
        pass

    calls = iter(range(after))
    real = Path.replace if where == "replace" else month_keys._write

    def cut(*given: object) -> object:
        if next(calls, None) is None:
            raise CutOffError
        return real(*given)  # type: ignore[operator]

    with monkeypatch.context() as cutting:
        cutting.setattr(
            *(Path, "replace", cut) if where == "replace" else (month_keys, "_write", cut)
        )
        with pytest.raises(CutOffError):
            months.rewrap(master, new)

    def opens(under: MasterKey, name: tuple[str, str]) -> bool:
        try:
            return MonthKeys(keys, under).open(*name).open(blobs[name], AAD) == b"secret"
        except SealBroken:
            return False

    assert [opens(new, name) for name in names] == [number < after for number in range(3)]
    assert all(opens(new, name) != opens(master, name) for name in names)
    months.rewrap(master, new)
    assert all(opens(new, name) for name in names)


def test_nothing_is_wrapped_anew_if_one_opens_with_neither(
    keys: Path, master: MasterKey, months: MonthKeys
) -> None:
    months.make("credit", MONTH)
    months.make("default", MONTH)
    months.path("default", MONTH).write_bytes(b"yifen-month-key-1:AAAA\n")
    before = files(keys)
    with pytest.raises(SealBroken):
        months.rewrap(master, MasterKey(os.urandom(32)))
    assert files(keys) == before


# -- several processes ----------------------------------------------------------------------------
def test_processes_that_begin_a_month_together_agree_on_its_key(book: "Book") -> None:
    """Each makes a key of its own under the month's; all of them open with it."""
    script = Path(__file__).with_name("committing.py")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{script.parents[3]}:{script.parents[2]}",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, script, book.folder.root, "nonce", "3"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for _ in range(4)
    ]
    told = [process.communicate("\n", timeout=60)[0] for process in processes]
    assert all(text.count("entered") == 3 for text in told)
    ((count,),) = book.rows("SELECT count(*) FROM person_keys")
    assert count == 4
    months = MonthKeys(book.folder.keys, book.master)
    assert list(months.names()) == [("default", month(NOW))]
    reader = PersonKeys(book.store.connection, months)
    for number in range(1, 5):
        reader.numbered(number)


# -- what is missing ------------------------------------------------------------------------------
def test_a_key_that_is_needed_and_missing_is_told(world: World) -> None:
    hub = world.hub
    months = MonthKeys(hub.folder.keys, hub.master)
    require_all(hub.reading, months)
    months.path("default", MONTH).rename(hub.folder.root / "away")
    with pytest.raises(MonthKeyLost) as lost:
        require_all(hub.reading, months)
    assert lost.value.facts == {"retention": "default", "month": MONTH}
    (found,) = [one for one in examine(world.root, world.time) if one.what == "month-keys"]
    assert found.verdict == "bad"
    (hub.folder.root / "away").rename(months.path("default", MONTH))
    (found,) = [one for one in examine(world.root, world.time) if one.what == "month-keys"]
    assert found.verdict == "good"
