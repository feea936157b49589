"""A grant's life: people of the user's and of the provider's department, over the hub's routes."""

import json
from dataclasses import dataclass, field

from certs.encoding import rfc3339
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import Role
from world.asking import Answer, Members
from world.time import DAY
from world.town import PASSWORD, World

PEOPLE: tuple[tuple[str, str | None, Role], ...] = (
    ("nrb.writer", "nrb", "steward"),
    ("nrb.head", "nrb", "head"),
    ("psb.writer", "psb", "steward"),
    ("psb.head", "psb", "head"),
    ("mrb.writer", "mrb", "steward"),
    ("mrb.head", "mrb", "head"),
    ("authority", None, "administrator"),
    ("inspector", None, "auditor"),
)
ADMINISTRATOR, AUDITOR = "authority", "inspector"
REASON = {"reason": "查询量与业务量明显不符"}
SUSPENSION = {**REASON, "rectify": "逐条说明上月查询的业务依据", "days": 10}
DISPOSAL = {
    "how": "destroyed",
    "method": "数据库逐表删除并覆写备份介质",
    "scope": "业务库与两份备份中的全部结果",
    "count": 41,
}
STATED = {
    "scenario": "不动产登记窗口核对申请人身份",
    "process": "受理时逐件查询，结果不另存",
    "effect": "申请人免交身份证复印件",
    "storage": "结果随案卷存于登记系统",
    "destruction": "案卷归档满期后随卷销毁",
}


@dataclass
class Life:
    """A world, and people who are signed in to it; the town's grant is nrb's over psb's dataset."""

    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    def sign_in(self, account: str) -> str:
        body = json.dumps({"account": account, "password": PASSWORD}).encode()
        answer = self.world.http("POST", "/v1/session", {}, body)
        assert answer.status == 201, answer.body
        return str(answer.document["token"])

    def call(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Somebody's request; the session is begun when it is first needed."""
        if who not in self.tokens:
            self.tokens[who] = self.sign_in(who)
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        data = b"" if body is None else json.dumps(body).encode()
        return self.world.http(method, path, headers, data)

    def done(self, who: str, method: str, path: str, body: object = None) -> Members:
        """The same, where it must succeed."""
        answer = self.call(who, method, path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.document

    @property
    def path(self) -> str:
        """The routes of the town's grant."""
        return f"/v1/grants/{self.world.grant.id}"

    def life(self, who: str = ADMINISTRATOR) -> Members:
        return self.done(who, "GET", f"{self.path}/life")

    def suspended(self) -> Members:
        """The disposition by which the authority has suspended the grant."""
        return self.done(ADMINISTRATOR, "POST", f"{self.path}/disposition", SUSPENSION)

    def disposal(self, **changed: object) -> dict[str, object]:
        return {**DISPOSAL, "at": rfc3339(self.world.time()), **changed}

    def outcome(self) -> str:
        """What becomes of a question now."""
        self.world.hub.book.refresh()
        answer = self.world.ask(self.world.nrb.lookup())
        return str(answer.control["outcome"])

    def duties(self, who: str) -> list[tuple[str, str | None]]:
        """What waits for somebody, with its urgency."""
        found = self.done(who, "GET", "/v1/duties")["duties"]
        assert isinstance(found, list)
        return [(str(one["what"]), one["urgency"]) for one in found]  # type: ignore[index,call-overload]

    def later(self, days: float) -> None:
        """Let time pass; whoever was signed in signs in again."""
        self.world.time.advance(round(days * DAY))
        self.tokens.clear()

    @classmethod
    def of(cls, world: World) -> "Life":
        """The same in a world where they are not enrolled yet."""
        hashed = hash_password(PASSWORD, "nobody")
        for account, department, role in PEOPLE:
            accounts.enrol(
                world.hub.changes, OPERATOR, account, account, department, [role], hashed
            )
        return cls(world)
