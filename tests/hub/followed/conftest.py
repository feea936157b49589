"""Materials, licences and open cases that are followed."""

import pytest
from world.casework import Casework, casework
from world.feeding import Follower
from world.held import Businesses, Leases
from world.town import World


@pytest.fixture
def leases(world: World) -> Leases:
    return Leases.of(world)


@pytest.fixture
def businesses(world: World) -> Businesses:
    return Businesses.of(world)


@pytest.fixture
def desk(world: World) -> Casework:
    return casework(world)


def following(world: World, dataset: str, **members: object) -> Follower:
    """Somebody who follows a dataset as ``nrb``."""
    return Follower(world.nrb, dataset=dataset, **members)  # type: ignore[arg-type]
