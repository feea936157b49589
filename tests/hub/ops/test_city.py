import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.definition import bundled
from catalog.identifiers import check
from catalog.values import check_value
from hub.ops.city import CitySummary, build
from hub.ops.city.calendar import FIRST, TODAY, Calendar, day_of
from hub.ops.city.numbers import CreditCodes, LicenceNumbers, ResidentNumbers

RESIDENTS = 3_000
ENTERPRISES = 600
MEMBERS_WITH_THREE_CHARACTERS = 0.5
CALENDAR = Calendar()

Row = dict[str, str]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> CitySummary:
    folder = tmp_path_factory.mktemp("city")
    return build(folder, residents=RESIDENTS, enterprises=ENTERPRISES, seed=7)


@pytest.fixture(scope="module")
def tables(city: CitySummary) -> dict[str, list[Row]]:
    return {code: list(read(code, path)) for code, path in city.files.items()}


def read(code: str, path: Path) -> Iterator[Row]:
    """Rows by item code; the headings must be the items' titles, in order."""
    items = bundled()[code].items
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        assert next(reader) == [item.title_zh for item in items]
        for line in reader:
            yield dict(zip((item.code for item in items), line, strict=True))


def test_counts_are_those_asked_for(city: CitySummary, tables: dict[str, list[Row]]) -> None:
    assert (city.residents, city.enterprises) == (RESIDENTS, ENTERPRISES)
    assert {code: len(rows) for code, rows in tables.items()} == dict(city.rows)
    assert len(tables["resident"]) == RESIDENTS
    assert len(tables["legal_entity"]) == ENTERPRISES
    assert set(tables) == set(bundled())
    assert all(tables.values())
    assert len({row["household_no"] for row in tables["household"]}) == city.households


def test_every_value_is_valid_and_in_its_form(tables: dict[str, list[Row]]) -> None:
    for code, rows in tables.items():
        for item in bundled()[code].items:
            for row in rows:
                checked = check_value(item, row[item.code])
                assert checked.verdict == "valid", (code, item.code, row, checked)
                assert checked.value == row[item.code]


def test_row_keys_are_unique(tables: dict[str, list[Row]]) -> None:
    for code, rows in tables.items():
        keys = Counter(tuple(row[item] for item in bundled()[code].row_key) for row in rows)
        assert max(keys.values()) == 1, code


def test_number_birth_date_and_sex_of_a_resident_agree(tables: dict[str, list[Row]]) -> None:
    for row in tables["resident"]:
        assert row["resident_id"][6:14] == row["birth_date"].replace("-", "")
        assert row["sex"] == ("1" if int(row["resident_id"][16]) % 2 else "2")
        assert row["birth_date"] <= TODAY.isoformat()
        assert bool(row["deceased_on"]) == (row["status"] == "2")


def test_members_of_a_household_are_its_living_residents(tables: dict[str, list[Row]]) -> None:
    residents = {row["resident_id"]: row for row in tables["resident"]}
    living = {number for number, row in residents.items() if row["status"] == "1"}
    assert {row["member_id"] for row in tables["household"]} == living
    for row in tables["household"]:
        member, head = residents[row["member_id"]], residents[row["head_id"]]
        assert member["household_no"] == head["household_no"] == row["household_no"]
        assert (member["name"], head["name"]) == (row["member_name"], row["head_name"])
        assert member["registered_address"] == row["address"]
        assert (row["relation"] == "01") == (row["member_id"] == row["head_id"])
    sizes = Counter(row["household_no"] for row in tables["household"])
    assert all(
        sizes[row["household_no"]] == int(row["member_count"]) for row in tables["household"]
    )


def test_spouses_are_married_adults_and_parents_are_older(tables: dict[str, list[Row]]) -> None:
    residents = {row["resident_id"]: row for row in tables["resident"]}
    seen: Counter[str] = Counter()
    for row in tables["household"]:
        member, head = residents[row["member_id"]], residents[row["head_id"]]
        years_apart = int(member["birth_date"][:4]) - int(head["birth_date"][:4])
        seen[row["relation"]] += 1
        if row["relation"] == "10":
            assert member["marital_status"] == head["marital_status"] == "20"
            assert member["sex"] != head["sex"]
            assert abs(years_apart) <= 7
            assert TODAY.year - int(member["birth_date"][:4]) >= 20
        elif row["relation"] in {"20", "30"}:
            assert member["sex"] == ("1" if row["relation"] == "20" else "2")
            assert 18 <= years_apart <= 50
        elif row["relation"] == "50":
            assert 18 <= -years_apart <= 50
    assert set(seen) == {"01", "10", "20", "30", "50"}


def test_legal_representative_is_an_adult_resident(tables: dict[str, list[Row]]) -> None:
    residents = {row["resident_id"]: row for row in tables["resident"]}
    for row in tables["legal_entity"]:
        leader = residents[row["legal_representative_id"]]
        assert leader["name"] == row["legal_representative"]
        assert leader["status"] == "1"
        of_age = f"{int(leader['birth_date'][:4]) + 18}{leader['birth_date'][4:]}"
        assert row["established_on"][:4] >= of_age[:4]


def test_credit_records_are_about_registered_enterprises(tables: dict[str, list[Row]]) -> None:
    names = {row["uscc"]: row["name"] for row in tables["legal_entity"]}
    founded = {row["uscc"]: row["established_on"] for row in tables["legal_entity"]}
    punished = {row["uscc"]: row["severity"] for row in tables["credit_penalty"]}
    for code in ("credit_approval", "credit_penalty", "credit_list"):
        for row in tables[code]:
            subject = row[bundled()[code].subject.item]
            assert names[subject] == row["name"]
            assert founded[subject] <= row["decided_on"] <= TODAY.isoformat()
    for row in tables["credit_list"]:
        serious = punished.get(row["subject_id"]) == "3"
        assert serious == (row["list_kind"] == "2")
    assert {row["list_kind"] for row in tables["credit_list"]} == {"1", "2"}


def test_holders_and_owners_exist_under_their_names(tables: dict[str, list[Row]]) -> None:
    names = {row["resident_id"]: row["name"] for row in tables["resident"]}
    names |= {row["uscc"]: row["name"] for row in tables["legal_entity"]}
    for code, holder in (
        ("e_licence", "holder"),
        ("real_estate", "owner"),
        ("shared_material", "holder"),
    ):
        kinds = set()
        for row in tables[code]:
            assert names[row[f"{holder}_id"]] == row[f"{holder}_name"]
            kinds.add(check_value(bundled()[code].subject_item, row[f"{holder}_id"]).kind)
        assert kinds == {"resident_id", "uscc"}


def test_every_enterprise_has_its_licence_and_every_employer_is_one(
    tables: dict[str, list[Row]],
) -> None:
    entities = {row["uscc"] for row in tables["legal_entity"]}
    licensed = {row["holder_id"] for row in tables["e_licence"] if row["name"] == "营业执照"}
    assert licensed == entities
    employers = {row["employer_uscc"] for row in tables["resident"]} - {""}
    assert employers
    assert employers <= entities


def test_joint_owners_of_a_home_are_a_couple(tables: dict[str, list[Row]]) -> None:
    numbers = {row["resident_id"]: row["household_no"] for row in tables["resident"]}
    homes: dict[str, list[Row]] = {}
    for row in tables["real_estate"]:
        homes.setdefault(row["certificate_no"], []).append(row)
    shared = [rows for rows in homes.values() if len(rows) > 1]
    assert shared
    for rows in homes.values():
        assert {row["co_ownership"] for row in rows} == {"1" if len(rows) > 1 else "0"}
        assert len({row["location"] for row in rows}) == 1
    for rows in shared:
        assert len({numbers[row["owner_id"]] for row in rows}) == 1


def test_names_have_two_to_four_characters_and_most_three(tables: dict[str, list[Row]]) -> None:
    lengths = Counter(len(row["name"]) for row in tables["resident"])
    assert set(lengths) == {2, 3, 4}
    assert lengths[3] + lengths[4] > MEMBERS_WITH_THREE_CHARACTERS * RESIDENTS


def test_samples_are_what_their_roles_say(city: CitySummary, tables: dict[str, list[Row]]) -> None:
    def subjects(code: str) -> Counter[str]:
        return Counter(row[bundled()[code].subject.item] for row in tables[code])

    residents = {row["resident_id"]: row for row in tables["resident"]}
    owner, spouse = city.samples["owner"].id, city.samples["owners_spouse"].id
    child = city.samples["owners_child"].id
    assert {owner, spouse} <= set(subjects("real_estate"))
    assert len({residents[one]["household_no"] for one in (owner, spouse, child)}) == 1
    assert residents[city.samples["newborn"].id]["birth_date"] > "2025-06"
    assert residents[city.samples["deceased"].id]["status"] == "2"
    assert city.samples["material_holder"].id in subjects("shared_material")
    assert subjects("credit_approval")[city.samples["approved"].id] >= 2
    assert city.samples["penalised"].id in subjects("credit_penalty")
    lists = {(row["list_kind"], row["subject_id"]) for row in tables["credit_list"]}
    assert ("1", city.samples["red_listed"].id) in lists
    assert ("2", city.samples["black_listed"].id) in lists
    founder = residents[city.samples["founder"].id]
    mother, father = (residents[city.samples[role].id] for role in ("mother", "father"))
    households = Counter(row["household_no"] for row in tables["household"])
    assert (households[founder["household_no"]], founder["status"]) == (1, "1")
    assert (mother["household_no"], mother["sex"], father["sex"]) == (
        father["household_no"],
        "2",
        "1",
    )
    assert (mother["marital_status"], households[mother["household_no"]]) == ("20", 2)
    assert city.samples["owner"].id not in {founder["resident_id"], mother["resident_id"]}
    led = {row["uscc"]: row for row in tables["legal_entity"]}[city.samples["led"].id]
    assert led["legal_representative_id"] == city.samples["legal_representative"].id
    for sample in city.samples.values():
        assert check(sample.kind, sample.id).verdict == "valid"


def digests(folder: Path, seed: int) -> dict[str, str]:
    summary = build(folder, residents=500, enterprises=80, seed=seed)
    return {
        code: hashlib.sha256(path.read_bytes()).hexdigest() for code, path in summary.files.items()
    }


def test_seed_decides_every_byte(tmp_path: Path) -> None:
    first, again = digests(tmp_path / "a", 3), digests(tmp_path / "b", 3)
    other = digests(tmp_path / "c", 4)
    assert first == again
    assert all(first[code] != other[code] for code in first)


@pytest.mark.parametrize("residents", [0, 1, 5, 7])
def test_small_city_has_exactly_its_residents(tmp_path: Path, residents: int) -> None:
    told: list[tuple[str, int, int]] = []
    summary = build(
        tmp_path,
        residents=residents,
        enterprises=3 if residents else 0,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert summary.rows["resident"] == residents
    assert summary.rows["legal_entity"] == (3 if residents else 0)
    assert told == [("residents", residents, residents)]


def test_enterprises_without_residents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lead"):
        build(tmp_path, residents=0, enterprises=1)


@settings(max_examples=200)
@given(
    birth=st.dates(FIRST, TODAY),
    male=st.booleans(),
    area=st.sampled_from(["530402", "650102", "532401"]),
)
def test_fast_resident_numbers_are_valid_and_all_different(
    *, birth: date, male: bool, area: str
) -> None:
    day = day_of(birth)
    numbers = ResidentNumbers(CALENDAR)
    issued = [numbers.issue(area, day, male=male) for _ in range(255)]
    assert len(set(issued)) == 255
    assert {check("resident_id", number).verdict for number in issued} == {"valid"}
    assert {int(number[16]) % 2 for number in issued} == {int(male)}


def test_fast_licence_and_credit_numbers_are_valid_and_all_different() -> None:
    licences = LicenceNumbers("11100000000013127D001")
    licences._count = 998_500  # across the places where a new group of three digits begins
    codes = CreditCodes(12_345)
    issuers = ["11330105002500287C", "11100000MB0143028R"]
    issued = [licences.issue(issuers[number % 2], "530402") for number in range(3_000)]
    enterprises = [codes.issue("91", "530402") for _ in range(3_000)]
    assert len(set(issued)) == len(set(enterprises)) == 3_000
    assert {check("licence_id", one).verdict for one in issued} == {"valid"}
    assert {check("uscc", one).verdict for one in enterprises} == {"valid"}
    assert {check("organisation_code", one[8:17]).verdict for one in enterprises} == {"valid"}
