"""What a hub publishes of its keys, and receipts and checkpoints checked against nothing else."""

from dataclasses import dataclass

from certs.canonical import Json
from certs.certificates import read_certificate
from certs.errors import ReceiptInvalid
from certs.keys import PublicKey
from certs.note import open_checkpoint, parse_vkey
from connectors.jwks import ReceiptKey, read_key_set, receipt_kid
from world.asking import Answer, Sent, check_receipt
from world.town import World


@dataclass(frozen=True)
class Published:
    """What anyone reads of a hub's keys."""

    receipts: dict[str, ReceiptKey]
    log: list[dict[str, Json]]

    @classmethod
    def of(cls, world: World) -> "Published":
        keys = world.http("GET", "/.well-known/jwks.json")
        about = world.http("GET", "/.well-known/yifen").document["ledger"]
        assert isinstance(about, dict)
        log = about["vkeys"]
        assert isinstance(log, list)
        return cls(read_key_set(keys.body), [one for one in log if isinstance(one, dict)])

    def receipt_key(self, kid: str) -> PublicKey:
        return read_certificate(self.receipts[kid].certificate).public

    def check(self, sent: Sent, answer: Answer) -> str:
        """Check a receipt under the published key that it names; gives the key's ``kid``."""
        assert answer.receipt is not None
        kid = receipt_kid(answer.receipt)
        if kid not in self.receipts:
            raise ReceiptInvalid(why="unknown-key")
        check_receipt(sent, answer, self.receipt_key(kid), kid)
        return kid

    def log_keys(self) -> list[tuple[str, PublicKey]]:
        """Names and keys of checkpoints, the newest first."""
        return [parse_vkey(str(one["vkey"])) for one in self.log]


def signers(note: str, keys: list[tuple[str, PublicKey]]) -> list[int]:
    """Which of ``keys`` have signed a note, by their places."""
    found = []
    for place, key in enumerate(keys):
        try:
            open_checkpoint(note, [key])
        except Exception:  # noqa: BLE001, S112 one that did not sign
            continue
        found.append(place)
    return found


def read_note(world: World) -> str:
    return world.http("GET", "/ledger/checkpoint").body.decode()
