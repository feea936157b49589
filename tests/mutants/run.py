"""Takes each guard out once, and demands that a test fails for it: ``make mutants``.

A mutant is one entry of a ``*.toml`` beside this file: in ``file``, ``find`` must stand exactly
once and becomes ``replace``; of ``tests`` at least one must then fail. It is caught only if pytest
ends with status 1 and reports a failed test: a tree that no longer imports is an error to pytest
and no failure.
Before that, the same tests must all pass on the tree as it is, imported from the copy.

    python tests/mutants/run.py [WORD ...]      those whose name holds one of the words
    python tests/mutants/run.py --sample N      N of them, drawn anew each day

Every ``find`` is looked at in either case: a guard that has gone is told even if it is not drawn.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("certs", "catalog", "hub", "connectors", "tests", "pyproject.toml")
AT_ONCE = 2
PATIENCE = 240
"""Seconds for the tests of one mutant."""
SOUND_PATIENCE = 1800
"""Seconds for all named tests together."""
PLUGINS = ("_hypothesis_pytestplugin", "pytest_timeout", "xdist.plugin")
"""What the tests need; looking for more costs each of the many short runs."""
FAILED = 1
"""pytest's exit status when tests ran and some failed; 2 to 5 are other ends."""


@dataclass(frozen=True)
class Mutant:
    """One guard taken out."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def apply(self, root: Path) -> str:
        """Write the mutant into a copy; says why not if it cannot be."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        count = text.count(self.find)
        if count != 1:
            return f"stands {count} times in {self.file}"
        path.unlink()  # it is a link to the one file that all copies share
        path.write_text(text.replace(self.find, self.replace), encoding="utf-8")
        return ""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; ``why`` is empty if it was caught."""

    mutant: Mutant
    why: str
    told: str


def mutants(words: list[str]) -> list[Mutant]:
    raw = [
        one
        for path in sorted(Path(__file__).parent.glob("*.toml"))
        for one in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    ]
    found = [Mutant(**{**one, "tests": tuple(one["tests"])}) for one in raw]
    names = [mutant.name for mutant in found]
    assert len(set(names)) == len(names), "two mutants of one name"
    return [one for one in found if not words or any(word in one.name for word in words)]


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """A copy made of links, with the published vectors beside it as in the real place."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as place:
        root = Path(place) / "main"
        root.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, copy_function=_link)
            else:
                _link(str(source), str(root / name))
        shared = ROOT.parent / "shared"
        if shared.is_dir():
            (Path(place) / "shared").symlink_to(shared)
        yield root


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def run(
    root: Path, tests: tuple[str, ...], *options: str, patience: int = PATIENCE
) -> tuple[int, int, str]:
    """Run tests in a copy: exit status, number of failed tests, and what was told."""
    report = root.parent / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=line"]
    for plugin in PLUGINS:
        command += ["-p", plugin]
    named = [f"--junitxml={report}", f"--rootdir={root}", *options, *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(root.parent / "hypothesis"),
    }
    try:
        done = subprocess.run(
            [*command, *named],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, 0, "took too long"
    failed = 0
    if report.exists():
        suites = ET.parse(report).iter("testsuite")  # noqa: S314 our own report
        failed = sum(int(suite.get("failures", 0)) for suite in suites)
    return done.returncode, failed, done.stdout + done.stderr


def judge(mutant: Mutant) -> Verdict:
    with copy_of_the_tree() as root:
        why = mutant.apply(root)
        if why:
            return Verdict(mutant, why, "")
        status, failed, told = run(root, mutant.tests, "-x")
    if status == FAILED and failed:
        return Verdict(mutant, "", told)
    return Verdict(mutant, "survived" if status == 0 else f"pytest ended with {status}", told)


def sound(chosen: list[Mutant]) -> str:
    """Run every named test on the tree as it is; what was told if one does not pass."""
    every = tuple(sorted({test for mutant in chosen for test in mutant.tests}))
    with copy_of_the_tree() as root:
        where = "import certs, hub; print(certs.__file__, hub.__file__)"
        places = subprocess.run(
            [sys.executable, "-c", where],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        if not all(place.startswith(str(root)) for place in places):
            return f"not imported from the copy: {places}"
        status, _, told = run(root, every, "-n", str(AT_ONCE), patience=SOUND_PATIENCE)
    return told if status else ""


def drawn(chosen: list[Mutant], count: int) -> list[Mutant]:
    """Some of them, the same ones all day, so that a failure can be repeated."""
    day = datetime.now(UTC).date().isoformat()
    say(f"{count} of {len(chosen)} mutants, drawn for {day}")
    return random.Random(day).sample(chosen, min(count, len(chosen)))  # noqa: S311 no secret


def gone(every: list[Mutant]) -> list[str]:
    """The mutants whose guard does not stand exactly once."""
    return [
        mutant.name
        for mutant in every
        if (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.find) != 1
    ]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    began = monotonic()
    reader = argparse.ArgumentParser()
    reader.add_argument("words", nargs="*")
    reader.add_argument("--sample", type=int)
    asked = reader.parse_args()
    chosen = mutants(asked.words)
    for name in (missing := gone(chosen)):
        say(f"no such guard: {name}")
    if missing:
        return 1
    if asked.sample:
        chosen = drawn(chosen, asked.sample)
    told = sound(chosen)
    if told:
        say(told)
        say("the tests do not pass on the tree as it is")
        return 1
    survivors = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for verdict in pool.map(judge, chosen):
            say(f"{verdict.why or 'caught':10} {verdict.mutant.name}")
            if verdict.why:
                survivors += 1
                say(verdict.told)
    caught = len(chosen) - survivors
    say(f"{caught} caught, {survivors} survived, {monotonic() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
