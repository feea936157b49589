"""A grant's life, with the people of both sides and of the authority."""

from typing import TYPE_CHECKING

import pytest
from world.living import Life
from world.town import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town


@pytest.fixture
def life(town: "Town", tmp_path: "Path") -> "Iterator[Life]":
    with open_world(town, tmp_path / "hub") as world:
        yield Life.of(world)
