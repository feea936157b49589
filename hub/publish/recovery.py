"""What a hub does about publications when it starts: resume them or take every trace away.

Other processes of the hub may serve by then: what has begun or ended meanwhile is left alone.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from hub.clock import DAY
from hub.errors import Conflict
from hub.keys.register import Unchanged
from hub.ledger.change import HUB, Changes
from hub.publish import flip
from hub.publish.processes import Jobs, take_lock
from hub.publish.staging import remove_chunks, touched
from hub.publish.sweep import remove_generation, standing_generations, stored_generations
from hub.publish.tidying import tidy_all
from hub.storage.folder import Folder
from hub.storage.sqlite import Connection
from hub.storage.tables import PublicationRow

ABANDONED_AFTER = DAY
"""Milliseconds after which an upload that nobody completes is discarded."""


def recover(folder: Folder, connection: Connection, changes: Changes, jobs: Jobs, now: int) -> None:
    """Resume complete uploads, discard old ones, delete what belongs to nothing.

    Publications with a running job are left alone: it outlives the hub that started it.
    """
    unfinished = connection.execute(
        "SELECT id, state, created FROM publications WHERE state IN ('receiving', 'checking')"
    ).fetchall()
    for publication, state, created in unfinished:
        if state == "receiving":
            _recover_upload(folder, changes, publication, created, now)
        elif not (folder.staging / publication).exists():
            _end(folder, changes, publication, "failed", "staging-lost")
        else:
            jobs.start(publication)
    # In this order: a generation is entered before its file is made.
    files = stored_generations(folder)
    standing = standing_generations(connection)
    for name in files - standing:
        remove_generation(folder, name)
    tidy_all(folder, connection)
    _sweep_staging(folder, connection, changes)


def _recover_upload(
    folder: Folder, changes: Changes, publication: str, created: int, now: int
) -> None:
    """Discard an old upload; of a younger one only what a dead job left goes."""
    root = folder.staging / publication
    lock = take_lock(root)
    if lock is None and root.exists():
        return
    try:
        if lock is None or now - max(created, touched(root)) >= ABANDONED_AFTER:
            _end(folder, changes, publication, "discarded", None)
            return
        with changes.change(HUB, moves_epoch=False) as change:
            row = flip.publication_in(change.session, publication)
            generation = row.generation
            flip.forget_generation(change, row)
        remove_generation(folder, generation)
    finally:
        if lock is not None:
            os.close(lock)


def _end(
    folder: Folder, changes: Changes, publication: str, state: str, failure: str | None
) -> None:
    # It may have ended meanwhile, as it should.
    with suppress(Conflict):
        with changes.change(HUB, moves_epoch=False) as change:
            generation = flip.give_up(change, publication, state, failure)
        remove_generation(folder, generation)
        shutil.rmtree(folder.staging / publication, ignore_errors=True)


def _sweep_staging(folder: Folder, connection: Connection, changes: Changes) -> None:
    """Take away uploads that have ended, and folders of which nothing is known."""
    unknown: list[Path] = []
    for root in folder.staging.iterdir():
        found = connection.execute(
            "SELECT state FROM publications WHERE id = ?", (root.name,)
        ).fetchone()
        state = found[0] if found else None
        if state is None:
            unknown.append(root)
        elif state in {"held", "live", "discarded"}:
            remove_chunks(root)
        elif state not in {"receiving", "checking"}:
            shutil.rmtree(root, ignore_errors=True)
    if unknown:
        _remove_unknown(changes, unknown)


def _remove_unknown(changes: Changes, roots: list[Path]) -> None:
    """Take folders away that belong to nothing.

    Asked under the lock: whoever begins an upload makes its folder there, and its row is seen only
    afterwards.
    """
    with suppress(Unchanged), changes.change(HUB, moves_epoch=False) as change:
        for root in roots:
            if change.session.get(PublicationRow, root.name) is None:
                shutil.rmtree(root, ignore_errors=True)
        raise Unchanged
