"""Kills publications again and again, and demands that each resumes or vanishes, whole.

    python tests/crash/publish_kills.py [--rows 1000000] [--kills 20] [--seed 20260401] [--keep DIR]

Each round publishes another version of the same residents with ``connector publish`` and kills, at
a random moment, the connector, the hub with its job, the job alone, or connector and hub; starts
again what is dead, and runs the same command again. Demanded is: every lookup meanwhile is answered
from the version before or the one after, and never from the one before again; no chunk that is
there goes over twice; the rows that stand are those of the version; nothing is left over; no value
is readable in the hub's folder or the connector's home; no process ever held 1 GiB. It ends with
one line of figures, and with status 1 if anything of that did not hold.
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

from crash.uploads.trial import Trial  # noqa: E402 the path to it is set above
from world.town import found_town  # noqa: E402

SEED = 20260401


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="kill publications again and again")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="leave everything in this new folder")
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("YIFEN_")]:
        del os.environ[name]
    place = given.keep or Path(tempfile.mkdtemp(prefix="publish-kills-"))
    try:
        town = found_town(place / "town", time.time_ns() // 1_000_000)
        trial = Trial(town, place, rows=given.rows, kills=given.kills, seed=given.seed, say=say)
        result = trial.run()
    finally:
        if given.keep is None:
            shutil.rmtree(place)
    for problem in result.problems:
        say(problem)
    say(result.line)
    return 0 if result.sound else 1


if __name__ == "__main__":
    sys.exit(main())
