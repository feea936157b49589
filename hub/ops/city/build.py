"""Builds the city household by household: nothing is kept but a few counters and samples."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from hub.ops.city.calendar import LAST, Calendar, years
from hub.ops.city.enterprises import Enterprise, Enterprises
from hub.ops.city.families import DAUGHTER, MARRIED, SON, Families, Household, Person
from hub.ops.city.holdings import MATERIAL_SHARE, Holdings
from hub.ops.city.places import PLACES
from hub.ops.city.sheets import Sheets
from hub.ops.city.summary import CitySummary, Sample

Progress = Callable[[str, int, int], None]

REPORT_EVERY = 10_000
# How many of the newest enterprises hire; a bound on memory, and nobody's number.
EMPLOYERS = 512
EMPLOYED_SHARE = 0.35
RETIREMENT = years(60)
PREMISES_SHARE = 0.1
MOVED_SHARE = 0.1
LONG_NAME = 3
FOUNDER_FROM, FOUNDER_UNTIL = years(25), years(55)
MOTHER_FROM, MOTHER_UNTIL = years(22), years(40)
MANY_APPROVALS = 2
COUPLE = 2


def build(
    folder: Path,
    *,
    residents: int = 20_000,
    enterprises: int = 3_000,
    seed: int = 1,
    progress: Progress | None = None,
) -> CitySummary:
    """Write one CSV per dataset into ``folder`` (made if absent; older files are replaced).

    The same arguments give the same bytes. ``residents`` counts the deceased who are still on file.
    ``progress`` is told ``("residents", done, residents)`` now and then, and at the end.
    Raises ``ValueError`` for enterprises without residents to lead them, or a negative number.
    """
    if residents < 0 or enterprises < 0 or (enterprises and not residents):
        raise ValueError("an enterprise needs a resident to lead it")
    with Sheets(folder) as sheets:
        city = _City(sheets, Random(seed))  # noqa: S311 a reproducible city, nothing secret
        city.populate(residents, enterprises, progress or _silent)
    return CitySummary(
        folder=folder,
        seed=seed,
        residents=city.residents,
        households=city.households,
        enterprises=city.enterprises,
        files={code: folder / f"{code}.csv" for code in sheets.rows},
        rows=sheets.rows,
        samples=city.samples,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody wants to know."""


class _City:
    """The counters, the open sheets and the samples of one build."""

    def __init__(self, sheets: Sheets, random: Random) -> None:
        self.residents = self.households = self.enterprises = 0
        self.samples: dict[str, Sample] = {}
        self._random = random.random
        calendar = Calendar()
        self._iso = calendar.iso
        self._sheets = sheets
        self._families = Families(random, calendar)
        self._founder = Enterprises(random, calendar, sheets)
        self._holdings = Holdings(random, calendar, sheets)
        self._residents_rows = sheets.of("resident")
        self._household_rows = sheets.of("household")
        self._employers: list[str] = []

    def populate(self, residents: int, enterprises: int, progress: Progress) -> None:
        """Add households until there are ``residents``, and enterprises in step with them."""
        reported = 0
        while self.residents < residents:
            home = self._families.household(residents - self.residents)
            self.households += 1
            self.residents += len(home.members) + len(home.departed)
            while self.enterprises * residents < enterprises * self.residents:
                self._found(home)
            self._settle(home)
            self._sheets.flush()
            if self.residents - reported >= REPORT_EVERY:
                reported = self.residents
                progress("residents", self.residents, residents)
        progress("residents", self.residents, residents)

    def _found(self, home: Household) -> None:
        draw = self._random
        adults = home.adults()
        leader = adults[int(draw() * len(adults))]
        one = self._founder.found(leader, home, self._families.address(home.place))
        self.enterprises += 1
        if len(self._employers) < EMPLOYERS:
            self._employers.append(one.uscc)
        else:
            self._employers[self.enterprises % EMPLOYERS] = one.uscc
        if draw() < PREMISES_SHARE:
            self._holdings.premises(one)
        if draw() < MATERIAL_SHARE:
            self._holdings.handed_in_by_enterprise(one)
        self._remember_enterprise(one)

    def _settle(self, home: Household) -> None:
        """Write the rows of a household and of everybody in it."""
        draw = self._random
        place = home.place
        area = PLACES[place].code
        head = home.members[0]
        count = len(home.members)
        lived_at = self._families.address(place) if draw() < MOVED_SHARE else home.address
        for person in home.members:
            age = LAST - person.day
            if not person.employer and years(20) < age < RETIREMENT and draw() < EMPLOYED_SHARE:
                person.employer = self._employer()
            self._register(person, home, area, lived_at)
            self._household_rows.append(
                f"{home.number},{person.id},{person.name},{person.relation},{head.id},{head.name},1,"
                f"{count},{area},{home.address}\n"
            )
            self._holdings.card(person, place)
        for person in home.departed:
            self._register(person, home, area, "")
            self._holdings.card(person, place)
        owners = self._holdings.homes(home)
        handed_in = draw() < MATERIAL_SHARE
        if handed_in:
            self._holdings.handed_in_by_person(head, place)
        self._remember_household(home, owners, handed_in=handed_in)

    def _employer(self) -> str:
        """One of the newest enterprises, or none while there is none."""
        employers = self._employers
        return employers[int(self._random() * len(employers))] if employers else ""

    def _register(self, person: Person, home: Household, area: str, lives_at: str) -> None:
        sex = "1" if person.male else "2"
        end = f"2,{self._iso[person.deceased]}" if person.deceased else "1,"
        self._residents_rows.append(
            f"{person.id},{person.name},,{sex},{person.ethnicity},{self._iso[person.day]},"
            f"{person.marital},{home.number},{area},{home.address},{lives_at},{person.employer},{end}\n"
        )

    def _remember(self, role: str, person: Person) -> None:
        self.samples.setdefault(role, Sample("resident_id", person.id, person.name))

    def _remember_household(
        self, home: Household, owners: list[Person], *, handed_in: bool
    ) -> None:
        head = home.members[0]
        if handed_in and len(head.name) >= LONG_NAME:
            self._remember("material_holder", head)
        for person in home.departed:
            self._remember("deceased", person)
        youngest = home.members[-1]
        if LAST - youngest.day < years(1):
            self._remember("newborn", youngest)
        self._remember_stories(home)
        if len(owners) > 1 and "owner" not in self.samples:
            children = [person for person in home.members if person.relation in {SON, DAUGHTER}]
            if children and len(head.name) >= LONG_NAME:
                self._remember("owner", head)
                self._remember("owners_spouse", owners[1])
                self._remember("owners_child", children[0])

    def _remember_stories(self, home: Household) -> None:
        """Who may open a restaurant, and who may have a child; the owner is none of them."""
        head, count = home.members[0], len(home.members)
        if home.departed:
            return
        if count == 1 and FOUNDER_FROM < LAST - head.day < FOUNDER_UNTIL:
            if len(head.name) >= LONG_NAME:
                self._remember("founder", head)
        elif count == COUPLE and head.marital == MARRIED and "mother" not in self.samples:
            mother, father = sorted(home.members, key=lambda person: person.male)
            if MOTHER_FROM < LAST - mother.day < MOTHER_UNTIL:
                self._remember("mother", mother)
                self._remember("father", father)

    def _remember_enterprise(self, one: Enterprise) -> None:
        found = {
            "led": len(one.leader.name) >= LONG_NAME,
            "approved": one.approvals >= MANY_APPROVALS,
            "penalised": one.penalties > 0,
            "red_listed": one.red,
            "black_listed": one.black,
        }
        if found["led"] and "led" not in self.samples:
            self._remember("legal_representative", one.leader)
        for role, is_so in found.items():
            if is_so:
                self.samples.setdefault(role, Sample("uscc", one.uscc, one.name))
