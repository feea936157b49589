"""How a receipt is read out of its row."""

from typing import TypeAlias
from zlib import decompress

from connectors.jwks import ReceiptKey
from connectors.question import Asking
from connectors.receipts.kept import Kept, State, split_proof

SELECT = """
    SELECT r.entry, r.origin, r.request, r.request_id, r.token, r.status, r.outcome, r.leaf,
        r.leaf_hash, r.opening, r.time, r.state, r.proof, r.checkpoint,
        k.kid, k.certificate, k.issuing, q.operation, q.dataset, r.entries
    FROM receipts r JOIN keys k USING (kid) JOIN questions q USING (request_id)
"""
Row: TypeAlias = tuple[
    *tuple[int, str, str, str, str, int, str],
    *tuple[bytes, bytes, bytes, int, State, bytes | None, str | None],
    *tuple[str, bytes, bytes, Asking, str, int],
]


def read_row(row: Row) -> Kept:
    """A row of ``SELECT``."""
    return Kept(
        entry=row[0],
        origin=row[1],
        request=row[2],
        request_id=row[3],
        token=row[4],
        status=row[5],
        outcome=row[6],
        leaf=row[7],
        leaf_hash=row[8],
        opening=row[9] if row[19] == 1 else decompress(row[9]),
        time=row[10],
        state=row[11],
        proof=None if row[12] is None else split_proof(row[12]),
        checkpoint=row[13],
        key=ReceiptKey(row[14], row[15], row[16]),
        operation=row[17],
        dataset=row[18],
        entries=row[19],
    )
