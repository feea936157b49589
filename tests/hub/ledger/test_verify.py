# ruff: noqa: S608 -- tables and columns are those of our own schema
"""``hub ledger verify`` finds what was changed behind the ledger's back, wherever it was."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from world import licensing
from world.asking import Members
from world.casework import RULES_TOML, SERVICE_TOML, Casework
from world.delegating import WINDOW, delegated, drafted
from world.filing import file_one, prepare
from world.papers import pdf
from world.time import DAY
from world.town import ADMINISTRATOR, HUB, PURPOSE, SUBJECTS, Town, World, covering, open_world

from catalog.working_days import WorkingDays
from certs.canonical import Json, canonical, parse
from certs.encoding import rfc3339
from certs.leaf import SALT_BYTES, leaf_bytes, part_digest, read_leaf
from hub.access import connectors, departments, grants, marks, purposes
from hub.applications import applying
from hub.applications.application import Elements
from hub.calendar import corrections
from hub.cases import register
from hub.catalogue import datasets
from hub.ledger import holds
from hub.ledger.change import Actor
from hub.objections import answering, raising
from hub.objections.objection import Claim
from hub.ops.verify import verification
from hub.people import accounts
from hub.settings import load
from hub.storage.create import create_control
from hub.storage.folder import Folder
from hub.storage.sqlite import connect
from hub.usage import disposals, dispositions, stops
from hub.usage import statements as usage

# What the log does not hold, and why no verification of the log can find it.
BEYOND_THE_LOG = {
    "alembic_version": "the form of the tables, and nothing that stands in them",
    "nonces_0": "a nonce is forgotten when its signature has ended",
    "nonces_1": "the same",
    "nonces_2": "the same",
    "nonce_windows": "the same",
    "questions": "what a retry is compared with, for ten minutes",
    "mismatches": "a throttle of one hour",
    "quotas": "a throttle of one day; the answers themselves are in the log",
    "invitations": "secrets by their digest; what one gave is an entry of its own",
    "publications": "a job on its way; what became live is an entry",
    "change_sets": "a change set that is being written, or held; what became live is an entry",
    "profiles": "beside a report; its digest stands in the publication's entry",
    "materials.tag": "keyed: a changed one finds nothing, or what is sealed for somebody else",
    "materials.twin": "keyed: a changed one lets the same file stand twice",
    "materials.key": "wrapped by the master key: a changed one opens nothing",
    "materials.filed": "the order in which they are shown; the entry has its own time",
    "material_filings.until": "when the clock looks; what counts is sealed, and told at once",
    "material_uploads": "what is on its way; what was filed is an entry",
    "licences.holder": "keyed: a changed one finds nothing, or what is sealed for somebody else",
    "licences.identifier": "the same",
    "licences.number": "keyed: a changed one lets a number stand twice",
    "licences.token": "a changed one lets the same licence be issued twice",
    "licences.said": "the same",
    "licences.key": "wrapped by the master key: a changed one opens nothing",
    "licences.valid_until": "when the clock looks; what counts is sealed, and told at once",
    "licences.issued": "the order in which they are shown; the entry has its own time",
    "licence_papers.made": "when it was printed; another one prints another file, which is new",
    "licence_papers.sealed": "sealed by the licence's key: a changed one opens nothing, the same",
    "status_lists.taken": "when the next list begins; a place is looked at before it is given",
    "status_lists.position": "which entry strangers are shown; the wrong one has another digest",
    "delegations.drafted_by": "a person, so in the *person* part of the entry",
    "cases.request": "under what a retry is found; another finds nothing and opens a new case",
    "cases.asked": "what a retry is compared with",
    "cases.applicant": "keyed: who has broken a promise; the promise itself is in the entry",
    "cases.entry": "where its newest entry stands: `hub reuse verify` compares it",
    "cases.key": "wrapped by the master key: a changed one opens nothing",
    "case_turns.opened": "when who follows open cases is told: later, or once more",
    "case_turns.turned": "the same",
    "case_turns.lost": "the same: it begins anew once more, or keeps whom it should have let go",
    "cases.touched": "when the hub begins to count; a verification counts from the entries",
    "applications.drafted_by": "a person, so in the *person* part of the entry",
    "applications.prepared_by": "the same",
    "catalogue_entries.drafted_by": "the same",
    "catalogue_entries.classification": "in the definition, whose digest is in the entry",
    "catalogue_entries.drafted_classification": "the same",
    "dispositions.drafted_by": "a person, so in the *person* part of the entry",
    "disposals.drafted_by": "the same",
    "generations.keyed": "how a file is read; one that is read wrongly finds nothing",
    "generations.seals": "a count that says when to seal anew; it moves without an entry",
    "person_keys.retention": "bound by the wrapping: found when a part is opened",
    "people.name": "kept out of the log, which holds no personal data",
    "people.password": "kept out of the log",
    "generations.keys": "wrapped by the master key: a changed one opens nothing",
    "checkpoints.one": "the table has one row",
    "checkpoints.time": "when it was published; nothing hangs on it",
    "cosigned": "a note that carries its own proof; whoever reads it checks its signatures",
    "witnesses": "what each witness said last; it is asked again, and says it again",
    "ledger_head.one": "the same",
    "destructions": "whether each is complete; what is gone shows in the rows and in the store",
    "erasures": "how far each has come; what is gone and what is left shows in the entries",
}


@pytest.fixture(scope="module")
def busy_town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town in which everything has happened that the log tells of."""
    root = tmp_path_factory.mktemp("busy") / "hub"
    with open_world(town, root) as world:
        _live(world)
    return root


def _live(world: World) -> None:
    hub = world.hub
    for subject in SUBJECTS[:4]:
        world.ask(world.nrb.lookup(subject={"id": subject, "type": "resident_id"}))
    question = world.nrb.question()
    for _ in range(2):
        world.ask(world.nrb.lookup(**question))
    world.ask(world.nrb.verify({"name": "李四"}))
    world.ask(world.gateway("mrb").lookup())
    world.ask(world.nrb.lookup(items=["no_such_item"]))
    sender = Actor("connector", department="psb")
    for number, kind in enumerate(("disputed", "repaired", "disputed")):
        marks.set_mark(hub.changes, sender, "resident", bytes([number] * 32), kind, ("x", "y"))  # type: ignore[arg-type]
    marks.set_mark(hub.changes, sender, "resident", bytes(32), "cleared", ("x", "y"))
    receiver, provider = (Actor("connector", department=code) for code in ("nrb", "psb"))
    for subject in SUBJECTS[:2]:
        said = Claim.model_validate(
            {"subject": {"type": "resident_id", "id": subject}, "items": ["name"], "reason": "不符"}
        )
        objection = raising.raise_objection(hub.objections, receiver, "resident", said)
    answering.answer(hub.objections, provider, objection.id, "confirmed", "核实无误")
    grants.set_status(hub.changes, ADMINISTRATOR, world.grant.id, "suspended")
    other = covering(world.time(), department="mrb", daily_quota=9)
    grants.issue(hub.changes, ADMINISTRATOR, other)
    hub.book.refresh()
    world.ask(world.gateway("mrb").lookup())
    _delegate(world)
    world.hub.checkpointer.step()
    for basis in ("民事诉讼法", "行政诉讼法"):
        hold, _ = holds.place(hub.changes, hub.store.connection, ADMINISTRATOR, basis, [(3, 5)])
    holds.release(hub.changes, hub.store.connection, ADMINISTRATOR, hold.id)
    applicant, head = (Actor("console", account=who, department="mrb") for who in ("a", "b"))
    until = rfc3339(world.time() + 100 * DAY)
    elements = Elements(
        items=("name",),
        purposes=(PURPOSE,),
        basis="《不动产登记暂行条例》",
        scenario="窗口核对申请人",
        scope="登记窗口",
        method="service",
        valid_until=until,
    )
    application, lacking = applying.draft(hub.changes, applicant, "resident", elements)
    assert lacking == ()
    applying.sign(hub.changes, head, application.id, application.version, WorkingDays())
    day = date(2026, 10, 12)
    corrections.correct(
        hub.changes, ADMINISTRATOR, day, working=False, basis="调休", today=date(2026, 9, 21)
    )
    prepare(world)
    _cases(world)
    licensing.live(world)
    for number in range(2):
        file_one(world, pdf(f"Lease {number}"))
    _end(world)
    purposes.set_status(hub.changes, ADMINISTRATOR, "school_enrolment", "ended")
    datasets.set_status(hub.changes, ADMINISTRATOR, "real_estate", "suspended")
    accounts.set_status(hub.changes, ADMINISTRATOR, "mrb.steward", "suspended")
    departments.set_status(hub.changes, ADMINISTRATOR, "mrb", "suspended")
    _, keyid = world.town.keys["mrb"]
    connectors.revoke_certificate(hub.changes, ADMINISTRATOR, keyid)
    hub.attempts.failed("127.0.0.1", "replayed", None)
    hub.attempts.enter(hub.changes)


def _delegate(world: World) -> None:
    """The window of another department asks under the town's grant, for a while."""
    hub = world.hub
    grants.set_status(hub.changes, ADMINISTRATOR, world.grant.id, "active")
    given = delegated(hub.changes, world.time())
    drafted(hub.changes, world.time())
    hub.book.refresh()
    for _ in range(2):
        assert world.ask(world.gateway(WINDOW).lookup(delegation=given.id)).status == 200
    grants.set_status(hub.changes, ADMINISTRATOR, world.grant.id, "suspended")


def _cases(world: World) -> None:
    """Two versions of a service and of its rules, two cases, two commitments."""
    changes = world.hub.changes
    desk = Casework(world, world.grant)
    for version in (1, 2):
        service, rules = (
            text.replace("version = 1", f"version = {version}", 1).encode()
            for text in (SERVICE_TOML, RULES_TOML)
        )
        register.put_services(changes, ADMINISTRATOR, [service], of=None)
        register.put_rules(changes, ADMINISTRATOR, rules)
    for _ in range(2):
        desk.open()
        desk.commit("promise")
    assert desk.act("commitments/1", outcome="failed").status == 200


def _end(world: World) -> None:
    """Dispositions, disposals, statements and stops, two of each: the first and the last."""
    hub, grant = world.hub, world.grant.id
    provider = Actor("console", account="p", department="psb")
    extra = grants.issue(hub.changes, ADMINISTRATOR, covering(world.time(), department="mrb"))
    for one, department in ((grant, "nrb"), (extra.id, "mrb")):
        writer, head = (Actor("console", account=a, department=department) for a in ("w", "h"))
        stated = usage.Stated(**dict.fromkeys(usage.PARTS, "如实记录"))
        usage.write(hub.changes, writer, one, 0, stated)
        dispositions.ask(hub.changes, provider, one, "查询量不符")
        dispositions.suspend(
            hub.changes,
            ADMINISTRATOR,
            one,
            reason="查询量不符",
            rectify="逐条说明",
            days=10,
            calendar=WorkingDays(),
        )
        dispositions.report(hub.changes, writer, one, 2, "已改正")
        dispositions.sign_report(hub.changes, head, one, 3)
        dispositions.conclude(hub.changes, ADMINISTRATOR, one, 4, "terminated", "未整改到位")
        done = disposals.Stated(
            how="destroyed", method="逐表删除", scope="业务库", at=rfc3339(world.time())
        )
        disposals.draft(hub.changes, writer, hub.reading, one, done)
    disposals.sign(hub.changes, head, hub.reading, extra.id, 1)
    first = stops.stop(hub.changes, ADMINISTRATOR, "department", "psb", "演练")
    stops.lift(hub.changes, ADMINISTRATOR, first.id, "演练结束")
    stops.stop(hub.changes, provider, "dataset", "resident", "发现异常")


@dataclass(frozen=True)
class Case:
    """A database to change, and a verification of it."""

    root: Path
    database: Path

    def tamper(self, statement: str, *values: object) -> int:
        """Change rows as whoever has the file can; gives how many."""
        connection = connect(self.database)
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA ignore_check_constraints=ON")
        changed: int = connection.execute(statement, values).rowcount
        connection.close()
        return changed

    def rows(self, query: str) -> list[tuple[object, ...]]:
        connection = connect(self.database)
        found: list[tuple[object, ...]] = connection.execute(query).fetchall()
        connection.close()
        return found

    def faults(self) -> set[str]:
        """Why each thing that does not agree does not."""
        connection = connect(self.database)
        try:
            folder = Folder(self.root)
            checked = verification(folder, load(folder.settings), connection)
            found = checked.run(lambda _done, _all: None)
        finally:
            connection.close()
        return {fault.why for fault in found.faults}


@pytest.fixture
def case(busy_town: Path, tmp_path: Path) -> Case:
    database = tmp_path / "control.db"
    shutil.copy(busy_town / "control.db", database)
    return Case(busy_town, database)


def columns() -> list[tuple[str, str]]:
    """Every column of every table that a new hub has."""
    with TemporaryDirectory() as place:
        folder = Folder(Path(place))
        create_control(folder)
        connection = connect(folder.control)
        found = [
            (table, row[1])
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            for row in connection.execute(f"PRAGMA table_info({table})")
        ]
        connection.close()
    return [(t, c) for t, c in found if not t.startswith("sqlite_")]


COLUMNS = columns()
COVERED = [
    (table, column)
    for table, column in COLUMNS
    if table not in BEYOND_THE_LOG and f"{table}.{column}" not in BEYOND_THE_LOG
]


def another(value: object) -> object:
    """Another value of the same type: a character more, much less, the last byte changed."""
    match value:
        case str():
            return value + "x"
        case int():
            return value - 1_000_000
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
    return "x"


def key_of(table: str) -> str:
    keys = {
        "tiles": "level * 1000 + position",
        "openable": "department || '/' || position",
        "delegated": "delegation || '/' || position",
        "material_filings": "material || '/' || version",
        "case_turns": "department || '/' || case_id",
        "licence_credentials": "licence || '/' || number",
        "licence_papers": "licence || '/' || number",
    }
    return keys.get(table, "rowid")


def test_a_sound_log_has_no_faults(case: Case) -> None:
    assert case.faults() == set()
    kinds = case.rows("SELECT count(*) FROM entries")
    assert kinds > [(50,)]


def test_each_table_that_the_log_tells_of_has_rows(case: Case) -> None:
    """Else the cases below would change nothing."""
    for table in {table for table, _ in COVERED}:
        assert case.rows(f"SELECT count(*) FROM {table}") != [(0,)], table


def test_what_is_left_out_is_left_out_with_a_reason_and_exists() -> None:
    known = {table for table, _ in COLUMNS} | {f"{table}.{column}" for table, column in COLUMNS}
    assert set(BEYOND_THE_LOG) <= known


@pytest.mark.parametrize("which", ["first", "last"])
@pytest.mark.parametrize(("table", "column"), COVERED, ids=[".".join(pair) for pair in COVERED])
def test_a_changed_value_is_found(case: Case, table: str, column: str, which: str) -> None:
    edge, key = "min" if which == "first" else "max", key_of(table)
    where = f"WHERE {key} = (SELECT {edge}({key}) FROM {table})"
    ((value,),) = case.rows(f"SELECT {column} FROM {table} {where}")
    assert case.tamper(f"UPDATE {table} SET {column} = ? {where}", another(value)) == 1
    assert case.faults()


@pytest.mark.parametrize("table", sorted({t for t, _ in COVERED} - {"ledger_head"}))
@pytest.mark.parametrize("edge", ["min", "max"])
def test_a_removed_row_is_found(case: Case, table: str, edge: str) -> None:
    key = key_of(table)
    where = f"{key} = (SELECT {edge}({key}) FROM {table})"
    assert case.tamper(f"DELETE FROM {table} WHERE {where}") == 1
    assert case.faults()


def test_two_entries_that_changed_places_are_found(case: Case) -> None:
    for statement in (
        "UPDATE entries SET position = -1 WHERE position = 40",
        "UPDATE entries SET position = 40 WHERE position = 41",
        "UPDATE entries SET position = 41 WHERE position = -1",
    ):
        assert case.tamper(statement) == 1
    assert "checkpoint-root" in case.faults()


def test_the_end_cut_off_with_the_head_set_back_is_found(case: Case) -> None:
    ((size,),) = case.rows("SELECT size FROM checkpoints")
    assert isinstance(size, int)
    case.tamper("DELETE FROM entries WHERE position >= ?", size - 1)
    case.tamper("UPDATE ledger_head SET next = ?", size - 1)
    assert "checkpoint-beyond-entries" in case.faults()


def test_a_grant_made_behind_the_ledger_is_found(case: Case) -> None:
    case.tamper(
        "INSERT INTO grants SELECT 'G-x', 'mrb', dataset, version, status,"
        " replace(replace(state, id, 'G-x'), 'nrb', 'mrb') FROM grants LIMIT 1"
    )
    assert "table-grant" in case.faults()


_GRANT_MOVED = (
    "UPDATE grants SET department = 'psb' WHERE department = 'nrb' AND dataset = 'resident'"
)


def test_a_grant_moved_to_another_department_by_its_columns_alone_is_found(case: Case) -> None:
    assert case.tamper(_GRANT_MOVED) == 1
    assert "table-grant" in case.faults()


def test_a_connector_moved_to_another_department_is_found(case: Case) -> None:
    assert case.tamper("UPDATE connectors SET department = 'nrb' WHERE department = 'psb'") == 1
    assert "table-connector" in case.faults()


def test_a_certificate_that_lives_longer_is_found(case: Case) -> None:
    assert case.tamper("UPDATE certificates SET not_after = not_after + 1000") == 3
    assert "table-certificate" in case.faults()


def test_a_repair_taken_back_is_found(case: Case) -> None:
    assert case.tamper("UPDATE marks SET kind = 'disputed' WHERE kind = 'repaired'") == 1
    assert "table-mark" in case.faults()


def test_a_pointer_to_an_older_generation_is_found(case: Case) -> None:
    assert case.tamper("UPDATE datasets SET version = version + 1 WHERE code = 'resident'") == 1
    assert "table-dataset" in case.faults()


def test_an_officer_made_administrator_is_found(case: Case) -> None:
    assert case.tamper("UPDATE people SET roles = 'administrator' WHERE account = 'nrb.officer'")
    assert "table-person" in case.faults()


def test_an_ended_session_brought_back_is_found(case: Case) -> None:
    assert case.tamper(
        "UPDATE people SET sessions_from = sessions_from - 1000 WHERE account = 'mrb.steward'"
    )
    assert "table-person" in case.faults()


def test_proofs_that_would_be_wrong_are_found(case: Case) -> None:
    assert case.tamper("UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 0") == 1
    assert "tile" in case.faults()


def test_a_destroyed_key_of_a_month_is_told_for_each_entry(case: Case) -> None:
    assert case.tamper("UPDATE person_keys SET wrapped = NULL") >= 1
    assert case.faults() == {"person-sealed"}


# -- answers that should not be -------------------------------------------------------------------
def forge(case: Case, position: int, change: Callable[[Members], Members], time: int = 0) -> None:
    """Write an entry again, consistent in itself, as an operator with every key can."""
    ((leaf, control, salts),) = case.rows(
        f"SELECT leaf, control, salts FROM entries WHERE position = {position}"
    )
    assert isinstance(leaf, bytes)
    assert isinstance(control, bytes)
    assert isinstance(salts, bytes)
    read = read_leaf(leaf)
    members = parse(control, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    changed = canonical(change(members))
    digest = part_digest("control", salts[:SALT_BYTES], changed)
    again = leaf_bytes(read.kind, read.time + time, digest, read.person, read.internal)
    case.tamper(
        "UPDATE entries SET leaf = ?, control = ? WHERE position = ?", again, changed, position
    )
    case.tamper("DELETE FROM checkpoints")
    case.tamper("DELETE FROM tiles")


def answered(case: Case) -> int:
    """The first answered lookup."""
    for position, control in case.rows("SELECT position, control FROM entries ORDER BY position"):
        assert isinstance(control, bytes)
        assert isinstance(position, int)
        if b'"outcome":"answered"' in control:
            return position
    raise AssertionError


FORGERIES: dict[str, tuple[dict[str, Json], str]] = {
    "under a grant that there is not": ({"grant": f"{HUB}:G-none"}, "answer-without-grant"),
    "under no grant": ({"grant": None}, "answer-without-grant"),
    "under another version": ({"grant_version": 2}, "grant-version"),
    "at another epoch": ({"epoch": 1}, "epoch"),
    "of another dataset": ({"dataset": f"{HUB}:credit_penalty"}, "grant-dataset"),
    "for another department": ({"department": f"{HUB}:mrb"}, "grant-department"),
    "for another purpose": ({"purpose": "tax_administration"}, "grant-purposes"),
    "over another channel": ({"channel": "operator"}, "grant-channels"),
    "to a connector that there is not": ({"connector": "urn:x"}, "connector-suspended"),
    "with an outcome that is no word": ({"outcome": ["answered"]}, "outcome"),
    "with an outcome that nobody knows": ({"outcome": "shown"}, "outcome"),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_an_answer_that_no_grant_allows_is_found(case: Case, how: str) -> None:
    members, why = FORGERIES[how]
    forge(case, answered(case), lambda control: control | members)
    assert why in case.faults()


def test_an_answer_out_of_the_grants_time_is_found(case: Case) -> None:
    forge(case, answered(case), lambda control: control, time=60 * DAY)
    assert {"grant-out-of-time", "time-backwards"} <= case.faults()


def test_an_answer_after_the_grants_suspension_is_found(case: Case) -> None:
    """The suspension is moved before the answers: position and epoch as if it had come first."""
    before = answered(case)
    ((last,),) = case.rows("SELECT next - 1 FROM ledger_head")
    suspended = next(
        position
        for position, control in case.rows("SELECT position, control FROM entries")
        if isinstance(control, bytes) and b'"status":"suspended"' in control and b'"G-' in control
    )
    assert isinstance(suspended, int)
    case.tamper("UPDATE entries SET position = -1 WHERE position = ?", suspended)
    for position in range(suspended - 1, before - 1, -1):
        case.tamper("UPDATE entries SET position = ? WHERE position = ?", position + 1, position)
    case.tamper("UPDATE entries SET position = ? WHERE position = -1", before)
    assert before < suspended <= last  # type: ignore[operator]
    assert "answer-after-suspended" in case.faults()


def test_a_control_part_of_another_answer_is_found_by_its_digest_alone(case: Case) -> None:
    """The order of grants and answers says nothing against it."""
    position = answered(case)
    ((control,),) = case.rows(f"SELECT control FROM entries WHERE position = {position}")
    assert isinstance(control, bytes)
    members = parse(control, max_bytes=1 << 20, max_depth=9)
    assert isinstance(members, dict)
    forged = canonical(members | {"a": members["R"]})
    case.tamper("UPDATE entries SET control = ? WHERE position = ?", forged, position)
    assert case.faults() == {"control"}


def test_another_reason_is_found(case: Case) -> None:
    forged = canonical({"reason": "another"})
    case.tamper("UPDATE entries SET internal = ? WHERE position = ?", forged, answered(case))
    assert case.faults() == {"internal"}
