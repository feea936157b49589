"""A world in which materials are filed and viewed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.filing import Filing, filing
from world.town import Town


@pytest.fixture
def filed(town: Town, tmp_path: Path) -> Iterator[Filing]:
    with filing(town, tmp_path) as opened:
        yield opened
