"""What may not be collected about credit is refused when it is published, not only registered."""

from world.asking import Answer
from world.town import World

from certs.canonical import Json, canonical

FORBIDDEN = """
[[items]]
code = "history"
title_zh = "既往病史"
title_en = "Medical history"
type = "text"
sensitivity = 3
"""


def registered_before_the_rule(world: World) -> None:
    """As a hub has it that registered the dataset under an older release."""
    connection = world.hub.store.connection
    ((definition,),) = connection.execute(
        "SELECT definition FROM datasets WHERE code = 'credit_penalty'"
    ).fetchall()
    connection.execute(
        "UPDATE datasets SET definition = ? WHERE code = 'credit_penalty'",
        (definition + FORBIDDEN.encode(),),
    )


def begin(world: World, columns: list[Json]) -> Answer:
    path = "/v1/datasets/credit_penalty/publications"
    return world.call(world.gateway("mrb").sign("POST", path, canonical({"columns": columns})))


def test_a_dataset_that_collects_it_is_not_published(world: World) -> None:
    registered_before_the_rule(world)
    # Whether the column is among those that are sent makes no difference.
    for columns in (["history"], ["penalty_number"]):
        answer = begin(world, [*columns])
        assert (answer.status, answer.code) == (422, "definition-refused")
        facts = answer.document["facts"]
        assert isinstance(facts, dict)
        assert (facts["why"], facts["place"]) == ("credit-may-not-collect", "items[history]")
    rows = world.hub.reading.execute(
        "SELECT count(*) FROM publications WHERE dataset = 'credit_penalty'"
    )
    assert rows.fetchone() == (0,)
