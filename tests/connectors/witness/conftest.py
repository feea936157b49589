"""A witness that knows one log."""

from pathlib import Path

import pytest
from world.time import Time
from world.witnessing import House, SmallLog, house


@pytest.fixture
def log() -> SmallLog:
    log = SmallLog()
    log.grow(7)
    return log


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def witness(tmp_path: Path, log: SmallLog, clock: Time) -> House:
    return house(tmp_path / "witness", log.vkey, clock=clock)
