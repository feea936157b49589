"""Somebody opens a restaurant: three departments, and what one of them has is asked for once."""

from dataclasses import dataclass, field
from datetime import date

from catalog.evidence.engine import day_of
from certs.canonical import Json
from hub.ops.city import CitySummary, Sample
from hub.ops.city.numbers import credit_code
from hub.ops.city.places import CITY, CITY_CODE, PROVINCE
from hub.ops.demo.cast import FIRE, LAND, MARKET
from hub.ops.demo.counter import Counter, Matter, Told
from hub.ops.demo.having import had
from hub.ops.demo.licences import Licence, issue
from hub.ops.demo.notice import tell_case
from hub.ops.demo.paper import pdf
from hub.ops.demo.rows import Row, change, premises
from hub.ops.demo.services import (
    BUSINESS_LICENCE,
    FIRE_CHECK,
    FOOD,
    LEASE,
    OPENING,
    PURPOSES,
)
from hub.ops.demo.stage import Stage, sample

OPENED, FED, CHECKED = "MRB-2026-001301", "MRB-2026-001317", "FRB-2026-000052"
"""The departments' own numbers of the three cases."""
_NAME = f"{CITY}一份小馆餐饮有限公司"
_CODE = credit_code("91", CITY_CODE, "MA7YFXGX")
_FORM, _SCOPE, _CAPITAL = "有限责任公司（自然人投资或控股）", "餐饮服务", "50"
_BODY, _ACTIVE = "001", "1"
_LEASED_YEARS = 3


@dataclass(slots=True)
class Restaurant:
    """The restaurant as far as it has come; ``cases`` is each case as it was told last."""

    founder: Sample
    landlord: str
    address: str
    code: str = _CODE
    licence: Licence | None = None
    cases: dict[str, Told] = field(default_factory=dict)

    def entity(self, day: date, status: str = _ACTIVE) -> Row:
        """Its row in the register."""
        return {
            "uscc": self.code,
            "name": _NAME,
            "established_on": day.isoformat(),
            "kind": _FORM,
            "legal_representative": self.founder.name,
            "capital": f"{_CAPITAL}(万元人民币)",
            "scope": _SCOPE,
            "province": PROVINCE,
            "city": CITY,
            "address": self.address,
            "status": status,
            "legal_representative_id": self.founder.id,
        }

    def matter(self, number: str, service: str) -> Matter:
        """What the founder comes for; before its registration the company has no number."""
        founder, landlord = ("resident_id", self.founder.id), ("uscc", self.landlord)
        known = self.licence is not None
        parties: dict[str, tuple[str, str] | None] = {
            "applicant": ("uscc", self.code) if known else founder,
            "subject": ("uscc", self.code) if known else None,
            "legal_representative": founder,
        }
        if service != FIRE_CHECK:
            parties["owner"] = landlord
        said = {} if known else {"enterprise_name": _NAME, "premises_address": self.address}
        return Matter(number, (service,), PURPOSES[service], parties, said)


def play(stage: Stage, city: CitySummary) -> Restaurant:
    """The company, its food licence, its fire safety check; the last case is left open."""
    stage.teller.act("demo.restaurant")
    landlord, address = premises(stage.offices[LAND])
    restaurant = Restaurant(sample(city, "founder"), landlord, address)
    _register(stage, restaurant)
    _feed(stage, restaurant)
    _promise_safety(stage, restaurant)
    return restaurant


def _register(stage: Stage, restaurant: Restaurant) -> None:
    """The company is registered; the lease is scanned; the licence is an electronic one."""
    teller, office = stage.teller, stage.offices[MARKET]
    counter, founder = Counter(stage, office), restaurant.founder
    today = day_of(stage.clock())

    teller.step("demo.restaurant.registered", case=OPENED, address=restaurant.address)
    case = counter.open(restaurant.matter(OPENED, OPENING))
    tell_case(teller, case)
    told = (case.types("must_bring"), case.types("may_follow"))
    teller.expect(told == ({LEASE}, {"articles_of_association"}), seen=str(told))

    teller.step("demo.restaurant.scanned")
    paper = office.files / "lease.pdf"
    paper.write_bytes(pdf(("LEASE", f"of the premises of {restaurant.code}", "(made up)")))
    said = {
        "case": OPENED,
        "sighted-by": office.officer.account,
        "sighted-on": today.isoformat(),
        "valid-from": today.isoformat(),
        "valid-until": today.replace(year=today.year + _LEASED_YEARS, day=1).isoformat(),
    }
    number = office.connector.file(LEASE, paper, ("resident_id", founder.id), said)
    stage.filed.add((LEASE, founder.id))
    case = counter.bring(case, case.paper(LEASE), number)
    case = counter.promise(case, case.papers("may_follow"))
    case = counter.accept(case)
    restaurant.cases[OPENING] = case
    teller.expect((case.status, case.result) == ("concluded", "accepted"), seen=_lacking(case))

    teller.step("demo.restaurant.licensed", name=_NAME, id=restaurant.code)
    restaurant.licence = issue(stage, office, _order(restaurant, today), OPENED)
    published = change(office, "legal_entity", [restaurant.entity(today)], "new").publication
    teller.say("demo.restaurant.identifier", identifier=restaurant.licence.identifier)
    live = published.state == "live" and restaurant.licence.status == "01"
    teller.expect(live, seen=f"{published.state} {restaurant.licence.status}")


def _order(restaurant: Restaurant, today: date) -> dict[str, Json]:
    return {
        "type": BUSINESS_LICENCE,
        "metadata": {
            "holder_id": restaurant.code,
            "holder_name": _NAME,
            "holder_type": _BODY,
            "issued_on": today.isoformat(),
            "number": restaurant.code,
            "valid_from": today.isoformat(),
            "valid_until": "",
        },
        "items": {
            "address": restaurant.address,
            "capital": _CAPITAL,
            "established_on": today.isoformat(),
            "form": _FORM,
            "legal_representative": restaurant.founder.name,
            "scope": _SCOPE,
        },
    }


def _feed(stage: Stage, restaurant: Restaurant) -> None:
    teller, counter = stage.teller, Counter(stage, stage.offices[MARKET])
    teller.step("demo.restaurant.fed", case=FED)
    matter = restaurant.matter(FED, FOOD)
    case = counter.open(matter)
    tell_case(teller, case)
    _expect_nothing_had(stage, case, matter)

    teller.step("demo.restaurant.brought", count=len(case.papers("must_bring")))
    for paper in case.papers("must_bring"):
        case = counter.bring(case, paper)
    case = counter.accept(case)
    restaurant.cases[FOOD] = case
    teller.expect((case.status, case.result) == ("concluded", "accepted"), seen=_lacking(case))


def _promise_safety(stage: Stage, restaurant: Restaurant) -> None:
    teller, counter = stage.teller, Counter(stage, stage.offices[FIRE])
    teller.step("demo.restaurant.checked", case=CHECKED)
    matter = restaurant.matter(CHECKED, FIRE_CHECK)
    case = counter.open(matter)
    tell_case(teller, case)
    _expect_nothing_had(stage, case, matter)
    for paper in case.papers("must_bring"):
        case = counter.bring(case, paper)
    restaurant.cases[FIRE_CHECK] = case


def _expect_nothing_had(stage: Stage, case: Told, matter: Matter) -> None:
    """No paper that the owner is asked for is one that a department has."""
    found = had(case, matter, stage.filed)
    expected = bool(case.papers("confirmed", "on_file")) and not found
    stage.teller.expect(expected, seen=" ".join(found))


def _lacking(case: Told) -> str:
    return " ".join(f"{one.material}: {one.reason}" for one in case.lacking) or case.status
