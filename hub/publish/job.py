"""The job of one publication, a process of its own: ``python -m hub.publish.job``.

It follows the upload: whole batches are checked and sealed while the connector still sends. Cut
off anywhere, another one throws away what this one wrote and begins again from the staged chunks;
what was sealed is invisible until ``flip.go_live`` has committed.
"""

import argparse
import logging
import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from catalog.definition import Dataset, load
from certs.errors import YifenError
from certs.sealing import SealingKey
from hub.clock import system_clock
from hub.errors import Conflict, NotFound, StorageRefused, Unavailable
from hub.keys.master import Master
from hub.ledger.change import HUB, Actor, Change, Changes
from hub.ledger.month_keys import MonthKeys
from hub.ledger.persons import PersonKeys
from hub.ledger.store import LedgerStore
from hub.publish import flip
from hub.publish.checker import Checker
from hub.publish.errors import GenerationAltered, OutOfOrder, PublicationBroken
from hub.publish.fragments import ROW_SEPARATOR
from hub.publish.operations import CHANGES
from hub.publish.orders import Written
from hub.publish.processes import take_lock
from hub.publish.quality.judging import Judging
from hub.publish.rejections import Rejections
from hub.publish.report import Report
from hub.publish.sealer import Sealer
from hub.publish.staging import Staging, key_context, remove_chunks
from hub.publish.sweep import earlier_publications, remove_generation
from hub.publish.target import NewGeneration, StandingGeneration, Target
from hub.publish.tidying import tidy_standing
from hub.settings import Settings
from hub.settings import load as load_settings
from hub.storage.folder import Folder

BATCH_BYTES = 8 << 20
"""Bytes checked at once, unless the upload has ended: planning a check costs 20 ms, and memory
goes up by six times this."""
PROGRESS_SECONDS = 0.5
"""Between two notes of progress, each of which takes the ledger's lock."""
FOLLOW_SECONDS = 60.0
"""Without a new chunk for so long, the job goes; the next chunk starts another."""
_LOOK_SECONDS = 0.02
_NICENESS = 5
"""Lookups go before."""
_SEPARATOR = ROW_SEPARATOR.encode()
ALTERED = GenerationAltered.code

_log = logging.getLogger("hub.publish")


class _Abandoned(Exception):
    """Nothing is left to do: it was discarded, or its connector has stopped sending."""


class Job:
    """One publication, from its staged chunks to live or held."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        sealer: Sealer,
        publication: str,
        lock: int,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._sealer = sealer
        self._id = publication
        self._lock = lock
        self._store = LedgerStore(folder, system_clock)
        self._master = Master(settings.master_key, self._store.connection)
        months = MonthKeys(folder.keys, self._master)
        persons = PersonKeys(self._store.connection, months)
        self._changes = Changes(self._store, persons)
        self._noted = 0.0
        self._judging: Judging | None = None

    def close(self) -> None:
        """Close the ledger."""
        self._store.close()

    def run(self) -> None:
        """Do it all; a publication that cannot be finished is left ``failed``."""
        found = self._store.connection.execute(
            "SELECT p.dataset, p.connector, p.columns, p.key, p.total, p.generation, p.mode,"
            # The definition under which it was begun, whatever has been published since.
            " p.state, s.definition, d.department FROM publications p"
            " JOIN datasets d ON d.code = p.dataset"
            " JOIN definitions s ON s.digest = p.definition WHERE p.id = ?",
            (self._id,),
        ).fetchone()
        if found is None:
            return
        code, connector, columns, wrapped, declared, left_over, mode, state, *rest = found
        if state not in {"receiving", "checking"}:
            # A change set that a steward has decided on: what is not seen any more goes.
            tidy_standing(self._folder, self._store.connection, code)
            return
        definition, department = rest
        key = SealingKey(self._master.unwrap(wrapped, key_context(self._id)))
        root = self._folder.staging / self._id
        staging = Staging(root, self._id, key)
        rejections = Rejections(root / "rejections", self._id, key)
        actor = Actor("connector", connector=connector, department=department)
        target = self._target(mode)
        try:
            remove_generation(self._folder, left_over)
            rejections.clear()
            # 1 A generation or a version that nobody sees
            dataset = load(definition, code)
            self._begin(target, dataset)
            # 2 Every row checked, and the accepted ones sealed into it
            report, written = self._fill(
                dataset, columns.split(), mode, target, staging, rejections, declared or None
            )
            # 3 Seen by everyone at once, or held until a steward has looked
            retired = self._conclude(actor, report, written)
        except _Abandoned:
            self._sealer.close()
            target.undo()
        except (OutOfOrder, PublicationBroken) as error:
            self._fail(staging, target, str(error.facts["why"]))
        except (StorageRefused, OSError) as error:
            altered = isinstance(error, StorageRefused) and error.facts.get("why") == ALTERED
            self._fail(staging, target, ALTERED if altered else "storage")
        else:
            self._sweep(staging, target, retired)

    def _target(self, mode: str) -> Target:
        parts = (self._folder, self._settings, self._changes, self._master, self._id)
        if mode == CHANGES:
            return StandingGeneration(*parts, self._store.connection)
        return NewGeneration(*parts)

    def _begin(self, target: Target, dataset: Dataset) -> None:
        try:
            target.begin(self._sealer, dataset)
        except OutOfOrder:
            raise
        except (Conflict, NotFound) as error:
            raise _Abandoned from error

    def _fill(
        self,
        dataset: Dataset,
        columns: Sequence[str],
        mode: str,
        target: Target,
        staging: Staging,
        rejections: Rejections,
        declared: int | None,
    ) -> tuple[Report, Written]:
        judging = self._judging = Judging(
            self._folder, self._settings, self._store.connection, self._master, self._id, dataset
        )
        checker = Checker(
            dataset,
            columns,
            changes=mode == CHANGES,
            today=judging.today,
            register=judging.absent,
        )
        try:
            number = 0
            while batch := self._next(staging, number):
                checked = checker.check([staging.read(each) for each in batch])
                if checked.lines:
                    target.take_seals(checked.lines.count(_SEPARATOR) + 1)
                self._sealer.rows(checked.lines)
                rejections.write("row", checked.rejections)
                rejections.write("warning", checked.warnings)
                number = batch[-1] + 1
                self._note(checker.tally.read)
            if declared is not None and declared != checker.tally.read:
                raise PublicationBroken(why="rows-missing")
            if mode == CHANGES:
                written = self._sealer.finish(())
                report = Report.of_changes(checker.tally, self._standing(), written)
                expected = written.taken - (written.changed.superseded if written.changed else 0)
            else:
                doubles = checker.doubles()
                rejections.write("conflict", doubles.conflicting)
                rejections.write("shared", doubles.warnings)
                written = self._sealer.finish(doubles.dropped)
                report = Report.of(checker.tally, self._standing())
                expected = written.rows
            report = judging.judge(report, checker.profile, checker.broken)
        finally:
            checker.close()
            judging.close()
        if expected != report.accepted:
            raise PublicationBroken(why="count")
        return report, written

    def _next(self, staging: Staging, number: int) -> range:
        """The numbers of the chunks to check next, empty after the last one.

        Waits for a batch to be full or the upload to end; raises ``_Abandoned``.
        """
        since = time.monotonic()
        after = number
        size = 0
        while True:
            state, chunks = self._state()
            if state not in {"receiving", "checking"}:
                raise _Abandoned
            while size < BATCH_BYTES and after != chunks and staging.has(after):
                size += staging.size(after)
                after += 1
                since = time.monotonic()
            if size >= BATCH_BYTES or after == chunks:
                return range(number, after)
            if state == "checking":
                raise StorageRefused(why="chunk-lost")
            if time.monotonic() - since > FOLLOW_SECONDS:
                self._leave()
            time.sleep(_LOOK_SECONDS)

    def _state(self) -> tuple[str, int | None]:
        row: tuple[str, int | None] | None = self._store.connection.execute(
            "SELECT state, chunks FROM publications WHERE id = ?", (self._id,)
        ).fetchone()
        return row or ("discarded", None)

    def _leave(self) -> None:
        """Go, unless the upload ends at this very moment; raises ``_Abandoned``.

        The lock is given up under the ledger's lock: whoever completes the upload afterwards sees
        that no job is there.
        """
        with self._changes.change(HUB, moves_epoch=False) as change:
            row = flip.publication_in(change.session, self._id)
            if row.state == "checking":
                return
            if row.state == "receiving":
                flip.forget_generation(change, row)
            os.close(self._lock)
        raise _Abandoned

    def _note(self, done: int) -> None:
        now = time.monotonic()
        if now - self._noted >= PROGRESS_SECONDS:
            self._noted = now
            with self._store.locked():
                self._store.connection.execute(
                    "UPDATE publications SET done = ? WHERE id = ?", (done, self._id)
                )

    def _standing(self) -> int:
        row: tuple[int] | None = self._store.connection.execute(
            "SELECT g.row_count FROM publications p JOIN datasets d ON d.code = p.dataset"
            " JOIN generations g ON g.name = d.generation WHERE p.id = ?",
            (self._id,),
        ).fetchone()
        return row[0] if row else 0

    def _conclude(self, actor: Actor, report: Report, written: Written) -> str | None:
        """Flip or hold; gives the generation that was retired. Raises ``_Abandoned``."""
        try:
            if not report.why_held:
                try:
                    return self._go_live(actor, report, written)
                except flip.SenderSuspended:
                    # All of it was undone, the epoch too: holding is a change of its own.
                    report = replace(report, suspended=True)
            self._hold(actor, report, written)
        except OutOfOrder:
            raise
        except (Conflict, NotFound) as error:
            raise _Abandoned from error
        return None

    def _go_live(self, actor: Actor, report: Report, written: Written) -> str | None:
        with self._changes.change(actor) as change:
            flip.record_outcome(change, self._id, report, written)
            self._keep_profile(change)
            return flip.go_live(change, self._settings, self._id, released_by=None).retired

    def _hold(self, actor: Actor, report: Report, written: Written) -> None:
        with self._changes.change(actor, moves_epoch=False) as change:
            suspended = report.suspended or not flip.sender_stands(change.session, self._id)
            told = replace(report, suspended=suspended)
            flip.record_outcome(change, self._id, told, written)
            self._keep_profile(change)
            flip.hold(change, self._id)

    def _keep_profile(self, change: Change) -> None:
        if self._judging is not None:
            self._judging.keep(change)

    def _fail(self, staging: Staging, target: Target, why: str) -> None:
        # A full disk may have room again once what is unfinished is gone.
        self._sealer.close()
        target.undo()
        try:
            with self._changes.change(HUB, moves_epoch=False) as change:
                flip.give_up(change, self._id, "failed", why)
        except (Conflict, NotFound):
            pass
        staging.remove()

    def _sweep(self, staging: Staging, target: Target, retired: str | None) -> None:
        """Take away what the publication no longer needs; ``recover`` does what is left over."""
        self._sealer.close()
        target.settle(retired)
        remove_chunks(staging.root)
        if self._state()[0] == "live":
            folders = self._folder.staging
            for earlier in earlier_publications(self._store.connection, self._id, folders):
                staging.of(earlier).remove()


def run(root: Path, publication: str, lock: int | None = None) -> None:
    """Do the job of a publication, unless another process does.

    ``lock`` is the open and locked ``job.lock``, if the caller has it. Raises ``Unavailable`` if
    the ledger cannot be written; then the publication stands as it was.
    """
    folder = Folder(root)
    held = take_lock(folder.staging / publication) if lock is None else lock
    if held is None:
        return
    settings = load_settings(folder.settings)
    # The fork comes before any database or thread.
    sealer = Sealer.start(without=held)
    try:
        job = Job(folder, settings, sealer, publication, held)
        try:
            job.run()
        finally:
            job.close()
    finally:
        sealer.close()


def main(arguments: Sequence[str]) -> int:
    """The process; its exit status says whether the publication was left in a settled state."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--publication", required=True)
    parser.add_argument("--lock", type=int)
    given = parser.parse_args(arguments)
    os.nice(_NICENESS)
    try:
        run(given.folder, given.publication, given.lock)
    except Unavailable as error:
        _log.error("publication %s: %s", given.publication, error.code)
        return 1
    except (YifenError, Exception) as error:  # noqa: BLE001 told without its message, which may name somebody
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("publication %s: %s\n%s", given.publication, type(error).__name__, where)
        return 1
    return 0


if __name__ == "__main__":
    logging.basicConfig()
    sys.exit(main(sys.argv[1:]))
