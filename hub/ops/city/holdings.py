"""What residents and enterprises hold: identity cards, real estate, materials once handed in."""

from random import Random

from hub.ops.city import offices
from hub.ops.city.calendar import LAST, Calendar, years
from hub.ops.city.enterprises import Enterprise
from hub.ops.city.families import MARRIED, SPOUSE, Household, Person
from hub.ops.city.numbers import LicenceNumbers
from hub.ops.city.places import PLACES
from hub.ops.city.sheets import Sheets

IDENTITY_CARD = "11100000000013127D001"
CARD_AGE = years(16)
OWNER_SHARE = 0.55
SECOND_HOME_SHARE = 0.15
JOINT_SHARE = 0.5
MORTGAGED_SHARE = 0.3
SEIZED_SHARE = 0.01
MATERIAL_SHARE = 0.3

# Title, the service that it was handed in for, and where.
_OF_PEOPLE = (
    ("结婚登记档案证明", "住房公积金提取", offices.CIVIL_AFFAIRS),
    ("购房合同", "不动产登记", offices.HOUSING),
    ("出生医学证明", "新生儿落户", offices.HEALTH),
    ("居住证明", "义务教育入学", offices.COUNTER),
    ("收入证明", "社会救助", offices.CIVIL_AFFAIRS),
)
_OF_ENTERPRISES = (
    ("公司章程", "企业开办", offices.MARKET),
    ("经营场所租赁合同", "企业开办", offices.MARKET),
    ("食品安全管理制度", "食品经营许可", offices.MARKET),
    ("环境影响登记表", "排污许可", offices.ECOLOGY),
)
_MEDIA = ("application/pdf", "application/pdf", "application/ofd", "image/jpeg")


class Holdings:
    """Writes what people and enterprises hold."""

    __slots__ = (
        "_bits",
        "_cards",
        "_cards_rows",
        "_estate",
        "_iso",
        "_materials",
        "_materials_count",
        "_parcels",
        "_random",
    )

    def __init__(self, random: Random, calendar: Calendar, sheets: Sheets) -> None:
        self._random = random.random
        self._bits = random.getrandbits
        self._iso = calendar.iso
        self._cards = LicenceNumbers(IDENTITY_CARD)
        self._cards_rows = sheets.of("e_licence")
        self._estate = sheets.of("real_estate")
        self._materials = sheets.of("shared_material")
        self._parcels = 0
        self._materials_count = 0

    def card(self, person: Person, place: int) -> None:
        """The identity card of somebody of 16 or older: ten years for the young, then twenty."""
        age = LAST - person.day
        if age < CARD_AGE:
            return
        office = offices.POLICE[place]
        lasts = years(10) if age < years(26) else years(20)
        issued = max(person.day + CARD_AGE, LAST - int(self._random() * lasts))
        identifier = self._cards.issue(office.uscc, PLACES[place].code)
        status = "01"
        if person.deceased:
            status, issued = "04", min(issued, person.deceased)
        day = self._iso[issued]
        self._cards_rows.append(
            f"{identifier},居民身份证,{person.id},{IDENTITY_CARD},{person.name},{person.id},111,"
            f"{office.name},{office.uscc},{day},{day},{self._iso[issued + lasts]},{status},\n"
        )

    def homes(self, home: Household) -> list[Person]:
        """The homes of a household, of the head alone or with the spouse; returns the owners."""
        draw = self._random
        head = home.members[0]
        if draw() >= OWNER_SHARE:
            return []
        owners = [head]
        if head.marital == MARRIED and draw() < JOINT_SHARE:
            owners += [person for person in home.members if person.relation == SPOUSE]
        earliest = max(LAST - years(18), max(owner.day for owner in owners) + years(18))
        pairs = [(owner.id, owner.name) for owner in owners]
        self._own(home.place, home.address, pairs, earliest, dwelling=True)
        if draw() < SECOND_HOME_SHARE:
            self._own(home.place, home.address + "附房", pairs, earliest, dwelling=True)
        return owners

    def premises(self, one: Enterprise) -> None:
        """The premises of an enterprise, its own."""
        self._own(one.place, one.address, [(one.uscc, one.name)], one.founded, dwelling=False)

    def _own(
        self,
        place: int,
        location: str,
        owners: list[tuple[str, str]],
        earliest: int,
        *,
        dwelling: bool,
    ) -> None:
        draw = self._random
        at = PLACES[place]
        parcel = self._parcels = self._parcels + 1
        day = self._iso[earliest + int(draw() * (LAST + 1 - earliest))]
        unit = (
            f"{at.code}{parcel // 10_000_000 % 1000:03d}{parcel // 10_000 % 1000:03d}GB"
            f"{parcel % 10_000:05d}F{1 + int(draw() * 40):04d}{1 + int(draw() * 200):04d}"
        )
        tenths = 450 + int(draw() * 1200) if dwelling else 800 + int(draw() * 40_000)
        flags = (
            f"{'true' if draw() < MORTGAGED_SHARE else 'false'},"
            f"{'true' if draw() < SEIZED_SHARE else 'false'}"
        )
        certificate = f"云（{day[:4]}）{at.name}不动产权第{parcel:07d}号"
        form = "1" if len(owners) > 1 else "0"
        use = "10" if dwelling else "30"
        for owner, name in owners:
            self._estate.append(
                f"{certificate},{unit},{name},{owner},4,{form},,{location},"
                f"{tenths / 10:g},{use},{day},{flags},1\n"
            )

    def handed_in_by_person(self, person: Person, place: int) -> None:
        """A material that a resident has handed in since coming of age."""
        kind = _OF_PEOPLE[int(self._random() * len(_OF_PEOPLE))]
        earliest = max(LAST - years(4), person.day + years(18))
        self._hand_in(person.id, person.name, kind, place, earliest)

    def handed_in_by_enterprise(self, one: Enterprise) -> None:
        """A material that an enterprise has handed in."""
        kind = _OF_ENTERPRISES[int(self._random() * len(_OF_ENTERPRISES))]
        self._hand_in(one.uscc, one.name, kind, one.place, max(LAST - years(4), one.founded))

    def _hand_in(
        self,
        holder: str,
        name: str,
        kind: tuple[str, str, tuple[offices.Office, ...]],
        place: int,
        earliest: int,
    ) -> None:
        draw = self._random
        title, service, received_by = kind
        office = received_by[place]
        count = self._materials_count = self._materials_count + 1
        day = earliest + int(draw() * (LAST + 1 - earliest))
        until = day + years(3)
        media = _MEDIA[int(draw() * len(_MEDIA))]
        self._materials.append(
            f"CL{PLACES[place].code}-{count:010d},{holder},{name},{title},"
            f"{1 + int(draw() * 2)},{service},{office.name},{office.uscc},{self._iso[day]},"
            f"{self._iso[until]},{media},{20_000 + int(draw() * 2_000_000)},"
            f"{self._bits(256):064x},{'1' if until >= LAST else '2'}\n"
        )
