"""One long log of a real town, exported once; an auditor; and the verifier as a module."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from world.auditing import Auditor, load
from world.evidence import Evidence, evidence_of
from world.long_log import Log, long_log
from world.outsider import Outsider
from world.town import Town, World, open_world

from certs.encoding import b64u, sha256
from certs.note import vkey


@pytest.fixture(scope="session")
def verifier() -> ModuleType:
    """The file as a module."""
    return load()


@pytest.fixture(scope="session")
def auditor(tmp_path_factory: pytest.TempPathFactory, verifier: ModuleType) -> Auditor:
    """Verifies in this process; ``test_alone`` and the flows start processes."""
    return Auditor.at(tmp_path_factory.mktemp("auditor"), verifier)


@pytest.fixture(scope="session")
def log(town: Town, tmp_path_factory: pytest.TempPathFactory, auditor: Auditor) -> Log:
    root: Path = tmp_path_factory.mktemp("log")
    with open_world(town, root / "hub") as world:
        return long_log(world, root, auditor)


@pytest.fixture(scope="session")
def place(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(town, tmp_path_factory.mktemp("place") / "hub") as world:
        yield world


@pytest.fixture(scope="session")
def honest(place: World) -> Evidence:
    for _ in range(3):
        place.ask(place.nrb.lookup())
    sent = place.nrb.lookup(case="2026-0001")
    answer = place.ask(sent)
    assert answer.status == 200
    place.ask(place.nrb.lookup())
    return evidence_of(place, sent, answer)


@pytest.fixture
def outsider(place: World, auditor: Auditor, tmp_path: Path) -> Outsider:
    hub = place.hub
    root = b64u(sha256(hub.authority.root_der))
    return Outsider(auditor, tmp_path, root, vkey(hub.origin, hub.checkpoint_key))
