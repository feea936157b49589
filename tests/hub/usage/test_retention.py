"""How long what is entered of a grant's use keeps its persons: by the dataset, else by default."""

from world import batches
from world.aging import COMPANY
from world.living import ADMINISTRATOR, STATED, SUSPENSION, Life
from world.town import covering

from hub.access import grants
from hub.ledger.change import OPERATOR


def classes(life: Life, since: int) -> list[tuple[str, str]]:
    """Kind and class of the entries from a position on."""
    rows = life.world.hub.store.connection.execute(
        "SELECT e.position, k.retention FROM entries e JOIN person_keys k ON k.id = e.person_key"
        " WHERE e.position >= ? ORDER BY e.position",
        (since,),
    ).fetchall()
    return [(life.world.entry(position)[0], retention) for position, retention in rows]


def test_questions_keep_their_persons_as_long_as_the_dataset_says(life: Life) -> None:
    hub, gateway = life.world.hub, life.world.nrb
    terms = covering(life.world.time(), dataset="credit_penalty", items={"name": "full"})
    grants.issue(hub.changes, OPERATOR, terms)
    hub.book.refresh()
    since = life.world.entries()
    credit = {"dataset": "credit_penalty", "subject": COMPANY}
    life.world.ask(gateway.lookup(items=["name"], **credit))  # type: ignore[arg-type]
    life.world.ask(gateway.verify({"name": "x"}, **credit))  # type: ignore[arg-type]
    life.world.ask(gateway.lookup(items=["no_such_item"], **credit))  # type: ignore[arg-type]
    subjects = [batches.subject(COMPANY["id"], kind="uscc")]
    sent = batches.batch(gateway, subjects, dataset="credit_penalty", items=["name"])
    batches.ask(life.world, sent)
    life.world.ask(gateway.lookup())
    assert classes(life, since) == [
        ("lookup", "credit"),
        ("verify", "credit"),
        # What was refused told nothing of the dataset.
        ("lookup", "default"),
        ("lookup", "credit"),
        ("lookup", "default"),
    ]


def test_what_is_stated_of_a_grant_has_persons_of_the_default_class(life: Life) -> None:
    since = life.world.entries()
    life.done("nrb.writer", "POST", f"{life.path}/usage", {"version": 0, "stated": STATED})
    life.done(ADMINISTRATOR, "POST", f"{life.path}/disposition", SUSPENSION)
    assert classes(life, since) == [
        ("usage", "default"),
        ("grant", "default"),
        ("disposition", "default"),
    ]
