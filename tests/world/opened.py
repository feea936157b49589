"""Open cases whose parties are followed: what is opened, what ends, and what there is to tell."""

from dataclasses import dataclass, field

from certs.canonical import Json
from hub.access import grants
from hub.access.grant import Grant
from world.asking import Answer, Gateway, Members
from world.casework import OFFICER, PURPOSE, SERVICE, Casework, person
from world.feeding import Follower
from world.filing import ITEMS as MATERIAL_ITEMS
from world.filing import LEASE
from world.held import FOLLOWED, Leases, granted
from world.town import ADMINISTRATOR, World, covering

OPEN_CASES: Json = "open-cases"


@dataclass
class Counter:
    """A counter whose connector follows the leases of the parties of its open cases."""

    desk: Casework
    leases: Leases
    count: int = 0
    cases: dict[str, Members] = field(default_factory=dict)
    """The newest answer about each open case, by its number."""

    @classmethod
    def of(cls, desk: Casework) -> "Counter":
        items = dict.fromkeys((*MATERIAL_ITEMS, "holder_id", "valid_until"), "full")
        return cls(desk, Leases(desk.world.hub, granted(desk.world, desk.materials, items)))

    @property
    def world(self) -> World:
        return self.desk.world

    def open(self, applicant: str, subject: str | None = None, **members: Json) -> str:
        """Open a case; gives its number."""
        self.count += 1
        number = f"case-{self.count}"
        parties: Json = {"applicant": person(applicant), "subject": person(subject or applicant)}
        given: Members = {"case": number, "parties": parties, **members}
        self.cases[number] = self.desk.open(**given)
        return number

    def act(self, number: str, act: str, **members: Json) -> Answer:
        """An act on a case by its number."""
        told = self.cases[number]
        body: Members = {"officer": OFFICER, "version": told["version"], **members}
        answer = self.desk.signed(f"/v1/cases/{told['case']}/{act}", body)
        assert answer.status == 200, answer.body
        self.cases[number] = answer.document
        if answer.document["status"] != "open":
            del self.cases[number]
        return answer

    def refuse(self, number: str) -> None:
        self.act(number, "conclude", result="refused", reason="不符合条件")

    def follower(self, **members: Json) -> Follower:
        given: Members = {"subjects": OPEN_CASES, "dataset": LEASE, **members}
        return Follower(self.world.nrb, **given)  # type: ignore[arg-type]

    def by_window(self, applicant: str, window: str = "mrb") -> Answer:
        """A window opens a case of our service."""
        gateway: Gateway = self.world.gateway(window)
        parties: Json = {"applicant": person(applicant), "subject": person(applicant)}
        body = self.desk.opening(officer=f"{window}.officer", parties=parties, case="窗-1")
        return self.desk.signed("/v1/cases", body, gateway)


def follow_as(world: World, department: str) -> Grant:
    """Let another department follow the leases too."""
    items = dict.fromkeys((*MATERIAL_ITEMS, "holder_id"), "full")
    terms = covering(
        world.town.founded,
        dataset=LEASE,
        department=department,
        items=items,
        operations=FOLLOWED,
        purposes={PURPOSE},
    )
    return grants.issue(world.hub.changes, ADMINISTRATOR, terms)


__all__ = ["OPEN_CASES", "SERVICE", "Counter", "follow_as"]
