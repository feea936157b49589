"""Who signs checkpoints, as far as the log needs to know it (``hub/keys/ring.py`` knows it all)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from certs.keys import PrivateKey, PublicKey


class Signers(Protocol):
    """The keys of checkpoints: those that sign now, and every one that ever did."""

    def signing(self, epoch: int, now: int) -> Sequence[PrivateKey]:
        """Who signs at ``epoch`` and ``now`` (milliseconds): one, or two while they change."""

    def known(self) -> Sequence[PublicKey]:
        """Every key that ever signed a checkpoint of this log."""


@dataclass(frozen=True, slots=True)
class OneSigner:
    """A log with one key."""

    key: PrivateKey

    def signing(self, epoch: int, now: int) -> Sequence[PrivateKey]:  # noqa: ARG002 always the same
        """The one key."""
        return (self.key,)

    def known(self) -> Sequence[PublicKey]:
        """The one key."""
        return (self.key.public,)
