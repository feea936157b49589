"""A followed dataset of some licences, and who follows it."""

import pytest
from world.feeding import Follower, Provider, Row, terms
from world.town import ADMINISTRATOR, World

from hub.access import grants
from hub.access.grant import Grant

ROWS: list[Row] = [(f"L{number}", number % 4, f"note {number}") for number in range(12)]


@pytest.fixture(autouse=True)
def provider(world: World) -> Provider:
    made = Provider.of(world.hub)
    made.publish(ROWS)
    return made


@pytest.fixture(autouse=True)
def held(world: World, provider: Provider) -> Grant:  # noqa: ARG001 what is granted is there
    return grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time()))


@pytest.fixture
def follower(world: World) -> Follower:
    return Follower(world.nrb)
