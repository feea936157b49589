"""A world with an objection to make."""

from typing import TYPE_CHECKING

import pytest
from world.disputing import Dispute
from world.town import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town


@pytest.fixture
def dispute(town: "Town", tmp_path: "Path") -> "Iterator[Dispute]":
    with open_world(town, tmp_path / "hub") as world:
        yield Dispute.of(world)
