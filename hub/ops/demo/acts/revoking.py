"""A grant is revoked: the very next question is refused, and nothing else changes."""

from dataclasses import replace

from hub.ops.demo.acts.asking import Known
from hub.ops.demo.api import Api
from hub.ops.demo.cast import LAND
from hub.ops.demo.connector import Answer, Refusal
from hub.ops.demo.stage import Stage


def play(stage: Stage, administrator: Api, known: Known, grant: str) -> None:
    """Ask, revoke, ask again."""
    teller, land = stage.teller, stage.offices[LAND]
    teller.act("demo.revoking")
    teller.step("demo.revoking.before")
    told = stage.ask(land, known.question)
    teller.expect(isinstance(told, Answer) and told.found)
    teller.step("demo.revoking.revoked", grant=grant)
    administrator.call("PUT", f"/v1/grants/{grant}/status", {"status": "revoked"})
    told = stage.ask(land, known.question)
    refused = isinstance(told, Refusal) and told.code == "not-granted" and told.entry is not None
    teller.expect(refused, seen=told.code if isinstance(told, Refusal) else "answered")
    teller.step("demo.revoking.other")
    household = replace(known.question, dataset="household", items=("relation",))
    told = stage.ask(land, household)
    teller.expect(isinstance(told, Answer) and told.found)
