"""kill -9 at random moments under load: what a department has written down is in the log."""

from collections.abc import Callable
from pathlib import Path

import pytest
from crash.campaign import Campaign, Variants
from world.town import Town

KILLS = 20
MIX = Variants(workers=(1, 1, 2, 1, 3), hubs=(1, 1, 1, 1, 2))
"""Fewer processes than ``make crash`` has: starting them is what takes the time."""
SEED = 20260401


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_forked_when_a_hub_is_killed_twenty_times(
    town_today: Town, tmp_path: Path, command: Callable[[str], str]
) -> None:
    command("strace")
    told: list[str] = []
    run = Campaign(town_today, tmp_path, kills=KILLS, seed=SEED, say=told.append, variants=MIX)
    result = run.run()
    assert result.problems == [], told
    assert (result.kills, result.lost, result.forked) == (KILLS, 0, 0)
    assert result.receipts > KILLS
    assert result.replays_refused
