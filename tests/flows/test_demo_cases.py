"""The demonstration's linked story: what it promises, judged by what it left behind.

Which papers departments have is derived from their own files and from the ledger: nothing here asks
the engine that decided the cases.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from plaintext import Plaintext

from catalog.definition import bundled
from catalog.services.reading import bundled as bundled_services
from certs.canonical import Json, canonical, parse
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.ops.demo.acts.newborn import INSURED_AS, REGISTERED
from hub.ops.demo.acts.restaurant import CHECKED, FED, OPENED
from hub.ops.demo.tampering import in_the_ledger, in_the_table, tampered
from hub.runtime import open_hub
from hub.storage.sqlite import Connection

PATIENCE = 600
CITY = ("--residents", "2000", "--enterprises", "300", "--seed", "7")
_HUB = (sys.executable, "-c", "from hub.cli import main; main()")
TARGET = 7000
"""Hundredths of a per cent."""
DATA = {
    "identity_card": ("resident", "resident_id"),
    "household_register": ("household", "member_id"),
    "business_licence": ("legal_entity", "uscc"),
    "premises_title": ("real_estate", "owner_id"),
}
"""Papers that departments have as data: the dataset, and the item that says of whom."""
PUBLISHED = {"psb": ("resident", "household"), "mrb": ("legal_entity",), "nrb": ("real_estate",)}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * PATIENCE)]
Answer = dict[str, Json]


@dataclass(frozen=True)
class Played:
    """A demonstration that has ended; ``held`` is what departments have: type and of whom."""

    folder: Path
    told: str
    held: frozenset[tuple[str, str]]

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    def answers(self, department: str, number: str) -> list[Answer]:
        """What a counter was told of a case, in the order of its versions."""
        files = (self.folder / "departments" / department / "data" / "cases").glob(f"{number}.*")
        ordered = sorted(files, key=lambda file: int(file.suffixes[-2][1:]))
        return [json.loads(file.read_bytes()) for file in ordered]

    def command(self, *arguments: str, hub: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [*_HUB, "--folder", str(hub or self.hub), *arguments]
        return run(command)

    def figure(self) -> Answer:
        done = self.command("reuse", "verify", "--json")
        assert done.returncode == 0, done.stdout
        found = json.loads(done.stdout)
        assert found["faults"] == []
        return dict(found["figure"])


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, "YIFEN_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("story") / "demo"
    done = run([*_HUB, "demo", "--demo-folder", str(folder), "--port", "0", *CITY, "--exit"])
    assert done.returncode == 0, done.stdout + done.stderr
    return Played(folder, done.stdout, frozenset({*published(folder), *entered(folder / "hub")}))


def published(folder: Path) -> Iterator[tuple[str, str]]:
    """What the departments have as data, or as papers once handed in, by their own files."""
    for department, datasets in PUBLISHED.items():
        for dataset in datasets:
            for file in (folder / "departments" / department / "data").glob(f"{dataset}*.csv"):
                of = [kind for kind, (named, _) in DATA.items() if named == dataset]
                for row in rows(file, dataset):
                    for kind in of:
                        yield kind, row[DATA[kind][1]]
    for row in rows(
        folder / "departments" / "nrb" / "data" / "shared_material.csv", "shared_material"
    ):
        yield row["title"], row["holder_id"]
    for row in rows(folder / "departments" / "mrb" / "data" / "e_licence.csv", "e_licence"):
        yield row["type_code"], row["holder_id"]


def rows(file: Path, dataset: str) -> Iterator[dict[str, str]]:
    """Rows by item."""
    codes = {item.title_zh: item.code for item in bundled()[dataset].items}
    with file.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            yield {codes.get(heading, heading): value for heading, value in row.items()}


def entered(hub_folder: Path) -> Iterator[tuple[str, str]]:
    """What was filed and issued, by the entries and whom they are about."""
    hub = open_hub(hub_folder)
    try:
        datasets = dict(hub.reading.execute("SELECT id, dataset FROM materials").fetchall())
        for data, control, person, number in hub.reading.execute(
            "SELECT leaf, control, person, person_key FROM entries"
        ):
            leaf = read_leaf(data)
            if leaf.kind not in {"licence", "material"}:
                continue
            state = _object(_object(control)["state"])
            _, said = hub.persons.open(person, number, leaf.person)
            subject = str(_object(_object(said)["subject"])["id"])
            if leaf.kind == "material":
                yield datasets[state["id"]], subject
            else:
                yield str(state["type"]), subject
    finally:
        hub.close()


def _object(value: "Json | bytes") -> dict[str, Json]:
    if isinstance(value, bytes):
        value = parse(value, max_bytes=1 << 20, max_depth=12)
    assert isinstance(value, dict)
    return value


def papers(answer: Mapping[str, Json], *statuses: str) -> list[dict[str, Json]]:
    listed = _object(_object(answer["notice"])["materials"])
    return [_object(one) for status in statuses for one in listed[status]]  # type: ignore[union-attr]


def had(played: Played, paper: dict[str, Json], parties: Mapping[str, str]) -> bool:
    """Whether some department has a paper of a party."""
    (*_, piece) = paper["for"]  # type: ignore[misc]
    service = bundled_services()[str(_object(piece)["service"])]
    material = service.by_material[str(_object(piece)["material"])]
    names = {material.type, f"material_{material.type}", material.title_zh, material.licence_type}
    return bool(names & {kind for kind, of in played.held if of == parties.get(material.of)})


def parties_of(played: Played) -> dict[str, str]:
    """Who takes part in the restaurant's cases: the company, its founder, the landlord."""
    data = played.folder / "departments" / "mrb" / "data"
    (company,) = rows(data / "legal_entity-new.csv", "legal_entity")
    file = played.folder / "departments" / "nrb" / "data" / "real_estate.csv"
    estates = rows(file, "real_estate")
    owner = next(row["owner_id"] for row in estates if row["location"] == company["address"])
    founder = company["legal_representative_id"]
    return {"subject": company["uscc"], "legal_representative": founder, "owner": owner}


@pytest.mark.parametrize(("department", "number"), [("mrb", FED), ("frb", CHECKED)])
def test_second_and_third_step_ask_for_no_paper_that_any_department_has(
    played: Played, department: str, number: str
) -> None:
    opened, parties = played.answers(department, number)[0], parties_of(played)
    brought = papers(opened, "must_bring", "may_follow")
    assert brought
    assert [one["type"] for one in brought if had(played, one, parties)] == []
    # What was not asked for is had: the derivation would have found it.
    spared = papers(opened, "confirmed", "on_file")
    assert spared
    assert all(had(played, one, parties) for one in spared)


def test_what_the_second_step_has_on_file_came_from_the_first(played: Played) -> None:
    opened = played.answers("mrb", OPENED)
    assert [one["type"] for one in papers(opened[0], "must_bring")] == ["material_lease"]
    assert opened[-1]["result"] == "accepted"
    second = played.answers("mrb", FED)[0]
    on_file = {str(one["type"]) for one in papers(second, "on_file")}
    assert on_file == {"business_licence", "material_lease"}
    filled = {
        str(one["code"])
        for one in map(_object, second["form"])  # type: ignore[arg-type]
        if one["value"] is not None
    }
    assert {"enterprise_name", "uscc", "premises_address", "legal_representative_name"} <= filled


def test_a_licence_revoked_is_refused_by_the_next_question_of_the_open_case(
    played: Played,
) -> None:
    answers = played.answers("frb", CHECKED)
    (at,) = (number for number, one in enumerate(answers) if one.get("fallen"))
    refused, accepted = answers[at : at + 2]
    assert [_object(one)["material"] for one in refused["fallen"]] == ["business_licence"]  # type: ignore[union-attr]
    assert [_object(one)["material"] for one in refused["lacking"]] == ["business_licence"]  # type: ignore[union-attr]
    assert (refused["status"], refused["result"]) == ("open", None)
    (paper,) = (one for one in papers(refused, "must_bring") if one["type"] == "business_licence")
    (piece,) = paper["for"]  # type: ignore[misc]
    tried = [_object(one) for one in _object(piece)["tried"]]  # type: ignore[union-attr]
    whys = [(one["kind"], _object(one["why"])["code"]) for one in tried]
    assert whys == [("licence", "revoked"), ("lookup", "condition-not-met")]
    assert (accepted["status"], accepted["result"]) == ("concluded", "accepted")


def test_the_newborn_has_no_number_and_the_parents_bring_nothing(played: Played) -> None:
    first, *_, last = played.answers("psb", REGISTERED)
    assert papers(first, "must_bring") == []
    assert last["result"] == "accepted"
    merged, *_, concluded = played.answers("hrb", INSURED_AS)
    assert {_object(one)["service"] for one in merged["services"]} == {  # type: ignore[union-attr]
        "newborn_insurance",
        "social_security_card",
    }
    assert [one["type"] for one in papers(merged, "may_follow")] == ["household_register"]
    assert papers(concluded, "must_bring", "may_follow") == []
    assert concluded["result"] == "accepted"


def test_the_window_asked_for_the_other_department_under_its_delegation(played: Played) -> None:
    asked = set()
    for answer in played.answers("hrb", INSURED_AS):
        assert answer["department"] == "hrb"
        for round_ in map(_object, answer["rounds"]):  # type: ignore[arg-type]
            for question, opening in zip(round_["questions"], round_["openings"], strict=True):  # type: ignore[arg-type]
                control = _object(_object(opening)["control"])
                named = control.get("delegation") is not None
                asked.add((str(_object(question)["department"]), named))
                assert str(control["department"]).endswith(":hrb")
    assert asked == {("hsb", True), ("hrb", False)}


def test_some_services_reach_the_target_and_some_stay_below_and_are_named(played: Played) -> None:
    services = _object(played.figure()["services"])
    assert set(services) == {*bundled_services()}
    shares = {code: _object(one)["share"] for code, one in services.items()}
    below = {code for code, share in shares.items() if isinstance(share, int) and share < TARGET}
    assert below == {"enterprise_opening", "food_business_licence", "fire_safety_check"}
    for code, share in shares.items():
        assert isinstance(share, int)
        shown = f"{share // 100}.{share % 100:02d} %"
        title = bundled_services()[code].title("en")
        assert any(title[:40] in line and shown in line for line in played.told.splitlines())
        assert (f"below the target: {title} ({shown})" in played.told) == (code in below)


def test_the_figure_counts_what_the_counters_were_told(played: Played) -> None:
    """Derived a third time, from what was printed for the applicants when they first came."""
    opened = [played.answers("mrb", number)[0] for number in (OPENED, FED)]
    opened += [played.answers("frb", CHECKED)[0], played.answers("psb", REGISTERED)[0]]
    opened.append(played.answers("hrb", INSURED_AS)[-1])
    pieces = [
        (str(_object(piece)["service"]), str(paper["status"]))
        for answer in opened
        for paper in papers(answer, "must_bring", "may_follow", "confirmed", "on_file")
        for piece in paper["for"]  # type: ignore[union-attr]
    ]
    for code, one in _object(played.figure()["services"]).items():
        statuses = [status for service, status in pieces if service == code]
        counts = _object(one)
        assert counts["listed"] == len(statuses)
        assert counts["brought"] == statuses.count("must_bring")
        assert counts["covered"] == statuses.count("confirmed") + statuses.count("on_file")


# -- tampered -------------------------------------------------------------------------------------
def untouched(_: Connection) -> None:
    pass


def a_case_taken_away(connection: Connection) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("DELETE FROM cases WHERE id = (SELECT min(id) FROM cases)")


def a_shorter_list(connection: Connection) -> None:
    connection.execute(
        "UPDATE services SET definition = CAST(replace(CAST(definition AS TEXT),"
        " 'necessity = 1', 'necessity = 2') AS BLOB) WHERE code = 'fire_safety_check'"
    )


def a_kinder_rule(connection: Connection) -> None:
    connection.execute(
        "UPDATE rule_sets SET definition = CAST(replace(CAST(definition AS TEXT),"
        " 'sighted = true', 'sighted = false') AS BLOB)"
    )


def brought_is_forgotten(connection: Connection) -> None:
    """What the applicant has handed in becomes nothing, in entry, leaf and table alike."""
    found = connection.execute(
        "SELECT c.entry, e.leaf, e.control, e.salts FROM cases c"
        " JOIN entries e ON e.position = c.entry"
    ).fetchall()
    for position, data, control, salts in found:
        members = _object(control)
        for one in _object(members["state"])["materials"]:  # type: ignore[union-attr]
            _object(one)["brought"] = None
        said, leaf = canonical(members), read_leaf(data)
        digest = part_digest("control", salts[:SALT_BYTES], said)
        made = leaf_bytes(leaf.kind, leaf.time, digest, leaf.person, leaf.internal)
        connection.execute(
            "UPDATE entries SET control = ?, leaf = ? WHERE position = ?", (said, made, position)
        )
        connection.execute(
            "UPDATE cases SET state = ? WHERE entry = ?",
            (canonical(members["state"]).decode(), position),
        )


def an_older_entry_for_the_newest(connection: Connection) -> None:
    connection.execute(
        "UPDATE cases SET entry = (SELECT min(position) FROM entries"
        ' WHERE instr(leaf, \'"kind":"case"\') > 0)'
    )


@pytest.mark.parametrize(
    ("change", "whys"),
    [
        (untouched, set()),
        (in_the_table, {"table"}),
        (in_the_ledger, {"checkpoint-root", "status"}),
        (a_case_taken_away, {"table", "figure"}),
        (a_shorter_list, {"service"}),
        (a_kinder_rule, {"rules"}),
        (brought_is_forgotten, {"checkpoint-root", "brought", "brought-hidden"}),
        (an_older_entry_for_the_newest, {"table", "figure"}),
    ],
)
def test_a_tampered_copy_is_caught(
    played: Played, tmp_path: Path, change: Callable[[Connection], None], whys: set[str]
) -> None:
    with tampered(played.hub, tmp_path / "copy", change) as copy:
        done = played.command("reuse", "verify", "--json", hub=copy)
    found = {one["why"] for one in json.loads(done.stdout)["faults"]}
    assert whys <= found
    assert (done.returncode, bool(found)) == (int(bool(whys)), bool(whys))


def test_what_belongs_to_no_entry_is_not_told_of_one(played: Played, tmp_path: Path) -> None:
    with tampered(played.hub, tmp_path / "copy", a_case_taken_away) as copy:
        done = played.command("reuse", "verify", hub=copy)
    assert done.returncode == 1
    assert "The figure does not agree with the ledger: figure" in done.stdout.splitlines()
    assert "-1" not in done.stdout


def test_the_demonstration_told_that_both_copies_were_caught(played: Played) -> None:
    assert "found out: the table is not what the ledger says" in played.told
    assert "found out: such entries are not under the signed log" in played.told
    assert not (played.folder / "tampered").exists()


def test_it_tells_where_to_look(played: Played) -> None:
    (line,) = (line for line in played.told.splitlines() if "Have a look" in line)
    assert "/cases;" in line
    assert "/reuse." in line


def test_nobody_of_the_story_stands_in_the_hubs_folder_in_the_clear(played: Played) -> None:
    parties = parties_of(played)
    data = played.folder / "departments" / "psb" / "data"
    (child,) = rows(data / "resident-born.csv", "resident")
    private = [parties["legal_representative"], child["resident_id"], child["name"]]
    assert Plaintext(private).in_folder(played.hub) == []
