"""A counter of ``nrb`` in a copy of the town."""

import pytest
from world.casework import Casework, casework
from world.town import World


@pytest.fixture
def desk(world: World) -> Casework:
    return casework(world)
