"""Departments' clients that ask until they are told to stop: ``client.py ORDERS``.

Each is a thread with a connector of its own, which writes each receipt to its own journal, synced,
before it asks anything else. A client whose connection is lost goes on with the same question when
the hub is back. Standard input says at which ports the hub is to be met, one line each time it
changes; its end ends the process.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from crash.journal import Journal, Sent, Written
from world.asking import Answer, Gateway, Members, check_receipt
from world.asking import Sent as Signed
from world.town import SUBJECTS

from certs.canonical import canonical
from certs.certificates import read_certificate
from certs.encoding import b64u
from certs.keys import PrivateKey, PublicKey
from certs.receipts import verify_receipt
from certs.tree import leaf_hash
from connectors.jwks import ReceiptKey, read_key_set, receipt_kid
from connectors.jwks import check_receipt as check_chain

PATIENCE = 20.0
"""Seconds after which a hub that says nothing is taken for dead."""
PAUSE = 0.1
"""Seconds before a hub that is not there is asked again."""
LIFETIME = 300
"""Seconds that a signature lives: so that a replay is refused for its nonce and not its age."""
AGAIN, VERIFY, FETCH, REPLAY = 0.05, 0.1, 0.5, 0.15
"""How often an answered question is asked again, a claim is verified rather than an item looked
up, a receipt is fetched before the question is repeated, an accepted request is replayed."""
_LOOKUP = "/v1/datasets/resident/lookup"


@dataclass(frozen=True)
class Connector:
    """One client: its connector, the file of its key, and its journal."""

    urn: str
    keyid: str
    key: str
    journal: str


@dataclass(frozen=True)
class Orders:
    """What a client process is told."""

    address: str
    department: str
    hub: str
    root: str
    """The file of the hub's root certificate: the one thing of the hub that is believed."""
    seed: int
    connectors: tuple[Connector, ...]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Orders":
        raw = json.loads(path.read_text(encoding="utf-8"))
        connectors = tuple(Connector(**one) for one in raw.pop("connectors"))
        return cls(**raw, connectors=connectors)


@dataclass
class Question:
    """A question and what is known of it."""

    members: Members
    first: int | None = None
    """The index of its first entry, once known."""
    open: bool = False
    """Whether it went out and was not answered: it may have an entry or not."""

    @property
    def id(self) -> str:
        return str(self.members["request_id"])


@dataclass
class Targets:
    """Where the hub is to be met now; no port while it is not to be asked."""

    ports: tuple[int, ...] = ()
    ended: bool = False
    changed: threading.Event = field(default_factory=threading.Event)


class WrongError(Exception):
    """The hub did what it must not."""


class Client(threading.Thread):
    """Asks until told to stop; the first thing that is wrong is written down and ends it."""

    def __init__(self, orders: Orders, number: int, targets: Targets, keys: "Keys") -> None:
        super().__init__(daemon=True)
        connector = orders.connectors[number]
        key = PrivateKey.load(Path(connector.key))
        self._gateway = Gateway(
            connector.urn, orders.department, key, connector.keyid, orders.address, _now
        )
        self._keys = keys
        self._journal = Journal(Path(connector.journal))
        self._random = random.Random(f"{orders.seed} {number}")  # noqa: S311 no secrets
        self._targets = targets
        self._question: Question | None = None
        self._accepted: tuple[float, Signed] | None = None

    def run(self) -> None:
        """Ask, check, write down."""
        try:
            while not self._targets.ended:
                try:
                    with self._connection() as connection:
                        self._go_on(connection)
                except (HTTPException, OSError):
                    self._targets.changed.wait(PAUSE * self._random.uniform(0.5, 1.5))
        except (WrongError, AssertionError, Exception) as wrong:  # noqa: BLE001 whatever it is
            self._journal.fault(f"{self._gateway.urn}: {type(wrong).__name__}: {wrong}")
        finally:
            self._journal.close()

    @contextmanager
    def _connection(self) -> Iterator[HTTPConnection]:
        ports = self._targets.ports
        if not ports:
            raise ConnectionRefusedError
        connection = HTTPConnection("127.0.0.1", self._random.choice(ports), timeout=PATIENCE)
        try:
            yield connection
        finally:
            connection.close()

    def _go_on(self, connection: HTTPConnection) -> None:
        """Ask over one connection until it is lost or the hub moves."""
        ports = self._targets.ports
        if self._accepted is not None and self._random.random() < REPLAY:
            self._replay(connection, *self._accepted)
        if self._question is not None and self._question.open and self._random.random() < FETCH:
            self._fetch(connection, self._question)
        while not self._targets.ended and self._targets.ports == ports:
            self._question = self._question or self._next()
            answered = self._ask(connection, self._question)
            if not answered:
                self._targets.changed.wait(PAUSE)
            elif self._random.random() >= AGAIN:
                self._question = None

    def _next(self) -> Question:
        subject = {"id": self._random.choice(SUBJECTS), "type": "resident_id"}
        if self._random.random() < VERIFY:
            asked = self._gateway.question(subject=subject, claims={"sex": "1"})
        else:
            asked = self._gateway.question(subject=subject)
        return Question(asked)

    def _ask(self, connection: HTTPConnection, question: Question) -> bool:
        """Ask once; whether it was answered. Raises ``WrongError`` for what must not be."""
        path = _LOOKUP.replace("lookup", "verify") if "claims" in question.members else _LOOKUP
        body = canonical(question.members)
        sent = self._gateway.sign("POST", path, body, lifetime=LIFETIME)
        self._journal.sent(Sent(sent.signed.digest, question.id))
        before, question.open = question.open, True
        answer = _call(connection, sent)
        if answer.status in {429, 503}:
            return False
        if answer.status != 200:
            raise WrongError(f"{answer.status} {answer.body[:200]!r}")
        kid, public = self._keys.of(answer, connection)
        receipt, _ = check_receipt(sent, answer, public, kid)
        repeats = answer.control["repeats"]
        assert repeats is None or isinstance(repeats, int)
        self._check_repeats(question, repeats, unknown=before)
        name = answer.items.get("name") if "items" in question.members else None
        self._journal.received(
            Written(
                at=time.time(),
                position=receipt.first,
                leaf_hash=b64u(leaf_hash(canonical(answer.opening["leaf"]))),
                request=sent.signed.digest,
                question=question.id,
                repeats=repeats,
                name=None if name is None else str(name),
                fetched=False,
            )
        )
        question.first = receipt.first if repeats is None else repeats
        question.open = False
        self._accepted = (time.monotonic(), sent)
        return True

    def _check_repeats(self, question: Question, repeats: int | None, *, unknown: bool) -> None:
        """A repetition bears the index of the first; what was never asked before bears none."""
        if question.first is not None:
            if repeats != question.first:
                raise WrongError(f"repeats {repeats}, and the first stands at {question.first}")
        elif repeats is not None and not unknown:
            raise WrongError(f"a new question repeats {repeats}")

    def _fetch(self, connection: HTTPConnection, question: Question) -> None:
        """Ask for the receipt of a question whose answer was lost, before it is repeated."""
        sent = self._gateway.sign("GET", f"/v1/receipts/{question.id}", lifetime=LIFETIME)
        answer = _call(connection, sent)
        if answer.status == 404:
            if question.first is not None:
                raise WrongError(f"no receipt of a question that stands at {question.first}")
            return
        if answer.status != 200:
            return
        kid, public = self._keys.of(answer, connection)
        receipt = verify_receipt(answer.receipt or "", {kid: public})
        if question.first not in {None, receipt.first}:
            raise WrongError(f"a receipt of {receipt.first}, and the first is {question.first}")
        question.first = receipt.first
        self._journal.received(
            Written(
                at=time.time(),
                position=receipt.first,
                leaf_hash=b64u(leaf_hash(canonical(answer.opening["leaf"]))),
                request=receipt.request,
                question=question.id,
                repeats=None,
                name=None,
                fetched=True,
            )
        )

    def _replay(self, connection: HTTPConnection, at: float, sent: Signed) -> None:
        """Send an accepted request again, to the byte: it must be refused for its nonce."""
        if time.monotonic() - at > LIFETIME / 2:
            return
        answer = _call(connection, sent)
        self._accepted = None
        if answer.status in {429, 503}:
            return
        if (answer.status, answer.code) != (401, "replayed"):
            raise WrongError(f"a replay was answered {answer.status}")
        self._journal.refused()


class Keys:
    """The hub's receipt keys, fetched when a receipt names one that is not known yet."""

    def __init__(self, hub: str, root: bytes) -> None:
        self._hub, self._root = hub, root
        self._known: dict[str, ReceiptKey] = {}

    def of(self, answer: Answer, connection: HTTPConnection) -> tuple[str, PublicKey]:
        """Name and key of an answer's receipt, if its chain leads to the root."""
        token = answer.receipt or ""
        kid = receipt_kid(token)
        if kid not in self._known:
            connection.request("GET", "/.well-known/jwks.json")
            self._known = read_key_set(connection.getresponse().read())
        check_chain(token, self._known, root=self._root, hub=self._hub)
        return kid, read_certificate(self._known[kid].certificate).public


def _call(connection: HTTPConnection, sent: Signed) -> Answer:
    message = sent.message
    connection.request(message.method, sent.path, sent.body or None, dict(message.headers))
    response = connection.getresponse()
    told = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, told, response.read())


def _now() -> int:
    return time.time_ns() // 1_000_000


def main() -> None:
    """Follow standard input until it ends."""
    orders = Orders.read(Path(sys.argv[1]))
    keys = Keys(orders.hub, Path(orders.root).read_bytes())
    targets = Targets()
    clients = [Client(orders, n, targets, keys) for n in range(len(orders.connectors))]
    for client in clients:
        client.start()
    for line in sys.stdin:
        targets.ports = tuple(int(port) for port in line.split())
    targets.ended = True
    targets.changed.set()
    for client in clients:
        client.join(PATIENCE + 1)


if __name__ == "__main__":
    main()
