"""A hub in miniature, with real keys, certificates and a real log, that can be made to lie.

It speaks the interface over the HTTP library's own seam. Each lie is one function that changes
one thing after everything before it was done honestly.
"""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from catalog.definition import bundled
from certs.authority import Authority
from certs.canonical import Json, canonical, parse
from certs.certificates import read_certificate
from certs.cosignature import cosign
from certs.encoding import b64u, digest, rfc3339, sha256
from certs.keys import PrivateKey, PublicKey, generate
from certs.leaf import leaf_bytes, part_digest
from certs.note import Checkpoint, sign_checkpoint, vkey
from certs.receipts import Receipt, ReceiptSigner, key_thumbprint, leaves_digest
from certs.signatures import Message, Signed, verify_request
from certs.tree import consistency_proof, inclusion_proof, leaf_hash, node_hash, root_at
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation

NOW = 1_790_000_000_000
DAY = 86_400_000
HUB = "demo.yifen"
ORIGIN = f"{HUB}/ledger/1"
URN = f"urn:yifen:connector:{HUB}:housing:counter"
ADDRESS = "http://127.0.0.1:8440"
TOKEN = "a-token-of-some-length"

Members = dict[str, Json]

GRANT: Members = {
    "id": "demo.yifen:G-1",
    "version": 1,
    "department": "demo.yifen:housing",
    "dataset": "demo.yifen:resident",
    "operations": ["lookup"],
    "channels": ["connector"],
    "items": {"name": "none", "resident_id": "id"},
    "purposes": ["real_estate_registration"],
    "valid_from": "2026-01-01T00:00:00.000Z",
    "valid_until": "2027-01-01T00:00:00.000Z",
    "daily_quota": 500,
    "case_required": False,
    "existence": False,
    "status": "active",
}


@dataclass
class Time:
    """A clock that stands until a test moves it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass
class Lies:
    """What the hub changes, and where on the way; by default nothing."""

    person: Callable[[Members], Members] = field(default=lambda person: person)
    control: Callable[[Members], Members] = field(default=lambda control: control)
    entered: Callable[[Members], Members] = field(default=lambda result: result)
    """The result as it is entered."""
    sent: Callable[[Members], Members] = field(default=lambda result: result)
    """The result as it is sent, after it was entered."""
    opening: Callable[[Members], Members] = field(default=lambda opening: opening)
    document: Callable[[Members], Members] = field(default=lambda document: document)
    receipt: Callable[[Receipt], Receipt] = field(default=lambda receipt: receipt)
    body: Callable[[bytes], bytes] = field(default=lambda body: body)
    """The body as it is sent, after the receipt was signed."""
    token: Callable[[str], str | None] = field(default=lambda token: token)
    kind: str | None = None
    late: int = 0
    """Milliseconds by which the entry's time is off."""
    status: int | None = None
    ring: Callable[[Members], Members] = field(default=lambda keys: keys)
    note: Callable[[str], str] = field(default=lambda note: note)
    proof: Callable[[list[str]], list[str]] = field(default=lambda proof: proof)


class StandIn(httpx2.BaseTransport):
    """The hub; ``seen`` are the requests that reached it."""

    def __init__(self, folder: Path, clock: Time) -> None:
        self.clock = clock
        self.lies = Lies()
        self.authority = Authority.create(folder / "authority", HUB, NOW - DAY)
        self.receipt_key = generate()
        self.receipt_certificate = self.authority.issue_receipt(
            self.receipt_key.public, now=NOW - DAY, lifetime_ms=365 * DAY
        )
        self.log_key = generate("ed25519")
        self.origin = ORIGIN
        self.origins: list[Members] = [{"number": 1, "origin": ORIGIN, "first": 0}]
        self.opened: list[Members] = []
        """What it opens to the connector, in order."""
        self.leaves = [leaf_hash(b"first"), leaf_hash(b"second")]
        self.witnesses: list[tuple[str, PrivateKey]] = []
        self.cosigned: int | None = None
        self.certificates: dict[str, PublicKey] = {}
        self.seen: list[httpx2.Request] = []
        self.answered: list[httpx2.Response] = []
        self.replaying: httpx2.Response | None = None
        self.failing: list[int | Exception] = []
        """What happens to the next requests instead of an answer: a status, or an error raised."""
        self.after: list[Exception] = []
        """Errors raised after a question was entered: its answer is lost."""
        self.refusal: tuple[int, str] | None = None
        self.asked: dict[str, tuple[Signed, Members, bytes, int]] = {}
        self.found: list[Members] = [{"disputed": False, "items": {"name": "张三"}}]
        self.chunks: dict[int, bytes] = {}
        """What is durably there of the publication that is being received."""
        self.taken: list[int] = []
        """The numbers of the chunks that were sent, in order."""
        self.tokens: dict[str, str] = {}
        self.publications: dict[str, str] = {}
        """Their states, by name."""
        self.ended: dict[str, Members] = {}
        self.asked_to_begin: list[Members] = []
        self.refused_beginnings: list[httpx2.Response] = []
        self.sequence: int | None = None
        self.standing: Members = {"generation": "g-1", "version": 1, "sequence": 0, "rows": 3}
        self.columns: list[str] = []
        self.states: list[Members] = []
        """What each look at the publication shows; the last one stays."""
        self.marks: list[Members] = []
        self.rejections: list[Members] = []
        self.chunk_bytes = 64 * 1024

    # -- the invitation -----------------------------------------------------------------------
    def invitation(self, **changes: Json) -> str:
        members: Members = {
            "hub": HUB,
            "address": ADDRESS,
            "department": f"{HUB}:housing",
            "connector": URN,
            "token": TOKEN,
            "root": b64u(sha256(self.authority.root_der)),
            "ledger": {"origin": ORIGIN, "vkey": vkey(ORIGIN, self.log_key.public)},
        }
        return b64u(canonical(members | changes))

    # -- HTTP ---------------------------------------------------------------------------------
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.replaying or self._handle(request)
        self.answered.append(response)
        # As it would come from a socket: not yet read.
        headers = dict(response.headers)
        stream = httpx2.ByteStream(response.content)
        return httpx2.Response(response.status_code, headers=headers, stream=stream)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.seen.append(request)
        if self.failing:
            failure = self.failing.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return problem(failure, "busy")
        path = request.url.path
        public = {
            "/.well-known/jwks.json": self._keys,
            "/.well-known/yifen": self._about,
            "/ledger/origins": lambda _: answer({"origins": list(self.origins)}),
            "/ledger/checkpoint": self._checkpoint,
            "/ledger/cosigned": self._cosigned,
            "/ledger/inclusion": self._inclusion,
            "/ledger/consistency": self._consistency,
            "/v1/enrolment": self._enrolment,
        }
        if path in public:
            return public[path](request)
        signed = verify_request(
            Message(request.method, str(request.url), dict(request.headers)),
            request.content,
            key_of=self.certificates.__getitem__,
            now=self.clock(),
        )
        parts = path.split("/")[2:]
        if parts[0] == "datasets" and parts[-1] in {"lookup", "verify"}:
            return self._answer(parts[1], parts[2], request.content, signed)
        if parts[0] == "receipts":
            return self._receipt_again(parts[1])
        return self._other(request, parts)

    def _other(self, request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        if parts == ["renewal"]:
            csr = json.loads(request.content)["csr"].encode()
            return answer({"certificate": self._certify(csr)})
        if parts == ["ledger", "opened"]:
            after, limit = (int(request.url.params[name]) for name in ("after", "limit"))
            page = [one for one in self.opened if int(str(one["index"])) > after][:limit]
            return answer({"entries": list(page)})
        if parts == ["grants"]:
            return answer({"grants": [GRANT]})
        if parts[-1] == "marks":
            self.marks.append(json.loads(request.content))
            return answer({"entry": 5})
        if parts[0] == "datasets" and len(parts) == 2:
            return answer({"definition": bundled()[parts[1]].model_dump(mode="json")})
        return self._publishing(request, parts[-2:])

    def _publishing(self, request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        match parts:
            case [_, "publications"]:
                return self._begin(json.loads(request.content))
            case [_, "standing"]:
                return answer({"dataset": "resident", **self.standing})
            case [_, "chunks"] | ["chunks", _]:
                return self._uploading(request, parts[1])
            case [name, "complete"]:
                return self._complete(name, json.loads(request.content))
            case [_, "rejections"]:
                after = int(request.url.params["after"])
                page = [one for one in self.rejections if int(str(one["row"])) > after][:2]
                lines = b"".join(canonical(one) + b"\n" for one in page)
                headers = {"content-type": "application/x-ndjson"}
                return httpx2.Response(200, content=lines, headers=headers)
        return self._give_up(parts[1]) if request.method == "DELETE" else self._state(parts[1])

    def _uploading(self, request: httpx2.Request, number: str) -> httpx2.Response:
        if number == "chunks":
            here = [{"number": n, "digest": digest(data)} for n, data in self.chunks.items()]
            return answer({"chunks": list(here)})
        if self.chunks.setdefault(int(number), request.content) != request.content:
            return problem(409, "conflict", why="chunk-differs")
        self.taken.append(int(number))
        return answer({"received": len(self.chunks)})

    def _complete(self, name: str, told: Members) -> httpx2.Response:
        whole = b"".join(sha256(self.chunks[n]) for n in range(int(str(told["chunks"]))))
        assert told == {"chunks": len(self.chunks), "digest": digest(whole)}
        self.publications[name] = "checking"
        return answer({}, 202)

    def _give_up(self, name: str) -> httpx2.Response:
        if self.publications[name] == "receiving":
            self.publications[name] = "discarded"
            self.chunks.clear()
        if self.publications[name] != "discarded":
            return problem(409, "conflict", why=f"publication-{self.publications[name]}")
        return httpx2.Response(204)

    def _state(self, name: str) -> httpx2.Response:
        if self.publications.get(name) == "checking":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            if state["state"] != "checking":
                self.publications[name] = str(state["state"])
                self.ended[name] = state
        else:
            state = self.ended.get(name, {"state": self.publications[name]})
        return answer({"publication": name, "dataset": "resident", **state})

    def _begin(self, asked: Members) -> httpx2.Response:
        """A publication, or the one that was begun with this token before."""
        token = str(asked["token"])
        if self.refused_beginnings:
            return self.refused_beginnings.pop(0)
        known = self.tokens.get(token)
        if known is None:
            columns = asked["columns"]
            assert isinstance(columns, list)
            self.columns = [str(each) for each in columns]
            self.asked_to_begin.append(asked)
            known = f"P-{len(self.tokens) + 1}"
            self.tokens[token], self.publications[known] = known, "receiving"
            self.chunks.clear()
        told: Members = {
            "publication": known,
            "chunk_bytes": self.chunk_bytes,
            "state": self.publications[known],
            "sequence": self.sequence,
        }
        return answer(told, 201)

    # -- enrolment ----------------------------------------------------------------------------
    def _certify(self, csr: bytes) -> str:
        pem = self.authority.issue_connector(csr, urn=URN, now=NOW - DAY, lifetime_ms=90 * DAY)
        facts = read_certificate(pem)
        self.certificates[facts.keyid] = facts.public
        return pem.decode()

    def _enrolment(self, request: httpx2.Request) -> httpx2.Response:
        told = json.loads(request.content)
        if told["token"] != TOKEN:
            return problem(403, "invitation-spent")
        return answer(
            {
                "connector": URN,
                "department": f"{HUB}:housing",
                "hub": HUB,
                "certificate": self._certify(told["csr"].encode()),
                "issuing": self.authority.issuing_pem.decode(),
                "root": self.authority.root_pem.decode(),
            },
            201,
        )

    # -- questions ----------------------------------------------------------------------------
    def _answer(self, dataset: str, operation: str, body: bytes, signed: Signed) -> httpx2.Response:
        question = parse(body, max_bytes=10**6, max_depth=5)
        assert isinstance(question, dict)
        result: Members = {"nonce": b64u(os.urandom(16))}
        if self.refusal is not None:
            status, code = self.refusal
            result |= {"problem": code, "status": status}
            outcome = "malformed" if status == 422 else "refused"
        else:
            status, outcome = 200, "answered"
            result |= {
                "as_of": rfc3339(NOW - DAY),
                "dataset": f"{HUB}:{dataset}",
                "generation": "g1",
                "version": 1,
            }
            if operation == "lookup":
                outcome = "answered" if self.found else "empty"
                result |= {"found": bool(self.found), "records": self.found}
            else:
                result |= {"match": True}
        status = self.lies.status or status
        result = self.lies.entered(result)
        granted = status == 200
        control = self.lies.control(
            {
                "R": signed.digest,
                "a": digest(canonical(result)),
                "channel": "connector",
                "connector": URN,
                "dataset": f"{HUB}:{dataset}",
                "department": f"{HUB}:housing",
                "epoch": 7,
                "grant": f"{HUB}:G-1" if granted else None,
                "grant_version": 1 if granted else None,
                "outcome": outcome,
                "purpose": question["purpose"],
                "repeats": self._repeats(str(question["request_id"])),
            }
        )
        person = self.lies.person({n: question[n] for n in ("case", "officer", "subject")})
        opening, hashed = self._enter(self.lies.kind or operation, control, person)
        self.asked.setdefault(
            str(question["request_id"]), (signed, opening, hashed, len(self.leaves) - 1)
        )
        if self.after:
            raise self.after.pop(0)
        document: Members = {"openings": [opening], "results": [self.lies.sent(result)]}
        if self.refusal is not None:
            document |= {"code": self.refusal[1], "status": status, "title": {"zh": "x", "en": "x"}}
        sent = canonical(self.lies.document(document))
        content_type = "application/json" if granted else "application/problem+json"
        receipt = self._receipt(signed, hashed, len(self.leaves) - 1)
        receipt = receipt._replace(status=status, content_type=content_type, body=digest(sent))
        token = self._signer().issue(self.lies.receipt(receipt))
        headers = {"content-type": content_type}
        if (told := self.lies.token(token)) is not None:
            headers["hub-receipt"] = told
        return httpx2.Response(status, content=self.lies.body(sent), headers=headers)

    def _repeats(self, request_id: str) -> int | None:
        before = self.asked.get(request_id)
        return None if before is None else before[3]

    def _enter(self, kind: str, control: Members, person: Members) -> tuple[Members, bytes]:
        salts = [os.urandom(32) for _ in range(3)]
        leaf = leaf_bytes(
            kind,
            self.clock() + self.lies.late,
            part_digest("control", salts[0], canonical(control)),
            part_digest("person", salts[1], canonical(person)),
            part_digest("internal", salts[2], canonical({"reason": ""})),
        )
        self.leaves.append(leaf_hash(leaf))
        opening: Members = {
            "control": control,
            "control_salt": b64u(salts[0]),
            "leaf": json.loads(leaf),
            "person_salt": b64u(salts[1]),
        }
        return self.lies.opening(opening), self.leaves[-1]

    def _receipt(self, signed: Signed, hashed: bytes, index: int) -> Receipt:
        return Receipt(
            issuer=HUB,
            audience=URN,
            issued=(self.clock() + self.lies.late) // 1000,
            request=signed.digest,
            status=200,
            content_type="application/json",
            body=None,
            origin=self.origin,
            first=index,
            entries=1,
            leaves=leaves_digest([hashed]),
        )

    def _signer(self) -> ReceiptSigner:
        return ReceiptSigner(self.receipt_key, key_thumbprint(self.receipt_key.public))

    def _receipt_again(self, request_id: str) -> httpx2.Response:
        known = self.asked.get(request_id)
        if known is None:
            return problem(404, "not-found")
        signed, opening, hashed, index = known
        response = answer({"openings": [opening]})
        receipt = self.lies.receipt(self._receipt(signed, hashed, index))
        response.headers["hub-receipt"] = self._signer().issue(receipt)
        return response

    # -- changes that it opens, and a restore --------------------------------------------------
    def change(self, kind: str, state: Members) -> Members:
        """Enter a change; gives it opened, as ``opened`` or ``origins`` tell of it."""
        control: Members = {
            "channel": "console",
            "connector": None,
            "department": None,
            "epoch": 8,
            "moves_epoch": True,
            "state": state,
        }
        opening, _ = self._enter(kind, control, {"case": None, "officer": "admin", "subject": None})
        del opening["person_salt"]
        return opening | {"index": len(self.leaves) - 1}

    def note(self, size: int, origin: str | None = None) -> str:
        """A checkpoint of the first ``size`` entries, as they now are."""
        name = origin or self.origin
        checkpoint = Checkpoint(name, size, root_at(size, self._node))
        return sign_checkpoint(checkpoint, name, self.log_key)

    def restore(self, kept: int, note: str | None, /, **changes: Json) -> None:
        """Lose what comes after ``kept`` and go on under the next name, as ``hub restore`` does."""
        number = len(self.origins) + 1
        before, self.origin = self.origin, f"{HUB}/ledger/{number}"
        del self.leaves[kept:]
        self.opened = [one for one in self.opened if int(str(one["index"])) < kept]
        lost = None if note is None else max(kept, int(note.split("\n")[1]))
        state: Members = {
            "act": "restore",
            "checkpoint": note,
            "from": before,
            "kept": kept,
            "lost": [kept, lost],
            "origin": self.origin,
        }
        opening = self.change("operator", state | changes)
        self.opened.append(opening)
        told: Members = {"number": number, "origin": self.origin, "first": kept}
        self.origins.append(told | opening)

    # -- what everybody may fetch -------------------------------------------------------------
    def _keys(self, _: httpx2.Request) -> httpx2.Response:
        leaf = read_certificate(self.receipt_certificate).der
        chain: list[Json] = [standard(leaf), standard(self.authority.issuing_der)]
        key: Members = {
            **self.receipt_key.public.jwk(),
            "kid": key_thumbprint(self.receipt_key.public),
            "use": "sig",
            "alg": "ES256",
            "x5c": chain,
        }
        return answer({"keys": [self.lies.ring(key)]})

    def _about(self, _: httpx2.Request) -> httpx2.Response:
        ledger: Members = {"origin": self.origin, "vkey": vkey(self.origin, self.log_key.public)}
        return answer({"hub": HUB, "ledger": ledger})

    def _checkpoint(self, _: httpx2.Request) -> httpx2.Response:
        size = len(self.leaves)
        checkpoint = Checkpoint(self.origin, size, root_at(size, self._node))
        note = self.lies.note(sign_checkpoint(checkpoint, self.origin, self.log_key))
        return httpx2.Response(200, text=note, headers={"content-type": "text/plain"})

    def _cosigned(self, _: httpx2.Request) -> httpx2.Response:
        """The tree of ``cosigned`` leaves, under which the witnesses stand."""
        if self.cosigned is None:
            return problem(404, "not-found")
        checkpoint = Checkpoint(self.origin, self.cosigned, root_at(self.cosigned, self._node))
        note = sign_checkpoint(checkpoint, self.origin, self.log_key)
        for name, key in self.witnesses:
            note += cosign(checkpoint.text, name, key, self.clock()).line
        return httpx2.Response(200, text=self.lies.note(note))

    def _inclusion(self, request: httpx2.Request) -> httpx2.Response:
        index, size = int(request.url.params["index"]), int(request.url.params["size"])
        proof = inclusion_proof(index, size, self._node)
        told: list[Json] = list(self.lies.proof([b64u(one) for one in proof]))
        return answer({"index": index, "size": size, "proof": told})

    def _consistency(self, request: httpx2.Request) -> httpx2.Response:
        first, second = int(request.url.params["first"]), int(request.url.params["second"])
        if second > len(self.leaves):
            return problem(404, "not-found")
        proof: list[Json] = [b64u(x) for x in consistency_proof(first, second, self._node)]
        return answer({"first": first, "second": second, "proof": proof})

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))


def standard(data: bytes) -> str:
    return b64encode(data).decode()


def answer(value: Json, status: int = 200) -> httpx2.Response:
    headers = {"content-type": "application/json"}
    return httpx2.Response(status, content=canonical(value), headers=headers)


def problem(status: int, code: str, **facts: Json) -> httpx2.Response:
    value: Members = {"code": code, "status": status, "title": {"zh": "不", "en": "no"}}
    value |= {"facts": facts} if facts else {}
    headers = {"content-type": "application/problem+json"}
    return httpx2.Response(status, content=canonical(value), headers=headers)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def hub(tmp_path: Path, clock: Time) -> StandIn:
    return StandIn(tmp_path, clock)


@pytest.fixture
def home(tmp_path: Path, hub: StandIn, clock: Time) -> Path:
    """The folder of an enrolled connector."""
    path = tmp_path / "connector"
    enrol(read_invitation(hub.invitation()), path, clock=clock, http=hub)
    hub.seen.clear()
    hub.answered.clear()
    return path


@pytest.fixture
def connector(home: Path, hub: StandIn, clock: Time) -> Iterator[Connector]:
    with Connector.open(home, clock=clock, sleep=clock.sleep, http=hub) as opened:
        yield opened


@pytest.fixture
def other_key() -> PrivateKey:
    return generate()
