"""Publications: begun, received and completed by a connector, decided on by a steward.

Everything here is quick; checking and sealing are done by a job in a process of its own.
"""

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from typing import NamedTuple

from catalog.definition import load
from certs.canonical import Json
from certs.encoding import digest as digest_of
from certs.encoding import rfc3339
from certs.sealing import KEY_BYTES, SealingKey, Wrapping
from hub.access.standing_stops import STOPPED
from hub.clock import Clock
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor, Changes
from hub.ledger.store import LedgerStore
from hub.publish import flip, held
from hub.publish import sequence as order
from hub.publish.begun import (
    Begun,
    begun_before,
    make_room,
    require_columns,
    require_same,
    standing_of,
)
from hub.publish.operations import CHANGES, FULL, MODES
from hub.publish.processes import Jobs
from hub.publish.recovery import recover
from hub.publish.rejections import Rejections
from hub.publish.staging import MAX_CHUNKS, Staging, key_context, remove_chunks
from hub.publish.sweep import earlier_publications, remove_generation
from hub.settings import Settings
from hub.storage.folder import Folder
from hub.storage.sqlite import connect
from hub.storage.tables import DatasetRow, PublicationRow

MAX_ROWS = 2**40
MAX_SEQUENCE = 2**53
"""What any JSON library still counts exactly."""
_SHOWN = frozenset({"held", "live"})
_READ_ONLY = "PRAGMA query_only=ON"


class _Known(NamedTuple):
    """What is asked of a publication again and again."""

    dataset: str
    department: str
    connector: str
    key: bytes
    state: str


class Publications:
    """The publications of one hub."""

    def __init__(
        self,
        folder: Folder,
        settings: Settings,
        store: LedgerStore,  # noqa: ARG002 every part of a hub is made alike; ``changes`` has it
        changes: Changes,
        master: Wrapping,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._changes = changes
        self._master = master
        self._clock = clock
        # A connection of its own: what is read here must not fall into another's transaction.
        self._reading = connect(folder.control)
        self._reading.execute(_READ_ONLY)
        self._jobs = Jobs(folder.root, folder.staging)

    def close(self) -> None:
        """End running jobs; the next ``recover`` takes up what they were doing."""
        self._jobs.close()
        self._reading.close()

    def begin(
        self,
        dataset: str,
        columns: Sequence[str],
        source_rows: int | None,
        *,
        connector: str,
        keyid: str,
        department: str,
        mode: str = FULL,
        sequence: int | None = None,
        token: str | None = None,
    ) -> Begun:
        """Open a publication of these items, in the order of the columns.

        ``keyid`` is the certificate that asks: it must still stand when the publication goes
        live. With the ``token`` of one that this connector has begun, it gives that one again.
        Raises ``NotFound`` for the dataset, also to other departments than its own,
        ``Unprocessable`` for what was asked, ``OutOfOrder`` for its number, and ``Conflict`` while
        another one is running.
        """
        if source_rows is not None and not 0 <= source_rows < MAX_ROWS:
            raise Unprocessable(why="source-rows")
        if mode not in MODES or (sequence is not None and not 0 <= sequence < MAX_SEQUENCE):
            raise Unprocessable(why="mode" if mode not in MODES else "sequence")
        publication = f"p-{secrets.token_hex(8)}"
        key = os.urandom(KEY_BYTES)
        staging = Staging(self._folder.staging / publication, publication, SealingKey(key))
        actor = Actor("connector", connector=connector, department=department)
        with self._changes.change(actor, moves_epoch=False) as change:
            row = change.session.get(DatasetRow, dataset)
            if row is None or row.department != department:
                # Whether another department has such a dataset is nobody's business.
                raise NotFound(what="dataset")
            definition = load(row.definition, dataset)
            if definition.source != "copied":
                raise Unprocessable(why="dataset-of-materials")
            if row.status == STOPPED:
                raise Conflict(why="stopped")
            require_columns(definition, columns)
            begun = begun_before(change.session, connector, dataset, token)
            if begun is not None:
                require_same(begun, columns, mode, sequence)
                return self._begun(begun, new=False)
            order.require_new(mode, sequence, row.sequence)
            silent = make_room(change, self._folder, dataset, connector)
            number = order.number_of(mode, sequence, row.sequence)
            if mode == CHANGES:
                standing = order.require_changeable(row, standing_of(change.session, row))
                flip.require_layout(change.session, digest_of(row.definition), standing)
            order.require_next(mode, number, row.sequence)
            staging.create(change.time)
            begun = PublicationRow(
                id=publication,
                dataset=dataset,
                connector=connector,
                keyid=keyid,
                columns=" ".join(columns),
                key=self._master.wrap(key, key_context(publication)),
                state="receiving",
                created=change.time,
                total=source_rows or 0,
                mode=mode,
                sequence=number,
                token=token,
                definition=digest_of(row.definition),
            )
            change.session.add(begun)
            given = self._begun(begun, new=True)
        for other_id, generation in silent:
            remove_generation(self._folder, generation)
            shutil.rmtree(self._folder.staging / other_id, ignore_errors=True)
        return given

    def _begun(self, row: PublicationRow, *, new: bool) -> Begun:
        limit = self._settings.limits.chunk_bytes
        return Begun(row.id, limit, row.state, row.sequence, new)

    def receive(self, publication: str, number: int, data: bytes, *, connector: str) -> int:
        """Keep one chunk, durably, and let a job follow; gives its number.

        The same chunk may come again. Raises ``Conflict`` for other bytes under its number or
        after the upload has ended, ``Unprocessable`` for what is no chunk.
        """
        known = self._own(publication, connector)
        staging = self._staging(publication, known)
        if known.state == "receiving":
            staging.receive(number, data, limit=self._settings.limits.chunk_bytes)
            staging.touch(self._clock())
            self._jobs.start(publication)
        elif not (known.state == "checking" and staging.has(number)):
            raise Conflict(why=f"publication-{known.state}")
        else:
            # The answer to this chunk was lost, and the one to ``complete`` too.
            staging.receive(number, data, limit=self._settings.limits.chunk_bytes)
        return number

    def received(self, publication: str, *, connector: str) -> list[tuple[int, bytes]]:
        """Number and SHA-256 of each chunk that is durably here; none once it has ended.

        Raises ``NotFound``, or ``Forbidden`` for what another connector began.
        """
        known = self._own(publication, connector)
        if known.state not in {"receiving", "checking"}:
            return []
        return self._staging(publication, known).received()

    def complete(self, publication: str, chunks: int, digest: str, *, connector: str) -> None:
        """The upload has ended: so many chunks, and the digest over their digests.

        Asked again it says the same again. Raises ``Unprocessable`` if chunks are missing or
        differ, ``Conflict`` if the publication was given up.
        """
        known = self._own(publication, connector)
        if not 0 <= chunks <= MAX_CHUNKS:
            raise Unprocessable(why="chunk-number")
        if known.state == "receiving":
            self._staging(publication, known).require_complete(chunks, digest)
        with self._changes.change(Actor("connector", connector=connector), moves_epoch=False) as (
            change
        ):
            row = flip.publication_in(change.session, publication)
            if row.state != "receiving" and row.chunks != chunks:
                raise Conflict(why=f"publication-{row.state}")
            if row.state == "receiving":
                row.state = "checking"
                row.chunks = chunks
                change.session.add(row)
        if row.state == "checking":
            self._jobs.start(publication)

    def status(self, publication: str, *, department: str) -> dict[str, Json]:
        """What has become of it, as the interface shows it; raises ``NotFound``, ``Forbidden``."""
        self._known(publication, department)
        self._look_after(publication)
        dataset, state, done, total, report, generation, failure, mode, sequence = (
            self._reading.execute(
                "SELECT dataset, state, done, total, report, generation, failure, mode, sequence"
                " FROM publications WHERE id = ?",
                (publication,),
            ).fetchone()
        )
        found: Json = json.loads(report) if report else None
        return {
            "dataset": self._settings.full(dataset),
            "failure": failure,
            "generation": generation if state in _SHOWN else None,
            "mode": mode,
            "progress": {"done": done, "total": total or None},
            "publication": publication,
            "report": found,
            "sequence": sequence,
            "state": state,
        }

    def listing(self, *, department: str) -> list[dict[str, Json]]:
        """Every publication of a department's datasets, newest first."""
        rows = self._reading.execute(
            "SELECT p.id FROM publications p JOIN datasets d ON d.code = p.dataset"
            " WHERE d.department = ? ORDER BY p.created DESC, p.rowid DESC",
            (department,),
        ).fetchall()
        return [self.status(publication, department=department) for (publication,) in rows]

    def rejections(
        self,
        publication: str,
        after: int,
        limit: int,
        *,
        department: str,
        warnings: bool = False,
    ) -> list[dict[str, Json]]:
        """Rejected rows with numbers above ``after``, in order: row, item and reason.

        Or instead of them the accepted rows that break a rule, marked as warnings.
        They are there once the publication is held, live or discarded, and until a later one of
        the dataset is live. Raises ``NotFound``, ``Forbidden``.
        """
        known = self._known(publication, department)
        if known.state not in {"held", "live", "discarded"}:
            return []
        root = self._folder.staging / publication / "rejections"
        found = Rejections(root, publication, self._key(publication, known)).read(
            after, limit, warnings=warnings
        )
        marked: dict[str, Json] = {"severity": "warn"} if warnings else {}
        return [rejection.to_json() | marked for rejection in found]

    def release(self, publication: str, actor: Actor) -> None:
        """A steward lets a held publication go live; raises ``Forbidden``, ``Conflict``."""
        flipped = held.release(self._changes, self._settings, publication, actor)
        remove_generation(self._folder, flipped.retired)
        self._tidy(publication)
        for earlier in earlier_publications(self._reading, publication, self._folder.staging):
            shutil.rmtree(self._folder.staging / earlier, ignore_errors=True)

    def discard(self, publication: str, actor: Actor) -> None:
        """A steward gives up a publication that is not live; raises ``Forbidden``, ``Conflict``.

        What stood before stands on. A running job sees it and goes.
        """
        generation = held.discard(self._changes, self._settings, publication, actor)
        remove_generation(self._folder, generation)
        remove_chunks(self._folder.staging / publication)
        self._tidy(publication)

    def withdraw(self, publication: str, *, connector: str) -> None:
        """A connector gives up what it was sending; asked again it says the same again.

        Raises ``NotFound``, ``Forbidden`` for another connector's, ``Conflict`` after the upload
        has ended.
        """
        self._own(publication, connector)
        with self._changes.change(Actor("connector", connector=connector), moves_epoch=False) as (
            change
        ):
            row = flip.publication_in(change.session, publication, {"receiving", "discarded"})
            if row.state == "discarded":
                return
            generation = flip.give_up(change, publication, "discarded")
        remove_generation(self._folder, generation)
        remove_chunks(self._folder.staging / publication)
        self._tidy(publication)

    def standing(self, dataset: str, *, department: str) -> dict[str, Json]:
        """What stands of a dataset of a department's own; raises ``NotFound``."""
        row = self._reading.execute(
            "SELECT d.generation, d.version, d.sequence, d.as_of, coalesce(g.row_count, 0)"
            " FROM datasets d LEFT JOIN generations g ON g.name = d.generation"
            " WHERE d.code = ? AND d.department = ?",
            (dataset, department),
        ).fetchone()
        if row is None:
            raise NotFound(what="dataset")
        generation, version, sequence, as_of, rows = row
        return {
            "as_of": rfc3339(as_of) if generation else None,
            "dataset": self._settings.full(dataset),
            "generation": generation,
            "rows": rows,
            "sequence": sequence,
            "version": version,
        }

    def _tidy(self, publication: str) -> None:
        """Let a job take away what a change set has ended, or what was written in vain."""
        row = self._reading.execute(
            "SELECT mode FROM publications WHERE id = ?", (publication,)
        ).fetchone()
        if row is not None and row[0] == CHANGES:
            self._jobs.start(publication)

    def recover(self) -> None:
        """At the start of a hub: resume what was cut off, or take every trace of it away."""
        recover(self._folder, self._reading, self._changes, self._jobs, self._clock())

    def wait(self, publication: str, timeout: float | None = None) -> None:
        """Wait for the job that this process runs for a publication, if it runs one."""
        self._jobs.wait(publication, timeout)

    def _look_after(self, publication: str) -> None:
        """Start the job anew if ours was cut off; after the third time let it be ``failed``."""
        if not self._jobs.died(publication):
            return
        if not self._jobs.spent(publication):
            self._jobs.start(publication)
            return
        with self._changes.change(Actor("hub"), moves_epoch=False) as change:
            row = flip.publication_in(change.session, publication)
            if row.state not in {"receiving", "checking"}:
                return
            generation = flip.give_up(change, publication, "failed", "job-died")
        remove_generation(self._folder, generation)
        shutil.rmtree(self._folder.staging / publication, ignore_errors=True)

    def _own(self, publication: str, connector: str) -> _Known:
        known = self._known(publication)
        if known.connector != connector:
            raise Forbidden(what="publication")
        return known

    def _known(self, publication: str, department: str | None = None) -> _Known:
        row = self._reading.execute(
            "SELECT p.dataset, d.department, p.connector, p.key, p.state FROM publications p"
            " JOIN datasets d ON d.code = p.dataset WHERE p.id = ?",
            (publication,),
        ).fetchone()
        if row is None:
            raise NotFound(what="publication")
        known = _Known(*row)
        if department is not None and known.department != department:
            raise Forbidden(what="publication")
        return known

    def _key(self, publication: str, known: _Known) -> SealingKey:
        return SealingKey(self._master.unwrap(known.key, key_context(publication)))

    def _staging(self, publication: str, known: _Known) -> Staging:
        key = self._key(publication, known)
        return Staging(self._folder.staging / publication, publication, key)
