"""A department that received a value, and the one that provides it, with people of both."""

import asyncio
import json
from dataclasses import dataclass, field

from certs.canonical import canonical
from hub.ledger.change import OPERATOR
from hub.objections.telling import tell
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import Role
from world.asking import Answer, Members
from world.town import PASSWORD, SUBJECTS, World, publish

PEOPLE: tuple[tuple[str, str | None, Role], ...] = (
    ("psb.clerk", "psb", "officer"),
    ("psb.keeper", "psb", "steward"),
    ("psb.head", "psb", "head"),
    ("nrb.clerk", "nrb", "officer"),
    ("nrb.keeper", "nrb", "steward"),
    ("nrb.head", "nrb", "head"),
    ("mrb.keeper", "mrb", "steward"),
    ("authority", None, "administrator"),
    ("inspector", None, "auditor"),
)
REASON = "户口簿记载的姓名为张三风"


def claim(**changed: object) -> dict[str, object]:
    """An objection to the name of the first resident, with some members changed."""
    return {
        "subject": {"type": "resident_id", "id": SUBJECTS[0]},
        "items": ["name"],
        "reason": REASON,
        **changed,
    }


def resident(number: str, **changed: str) -> dict[str, str]:
    """A record of the register, with some values changed."""
    return {
        "resident_id": number,
        "name": "张三丰",
        "former_name": "张君宝",
        "sex": "1",
        "birth_date": "1990-01-01",
        "employer_uscc": "91530000292020123N",
        "address": "云南省玉溪市红塔区",
        "status": "1",
        **changed,
    }


@dataclass
class Dispute:
    """A world in which ``nrb`` has received what ``psb`` provides; ``mrb`` has no grant."""

    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> "Dispute":
        """Enrol those whom the town has not."""
        hashed = hash_password(PASSWORD, "nobody")
        for account, department, role in PEOPLE:
            accounts.enrol(
                world.hub.changes, OPERATOR, account, account, department, [role], hashed
            )
        return cls(world)

    # -- connectors -----------------------------------------------------------------------------
    def send(self, department: str, method: str, path: str, body: object = None) -> Answer:
        """A connector's signed request."""
        data = b"" if body is None else canonical(body)  # type: ignore[arg-type]
        self.world.time.advance(1)
        return self.world.call(self.world.gateway(department).sign(method, path, data))

    def objects(self, department: str = "nrb", **changed: object) -> Answer:
        return self.send(department, "POST", "/v1/datasets/resident/objections", claim(**changed))

    def raised(self, **changed: object) -> Members:
        answer = self.objects(**changed)
        assert answer.status == 201, answer.body
        return answer.document

    def act(self, department: str, objection: Members, act: str, **body: object) -> Answer:
        return self.send(department, "POST", f"/v1/objections/{objection['id']}/{act}", body)

    def answered(self, objection: Members, outcome: str, **body: object) -> Members:
        told = {"outcome": outcome, "reason": "与户籍档案核对", **body}
        answer = self.act("psb", objection, "answer", **told)
        assert answer.status == 200, answer.body
        return answer.document

    def mark(self, kind: str, number: str = SUBJECTS[0]) -> Answer:
        """The provider's own mark."""
        subject = {"type": "resident_id", "id": number}
        body = {"kind": kind, "subject": subject, "row": number}
        return self.send("psb", "POST", "/v1/datasets/resident/marks", body)

    def looked_up(self, number: str = SUBJECTS[0]) -> Answer:
        """A lookup of the department with the grant."""
        self.world.time.advance(1)
        subject: Members = {"type": "resident_id", "id": number}
        answer = self.world.call(self.world.nrb.lookup(subject=subject))
        assert answer.status == 200, answer.body
        return answer

    def disputed(self, number: str = SUBJECTS[0]) -> bool:
        """Whether the next question is told that the record is disputed."""
        records = self.looked_up(number).result["records"]
        assert isinstance(records, list)
        (record,) = records
        assert isinstance(record, dict)
        return bool(record["disputed"])

    def published(self, generation: str, **changed: str) -> str:
        """Publish the register anew, the first resident with another value; gives its number."""
        self.world.time.advance(1000)
        rows = [resident(number) for number in SUBJECTS]
        rows[0] |= changed
        return publish(self.world.hub, "resident", rows, generation)

    def told(self) -> int:
        """Let everyone be told who is to be; gives how many notices there were."""
        return asyncio.run(tell(self.world.hub.objections))

    def notices(self, department: str) -> list[Members]:
        """The notices that a department has opened, as its connector reads them."""
        self.world.hub.checkpointer.step()
        found: list[Members] = []
        after = -1
        while True:
            answer = self.send(department, "GET", f"/v1/ledger/opened?after={after}&limit=100")
            entries = answer.document["entries"]
            assert isinstance(entries, list)
            if not entries:
                return found
            for entry in entries:
                assert isinstance(entry, dict)
                after = int(str(entry["index"]))
                leaf, control = entry["leaf"], entry["control"]
                assert isinstance(leaf, dict)
                assert isinstance(control, dict)
                if leaf["kind"] == "notice":
                    state = control["state"]
                    assert isinstance(state, dict)
                    found.append(state)

    # -- people ---------------------------------------------------------------------------------
    def call(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Somebody's request; the session is begun when it is first needed."""
        if who not in self.tokens:
            data = json.dumps({"account": who, "password": PASSWORD}).encode()
            answer = self.world.http("POST", "/v1/session", {}, data)
            assert answer.status == 201, answer.body
            self.tokens[who] = str(answer.document["token"])
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return self.world.http(
            method, path, headers, b"" if body is None else json.dumps(body).encode()
        )
