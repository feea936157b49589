"""Publications that are killed resume or vanish: a small run of ``publish_kills.py``."""

from pathlib import Path

import pytest
from crash.uploads.trial import GIB, Result, Trial
from world.town import Town

ROWS, KILLS, SEED = 20_000, 4, 20260401


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_publication_killed_four_times_resumes_or_vanishes(
    town_today: Town, tmp_path: Path
) -> None:
    told: list[str] = []
    trial = Trial(town_today, tmp_path, rows=ROWS, kills=KILLS, seed=SEED, say=told.append)
    result = trial.run()
    assert result.problems == [], told
    assert (result.kills, result.resumed + result.vanished) == (KILLS, KILLS)
    assert (result.resent, result.readable) == (0, 0)
    assert result.answers > KILLS
    assert set(result.peaks) == {"connector", "hub", "job"}
    assert max(result.peaks.values()) < GIB
    assert result.sound


@pytest.mark.parametrize(
    "wrong",
    [
        {"problems": ["a lookup was answered 400"]},
        {"readable": 1},
        {"resent": 1},
        {"peaks": {"job": GIB}},
    ],
)
def test_what_makes_a_run_unsound(wrong: dict[str, object]) -> None:
    assert Result().sound
    assert not Result(**wrong).sound  # type: ignore[arg-type]
