"""Attacks on the figure: lists that change under a case, services and months that are forged."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from world.asking import Members
from world.casework import SERVICE, SERVICE_TOML, Casework, casework, material, status_of
from world.time import DAY, Time
from world.town import ADMINISTRATOR, Town, open_world

from catalog.evidence.figure import Cell, Tally
from certs.canonical import canonical, parse
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.cases import register
from hub.reuse.figure import figure
from hub.reuse.verify import ReuseVerification
from hub.storage.sqlite import Connection, connect

SECOND = "lease_second"


@pytest.fixture
def desk(town: Town, tmp_path: Path) -> Iterator[Casework]:
    with open_world(town, tmp_path / "hub") as world:
        yield casework(world)


def faults(desk: Casework) -> list[str]:
    return [one.why for one in ReuseVerification(desk.world.hub.reading).run().faults]


def total(desk: Casework) -> Tally:
    return sum(figure(desk.world.hub.reading).values(), Tally())


def second_service(desk: Casework) -> None:
    text = SERVICE_TOML.replace('code = "lease_record"', f'code = "{SECOND}"', 1)
    text = text.replace("0131023000", "0131023001")
    register.put_services(desk.world.hub.changes, ADMINISTRATOR, [text.encode()], of=None)


def forged(desk: Casework, to: Path, act: str, change: Callable[[Members], None]) -> set[str]:
    """What is found in a copy in which the states of an act were rewritten, leaves and all."""
    source = connect(desk.world.hub.folder.control)
    source.execute("VACUUM INTO ?", (str(to),))
    source.close()
    with closing(connect(to)) as copy:
        copy.execute("PRAGMA foreign_keys=OFF")
        _rewrite(copy, act, change)
        return {one.why for one in ReuseVerification(copy).run().faults}


def _rewrite(copy: Connection, act: str, change: Callable[[Members], None]) -> None:
    rows = copy.execute(
        "SELECT position, leaf, control, salts FROM entries"
        ' WHERE instr(leaf, \'"kind":"case"\') > 0'
    ).fetchall()
    for position, data, control, salts in rows:
        members = parse(control, max_bytes=1 << 20, max_depth=8)
        assert isinstance(members, dict)
        state = members["state"]
        assert isinstance(state, dict)
        if act not in {"every", state["act"]}:
            continue
        change(state)
        said, leaf = canonical(members), read_leaf(data)
        digest = part_digest("control", salts[:SALT_BYTES], said)
        made = leaf_bytes(leaf.kind, leaf.time, digest, leaf.person, leaf.internal)
        copy.execute(
            "UPDATE entries SET control = ?, leaf = ? WHERE position = ?", (said, made, position)
        )
        copy.execute(
            "UPDATE cases SET state = ? WHERE entry = ?", (canonical(state).decode(), position)
        )


# -- forged ------------------------------------------------------------------------------------
def test_a_service_left_out_of_a_case_afterwards_is_caught(desk: Casework, tmp_path: Path) -> None:
    second_service(desk)
    desk.open(services=[SERVICE, SECOND])
    assert desk.act("review").status == 200
    assert faults(desk) == []

    def left_out(state: Members) -> None:
        for name in ("services", "materials"):
            listed = state[name]
            assert isinstance(listed, list)
            state[name] = [
                one for one in listed if isinstance(one, dict) and one["service"] == SERVICE
            ]

    assert "case" in forged(desk, tmp_path / "copy.db", "review", left_out)


def test_a_case_moved_to_another_month_is_caught(desk: Casework, tmp_path: Path) -> None:
    desk.open()
    assert desk.act("review").status == 200

    def earlier(state: Members) -> None:
        state["opened"] = str(state["opened"]).replace("2026-09", "2026-08")

    assert "opened" in forged(desk, tmp_path / "copy.db", "every", earlier)


def test_a_material_invented_beside_the_list_is_caught(desk: Casework, tmp_path: Path) -> None:
    desk.open()
    assert desk.act("review").status == 200

    def invented(state: Members) -> None:
        listed = state["materials"]
        assert isinstance(listed, list)
        one = material(state, "named")
        listed.append({**one, "material": "extra"})

    assert "material-unknown" in forged(desk, tmp_path / "copy.db", "review", invented)


# -- lists and papers --------------------------------------------------------------------------
def test_a_paper_that_was_brought_counts_also_if_a_newer_list_calls_it_optional(
    desk: Casework,
) -> None:
    desk.open()
    assert desk.bring("sketch").status == 200
    before = total(desk)
    head, *materials = SERVICE_TOML.replace("version = 1", "version = 2", 1).split("[[materials]]")
    materials[2] = materials[2].replace("necessity = 1", "necessity = 2")
    text = "[[materials]]".join((head, *materials))
    register.put_services(desk.world.hub.changes, ADMINISTRATOR, [text.encode()], of=None)
    assert desk.act("review").status == 200
    assert status_of(desk.last, "sketch") == "not_needed"
    assert (total(desk).brought, total(desk).listed) == (before.brought, before.listed)
    assert faults(desk) == []


def test_an_optional_paper_filed_meanwhile_is_neither_brought_nor_covered(desk: Casework) -> None:
    text = SERVICE_TOML.replace("version = 1", "version = 2", 1)
    head, *materials = text.split("[[materials]]")
    materials[1] = materials[1].replace("necessity = 1", "necessity = 2")
    optional = "[[materials]]".join((head, *materials))
    register.put_services(desk.world.hub.changes, ADMINISTRATOR, [optional.encode()], of=None)
    desk.open()
    before = total(desk)
    desk.file()
    assert desk.act("review").status == 200
    assert status_of(desk.last, "lease") == "on_file"
    assert total(desk) == before
    assert faults(desk) == []


def test_a_case_withdrawn_and_opened_again_hides_no_paper(desk: Casework) -> None:
    desk.open()
    asked = total(desk).brought
    assert desk.bring("lease", desk.file()).status == 200
    assert desk.act("withdraw").status == 200
    again = desk.open()
    assert status_of(again, "lease") == "on_file"
    # The first case asked for it, and still does.
    assert total(desk).brought == 2 * asked - 1
    assert total(desk).cases == 2
    assert faults(desk) == []


def test_cases_that_are_opened_to_be_withdrawn_save_nobody_a_paper(desk: Casework) -> None:
    desk.open()
    before = total(desk)
    desk.file()
    desk.open()
    covered = total(desk).covered - before.covered
    assert covered > 0
    assert desk.act("withdraw").status == 200
    assert total(desk).covered == before.covered
    assert total(desk).listed == before.listed + before.brought - 1
    assert faults(desk) == []


def test_one_paper_for_two_services_counts_in_both(desk: Casework) -> None:
    desk.open()
    one = total(desk)
    second_service(desk)
    desk.open(services=[SERVICE, SECOND])
    both = total(desk)
    assert (both.listed, both.brought, both.cases) == (3 * one.listed, 3 * one.brought, 3)


def test_what_follows_after_the_conclusion_is_brought(desk: Casework) -> None:
    desk.open()
    desk.ready()
    assert desk.act("conclude", result="accepted", reason="材料齐全").status == 200
    before = total(desk)
    assert desk.bring("later").status == 200
    after = total(desk)
    assert (after.later, after.brought) == (before.later - 1, before.brought + 1)
    assert (after.listed, after.covered) == (before.listed, before.covered)
    assert faults(desk) == []


def test_the_month_is_that_of_shanghai_at_the_years_end(town: Town, tmp_path: Path) -> None:
    newyear = datetime(2026, 12, 31, 16, tzinfo=UTC)
    time = Time(round(newyear.timestamp() * 1000) - 1)
    with open_world(town, tmp_path / "hub", time) as world:
        desk = casework(world)
        desk.open()
        world.time.advance(1)
        desk.open()
        world.time.advance(DAY)
        assert desk.act("review").status == 200
        cells = figure(world.hub.reading)
        assert list(cells) == [Cell("nrb", SERVICE, "2026-12"), Cell("nrb", SERVICE, "2027-01")]
        assert list(figure(world.hub.reading, until="2026-12")) == [Cell("nrb", SERVICE, "2026-12")]
        assert faults(desk) == []
