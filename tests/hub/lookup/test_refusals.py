"""Every refusal of a well-formed question: what is told, what is kept back, what is entered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from world.asking import Answer, Members, check_receipt
from world.time import DAY
from world.town import ABSENT, ADMINISTRATOR, HUB, PURPOSE, SUBJECTS, World, covering

from certs.canonical import Json
from hub.access import departments, grants, marks, purposes
from hub.catalogue import datasets
from hub.errors import Conflict
from hub.ledger.change import Actor
from hub.lookup.refusals import STATUS
from hub.people import accounts

Setup = Callable[[World], object]


def nothing(_world: World) -> None:
    """The town as it was founded."""


def regrant(**terms: object) -> Setup:
    return lambda world: world.regrant(**terms)


def status(value: str) -> Setup:
    return lambda w: grants.set_status(w.hub.changes, ADMINISTRATOR, w.grant.id, value)  # type: ignore[arg-type]


def without_role(world: World) -> None:
    accounts.set_roles(world.hub.changes, ADMINISTRATOR, "nrb.officer", ["steward"])


def suspended_officer(world: World) -> None:
    accounts.set_status(world.hub.changes, ADMINISTRATOR, "nrb.officer", "suspended")


def ended_purpose(world: World) -> None:
    purposes.set_status(world.hub.changes, ADMINISTRATOR, PURPOSE, "ended")


def suspended_dataset(world: World) -> None:
    datasets.set_status(world.hub.changes, ADMINISTRATOR, "resident", "suspended")


@dataclass(frozen=True)
class Case:
    """A question that is refused: what is told, and the true reason."""

    code: str
    reason: str
    setup: Setup = nothing
    asked: Members = field(default_factory=dict)
    dataset: str = "resident"
    claims: Json = None
    department: str = "nrb"


HIDDEN = {
    "no grant": Case("not-granted", "grant-absent", department="mrb"),
    "suspended grant": Case("not-granted", "grant-suspended", status("suspended")),
    "revoked grant": Case("not-granted", "grant-revoked", status("revoked")),
    "grant of the past": Case(
        "not-granted", "grant-out-of-time", lambda w: w.time.advance(31 * DAY)
    ),
    "grant of the future": Case(
        "not-granted",
        "grant-out-of-time",
        regrant(valid_from="2026-09-21T14:13:20.001Z"),
    ),
    "suspended dataset": Case("not-granted", "dataset-suspended", suspended_dataset),
    "unknown dataset": Case("not-granted", "dataset-unknown", dataset="no_such_thing"),
    "dataset of nobody's": Case("not-granted", "grant-absent", dataset="credit_penalty"),
}
TOLD = {
    "unknown officer": Case("officer-unknown", "officer-unknown", asked={"officer": "nobody"}),
    "suspended officer": Case("officer-unknown", "officer-unknown", suspended_officer),
    "officer of another department": Case(
        "officer-unknown", "officer-of-another-department", asked={"officer": "psb.officer"}
    ),
    "officer without the role": Case("officer-unknown", "officer-without-role", without_role),
    "a steward": Case("officer-unknown", "officer-without-role", asked={"officer": "nrb.steward"}),
    "administrator of the hub": Case(
        "officer-unknown", "officer-of-another-department", asked={"officer": "admin"}
    ),
    "lookup under a grant to verify": Case(
        "operation-outside-grant", "operation-outside-grant", regrant(operations=["verify"])
    ),
    "verify under a grant to look up": Case(
        "operation-outside-grant",
        "operation-outside-grant",
        regrant(operations=["lookup"]),
        claims={"name": "x"},
    ),
    "connector under a grant for the console": Case(
        "channel-outside-grant", "channel-outside-grant", regrant(channels=["console"])
    ),
    "another purpose": Case(
        "purpose-outside-grant", "purpose-outside-grant", asked={"purpose": "school_enrolment"}
    ),
    "unknown purpose": Case(
        "purpose-outside-grant", "purpose-outside-grant", asked={"purpose": "no_such_thing"}
    ),
    "ended purpose": Case("purpose-outside-grant", "purpose-outside-grant", ended_purpose),
    "item outside": Case(
        "items-outside-grant", "items-outside-grant", asked={"items": ["name", "ethnicity"]}
    ),
    "unknown item": Case("items-outside-grant", "items-outside-grant", asked={"items": ["no"]}),
    "claim outside": Case(
        "items-outside-grant", "items-outside-grant", claims={"name": "x", "status": "1"}
    ),
    "no case number": Case("case-required", "case-required", regrant(case_required=True)),
    "identifier of another kind": Case(
        "identifier-invalid",
        "subject-type",
        asked={"subject": {"id": SUBJECTS[0], "type": "uscc"}},
    ),
    "identifier with a wrong check digit": Case(
        "identifier-invalid",
        "subject",
        asked={"subject": {"id": SUBJECTS[0][:-1] + "X", "type": "resident_id"}},
    ),
    "identifier cut off": Case(
        "identifier-invalid", "subject", asked={"subject": {"id": "5304", "type": "resident_id"}}
    ),
}
CASES = HIDDEN | TOLD


def ask(world: World, case: Case) -> Answer:
    case.setup(world)
    gateway = world.gateway(case.department)
    if case.claims is not None:
        sent = gateway.verify(case.claims, dataset=case.dataset, **case.asked)
    else:
        sent = gateway.lookup(dataset=case.dataset, **case.asked)
    world.hub.book.refresh()
    answer = world.ask(sent)
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    return answer


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_told_entered_and_signed(world: World, name: str) -> None:
    case = CASES[name]
    before = world.entries()
    answer = ask(world, case)
    assert (answer.code, answer.status) == (case.code, STATUS[case.code])
    assert answer.result.keys() == {"nonce", "problem"}
    assert answer.result["problem"] == case.code
    assert answer.headers["content-type"] == "application/problem+json"
    kind, control, person, internal = world.entry()
    assert kind == ("verify" if case.claims is not None else "lookup")
    assert internal == {"reason": case.reason}
    assert isinstance(control, dict)
    assert isinstance(person, dict)
    assert control == answer.control
    malformed = case.code == "identifier-invalid"
    assert control["outcome"] == ("malformed" if malformed else "refused")
    assert control["dataset"] == f"{HUB}:{case.dataset}"
    granted = f"{HUB}:{world.grant.id}" if name in TOLD else None
    assert control["grant"] == granted
    assert (control["grant_version"] is None) == (granted is None)
    assert person["officer"] == case.asked.get("officer", f"{case.department}.officer")
    made = 0 if case.setup is nothing or "past" in name else 1
    # A dataset that is suspended takes its catalogue entry along.
    made += case.setup is suspended_dataset
    assert world.entries() == before + 1 + made
    assert world.used() == 0
    for secret in (SUBJECTS[0], "nrb.officer", "张三丰", case.reason + '"}'):
        told_code = f'"{case.code}"}}'
        assert secret.encode() not in answer.body.replace(told_code.encode(), b"")


def test_the_same_question_is_answered_where_nothing_is_wrong(world: World) -> None:
    """Else every refusal above might have another reason."""
    for sent in (world.nrb.lookup(), world.nrb.verify({"name": "x"})):
        assert world.ask(sent).status == 200


def blank(answer: Answer) -> Members:
    """The document without what is random, a digest, or the asker's own."""
    document = answer.document
    control, opening = answer.control, answer.opening
    leaf = opening["leaf"]
    assert isinstance(leaf, dict)
    opening["leaf"] = {**leaf, "control": "", "person": "", "internal": "", "time": ""}
    opening["control"] = {**control, "R": "", "a": "", "epoch": 0, "dataset": ""}
    opening["control_salt"] = opening["person_salt"] = ""
    document["openings"] = [opening]
    document["results"] = [{**answer.result, "nonce": ""}]
    return document


@pytest.mark.parametrize("name", sorted(set(HIDDEN) - {"no grant"}))
def test_without_a_grant_all_refusals_are_one(world: World, name: str) -> None:
    case = HIDDEN[name]
    hidden = ask(world, case)
    plain = ask(world, Case("not-granted", "", department="mrb"))
    told, same = blank(hidden), blank(plain)
    for document, department in ((told, "nrb"), (same, "mrb")):
        opening = document["openings"][0]  # type: ignore[index]
        assert department in str(opening["control"])  # type: ignore[index]
        opening["control"] |= {"department": "", "connector": ""}  # type: ignore[index, operator]
    assert told == same


WITHOUT = {
    "who exists": {},
    "who does not": {"subject": {"id": ABSENT, "type": "resident_id"}},
    "no identifier": {"subject": {"id": "x", "type": "resident_id"}},
    "identifier of another kind": {"subject": {"id": SUBJECTS[0], "type": "uscc"}},
    "an officer that there is not": {"officer": "nobody"},
    "an officer of another department": {"officer": "psb.officer"},
    "the auditor": {"officer": "audit"},
    "an item that there is not": {"items": ["no_such_item"]},
    "another purpose": {"purpose": "school_enrolment"},
    "a purpose that there is not": {"purpose": "no_such_purpose"},
    "a case": {"case": "C-1"},
}


def test_without_a_grant_no_question_finds_out_anything(world: World) -> None:
    gateway = world.gateway("mrb")
    answers = {name: world.ask(gateway.lookup(**asked)) for name, asked in WITHOUT.items()}
    blanks = {name: blank(answer) for name, answer in answers.items()}
    purposes_named = {"another purpose", "a purpose that there is not"}
    expected = blanks["who exists"]
    lengths = {len(answers[name].body) for name in set(WITHOUT) - purposes_named}
    assert len(lengths) == 1
    for name, document in blanks.items():
        opening = document["openings"][0]  # type: ignore[index]
        if name in purposes_named:
            opening["control"]["purpose"] = PURPOSE  # type: ignore[index]
        assert document == expected, name
    assert {answer.status for answer in answers.values()} == {403}


def test_an_operation_not_granted_does_not_tell_who_exists(world: World) -> None:
    world.regrant(operations=["verify"])
    world.hub.book.refresh()
    absent: Members = {"id": ABSENT, "type": "resident_id"}
    there, absent_one = world.ask(world.nrb.lookup()), world.ask(world.nrb.lookup(subject=absent))
    assert blank(there) == blank(absent_one)


def test_one_of_several_grants_is_enough(world: World) -> None:
    world.regrant(items={"address": "full"})
    second = grants.issue(
        world.hub.changes, ADMINISTRATOR, covering(world.time(), items={"name": "full"})
    )
    world.hub.book.refresh()
    by_name, by_address = (world.nrb.lookup(items=[item]) for item in ("name", "address"))
    assert world.ask(by_name).control["grant"] == f"{HUB}:{second.id}"
    assert world.ask(by_address).control["grant"] == f"{HUB}:{world.grant.id}"
    both = world.ask(world.nrb.lookup(items=["name", "address"]))
    assert both.code == "items-outside-grant", "two halves are no grant for the whole"


def test_a_grant_for_another_department_does_not_help(world: World) -> None:
    grants.issue(world.hub.changes, ADMINISTRATOR, covering(world.time(), department="psb"))
    world.hub.book.refresh()
    assert world.ask(world.gateway("mrb").lookup()).code == "not-granted"


@pytest.mark.parametrize("edge", [0, 1])
def test_a_grant_holds_from_its_first_to_before_its_last_moment(world: World, edge: int) -> None:
    begins, ends = world.grant.valid_from, world.grant.valid_until
    world.time.now = ends - 1 + edge
    assert world.ask(world.nrb.lookup()).status == (200, 403)[edge]
    assert begins < ends


def test_a_case_number_that_is_required_and_given_is_enough(world: World) -> None:
    world.regrant(case_required=True)
    world.hub.book.refresh()
    assert world.ask(world.nrb.lookup(case="C-1")).status == 200


# -- over the quota, too often, too late ----------------------------------------------------------
def test_a_spent_quota_is_told_and_misses_count(world: World) -> None:
    world.regrant(daily_quota=3)
    world.hub.book.refresh()
    absent: Members = {"id": ABSENT, "type": "resident_id"}
    assert world.ask(world.nrb.lookup()).status == 200
    assert world.ask(world.nrb.lookup(subject=absent)).result["found"] is False
    assert world.ask(world.nrb.verify({"name": "x"})).status == 200
    sent = world.nrb.lookup()
    answer = world.ask(sent)
    assert (answer.status, answer.code) == (429, "quota-spent")
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert world.entry()[3] == {"reason": "quota-spent"}
    assert world.used() == 3
    world.time.advance(DAY)
    assert world.ask(world.nrb.lookup()).status == 200


def test_refusals_cost_nothing(world: World) -> None:
    world.regrant(daily_quota=1)
    world.hub.book.refresh()
    for _ in range(3):
        assert world.ask(world.nrb.lookup(items=["ethnicity"])).status == 403
    assert world.ask(world.nrb.lookup()).status == 200


def test_a_subject_that_is_guessed_at_is_closed_for_an_hour(world: World) -> None:
    for _ in range(5):
        assert world.ask(world.nrb.verify({"name": "李四"})).result["match"] is False
    sent = world.nrb.verify({"name": "李四"})
    answer = world.ask(sent)
    assert (answer.status, answer.code) == (429, "verify-throttled")
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    other: Members = {"id": SUBJECTS[1], "type": "resident_id"}
    assert world.ask(world.nrb.verify({"name": "李四"}, subject=other)).status == 200


def test_the_right_guess_after_too_many_wrong_ones_looks_like_another_wrong_one(
    world: World,
) -> None:
    for _ in range(5):
        world.ask(world.nrb.verify({"name": "李四"}))
    wrong, right = (world.ask(world.nrb.verify({"name": name})) for name in ("李四", "张三丰"))
    assert blank(wrong) == blank(right)
    assert right.code == "verify-throttled"
    assert world.entry()[3] == {"reason": "verify-throttled"}


def test_guesses_about_an_absent_subject_are_throttled_alike(world: World) -> None:
    absent: Members = {"id": ABSENT, "type": "resident_id"}
    codes = [world.ask(world.nrb.verify({"name": "x"}, subject=absent)).status for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_another_spelling_of_a_subject_is_the_same_subject(world: World) -> None:
    spelled = [SUBJECTS[0], f" {SUBJECTS[0]} ", _full_width(SUBJECTS[0])] * 2
    told = [
        world.ask(world.nrb.verify({"name": "x"}, subject={"id": one, "type": "resident_id"}))
        for one in spelled
    ]
    assert [answer.status for answer in told] == [200] * 5 + [429]


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def test_a_retry_repeats_its_question_free_and_names_the_first(world: World) -> None:
    question = world.nrb.question()
    first = world.ask(world.nrb.lookup(**question))
    position = world.entries() - 1
    for _ in range(5):
        again = world.ask(world.nrb.lookup(**question))
        assert again.status == 200
        assert again.control["repeats"] == position
        assert again.items == first.items
    spent = world.ask(world.nrb.lookup(**question))
    assert (spent.status, spent.code) == (409, "repeats-spent")
    assert world.used() == 1


def test_a_retry_is_decided_again(world: World) -> None:
    question = world.nrb.question()
    assert world.ask(world.nrb.lookup(**question)).status == 200
    grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "revoked")
    assert world.ask(world.nrb.lookup(**question)).code == "not-granted"


@pytest.mark.parametrize(
    "changed",
    [
        {"items": ["name"]},
        {"items": ["sex", "name"]},
        {"subject": {"id": SUBJECTS[1], "type": "resident_id"}},
        {"case": "C-2"},
    ],
)
def test_a_request_id_of_another_question_conflicts(world: World, changed: Members) -> None:
    question = world.nrb.question()
    assert world.ask(world.nrb.lookup(**question)).status == 200
    sent = world.nrb.lookup(**(question | changed))
    answer = world.ask(sent)
    assert (answer.status, answer.code) == (409, "request-id-conflict")
    check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert world.used() == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"officer": "nrb.steward"}, "officer-unknown"),
        ({"purpose": "school_enrolment"}, "purpose-outside-grant"),
    ],
)
def test_a_refusal_comes_before_a_conflict(world: World, changed: Members, told: str) -> None:
    question = world.nrb.question()
    world.ask(world.nrb.lookup(**question))
    assert world.ask(world.nrb.lookup(**(question | changed))).code == told


def test_without_a_grant_a_conflict_looks_like_every_refusal(world: World) -> None:
    question = world.gateway("mrb").question()
    world.ask(world.gateway("mrb").lookup(**question))
    again = world.ask(world.gateway("mrb").lookup(**(question | {"case": "C-2"})))
    assert (again.status, again.code) == (403, "not-granted")


def test_a_lookups_request_id_does_not_serve_a_verification(world: World) -> None:
    question = world.nrb.question()
    assert world.ask(world.nrb.lookup(**question)).status == 200
    del question["items"]
    answer = world.ask(world.nrb.verify({"name": "x"}, **question))
    assert answer.code == "request-id-conflict"


def test_another_connectors_request_id_is_another(world: World) -> None:
    question = world.nrb.question()
    world.ask(world.nrb.lookup(**question))
    other = world.gateway("mrb").lookup(**(question | {"officer": "mrb.officer"}))
    assert world.ask(other).control["repeats"] is None


def test_an_officer_of_a_suspended_department_is_refused_at_the_console(world: World) -> None:
    departments.set_status(world.hub.changes, ADMINISTRATOR, "nrb", "suspended")
    world.hub.book.refresh()
    members = world.nrb.question()
    reply, _ = asyncio.run(world.hub.exchange.ask_console("lookup", "resident", "nrb", members))
    assert reply.status == 403
    assert b'"not-granted"' in reply.body
    assert world.entry()[3] == {"reason": "department-suspended"}
    assert world.findings().faults == ()


def test_the_same_mark_again_moves_no_epoch(world: World) -> None:
    actor = Actor("connector", connector="urn:x", department="psb")
    subject = ("resident_id", SUBJECTS[0])
    marks.set_mark(world.hub.changes, actor, "resident", b"p" * 32, "disputed", subject)
    epoch = world.hub.book.refresh().epoch
    with pytest.raises(Conflict):
        marks.set_mark(world.hub.changes, actor, "resident", b"p" * 32, "disputed", subject)
    assert world.hub.book.refresh().epoch == epoch
