"""The bench from beginning to end, and its figures."""

import csv
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from hub.ops.bench.account import read_account
from hub.ops.bench.asking import Asker, Measured, measure, write_batches, write_requests
from hub.ops.bench.ceilings import (
    bare_endpoint,
    cryptography_per_second,
    seal_and_insert_per_second,
)
from hub.ops.bench.ground import DATASET, Ground, connector, ground
from hub.ops.bench.lag import LagWatch
from hub.ops.city import build
from hub.publish.ceiling import read_rows_per_second
from hub.storage.folder import Folder

SAMPLE = 50_000
"""Subjects among whom the questions choose."""
WARM_UP = 2_000
SHARE = 0.7
"""Of the highest rate, the load at which latency is told (design, *Speed*)."""
ANSWER_BYTES = 1_400
BATCH = 1_000
"""Subjects of one batch."""
BATCHES = 60
BATCHES_AT_ONCE = 2
"""Connections that send batches: the next request is there when the hub is done with one."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Published:
    """Rows that stand, and the seconds from the command to the flip."""

    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """At saturation: the ledger's parts as shares of the hub's processor time, and the checkpoint.

    ``lag_ms`` is the longest that an entry waited for its checkpoint.
    """

    record: float
    commit: float
    checkpoint: float
    lag_ms: int

    @property
    def share(self) -> float:
        """All parts together."""
        return self.record + self.commit + self.checkpoint


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the bench measured."""

    subjects: int
    saturated: Measured
    ledger: Ledger
    batch: Measured
    steady: Measured
    ceiling: float
    bare: Measured
    published: Published
    sealing: float
    reading: float

    def json(self) -> bytes:
        """One object for programs."""
        published = self.published
        return orjson.dumps(
            {
                "subjects": self.subjects,
                "lookup": {
                    "per_second": round(self.saturated.per_second, 1),
                    "p50_ms": round(self.steady.p50_ms, 2),
                    "p99_ms": round(self.steady.p99_ms, 2),
                    "cpu_us": round(self.saturated.cpu_us, 1),
                    "steady_per_second": round(self.steady.per_second, 1),
                    "steady_cpu_us": round(self.steady.cpu_us, 1),
                    "failed": self.saturated.failed + self.steady.failed,
                },
                "batch": {
                    "size": BATCH,
                    "subjects_per_second": round(self.batch.per_second * BATCH, 1),
                    "cpu_us": round(self.batch.cpu_us / BATCH, 2),
                    "p50_ms": round(self.batch.p50_ms, 2),
                    "failed": self.batch.failed,
                },
                "ledger": {
                    "share": round(self.ledger.share, 3),
                    "record": round(self.ledger.record, 3),
                    "commit": round(self.ledger.commit, 3),
                    "checkpoint": round(self.ledger.checkpoint, 3),
                    "lag_ms": self.ledger.lag_ms,
                },
                "ceiling": {"per_second": round(self.ceiling, 1)},
                "bare": {
                    "per_second": round(self.bare.per_second, 1),
                    "cpu_us": round(self.bare.cpu_us, 1),
                },
                "publish": {
                    "rows": published.rows,
                    "seconds": round(published.seconds, 2),
                    "rows_per_second": round(published.rows / published.seconds, 1),
                    "ceiling_rows_per_second": round(self.sealing, 1),
                    "read_rows_per_second": round(self.reading, 1),
                },
            }
        )


def run(root: Path, *, subjects: int, questions: int, say: Say) -> Figures:
    """Measure everything in an empty folder; ``say`` is told each stage by its key."""
    say("city")
    city = root / "city"
    build(city, residents=subjects, enterprises=max(subjects // 10, 10))
    table = city / f"{DATASET}.csv"
    chosen, values = _sample(table, subjects)
    with ground(root) as place:
        say("publish")
        published = _publish(place, table)
        say("lookup")
        asker = Asker(place)
        saturated, ledger = _saturate(asker, place, chosen, questions, root)
        steady = _ask(
            asker, place, chosen, questions, root, per_second=saturated.per_second * SHARE
        )
        say("batch")
        batch = _batches(asker, place, chosen, root)
        say("ceilings")
        bare = bare_endpoint(root / "requests", ANSWER_BYTES)
    return Figures(
        subjects=subjects,
        saturated=saturated,
        ledger=ledger,
        batch=batch,
        steady=steady,
        ceiling=cryptography_per_second(),
        bare=bare,
        published=published,
        sealing=seal_and_insert_per_second(root, values),
        reading=read_rows_per_second(table),
    )


def _publish(place: Ground, table: Path) -> Published:
    began = time.perf_counter()
    output = orjson.loads(connector(place.provider, "publish", DATASET, str(table), "--yes"))
    seconds = time.perf_counter() - began
    return Published(output["publication"]["report"]["accepted"], seconds)


def _saturate(
    asker: Asker, place: Ground, subjects: list[str], questions: int, root: Path
) -> tuple[Measured, Ledger]:
    """Ask as fast as it is answered, and look at the ledger meanwhile."""
    watch = LagWatch(Folder(place.folder))
    before = read_account(place.account)
    watch.start()
    try:
        measured = _ask(asker, place, subjects, questions, root)
    finally:
        watch.stop()
    spent = read_account(place.account).since(before)
    whole = spent.process or 1.0
    ledger = Ledger(
        record=spent.record / whole,
        commit=spent.commit / whole,
        checkpoint=spent.checkpoint / whole,
        lag_ms=max(watch.lags, default=0),
    )
    return measured, ledger


def _ask(
    asker: Asker,
    place: Ground,
    subjects: list[str],
    questions: int,
    root: Path,
    *,
    per_second: float = 0.0,
) -> Measured:
    file = root / "requests"
    if not per_second:
        write_requests(asker, subjects, WARM_UP, file)
        measure(file, place.port, [place.pid])
    write_requests(asker, subjects, questions, file)
    return measure(file, place.port, [place.pid], per_second=per_second)


def _batches(asker: Asker, place: Ground, subjects: list[str], root: Path) -> Measured:
    """Ask about many at once, a few requests beside each other."""
    file = root / "batches"
    for count in (BATCHES // 10, BATCHES):  # the first to warm up
        write_batches(asker, subjects, count, BATCH, file)
        measured = measure(file, place.port, [place.pid], width=BATCHES_AT_ONCE)
    return measured


def _sample(table: Path, subjects: int) -> tuple[list[str], list[str]]:
    """Subjects spread over the whole file, and one row's values."""
    keep = min(1.0, SAMPLE / subjects)
    chance = random.Random(2)  # noqa: S311 which subjects are asked is no secret
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        first = next(rows)
        found = [row[0] for row in itertools.chain([first], rows) if chance.random() < keep]
    return found, first
