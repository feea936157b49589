"""Enterprises led by residents of the city, and what the credit datasets hold of them."""

from dataclasses import dataclass
from random import Random

from hub.ops.city import offices
from hub.ops.city.calendar import LAST, Calendar, years
from hub.ops.city.families import ADULT, Household, Person
from hub.ops.city.numbers import CreditCodes, LicenceNumbers
from hub.ops.city.places import CITY, PLACES, PROVINCE
from hub.ops.city.sheets import Sheets
from hub.ops.city.trades import BRAND, COOPERATIVE, TRADES, Permit, Trade

BUSINESS_LICENCE = "11100000MB0143028R001"
OLDEST = years(20)
PERMIT_LASTS = years(5)
# Publication by severity: 信用修复管理办法, in force 2026-04-01.
PUBLISHED = {"1": years(0.25), "2": years(1), "3": years(3)}
# Half of the penalties are minor; in units of 10,000 yuan a fine is one to nine times the least.
SEVERITIES = "1111122233"
LEAST_FINE = {"1": 0.2, "2": 1.5, "3": 10.0}
WARNING_SHARE = 0.4

# Most brands have three characters, so that names rarely meet.
LONG_BRAND_SHARE = 0.6
SOLE_TRADER_SHARE = 0.38
COOPERATIVE_SHARE = 0.07
PERMIT_SHARE = 0.75
PENALTY_SHARE = 0.06
RED_SHARE = 0.04
BLACK_SHARE_OF_SERIOUS = 0.6
CLOSED_SHARE = 0.04


@dataclass(slots=True)
class Enterprise:
    """An enterprise and what is on file about it, for the story of a demonstration."""

    uscc: str
    name: str
    place: int
    address: str
    leader: Person
    founded: int
    approvals: int = 0
    penalties: int = 0
    red: bool = False
    black: bool = False


class Enterprises:
    """Founds enterprises and writes their rows."""

    __slots__ = (
        "_approvals",
        "_codes",
        "_entities",
        "_iso",
        "_licences",
        "_licences_rows",
        "_lists",
        "_penalties",
        "_random",
        "_running",
    )

    def __init__(self, random: Random, calendar: Calendar, sheets: Sheets) -> None:
        self._random = random.random
        self._iso = calendar.iso
        self._codes = CreditCodes(random.randrange(10_000_000))
        self._licences = LicenceNumbers(BUSINESS_LICENCE)
        self._running = 0
        self._entities = sheets.of("legal_entity")
        self._licences_rows = sheets.of("e_licence")
        self._approvals = sheets.of("credit_approval")
        self._penalties = sheets.of("credit_penalty")
        self._lists = sheets.of("credit_list")

    def found(self, leader: Person, home: Household, address: str) -> Enterprise:
        """Found an enterprise led by an adult member of ``home``, and write all its rows."""
        draw = self._random
        place = PLACES[home.place]
        trade, kind, category, name = self._name(home.place)
        uscc = self._codes.issue(category, place.code)
        earliest = max(leader.day + ADULT, LAST - OLDEST)
        founded = earliest + int(draw() * (LAST + 1 - earliest))
        leader.employer = uscc
        one = Enterprise(uscc, name, home.place, address, leader, founded)
        closed = draw() < CLOSED_SHARE
        capital = (5, 10, 30, 50, 100, 200, 500, 1000)[int(draw() * 8)]
        self._entities.append(
            f"{uscc},{name},{self._iso[founded]},{kind},{leader.name},{capital}(万元人民币),"
            f"{trade.scope},{PROVINCE},{CITY},{address},{'3' if closed else '1'},{leader.id}\n"
        )
        self._license(one, closed=closed)
        for permit in trade.permits:
            if draw() < PERMIT_SHARE:
                self._approve(one, permit)
        if draw() < PENALTY_SHARE:
            self._punish(one, trade)
        elif draw() < RED_SHARE:
            self._praise(one)
        return one

    def _name(self, place: int) -> tuple[Trade, str, str, str]:
        """Trade, kind, category of the credit code, and the name."""
        draw = self._random
        brand = BRAND[int(draw() * len(BRAND))] + BRAND[int(draw() * len(BRAND))]
        if draw() < LONG_BRAND_SHARE:
            brand += BRAND[int(draw() * len(BRAND))]
        at = PLACES[place].name
        chance = draw()
        if chance < COOPERATIVE_SHARE:
            name = f"{at}{brand}{COOPERATIVE.word}农民专业合作社"
            return COOPERATIVE, "农民专业合作社", "93", name
        trade = TRADES[int(draw() * len(TRADES))]
        if chance < COOPERATIVE_SHARE + SOLE_TRADER_SHARE:
            return trade, "个体工商户", "92", f"{at}{brand}{trade.word}经营部"
        return trade, "有限责任公司（自然人投资或控股）", "91", f"{CITY}{brand}{trade.word}有限公司"

    def _license(self, one: Enterprise, *, closed: bool) -> None:
        office = offices.MARKET[one.place]
        identifier = self._licences.issue(office.uscc, PLACES[one.place].code)
        day = self._iso[one.founded]
        status = "04" if closed else "01"
        self._licences_rows.append(
            f"{identifier},营业执照,{one.uscc},{BUSINESS_LICENCE},{one.name},{one.uscc},001,"
            f"{office.name},{office.uscc},{day},{day},,{status},\n"
        )

    def _document(self, one: Enterprise, sign: str, day: int) -> str:
        """The number of a decision; the running number makes it the only one."""
        self._running += 1
        short = PLACES[one.place].short
        return f"玉{short}{sign}〔{self._iso[day][:4]}〕{self._running:06d}号"

    def _day_since(self, earliest: int) -> int:
        return earliest + int(self._random() * (LAST + 1 - earliest))

    def _approve(self, one: Enterprise, permit: Permit) -> None:
        one.approvals += 1
        office = permit.offices[one.place]
        day = self._day_since(max(one.founded, LAST - years(8)))
        number = self._document(one, f"{permit.sign}许", day)
        end = day + PERMIT_LASTS
        self._approvals.append(
            f"{one.name},{one.uscc},准予行政许可决定书,{number},{permit.category},"
            f"{permit.certificate},{permit.letters}{PLACES[one.place].code}{self._running:08d},"
            f"{permit.content},{self._iso[day]},{self._iso[day]},{self._iso[end]},{office.name},"
            f"{office.uscc},{'1' if end >= LAST else '0'},{office.name},{office.uscc},\n"
        )

    def _punish(self, one: Enterprise, trade: Trade) -> None:
        draw = self._random
        one.penalties += 1
        office = offices.MARKET[one.place]
        day = self._day_since(max(one.founded, LAST - years(3)))
        severity = SEVERITIES[int(draw() * len(SEVERITIES))]
        number = self._document(one, "市监罚", day)
        fine = LEAST_FINE[severity] * (1 + int(draw() * 9))
        until = self._iso[day + PUBLISHED[severity]]
        warned = severity == "1" and draw() < WARNING_SHARE
        imposed = "警告,予以警告," if warned else f"罚款,处以罚款{fine:g}万元,{fine:g}"
        self._penalties.append(
            f"{one.name},{one.uscc},{number},{trade.violation},{trade.facts},"
            f"《中华人民共和国行政处罚法》第二十八条,{imposed},{self._iso[day]},{until},{severity},"
            f"{office.name},{office.uscc},\n"
        )
        if severity == "3" and draw() < BLACK_SHARE_OF_SERIOUS:
            one.black = True
            city = offices.CITY_MARKET
            self._lists.append(
                f"2,严重违法失信名单,{one.uscc},{one.name},{trade.violation},{number},"
                f"{self._iso[day]},{until},{city.name},{city.uscc}\n"
            )

    def _praise(self, one: Enterprise) -> None:
        one.red = True
        day = self._day_since(max(one.founded, LAST - years(1)))
        self._lists.append(
            f"1,纳税信用A级纳税人,{one.uscc},{one.name},上年度纳税信用评价为A级,,{self._iso[day]},"
            f"{self._iso[day + years(1)]},{offices.TAX.name},{offices.TAX.uscc}\n"
        )
