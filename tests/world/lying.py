"""A hub with every key that alters answers of several entries, and signs them again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from certs.canonical import canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt, ReceiptSigner, key_thumbprint, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from connectors.client import Connector
from world.asking import Members
from world.bridge import Bridge, enrolled, opened
from world.retold_cases import dicts
from world.town import World

Alter = Callable[[Members, Receipt], Receipt]
"""Changes the answer's document, and gives the receipt that promises it."""
AlterLists = Callable[[list[Members], list[Members], Receipt], Receipt]
"""The same of its results and its openings, one of each an entry."""


@dataclass
class Lying(Bridge):
    """Alters answers of one path and signs them again."""

    at: str = ""
    """How the path ends."""
    alter: Alter | None = None
    lose: int = 0
    """Answers that are lost on the way."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if not request.url.path.endswith(self.at):
            return answer
        if self.lose:
            self.lose -= 1
            raise httpx2.ConnectError("lost")
        return answer if self.alter is None else self._altered(answer, self.alter)

    def _altered(self, answer: httpx2.Response, alter: Alter) -> httpx2.Response:
        answer.read()
        key = self.world.receipt_key
        kid = key_thumbprint(key.public)
        document = parse(answer.content, max_bytes=1 << 24, max_depth=12)
        assert isinstance(document, dict)
        receipt = verify_receipt(answer.headers["hub-receipt"], {kid: key.public})
        receipt = alter(document, receipt)
        hashes = [leaf_hash(canonical(one["leaf"])) for one in dicts(document["openings"])]
        body = canonical(document)
        receipt = receipt._replace(leaves=leaves_digest(hashes), body=digest(body))
        token = ReceiptSigner(key, kid).issue(receipt)
        headers = {"content-type": "application/json", "hub-receipt": token}
        return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(body))


def of_lists(attack: AlterLists) -> Alter:
    """An attack on results and openings alone."""

    def alter(document: Members, receipt: Receipt) -> Receipt:
        results, openings = dicts(document["results"]), dicts(document["openings"])
        receipt = attack(results, openings, receipt)
        document |= {"results": [*results], "openings": [*openings]}
        return receipt

    return alter


def before_a_liar(world: World, home: Path, at: str) -> tuple[Lying, Connector]:
    """An enrolled connector, and the hub that lies to it."""
    _, first = enrolled(world, home)
    first.close()
    bridge = Lying(world, at=at)
    return bridge, opened(world, home, bridge)
