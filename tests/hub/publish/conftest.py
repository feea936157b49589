"""A small real hub for each test of publications."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from publishing import SmallHub, found_hub
from world.jobs import JobServer, serving


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallHub]:
    hub = found_hub(tmp_path / "hub")
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def jobs() -> Iterator[JobServer]:
    with serving() as server:
        yield server
