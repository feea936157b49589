"""What a feed is refused for, and cursors that are not the asker's."""

import base64

import pytest
from publishing import resident_id
from world.feeding import (
    DATASET,
    Follower,
    Provider,
    ask,
    feed,
    page_of,
    refused,
    regrant,
    results,
    terms,
)
from world.town import ADMINISTRATOR, World

from certs.canonical import Json
from certs.encoding import b64u
from hub.access import grants
from hub.access.grant import Grant


def code(world: World, **members: Json) -> tuple[int, str]:
    cursor = members.pop("cursor", None)
    answer = ask(world, feed(world.nrb, cursor, **members))  # type: ignore[arg-type]
    return answer.status, answer.code


def cursor_of(world: World) -> str:
    return str(page_of(ask(world, feed(world.nrb)))["cursor"])


def test_a_grant_must_name_the_operation(world: World, held: Grant) -> None:
    regrant(world, held, operations=["lookup", "verify"])
    before = world.entries()
    assert code(world) == (403, "operation-outside-grant")
    kind, control, person, _ = world.entry(before)
    assert (kind, control["outcome"]) == ("feed", "refused")  # type: ignore[index, call-overload]
    assert person == {"case": None, "officer": "nrb.officer", "subject": None}


def test_without_a_grant_nothing_is_told(world: World) -> None:
    other = world.gateway("mrb")
    for cursor in (None, cursor_of(world), "forged"):
        answer = ask(world, feed(other, cursor))
        assert (answer.status, answer.code) == (403, "not-granted")
    answer = ask(world, feed(world.nrb, dataset="no_such_dataset"))
    assert (answer.status, answer.code) == (403, "not-granted")


@pytest.mark.parametrize("mask", ["identifier", None])
def test_a_masked_subject_cannot_be_followed(world: World, held: Grant, mask: str | None) -> None:
    items = {"licence_no": "full"} | ({} if mask is None else {"holder": mask})
    regrant(world, held, items=items)
    assert code(world) == (403, "feed-subject-masked")


def test_only_granted_items_leave_masked(world: World, held: Grant) -> None:
    regrant(world, held, items={"holder": "full", "note": "present"})
    told = results(ask(world, feed(world.nrb)))
    assert {tuple(sorted(one["items"])) for one in told} == {("holder", "note")}  # type: ignore[arg-type]
    assert {one["items"]["note"] for one in told} == {"present"}  # type: ignore[index, call-overload]


def test_a_case_is_required_where_the_grant_says_so(world: World, held: Grant) -> None:
    regrant(world, held, case_required=True)
    assert code(world) == (403, "case-required")
    subjects: Json = [{"case": "2026-1", "id": resident_id(1), "type": "resident_id"}]
    before = world.entries()
    answer = ask(world, feed(world.nrb, subjects=subjects))
    assert len(results(answer)) == 3
    assert world.entry(before)[2]["case"] == "2026-1"  # type: ignore[index, call-overload]


# -- cursors ------------------------------------------------------------------------------------
def test_a_forged_cursor(world: World) -> None:
    cursor = cursor_of(world)
    raw = base64.urlsafe_b64decode(cursor + "==")
    assert resident_id(1) not in raw.decode("latin-1")
    for place in range(len(raw)):
        changed = b64u(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        if place % 17 == 0:
            assert code(world, cursor=changed) == (422, "cursor-refused")
    for other in ("x", "A" * 40, cursor + "A", b64u(raw[:16])):
        assert code(world, cursor=other) == (422, "cursor-refused")


def test_another_departments_cursor(world: World) -> None:
    grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time(), department="mrb"))
    stolen = cursor_of(world)
    answer = ask(world, feed(world.gateway("mrb"), stolen))
    assert (answer.status, answer.code) == (422, "cursor-refused")


def test_rows_of_two_departments_cannot_be_joined(world: World) -> None:
    grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time(), department="mrb"))
    ours = {one["row"] for one in results(ask(world, feed(world.nrb)))}
    theirs = {one["row"] for one in results(ask(world, feed(world.gateway("mrb"))))}
    assert len(ours) == len(theirs) == 12
    assert not ours & theirs


def test_a_cursor_of_another_dataset(world: World) -> None:
    items = {"resident_id": "full"}
    other = terms(world.time(), dataset="resident", items=items)
    grants.issue(world.hub.changes, ADMINISTRATOR, other)
    answer = ask(world, feed(world.nrb, cursor_of(world), dataset="resident"))
    assert (answer.status, answer.code) == (422, "cursor-refused")


def test_a_cursor_of_an_older_generation_begins_anew(
    world: World,
    provider: Provider,
) -> None:
    old = cursor_of(world)
    for note in "ab":
        provider.publish([("L1", 1, note)])
    page = page_of(ask(world, feed(world.nrb, old)))
    assert page["reset"] == {"begins": True, "ends": True}


def test_other_items_begin_anew(world: World, held: Grant) -> None:
    old = cursor_of(world)
    regrant(world, held, items={"holder": "full"})
    page = page_of(ask(world, feed(world.nrb, old)))
    assert page["reset"] == {"begins": True, "ends": True}


def test_other_subjects_begin_anew(world: World) -> None:
    old = cursor_of(world)
    subjects: Json = [{"case": None, "id": resident_id(1), "type": "resident_id"}]
    page = page_of(ask(world, feed(world.nrb, old, subjects=subjects)))
    assert page["reset"] == {"begins": True, "ends": True}


# -- form ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"most": 0}, "most"),
        ({"most": 1001}, "most"),
        ({"most": True}, "most"),
        ({"wait": 9}, "wait"),
        ({"wait": -1}, "wait"),
        ({"subjects": []}, "subjects"),
        ({"subjects": "closed-cases"}, "subjects"),
        ({"subjects": "open-cases "}, "subjects"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x" * 1025}, "cursor"),
        ({"officer": None}, "officer"),
    ],
)
def test_a_malformed_question(world: World, members: dict[str, Json], where: str) -> None:
    given = dict(members)
    answer = ask(world, feed(world.nrb, given.pop("cursor", None), **given))  # type: ignore[arg-type]
    assert (answer.status, answer.code) == (422, "question-malformed")
    assert answer.document["facts"] == {"where": where}
    assert world.entry()[0] == "feed"


def test_a_replay_is_refused_whether_or_not_there_was_something(
    world: World, provider: Provider, follower: Follower
) -> None:
    sent = follower.question()
    follower.take(ask(world, sent))
    assert refused(world, sent).code == "replayed"
    idle = follower.question()
    assert ask(world, idle).status == 204
    provider.change([("L1", 1, "new")])
    assert refused(world, idle).code == "replayed"


def test_through_the_door(world: World, follower: Follower) -> None:
    answer = world.call(follower.question())
    assert (answer.status, len(results(answer))) == (200, 12)
    follower.take(answer)
    idle = world.call(follower.question())
    assert (idle.status, idle.body, idle.headers) == (204, b"", {"cache-control": "no-store"})
    assert DATASET in follower.question().path
