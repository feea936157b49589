"""A hub with every key that alters pages of feeds on their way, and signs them again."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from certs.canonical import canonical, parse
from certs.encoding import digest
from certs.receipts import Receipt, ReceiptSigner, key_thumbprint, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from world.asking import Members
from world.bridge import Bridge

Alter = Callable[[Members, Receipt], Receipt]


@dataclass
class Lying(Bridge):
    """A hub with every key that alters a page and signs it again."""

    alter: Alter | None = None
    lose: int = 0
    """Answers that are lost on the way."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if not request.url.path.endswith("/feed"):
            return answer
        if self.lose:
            self.lose -= 1
            raise httpx2.ConnectError("lost")
        return answer if self.alter is None else self._altered(answer)

    def _altered(self, answer: httpx2.Response) -> httpx2.Response:
        assert self.alter is not None
        answer.read()
        key = self.world.receipt_key
        kid = key_thumbprint(key.public)
        document = parse(answer.content, max_bytes=1 << 24, max_depth=12)
        assert isinstance(document, dict)
        receipt = verify_receipt(answer.headers["hub-receipt"], {kid: key.public})
        receipt = self.alter(document, receipt)
        hashes = [leaf_hash(canonical(one["leaf"])) for one in document["openings"]]  # type: ignore[index, union-attr, call-overload]
        body = canonical(document)
        receipt = receipt._replace(leaves=leaves_digest(hashes), body=digest(body))
        token = ReceiptSigner(key, kid).issue(receipt)
        headers = {"content-type": "application/json", "hub-receipt": token}
        return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(body))
