"""An entry from its draft to its end, over the routes that people's programs call."""

from typing import TYPE_CHECKING

import pytest
from world.entering import APPROVAL, CODE, PERMITS, PRIVACY, SECRECY, bundled_text
from world.on_record import ON_RECORD

if TYPE_CHECKING:
    from world.entering import Road

WHOLE = {"secrecy": SECRECY, "privacy": PRIVACY}


def found(road: "Road", who: str, code: str = CODE) -> bool:
    """Whether a search of the catalogue finds an entry."""
    answer = road.done(who, "GET", f"/v1/catalogue?q={code}")
    return code in {one["code"] for one in answer["entries"]}  # type: ignore[attr-defined, index]


def test_the_whole_road(road: "Road") -> None:
    entry = road.begin()
    assert (entry["status"], entry["version"]) == ("draft", 1)
    told = {(gap["where"], gap["why"]) for gap in entry["gaps"]}  # type: ignore[attr-defined, index]
    assert told == {("secrecy", "missing"), ("privacy", "missing")}
    entry = road.on("psb.writer", entry, "assessments", secrecy=SECRECY)
    assert entry["status"] == "draft"
    entry = road.on("psb.writer", entry, "assessments", privacy=PRIVACY)
    assert (entry["status"], entry["gaps"]) == ("assessed", [])
    entry = road.on("psb.head", entry, "approve", reference=APPROVAL)
    entry = road.on("authority", entry, "review")
    assert not found(road, "mrb.writer")
    entry = road.on("authority", entry, "publish")
    assert (entry["status"], entry["next"], entry["due"]) == ("published", None, None)
    edition = entry["editions"][0]  # type: ignore[index]
    assert edition["assessments"] == WHOLE
    assert edition["approval"]["reference"] == APPROVAL
    assert found(road, "mrb.writer")
    assert road.world.findings().faults == ()


def test_every_act_is_an_entry_with_the_whole_state_and_names_nobody(road: "Road") -> None:
    before = road.world.entries()
    entry = road.published(road.begin())
    kinds = [road.world.entry(place)[0] for place in range(before, road.world.entries())]
    assert [kind for kind in kinds if kind != "attempts"] == [*["entry"] * 4, "dataset", "entry"]
    _, control, person, _ = road.world.entry()
    state = control["state"]  # type: ignore[index, call-overload]
    assert {name: entry[name] for name in state} == state
    assert person == {"case": None, "officer": "authority", "subject": None}
    assert "psb.writer" not in str(control)
    assert "psb.head" not in str(control)


def test_the_two_entries_of_a_publication_stand_at_one_epoch(road: "Road") -> None:
    road.published(road.begin())
    last = road.world.entries() - 1
    dataset, entry = (road.world.entry(place)[1] for place in (last - 1, last))
    assert dataset["epoch"] == entry["epoch"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize("lacking", ["secrecy", "privacy"])
def test_attack_approving_without_an_assessment(road: "Road", lacking: str) -> None:
    given = {name: value for name, value in WHOLE.items() if name != lacking}
    entry = road.on("psb.writer", road.begin(), "assessments", **given)
    refused = road.try_on("psb.head", entry, "approve", reference=APPROVAL)
    assert (refused.status, refused.code) == (422, "entry-incomplete")
    assert f"{lacking}: missing" in str(refused.document["detail"])


@pytest.mark.parametrize("failed", ["secrecy", "privacy"])
def test_attack_approving_what_an_assessment_says_no_to(road: "Road", failed: str) -> None:
    given = {**WHOLE, failed: {**SECRECY, "result": "failed"}}
    entry = road.on("psb.writer", road.begin(), "assessments", **given)
    assert entry["status"] == "draft"
    refused = road.try_on("psb.head", entry, "approve", reference=APPROVAL)
    assert (refused.status, refused.code) == (422, "entry-incomplete")


def test_attack_assessing_in_the_future(road: "Road") -> None:
    ahead = {**SECRECY, "day": "2026-09-22"}
    assert road.try_on("psb.writer", road.begin(), "assessments", secrecy=ahead).status == 422


def test_attack_a_resident_number_for_a_reference(road: "Road") -> None:
    entry = road.begin()
    for reference in ("11010519491231002X", "张三 110105194912310021"):
        named = {**SECRECY, "reference": reference}
        assert road.try_on("psb.writer", entry, "assessments", secrecy=named).status == 422


def test_attack_a_head_approves_its_own_draft(road: "Road") -> None:
    entry = road.begin(who="psb.both")
    entry = road.on("psb.both", entry, "assessments", **WHOLE)
    assert road.try_on("psb.both", entry, "approve", reference=APPROVAL).status == 403
    assert road.try_on("psb.head", entry, "approve", reference=APPROVAL).status == 200


def test_attack_changing_what_was_assessed(road: "Road") -> None:
    entry = road.assessed(road.begin())
    other = PERMITS.replace("sensitivity = 3", "sensitivity = 1")
    entry = road.on("psb.writer", entry, "draft", definition=other)
    assert entry["status"] == "draft"
    assert entry["next"]["assessments"] == {"secrecy": None, "privacy": None}  # type: ignore[index, call-overload]
    assert road.try_on("psb.head", entry, "approve", reference=APPROVAL).status == 422


def test_attack_publishing_what_nobody_has_reviewed(road: "Road") -> None:
    entry = road.begin()
    assert road.try_on("authority", entry, "publish").status == 409
    entry = road.assessed(entry)
    assert road.try_on("authority", entry, "publish").status == 409
    entry = road.on("psb.head", entry, "approve", reference=APPROVAL)
    assert road.try_on("authority", entry, "publish").status == 409
    assert not found(road, "mrb.writer")


def test_attack_changing_what_lies_with_the_authority(road: "Road") -> None:
    entry = road.approved(road.begin())
    other = PERMITS.replace("sensitivity = 3", "sensitivity = 1")
    assert road.try_on("psb.writer", entry, "draft", definition=other).status == 409
    assert road.try_on("psb.writer", entry, "assessments", **WHOLE).status == 409
    assert road.try_on("psb.writer", entry, "discard").status == 409


def test_an_old_version_is_a_conflict(road: "Road") -> None:
    entry = road.begin()
    road.assessed(entry)
    assert road.try_on("psb.writer", entry, "assessments", **WHOLE).status == 409


def test_another_department_s_entry_is_not_there(road: "Road") -> None:
    entry = road.begin()
    for who in ("mrb.writer", "mrb.head"):
        assert road.call(who, "GET", f"/v1/entries/{CODE}").status == 404
        assert road.call(who, "GET", f"/v1/entries/{CODE}/editions/next").status == 404
    assert road.try_on("mrb.writer", entry, "assessments", **WHOLE).status == 404
    assert (
        road.try_on("mrb.writer", {**entry, "version": 77}, "draft", definition=PERMITS).status
        == 404
    )
    assert road.call("mrb.writer", "POST", "/v1/entries", {"definition": PERMITS}).status == 409
    codes = [one["code"] for one in road.done("mrb.writer", "GET", "/v1/entries")["entries"]]  # type: ignore[attr-defined, index]
    assert CODE not in codes


def test_attack_taking_another_department_s_dataset_by_a_draft(road: "Road") -> None:
    definition = bundled_text("resident")
    refused = road.call("mrb.writer", "POST", "/v1/entries", {"definition": definition})
    assert refused.status == 409


def test_the_authority_returns_once_with_all_reasons(road: "Road") -> None:
    entry = road.approved(road.begin())
    reasons = [{"where": "items.zone", "why": "类型不明"}, {"where": "level", "why": "偏低"}]
    assert road.try_on("authority", entry, "return", gaps=[]).status == 422
    entry = road.on("authority", entry, "return", gaps=reasons)
    assert entry["status"] == "draft"
    assert entry["next"]["returned"] == reasons  # type: ignore[index, call-overload]
    assert entry["next"]["approval"] is None  # type: ignore[index, call-overload]
    again = road.approved(entry)
    refused = road.try_on("authority", again, "return", gaps=reasons)
    assert (refused.status, refused.code) == (409, "conflict")


def test_not_shared_needs_its_legal_basis(road: "Road") -> None:
    for unfounded in (
        PERMITS.replace("sharing = 2", "sharing = 3"),
        PERMITS.replace('code = "zone"', 'code = "zone"\nsharing = 3'),
    ):
        refused = road.call("psb.writer", "POST", "/v1/entries", {"definition": unfounded})
        assert (refused.status, refused.code) == (422, "definition-refused")
        assert "sharing-basis-missing" in str(refused.document)
    founded = PERMITS.replace("sharing = 2", 'sharing = 3\nsharing_basis = "《保守国家秘密法》"')
    entry = road.begin(founded)
    unfounded = PERMITS.replace("sharing = 2", "sharing = 3")
    assert road.try_on("psb.writer", entry, "draft", definition=unfounded).status == 422
    assert road.published(entry)["status"] == "published"


def test_a_code_is_needed_and_nobody_else_s(road: "Road") -> None:
    uncoded = PERMITS.replace('classification = "3070010001/000001"\n', "")
    entry = road.assessed(road.begin(uncoded))
    refused = road.try_on("psb.head", entry, "approve", reference=APPROVAL)
    assert (refused.status, refused.code) == (422, "entry-incomplete")
    taken = PERMITS.replace("3070010001/000001", "1010010001/000001")
    entry = road.assessed(road.on("psb.writer", entry, "draft", definition=taken))
    refused = road.try_on("psb.head", entry, "approve", reference=APPROVAL)
    assert "classification: taken" in str(refused.document["detail"])
    for wrong in ("307001/000001", "0070010001/1", "307001000A/1", "3070010001"):
        text = PERMITS.replace("3070010001/000001", wrong)
        assert road.try_on("psb.writer", entry, "draft", definition=text).status == 422


def test_a_suspended_entry_is_hidden_and_cannot_be_applied_for(road: "Road") -> None:
    entry = road.published(road.begin())
    entry = road.on("authority", entry, "status", status="suspended", reason="数据有误")
    assert (entry["status"], entry["reason"]) == ("suspended", "数据有误")
    assert not found(road, "mrb.writer")
    applied = {"dataset": CODE, "elements": {}}
    assert road.call("mrb.writer", "POST", "/v1/applications", applied).status == 404
    for who in ("psb.writer", "psb.head", "authority", "inspector"):
        assert road.seen(who, CODE)["status"] == "suspended"
    entry = road.on("authority", entry, "status", status="published", reason="已更正")
    assert found(road, "mrb.writer")
    entry = road.on("authority", entry, "status", status="withdrawn", reason="职责划转")
    assert not found(road, "mrb.writer")
    again = road.try_on("authority", entry, "status", status="published", reason="再开")
    assert again.status == 409
    assert road.try_on("psb.writer", entry, "draft", definition=PERMITS + "\n").status == 409
    assert road.call("psb.writer", "POST", "/v1/entries", {"definition": PERMITS}).status == 409
    opened = road.call("authority", "PUT", f"/v1/datasets/{CODE}/status", {"status": "active"})
    assert opened.status == 409
    assert road.world.findings().faults == ()


def test_questions_are_refused_while_an_entry_is_suspended_and_after_it_is_withdrawn(
    road: "Road",
) -> None:
    entry = road.seen("authority", "resident")
    assert road.world.ask(road.world.nrb.lookup()).status == 200
    entry = road.on("authority", entry, "status", status="suspended", reason="数据有误")
    assert road.world.ask(road.world.nrb.lookup()).status == 403
    entry = road.on("authority", entry, "status", status="published", reason="已更正")
    assert road.world.ask(road.world.nrb.lookup()).status == 200
    road.on("authority", entry, "status", status="withdrawn", reason="职责划转")
    assert road.world.ask(road.world.nrb.lookup()).status == 403


def test_a_dataset_that_is_suspended_by_itself_takes_its_entry_along(road: "Road") -> None:
    road.done("authority", "PUT", "/v1/datasets/resident/status", {"status": "suspended"})
    assert road.seen("psb.writer", "resident")["status"] == "suspended"
    road.done("authority", "PUT", "/v1/datasets/resident/status", {"status": "active"})
    assert road.seen("psb.writer", "resident")["status"] == "published"
    assert road.world.findings().faults == ()


@pytest.mark.parametrize("lacking", ["secrecy", "privacy", "approval"])
def test_attack_taking_over_an_entry_without_what_must_be_on_record(
    road: "Road", lacking: str
) -> None:
    on_record = ON_RECORD.model_dump(mode="json")
    body = {"department": "psb", "definition": PERMITS, "on_record": on_record}
    assert road.call("authority", "POST", "/v1/datasets", {**body, "on_record": None}).status == 422
    without = {name: value for name, value in on_record.items() if name != lacking}
    refused = road.call("authority", "POST", "/v1/datasets", {**body, "on_record": without})
    assert refused.status == 422
    if lacking != "approval":
        failed = {**on_record, lacking: {**SECRECY, "result": "failed"}}
        refused = road.call("authority", "POST", "/v1/datasets", {**body, "on_record": failed})
        assert (refused.status, refused.code) == (422, "entry-incomplete")
    road.done("authority", "POST", "/v1/datasets", body)
    entry = road.seen("psb.writer", CODE)
    assert (entry["status"], entry["adopted"]) == ("published", True)
    assert entry["editions"][0]["assessments"]["secrecy"] == on_record["secrecy"]  # type: ignore[index]
    assert road.world.findings().faults == ()


def test_attack_taking_over_what_is_being_drafted(road: "Road") -> None:
    road.begin()
    on_record = ON_RECORD.model_dump(mode="json")
    body = {"department": "psb", "definition": PERMITS, "on_record": on_record}
    assert road.call("authority", "POST", "/v1/datasets", body).status == 409


def test_a_draft_that_is_given_up_can_be_begun_again(road: "Road") -> None:
    entry = road.on("psb.writer", road.begin(), "discard")
    assert (entry["status"], entry["next"]) == ("withdrawn", None)
    assert road.world.findings().faults == ()
    again = road.begin()
    assert (again["status"], again["version"]) == ("draft", 3)
    assert road.published(again)["status"] == "published"
    assert road.world.findings().faults == ()
