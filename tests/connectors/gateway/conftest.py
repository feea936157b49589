"""A hub, a department's gateway, and what a calling system gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.department import Bureau, Invited, enrolled, inviting
from world.town import Town


@pytest.fixture
def invited(town_today: Town, tmp_path: Path) -> Iterator[Invited]:
    """A hub that serves, and an invitation."""
    with inviting(town_today, tmp_path / "hub") as one:
        yield one


@pytest.fixture
def idle(invited: Invited, tmp_path: Path) -> Iterator[Bureau]:
    """A serving hub, and a gateway that is enrolled and not started."""
    with enrolled(invited, tmp_path / "home") as bureau:
        yield bureau


@pytest.fixture
def bureau(idle: Bureau) -> Bureau:
    """A serving hub and a gateway that serves too."""
    idle.gate.start()
    return idle


@pytest.fixture(scope="module")
def office(town_today: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """The same for all tests of one file, which leave it as they found it."""
    place = tmp_path_factory.mktemp("office")
    with (
        inviting(town_today, place / "hub") as invited,
        enrolled(invited, place / "home") as bureau,
    ):
        bureau.gate.start()
        yield bureau
