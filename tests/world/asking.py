"""A department's connector as the hub meets it: its key, its certificate, and what it signs."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, digest
from certs.keys import PrivateKey, PublicKey
from certs.leaf import Leaf, check_part, read_leaf
from certs.receipts import Receipt, leaves_digest, verify_receipt
from certs.signatures import Message, Signed, sign_request
from certs.tree import leaf_hash

Members: TypeAlias = "dict[str, Json]"
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Sent:
    """A signed request."""

    message: Message
    body: bytes
    signed: Signed

    @property
    def path(self) -> str:
        return "/" + self.message.target_uri.split("/", 3)[3]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Members:
        value = parse(self.body, max_bytes=1 << 24, max_depth=20)
        assert isinstance(value, dict)
        return value

    @property
    def code(self) -> str:
        return str(self.document["code"])

    @property
    def result(self) -> Members:
        return the_only(self.document["results"])

    @property
    def opening(self) -> Members:
        return the_only(self.document["openings"])

    @property
    def control(self) -> Members:
        control = self.opening["control"]
        assert isinstance(control, dict)
        return control

    @property
    def items(self) -> Members:
        """The items of the one record."""
        items = the_only(self.result["records"])["items"]
        assert isinstance(items, dict)
        return items

    @property
    def receipt(self) -> str | None:
        return self.headers.get("hub-receipt")


def the_only(value: Json) -> Members:
    """The one object of a list."""
    assert isinstance(value, list)
    assert len(value) == 1
    assert isinstance(value[0], dict)
    return value[0]


def check_receipt(sent: Sent, answer: Answer, key: PublicKey, kid: str) -> tuple[Receipt, Leaf]:
    """Recompute from the question all that the receipt binds (``protocol.md``, *The connector*)."""
    assert answer.receipt is not None
    receipt = verify_receipt(answer.receipt, {kid: key})
    leaf = read_leaf(canonical(answer.opening["leaf"]))
    question = parse(sent.body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(question, dict)
    person = {name: question[name] for name in ("case", "officer", "subject")}
    assert receipt.request == sent.signed.digest == answer.control["R"]
    assert receipt.status == answer.status
    assert receipt.content_type == answer.headers["content-type"]
    assert receipt.body == digest(answer.body)
    assert receipt.entries == 1
    assert receipt.leaves == leaves_digest([leaf_hash(canonical(answer.opening["leaf"]))])
    check_part("control", leaf, str(answer.opening["control_salt"]), answer.control)
    check_part("person", leaf, str(answer.opening["person_salt"]), person)
    assert answer.control["a"] == digest(canonical(answer.result))
    return receipt, leaf


@dataclass(frozen=True)
class Gateway:
    """An enrolled connector; ``clock`` is the department's own."""

    urn: str
    department: str
    key: PrivateKey
    keyid: str
    address: str
    clock: Callable[[], int]

    def question(self, **members: Json) -> Members:
        """A question that the town's grant covers, with some members changed."""
        from world.town import PURPOSE, SUBJECTS  # noqa: PLC0415 the town has gateways

        asked: Members = {
            "case": None,
            "items": ["name", "sex"],
            "officer": f"{self.department}.officer",
            "purpose": PURPOSE,
            "request_id": b64u(os.urandom(16)),
            "subject": {"id": SUBJECTS[0], "type": "resident_id"},
        }
        if "claims" in members:
            del asked["items"]
        return asked | members

    def lookup(self, *, dataset: str = "resident", **members: Json) -> Sent:
        """A signed lookup."""
        path = f"/v1/datasets/{dataset}/lookup"
        return self.sign("POST", path, canonical(self.question(**members)))

    def verify(self, claims: Json, *, dataset: str = "resident", **members: Json) -> Sent:
        """A signed verification."""
        path = f"/v1/datasets/{dataset}/verify"
        return self.sign("POST", path, canonical(self.question(claims=claims, **members)))

    def sign(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = JSON_TYPE,
        late: int = 0,
        lifetime: int = 60,
        nonce: bytes | None = None,
        keyid: str | None = None,
    ) -> Sent:
        """A signed request; ``late`` seconds put its time off, ``lifetime`` is in seconds."""
        created = self.clock() // 1000 + late
        headers = {"content-type": content_type} if body else {}
        message = Message(method, self.address + path, headers)
        added, signed = sign_request(
            self.key,
            keyid or self.keyid,
            message,
            body,
            created=created,
            expires=created + lifetime,
            nonce=nonce or os.urandom(16),
        )
        return Sent(Message(method, message.target_uri, headers | added), body, signed)
