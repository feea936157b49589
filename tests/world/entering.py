"""People of a provider and of the authority, who take catalogue entries along their road."""

import json
from dataclasses import dataclass, field
from importlib.resources import files

from certs.encoding import from_rfc3339
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import Role
from world.asking import Answer, Members
from world.town import PASSWORD, World

PEOPLE: tuple[tuple[str, str | None, tuple[Role, ...]], ...] = (
    ("psb.writer", "psb", ("steward",)),
    ("psb.head", "psb", ("head",)),
    ("psb.both", "psb", ("head", "steward")),
    ("mrb.writer", "mrb", ("steward",)),
    ("mrb.head", "mrb", ("head",)),
    ("authority", None, ("administrator",)),
    ("inspector", None, ("auditor",)),
)
SECRECY = {"result": "passed", "reference": "保密评〔2026〕7号", "day": "2026-09-18"}
PRIVACY = {"result": "conditional", "reference": "个保评〔2026〕7号", "day": "2026-09-21"}
APPROVAL = "数共批〔2026〕7号"
CODE = "parking_permit"
PERMITS = """
code = "parking_permit"
classification = "3070010001/000001"
title_zh = "停车证"
title_en = "Parking permits"
summary_zh = "居民停车证，一车一证。"
summary_en = "Residents' parking permits, one a car."
family = "natural_person"
sharing = 2
methods = ["service"]
conditions_zh = "按法定职责查询。"
conditions_en = "For a statutory duty."
format = 3
cycle = 2
level = 2
level_scheme = "四级分级"
legal_basis = "《道路交通安全法》第三十三条"
subject = "holder"
row_key = ["number"]
cardinality = "many"

[[items]]
code = "number"
title_zh = "证号"
title_en = "Number"
type = "text"
sensitivity = 1
required = true

[[items]]
code = "holder"
title_zh = "持证人"
title_en = "Holder"
type = "identifier:resident_id"
sensitivity = 3
required = true

[[items]]
code = "zone"
title_zh = "区域"
title_en = "Zone"
type = "text"
sensitivity = 1
"""


def bundled_text(code: str) -> str:
    return files("catalog.datasets").joinpath(f"{code}.toml").read_text("utf-8")


@dataclass
class Road:
    """A world, and people who are signed in to it."""

    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> "Road":
        """Enrol them all."""
        hashed = hash_password(PASSWORD, "nobody")
        for account, department, roles in PEOPLE:
            accounts.enrol(world.hub.changes, OPERATOR, account, account, department, roles, hashed)
        return cls(world)

    def call(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """Somebody's request; the session is begun when it is first needed."""
        if who not in self.tokens:
            data = json.dumps({"account": who, "password": PASSWORD}).encode()
            answer = self.world.http("POST", "/v1/session", {}, data)
            assert answer.status == 201, answer.body
            self.tokens[who] = str(answer.document["token"])
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return self.world.http(method, path, headers, data)

    def done(self, who: str, method: str, path: str, body: object = None) -> Members:
        """The same, where it must succeed."""
        answer = self.call(who, method, path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.document

    def begin(self, definition: str = PERMITS, who: str = "psb.writer") -> Members:
        return self.done(who, "POST", "/v1/entries", {"definition": definition})

    def on(self, who: str, entry: Members, act: str, **body: object) -> Members:
        """An act on an entry as it was last seen."""
        answer = self.try_on(who, entry, act, **body)
        assert answer.status == 200, answer.body
        return answer.document

    def try_on(self, who: str, entry: Members, act: str, **body: object) -> Answer:
        """The same, whatever comes of it."""
        method = "PUT" if act in {"draft", "assessments", "status"} else "POST"
        given = {"version": entry["version"], **body}
        return self.call(who, method, f"/v1/entries/{entry['code']}/{act}", given)

    def seen(self, who: str, code: str) -> Members:
        return self.done(who, "GET", f"/v1/entries/{code}")

    def assessed(self, entry: Members) -> Members:
        who = f"{entry['provider']}.writer"
        return self.on(who, entry, "assessments", secrecy=SECRECY, privacy=PRIVACY)

    def approved(self, entry: Members) -> Members:
        head = f"{entry['provider']}.head"
        return self.on(head, self.assessed(entry), "approve", reference=APPROVAL)

    def published(self, entry: Members) -> Members:
        """The whole road from a draft on."""
        found = self.on("authority", self.approved(entry), "review")
        return self.on("authority", found, "publish")

    def next(self, code: str, definition: str) -> Members:
        """Draft the next edition of a published entry."""
        entry = self.seen("authority", code)
        return self.on(f"{entry['provider']}.writer", entry, "draft", definition=definition)

    def until(self, moment: str) -> None:
        """Let time pass until a moment; whoever was signed in signs in again."""
        self.world.time.now = from_rfc3339(moment)
        self.tokens.clear()
