"""Households whose members fit together: couples, children, parents, their ages and names."""

from dataclasses import dataclass
from random import Random

from hub.ops.city.calendar import LAST, Calendar, years
from hub.ops.city.names import Names
from hub.ops.city.numbers import ResidentNumbers
from hub.ops.city.places import ELSEWHERE, PLACES, SHARES, address_heads

# GB/T 2261.2 marital status; relations to the head as in the household dataset.
NEVER, MARRIED, WIDOWED, DIVORCED = "10", "20", "30", "40"
HEAD, SPOUSE, SON, DAUGHTER, PARENT = "01", "10", "20", "30", "50"

ADULT = years(18)
NEWCOMER_SHARE = 0.15
VILLAGE_SHARE = 0.4
MALE_HEAD_SHARE = 0.7
CHILD_OF_HEADS_NAME_SHARE = 0.92
LARGEST_HOUSEHOLD = 6
# Kinds of household, each up to its share, by eye of a census; the rest are couples with children.
SINGLE, BEREAVED, SINGLE_PARENT, COUPLE = 0.18, 0.21, 0.26, 0.46
THREE_GENERATIONS_FROM = 0.88
TWO_CHILDREN_SHARE = 0.35
MIXED_MARRIAGE_SHARE = 0.3
BOYS_SHARE = 0.52
# A man of the older generation has often died before his son's or daughter's household began.
WIDOWED_PARENT_SHARE = 0.5
# Of those over thirty who live alone: never married up to the first, divorced up to the second.
NEVER_SHARE, DIVORCED_SHARE = 0.5, 0.8


@dataclass(slots=True)
class Person:
    """A resident. ``day`` is the day of birth; ``deceased`` the day of death, 0 while living."""

    id: str
    surname: str
    name: str
    male: bool
    day: int
    ethnicity: str
    marital: str
    relation: str
    deceased: int = 0
    employer: str = ""


@dataclass(slots=True)
class Household:
    """``members`` live in it, the head first; ``departed`` were registered in it and have died."""

    number: str
    place: int
    address: str
    members: list[Person]
    departed: list[Person]

    def adults(self) -> list[Person]:
        """The members of age."""
        return [person for person in self.members if person.day <= LAST - ADULT]


class Families:
    """Draws households."""

    __slots__ = ("_count", "_heads", "_names", "_numbers", "_peoples", "_places", "_random")

    def __init__(self, random: Random, calendar: Calendar) -> None:
        self._random = random.random
        self._names = Names(random)
        self._numbers = ResidentNumbers(calendar)
        self._count = 0
        self._heads = [address_heads(place) for place in PLACES]
        self._places = [index for index, share in enumerate(SHARES) for _ in range(share)]
        self._peoples = [
            [code for code, share in place.peoples for _ in range(share)] for place in PLACES
        ]

    def household(self, room: int) -> Household:
        """The next household, of at most ``room`` residents (departed ones count)."""
        draw = self._random
        place = self._places[int(draw() * len(self._places))]
        self._count += 1
        number = f"{PLACES[place].code}{self._count:09d}"
        home = Household(number, place, self.address(place), [], [])
        kind = draw() if room >= LARGEST_HOUSEHOLD else 0.0
        if kind < SINGLE:
            self._single(home)
        elif kind < BEREAVED:
            self._bereaved(home)
        elif kind < SINGLE_PARENT:
            self._single_parent(home)
        elif kind < COUPLE:
            self._couple(home, 26, 85)
        else:
            children = 1 + (draw() < TWO_CHILDREN_SHARE)
            self._family(home, children=children, parents=kind > THREE_GENERATIONS_FROM)
        return home

    def address(self, place: int) -> str:
        """An address in a place, of a village or a street."""
        draw = self._random
        streets, villages = self._heads[place]
        if draw() < VILLAGE_SHARE:
            head = villages[int(draw() * len(villages))]
            return f"{head}{1 + int(draw() * 12)}组{1 + int(draw() * 180)}号"
        head = streets[int(draw() * len(streets))]
        flat = int(draw() * 4 * 18 * 4)
        unit, flat = divmod(flat, 72)
        floor, door = divmod(flat, 4)
        house = int(draw() * 7200)
        return f"{head}{1 + house // 24}号{1 + house % 24}幢{1 + unit}单元{1 + floor}0{1 + door}室"

    def _person(
        self,
        home: Household,
        surname: str,
        *,
        male: bool,
        day: int,
        people: str,
        local: bool = False,
    ) -> Person:
        """A resident without relation and marital status; newcomers were born elsewhere."""
        if not local and self._random() < NEWCOMER_SHARE:
            area = ELSEWHERE[int(self._random() * len(ELSEWHERE))]
        else:
            area = PLACES[home.place].code_at(day)
        number = self._numbers.issue(area, day, male=male)
        name = surname + self._names.given(male=male)
        return Person(number, surname, name, male, day, people, NEVER, HEAD)

    def _adult(self, home: Household, youngest: float, oldest: float) -> Person:
        """The head of a household."""
        draw = self._random
        day = LAST - years(youngest) - int(draw() * years(oldest - youngest))
        people = self._peoples[home.place][int(draw() * 100)]
        male = draw() < MALE_HEAD_SHARE
        head = self._person(home, self._names.surname(), male=male, day=day, people=people)
        home.members.append(head)
        return head

    def _spouse(self, home: Household, head: Person) -> Person:
        """Husband and wife: he is from two years younger to six years older."""
        draw = self._random
        apart = int(draw() * years(8)) - years(2)
        day = head.day + apart if head.male else head.day - apart
        people = head.ethnicity
        if draw() < MIXED_MARRIAGE_SHARE:
            people = self._peoples[home.place][int(draw() * 100)]
        spouse = self._person(
            home, self._names.surname(), male=not head.male, day=day, people=people
        )
        head.marital = spouse.marital = MARRIED
        spouse.relation = SPOUSE
        return spouse

    def _single(self, home: Household) -> None:
        head = self._adult(home, 18, 90)
        if head.day < LAST - years(30):
            chance = self._random()
            if chance >= NEVER_SHARE:
                head.marital = DIVORCED if chance < DIVORCED_SHARE else WIDOWED

    def _bereaved(self, home: Household) -> None:
        head = self._adult(home, 55, 92)
        spouse = self._spouse(home, head)
        earliest = max(spouse.day + years(40), LAST - years(15))
        spouse.deceased = earliest + int(self._random() * (LAST - earliest))
        head.marital = WIDOWED
        home.departed.append(spouse)

    def _single_parent(self, home: Household) -> None:
        head = self._adult(home, 28, 48)
        head.marital = DIVORCED
        self._child(home, head, head, [])

    def _couple(self, home: Household, youngest: float, oldest: float) -> tuple[Person, Person]:
        head = self._adult(home, youngest, oldest)
        spouse = self._spouse(home, head)
        home.members.append(spouse)
        return head, spouse

    def _family(self, home: Household, *, children: int, parents: bool) -> None:
        head, spouse = self._couple(home, 30, 50)
        mother, father = (spouse, head) if head.male else (head, spouse)
        born: list[int] = []
        for _ in range(children):
            self._child(home, mother, father, born)
        if parents:
            self._parents(home, head)

    def _child(self, home: Household, mother: Person, father: Person, born: list[int]) -> None:
        """A child under 23 whose mother was 22 to 40 (for a younger sibling's sake from 20)."""
        draw = self._random
        earliest = max(mother.day + years(22), LAST - years(23))
        latest = min(mother.day + years(40), LAST)
        day = earliest + int(draw() * (latest - earliest))
        if born and abs(day - born[0]) < years(1):
            day = born[0] + years(2) if born[0] + years(2) <= LAST else born[0] - years(2)
        born.append(day)
        male = draw() < BOYS_SHARE
        parent = father if draw() < CHILD_OF_HEADS_NAME_SHARE else mother
        child = self._person(
            home, parent.surname, male=male, day=day, people=parent.ethnicity, local=True
        )
        child.relation = SON if male else DAUGHTER
        home.members.append(child)

    def _parents(self, home: Household, head: Person) -> None:
        """One or both parents of the head; his or her name is the father's."""
        draw = self._random
        mother_day = head.day - years(22) - int(draw() * years(12))
        father_day = mother_day - int(draw() * years(5))
        people = head.ethnicity
        mother = self._person(
            home, self._names.surname(), male=False, day=mother_day, people=people
        )
        mother.relation = PARENT
        home.members.append(mother)
        if draw() < WIDOWED_PARENT_SHARE:
            mother.marital = WIDOWED
            return
        father = self._person(home, head.surname, male=True, day=father_day, people=people)
        mother.marital = father.marital = MARRIED
        father.relation = PARENT
        home.members.append(father)
