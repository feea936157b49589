"""The figure, and that a tampered one is caught: in a table, in a state, in an entry."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world.asking import Members
from world.casework import RULES_TOML, SERVICE, SERVICE_TOML, Casework, casework
from world.town import ADMINISTRATOR, Town, open_world

from catalog.evidence.figure import Cell, Tally
from certs.canonical import canonical, parse
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.cases import register
from hub.commands import run
from hub.reuse.figure import figure, told
from hub.reuse.verify import Reuse, ReuseVerification
from hub.storage.sqlite import Connection, connect

CELL = Cell("nrb", SERVICE, "2026-09")


def verified(connection: Connection) -> Reuse:
    return ReuseVerification(connection).run()


def whys(connection: Connection) -> set[str]:
    return {one.why for one in verified(connection).faults}


@pytest.fixture(scope="module")
def worked(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Casework]:
    """Three cases: one accepted with what was brought, one open, one with a paper on file."""
    with open_world(town, tmp_path_factory.mktemp("worked") / "hub") as world:
        desk = casework(world)
        desk.open()
        desk.open()
        desk.ready()
        assert desk.act("review").status == 200
        assert desk.act("conclude", result="accepted", reason="材料齐全").status == 200
        body: Members = {"officer": "nrb.officer"}
        assert desk.signed(f"/v1/cases/{desk.last['case']}/read", body).status == 200
        desk.open()
        assert desk.act("withdraw").status == 200
        yield desk


@pytest.fixture
def database(worked: Casework, tmp_path: Path) -> Iterator[Connection]:
    """A copy of the database to change, as whoever has the file can."""
    copy = tmp_path / "control.db"
    connection = connect(worked.world.hub.folder.control)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    opened = connect(copy)
    opened.execute("PRAGMA foreign_keys=OFF")
    yield opened
    opened.close()


def test_the_figure_counts_what_had_to_be_brought(worked: Casework, database: Connection) -> None:
    found = verified(database)
    assert found.faults == []
    assert (found.cases, found.cells) == (3, figure(worked.world.hub.reading))
    # identity, named; lease twice brought; sketch; promised and later apart. Of the third, which
    # was withdrawn, only what had to be brought.
    assert found.cells == {
        CELL: Tally(
            cases=3, listed=13, covered=4, brought=5, later=2, promised=2, optional=2, not_asked=0
        )
    }
    total = told(found.cells)["total"]
    assert isinstance(total, dict)
    assert (total["share"], total["reached"]) == (3076, False)


def test_commitments_and_optional_ones_reduce_nothing(worked: Casework) -> None:
    tally = figure(worked.world.hub.reading)[CELL]
    assert tally.covered + tally.brought + tally.later + tally.promised == tally.listed


def test_the_command_tells_what_it_found_and_ends_with_a_status(
    worked: Casework, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worked.world.hub.checkpointer.step()
    copy = tmp_path / "hub"
    shutil.copytree(worked.world.root, copy)
    command = ["--folder", str(copy), "reuse", "verify"]
    with pytest.raises(SystemExit) as ended:
        run(command)
    assert ended.value.code == 0
    assert "30.76 %" in capsys.readouterr().out
    connection = connect(copy / "control.db")
    connection.execute("UPDATE cases SET state = replace(state, 'must_bring', 'confirmed')")
    connection.close()
    with pytest.raises(SystemExit) as ended:
        run([*command, "--json"])
    assert ended.value.code == 1
    assert '"why":"table"' in capsys.readouterr().out


def test_months_bound_it(worked: Casework) -> None:
    reading = worked.world.hub.reading
    assert figure(reading, since="2026-10") == figure(reading, until="2026-08") == {}
    assert figure(reading, since="2026-09", until="2026-09") == figure(reading)
    assert figure(reading, department="psb") == {}


# -- tampered -------------------------------------------------------------------------------------
def test_a_tampered_table_is_caught(database: Connection) -> None:
    database.execute("UPDATE cases SET state = replace(state, 'must_bring', 'confirmed')")
    assert "table" in whys(database)


def test_a_case_taken_out_of_the_table_is_caught(database: Connection) -> None:
    database.execute("DELETE FROM cases WHERE status = 'open'")
    assert {"table", "figure"} <= whys(database)


def test_an_older_entry_shown_for_the_newest_is_caught(database: Connection) -> None:
    database.execute(
        "UPDATE cases SET entry = (SELECT min(position) FROM entries"
        ' WHERE instr(leaf, \'"kind":"case"\') > 0)'
    )
    assert "table" in whys(database)


def test_a_tampered_control_part_is_caught(database: Connection) -> None:
    database.execute(
        "UPDATE entries SET control = replace(control, 'must_bring', 'confirmed')"
        ' WHERE instr(leaf, \'"kind":"case"\') > 0'
    )
    assert "control" in whys(database)


def test_a_tampered_service_is_caught(database: Connection) -> None:
    shorter = SERVICE_TOML.replace("necessity = 1", "necessity = 2").encode()
    database.execute("UPDATE services SET definition = ?", (shorter,))
    assert "service" in whys(database)


def test_tampered_rules_are_caught(database: Connection) -> None:
    database.execute("UPDATE rule_sets SET definition = replace(definition, 'lookup', 'lookups')")
    assert "rules" in whys(database)


def _rewritten(database: Connection, change: Callable[[Members], None], act: str = "open") -> None:
    """Rewrite the states of all entries of an act, leaves and tables with them, consistently."""
    rows = database.execute(
        "SELECT position, leaf, control, salts FROM entries"
        ' WHERE instr(leaf, \'"kind":"case"\') > 0'
    ).fetchall()
    for position, data, control, salts in rows:
        members = parse(control, max_bytes=1 << 20, max_depth=8)
        assert isinstance(members, dict)
        state = members["state"]
        assert isinstance(state, dict)
        if state["act"] != act:
            continue
        change(members)
        said, leaf = canonical(members), read_leaf(data)
        made = leaf_bytes(
            leaf.kind,
            leaf.time,
            part_digest("control", salts[:SALT_BYTES], said),
            leaf.person,
            leaf.internal,
        )
        database.execute(
            "UPDATE entries SET control = ?, leaf = ? WHERE position = ?", (said, made, position)
        )
        database.execute(
            "UPDATE cases SET state = ? WHERE entry = ?", (canonical(state).decode(), position)
        )


def _material(members: Members, code: str) -> Members:
    state = members["state"]
    assert isinstance(state, dict)
    found = state["materials"]
    assert isinstance(found, list)
    (one,) = (each for each in found if isinstance(each, dict) and each["material"] == code)
    return one


def _state(members: Members) -> Members:
    state = members["state"]
    assert isinstance(state, dict)
    return state


def confirmed_without_evidence(members: Members) -> None:
    _material(members, "sketch")["status"] = "confirmed"


def confirmed_by_a_way_of_another_rule(members: Members) -> None:
    _material(members, "sketch").update(
        {"entries": [3], "kind": "lookup", "reason": "by-lookup", "status": "confirmed", "way": 1}
    )


def not_needed_though_the_list_asks(members: Members) -> None:
    _material(members, "sketch")["status"] = "not_needed"


def called_optional(members: Members) -> None:
    _material(members, "sketch")["optional"] = True


def left_out(members: Members) -> None:
    found = _state(members)["materials"]
    assert isinstance(found, list)
    found.remove(_material(members, "sketch"))


def promised_is_covered(members: Members) -> None:
    _material(members, "promise")["status"] = "confirmed"


def rests_on_nothing(members: Members) -> None:
    _material(members, "identity")["entries"] = []


def rests_on_an_earlier_case(members: Members) -> None:
    entries = _material(members, "identity")["entries"]
    assert isinstance(entries, list)
    assert isinstance(entries[0], int)
    _material(members, "identity")["entries"] = [entries[0] - 7]


def rests_on_what_came_after(members: Members) -> None:
    _material(members, "identity")["entries"] = [10**6]


def rests_on_a_change(members: Members) -> None:
    _material(members, "identity")["entries"] = [2]


def of_an_older_rule(members: Members) -> None:
    _material(members, "identity")["rule_version"] = 7


def by_rules_never_registered(members: Members) -> None:
    rules = _state(members)["rules"]
    assert isinstance(rules, list)
    assert isinstance(rules[0], dict)
    rules[0]["version"] = 2


def of_another_version_of_the_service(members: Members) -> None:
    services = _state(members)["services"]
    assert isinstance(services, list)
    assert isinstance(services[0], dict)
    services[0]["version"] = 2


def of_another_department(members: Members) -> None:
    _state(members)["department"] = "mrb"


def counted_for_another_department(members: Members) -> None:
    services = _state(members)["services"]
    assert isinstance(services, list)
    assert isinstance(services[0], dict)
    services[0]["department"] = "mrb"


def of_another_request(members: Members) -> None:
    _state(members)["R"] = "A" * 43


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (confirmed_without_evidence, "status"),
        (confirmed_by_a_way_of_another_rule, "way"),
        (not_needed_though_the_list_asks, "status"),
        (called_optional, "material-list"),
        (left_out, "material-missing"),
        (promised_is_covered, "status"),
        (rests_on_nothing, "no-evidence"),
        (rests_on_an_earlier_case, "answer-request"),
        (rests_on_what_came_after, "answer-after"),
        (rests_on_a_change, "answer-kind"),
        (of_an_older_rule, "rule"),
        (by_rules_never_registered, "rules"),
        (of_another_version_of_the_service, "service"),
        (of_another_department, "answer-department"),
        (counted_for_another_department, "service"),
        (of_another_request, "answer-request"),
    ],
)
def test_a_forged_entry_is_caught(
    database: Connection, forged: Callable[[Members], None], why: str
) -> None:
    _rewritten(database, forged)
    assert why in whys(database)


def test_what_was_brought_cannot_be_forgotten(database: Connection) -> None:
    def forget(members: Members) -> None:
        _material(members, "lease")["brought"] = None

    _rewritten(database, forget, "review")
    assert {"brought", "brought-hidden"} <= whys(database)


def test_an_act_that_asks_nothing_cannot_change_what_was_decided(database: Connection) -> None:
    def forge(members: Members) -> None:
        _material(members, "lease")["status"] = "not_needed"

    _rewritten(database, forge, "withdraw")
    assert "undecided" in whys(database)


def test_an_entry_of_a_case_taken_away_is_caught(database: Connection) -> None:
    database.execute(
        "DELETE FROM entries WHERE position = (SELECT min(position) FROM entries"
        ' WHERE instr(leaf, \'"act":"review"\') > 0 OR instr(control, \'"act":"review"\') > 0)'
    )
    assert "version" in whys(database)


def test_rules_that_moved_on_are_no_fault_of_older_cases(town: Town, tmp_path: Path) -> None:
    with open_world(town, tmp_path / "hub") as world:
        desk = casework(world)
        desk.open()
        later = RULES_TOML.replace("version = 1", "version = 2", 1).encode()
        register.put_rules(world.hub.changes, ADMINISTRATOR, later)
        desk.open()
        connection = connect(world.hub.folder.control)
        assert verified(connection).faults == []
        connection.close()
