"""Two departments on the road to a grant: people of both sides, who act over the hub's routes."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from world.asking import Answer, Members
from world.time import DAY
from world.town import PASSWORD, PURPOSE, open_world

from certs.encoding import from_rfc3339, rfc3339
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.town import Town, World

    from hub.people.permissions import Role

PEOPLE: "tuple[tuple[str, str | None, Role], ...]" = (
    ("mrb.writer", "mrb", "steward"),
    ("mrb.head", "mrb", "head"),
    ("psb.writer", "psb", "steward"),
    ("psb.head", "psb", "head"),
    ("nrb.writer", "nrb", "steward"),
    ("nrb.head", "nrb", "head"),
    ("authority", None, "administrator"),
    ("inspector", None, "auditor"),
)


@dataclass
class Road:
    """A world, and people who are signed in to it."""

    world: "World"
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
        token = self.tokens[who]
        data = b"" if body is None else json.dumps(body).encode()
        return self.world.http(method, path, {"authorization": f"Bearer {token}"}, data)

    def done(self, who: str, method: str, path: str, body: object = None) -> Members:
        """The same, where it must succeed."""
        answer = self.call(who, method, path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.document

    def elements(self, **changed: object) -> dict[str, object]:
        """A whole application's elements, with some changed."""
        return {
            "items": ["name", "sex", "address"],
            "purposes": [PURPOSE],
            "basis": "《市场主体登记管理条例》第十五条",
            "scenario": "企业设立登记时核对法定代表人身份",
            "scope": "登记窗口经办人员，一事一查",
            "method": "service",
            "valid_until": rfc3339(self.world.time() + 365 * DAY),
            **changed,
        }

    def draft(self, **changed: object) -> Members:
        body = {"dataset": "resident", "elements": self.elements(**changed)}
        return self.done("mrb.writer", "POST", "/v1/applications", body)

    def submitted(self, **changed: object) -> Members:
        """An application that the applicant's head has signed."""
        return self.on("mrb.head", self.draft(**changed), "sign")

    def on(self, who: str, application: Members, act: str, **body: object) -> Members:
        """An act on an application as it was last seen."""
        return self.done(who, *self.route(application, act), self.body(application, body))

    def try_on(self, who: str, application: Members, act: str, **body: object) -> Answer:
        """The same, whatever comes of it."""
        return self.call(who, *self.route(application, act), self.body(application, body))

    def seen(self, who: str, application: Members) -> Members:
        return self.done(who, "GET", f"/v1/applications/{application['id']}")

    @staticmethod
    def route(application: Members, act: str) -> tuple[str, str]:
        path = f"/v1/applications/{application['id']}"
        method = "PUT" if act in {"", "reply"} else "POST"
        return method, f"{path}/{act}" if act else path

    @staticmethod
    def body(application: Members, body: dict[str, object]) -> dict[str, object]:
        return {"version": application["version"], **body}

    def until(self, moment: str) -> None:
        """Let time pass until a moment; whoever was signed in signs in again."""
        self.world.time.now = from_rfc3339(moment)
        self.tokens.clear()


@pytest.fixture
def road(town: "Town", tmp_path: "Path") -> "Iterator[Road]":
    hashed = hash_password(PASSWORD, "nobody")
    with open_world(town, tmp_path / "hub") as world:
        for account, department, role in PEOPLE:
            accounts.enrol(
                world.hub.changes, OPERATOR, account, account, department, [role], hashed
            )
        yield Road(world)
