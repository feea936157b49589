"""The acts of a case: what is brought, promised, concluded, withdrawn, and by whom."""

from world.asking import Answer, Members
from world.casework import (
    APPLICANT,
    OTHER,
    RULES_TOML,
    SERVICE,
    Casework,
    material,
    person,
    sender,
    status_of,
)
from world.filing import file_one
from world.papers import pdf
from world.time import DAY
from world.town import ADMINISTRATOR

from certs.canonical import Json
from hub.cases import register as services
from hub.duties.waiting import waiting
from hub.materials import register
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.people.sessions import Person


def test_a_case_from_the_notice_to_its_acceptance(desk: Casework) -> None:
    desk.open()
    desk.ready()
    answer = desk.act("conclude", result="accepted", reason="材料齐全")
    told = answer.document
    assert (told["status"], told["result"], told["lacking"]) == ("concluded", "accepted", [])
    # What was filed for this case is found by the next one.
    assert status_of(desk.open(), "lease") == "on_file"
    assert desk.world.findings().faults == ()


def test_what_is_lacking_keeps_a_case_open(desk: Casework) -> None:
    desk.open()
    answer = desk.act("conclude", result="accepted", reason="材料齐全")
    assert answer.document["status"] == "open"
    assert [one["material"] for one in _dicts(answer.document["lacking"])] == [
        "later",
        "lease",
        "promise",
        "sketch",
    ]


def test_a_case_may_be_refused_whatever_is_lacking(desk: Casework) -> None:
    desk.open()
    assert desk.commit("promise").status == 201
    answer = desk.act("conclude", result="refused", reason="不符合条件")
    told = answer.document
    assert (told["status"], told["result"]) == ("concluded", "refused")
    assert [one["status"] for one in _dicts(told["commitments"])] == ["lapsed"]
    control = desk.world.entry()[1]
    assert "不符合条件" not in str(control)
    assert desk.act("review").status == 409


def test_an_act_on_another_version_is_a_conflict(desk: Casework) -> None:
    desk.open()
    assert desk.act("review").status == 200
    for act, members in (
        ("review", {}),
        ("supplement", {"given": {"phone": "1"}}),
        ("conclude", {"result": "refused", "reason": "x"}),
        ("withdraw", {}),
        ("commitments", {"materials": [{"material": "promise", "service": SERVICE}]}),
    ):
        before = desk.world.entries()
        answer = desk.act(act, version=1, **members)
        assert (answer.status, answer.document["facts"]) == (409, {"why": "version"})
        assert desk.world.entries() == before


def test_a_supplement_decides_anew(desk: Casework) -> None:
    desk.open(given={})
    assert status_of(desk.last, "named") == "must_bring"
    answer = desk.act("supplement", given={"name": "张三丰"}, parties={"agent": person(OTHER)})
    assert status_of(answer.document, "named") == "confirmed"
    answer = desk.act("supplement", given={"name": ""})
    assert status_of(answer.document, "named") == "must_bring"
    assert desk.act("supplement", parties={"mother": person()}).status == 422
    assert desk.world.findings().faults == ()


def test_a_withdrawn_case_is_over(desk: Casework) -> None:
    desk.open()
    assert desk.commit("later").status == 201
    answer = desk.act("withdraw")
    assert answer.document["status"] == "withdrawn"
    assert [one["status"] for one in _dicts(answer.document["commitments"])] == ["lapsed"]
    for act in ("review", "withdraw"):
        assert desk.act(act).document["facts"] == {"why": "case-withdrawn"}
    assert desk.bring("sketch").status == 409


def test_questions_of_an_act_name_the_officer_who_acts(desk: Casework) -> None:
    hashed = hash_password("correct horse battery", "nrb.second")
    changes = desk.world.hub.changes
    accounts.enrol(changes, ADMINISTRATOR, "nrb.second", "Second", "nrb", ["officer"], hashed)
    desk.open()
    acts: dict[str, Members] = {
        "review": {},
        "supplement": {"given": {"phone": "1"}},
        "conclude": {"result": "refused", "reason": "x"},
    }
    for act, members in acts.items():
        before = desk.world.entries()
        assert desk.act(act, officer="nrb.second", **members).status == 200
        asked = [desk.world.entry(at)[2] for at in range(before, desk.world.entries())]
        assert len(asked) > 1
        assert {str(one["officer"]) for one in asked if isinstance(one, dict)} == {"nrb.second"}


# -- what is brought ------------------------------------------------------------------------------
def test_what_is_brought_must_be_on_file_for_this_holder_by_this_department(
    desk: Casework,
) -> None:
    desk.open()
    elsewhere = desk.file(subject=OTHER)
    withdrawn = desk.file(text="Another lease")
    register.set_status(desk.world.hub.changes, sender("nrb"), withdrawn, "withdrawn")
    before = desk.world.entries()
    for filed in (elsewhere, withdrawn, f"m-{'0' * 32}"):
        assert desk.bring("lease", filed).status == 404
    assert desk.bring("lease").document["facts"] == {"why": "to-be-filed"}
    assert desk.bring("identity").document["facts"] == {"why": "material-satisfied"}
    assert desk.bring("nothing").status == 404
    assert desk.world.entries() == before


def test_a_paper_that_another_department_filed_was_not_brought_here(desk: Casework) -> None:
    desk.open()
    theirs = file_one(desk.world, pdf("Theirs"), subject=APPLICANT, department="mrb")
    assert desk.bring("lease", theirs).status == 404


def test_what_was_brought_stays_brought_when_it_is_found_on_file(desk: Casework) -> None:
    desk.open()
    name = desk.file()
    assert desk.bring("lease", name).status == 200
    reviewed = desk.act("review").document
    found = material(reviewed, "lease")
    assert (found["status"], found["held"], found["brought"]) == ("on_file", name, name)


def test_a_paper_filed_after_the_opening_counts_as_brought_unasked(desk: Casework) -> None:
    desk.open()
    name = desk.file()
    found = material(desk.act("review").document, "lease")
    assert (found["status"], found["brought"]) == ("on_file", name)


def test_what_was_brought_and_then_withdrawn_lets_nothing_be_accepted(desk: Casework) -> None:
    desk.open()
    desk.ready()
    name = str(material(desk.last, "lease")["brought"])
    register.set_status(desk.world.hub.changes, sender("nrb"), name, "withdrawn")
    answer = desk.act("conclude", result="accepted", reason="材料齐全")
    assert answer.document["status"] == "open"
    assert [one["material"] for one in _dicts(answer.document["lacking"])] == ["lease"]


# -- commitments ----------------------------------------------------------------------------------
def test_a_commitment_has_its_day_and_waits_for_the_department(desk: Casework) -> None:
    desk.open()
    told = _dicts(_done(desk.commit("later", "promise"), 201)["commitments"])
    assert [(one["kind"], one["status"]) for one in told] == [
        ("later", "open"),
        ("promise", "open"),
    ]
    hub, time = desk.world.hub, desk.world.time
    officer = Person("nrb.officer", "x", "nrb", frozenset({"officer"}))
    head = Person("nrb.head", "x", "nrb", frozenset({"head"}))
    others = Person("mrb.head", "x", "mrb", frozenset({"head", "officer"}))
    authority = Person("admin", "x", None, frozenset({"administrator"}))

    def whats(who: Person) -> list[tuple[str, str | None]]:
        return [(one.what, one.urgency) for one in waiting(hub.reading, who, time())]

    assert whats(officer) == [("case-paper", "on-time"), ("case-check", "on-time")]
    assert whats(head) == whats(others) == whats(authority) == []
    time.advance(60 * DAY)
    late = [("case-paper", "overdue"), ("case-check", "overdue")]
    assert whats(officer) == whats(head) == whats(authority) == late
    assert whats(others) == []


def test_only_what_may_follow_can_be_promised(desk: Casework) -> None:
    desk.open()
    for code, why in (("sketch", "may-not-follow"), ("identity", "may-not-follow")):
        assert desk.commit(code).document["facts"] == {"why": why}
    assert desk.commit("nothing").status == 404
    assert desk.commit("later").status == 201
    assert desk.commit("later").document["facts"] == {"why": "committed"}


def test_what_was_to_follow_is_fulfilled_only_by_what_came(desk: Casework) -> None:
    desk.open()
    desk.ready()
    desk.act("conclude", result="accepted", reason="材料齐全")
    number = next(
        one["number"] for one in _dicts(desk.last["commitments"]) if one["kind"] == "later"
    )
    settle = f"commitments/{number}"
    assert desk.act(settle, outcome="fulfilled").document["facts"] == {"why": "material-missing"}
    assert desk.act(settle, outcome="checked").document["facts"] == {"why": "commitment-later"}
    assert desk.bring("later").status == 200
    told = _done(desk.act(settle, outcome="fulfilled"))
    assert {one["kind"]: one["status"] for one in _dicts(told["commitments"])} == {
        "later": "fulfilled",
        "promise": "open",
    }
    assert desk.act(settle, outcome="failed").document["facts"] == {"why": "commitment-fulfilled"}
    assert desk.world.findings().faults == ()


def test_whoever_has_broken_a_promise_may_promise_nothing_for_a_year(desk: Casework) -> None:
    desk.open()
    waiting_ = desk.last
    desk.open()
    desk.ready()
    number = next(
        one["number"] for one in _dicts(desk.last["commitments"]) if one["kind"] == "promise"
    )
    assert desk.act(f"commitments/{number}", outcome="failed").status == 200
    barred = desk.open()
    assert status_of(barred, "promise") == status_of(barred, "later") == "must_bring"
    # Also in a case that was opened before.
    desk.last = waiting_
    assert desk.commit("promise").document["facts"] == {"why": "applicant-barred"}
    # Another applicant is not barred.
    other = desk.open(parties={"applicant": person(OTHER), "subject": person()})
    assert status_of(other, "promise") == "may_follow"
    desk.world.time.advance(20 * DAY)
    assert status_of(desk.open(), "promise") == "must_bring"


def test_the_bar_ends(desk: Casework) -> None:
    hub = desk.world.hub
    desk.open()
    assert desk.commit("promise").status == 201
    assert desk.act("commitments/1", outcome="failed").status == 200
    tag = hub.reading.execute("SELECT applicant FROM cases").fetchone()[0]
    now = desk.world.time()
    assert not hub.cases.may_commit(tag, now + 364 * DAY)
    assert hub.cases.may_commit(tag, now + 366 * DAY)
    assert not hub.cases.may_commit(None, now)


# -- rules move on --------------------------------------------------------------------------------
def test_a_review_is_by_the_rules_that_are_in_force_then(desk: Casework) -> None:
    desk.open()
    stricter = RULES_TOML.replace("version = 1", "version = 2", 1).replace(
        'values = ["1", "2"]', 'values = ["2"]'
    )
    services.put_rules(desk.world.hub.changes, ADMINISTRATOR, stricter.encode())
    told = _done(desk.act("review"))
    assert status_of(told, "identity") == "must_bring"
    control = desk.world.entry()[1]
    assert isinstance(control, dict)
    state = control["state"]
    assert isinstance(state, dict)
    assert [one["version"] for one in _dicts(state["rules"])] == [2]


def test_an_ended_service_opens_no_case(desk: Casework) -> None:
    services.set_service_status(desk.world.hub.changes, ADMINISTRATOR, SERVICE, "ended", of=None)
    assert desk.signed("/v1/cases", desk.opening()).status == 404


def _done(answer: Answer, status: int = 200) -> Members:
    assert answer.status == status, answer.body
    return answer.document


def _dicts(value: Json) -> list[Members]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]
