"""Emergency stops: one act for a dataset, a department or a connector, and exactly undone."""

import pytest
from world.living import ADMINISTRATOR, AUDITOR, REASON, Life
from world.town import HUB

from hub.access import connectors, departments
from hub.catalogue import datasets
from hub.errors import Conflict
from hub.ledger.change import OPERATOR

GATEWAY = f"urn:yifen:connector:{HUB}:{{}}:gateway"


def stopped(life: Life, what: str, code: str, who: str = ADMINISTRATOR) -> str:
    body = {"what": what, "code": code, **REASON}
    return str(life.done(who, "POST", "/v1/stops", body)["id"])


def lifted(life: Life, stop: str, who: str = ADMINISTRATOR) -> None:
    life.done(who, "POST", f"/v1/stops/{stop}/lift", REASON)


def standing(life: Life, who: str = AUDITOR) -> list[str]:
    found = life.done(who, "GET", "/v1/stops")["stops"]
    assert isinstance(found, list)
    return [str(one["id"]) for one in found]  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("dataset", "resident"),
        ("department", "nrb"),
        ("department", "psb"),
        ("connector", GATEWAY.format("nrb")),
    ],
)
def test_one_act_stops_and_one_restores(life: Life, what: str, code: str) -> None:
    """The asker's department, the provider's, its dataset, the asker's connector."""
    assert life.outcome() == "answered"
    entries = life.world.entries()
    stop = stopped(life, what, code)
    assert standing(life) == [stop]
    kind, *_ = life.world.entry()
    assert kind == "stop"
    life.world.hub.book.refresh()
    answer = life.world.call(life.world.nrb.lookup())
    assert answer.status in {401, 403}
    entered = life.world.entries() - entries
    assert entered >= 2, "the change of what was stopped, and the stop"
    lifted(life, stop)
    assert standing(life) == []
    assert life.outcome() == "answered"
    assert life.world.findings().faults == ()


def test_a_stopped_department_is_out_of_everything(life: Life) -> None:
    life.sign_in("nrb.head")
    token = life.tokens["nrb.writer"] = life.sign_in("nrb.writer")
    assert token
    stop = stopped(life, "department", "nrb")
    assert life.call("nrb.writer", "GET", "/v1/session").status == 401
    own = life.world.gateway("nrb")
    path = "/v1/datasets/real_estate/publications"
    begun = life.world.call(own.sign("POST", path, b'{"columns":["certificate_number"]}'))
    assert begun.status == 401
    assert datasets_of(life)["real_estate"] == "stopped"
    lifted(life, stop)
    assert datasets_of(life)["real_estate"] == "active"
    assert life.call("nrb.writer", "GET", "/v1/session").status == 200


def test_a_stopped_dataset_takes_no_publication(life: Life) -> None:
    own = life.world.gateway("psb")
    path, columns = "/v1/datasets/resident/publications", b'{"columns":["resident_id","name"]}'
    stop = stopped(life, "dataset", "resident")
    life.world.hub.book.refresh()
    begun = life.world.call(own.sign("POST", path, columns))
    assert (begun.status, begun.document["facts"]) == (409, {"why": "stopped"})
    lifted(life, stop)
    assert life.world.call(own.sign("POST", path, columns)).status != 409


def datasets_of(life: Life) -> dict[str, str]:
    return {
        str(row["code"]): str(row["status"]) for row in datasets.listing(life.world.hub.reading)
    }


def test_what_somebody_had_suspended_stays_suspended(life: Life) -> None:
    changes = life.world.hub.changes
    datasets.set_status(changes, OPERATOR, "resident", "suspended")
    stop = stopped(life, "department", "psb")
    lifted(life, stop)
    assert datasets_of(life)["resident"] == "suspended"


def test_what_somebody_suspends_meanwhile_stays_suspended(life: Life) -> None:
    stop = stopped(life, "department", "psb")
    datasets.set_status(life.world.hub.changes, OPERATOR, "resident", "suspended")
    lifted(life, stop)
    assert datasets_of(life)["resident"] == "suspended"
    assert life.world.findings().faults == ()


def test_nothing_but_lifting_opens_what_is_stopped(life: Life) -> None:
    changes = life.world.hub.changes
    urn = GATEWAY.format("psb")
    stop = stopped(life, "department", "psb")
    with pytest.raises(Conflict):
        departments.set_status(changes, OPERATOR, "psb", "active")
    with pytest.raises(Conflict):
        datasets.set_status(changes, OPERATOR, "resident", "active")
    with pytest.raises(Conflict):
        connectors.set_status(changes, OPERATOR, urn, "active")
    assert life.world.call(life.world.nrb.lookup()).status == 403
    lifted(life, stop)
    connectors.set_status(changes, OPERATOR, urn, "active")


def test_the_last_of_two_stops_opens(life: Life) -> None:
    first = stopped(life, "dataset", "resident", "psb.head")
    second = stopped(life, "department", "psb")
    third = stopped(life, "dataset", "resident")
    for stop in (second, first):
        lifted(life, stop)
        assert datasets_of(life)["resident"] == "stopped"
    lifted(life, third)
    assert life.outcome() == "answered"
    assert life.world.findings().faults == ()


def test_a_head_stops_what_is_the_own_departments_and_nothing_else(life: Life) -> None:
    for what, code in (
        ("dataset", "real_estate"),
        ("department", "psb"),
        ("department", "nrb"),
        ("connector", GATEWAY.format("nrb")),
    ):
        answer = life.call("psb.head", "POST", "/v1/stops", {"what": what, "code": code, **REASON})
        assert answer.status == 404, (what, code)
    assert life.outcome() == "answered"
    for who in ("psb.writer", AUDITOR):
        body = {"what": "dataset", "code": "resident", **REASON}
        assert life.call(who, "POST", "/v1/stops", body).status == 403
    stop = stopped(life, "dataset", "resident", "psb.head")
    assert life.outcome() == "refused"
    assert standing(life, "psb.writer") == [stop]
    assert standing(life, "nrb.writer") == []
    assert life.call("nrb.head", "POST", f"/v1/stops/{stop}/lift", REASON).status == 404
    lifted(life, stop, "psb.head")
    assert life.outcome() == "answered"


def test_attack_a_head_lifts_what_the_authority_has_stopped(life: Life) -> None:
    stop = stopped(life, "dataset", "resident")
    assert life.call("psb.head", "POST", f"/v1/stops/{stop}/lift", REASON).status == 403
    own = stopped(life, "dataset", "resident", "psb.head")
    lifted(life, own, "psb.head")
    assert life.outcome() == "refused"


def test_the_same_side_stops_a_thing_once(life: Life) -> None:
    stop = stopped(life, "dataset", "resident")
    body = {"what": "dataset", "code": "resident", **REASON}
    assert life.call(ADMINISTRATOR, "POST", "/v1/stops", body).status == 409
    lifted(life, stop)
    assert life.call(ADMINISTRATOR, "POST", f"/v1/stops/{stop}/lift", REASON).status == 409
    assert len(life.done(AUDITOR, "GET", "/v1/stops?all=yes")["stops"]) == 1  # type: ignore[arg-type]


def test_a_stopped_connectors_invitations_are_withdrawn(life: Life) -> None:
    hub = life.world.hub
    connectors.invite(hub.changes, OPERATOR, hub.trust, "psb", "second")
    stop = stopped(life, "connector", f"urn:yifen:connector:{HUB}:psb:second")
    lifted(life, stop)
    (left,) = hub.reading.execute(
        "SELECT count(*) FROM invitations WHERE used IS NULL AND expires > ?", (life.world.time(),)
    ).fetchone()
    assert left == 0
