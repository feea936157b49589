"""A scanner for malware, a real one of its kind: what it finds is kept nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world import papers
from world.filing import Filing, filing
from world.scanner import SIGN, scanned, scanning
from world.town import Town

from hub.materials.sealed import PIECE
from hub.ops.doctor import examine


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short path: that of a socket has a hundred bytes at most."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture(params=["found"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(short: Path, mode: str) -> Iterator[str]:
    with scanning(short, mode) as at:
        yield at


@pytest.fixture
def watched(town: Town, tmp_path: Path, address: str) -> Iterator[Filing]:
    with filing(town, tmp_path, f'\n[materials]\nscanner = "{address}"\n') as opened:
        yield opened


def infected() -> bytes:
    """The sign stands across the boundary of two pieces."""
    data = bytearray(papers.pdf(size=2 * PIECE))
    data[PIECE - 10 : PIECE - 10 + len(SIGN)] = SIGN
    return bytes(data)


def test_malware_is_refused_and_kept_nowhere(watched: Filing, address: str) -> None:
    told = watched.completed(infected())
    assert (told["state"], told["failure"]) == ("refused", "file-malware")
    assert watched.stored() == []
    assert scanned(address) == [2 * PIECE]


def test_what_is_clean_is_filed(watched: Filing, address: str) -> None:
    data = papers.pdf()
    assert watched.completed(data)["state"] == "filed"
    assert scanned(address) == [len(data)]


@pytest.mark.parametrize("mode", ["deaf", "mad"], indirect=True)
def test_a_scanner_without_a_clear_answer_lets_nothing_through(watched: Filing) -> None:
    upload = watched.uploaded(papers.pdf())
    answer = watched.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert (answer.status, answer.document["facts"]) == (503, {"why": "scanner"})
    assert watched.signed("nrb", "GET", f"/v1/uploads/{upload}").document["state"] == "receiving"


def test_the_doctor_tells_of_the_scanner(
    watched: Filing, address: str, town: Town, tmp_path: Path
) -> None:
    def verdict(root: Path) -> str:
        found = examine(root, watched.world.time)
        return next(finding.verdict for finding in found if finding.what == "scanner")

    assert verdict(watched.world.root) == "good"
    assert verdict(town.copy(tmp_path / "without")) == "warn"
    Path(address.removeprefix("unix:")).unlink()
    assert verdict(watched.world.root) == "bad"
