"""Settings of witnesses: what makes no sense is refused, with its place."""

from pathlib import Path

import pytest
from world.town import Town
from world.watched import settings, stranger

from hub.errors import SettingsRefused
from hub.runtime import open_hub
from hub.settings import load


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "hub.toml"
    file.write_text(
        'name = "demo.yifen"\npublic_origin = "http://127.0.0.1:8440"\nmaster_key = "m"\n'
        f'checkpoint_copy = "c"\n{text}',
        encoding="utf-8",
    )
    with pytest.raises(SettingsRefused) as caught:
        load(file)
    return str(caught.value.facts["why"])


def test_settings_of_witnesses_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    one, two = stranger("a.example"), stranger("b.example")
    good = settings([one, two], quorum=2)
    twin = type(one)("c.example/witness", one.public)
    for text in (
        settings([one, two], quorum=3),
        settings([one, two], quorum=0),
        settings([], quorum=1),
        settings([one, one], quorum=1),
        settings([one, twin], quorum=2),
        good.replace("max_age = 300", "max_age = 0"),
        good.replace("quorum", "quorums"),
    ):
        assert refused(tmp_path, text).startswith("witness")
    for text in (
        good.replace("https://a.example", "http://a.example"),
        good.replace("https://a.example", "ftp://a.example"),
        good.replace("https://a.example", "https://user:pass@a.example"),
        good.replace("https://a.example", "https://a.example/?x=1"),
        good.replace('"a.example/witness"', '"another/witness"'),
        good.replace(one.vkey, one.vkey[:-2]),
    ):
        assert refused(tmp_path, text).startswith("witness.witnesses.0")
    loopback = good.replace("https://a.example", "http://127.0.0.1:8441/w1/")
    file = tmp_path / "hub.toml"
    head = file.read_text(encoding="utf-8").partition("\n[witness]")[0]
    file.write_text(head + loopback, encoding="utf-8")
    assert load(file).witness.witnesses[0].url == "http://127.0.0.1:8441/w1"


def test_authorities_that_cannot_be_read_are_told_at_the_start(town: Town, tmp_path: Path) -> None:
    root = town.copy(tmp_path / "hub")
    with (root / "hub.toml").open("a", encoding="utf-8") as file:
        text = settings([stranger()], quorum=1)
        file.write(text.replace("quorum = 1", 'quorum = 1\ntls_roots = "nowhere.pem"'))
    with pytest.raises(SettingsRefused) as caught:
        open_hub(root)
    assert caught.value.facts["why"] == "witness.tls_roots"
