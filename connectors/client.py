"""The connector as a library: ask, verify, and have every answer proven.

with Connector.open(Path("~/.yifen/connector").expanduser()) as connector:
    answer = connector.lookup("resident", "resident_id", number, items=["name"],
                              purpose="…", officer="…")
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from pydantic import BaseModel, ConfigDict

from catalog.definition import Dataset
from certs.canonical import Json, canonical
from certs.proof_file import ProofFile, write_proof
from connectors import question as questions
from connectors.answers import (
    Answer,
    Verification,
    View,
    read_answer,
    read_verification,
    read_view,
)
from connectors.asking import Asking
from connectors.batch.answer import BatchAnswer, batch_answer
from connectors.batch.question import Subject, batch
from connectors.calls import Calls, read_model
from connectors.cases.cases import Cases
from connectors.clock import Clock, Sleep, system_clock, wait
from connectors.errors import HubUnintelligible, NotProven, QuestionRefused, StoreError
from connectors.feed.page import FeedPage, feed_page
from connectors.feed.question import MOST, KnownCases, feed
from connectors.grants import Grant
from connectors.home import Home, Identity, repin, waiting_key
from connectors.home import read as read_home
from connectors.joint.answer import JointAnswer, joint_answer
from connectors.joint.dossier import Dossier, Held, dossier_of, parts_of
from connectors.joint.question import Part, joint
from connectors.licences import Licences
from connectors.materials.filing import Ended, OnPiece, file_material
from connectors.materials.viewing import fetch_file, fetch_thumbnail
from connectors.objections import Objections
from connectors.receipts.evidence import Proven, export, verify_evidence
from connectors.receipts.following import Following
from connectors.receipts.log import KeptLog
from connectors.receipts.log_keys import LogKeys
from connectors.receipts.proofs import Progress, Proofs
from connectors.receipts.ranges import leaf_of, path_of
from connectors.receipts.store import Kept, ReceiptStore
from connectors.receipts.successor import Offer, Successor
from connectors.transport import Transport

MARKS = ("disputed", "repaired", "cleared")


class _Grants(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    grants: tuple[Grant, ...]


class _Definition(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    definition: Dataset
    department: str = ""
    """Whose it is; hubs before 0.2 did not say."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    entry: int


class Connector:
    """One enrolled connector; for one thread."""

    def __init__(
        self,
        identity: Identity,
        store: ReceiptStore,
        transport: Transport,
        *,
        home: Home | None = None,
        clock: Clock = system_clock,
        sleep: Sleep = wait,
    ) -> None:
        settings = identity.settings
        self.identity = identity
        self.receipts = store
        self.clock = clock
        self.sleep = sleep
        self.calls = Calls(transport, identity, sleep)
        self.objections = Objections(self.calls)
        self.asking = Asking(transport, self.calls, identity, store, clock)
        self.cases = Cases(self.asking, self.calls, store, clock)
        self.log_keys = LogKeys(
            transport,
            store,
            settings.ledger,
            hub=settings.hub,
            root=identity.root,
            clock=clock,
        )
        self.proofs = Proofs(
            transport, store, settings.ledger, clock, settings.proof_minutes, self.log_keys
        )
        self.following = Following(
            self.calls, identity, store, self.proofs, clock, partial(waiting_key, home)
        )
        self.successor = Successor(transport, store, settings, clock, self.log_keys)
        self._home = home
        self._transport = transport

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        clock: Clock = system_clock,
        sleep: Sleep = wait,
        http: httpx2.BaseTransport | None = None,
    ) -> Self:
        """The connector enrolled in ``home``; raises ``HomeError``, ``StoreError`` and so on."""
        identity = read_home(home)
        transport = Transport.of(identity.settings, clock, http)
        try:
            store = ReceiptStore(Home(home).receipts)
        except StoreError:
            transport.close()
            raise
        return cls(identity, store, transport, home=Home(home), clock=clock, sleep=sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and the store."""
        self._transport.close()
        self.receipts.close()

    def lookup(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        items: Sequence[str],
        purpose: str,
        officer: str,
        case: str | None = None,
        delegation: str | None = None,
    ) -> Answer:
        """What is on file; raises as ``Asking.ask`` does, or ``QuestionRefused``.

        ``delegation``: of the department under whose grants we ask; without it, under our own.
        """
        question = questions.lookup(
            dataset,
            subject_type,
            subject_id,
            items=items,
            purpose=purpose,
            officer=officer,
            case=case,
            delegation=delegation,
        )
        return read_answer(self.asking.ask(question), question)

    def batch(
        self,
        dataset: str,
        subjects: Sequence[Subject],
        *,
        items: Sequence[str],
        purpose: str,
        officer: str,
        delegation: str | None = None,
        request_id: str | None = None,
    ) -> BatchAnswer:
        """What is on file of up to 1,000 subjects, in their order; raises as ``lookup`` does.

        ``request_id``: of an earlier try, of another run too, with the same content.
        """
        question = batch(
            dataset,
            subjects,
            items=items,
            purpose=purpose,
            officer=officer,
            delegation=delegation,
            request_id=request_id,
        )
        checked = self.asking.ask_batch(question, before=request_id is not None)
        return batch_answer(checked, question)

    def page(
        self,
        dataset: str,
        cursor: str | None,
        *,
        purpose: str,
        officer: str,
        most: int = MOST,
        subjects: Sequence[Subject] | None = None,
        wait: int = 0,
        of_cases: bool = False,
        known: KnownCases | None = None,
    ) -> FeedPage | None:
        """What has changed since ``cursor``, or everything; None if nothing has within ``wait`` s.

        ``of_cases``: of the parties of our department's open cases, whom the hub knows. ``known``
        gives the numbers of those that we know; a page of any other is refused.
        Keep its cursor only once its changes are yours. Raises as ``lookup`` does.
        """
        question = feed(
            dataset,
            cursor,
            purpose=purpose,
            officer=officer,
            most=most,
            subjects=subjects,
            wait=wait,
            of_cases=of_cases,
            known=known,
        )
        checked = self.asking.ask_page(question)
        return None if checked is None else feed_page(checked, question)

    def verify(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        claims: Mapping[str, str],
        purpose: str,
        officer: str,
        case: str | None = None,
        delegation: str | None = None,
    ) -> Verification:
        """Whether every claim (value by item) is on file; raises as ``lookup`` does."""
        question = questions.verify(
            dataset,
            subject_type,
            subject_id,
            claims=claims,
            purpose=purpose,
            officer=officer,
            case=case,
            delegation=delegation,
        )
        return read_verification(self.asking.ask(question), question)

    def joint(
        self, parts: Sequence[Part], *, officer: str, request_id: str | None = None
    ) -> JointAnswer:
        """Several questions of one request, answered at one moment; raises as ``lookup`` does.

        ``request_id``: of an earlier try, of another run too, with the same content.
        """
        question = joint(parts, officer=officer, request_id=request_id)
        checked = self.asking.ask_joint(question, before=request_id is not None)
        return joint_answer(checked, question)

    def view(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        material: str,
        purpose: str,
        officer: str,
        case: str | None = None,
    ) -> View:
        """What a material of the subject is, proven; raises as ``lookup`` does.

        ``fetch`` then brings its file.
        """
        question = questions.view(
            dataset,
            subject_type,
            subject_id,
            material=material,
            purpose=purpose,
            officer=officer,
            case=case,
        )
        return read_view(self.asking.ask(question), question)

    def view_licence(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        *,
        licence: str,
        language: str | None = None,
        purpose: str,
        officer: str,
        case: str | None = None,
    ) -> View:
        """The file of a licence of the subject, by its identifier, proven; raises as ``lookup``.

        ``language`` is ``zh`` or ``en``; ``fetch`` then brings the file.
        """
        question = questions.view_licence(
            dataset,
            subject_type,
            subject_id,
            licence=licence,
            language=language,
            purpose=purpose,
            officer=officer,
            case=case,
        )
        return read_view(self.asking.ask(question), question)

    def fetch(self, view: View, path: Path) -> Path:
        """Write the file of a view to ``path``; raises as ``fetch_file`` does."""
        return fetch_file(self.calls, self.receipts, view, path, self.clock())

    def thumbnail(self, view: View) -> bytes:
        """The thumbnail of a view, a small JPEG; raises as ``fetch_file`` does."""
        return fetch_thumbnail(self.calls, self.receipts, view, self.clock())

    def file(
        self,
        dataset: str,
        subject_type: str,
        subject_id: str,
        path: Path,
        metadata: Mapping[str, Json],
        on_piece: OnPiece = lambda _done, _all: None,
    ) -> Ended:
        """File ``path`` as a material of the subject; raises as ``file_material`` does."""
        return file_material(
            self.calls, dataset, (subject_type, subject_id), path, dict(metadata), on_piece
        )

    def set_material(self, material: str, status: str) -> int:
        """Suspend, withdraw or open again a material of ours; gives the entry's index."""
        body = canonical({"status": status})
        answer = self.calls.call("PUT", f"/v1/materials/{material}/status", body)
        return read_model(answer, _Entry).entry

    @property
    def licences(self) -> Licences:
        """What our department does to licences."""
        return Licences(self.calls)

    def grants(self) -> tuple[Grant, ...]:
        """The grants to our department; raises ``Refused`` or ``HubError``."""
        return read_model(self.calls.call("GET", "/v1/grants"), _Grants).grants

    def dossier(
        self, subject: Subject, *, purpose: str, officer: str, request_id: str | None = None
    ) -> Dossier:
        """All that our grants allow about one subject, by family; raises as ``lookup`` does."""
        parts = parts_of(self.grants(), self.held, subject, purpose, self.clock())
        asked = [part for _, part in parts]
        return dossier_of(parts, self.joint(asked, officer=officer, request_id=request_id))

    def definition(self, dataset: str) -> Dataset:
        """The definition of a dataset that is ours or granted to us."""
        return self.held(dataset).definition

    def held(self, dataset: str) -> Held:
        """A dataset that is ours or granted to us, and whose it is."""
        if not questions.is_code(dataset):
            raise QuestionRefused(why="dataset")
        answer = self.calls.call("GET", f"/v1/datasets/{dataset}")
        found = read_model(answer, _Definition)
        if found.definition.code != dataset:
            raise HubUnintelligible(why="definition")
        return Held(found.definition, found.department)

    def mark(self, dataset: str, kind: str, subject_type: str, subject_id: str, row: str) -> int:
        """Mark a row of our own dataset; gives the index of the mark's entry.

        ``kind`` is ``disputed``, ``repaired`` or ``cleared``; ``row`` is the row's key.
        """
        if not questions.is_code(dataset):
            raise QuestionRefused(why="dataset")
        if kind not in MARKS:
            raise QuestionRefused(why="mark")
        value: Json = {
            "kind": kind,
            "row": row,
            "subject": {"id": subject_id, "type": subject_type},
        }
        return read_model(self.calls.post(f"/v1/datasets/{dataset}/marks", value), _Entry).entry

    def recover(self, request_id: str) -> Kept:
        """The receipt of a question whose answer was lost."""
        return self.asking.recover(request_id)

    def prove(self) -> Progress:
        """Fetch the proofs that are due; raises ``LedgerForked`` or ``ProofOverdue``."""
        return self.proofs.fetch()

    def follow(self) -> int:
        """Take in the entries opened to us since the last time; gives how many.

        Raises ``CertificateNotAsked`` or ``OpenedBroken``.
        """
        return self.following.fetch()

    def accept(self, offer: Offer, *, although_unbound: bool = False) -> None:
        """Follow the ledger under its later name from the next start on.

        Raises ``RestoreUnproven`` if the restore does not account for what we hold.
        """
        self.successor.accept(offer, although_unbound=although_unbound)
        if self._home is not None:
            repin(self._home, offer.pin)

    def export(self, kept: Kept) -> bytes:
        """The evidence file of a receipt; its proof is one that the pinned witnesses cosigned."""
        proven = self.proofs.under_witnesses(kept)
        return export(self.receipts, proven, self.asking.trust, self.log_keys)

    def proof_file(self, kept: Kept, entry: int | None = None) -> str:
        """The proof of a receipt's entry as a ``.tlog-proof``; raises ``NotProven``.

        ``entry``: which of a batch; without it the first one.
        """
        proven = self.proofs.under_witnesses(kept)
        if proven.proof is None or proven.checkpoint is None:
            raise NotProven(entry=kept.entry)
        index = proven.entry if entry is None else entry
        return write_proof(
            ProofFile(
                index, path_of(proven, index), proven.checkpoint, extra=leaf_of(proven, index)
            )
        )

    def verify_evidence(self, data: bytes) -> Proven:
        """What an evidence file of this hub proves; raises ``EvidenceBroken``."""
        ledger = self.identity.settings.ledger
        lineage = KeptLog(self.receipts).lineage(ledger.origin)
        keys = tuple(key.public for key in self.log_keys.known())
        return verify_evidence(
            data, trust=self.asking.trust, ledger=ledger, lineage=lineage, known=keys
        )
