"""Errors of the department's side.

YifenError
└── ConnectorError
    ├── HomeError                the connector's own folder
    │   ├── NotEnrolled          nothing has been enrolled there
    │   ├── AlreadyEnrolled      something has
    │   ├── HomeInsecure         other users of the machine may look in; fact path
    │   ├── SettingsBroken       connector.toml; facts file, place
    │   └── InvitationBroken     not an invitation of a hub; fact why
    ├── HubError                 the hub cannot be reached or makes no sense
    │   ├── AddressInsecure      plain HTTP to another machine
    │   ├── HubUnreachable       fact why
    │   └── HubUnintelligible    what came is not what the interface says; fact why
    ├── Refused                  the hub said no; carries its problem document
    ├── QuestionRefused          a question that we do not even send; fact why
    ├── Dishonest                something that should prove does not: an alarm
    │   ├── AnswerRefused        an answer that does not match the question; fact why
    │   │   ├── EntryTwice       one that has the entry of another; carries the other's receipt
    │   │   └── LedgerRestored   one under a later name of the ledger; facts old, new
    │   ├── EnrolmentRefused     not the hub of the invitation; fact why
    │   ├── LedgerForked         two checkpoints that cannot both be; facts old, new
    │   ├── ProofOverdue         a receipt's promise was not kept; facts entry, minutes
    │   └── EvidenceBroken       an evidence file that proves nothing; fact why
    ├── StoreError               receipts.db
    │   ├── SqliteTooOld         facts found, needed
    │   ├── StoreUnreadable      fact why
    │   ├── ReceiptUnknown       no such question or receipt
    │   ├── NotProven            a receipt without its proof; fact entry
    │   ├── CheckpointMissing    no checkpoint has been seen yet
    │   ├── QuestionTaken        another question has this identity
    │   └── AlarmUnknown         no such alarm
    ├── PublicationError         a publication that cannot be begun or gone on with
    │   ├── UploadBusy           another run publishes this dataset; fact dataset
    │   ├── UploadBroken         what is written down of an upload cannot be used; facts file, why
    │   ├── UploadNone           there is nothing to give up; fact dataset
    │   ├── UploadRestless       the source is another one each time it is read; fact file
    │   ├── PublicationRunning   one that is not ours; facts dataset, state, publication
    │   ├── ChangesMissing       change sets before this one; facts sequence, expected
    │   ├── ChangesTooEarly      nothing was published in full yet; fact dataset
    │   └── SnapshotOlder        than the changes that stand; fact sequence
    └── SourceError              a file or a query that cannot be published (``sources/errors.py``)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from certs.canonical import Json
from certs.errors import YifenError


class ConnectorError(YifenError):
    """Something on the department's side does not hold."""

    code = "connector-error"


class HomeError(ConnectorError):
    """The connector's own folder does not hold."""

    code = "connector-home"


class NotEnrolled(HomeError):
    """Nothing has been enrolled in this folder; fact ``path``."""

    code = "connector-not-enrolled"


class AlreadyEnrolled(HomeError):
    """The folder already holds an enrolled connector; fact ``path``."""

    code = "connector-already-enrolled"


class HomeInsecure(HomeError):
    """Others may look into the folder; fact ``path``."""

    code = "connector-home-insecure"


class SettingsBroken(HomeError):
    """``connector.toml`` cannot be read; facts ``file`` and ``place``."""

    code = "connector-settings-broken"


class InvitationBroken(HomeError):
    """Not an invitation of a hub; fact ``why``."""

    code = "connector-invitation-broken"


class HubError(ConnectorError):
    """The hub cannot be reached, or makes no sense."""

    code = "connector-hub"


class AddressInsecure(HubError):
    """Plain HTTP goes to this machine only; fact ``address``."""

    code = "connector-address-insecure"


class HubUnreachable(HubError):
    """No answer came; fact ``why``."""

    code = "connector-hub-unreachable"


class HubUnintelligible(HubError):
    """What came is not what the interface says; fact ``why``."""

    code = "connector-hub-unintelligible"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457) of the hub; texts by language."""

    code: str
    status: int
    title: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)


class Refused(ConnectorError):
    """The hub said no. ``problem`` is what it said; ``entry`` its index in the ledger, if proven.

    Without an ``entry`` nothing vouches for the refusal: it may be anybody's on the way.
    """

    code = "refused-by-hub"

    def __init__(self, problem: Problem, *, entry: int | None = None) -> None:
        super().__init__(problem=problem.code, status=problem.status)
        self.problem = problem
        self.entry = entry


class QuestionRefused(ConnectorError):
    """A question that is not even sent; fact ``why`` is a slug."""

    code = "connector-question-refused"


class Dishonest(ConnectorError):
    """Something that should prove does not: an alarm."""

    code = "connector-dishonest"


class AnswerRefused(Dishonest):
    """An answer that does not match what was asked; fact ``why`` names the check that failed."""

    code = "connector-answer-refused"


class EntryTwice(AnswerRefused):
    """An answer was promised an entry that another request or leaf was promised before.

    ``receipt`` (the token) and ``request_id`` are those of the other: with the new receipt it
    convicts whoever signed both.
    """

    def __init__(self, *, receipt: str, request_id: str) -> None:
        super().__init__(why="entry-twice")
        self.receipt = receipt
        self.request_id = request_id


class LedgerRestored(AnswerRefused):
    """The hub answers under a later name of its ledger; facts ``old`` and ``new``.

    It says that it has lost entries. Until a person has accepted that, nothing of it is believed.
    """

    code = "connector-ledger-restored"

    def __init__(self, *, old: str, new: str) -> None:
        super().__init__(why="origin", old=old, new=new)


class EnrolmentRefused(Dishonest):
    """What answered is not the hub of the invitation; fact ``why``."""

    code = "connector-enrolment-refused"


class LedgerForked(Dishonest):
    """Two checkpoints cannot both be true; facts ``old`` and ``new`` are their sizes."""

    code = "connector-ledger-forked"


class ProofOverdue(Dishonest):
    """The ledger does not show an entry that a receipt promised; facts ``entry``, ``minutes``."""

    code = "connector-proof-overdue"


class EvidenceBroken(Dishonest):
    """An evidence file does not prove what it says; fact ``why`` names the check that failed."""

    code = "connector-evidence-broken"


class StoreError(ConnectorError):
    """The store of receipts does not hold."""

    code = "connector-store"


class SqliteTooOld(StoreError):
    """Every SQLite library here has the WAL-reset bug; facts ``found`` and ``needed``."""

    code = "connector-sqlite-too-old"


class StoreUnreadable(StoreError):
    """``receipts.db`` cannot be used; fact ``why``."""

    code = "connector-store-unreadable"


class ReceiptUnknown(StoreError):
    """No such question or receipt is in the store."""

    code = "connector-receipt-unknown"


class CheckpointMissing(StoreError):
    """No checkpoint of the ledger has been seen and kept yet."""

    code = "connector-checkpoint-missing"


class QuestionTaken(StoreError):
    """Another question has this ``request_id``, or another asker has asked under it."""

    code = "connector-question-taken"


class AlarmUnknown(StoreError):
    """No such alarm is in the store."""

    code = "connector-alarm-unknown"


class NotProven(StoreError):
    """The receipt has no proof yet; fact ``entry``."""

    code = "connector-not-proven"


class PublicationError(ConnectorError):
    """A publication that cannot be begun, or not be gone on with."""

    code = "publication-error"


class UploadBusy(PublicationError):
    """Another run publishes this dataset from this folder; fact ``dataset``."""

    code = "publication-upload-busy"


class UploadBroken(PublicationError):
    """What was written down of an upload cannot be used; facts ``file`` and ``why``."""

    code = "publication-upload-broken"


class UploadNone(PublicationError):
    """No upload of this dataset was cut off here; fact ``dataset``."""

    code = "publication-upload-none"


class UploadRestless(PublicationError):
    """The source was another one each time that it was read; fact ``file``."""

    code = "publication-upload-restless"


class PublicationRunning(PublicationError):
    """One is running of which nothing is written down here.

    Facts ``dataset``, ``state`` and ``publication``, which is empty if it is another connector's.
    """

    code = "publication-running"


class ChangesMissing(PublicationError):
    """Change sets come before this one; facts ``sequence`` and ``expected``."""

    code = "publication-changes-missing"


class ChangesTooEarly(PublicationError):
    """Changes to what has never been published in full; fact ``dataset``."""

    code = "publication-changes-too-early"


class SnapshotOlder(PublicationError):
    """A snapshot does not contain all changes that stand; fact ``sequence`` is what it says."""

    code = "publication-snapshot-older"
