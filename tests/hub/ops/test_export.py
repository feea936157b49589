"""``hub ledger export``: what lies in the folder, and what it ends with."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from world.auditing import export_of, split_bundle
from world.serving import environment
from world.town import SUBJECTS, World

from certs.certificates import read_certificate, verify_certificate
from certs.note import open_checkpoint, parse_vkey
from hub.ledger.checkpoint import newest
from hub.ledger.tiles import tile_path, tiles_of
from hub.ops.export import Export, ExportRefused, public_keys
from hub.storage.sqlite import connect

ROOT = Path(__file__).resolve().parents[3]


def hub(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "--folder", str(world.root), *words],
        cwd=ROOT,
        env=environment() | {"YIFEN_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_the_files_of_an_export(world: World, tmp_path: Path) -> None:
    world.ask(world.nrb.lookup())
    published = world.hub.checkpointer.step()
    assert published is not None
    folder = export_of(world.hub, tmp_path / "export")
    size = published.size
    wanted = {"checkpoint", "keys.json"}
    for level, index, width in tiles_of(size):
        wanted.add(f"tile/{tile_path(level, index, width)}")
        if level == 0:
            name = tile_path(None, index, width)
            wanted |= {f"tile/{name}", name.replace("entries", "opened")}
    assert files_in(folder) == wanted
    assert (folder / "checkpoint").read_text("utf-8") == published.note


def test_nothing_personal_leaves(world: World, tmp_path: Path) -> None:
    """Neither subject nor case, who asked for nobody, and no salt but that of *control*."""
    case = "2026-4711"
    assert world.ask(world.nrb.lookup(case=case)).status == 200
    world.hub.checkpointer.step()
    folder = export_of(world.hub, tmp_path / "export")
    data = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for secret in (SUBJECTS[0], case, "张三丰", '{"reason":'):
        assert secret.encode() not in data
    (opened,) = (folder / "opened").rglob("*[0-9]")
    lines = opened.read_text("utf-8").splitlines()
    assert all(set(json.loads(line)) == {"index", "control", "control_salt"} for line in lines)
    assert "nrb.officer" not in lines[-1]  # that there is such an account its enrolment tells


def test_the_keys_of_an_export(world: World, tmp_path: Path) -> None:
    folder = export_of(world.hub, tmp_path / "export")
    keys = json.loads((folder / "keys.json").read_text("utf-8"))
    assert keys["hub"] == "demo.yifen"
    (ledger,) = keys["ledger"]
    origin = ledger["origin"]
    assert (origin, ledger["first"]) == (world.hub.origin, 0)
    assert [one["vkey"] for one in ledger["keys"]] == ledger["vkeys"]
    note = (folder / "checkpoint").read_text("utf-8")
    assert open_checkpoint(note, map(parse_vkey, keys["ledger"][0]["vkeys"])).origin == origin
    (key,) = keys["jwks"]["keys"]
    leaf, issuing = (b64decode(der) for der in key["x5c"])
    now = read_certificate(leaf).not_before
    verify_certificate(leaf, issuing, keys["root"].encode(), now=now, usage="receipt")


def test_it_ends_with_the_newest_checkpoint(world: World, tmp_path: Path) -> None:
    """Entries that came after it are left for the next time."""
    world.hub.checkpointer.step()
    found = newest(world.hub.reading)
    assert found is not None
    world.ask(world.nrb.lookup())
    folder = export_of(world.hub, tmp_path / "export")
    (bundle,) = (folder / "tile" / "entries").rglob("*[0-9]")
    assert len(split_bundle(bundle.read_bytes())) == found.size == world.entries() - 1


def test_a_checkpoint_published_meanwhile_changes_nothing(world: World, tmp_path: Path) -> None:
    """One transaction: log and checkpoint are those of one moment."""
    hub_ = world.hub
    before = newest(hub_.reading)
    assert before is not None

    def interfere(_done: int, _all: int) -> None:
        assert world.ask(world.nrb.lookup()).status == 200
        assert hub_.checkpointer.step() is not None

    connection = connect(hub_.folder.control)
    keys = public_keys(hub_.folder, hub_.settings, connection)
    exported = Export(connection, keys, tmp_path / "export").run(interfere)
    connection.close()
    assert exported.size == before.size < world.entries()
    assert (tmp_path / "export" / "checkpoint").read_text("utf-8") == before.note


def test_a_folder_with_something_in_it_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "mine").write_text("mine", "utf-8")
    with pytest.raises(ExportRefused) as refused:
        export_of(world.hub, tmp_path / "export")
    assert refused.value.facts["why"] == "not-empty"
    assert files_in(tmp_path / "export") == {"mine"}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda w: w.hub.store.connection.execute("DELETE FROM checkpoints"), "no-checkpoint"),
        (lambda w: w.hub.store.connection.execute("DELETE FROM tiles"), "damaged"),
        (
            lambda w: w.hub.store.connection.execute("DELETE FROM entries WHERE position = 2"),
            "damaged",
        ),
    ],
    ids=["checkpoint", "tiles", "entry"],
)
def test_a_log_that_is_damaged_is_not_exported_as_if_it_were_whole(
    world: World, tmp_path: Path, spoil: Callable[[World], object], why: str
) -> None:
    spoil(world)
    with pytest.raises(ExportRefused) as refused:
        export_of(world.hub, tmp_path / "export")
    assert refused.value.facts["why"] == why
    assert not (tmp_path / "export" / "checkpoint").exists()


def test_the_command_works_beside_a_hub_and_changes_nothing(world: World, tmp_path: Path) -> None:
    before = world.entries()
    done = hub(world, "ledger", "export", str(tmp_path / "export"))
    assert done.returncode == 0, done.stderr
    assert "exported" in done.stdout
    assert (tmp_path / "export").stat().st_mode & 0o077 == 0
    again = hub(world, "ledger", "export", str(tmp_path / "export"))
    assert again.returncode != 0
    assert "not-empty" in again.stderr
    told = hub(world, "ledger", "export", str(tmp_path / "json"), "--json")
    found = newest(world.hub.reading)
    assert found is not None
    assert json.loads(told.stdout)["size"] == found.size
    assert world.entries() == before
    assert files_in(tmp_path / "export") == files_in(tmp_path / "json")
