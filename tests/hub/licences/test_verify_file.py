"""A department checks a file that somebody hands in: only its digest goes to the hub."""

import os
from pathlib import Path

import pytest
from world.bridge import enrolled
from world.licensing import EMPTY, Licensing

from catalog.licences.status import Act
from certs.encoding import sha256
from connectors.client import Connector
from connectors.licences import LicenceChecked, digest_of
from hub.ledger.change import Actor
from hub.licences.papers import Draft

ISSUER = Actor("connector", department="mrb")
DATA = b"%PDF-1.7 as it was printed"


@pytest.fixture
def counter(licensed: Licensing, tmp_path: Path) -> Connector:
    """The connector of a department that issues nothing."""
    _, connector = enrolled(licensed.world, tmp_path / "home")
    return connector


def printed(licensed: Licensing) -> str:
    """A licence with a print, entered past the font."""
    licence = str(licensed.issued()["licence"])
    draft = Draft(EMPTY, Path(), os.urandom(16), licensed.world.time())
    licensed.world.hub.papers.enter(ISSUER, licence, draft, DATA)
    return licence


def checked(counter: Connector, folder: Path, data: bytes) -> LicenceChecked:
    file = folder / "handed-in.pdf"
    file.write_bytes(data)
    with file.open("rb") as stream:
        digest = digest_of(stream)
    assert digest == sha256(data).hex()
    return counter.licences.check(digest)


def test_what_was_printed_here_is_told_with_the_status_of_now(
    licensed: Licensing, counter: Connector, tmp_path: Path
) -> None:
    licence = printed(licensed)
    found = checked(counter, tmp_path, DATA)
    assert (found.printed_here, found.status, found.good) == (True, "01", True)
    assert found.minimum is not None
    assert found.minimum["name"] == "营业执照"
    for act, status in ((Act.SUSPEND, "02"), (Act.REVOKE, "07")):
        licensed.world.hub.office.act(ISSUER, licence, act)
        found = checked(counter, tmp_path, DATA)
        assert (found.printed_here, found.status, found.good) == (True, status, False)


def test_a_file_with_one_other_byte_was_not_printed_here(
    licensed: Licensing, counter: Connector, tmp_path: Path
) -> None:
    printed(licensed)
    for data in (DATA + b"\n", DATA[:-1], b""):
        found = checked(counter, tmp_path, data)
        assert (found.printed_here, found.status, found.good) == (False, None, False)
