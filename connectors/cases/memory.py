"""What we remember of cases: on what each request of ours had one decided.

Acts name a case and a version, nobody in person; whom its entries must name then stands in what we
sent before, and nowhere else that we would believe.
"""

from collections.abc import Sequence
from typing import NamedTuple

from certs.canonical import Json, canonical
from connectors.cases.question import CaseQuestion, Said, read_said
from connectors.cases.rounds import Basis, as_opened
from connectors.receipts.ranges import openings_of
from connectors.receipts.store import ReceiptStore

_COLUMNS = "request_id, case_id, officer, asked, version"


class Remembered(NamedTuple):
    """One request by which a case was to be decided; ``version`` 0 until it was answered."""

    request_id: str
    case: str
    officer: str
    said: Said
    version: int


class Memory:
    """The table ``cases`` of ``receipts.db``."""

    def __init__(self, store: ReceiptStore) -> None:
        self._store = store

    def write(self, question: CaseQuestion, case: str, officer: str, said: Said) -> None:
        """Remember a request before it leaves."""
        self._store.change(
            f"INSERT OR IGNORE INTO cases ({_COLUMNS}) VALUES (?, ?, ?, ?, 0)",  # noqa: S608 no input
            question.request_id,
            case,
            officer,
            canonical(said.members()),
        )

    def answered(self, request_id: str, case: str, version: int) -> None:
        """Note that the newest decision of a case is that of a request, and its version."""
        self._store.change(
            "UPDATE cases SET case_id = ?, version = max(version, ?) WHERE request_id = ?",
            case,
            version,
            request_id,
        )

    def forget(self, request_id: str) -> None:
        """Forget a request that the hub refused."""
        self._store.change("DELETE FROM cases WHERE request_id = ?", request_id)
        self._store.forget_question(request_id)

    def of(self, case: str) -> list[Remembered]:
        """What we remember of a case, the oldest first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM cases WHERE case_id = ? ORDER BY rowid",  # noqa: S608 no input
            case,
        )
        return [_read(row) for row in rows]

    def by_request(self, request_id: str) -> list[Remembered]:
        """What we remember of one request."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM cases WHERE request_id = ?",  # noqa: S608 no input
            request_id,
        )
        return [_read(row) for row in rows]

    def lost(self, said: Said, officer: str) -> str | None:
        """The identity of an opening with the same content that was never answered."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM cases WHERE case_id = '' AND version = 0"  # noqa: S608 no input
            " ORDER BY rowid DESC"
        )
        asked = canonical(said.members())
        for row in rows:
            one = _read(row)
            if (canonical(one.said.members()), one.officer) == (asked, officer):
                return one.request_id
        return None

    def bases(self, remembered: Sequence[Remembered]) -> list[Basis]:
        """Every attempt at these requests, the newest first."""
        found = [
            Basis(
                one.request_id,
                self._store.question(one.request_id).dataset,
                attempt.request,
                attempt.created,
                one.officer,
                one.said,
            )
            for one in remembered
            for attempt in self._store.attempts(one.request_id)
            if attempt.round == 0
        ]
        return found[::-1]

    def openings(self, request: str) -> Sequence[Json] | None:
        """The openings that we kept of an R, as they were told."""
        rows = self._store.rows("SELECT request_id FROM receipts WHERE request = ?", request)
        for (request_id,) in rows:
            for kept in self._store.of_question(str(request_id)):
                if kept.request == request:
                    return as_opened(openings_of(kept))
        return None


def _read(row: tuple[str | int | bytes, ...]) -> Remembered:
    request_id, case, officer, asked, version = row
    said = asked if isinstance(asked, bytes) else b""
    return Remembered(str(request_id), str(case), str(officer), read_said(said), int(version))
