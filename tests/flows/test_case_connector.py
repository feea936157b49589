"""A real connector opens and handles cases: what it is told, keeps, and finds again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from world.case_counter import (
    PERSON,
    PLAIN,
    SAID,
    SOMEBODY,
    Counter,
    counter,
    statuses,
)
from world.casework import (
    OFFICER,
    SERVICE,
    SERVICE_TOML,
)
from world.delegating import lent
from world.retold_cases import Retelling
from world.town import ADMINISTRATOR, PURPOSE, World

from certs.signatures import round_request
from connectors.cases.errors import CaseElsewhere, CaseVersionUnknown
from connectors.cases.question import Party, Said
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation
from connectors.errors import AnswerRefused, HubUnreachable, QuestionRefused, Refused
from hub.access import connectors
from hub.cases import register
from hub.people import accounts
from hub.people.passwords import hash_password


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Counter]:
    with counter(world, tmp_path / "home") as found:
        yield found


# -- what is told ---------------------------------------------------------------------------------
def test_a_case_is_told_with_what_it_rests_on_and_its_receipts_are_kept(place: Counter) -> None:
    case = place.open()
    assert statuses(case) == {
        "identity": "confirmed",
        "later": "may_follow",
        "lease": "must_bring",
        "named": "confirmed",
        "photo": "not_needed",
        "promise": "may_follow",
        "sketch": "must_bring",
    }
    assert case.rounds is not None
    numbers = [one.number for one in case.rounds.rounds]
    assert numbers == list(range(len(numbers)))
    kept = place.connector.receipts.receipts(limit=10)
    assert {one.operation for one in kept} == {"case"}
    assert sum(one.entries for one in kept) == len(case.rounds.entries)
    requests = {round_request(case.rounds.basis.request, number) for number in numbers}
    assert {one.request for one in kept} == requests
    assert place.connector.receipts.lost(limit=10) == []


def test_several_rounds_are_each_under_a_receipt_of_their_own(place: Counter) -> None:
    place.desk.file()
    case = place.open(Said(SAID.services, SAID.number, SAID.purpose, SAID.parties, {}))
    assert case.rounds is not None
    assert len(place.connector.receipts.receipts(limit=10)) == len(case.rounds.rounds)
    assert statuses(case)["lease"] == "on_file"


def test_a_case_from_the_opening_to_its_acceptance(place: Counter) -> None:
    cases = place.connector.cases
    name = place.open().told.case
    filed = place.desk.file()
    cases.bring(name, (SERVICE, "lease"), filed=filed, officer=OFFICER)
    cases.bring(name, (SERVICE, "sketch"), officer=OFFICER)
    cases.commit(name, [(SERVICE, "promise"), (SERVICE, "later")], officer=OFFICER)
    done = cases.conclude(name, "accepted", "材料齐全", officer=OFFICER)
    assert (done.told.status, done.told.result, done.told.version) == ("concluded", "accepted", 5)
    assert cases.show(name).status == "concluded"
    assert [one.case for one in cases.listing("concluded").cases] == [name]
    assert cases.listing("open").cases == ()
    settled = cases.settle(name, 1, "checked", officer=OFFICER)
    assert [one.status for one in settled.told.commitments] == ["checked", "open"]
    place.world.hub.checkpointer.step()
    place.connector.prove()
    assert {one.state for one in place.connector.receipts.receipts(limit=99)} == {"proven"}
    assert place.world.findings().faults == ()


def test_what_is_lacking_keeps_a_case_open(place: Counter) -> None:
    name = place.open().told.case
    done = place.connector.cases.conclude(name, "accepted", "齐全", officer=OFFICER)
    assert done.told.status == "open"
    lacking = [one.material for one in done.told.lacking]
    assert lacking == ["later", "lease", "promise", "sketch"]


def test_a_supplement_is_decided_on_what_we_sent_then(place: Counter) -> None:
    cases = place.connector.cases
    bare = Said(SAID.services, SAID.number, SAID.purpose, SAID.parties, {})
    name = place.open(bare).told.case
    more = cases.supplement(name, given=SAID.given, officer=OFFICER)
    assert statuses(more)["named"] == "confirmed"
    other = cases.supplement(name, parties={"subject": SOMEBODY}, officer=OFFICER)
    assert other.rounds is not None
    assert other.rounds.basis.said.parties["subject"] == SOMEBODY
    again = cases.review(name, officer=OFFICER)
    assert again.rounds is not None
    assert again.rounds.basis.said.parties["subject"] == SOMEBODY
    assert cases.withdraw(name, officer=OFFICER).told.status == "withdrawn"
    with pytest.raises(Refused):
        cases.review(name, officer=OFFICER)
    assert place.whys() == []


def test_a_case_that_asked_nothing_is_answered_and_not_lost(place: Counter) -> None:
    changes = place.world.hub.changes
    register.put_services(changes, ADMINISTRATOR, [PLAIN.encode()], of=None)
    case = place.open(Said(("plain",), SAID.number, PURPOSE, SAID.parties, {}))
    assert case.rounds is None
    assert statuses(case) == {"note": "must_bring"}
    assert place.connector.receipts.lost(limit=10) == []
    read = place.connector.cases.read(case.told.case, officer=OFFICER)
    assert read.told.version == 1


def test_what_was_brought_for_a_list_that_has_moved_on_is_told_still(place: Counter) -> None:
    cases = place.connector.cases
    name = place.open().told.case
    cases.bring(name, (SERVICE, "sketch"), officer=OFFICER)
    begin = SERVICE_TOML.index('[[materials]]\ncode = "sketch"')
    end = SERVICE_TOML.index('[[materials]]\ncode = "promise"')
    shorter = (SERVICE_TOML[:begin] + SERVICE_TOML[end:]).replace("version = 1", "version = 2", 1)
    register.put_services(place.world.hub.changes, ADMINISTRATOR, [shorter.encode()], of=None)
    reviewed = cases.review(name, officer=OFFICER)
    assert reviewed.told.by_name[SERVICE, "sketch"].brought == "paper"
    assert "sketch" not in {
        piece.material for one in reviewed.told.notice.papers() for piece in one.pieces
    }


def test_a_window_handles_the_case_of_another_department_under_its_delegation(
    place: Counter, tmp_path: Path
) -> None:
    lent(place.world, services=(SERVICE,))
    hub = place.world.hub
    text = connectors.invite(hub.changes, ADMINISTRATOR, hub.trust, "mrb", "window")
    enrol(read_invitation(text), tmp_path / "mrb", clock=place.world.time, http=place.bridge)
    with Connector.open(
        tmp_path / "mrb", clock=place.world.time, sleep=lambda _: None, http=place.bridge
    ) as window:
        case = window.cases.open(SAID, officer="mrb.officer")
    assert case.told.department == "mrb"
    assert case.rounds is not None
    assert all(one.control.delegation for one in case.rounds.entries.values())


def test_the_officer_who_acts_is_the_one_whom_the_entries_name(place: Counter) -> None:
    name = place.open().told.case
    second(place.world)
    reviewed = place.connector.cases.review(name, officer="nrb.second")
    assert reviewed.rounds is not None
    assert reviewed.rounds.basis.officer == "nrb.second"
    people = place.world.entry(reviewed.rounds.rounds[0].several.entry)[2]
    assert isinstance(people, dict)
    assert people["officer"] == "nrb.second"


# -- what is lost ---------------------------------------------------------------------------------
def test_an_opening_that_was_lost_is_asked_for_again_and_is_the_same_case(place: Counter) -> None:
    place.bridge.lose = 1
    case = place.open()
    assert [one.case for one in place.connector.cases.listing().cases] == [case.told.case]
    assert case.told.entry is None
    assert case.rounds is not None


def test_a_later_run_finds_the_case_that_an_earlier_one_opened(place: Counter) -> None:
    place.bridge.lose = 4
    with pytest.raises(HubUnreachable):
        place.open()
    assert len(place.connector.receipts.lost(limit=10)) == 1
    case = place.open()
    assert [one.case for one in place.connector.cases.listing().cases] == [case.told.case]
    # The same content again, once the first was answered, is another case.
    assert place.open().told.case != case.told.case


def test_a_review_that_was_lost_is_found_done(place: Counter) -> None:
    name = place.open().told.case
    place.bridge.lose = 1
    reviewed = place.connector.cases.review(name, officer=OFFICER)
    assert reviewed.told.version == 2
    assert reviewed.rounds is not None


def test_a_supplement_that_was_lost_for_good_is_what_the_next_act_stands_on(place: Counter) -> None:
    cases = place.connector.cases
    name = place.open().told.case
    place.bridge.lose = 4
    with pytest.raises(HubUnreachable):
        cases.supplement(name, parties={"subject": SOMEBODY}, officer=OFFICER)
    reviewed = cases.review(name, officer=OFFICER)
    assert reviewed.rounds is not None
    assert reviewed.rounds.basis.said.parties["subject"] == SOMEBODY
    assert reviewed.told.version == 3


def test_what_was_brought_when_the_answer_was_lost_is_found_brought(place: Counter) -> None:
    name = place.open().told.case
    place.bridge.lose = 1
    brought = place.connector.cases.bring(name, (SERVICE, "sketch"), officer=OFFICER)
    assert (brought.told.version, brought.told.by_name[SERVICE, "sketch"].brought) == (2, "paper")


def test_somebody_elses_act_is_not_taken_for_the_one_that_was_lost(place: Counter) -> None:
    name = place.open().told.case
    place.desk.last = {"case": name, "version": 1}
    assert place.desk.bring("sketch").status == 200
    place.bridge.lose = 1
    with pytest.raises(Refused) as refused:
        place.connector.cases.bring(
            name, (SERVICE, "lease"), filed=f"m-{'0' * 32}", officer=OFFICER
        )
    assert refused.value.problem.facts["why"] == "version"


def test_somebody_elses_review_is_not_taken_for_the_one_that_never_arrived(place: Counter) -> None:
    name = place.open().told.case
    place.desk.last = {"case": name, "version": 1}
    place.bridge.swallow = 1
    place.bridge.meanwhile = lambda: place.desk.act("review")
    with pytest.raises(Refused) as refused:
        place.connector.cases.review(name, officer=OFFICER)
    assert refused.value.problem.facts["why"] == "version"


def test_what_the_hub_refused_is_not_waited_for(place: Counter) -> None:
    with pytest.raises(Refused):
        place.open(Said(("no_such",), SAID.number, PURPOSE, SAID.parties, {}))
    assert place.connector.receipts.lost(limit=10) == []


def test_a_case_that_another_connector_decided_is_told_as_not_proven(place: Counter) -> None:
    opened = place.desk.open()
    name = str(opened["case"])
    read = place.connector.cases.read(name, officer=OFFICER)
    assert read.rounds is None
    with pytest.raises(CaseElsewhere):
        place.connector.cases.review(name, officer=OFFICER)
    with pytest.raises(CaseVersionUnknown):
        place.connector.cases.withdraw(name, officer=OFFICER)
    reviewed = place.connector.cases.review(name, officer=OFFICER, said=SAID, version=1)
    assert reviewed.rounds is not None


def test_a_reading_after_an_erasure_rests_on_what_we_kept(place: Counter) -> None:
    name = place.open().told.case

    def erased(told: Retelling) -> None:
        for one in told.rounds:
            one["openings"] = None

    place.bridge.alter = erased
    assert place.connector.cases.read(name, officer=OFFICER).rounds is not None
    fresh = place.bridge.told
    assert fresh
    with pytest.raises(AnswerRefused) as refused:
        place.open()
    assert refused.value.facts["why"] == "openings"


@pytest.mark.parametrize(
    "said",
    [
        Said((), "1", PURPOSE, SAID.parties, {}),
        Said((SERVICE, SERVICE), "1", PURPOSE, SAID.parties, {}),
        Said(("../x",), "1", PURPOSE, SAID.parties, {}),
        Said((SERVICE,), " ", PURPOSE, SAID.parties, {}),
        Said((SERVICE,), "1", "No Purpose", SAID.parties, {}),
        Said((SERVICE,), "1", PURPOSE, {"Applicant!": PERSON}, {}),
        Said((SERVICE,), "1", PURPOSE, {"applicant": Party("resident_id", "")}, {}),
        Said((SERVICE,), "1", PURPOSE, SAID.parties, {"name": "x" * 4001}),
    ],
)
def test_what_no_hub_could_decide_is_not_sent(place: Counter, said: Said) -> None:
    place.bridge.seen.clear()
    with pytest.raises(QuestionRefused):
        place.open(said)
    for case in ("C-1", "C-0123456789abcdef/../..", ""):
        with pytest.raises(QuestionRefused):
            place.connector.cases.review(case, officer=OFFICER)
        with pytest.raises(QuestionRefused):
            place.connector.cases.show(case)
    assert place.bridge.seen == []


def second(world: World) -> None:
    """Enrol another officer of the department."""
    hashed = hash_password("correct horse battery", "nrb.second")
    accounts.enrol(
        world.hub.changes, ADMINISTRATOR, "nrb.second", "Second", "nrb", ["officer"], hashed
    )
