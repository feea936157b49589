"""The library for event loops: many questions at once, each proven, kept, and its own."""

import asyncio

import pytest
from world.department import OFFICER, Bureau
from world.town import ABSENT, PURPOSE, SUBJECTS

from connectors.answers import Answer
from connectors.asynchronous import AsyncConnector
from connectors.client import Connector
from connectors.errors import AnswerRefused, QuestionRefused, Refused

COUNT = 60


async def ask(connector: AsyncConnector, subject: str, *items: str) -> Answer:
    return await connector.lookup(
        "resident",
        "resident_id",
        subject,
        items=items or ("name", "sex"),
        purpose=PURPOSE,
        officer=OFFICER,
    )


def test_many_questions_at_once_get_their_own_answers(idle: Bureau) -> None:
    async def run() -> list[Answer]:
        async with AsyncConnector.open(idle.gate.home) as connector:
            wanted = [(*SUBJECTS, ABSENT)[n % (len(SUBJECTS) + 1)] for n in range(COUNT)]
            answers = await asyncio.gather(*(ask(connector, subject) for subject in wanted))
            assert [one.found for one in answers] == [subject != ABSENT for subject in wanted]
            return answers

    answers = asyncio.run(run())
    assert len({one.proof.entry for one in answers}) == COUNT
    assert len({one.proof.request_id for one in answers}) == COUNT
    with Connector.open(idle.gate.home) as beside:
        kept = {one.entry: one.token for one in beside.receipts.receipts(limit=COUNT + 1)}
    assert kept == {one.proof.entry: one.proof.token for one in answers}


def test_a_verification_says_yes_or_no(idle: Bureau) -> None:
    async def run() -> tuple[bool, bool]:
        async with AsyncConnector.open(idle.gate.home) as connector:
            told = [
                await connector.verify(
                    "resident",
                    "resident_id",
                    SUBJECTS[0],
                    claims={"sex": sex},
                    purpose=PURPOSE,
                    officer=OFFICER,
                )
                for sex in ("1", "2")
            ]
            return told[0].match, told[1].match

    assert asyncio.run(run()) == (True, False)


def test_a_refusal_is_raised_with_its_entry(idle: Bureau) -> None:
    async def run() -> None:
        async with AsyncConnector.open(idle.gate.home) as connector:
            with pytest.raises(Refused) as caught:
                await ask(connector, SUBJECTS[0], "ethnicity")
            assert caught.value.problem.code == "items-outside-grant"
            assert caught.value.entry is not None
            with pytest.raises(QuestionRefused):
                await ask(connector, "")

    asyncio.run(run())


def test_attack_a_hub_that_lies_to_the_library(idle: Bureau) -> None:
    idle.hub.stop()
    idle.hub.start("officer")

    async def run() -> None:
        async with AsyncConnector.open(idle.gate.home) as connector:
            with pytest.raises(AnswerRefused):
                await ask(connector, SUBJECTS[0])

    asyncio.run(run())
    with Connector.open(idle.gate.home) as beside:
        assert len(beside.receipts.alarms(limit=5)) == 1


def test_proofs_come_beside_the_loop(idle: Bureau) -> None:
    async def run() -> int:
        async with AsyncConnector.open(idle.gate.home) as connector:
            await asyncio.gather(*(ask(connector, subject) for subject in SUBJECTS))
            proven = 0
            async with asyncio.timeout(30):
                while proven < len(SUBJECTS):
                    proven += (await connector.keep_up()).proven
            return proven

    assert asyncio.run(run()) == len(SUBJECTS)
