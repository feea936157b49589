"""A world whose people take catalogue entries along their road."""

from typing import TYPE_CHECKING

import pytest
from world.entering import Road
from world.town import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town


@pytest.fixture
def road(town: "Town", tmp_path: "Path") -> "Iterator[Road]":
    with open_world(town, tmp_path / "hub") as world:
        yield Road.of(world)
