"""A batch: contiguous entries in order, one a subject; outcomes mixed; all or nothing else."""

import asyncio

import pytest
from world.asking import Answer, Members, Sent, check_receipt
from world.batches import ask, ask_soon, batch, check_batch, controls, fewer_at_once, many, subject
from world.town import ABSENT, ADMINISTRATOR, HUB, SUBJECTS, World

from certs.canonical import canonical
from certs.encoding import b64u
from certs.errors import YifenError
from certs.receipts import verify_receipt
from hub.access import grants, marks
from hub.ledger.change import Actor
from hub.lookup.several import SLICE

MANY = SUBJECTS * 8
"""More than two slices."""


def members(position: int, world: World) -> Members:
    found = world.entry(position)[1]
    assert isinstance(found, dict)
    return found


def with_request_id() -> Members:
    return {"request_id": b64u(bytes(16))}


# -- entries ------------------------------------------------------------------------------------
def test_entries_are_contiguous_and_in_the_order_of_the_subjects(world: World) -> None:
    before = world.entries()
    asked = [subject(one, f"case-{place}") for place, one in enumerate(MANY)]
    assert len(asked) > 2 * SLICE
    sent = batch(world.nrb, asked)
    answer = ask(world, sent)
    receipt, leaves = check_batch(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert (answer.status, receipt.first, receipt.entries) == (200, before, len(asked))
    assert {leaf.kind for leaf in leaves} == {"lookup"}
    for place, one in enumerate(asked):
        kind, control, person, internal = world.entry(before + place)
        assert (kind, internal) == ("lookup", {"reason": ""})
        assert control == controls(answer)[place]
        assert person == {
            "case": f"case-{place}",
            "officer": "nrb.officer",
            "subject": {"id": one["id"], "type": "resident_id"},
        }
    assert world.entries() == before + len(asked)
    assert world.used() == len(asked)
    assert world.findings().faults == ()


def test_a_result_is_what_a_lookup_of_the_subject_gives(world: World) -> None:
    answer = ask(world, batch(world.nrb, SUBJECTS[:3]))
    for result, number in zip(many(answer, "results"), SUBJECTS[:3], strict=True):
        alone = world.ask(world.nrb.lookup(subject={"id": number, "type": "resident_id"})).result
        assert {**result, "nonce": ""} == {**alone, "nonce": ""}
        assert canonical(result) in answer.body
    assert len({str(one["nonce"]) for one in many(answer, "results")}) == 3


def test_the_body_is_canonical_as_every_answer(world: World) -> None:
    answer = ask(world, batch(world.nrb, [*SUBJECTS[:2], ABSENT, "1"]))
    assert canonical(answer.document) == answer.body


def test_control_parts_differ_in_answer_and_outcome_only(world: World) -> None:
    told = controls(ask(world, batch(world.nrb, [SUBJECTS[0], ABSENT, "1", SUBJECTS[1]])))
    assert [one["outcome"] for one in told] == ["answered", "empty", "malformed", "answered"]
    assert len({str(one["a"]) for one in told}) == 4
    assert len({canonical({**one, "a": "", "outcome": ""}) for one in told}) == 1
    assert {one["grant"] for one in told} == {f"{HUB}:{world.grant.id}"}


def test_outcomes_are_mixed_freely(world: World) -> None:
    asked = [SUBJECTS[0], ABSENT, "110101199003070000", subject(SUBJECTS[1], kind="uscc")]
    sent = batch(world.nrb, asked)
    answer = ask(world, sent)
    check_batch(sent, answer, world.receipt_key.public, world.receipt_kid)
    found = many(answer, "results")
    assert [one.get("found") for one in found] == [True, False, None, None]
    assert [one.get("problem") for one in found[2:]] == ["identifier-invalid"] * 2
    assert [one.get("why") for one in found[2:]] == ["check-digit", "kind"]
    reasons = [world.entry(place - 4)[3] for place in range(4)]
    assert reasons == [
        {"reason": ""},
        {"reason": ""},
        {"reason": "batch-subject"},
        {"reason": "batch-subject-type"},
    ]
    assert world.used() == 4


def test_one_subject_may_be_asked_for_twice(world: World) -> None:
    answer = ask(world, batch(world.nrb, [SUBJECTS[0], SUBJECTS[0]]))
    assert [one["found"] for one in many(answer, "results")] == [True, True]
    assert len({str(one["a"]) for one in controls(answer)}) == 2


def test_marked_records_are_as_in_a_lookup(world: World) -> None:
    source = world.hub.book.refresh().source("resident")
    assert source is not None
    for number, kind in ((SUBJECTS[0], "disputed"), (SUBJECTS[1], "repaired")):
        pseudonym = world.hub.records.pseudonym(source, number, number)
        owner = Actor("connector", department="psb")
        marks.set_mark(
            world.hub.changes,
            owner,
            "resident",
            pseudonym,
            kind,  # type: ignore[arg-type]
            ("resident_id", number),
        )
    world.hub.book.refresh()
    disputed, repaired, other = many(ask(world, batch(world.nrb, SUBJECTS[:3])), "results")
    assert [one["disputed"] for one in disputed["records"]] == [True]  # type: ignore[union-attr, index, call-overload]
    assert (repaired["found"], repaired["records"]) == (False, [])
    assert [one["disputed"] for one in other["records"]] == [False]  # type: ignore[union-attr, index, call-overload]


# -- identity -----------------------------------------------------------------------------------
def test_a_repeat_names_the_first_of_each_and_costs_nothing(world: World) -> None:
    given = with_request_id()
    first = world.entries()
    ask(world, batch(world.nrb, SUBJECTS[:3], **given))
    sent = batch(world.nrb, SUBJECTS[:3], **given)
    answer = ask(world, sent)
    check_batch(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert [one["repeats"] for one in controls(answer)] == [first, first + 1, first + 2]
    assert [members(first + 3 + i, world)["repeats"] for i in range(3)] == [
        first + i for i in range(3)
    ]
    assert world.used() == 3
    assert world.findings().faults == ()


@pytest.mark.parametrize("how", ["fewer", "order", "case", "lookup"])
def test_one_identity_is_one_content(world: World, how: str) -> None:
    given = with_request_id()
    ask(world, batch(world.nrb, SUBJECTS[:3], **given))
    before = world.entries()
    other: list[str | Members] = {
        "fewer": list(SUBJECTS[:2]),
        "order": list(reversed(SUBJECTS[:3])),
        "case": [*SUBJECTS[:2], subject(SUBJECTS[2], "1")],
        "lookup": [],
    }[how]
    if how == "lookup":
        answer = world.ask(world.nrb.lookup(**given))
    else:
        answer = ask(world, batch(world.nrb, other, **given))
    assert (answer.status, answer.code) == (409, "request-id-conflict")
    assert world.entries() == before + max(len(other), 1)
    assert world.used() == 3
    assert world.findings().faults == ()


def test_repeats_are_counted_by_batch(world: World) -> None:
    given = with_request_id()
    answers = [ask(world, batch(world.nrb, SUBJECTS[:2], **given)) for _ in range(7)]
    assert [one.status for one in answers] == [200] * 6 + [409]
    assert answers[-1].code == "repeats-spent"
    assert world.used() == 2


def test_replayed_batch_is_turned_away_and_makes_no_entry(world: World) -> None:
    sent = batch(world.nrb, SUBJECTS)
    ask(world, sent)
    before = world.entries()
    answer = world.call(sent)
    assert (answer.status, answer.code, answer.receipt) == (401, "replayed", None)
    assert world.entries() == before


def test_a_replay_is_found_before_anything_is_read(world: World) -> None:
    """It would cost the hub as much as a batch, and whoever replays it next to nothing."""
    sent = batch(world.nrb, SUBJECTS)
    ask(world, sent)
    other = world.again()
    records = world.hub.folder.generation("resident-1")
    records.rename(records.with_suffix(".away"))
    with pytest.raises(YifenError, match="replayed"):
        ask(other, sent)
    other.hub.close()


def test_replayed_while_the_first_is_under_way(world: World) -> None:
    """Both are past the first look at the nonce: the lock lets one of them in."""
    other = world.again()
    sent = batch(world.nrb, MANY)
    before = world.entries()

    async def both() -> list[object]:
        asked = (ask_soon(world, sent), ask_soon(other, sent))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    found = asyncio.run(both())
    other.hub.close()
    assert sum(isinstance(one, Answer) for one in found) == 1
    assert [one.code for one in found if isinstance(one, YifenError)] == ["replayed"]
    assert world.entries() == before + len(MANY)


def test_the_receipt_is_given_again_over_all_its_entries(world: World) -> None:
    given = with_request_id()
    sent = batch(world.nrb, [*SUBJECTS[:3], "1"], **given)
    first = ask(world, sent)
    world.ask(world.nrb.lookup())  # what stands behind it is not of it
    fetched = world.call(world.nrb.sign("GET", f"/v1/receipts/{given['request_id']}"))
    assert (fetched.status, fetched.document.keys()) == (200, {"openings"})
    assert fetched.document["openings"] == first.document["openings"]
    assert first.receipt is not None
    assert fetched.receipt is not None
    keys = {world.receipt_kid: world.receipt_key.public}
    again, receipt = (verify_receipt(one.receipt or "", keys) for one in (fetched, first))
    assert again == receipt._replace(body=None, issued=again.issued)


@pytest.mark.parametrize("number", ["1", SUBJECTS[0]])
def test_the_receipt_of_a_batch_says_200_whatever_its_first_subject_was(
    world: World, number: str
) -> None:
    given = with_request_id()
    assert ask(world, batch(world.nrb, [number], **given)).status == 200
    fetched = world.call(world.nrb.sign("GET", f"/v1/receipts/{given['request_id']}"))
    assert fetched.receipt is not None
    keys = {world.receipt_kid: world.receipt_key.public}
    assert verify_receipt(fetched.receipt, keys).status == 200


# -- quota --------------------------------------------------------------------------------------
def test_the_quota_pays_for_all_or_for_none(world: World) -> None:
    world.regrant(daily_quota=5)
    answer = ask(world, batch(world.nrb, SUBJECTS[:6]))
    assert (answer.status, answer.code, world.used()) == (429, "quota-spent", 0)
    assert ask(world, batch(world.nrb, SUBJECTS[:4])).status == 200
    refused = ask(world, batch(world.nrb, SUBJECTS[:2]))
    assert (refused.code, world.used()) == ("quota-spent", 4)
    assert ask(world, batch(world.nrb, SUBJECTS[:1])).status == 200
    assert world.used() == 5


# -- refusals -----------------------------------------------------------------------------------
REFUSALS: dict[str, tuple[str, int, Members]] = {
    "officer": ("officer-unknown", 403, {"officer": "nobody"}),
    "items": ("items-outside-grant", 403, {"items": ["name", "ethnicity"]}),
    "purpose": ("purpose-outside-grant", 403, {"purpose": "school_enrolment"}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_refuses_the_question_is_entered_for_each_subject(world: World, name: str) -> None:
    code, status, changes = REFUSALS[name]
    before = world.entries()
    sent = batch(world.nrb, SUBJECTS[:3], **changes)
    answer = world.call(sent)
    check_batch(sent, answer, world.receipt_key.public, world.receipt_kid)
    assert (answer.status, answer.code) == (status, code)
    assert [one["problem"] for one in many(answer, "results")] == [code] * 3
    for place in range(3):
        _, control, person, _ = world.entry(before + place)
        assert isinstance(control, dict)
        assert isinstance(person, dict)
        assert control["outcome"] == "refused"
        assert person["subject"] == {"id": SUBJECTS[place], "type": "resident_id"}
    assert (world.entries(), world.used()) == (before + 3, 0)
    assert world.findings().faults == ()


def test_without_a_grant_all_are_refused_alike(world: World) -> None:
    sent = batch(world.gateway("mrb"), [SUBJECTS[0], ABSENT, "1"])
    answer = ask(world, sent)
    assert (answer.status, answer.code) == (403, "not-granted")
    assert len({canonical({**one, "nonce": ""}) for one in many(answer, "results")}) == 1
    assert {one["grant"] for one in controls(answer)} == {None}
    assert {one["outcome"] for one in controls(answer)} == {"refused"}


def test_one_missing_case_number_refuses_all_where_the_grant_wants_them(world: World) -> None:
    world.regrant(case_required=True)
    asked = [subject(SUBJECTS[0], "1"), subject(SUBJECTS[1])]
    assert ask(world, batch(world.nrb, asked)).code == "case-required"
    with_all = [subject(SUBJECTS[0], "1"), subject(SUBJECTS[1], "2")]
    assert ask(world, batch(world.nrb, with_all)).status == 200


def test_more_than_the_answer_may_hold_is_refused_whole(world: World) -> None:
    fewer_at_once(world, batch_answer_bytes=2_000)
    before = world.entries()
    answer = ask(world, batch(world.nrb, MANY))
    assert (answer.status, answer.code, world.used()) == (422, "batch-too-large", 0)
    assert world.entries() == before + len(MANY)


MALFORMED: dict[str, Members] = {
    "no subject": {"subjects": []},
    "too many": {"subjects": [subject(SUBJECTS[0])] * 1001},
    "no list": {"subjects": subject(SUBJECTS[0])},
    "a subject without a case": {"subjects": [{"id": "1", "type": "resident_id"}]},
    "a subject with more": {"subjects": [{**subject("1"), "name": "x"}]},
    "a control character": {"subjects": [subject(SUBJECTS[0]), subject("1\n")]},
    "an empty id": {"subjects": [subject("")]},
    "a member too many": {"case": None},
    "no items": {"items": []},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_makes_one_entry_that_names_nobody(world: World, name: str) -> None:
    before = world.entries()
    sent = batch(world.nrb, SUBJECTS[:2], **MALFORMED[name])
    answer = world.call(sent)
    assert (answer.status, answer.code) == (422, "question-malformed")
    assert world.entries() == before + 1
    assert world.entry()[2] == {"case": None, "officer": None, "subject": None}
    assert (
        verify_receipt(answer.receipt or "", {world.receipt_kid: world.receipt_key.public}).entries
        == 1
    )


def test_which_subject_is_wrong_is_told(world: World) -> None:
    asked = [subject(SUBJECTS[0]), subject("1\n")]
    assert ask(world, batch(world.nrb, asked)).document["facts"] == {"where": "subjects.1"}


# -- others -------------------------------------------------------------------------------------
def test_a_lookup_is_answered_while_a_batch_is_under_way(world: World) -> None:
    done: list[str] = []

    async def both() -> None:
        async def large() -> None:
            await ask_soon(world, batch(world.nrb, MANY))
            done.append("batch")

        async def small(sent: Sent) -> None:
            answer = await world.ask_soon(sent)
            check_receipt(sent, answer, world.receipt_key.public, world.receipt_kid)
            done.append("lookup")

        running = asyncio.create_task(large())
        await asyncio.sleep(0)  # the batch has begun
        await asyncio.gather(running, small(world.nrb.lookup()))

    asyncio.run(both())
    assert done == ["lookup", "batch"]
    assert world.findings().faults == ()


def test_the_loop_is_given_back_after_every_slice_of_every_step(world: World) -> None:
    async def both() -> int:
        turns = 0
        running = asyncio.create_task(ask_soon(world, batch(world.nrb, MANY)))
        while not running.done():
            turns += 1
            await asyncio.sleep(0)
        assert running.result().status == 200
        return turns

    slices = -(-len(MANY) // SLICE)
    assert asyncio.run(both()) >= 3 * slices, "reading, recording and opening"


def test_no_batch_is_answered_after_its_grant_was_revoked_while_it_was_read(world: World) -> None:
    """Revoked by another process after the decision, between two slices of the work."""
    elsewhere = world.again()
    before = world.entries()

    async def both() -> Answer:
        running = asyncio.create_task(ask_soon(world, batch(world.nrb, MANY)))
        for _ in range(2):
            await asyncio.sleep(0)
        assert not running.done()
        grants.set_status(elsewhere.hub.changes, ADMINISTRATOR, world.grant.id, "revoked")
        return await running

    answer = asyncio.run(both())
    elsewhere.hub.close()
    assert (answer.status, answer.code) == (403, "not-granted")
    outcomes = [members(place, world).get("outcome") for place in range(before, world.entries())]
    assert outcomes == [None, *["refused"] * len(MANY)]
    assert world.used() == 0
    assert world.findings().faults == ()


def test_ground_that_never_rests_is_busy_and_entered_for_each(world: World) -> None:
    elsewhere = world.again()
    before = world.entries()

    async def both() -> Answer | YifenError:
        running = asyncio.create_task(ask_soon(world, batch(world.nrb, SUBJECTS[:3])))
        while not running.done():
            with elsewhere.hub.changes.change(Actor("hub")) as change:
                change.append("operator", {"act": "test"})
            await asyncio.sleep(0)
        try:
            return await running
        except YifenError as error:
            return error

    error = asyncio.run(both())
    elsewhere.hub.close()
    assert isinstance(error, YifenError)
    assert error.code == "busy"
    kinds = [world.entry(place)[0] for place in range(before, world.entries())]
    assert kinds.count("lookup") == 3
    busy = [place for place, kind in enumerate(kinds, before) if kind == "lookup"]
    assert [members(place, world)["outcome"] for place in busy] == ["busy"] * 3
    assert busy == list(range(busy[0], busy[0] + 3))
    assert world.used() == 0
    assert world.findings().faults == ()
