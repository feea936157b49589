"""One of each role in three departments, and applications between two of them in every state."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from certs.encoding import rfc3339
from hub.applications import answering, applying
from hub.applications.application import Application, Elements, Extension, Gap
from hub.calendar.corrections import working_days
from hub.catalogue import datasets, deciding, drafting, register
from hub.catalogue import entry as entries
from hub.catalogue.entry import Assessment, EntryState
from hub.delegation.delegation import Delegation
from hub.ledger.change import OPERATOR, Actor
from hub.objections import raising
from hub.objections.objection import Claim
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.permissions import DEPARTMENTAL
from world import delegating
from world.asking import Answer
from world.entering import CODE, PERMITS
from world.on_record import ON_RECORD
from world.time import DAY
from world.town import PASSWORD, PURPOSE, SUBJECTS, World

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
    delegations: dict[str, Delegation] = field(default_factory=dict)
    entries: dict[str, EntryState] = field(default_factory=dict)
    """Catalogue entries of ``PROVIDER``, one at each stage."""
    objection: str = ""
    """One that ``THIRD`` has raised against ``PROVIDER``, once it was made."""

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
        for how in (delegating.drafted, delegating.signed):
            found = how(changes, world.time(), APPLICANT, to=THIRD)
            everyone.delegations[f"delegation-{found.status}"] = found
        everyone.entries.update(everyone.listed())
        return everyone

    def of_route(self, on: str) -> Application | Delegation:
        """The thing that a route is called with."""
        return self.delegations[on] if on in self.delegations else self.applications[on]

    def listed(self) -> Iterator[tuple[str, EntryState]]:
        """A catalogue entry at every stage."""
        changes, calendar = self.world.hub.changes, working_days(self.world.hub.reading)
        writer, head = actor(WRITERS[1]), actor(f"{PROVIDER}.head")
        authority = Actor("console", account=account("administrator"))
        passed = Assessment(result="passed", reference="评〔2026〕1号", day="2026-01-05")

        def permits(number: int) -> bytes:
            text = PERMITS.replace("/000001", f"/{number:06}")
            return text.replace(CODE, f"permit_{number}").encode()

        for number, stage in enumerate(("draft", "assessed", "approved", "reviewed"), 1):
            entry = drafting.begin(changes, writer, permits(number))
            if stage != "draft":
                entry = drafting.assess(
                    changes, writer, entry.code, entry.version, secrecy=passed, privacy=passed
                )
            if stage in {"approved", "reviewed"}:
                entry = deciding.approve(changes, head, entry.code, entry.version, "批1", calendar)
            if stage == "reviewed":
                entry = deciding.review(changes, authority, entry.code, entry.version)
            yield f"entry-{stage}", entry
        for number, stage in enumerate(("published", "updating", "asked"), 5):
            datasets.register(changes, authority, PROVIDER, permits(number), ON_RECORD)
            entry = register.find(self.world.hub.store.connection, f"permit_{number}", None)
            if stage != "published":
                entry = drafting.note_change(
                    changes, writer, entry.code, entry.version, "有变化", calendar
                )
            if stage == "asked":
                more = entries.Extension(reason="需要核实", days=5)
                entry = drafting.ask_for_time(changes, writer, entry.code, entry.version, more)
            yield f"entry-{stage}", entry

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

    def raised(self) -> str:
        """Make an open objection; gives its id."""
        claim = {
            "subject": {"type": "resident_id", "id": SUBJECTS[0]},
            "items": ("name",),
            "reason": "与身份证不符",
        }
        desk, by = self.world.hub.objections, actor(f"{THIRD}.officer")
        return raising.raise_objection(desk, by, "resident", Claim.model_validate(claim)).id

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
