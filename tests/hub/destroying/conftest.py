"""A counter of ``nrb`` whose materials and cases have rested."""

import pytest
from world.casework import Casework, casework
from world.resting import Rested, rested, sweep
from world.time import DAY
from world.town import World


@pytest.fixture
def desk(world: World) -> Casework:
    return casework(world)


@pytest.fixture
def rest(desk: Casework) -> Rested:
    """Nothing has aged yet."""
    return rested(desk)


@pytest.fixture
def aged(rest: Rested) -> Rested:
    """More than three years later; ended uploads are forgotten, and checkpoints published."""
    rest.world.time.advance(2 * DAY)
    sweep(rest.world)
    rest.world.time.advance(3 * 366 * DAY)
    return rest
