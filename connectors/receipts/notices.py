"""Notices that a value which we received was corrected, and which of our receipts hold it.

The hub opens them to us as entries of the ledger; they were proven when they were taken in
(``following.py``). A notice names positions of our department's entries: those that another
connector of it, or its console, asked have no receipt here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from certs.canonical import Json, parse
from certs.encoding import rfc3339
from certs.errors import Malformed
from connectors.errors import ReceiptUnknown
from connectors.question import KEPT_LIMIT
from connectors.receipts.log import KeptLog, OpenedEntry
from connectors.receipts.store import ReceiptStore

KIND = "notice"
_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Concerned:
    """A receipt of ours that holds the value; officer and case are from our own store."""

    entry: int
    request_id: str
    time: str
    operation: str
    officer: str = field(repr=False)
    case: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A correction: of which dataset, by whom, and where the value went.

    ``elsewhere`` are entries of our department that this connector has no receipt of.
    """

    entry: int
    time: str
    objection: str
    dataset: str
    provider: str
    receipts: tuple[Concerned, ...]
    elsewhere: tuple[int, ...]


def notices(store: ReceiptStore) -> list[Notice]:
    """Every notice that was opened to us, in order."""
    return [_notice(store, entry) for entry in KeptLog(store).opened_of(KIND)]


def _notice(store: ReceiptStore, opened: OpenedEntry) -> Notice:
    control = parse(opened.control, max_bytes=len(opened.control), max_depth=_DEPTH)
    state = control.get("state") if isinstance(control, dict) else None
    told: Mapping[str, Json] = state if isinstance(state, dict) else {}
    named = told.get("entries")
    receipts: list[Concerned] = []
    elsewhere: list[int] = []
    for position in named if isinstance(named, list) else []:
        if type(position) is not int:
            continue
        found = _concerned(store, position)
        if found is None:
            elsewhere.append(position)
        else:
            receipts.append(found)
    return Notice(
        entry=opened.entry,
        time=rfc3339(opened.time),
        objection=str(told.get("objection")),
        dataset=str(told.get("dataset")),
        provider=str(told.get("provider")),
        receipts=tuple(receipts),
        elsewhere=tuple(elsewhere),
    )


def _concerned(store: ReceiptStore, position: int) -> Concerned | None:
    """Our receipt of an entry, with what we asked; None if another asked it."""
    try:
        kept = store.entry(position)
        question = store.question(kept.request_id)
        asked = parse(question.body, max_bytes=KEPT_LIMIT, max_depth=_DEPTH)
    except (ReceiptUnknown, Malformed):
        return None
    members: Mapping[str, Json] = asked if isinstance(asked, dict) else {}
    subjects = members.get("subjects")
    one: Mapping[str, Json] = members
    if kept.operation == "batch" and isinstance(subjects, list):
        # A batch: its entries stand in the order of its subjects.
        found = subjects[position - kept.entry]
        one = found if isinstance(found, dict) else {}
    case = one.get("case")
    return Concerned(
        entry=position,
        request_id=kept.request_id,
        time=rfc3339(kept.time),
        operation=kept.operation,
        officer=str(members.get("officer")),
        case=None if case is None else str(case),
    )
