"""End of purpose with a disposal record (Art 27), and review dates."""

import orjson
import pytest
from world.living import ADMINISTRATOR, AUDITOR, Life
from world.time import DAY
from world.town import PURPOSE, covering

from certs.encoding import from_rfc3339, rfc3339
from hub.access import grants, purposes
from hub.access.ends import end_of, review_at
from hub.access.grant import read_grant
from hub.ledger.change import OPERATOR
from hub.people import accounts


def disposed(life: Life) -> None:
    """The user's steward writes the record, its head signs."""
    draft = life.done("nrb.writer", "PUT", f"{life.path}/disposal", life.disposal())
    life.done("nrb.head", "POST", f"{life.path}/disposal/sign", {"version": draft["version"]})


def ended(life: Life, why: str) -> None:
    """Let the town's grant end."""
    changes = life.world.hub.changes
    if why == "revoked":
        grants.set_status(changes, OPERATOR, life.world.grant.id, "revoked")
    elif why == "purposes":
        purposes.set_status(changes, OPERATOR, PURPOSE, "ended")
    else:
        life.later(31)


@pytest.mark.parametrize("why", ["revoked", "expired", "purposes"])
def test_whatever_ends_a_grant_its_user_disposes_of_what_it_had(life: Life, why: str) -> None:
    assert life.call("nrb.writer", "PUT", f"{life.path}/disposal", life.disposal()).status == 409
    ended(life, why)
    assert life.life()["ended"]["why"] == why  # type: ignore[index,call-overload]
    assert life.duties("nrb.writer") == [("dispose", "on-time")]
    (row,) = life.done(AUDITOR, "GET", "/v1/ended-grants")["grants"]  # type: ignore[misc]
    assert (row["id"], row["ended"]["why"]) == (life.world.grant.id, why)  # type: ignore[index,call-overload]
    life.later(40)
    for who in ("nrb.writer", "nrb.head", ADMINISTRATOR):
        assert ("dispose", "overdue") in life.duties(who), who
    assert life.duties("psb.head") == []
    disposed(life)
    assert life.done(AUDITOR, "GET", "/v1/ended-grants")["grants"] == []
    for who in ("nrb.writer", "nrb.head", ADMINISTRATOR):
        assert life.duties(who) == []
    record = life.life("psb.writer")["disposal"]
    assert record["stated"]["how"] == "destroyed"  # type: ignore[index,call-overload]
    assert life.world.findings().faults == ()


def test_a_purpose_taken_up_again_does_not_bring_back_what_was_destroyed(life: Life) -> None:
    ended(life, "purposes")
    disposed(life)
    purposes.set_status(life.world.hub.changes, OPERATOR, PURPOSE, "active")
    assert life.outcome() == "refused"
    assert grants.find(life.world.hub.reading, life.world.grant.id).status == "revoked"


def test_what_goes_on_again_is_not_signed_away(life: Life) -> None:
    ended(life, "purposes")
    draft = life.done("nrb.writer", "PUT", f"{life.path}/disposal", life.disposal())
    purposes.set_status(life.world.hub.changes, OPERATOR, PURPOSE, "active")
    body = {"version": draft["version"]}
    assert life.call("nrb.head", "POST", f"{life.path}/disposal/sign", body).status == 409
    assert life.outcome() == "answered"


def test_a_grant_goes_on_while_one_of_its_purposes_does(life: Life) -> None:
    life.world.regrant(purposes=[PURPOSE, "tax_administration"])
    ended(life, "purposes")
    assert life.life()["ended"] is None
    purposes.set_status(life.world.hub.changes, OPERATOR, "tax_administration", "ended")
    assert life.life()["ended"] is not None


def test_attack_whoever_wrote_the_disposal_signs_it(life: Life) -> None:
    accounts.set_roles(life.world.hub.changes, OPERATOR, "nrb.writer", ["head", "steward"])
    ended(life, "revoked")
    life.done("nrb.writer", "PUT", f"{life.path}/disposal", life.disposal())
    sign = f"{life.path}/disposal/sign"
    assert life.call("nrb.writer", "POST", sign, {"version": 1}).status == 403
    # What is not signed is not there for the provider.
    assert life.life("psb.writer")["disposal"] is None
    life.done("nrb.head", "POST", sign, {"version": 1})
    assert life.call("nrb.writer", "PUT", f"{life.path}/disposal", life.disposal()).status == 409


def test_what_a_disposal_record_must_say(life: Life) -> None:
    ended(life, "revoked")
    wrong = (
        {"how": "archived"},
        {"how": "destroyed", "basis": "《档案法》第十三条"},
        {"how": "lost"},
        {"scope": ""},
        {"method": "张三 53040219900101001X"},
        {"at": rfc3339(life.world.time() + DAY)},
        {"count": -1},
    )
    for fields in wrong:
        body = life.disposal(**fields)
        assert life.call("nrb.writer", "PUT", f"{life.path}/disposal", body).status == 422, fields
    body = life.disposal(how="archived", basis="《档案法》第十三条", count=None)
    life.done("nrb.writer", "PUT", f"{life.path}/disposal", body)


def test_what_ended_first_counts_and_what_nobody_wrote_down_is_not_guessed(life: Life) -> None:
    grant = life.world.grant
    after = grant.valid_until + DAY
    assert end_of(grant, {}, grant.valid_until - 1) is None
    found = end_of(grant, {PURPOSE: grant.valid_from}, after)
    assert found is not None
    assert (found.why, found.at) == ("purposes", grant.valid_from)
    # A row of before: revoked, and nobody knows when.
    state = orjson.loads(grant.json())
    for name in ("ended", "review_by", "reviewed"):
        del state[name]
    old = read_grant(orjson.dumps({**state, "status": "revoked"}).decode())
    told = end_of(old, {}, grant.valid_from)
    assert told is not None
    assert (told.why, told.at) == ("revoked", None)


# -- reviews --------------------------------------------------------------------------------------
def test_a_review_is_due_by_its_date_or_by_the_settings(life: Life) -> None:
    grant = life.world.grant
    assert review_at(grant, 365) is None, "it ends before"
    assert review_at(grant, 10) == grant.valid_from + 10 * DAY
    by = rfc3339(life.world.time() + 20 * DAY)
    life.world.regrant(review_by=by)
    assert life.life()["review_at"] == by
    # Other terms say nothing of the review: its date stays.
    terms = life.world.grant.terms().model_dump(mode="json", exclude={"review_by"})
    changed = life.done(ADMINISTRATOR, "PUT", life.path, {"version": 2, "terms": terms})
    assert changed["review_by"] == by


def test_the_authority_sees_a_review_near_and_past_its_date(life: Life) -> None:
    now = life.world.time()
    life.world.regrant(valid_until=rfc3339(now + 400 * DAY), review_by=rfc3339(now + 60 * DAY))
    assert life.duties(ADMINISTRATOR) == []
    life.later(31)
    assert life.duties(ADMINISTRATOR) == [("review", "near")]
    assert life.duties("nrb.writer") == life.duties("nrb.head") == []
    life.later(40)
    assert life.duties(ADMINISTRATOR) == [("review", "overdue")]
    body = {"version": 2, "outcome": "kept", "review_by": None}
    kept = life.done(ADMINISTRATOR, "POST", f"{life.path}/review", body)
    assert (kept["version"], kept["status"], kept["review_by"]) == (3, "active", None)
    assert from_rfc3339(str(kept["reviewed"])) > now
    assert life.duties(ADMINISTRATOR) == []
    assert life.outcome() == "answered"
    assert life.world.findings().faults == ()


WIDER = {
    "items": {"name": "full", "status": "full"},
    "operations": ["lookup", "verify", "feed"],
    "purposes": [PURPOSE, "tax_administration"],
    "daily_quota": 10**6,
    "existence": True,
}


def test_a_review_narrows_and_never_widens(life: Life) -> None:
    narrow = {"items": {"name": "name", "address": "full"}, "daily_quota": 50}
    grant = life.world.regrant(daily_quota=100)
    terms = grant.terms().model_dump(mode="json") | narrow
    body: dict[str, object] = {"version": 2, "outcome": "narrowed", "terms": terms}
    until = {"valid_until": rfc3339(grant.valid_until + DAY)}
    for member, value in (WIDER | until | {"items": {"former_name": "full"}}).items():
        wide = {**body, "terms": terms | {member: value}}
        answer = life.call(ADMINISTRATOR, "POST", f"{life.path}/review", wide)
        assert answer.status == 422, member
    done = life.done(ADMINISTRATOR, "POST", f"{life.path}/review", body)
    assert done["items"] == narrow["items"]
    for wrong in ({"version": 3, "outcome": "narrowed"}, {**body, "version": 3, "outcome": "kept"}):
        assert life.call(ADMINISTRATOR, "POST", f"{life.path}/review", wrong).status == 422
    past = {"version": 3, "outcome": "kept", "review_by": rfc3339(life.world.time() - DAY)}
    assert life.call(ADMINISTRATOR, "POST", f"{life.path}/review", past).status == 422
    life.done(ADMINISTRATOR, "POST", f"{life.path}/review", {"version": 3, "outcome": "ended"})
    assert life.life()["ended"]["why"] == "revoked"  # type: ignore[index,call-overload]


def test_a_grant_from_before_there_were_reviews_is_read_and_verified(life: Life) -> None:
    """Its row and its entry have none of the new members, and agree."""
    grant = grants.issue(
        life.world.hub.changes, OPERATOR, covering(life.world.time(), department="mrb")
    )
    state = orjson.loads(grant.json())
    for name in ("ended", "review_by", "reviewed"):
        del state[name]
    old = read_grant(orjson.dumps(state).decode())
    assert old == grant
