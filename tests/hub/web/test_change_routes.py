"""The routes of publications that a connector needs for change sets, as it signs them."""

from world.asking import Answer
from world.town import World

from certs.canonical import Json, canonical

TOKEN = "AAAAAAAAAAAAAAAAAAAAAA"
COLUMNS = ["resident_id", "name", "sex", "birth_date", "status"]
PUBLICATIONS = "/v1/datasets/resident/publications"


def call(world: World, department: str, method: str, path: str, **body: Json) -> Answer:
    data = canonical(body) if body else b""
    return world.call(world.gateway(department).sign(method, path, data))


def changeable(world: World) -> None:
    """Let what the town has published take changes."""
    world.hub.store.connection.execute("UPDATE generations SET keyed = 1")


def test_a_change_set_is_begun_asked_for_again_and_given_up(world: World) -> None:
    changeable(world)
    asked: dict[str, Json] = {"columns": [*COLUMNS], "mode": "changes", "token": TOKEN}
    begun = call(world, "psb", "POST", PUBLICATIONS, **asked)
    assert begun.status == 201
    told = begun.document
    assert (told["state"], told["sequence"]) == ("receiving", 1)
    again = call(world, "psb", "POST", PUBLICATIONS, **asked)
    assert (again.status, again.document) == (200, told)
    running = call(world, "psb", "POST", PUBLICATIONS, columns=[*COLUMNS])
    assert running.status == 409
    assert running.document["facts"]["why"] == "publication-receiving"
    assert running.document["facts"]["publication"] == told["publication"]

    path = f"/v1/publications/{told['publication']}"
    status = call(world, "psb", "GET", path).document
    assert (status["mode"], status["sequence"], status["state"]) == ("changes", 1, "receiving")
    assert call(world, "nrb", "DELETE", path).status == 403
    assert call(world, "psb", "DELETE", path).status == 204
    assert call(world, "psb", "DELETE", path).status == 204
    assert call(world, "psb", "GET", path).document["state"] == "discarded"


def test_a_refused_order_is_told_with_its_facts(world: World) -> None:
    first = call(world, "psb", "POST", PUBLICATIONS, columns=[*COLUMNS], mode="changes")
    assert (first.status, first.document["facts"]["why"]) == (409, "publish-in-full-first")
    changeable(world)
    for number, facts in ((0, {"why": "changes-applied", "sequence": 0}), (2, {"expected": 1})):
        refused = call(
            world, "psb", "POST", PUBLICATIONS, columns=[*COLUMNS], mode="changes", sequence=number
        )
        assert refused.status == 409
        assert facts.items() <= refused.document["facts"].items()


def test_bodies_that_make_no_sense(world: World) -> None:
    for other in ({"mode": "some"}, {"token": "short"}, {"sequence": "1"}, {"sequence": -1}):
        body: dict[str, Json] = {"columns": [*COLUMNS], **other}
        assert call(world, "psb", "POST", PUBLICATIONS, **body).status == 422


def test_what_stands_is_told_to_the_provider_alone(world: World) -> None:
    told = call(world, "psb", "GET", "/v1/datasets/resident/standing")
    assert told.status == 200
    assert told.document["dataset"] == "demo.yifen:resident"
    assert (told.document["version"], told.document["sequence"]) == (1, 0)
    assert isinstance(told.document["rows"], int)
    assert call(world, "nrb", "GET", "/v1/datasets/resident/standing").status == 404
    assert call(world, "psb", "GET", "/v1/datasets/nothing/standing").status == 404
