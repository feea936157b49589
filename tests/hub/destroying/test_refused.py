"""Nothing is destroyed too early, while it is held, or while somebody still rests on it."""

import json

import pytest
from world.aging import BASIS, YEAR
from world.casework import APPLICANT, Casework, casework
from world.filing import file_one
from world.papers import pdf
from world.resting import LONG, Rested, content_of, destroy, faults, on_file, states
from world.time import DAY
from world.town import ADMINISTRATOR, World

from hub.destroying import destroying
from hub.destroying.destroying import ContentHeld, ContentInUse, ContentKept
from hub.errors import NotFound, Unprocessable
from hub.ledger import holds
from hub.ledger.change import Actor
from hub.ledger.destructions import Told
from hub.storage.cases_tables import CaseRow
from hub.storage.sqlite import Connection

AUDITOR = Actor("console", account="audit")


def refused(world: World, what: str, name: str, why: type[Exception]) -> None:
    """Refused, and nothing was entered or lost."""
    before = world.entries()
    with pytest.raises(why):
        world.hub.destructions.enter(what, [name], BASIS, ADMINISTRATOR)
    assert world.entries() == before
    assert world.hub.destructions.step()


# -- time -----------------------------------------------------------------------------------------
def test_a_material_is_kept_three_years_from_the_day_it_was_filed(desk: Casework) -> None:
    world = desk.world
    name = desk.file()
    filed = world.time()
    world.time.now = filed + 3 * YEAR - DAY
    refused(world, "material", name, ContentKept)
    assert states(world, "material") == {}
    world.time.now = filed + 3 * YEAR + DAY
    assert states(world, "material") == {name: "due"}
    destroy(world, "material", name)
    assert faults(world) == set()


def test_a_material_that_is_valid_for_longer_is_kept_for_longer(desk: Casework) -> None:
    world = desk.world
    name = desk.file(valid_until="2030-06-30")
    endless = desk.file(text="Endless", valid_until="9999-12-31")
    world.time.advance(LONG)
    refused(world, "material", name, ContentKept)
    assert states(world, "material") == {}
    world.time.advance(4 * YEAR)
    assert states(world, "material") == {name: "due"}
    refused(world, "material", endless, ContentKept)


def test_what_was_said_again_later_begins_anew(desk: Casework) -> None:
    """Another department files the same paper a year later: it is kept for both."""
    world = desk.world
    name = desk.file()
    world.time.advance(YEAR)
    data = pdf("Lease")
    with pytest.raises(AssertionError, match="known"):
        file_one(world, data, subject=APPLICANT, department="mrb")
    world.time.advance(LONG - YEAR)
    refused(world, "material", name, ContentKept)
    assert on_file(world)
    world.time.advance(YEAR)
    destroy(world, "material", name)
    assert faults(world) == set()


def test_settings_keep_for_longer(desk: Casework) -> None:
    world = desk.world
    name = desk.file()
    world.time.advance(LONG)
    longer = world.hub.settings.retention.model_copy(update={"default_years": 5})
    settings = world.hub.settings.model_copy(update={"retention": longer})
    world.hub.destructions._settings = settings
    refused(world, "material", name, ContentKept)


def test_a_case_is_kept_three_years_from_the_last_act(rest: Rested) -> None:
    world = rest.world
    world.time.advance(3 * YEAR - 1)
    refused(world, "case", rest.case, ContentKept)
    world.time.advance(1)
    assert states(world, "case") == {rest.case: "due", rest.withdrawn: "due"}
    destroy(world, "case", rest.case)
    assert faults(world) == set()


def test_reading_a_case_does_not_keep_it(rest: Rested) -> None:
    world = rest.world
    world.time.advance(300 * DAY)
    read = rest.desk.signed(f"/v1/cases/{rest.case}/read", {"officer": "nrb.officer"})
    assert read.status == 200, read.body
    world.time.advance(LONG - 300 * DAY)
    assert states(world, "case")[rest.case] == "due"
    destroy(world, "case", rest.case)
    assert faults(world) == set()


def test_a_case_that_rests_on_credit_is_kept_ten_years(world: World) -> None:
    desk = casework(world, retention="credit")
    name = desk.file()
    desk.open()
    case = str(desk.last["case"])
    assert desk.act("withdraw").status == 200
    world.time.advance(LONG)
    refused(world, "case", case, ContentKept)
    refused(world, "material", name, ContentKept)
    assert states(world, "case") == states(world, "material") == {}
    world.time.advance(7 * YEAR)
    destroy(world, "case", case)
    destroy(world, "material", name)
    assert faults(world) == set()


def test_a_promise_that_was_broken_is_not_forgotten_while_it_bars(rest: Rested) -> None:
    world = rest.world
    cases = world.hub.settings.cases.model_copy(update={"barred_days": 3660})
    world.hub.destructions._settings = world.hub.settings.model_copy(update={"cases": cases})
    world.hub.store.connection.execute(
        "UPDATE commitments SET status = 'failed' WHERE kind = 'promise'"
    )
    world.time.advance(LONG)
    assert states(world, "case") == {rest.withdrawn: "due"}
    refused(world, "case", rest.case, ContentKept)


def test_a_clock_set_back_while_it_is_entered_destroys_nothing(
    aged: Rested, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, real = aged.world, destroying._destroy

    def late(*given: object) -> int:
        given[0].time -= YEAR  # type: ignore[attr-defined]
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(destroying, "_destroy", late)
    refused(world, "case", aged.case, ContentKept)
    assert content_of(world, aged.case)


# -- holds ----------------------------------------------------------------------------------------
def entry_of(world: World, kind: str, name: str) -> int:
    """Where the first entry about something stands."""
    row = world.hub.reading.execute(
        "SELECT position FROM entries WHERE instr(leaf, ?) > 0 AND instr(control, ?) > 0"
        " ORDER BY position LIMIT 1",
        (f'"kind":"{kind}"', f'"id":"{name}"'),
    ).fetchone()
    return int(row[0])


def hold(world: World, position: int) -> str:
    found, _ = holds.place(
        world.hub.changes,
        world.hub.store.connection,
        AUDITOR,
        "（2029）云0402民初1号",
        [(position, position + 1)],
    )
    return found.id


def release(world: World, name: str) -> None:
    holds.release(world.hub.changes, world.hub.store.connection, AUDITOR, name)


@pytest.mark.parametrize("what", ["material", "case"])
def test_what_an_auditor_holds_is_kept_until_it_is_released(aged: Rested, what: str) -> None:
    world = aged.world
    name = aged.material if what == "material" else aged.case
    held = hold(world, entry_of(world, what, name))
    assert states(world, what)[name] == "held"
    refused(world, what, name, ContentHeld)
    release(world, held)
    destroy(world, what, name)
    assert faults(world) == set()


def test_a_hold_over_an_answer_keeps_the_case_that_rests_on_it_and_its_material(
    aged: Rested,
) -> None:
    world = aged.world
    row = world.hub.reading.execute(
        "SELECT json_extract(state, '$.rounds[0][1]') FROM cases WHERE id = ?", (aged.case,)
    ).fetchone()
    hold(world, int(row[0]))
    refused(world, "case", aged.case, ContentHeld)
    refused(world, "material", aged.material, ContentHeld)
    destroy(world, "case", aged.withdrawn)
    assert faults(world) == set()


def test_one_that_is_held_keeps_all_that_were_named_with_it(aged: Rested) -> None:
    world = aged.world
    hold(world, entry_of(world, "case", aged.withdrawn))
    with pytest.raises(ContentHeld):
        world.hub.destructions.enter("case", [aged.case, aged.withdrawn], BASIS, ADMINISTRATOR)
    assert content_of(world, aged.case)


@pytest.mark.parametrize("late", ["hold", "case"])
def test_what_comes_at_the_last_moment_is_seen(
    aged: Rested, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the lock: a hold, or an entry of that very case."""
    world, looked = aged.world, []
    real = destroying.Destructions._look

    def look(given: destroying.Destructions, connection: Connection, wanted: Told) -> object:
        found = real(given, connection, wanted)
        if not looked:
            position = entry_of(world, "case", aged.case)
            if late == "hold":
                hold(world, position)
            else:
                _again(world, aged.case)
        looked.append(found)
        return found

    monkeypatch.setattr(destroying.Destructions, "_look", look)
    if late == "hold":
        with pytest.raises(ContentHeld):
            world.hub.destructions.enter("case", [aged.case], BASIS, ADMINISTRATOR)
        assert content_of(world, aged.case)
    else:
        world.hub.destructions.enter("case", [aged.case], BASIS, ADMINISTRATOR)
        assert len(looked) == 2


def _again(world: World, case: str) -> None:
    """The same state once more, as reading enters it."""
    with world.hub.changes.change(AUDITOR, moves_epoch=False) as change:
        row = change.session.get(CaseRow, case)
        assert row is not None
        change.append("case", json.loads(row.state) | {"act": "read"})


# -- in use ---------------------------------------------------------------------------------------
def test_what_an_open_case_rests_on_is_kept(desk: Casework) -> None:
    world = desk.world
    name = desk.file()
    case = str(desk.open()["case"])
    world.time.advance(LONG)
    assert states(world, "material") == {name: "in-use"}
    assert states(world, "case") == {case: "in-use"}
    refused(world, "material", name, ContentInUse)
    refused(world, "case", case, ContentInUse)


def test_what_was_brought_in_an_open_case_is_kept(desk: Casework) -> None:
    world = desk.world
    desk.open()
    name = desk.file()
    assert desk.bring("lease", name).status == 200
    world.time.advance(LONG)
    refused(world, "material", name, ContentInUse)


def test_a_case_in_which_something_is_promised_is_kept(desk: Casework) -> None:
    world = desk.world
    name = desk.file()
    desk.open()
    case = str(desk.last["case"])
    desk.ready()
    assert desk.act("conclude", result="accepted", reason="材料齐全").status == 200
    world.time.advance(LONG)
    refused(world, "case", case, ContentInUse)
    refused(world, "material", name, ContentInUse)


# -- what makes no sense --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("what", "ids", "basis"),
    [
        ("case", [], BASIS),
        ("licence", ["l-0"], BASIS),
        ("case", [f"C-{n:016x}" for n in range(101)], BASIS),
        ("case", ["C-0"], ""),
        ("case", ["C-0"], "身份证 530402199001010016"),
    ],
)
def test_what_makes_no_sense_is_refused(
    world: World, what: str, ids: list[str], basis: str
) -> None:
    with pytest.raises(Unprocessable):
        world.hub.destructions.enter(what, ids, basis, ADMINISTRATOR)


def test_one_that_is_not_there_keeps_all_that_were_named_with_it(aged: Rested) -> None:
    named = [aged.case, "C-0000000000000000"]
    with pytest.raises(NotFound):
        aged.world.hub.destructions.enter("case", named, BASIS, ADMINISTRATOR)
    assert content_of(aged.world, aged.case)


def test_what_is_not_there_or_not_any_more_is_not_found(aged: Rested) -> None:
    world = aged.world
    refused(world, "case", "C-0000000000000000", NotFound)
    refused(world, "case", aged.material, NotFound)
    destroy(world, "case", aged.case)
    refused(world, "case", aged.case, NotFound)
    destroy(world, "material", aged.material)
    refused(world, "material", aged.material, NotFound)
