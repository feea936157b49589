"""Proofs over the published checkpoints, from the tiles."""

from dataclasses import dataclass

from certs.proof_file import ProofFile, write_proof
from certs.tree import consistency_proof, inclusion_proof
from hub.errors import NotFound
from hub.ledger.checkpoint import Published, newest, node_of
from hub.storage.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Proofs:
    """Answers for proofs up to the newest checkpoint; raises ``NotFound`` beyond it."""

    connection: Connection

    def checkpoint(self) -> Published:
        """The newest checkpoint."""
        published = newest(self.connection)
        if published is None:
            raise NotFound(what="checkpoint")
        return published

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of entry ``index`` in the tree of ``size`` (RFC 6962 §2.1.1)."""
        if not 0 <= index < size <= self.checkpoint().size:
            raise NotFound(what="entry")
        return inclusion_proof(index, size, self._node)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the tree of ``first`` is a prefix of ``second`` (RFC 6962 §2.1.2)."""
        if not 0 < first <= second <= self.checkpoint().size:
            raise NotFound(what="checkpoint")
        return consistency_proof(first, second, self._node)

    def file(self, index: int, head: Published) -> str:
        """The proof of entry ``index`` under a checkpoint, as a file (C2SP ``tlog-proof``).

        The leaf stands in it as ``extra``, for whoever has not fetched its bundle.
        """
        hashes = self.inclusion(index, head.size)
        (leaf,) = self.connection.execute(
            "SELECT leaf FROM entries WHERE position = ?", (index,)
        ).fetchone()
        return write_proof(ProofFile(index, tuple(hashes), head.note, leaf))

    def _node(self, level: int, index: int) -> bytes:
        return node_of(self.connection, level, index)
