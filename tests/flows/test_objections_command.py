"""``connector objections`` as two departments run it: raised, answered, found in the receipts."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world.bridge import Bridge, opened
from world.disputing import REASON, Dispute
from world.town import ABSENT, ADMINISTRATOR, PURPOSE, SUBJECTS, Town, World, open_world

from connectors.cli import run
from connectors.client import Connector
from connectors.commands.local import Setting
from connectors.enrolment import enrol, read_invitation
from connectors.errors import QuestionRefused, Refused
from hub.access import connectors


def enrolled(world: World, home: Path, department: str) -> Bridge:
    bridge = Bridge(world)
    invited = connectors.invite(
        world.hub.changes, ADMINISTRATOR, world.hub.trust, department, "window"
    )
    enrol(read_invitation(invited), home, clock=world.time, http=bridge)
    return bridge


@dataclass
class Bureaus:
    """A hub, and the folders of two connectors: who received, and who provides."""

    dispute: Dispute
    receiver: Path
    provider: Path
    bridge: Bridge

    def connector(self, home: Path) -> Connector:
        return opened(self.dispute.world, home, self.bridge)


@pytest.fixture
def bureaus(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bureaus]:
    with open_world(town, tmp_path / "hub") as world:
        receiver, provider = tmp_path / "nrb", tmp_path / "psb"
        bridge = enrolled(world, receiver, "nrb")
        enrolled(world, provider, "psb")
        monkeypatch.setattr(
            Setting, "open", lambda self: opened(world, self.home, bridge), raising=True
        )
        yield Bureaus(Dispute.of(world), receiver, provider, bridge)


Command = Callable[..., object]


@pytest.fixture
def command(
    bureaus: Bureaus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run ``connector objections`` and give what it tells programs, or people."""

    def call(home: Path, *words: str, stdin: str = "", people: bool = False) -> object:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        bureaus.dispute.world.time.advance(1000)
        form = ["--lang", "en"] if people else ["--json"]
        assert run(["--home", str(home), *form, "objections", *words]) == 0
        shown = capsys.readouterr().out
        return shown if people else json.loads(shown)

    return call


def raised(bureaus: Bureaus, command: Command, folder: Path) -> dict[str, object]:
    reason, values = folder / "reason", folder / "values.json"
    reason.write_text(REASON, encoding="utf-8")
    values.write_text('{"name": "张三风"}', encoding="utf-8")
    found = command(
        bureaus.receiver,
        "raise",
        "resident",
        *("--subject-type", "resident_id", "--items", "name"),
        *("--reason-file", str(reason), "--values-file", str(values)),
        stdin=SUBJECTS[0] + "\n",
    )
    assert isinstance(found, dict)
    return found


def test_from_a_wrong_value_to_the_receipts_that_hold_it(
    bureaus: Bureaus, command: Command, tmp_path: Path
) -> None:
    world = bureaus.dispute.world
    with bureaus.connector(bureaus.receiver) as asker:
        first = asker.lookup(
            "resident",
            "resident_id",
            SUBJECTS[0],
            items=["name"],
            purpose=PURPOSE,
            officer="nrb.officer",
            case="2026-17",
        )
        asker.lookup(
            "resident",
            "resident_id",
            SUBJECTS[1],
            items=["name"],
            purpose=PURPOSE,
            officer="nrb.officer",
        )
    # Another connector of the department asked too.
    elsewhere = world.entries()
    bureaus.dispute.looked_up()
    objection = raised(bureaus, command, tmp_path)
    assert objection["status"] == "open"

    # The provider's system sees it, opens it, corrects, and answers.
    listed = command(bureaus.provider, "list", "--status", "open")
    assert [one["id"] for one in listed["objections"]] == [objection["id"]]  # type: ignore[index]
    shown = command(bureaus.provider, "show", str(objection["id"]))
    said = shown["said"]  # type: ignore[index]
    assert (said["subject"]["id"], said["values"]) == (SUBJECTS[0], {"name": "张三风"})
    after = bureaus.dispute.published("resident-2", name="张三风")
    answer = ("answer", str(objection["id"]), "--outcome", "corrected", "--publication", after)
    answered = command(bureaus.provider, *answer, "--reason-file", "-", stdin="已更正\n")
    assert answered["status"] == "corrected"  # type: ignore[index]

    # The receiver finds its own receipts, and whom to ask again.
    assert bureaus.dispute.told() == 1
    world.hub.checkpointer.step()
    told = command(bureaus.receiver, "notices")
    (notice,) = told["notices"]  # type: ignore[index]
    assert (notice["dataset"], notice["provider"]) == ("resident", "psb")
    assert (notice["objection"], notice["elsewhere"]) == (objection["id"], [elsewhere])
    (receipt,) = notice["receipts"]
    assert receipt["entry"] == first.proof.entry
    assert receipt["request_id"] == first.proof.request_id
    assert (receipt["officer"], receipt["case"]) == ("nrb.officer", "2026-17")
    people = str(command(bureaus.receiver, "notices", people=True))
    assert "2026-17" in people
    assert "ask again" in people
    assert command(bureaus.provider, "notices") == {"notices": []}


def test_a_batch_is_found_by_its_subject(
    bureaus: Bureaus, command: Command, tmp_path: Path
) -> None:
    from connectors.batch.question import Subject  # noqa: PLC0415

    with bureaus.connector(bureaus.receiver) as asker:
        answer = asker.batch(
            "resident",
            [
                Subject("resident_id", SUBJECTS[1], "2026-1"),
                Subject("resident_id", SUBJECTS[0], "2026-2"),
            ],
            items=["name"],
            purpose=PURPOSE,
            officer="nrb.officer",
        )
    del answer
    objection = raised(bureaus, command, tmp_path)
    after = bureaus.dispute.published("resident-2", name="张三风")
    bureaus.dispute.answered(objection, "corrected", publication=after)  # type: ignore[arg-type]
    bureaus.dispute.told()
    bureaus.dispute.world.hub.checkpointer.step()
    (notice,) = command(bureaus.receiver, "notices")["notices"]  # type: ignore[index]
    (receipt,) = notice["receipts"]
    assert (receipt["operation"], receipt["case"]) == ("batch", "2026-2")


def test_who_raised_it_sees_the_outcome_and_may_withdraw(
    bureaus: Bureaus, command: Command, tmp_path: Path
) -> None:
    objection = raised(bureaus, command, tmp_path)
    people = str(command(bureaus.receiver, "list", people=True))
    assert str(objection["id"]) in people
    assert "on time" in people
    assert "withdrawn" in str(
        command(bureaus.receiver, "withdraw", str(objection["id"]), people=True)
    )
    again = command(bureaus.receiver, "list")
    assert [one["status"] for one in again["objections"]] == ["withdrawn"]  # type: ignore[index]


def test_the_content_is_shown_to_people(bureaus: Bureaus, command: Command, tmp_path: Path) -> None:
    objection = raised(bureaus, command, tmp_path)
    shown = str(command(bureaus.provider, "show", str(objection["id"]), people=True))
    assert REASON in shown
    assert "name=张三风" in shown
    assert "is entry" in shown


def test_the_ledgers_news_name_it(
    bureaus: Bureaus, tmp_path: Path, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    raised(bureaus, command, tmp_path)
    bureaus.dispute.world.hub.checkpointer.step()
    with bureaus.connector(bureaus.provider) as connector:
        connector.follow()
    words = ["--home", str(bureaus.provider), "--lang", "en", "ledger", "news"]
    assert run(words) == 0
    assert "nrb objects to resident, open" in capsys.readouterr().out


def test_nobody_is_named_in_an_error_or_a_representation(bureaus: Bureaus) -> None:
    with bureaus.connector(bureaus.receiver) as connector:
        objections = connector.objections
        with pytest.raises(Refused) as caught:
            objections.raise_(
                "resident", "resident_id", ABSENT, items=["name"], reason="理由之文字"
            )
        assert caught.value.problem.code == "objection-refused"
        assert ABSENT not in repr(caught.value)
        made = objections.raise_(
            "resident", "resident_id", SUBJECTS[0], items=["name"], reason="理由之文字"
        )
        shown = repr(objections.open(made.id))
    assert SUBJECTS[0] not in shown
    assert "理由之文字" not in shown


@pytest.mark.parametrize("name", ["", "O-1", "../grants", "O-00000000000g", "O-000000000000\n"])
def test_attack_another_address_in_place_of_an_objection(bureaus: Bureaus, name: str) -> None:
    bureaus.bridge.seen.clear()
    with bureaus.connector(bureaus.receiver) as connector, pytest.raises(QuestionRefused):
        connector.objections.find(name)
    assert bureaus.bridge.seen == []


def test_one_stream_is_not_read_as_two_things(
    bureaus: Bureaus, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["raise", "resident", "--subject-type", "resident_id", "--items", "name"]
    home = ["--home", str(bureaus.receiver), "objections"]
    assert run([*home, *words, "--reason-file", "-"]) == 1
    assert "standard-input-twice" in capsys.readouterr().err
