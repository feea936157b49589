"""A penalty is disputed and comes marked; it is repaired and comes no more."""

from hub.ops.city import CitySummary
from hub.ops.demo.acts.asking import show
from hub.ops.demo.acts.granting import CREDIT
from hub.ops.demo.cast import LAND, MARKET
from hub.ops.demo.connector import Answer, Question, Record
from hub.ops.demo.stage import Stage, sample

DATASET = "credit_penalty"
ITEMS = ("document_no", "violation", "decided_on", "severity")


def play(stage: Stage, city: CitySummary) -> None:
    """Mark the first penalty of an enterprise as disputed, then as repaired."""
    teller, land, market = stage.teller, stage.offices[LAND], stage.offices[MARKET]
    enterprise = sample(city, "penalised")
    teller.act("demo.repairing")
    question = Question(
        DATASET,
        "uscc",
        enterprise.id,
        CREDIT,
        land.officer.account,
        "NRB-2026-000131",
        ITEMS,
    )
    teller.step("demo.repairing.asked", enterprise=enterprise.name)
    told = stage.ask(land, question)
    records = told.records if isinstance(told, Answer) else ()
    if records:
        show(teller, DATASET, records[0].items)
    teller.expect(bool(records) and not records[0].disputed)
    row = (enterprise.id, records[0].items["document_no"])

    teller.step("demo.repairing.disputed")
    market.connector.mark(DATASET, "disputed", ("uscc", enterprise.id), row)
    told = stage.ask(land, question)
    marked = told.records if isinstance(told, Answer) else ()
    teller.expect(len(marked) == len(records) and _disputed(marked, row[1]))

    teller.step("demo.repairing.repaired")
    market.connector.mark(DATASET, "repaired", ("uscc", enterprise.id), row)
    told = stage.ask(land, question)
    left = told.records if isinstance(told, Answer) else None
    numbers = None if left is None else [one.items["document_no"] for one in left]
    gone = numbers is not None and row[1] not in numbers and len(numbers) == len(records) - 1
    teller.expect(gone, seen=str(numbers))


def _disputed(records: tuple[Record, ...], number: str) -> bool:
    return any(one.disputed and one.items["document_no"] == number for one in records)
