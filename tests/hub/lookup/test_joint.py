"""Joint questions: contiguous entries, each part under its own grant, true of one moment."""

import pytest
from world.asking import Answer, Members, Sent
from world.batches import controls, many
from world.joints import ask, check_joint, joint, part
from world.town import ABSENT, ADMINISTRATOR, HUB, PURPOSE, SUBJECTS, World, covering, publish

from certs.canonical import Json
from certs.errors import YifenError
from hub.access import grants, marks
from hub.access.grant import Grant
from hub.ledger.change import Actor
from hub.lookup.joint_ask import MOST_PARTS

COMPANY = "91530000292020123N"
PENALTY: Members = {"subject": {"id": COMPANY, "type": "uscc"}, "items": ["violation"]}


@pytest.fixture
def credit(world: World) -> Grant:
    """Beside the residents ``nrb`` may ask the register of penalties, which has one record."""
    row = {
        "name": "玉溪某某有限公司",
        "uscc": COMPANY,
        "document_no": "玉市监罚〔2026〕1 号",
        "violation": "虚假宣传",
    }
    publish(world.hub, "credit_penalty", [row])
    terms = covering(
        world.town.founded,
        dataset="credit_penalty",
        operations={"lookup"},
        items={"violation": "full", "document_no": "full"},
        daily_quota=5,
    )
    return grants.issue(world.hub.changes, ADMINISTRATOR, terms)


def checked(world: World, sent: Sent, answer: Answer) -> int:
    """The first entry, once all is found as the receipt says."""
    receipt, _ = check_joint(sent, answer, world.receipt_key.public, world.receipt_kid)
    return receipt.first


def outcomes(answer: Answer) -> list[Json]:
    return [control["outcome"] for control in controls(answer)]


def problems(answer: Answer) -> list[Json]:
    return [result.get("problem") for result in many(answer, "results")]


def test_each_part_is_answered_under_its_own_grant_from_contiguous_entries(
    world: World, credit: Grant
) -> None:
    before = world.entries()
    parts = [
        part(case="A-1"),
        part("credit_penalty", **PENALTY, case="A-1"),
        part(claims={"name": "张三丰"}, case="A-1"),
        part(subject={"id": ABSENT, "type": "resident_id"}),
    ]
    sent = joint(world.nrb, parts)
    answer = ask(world, sent)
    assert (answer.status, checked(world, sent, answer)) == (200, before)
    assert world.entries() == before + 4
    assert outcomes(answer) == ["answered", "answered", "answered", "empty"]
    assert [control["grant"] for control in controls(answer)] == [
        f"{HUB}:{grant.id}" for grant in (world.grant, credit, world.grant, world.grant)
    ]
    name, penalty, match, absent = many(answer, "results")
    assert name["records"] == [{"disputed": False, "items": {"name": "张三丰", "sex": "1"}}]
    assert penalty["records"] == [{"disputed": False, "items": {"violation": "虚假宣传"}}]
    assert (match["match"], absent["found"]) == (True, False)
    assert world.entry(before)[2] == {
        "case": "A-1",
        "officer": "nrb.officer",
        "subject": {"id": SUBJECTS[0], "type": "resident_id"},
    }
    assert world.used() == 3
    assert world.findings().faults == ()


def test_what_refuses_one_part_refuses_that_one_alone(world: World, credit: Grant) -> None:
    parts = [
        part("real_estate", items=["location"]),
        part(),
        part(items=["name", "status"]),
        part("credit_penalty", **PENALTY, purpose="tax_administration"),
        part(subject={"id": "110101199003070000", "type": "resident_id"}),
    ]
    sent = joint(world.nrb, parts)
    answer = ask(world, sent)
    first = checked(world, sent, answer)
    assert answer.status == 200
    assert problems(answer) == [
        "not-granted",
        None,
        "items-outside-grant",
        "purpose-outside-grant",
        "identifier-invalid",
    ]
    assert outcomes(answer) == ["refused", "answered", "refused", "refused", "malformed"]
    assert world.entry(first)[3] == {"reason": "part-grant-absent"}
    assert controls(answer)[0]["grant"] is None
    assert controls(answer)[2]["grant"] == f"{HUB}:{world.grant.id}"
    assert world.used() == 1
    assert world.findings().faults == ()
    assert credit.daily_quota == 5


def test_retention_is_that_of_each_dataset(world: World, credit: Grant) -> None:
    sent = joint(world.nrb, [part(), part("credit_penalty", **PENALTY)])
    first = checked(world, sent, ask(world, sent))
    rows = world.hub.reading.execute(
        "SELECT k.retention FROM entries e JOIN person_keys k ON k.id = e.person_key"
        " WHERE position >= ? ORDER BY position",
        (first,),
    ).fetchall()
    assert [retention for (retention,) in rows] == ["default", "credit"]
    assert credit.status == "active"


def test_a_repaired_record_is_gone_and_a_disputed_one_is_marked(
    world: World, credit: Grant
) -> None:
    source = world.hub.book.refresh().source("credit_penalty")
    assert source is not None
    pseudonym = world.hub.records.pseudonym(source, COMPANY, f"{COMPANY}\x1f玉市监罚〔2026〕1 号")
    asked = [part(), part("credit_penalty", **PENALTY)]
    for kind, found in (("disputed", True), ("repaired", False)):
        actor = Actor("connector", department="mrb")
        marks.set_mark(
            world.hub.changes, actor, "credit_penalty", pseudonym, kind, ("uscc", COMPANY)
        )
        result = many(ask(world, joint(world.nrb, asked)), "results")[1]
        assert result["found"] is found
        if found:
            assert result["records"] == [{"disputed": True, "items": {"violation": "虚假宣传"}}]
    assert credit.status == "active"


# -- one request, one identity --------------------------------------------------------------------
def test_a_repeat_names_the_first_of_each_and_costs_nothing(world: World, credit: Grant) -> None:
    parts = [part(), part("credit_penalty", **PENALTY)]
    first = joint(world.nrb, parts, request_id="A" * 22)
    position = checked(world, first, ask(world, first))
    again = joint(world.nrb, parts, request_id="A" * 22)
    answer = ask(world, again)
    checked(world, again, answer)
    assert [one["repeats"] for one in controls(answer)] == [position, position + 1]
    assert world.used() == 1
    assert world.findings().faults == ()
    assert credit.version == 1


def test_one_identity_is_one_content_and_the_refusal_is_of_all(world: World) -> None:
    ask(world, joint(world.nrb, [part()], request_id="A" * 22))
    other = joint(world.nrb, [part(items=["name"]), part("real_estate")], request_id="A" * 22)
    answer = ask(world, other)
    checked(world, other, answer)
    assert (answer.status, answer.code) == (409, "request-id-conflict")
    assert problems(answer) == ["request-id-conflict"] * 2
    assert world.used() == 1
    assert world.findings().faults == ()


def test_replayed_joint_request_is_turned_away_and_makes_no_entry(world: World) -> None:
    sent = joint(world.nrb, [part()])
    ask(world, sent)
    before = world.entries()
    with pytest.raises(YifenError) as refused:
        ask(world, sent)
    assert refused.value.code == "replayed"
    assert world.entries() == before


def test_a_replay_is_found_before_anything_is_read(world: World) -> None:
    """It would cost the hub as much as 64 questions, and whoever replays it next to nothing."""
    sent = joint(world.nrb, [part()])
    ask(world, sent)
    other = world.again()
    records = world.hub.folder.generation("resident-1")
    records.rename(records.with_suffix(".away"))
    with pytest.raises(YifenError, match="replayed"):
        ask(other, sent)
    other.hub.close()


def test_the_receipt_is_given_again_over_all_its_entries(world: World, credit: Grant) -> None:
    parts = [part("real_estate", items=["location"]), part(), part("credit_penalty", **PENALTY)]
    sent = joint(world.nrb, parts, request_id="A" * 22)
    answer = ask(world, sent)
    again = world.call(world.nrb.sign("GET", f"/v1/receipts/{'A' * 22}"))
    assert again.status == 200
    assert many(again, "openings") == many(answer, "openings")
    assert "results" not in again.document
    assert credit.version == 1


# -- quotas and guesses ---------------------------------------------------------------------------
def test_a_quota_that_does_not_reach_refuses_its_own_parts_and_takes_nothing(
    world: World, credit: Grant
) -> None:
    penalty = part("credit_penalty", **PENALTY)
    answer = ask(world, joint(world.nrb, [part(), *[penalty] * 6]))
    assert problems(answer) == [None, *["quota-spent"] * 6]
    assert world.used() == 1
    answer = ask(world, joint(world.nrb, [penalty] * 5))
    assert problems(answer) == [None] * 5
    assert problems(ask(world, joint(world.nrb, [penalty, part()]))) == ["quota-spent", None]
    assert world.findings().faults == ()
    assert credit.daily_quota == 5


def wrong(number: int) -> Members:
    return part(claims={"name": f"王{number}"})


RIGHT = part(claims={"name": "张三丰"})


def test_guesses_of_one_request_count_together(world: World) -> None:
    limit = world.hub.settings.limits.mismatches_per_hour
    parts = [*map(wrong, range(limit + 1)), RIGHT]
    answer = ask(world, joint(world.nrb, parts))
    # Were the right one answered, one request would try as many names as it has parts.
    assert problems(answer) == ["verify-throttled"] * (limit + 2)
    assert problems(ask(world, joint(world.nrb, [RIGHT, part()]))) == ["verify-throttled", None]


def test_a_guess_beside_the_last_ones_allowed_is_not_free(world: World) -> None:
    """Else whether the others are held would tell whether it was right, again and again."""
    limit = world.hub.settings.limits.mismatches_per_hour
    ask(world, joint(world.nrb, [*map(wrong, range(limit)), wrong(limit)]))
    told = [problems(ask(world, joint(world.nrb, [guess])))[0] for guess in (RIGHT, wrong(0))]
    assert told == ["verify-throttled"] * 2


def test_as_many_wrong_ones_as_are_allowed_are_told(world: World) -> None:
    limit = world.hub.settings.limits.mismatches_per_hour
    answer = ask(world, joint(world.nrb, [*map(wrong, range(limit)), RIGHT]))
    assert [one.get("match") for one in many(answer, "results")[:limit]] == [False] * limit


# -- the epoch is one for all ---------------------------------------------------------------------
def test_no_part_is_answered_after_a_grant_was_revoked_while_it_was_read(
    world: World, credit: Grant
) -> None:
    """Between decision and commit: the whole is decided again, and that part refused."""
    committer, submit = world.hub.committer, world.hub.committer.commit_joint
    revoked: list[str] = []

    def late(attempt: object) -> object:
        if not revoked:
            revoked.append(credit.id)
            grants.set_status(world.hub.changes, ADMINISTRATOR, credit.id, "revoked")
        return submit(attempt)  # type: ignore[arg-type]

    committer.commit_joint = late  # type: ignore[assignment,method-assign]
    answer = ask(world, joint(world.nrb, [part(), part("credit_penalty", **PENALTY)]))
    assert problems(answer) == [None, "not-granted"]
    assert world.findings().faults == ()


# -- form -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"parts": []}, "parts"),
        ({"parts": [part()] * (MOST_PARTS + 1)}, "parts"),
        ({"parts": [{**part(), "more": 1}]}, "parts.0"),
        ({"parts": [part(), part(operation="batch")]}, "parts.1"),
        ({"parts": [part(), part(operation=["lookup"])]}, "parts.1"),
        ({"parts": [part(dataset=1)]}, "parts.0"),  # type: ignore[arg-type]
        ({"parts": [part(), part(subject={"id": "", "type": "uscc"})]}, "parts.1.subject"),
        ({"officer": ""}, "officer"),
        ({"request_id": "short"}, "request_id"),
        ({"purpose": PURPOSE}, "body"),
    ],
)
def test_a_malformed_request_makes_one_entry_that_names_nobody(
    world: World, members: Members, where: str
) -> None:
    before = world.entries()
    answer = ask(world, joint(world.nrb, [part()], **members))
    assert (answer.status, answer.code) == (422, "question-malformed")
    facts = answer.document["facts"]
    assert isinstance(facts, dict)
    assert facts["where"] == where
    assert world.entries() == before + 1
    assert world.entry(before)[2] == {"case": None, "officer": None, "subject": None}


def test_over_http_it_is_answered_at_its_own_address(world: World) -> None:
    answer = world.call(joint(world.nrb, [part()]))
    assert (answer.status, problems(answer)) == (200, [None])
    assert answer.receipt is not None


def test_ground_that_never_rests_is_busy_and_entered_for_each(world: World) -> None:
    submit = world.hub.committer.commit_joint

    def restless(attempt: object) -> object:
        grants.set_status(world.hub.changes, ADMINISTRATOR, world.grant.id, "active")
        return submit(attempt)  # type: ignore[arg-type]

    world.hub.committer.commit_joint = restless  # type: ignore[assignment,method-assign]
    with pytest.raises(YifenError) as refused:
        ask(world, joint(world.nrb, [part(), part()]))
    assert refused.value.code == "busy"
    assert [world.entry(place)[1]["outcome"] for place in (-2, -1)] == ["busy"] * 2  # type: ignore[call-overload,index]
    assert world.findings().faults == ()
