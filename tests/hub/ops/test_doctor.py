"""``hub doctor`` says what should lie elsewhere."""

from pathlib import Path

import pytest
from world.town import World

from hub.ops.doctor import examine


def verdicts(world: World) -> dict[str, str]:
    return {finding.what: finding.verdict for finding in examine(world.root)}


@pytest.mark.parametrize(
    ("what", "setting", "file"),
    [
        ("master-apart", "master_key", "keys/master.key"),
        ("checkpoint-apart", "checkpoint_copy", "checkpoint.txt"),
    ],
)
def test_what_must_outlive_the_folder_lies_elsewhere(
    world: World, tmp_path: Path, what: str, setting: str, file: str
) -> None:
    assert verdicts(world)[what] == "warn"
    elsewhere = tmp_path / "elsewhere"
    (world.root / file).rename(elsewhere)
    settings = world.root / "hub.toml"
    text = settings.read_text(encoding="utf-8")
    changed = text.replace(f'{setting} = "{file}"', f'{setting} = "{elsewhere}"')
    assert changed != text
    settings.write_text(changed, encoding="utf-8")
    found = verdicts(world)
    assert found[what] == "good"
    assert "bad" not in found.values()
