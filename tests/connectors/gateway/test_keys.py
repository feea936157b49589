"""Keys of calling systems: shown once, kept as digests, each with its own rate."""

import json
import stat
from pathlib import Path

import pytest

from certs.errors import InsecureKeyFile
from connectors.gateway.errors import (
    KeyRefused,
    KeysBroken,
    KeyTaken,
    KeyUnknown,
    RateSpent,
    TooManyKeys,
)
from connectors.gateway.keys import (
    MOST_KEYS,
    Key,
    KeyBook,
    add_key,
    read_keys,
    remove_key,
)
from connectors.gateway.rates import Rates


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.keys.json"


def add(file: Path, name: str = "counter", **terms: object) -> str:
    wanted = {"purposes": ("p",), "datasets": None, "rate": None, "now": 0, **terms}
    return add_key(file, name, **wanted)  # type: ignore[arg-type]


def test_a_key_is_kept_as_its_digest_for_this_account_only(file: Path) -> None:
    secret = add(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret.removeprefix("yifen_") not in file.read_text()
    assert len(secret) == len("yifen_") + 43
    assert KeyBook(file).find(f"Bearer {secret}").name == "counter"


def test_a_file_that_others_may_read_is_not_read(file: Path) -> None:
    add(file)
    file.chmod(0o640)
    with pytest.raises(InsecureKeyFile):
        read_keys(file)


def test_each_key_is_its_own(file: Path) -> None:
    secrets = {name: add(file, name) for name in ("a", "b", "c")}
    book = KeyBook(file)
    assert {name: book.find(f"Bearer {secret}").name for name, secret in secrets.items()} == {
        name: name for name in secrets
    }
    remove_key(file, "b")
    with pytest.raises(KeyRefused):
        book.find(f"Bearer {secrets['b']}")
    assert book.find(f"Bearer {secrets['c']}").name == "c"
    file.unlink()
    with pytest.raises(KeyRefused):
        book.find(f"Bearer {secrets['c']}")


@pytest.mark.parametrize(
    "changed", ["", "x", "Bearer", "bearer {0}", "{0}", "Bearer {0}x", "Bearer  {0}"]
)
def test_almost_a_key_is_none(file: Path, changed: str) -> None:
    secret = add(file)
    with pytest.raises(KeyRefused):
        KeyBook(file).find(changed.format(secret))


def test_a_digest_is_no_key(file: Path) -> None:
    add(file)
    (key,) = read_keys(file)
    with pytest.raises(KeyRefused):
        KeyBook(file).find(f"Bearer yifen_{key.digest}")


@pytest.mark.parametrize(
    ("why", "terms"),
    [
        ("name", {"name": "Counter 1"}),
        ("purposes", {"purposes": ("a b",)}),
        ("purposes", {"purposes": ()}),
        ("datasets", {"datasets": ("X",)}),
        ("rate", {"rate": 0}),
    ],
)
def test_a_key_of_the_wrong_form(file: Path, why: str, terms: dict[str, object]) -> None:
    with pytest.raises(KeysBroken) as refused:
        add(file, **terms)  # type: ignore[arg-type]
    assert refused.value.facts == {"why": why}
    assert not file.exists()


def test_names_are_taken_once_and_removed_once(file: Path) -> None:
    add(file)
    with pytest.raises(KeyTaken):
        add(file)
    remove_key(file, "counter")
    with pytest.raises(KeyUnknown):
        remove_key(file, "counter")


def test_there_is_an_end_to_keys(file: Path) -> None:
    add(file)
    whole = json.loads(file.read_text())
    one = whole["keys"][0]
    whole["keys"] = [{**one, "name": f"k{n}"} for n in range(MOST_KEYS)]
    file.write_text(json.dumps(whole))
    with pytest.raises(TooManyKeys):
        add(file)


def test_two_commands_at_once_lose_no_key(file: Path) -> None:
    add(file)
    file.with_name(file.name + ".part").touch()
    with pytest.raises(KeysBroken) as refused:
        add(file, "other")
    assert refused.value.facts == {"why": "locked"}
    assert [key.name for key in read_keys(file)] == ["counter"]


def test_a_rate_is_a_bucket_of_one_second() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    key = Key(name="a", digest="A" * 43, purposes=("p",), datasets=None, rate=2, created="")
    other = key.model_copy(update={"name": "b"})
    for _ in range(2):
        rates.spend(key)
    with pytest.raises(RateSpent):
        rates.spend(key)
    rates.spend(other)
    now[0] = 0.5
    rates.spend(key)
    with pytest.raises(RateSpent):
        rates.spend(key)
    now[0] = 1000.0
    for _ in range(2):
        rates.spend(key)
    with pytest.raises(RateSpent):
        rates.spend(key)
