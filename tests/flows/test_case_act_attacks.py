"""A hub that answers acts on a case with something older, or something else, is not believed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.asking import Members
from world.case_counter import (
    SAID,
    Counter,
    counter,
    document,
    no_rounds,
)
from world.casework import (
    OFFICER,
    SERVICE,
)
from world.retold_cases import Retelling
from world.town import PURPOSE, World

from connectors.cases.question import Said
from connectors.errors import AnswerRefused


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Counter]:
    with counter(world, tmp_path / "home") as found:
        yield found


def test_an_older_answer_is_no_answer_to_a_review(place: Counter) -> None:
    name = place.open().told.case
    cases = place.connector.cases
    cases.review(name, officer=OFFICER)
    older = place.bridge.told[-1][1]
    place.bridge.replay = older
    with pytest.raises(AnswerRefused):
        cases.review(name, officer=OFFICER)
    assert place.whys() == ["version"]


def test_rounds_of_an_older_decision_are_none_of_a_newer_act(place: Counter) -> None:
    name = place.open().told.case
    cases = place.connector.cases
    opened = Retelling(place.world, document(place.bridge.told[-1][1]))
    cases.review(name, officer=OFFICER)

    def older(told: Retelling) -> None:
        told.document["rounds"] = opened.document["rounds"]

    place.bridge.alter = older
    with pytest.raises(AnswerRefused):
        cases.review(name, officer=OFFICER)
    with pytest.raises(AnswerRefused):
        cases.bring(name, (SERVICE, "sketch"), officer=OFFICER, version=3)
    with pytest.raises(AnswerRefused):
        cases.read(name, officer=OFFICER)
    assert set(place.whys()) == {"request", "older"}


def test_a_reading_of_an_earlier_version_is_refused(place: Counter) -> None:
    name = place.open().told.case
    cases = place.connector.cases
    cases.read(name, officer=OFFICER)
    place.bridge.replay = place.bridge.told[-1][1]
    place.bridge.alter = None
    cases.read(name, officer=OFFICER)  # nothing has happened since: it is what stands
    earlier, place.bridge.replay = place.bridge.replay, None
    cases.bring(name, (SERVICE, "sketch"), officer=OFFICER)
    place.bridge.replay = earlier
    with pytest.raises(AnswerRefused) as refused:
        cases.read(name, officer=OFFICER)
    assert refused.value.facts["why"] == "older"


def test_proofs_of_what_we_decided_may_not_be_left_out_of_a_reading(place: Counter) -> None:
    name = place.open().told.case
    place.bridge.alter = no_rounds
    with pytest.raises(AnswerRefused) as refused:
        place.connector.cases.read(name, officer=OFFICER)
    assert refused.value.facts["why"] == "rests-on-nothing"


def test_another_case_is_no_answer(place: Counter) -> None:
    name = place.open().told.case
    place.open()
    place.bridge.replay = place.bridge.told[-1][1]
    with pytest.raises(AnswerRefused) as refused:
        place.connector.cases.read(name, officer=OFFICER)
    assert refused.value.facts["why"] == "case"


def test_an_act_that_was_not_done_is_not_told_as_done(place: Counter) -> None:
    name = place.open().told.case
    cases = place.connector.cases

    def undone(told: Retelling) -> None:
        told.material("sketch")["brought"] = None
        told.document["commitments"] = []
        told.document["status"] = "open"

    place.bridge.alter = undone
    for act in (
        lambda: cases.bring(name, (SERVICE, "sketch"), officer=OFFICER, version=1),
        lambda: cases.commit(name, [(SERVICE, "later")], officer=OFFICER, version=2),
        lambda: cases.settle(name, 1, "failed", officer=OFFICER, version=3),
        lambda: cases.withdraw(name, officer=OFFICER, version=4),
    ):
        with pytest.raises(AnswerRefused) as refused:
            act()
        assert refused.value.facts["why"] == "act"


@pytest.mark.parametrize("said", [("concluded", "accepted", []), ("open", None, [])])
def test_a_conclusion_that_lacks_something_is_not_told_as_accepted(
    place: Counter, said: tuple[str, str | None, list[Members]]
) -> None:
    name = place.open().told.case

    def accepted(told: Retelling) -> None:
        told.document["status"], told.document["result"], told.document["lacking"] = said  # type: ignore[assignment]

    place.bridge.alter = accepted
    with pytest.raises(AnswerRefused) as refused:
        place.connector.cases.conclude(name, "accepted", "齐全", officer=OFFICER)
    assert refused.value.facts["why"] == "act"


def test_a_case_may_not_be_found_by_a_request_that_was_never_sent_before(place: Counter) -> None:
    name = place.open().told.case
    assert name
    answer = place.bridge.told[-1][1]
    place.bridge.replay = answer
    with pytest.raises(AnswerRefused) as refused:
        place.open()
    assert refused.value.facts["why"] == "request"
    place.bridge.replay, place.bridge.status = None, 200
    with pytest.raises(AnswerRefused) as refused:
        place.open(Said(SAID.services, "another", PURPOSE, SAID.parties, {}))
    assert refused.value.facts["why"] == "status"
