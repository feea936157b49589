"""One of each role in three departments, and applications between two of them in every state."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from certs.encoding import rfc3339
from hub.applications import answering, applying
from hub.applications.application import Application, Elements, Extension, Gap
from hub.calendar.corrections import working_days
from hub.ledger.change import OPERATOR, Actor
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import DEPARTMENTAL
from world.asking import Answer
from world.time import DAY
from world.town import PASSWORD, PURPOSE, World

PROVIDER, APPLICANT, THIRD = "psb", "mrb", "nrb"
DEPARTMENTS = (PROVIDER, APPLICANT, THIRD)
NOBODY = "nobody"
AUTHORITY = ("administrator", "auditor")
IN_DEPARTMENTS = tuple(f"{code}.{role}" for code in DEPARTMENTS for role in sorted(DEPARTMENTAL))
WRITERS = (f"{APPLICANT}.writer", f"{PROVIDER}.writer")
"""Stewards who have written what others sign; the others are kept away by their role alone."""
PEOPLE = (*IN_DEPARTMENTS, *AUTHORITY)
_ACCOUNTS = {"administrator": "authority", "auditor": "inspector"}


def of(role: str) -> frozenset[str]:
    """Everybody of a role."""
    return frozenset(who for who in PEOPLE if who == role or who.endswith(f".{role}"))


@dataclass
class Everyone:
    """A world in which all of them can be asked for anything."""

    world: World
    applications: dict[str, Application] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> "Everyone":
        """Enrol them, and make the applications."""
        hashed = hash_password(PASSWORD, "nobody")
        changes = world.hub.changes
        for who in IN_DEPARTMENTS:
            code, _, role = who.partition(".")
            accounts.enrol(changes, OPERATOR, account(who), who, code, [role], hashed)
        for who in WRITERS:
            code = who.partition(".")[0]
            accounts.enrol(changes, OPERATOR, account(who), who, code, ["steward"], hashed)
        for role in AUTHORITY:
            accounts.enrol(changes, OPERATOR, account(role), role, None, [role], hashed)
        everyone = cls(world)
        everyone.applications.update(everyone.made())
        return everyone

    def made(self) -> Iterator[tuple[str, Application]]:
        """An application in every state, each begun anew."""
        changes, calendar = self.world.hub.changes, working_days(self.world.hub.reading)
        writer, head = actor(WRITERS[0]), actor(f"{APPLICANT}.head")
        keeper, signer = actor(WRITERS[1]), actor(f"{PROVIDER}.head")
        elements = Elements.model_validate(
            {
                "items": ("name", "address"),
                "purposes": (PURPOSE,),
                "basis": "《市场主体登记管理条例》第十五条",
                "scenario": "企业设立登记时核对身份",
                "scope": "登记窗口经办人员",
                "method": "service",
                "valid_until": rfc3339(self.world.time() + 365 * DAY),
            }
        )

        def draft() -> Application:
            return applying.draft(changes, writer, "resident", elements)[0]

        def submitted() -> Application:
            drafted = draft()
            return applying.sign(changes, head, drafted.id, drafted.version, calendar)

        def prepared() -> Application:
            found = submitted()
            refused = {"address": "登记不需要住址"}
            return answering.prepare(
                changes, keeper, found.id, found.version, {"name": "full"}, refused
            )

        def answered() -> Application:
            found = prepared()
            return answering.sign_reply(changes, signer, found.id, found.version, calendar)

        yield "draft", draft()
        yield "submitted", submitted()
        yield "prepared", prepared()
        back = submitted()
        gap = Gap(where="scope", why="不清楚")
        yield "returned", answering.give_back(changes, keeper, back.id, back.version, [gap])
        asked = submitted()
        extension = Extension(reason="需要核实", days=5)
        yield (
            "asked",
            answering.ask_for_time(changes, keeper, asked.id, asked.version, extension),
        )
        yield "answered", answered()
        found = answered()
        yield "disputed", applying.dispute(changes, writer, found.id, found.version, "不同意")

    def call(self, who: str, method: str, path: str, body: bytes) -> Answer:
        """A program's request with somebody's token; the clock goes on by a second."""
        self.world.time.advance(1000)
        headers = {"sec-fetch-site": "same-origin"}
        if who != NOBODY:
            token = self.world.hub.sessions.issue(account(who)).token
            headers["authorization"] = f"Bearer {token}"
        return self.world.http(method, path, headers, body)

    def browse(self, who: str, method: str, path: str, fields: bytes) -> Answer:
        """A browser's request with somebody's cookie, from a page of the hub."""
        self.world.time.advance(1000)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
        }
        if who != NOBODY:
            sessions = self.world.hub.sessions
            session = sessions.issue(account(who))
            headers["cookie"] = f"__Host-yifen={session.token}"
            if method == "POST":
                secret = b"form=" + sessions.form_token(session).encode()
                fields = secret + b"&" + fields if fields else secret
        return self.world.http(method, path, headers, fields if method == "POST" else b"")


def account(who: str) -> str:
    """The account of one of ``PEOPLE``; not one that the town has already."""
    return _ACCOUNTS.get(who, f"all.{who}")


def actor(who: str) -> Actor:
    """Somebody of a department as one who changes something."""
    return Actor("console", account=account(who), department=who.partition(".")[0])
