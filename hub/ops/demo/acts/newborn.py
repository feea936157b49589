"""A child is born: registered, insured and given its card, and the parents bring no paper."""

from dataclasses import dataclass
from datetime import date, timedelta

from catalog.evidence.engine import day_of
from catalog.identifiers.resident import check_character
from hub.ops.city import CitySummary, Sample
from hub.ops.city.names import SURNAMES
from hub.ops.demo.cast import HEALTH, INSURANCE, LABOUR, POLICE
from hub.ops.demo.counter import Counter, Matter, Told
from hub.ops.demo.errors import CityTooSmall
from hub.ops.demo.notice import tell_case
from hub.ops.demo.paper import pdf
from hub.ops.demo.rows import Row, change, rows
from hub.ops.demo.services import BENEFITS, BIRTH, BIRTH_CERTIFICATE, CARD, INSURED, PURPOSES
from hub.ops.demo.stage import Stage, full, sample

REGISTERED, INSURED_AS = "PSB-2026-004512", "HRB-2026-000891"
"""The departments' own numbers of the two cases."""
_GIVEN_NAME = "一安"
_DAYS_OLD = 9
_ORDER = "883"
"""Of a day's births in an area; odd, so a boy's."""
_BOY, _SON, _SINGLE, _LIVING = "1", "20", "10", "1"


@dataclass(frozen=True, slots=True)
class Family:
    """Parents, and the child that has no number yet."""

    mother: Sample
    father: Sample
    child: str
    born: date

    @property
    def given(self) -> dict[str, str]:
        """What the parents enter of the child."""
        return {
            "child_birth_date": self.born.isoformat(),
            "child_name": self.child,
            "child_sex": _BOY,
        }

    def benefits(self) -> Matter:
        """Insurance and card, as one case."""
        mother = ("resident_id", self.mother.id)
        parties = {"applicant": mother, "mother": mother, "subject": None}
        return Matter(INSURED_AS, (INSURED, CARD), BENEFITS, parties, self.given)

    def registration(self) -> Matter:
        """The entry in the household register."""
        mother, father = ("resident_id", self.mother.id), ("resident_id", self.father.id)
        parties = {"applicant": father, "father": father, "mother": mother, "subject": None}
        return Matter(REGISTERED, (BIRTH,), PURPOSES[BIRTH], parties, self.given)


def family(stage: Stage, city: CitySummary) -> Family:
    """Who has a child."""
    father = sample(city, "father")
    surname = max((one for one in SURNAMES if father.name.startswith(one)), key=len)
    born = day_of(stage.clock()) - timedelta(days=_DAYS_OLD)
    return Family(sample(city, "mother"), father, surname + _GIVEN_NAME, born)


def play(stage: Stage, parents: Family, delegation: str) -> dict[str, Told]:
    """Register the child, then insurance and card at one window; gives the cases by service."""
    teller = stage.teller
    teller.act("demo.newborn")
    _file_certificate(stage, parents)
    registered = _register(stage, parents)
    benefits = _one_window(stage, parents, delegation)
    return {BIRTH: registered, INSURED: benefits, CARD: benefits}


def _file_certificate(stage: Stage, parents: Family) -> None:
    teller, office = stage.teller, stage.offices[HEALTH]
    teller.step("demo.newborn.certified")
    paper = office.files / "birth-certificate.pdf"
    paper.write_bytes(pdf(("BIRTH CERTIFICATE", f"born on {parents.born}", "(made up)")))
    today = day_of(stage.clock()).isoformat()
    said = {"sighted-by": office.officer.account, "sighted-on": today}
    holder = ("resident_id", parents.mother.id)
    number = office.connector.file(BIRTH_CERTIFICATE, paper, holder, said)
    stage.filed.add((BIRTH_CERTIFICATE, parents.mother.id))
    teller.expect(bool(number))


def _register(stage: Stage, parents: Family) -> Told:
    teller, counter = stage.teller, Counter(stage, stage.offices[POLICE])
    teller.step("demo.newborn.registered", case=REGISTERED)
    case = counter.open(parents.registration())
    tell_case(teller, case)
    case = counter.promise(case, case.papers("may_follow"))
    case = counter.accept(case)
    accepted = (case.status, case.result) == ("concluded", "accepted")
    teller.expect(accepted and not case.papers("must_bring"), seen=case.status)
    return case


def _one_window(stage: Stage, parents: Family, delegation: str) -> Told:
    teller, counter = stage.teller, Counter(stage, stage.offices[LABOUR])
    account = stage.offices[LABOUR].officer.account
    lender = teller.words(f"demo.department.{INSURANCE}")
    teller.step("demo.newborn.merged", case=INSURED_AS, account=account, lender=lender)
    case = counter.open(parents.benefits())
    tell_case(teller, case)
    named = _named(case, INSURANCE) == {full(delegation)} and _named(case, LABOUR) == {None}
    nothing = not case.papers("must_bring")
    teller.expect(named and nothing, seen=str(case.types("must_bring")))

    number = _enter(stage, parents)
    teller.step("demo.newborn.numbered", id=number)
    subject: dict[str, str] = {"id": number, "type": "resident_id"}
    case = counter.act(case, "supplement", parties={"subject": {**subject}})
    case = counter.accept(case)
    tell_case(teller, case)
    accepted = (case.status, case.result) == ("concluded", "accepted")
    left = case.types("must_bring", "may_follow")
    teller.expect(accepted and not left, seen=f"{case.status} {left}")
    return case


def _named(case: Told, department: str) -> set[object]:
    """The delegations that the entries of a department's questions name."""
    return {
        opening.control.get("delegation")
        for round_ in case.rounds
        for question, opening in zip(round_.questions, round_.openings or (), strict=True)
        if question["department"] == department
    }


def _enter(stage: Stage, parents: Family) -> str:
    """The police enter the child in both registers; gives its number."""
    office = stage.offices[POLICE]
    homes = [row for row in rows(office, "household") if row["member_id"] == parents.mother.id]
    if not homes:
        raise CityTooSmall(role="mother")
    home = homes[0]
    number = _number(home["area_code"], parents.born)
    count = str(int(home["member_count"]) + 1)
    members = [
        {**row, "member_count": count}
        for row in rows(office, "household")
        if row["household_no"] == home["household_no"]
    ]
    child = {**home, "member_id": number, "member_name": parents.child, "relation": _SON}
    change(office, "resident", [_resident(parents, home, number)], "born")
    change(office, "household", [*members, {**child, "member_count": count}], "born")
    return number


def _resident(parents: Family, home: Row, number: str) -> Row:
    return {
        "resident_id": number,
        "name": parents.child,
        "sex": _BOY,
        "birth_date": parents.born.isoformat(),
        "marital_status": _SINGLE,
        "household_no": home["household_no"],
        "area_code": home["area_code"],
        "registered_address": home["address"],
        "address": home["address"],
        "status": _LIVING,
    }


def _number(area: str, born: date) -> str:
    body = f"{area}{born:%Y%m%d}{_ORDER}"
    return body + check_character(body)
