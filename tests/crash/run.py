"""Kills a hub again and again, and demands that nothing is lost or forked: ``make crash``.

    python tests/crash/run.py [--kills 50] [--seed 20260401] [--keep FOLDER]

What is drawn at each kill, and what is checked, stands in README.md. The exit status is 1 if
anything was lost or forked or any check failed.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from crash.campaign import Campaign  # noqa: E402 the path to it is set above
from world.town import found_town  # noqa: E402

SEED = 20260401


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="kill a hub again and again")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="leave everything in this new folder")
    given = parser.parse_args()
    if shutil.which("strace") is None:
        say("strace is not installed: system calls cannot be made to fail")
        return 1
    for name in [name for name in os.environ if name.startswith("YIFEN_")]:
        del os.environ[name]
    place = given.keep or Path(tempfile.mkdtemp(prefix="crash-"))
    try:
        town = found_town(place / "town", time.time_ns() // 1_000_000)
        run = Campaign(town, place / "run", kills=given.kills, seed=given.seed, say=say)
        result = run.run()
    finally:
        if given.keep is None:
            shutil.rmtree(place)
    for problem in result.problems:
        say(problem)
    if not result.sound:
        say(f"to repeat: make crash KILLS={given.kills} SEED={given.seed}")
    say(result.line)
    return 0 if result.sound else 1


if __name__ == "__main__":
    sys.exit(main())
