"""A world in which licences are issued and looked up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.licensing import Licensing, licensing
from world.town import Town


@pytest.fixture
def licensed(town: Town, tmp_path: Path) -> Iterator[Licensing]:
    with licensing(town, tmp_path) as opened:
        yield opened
