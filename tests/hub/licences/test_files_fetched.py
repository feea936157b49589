"""The file of a licence as a connector gets it: what a hub could tell otherwise is found out."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from world.asking import Members
from world.bridge import Bridge, enrolled
from world.licensing import COMPANY, LOOKED_UP
from world.town import PURPOSE, SUBJECTS, Town
from world.viewing import NO_FONT, Viewing, viewing

from catalog.messages import Language
from connectors.answers import View
from connectors.client import Connector
from connectors.errors import AnswerRefused, QuestionRefused
from hub.lookup import exchange
from hub.lookup.reveal import Named, reveal_file

pytestmark = pytest.mark.skipif(NO_FONT, reason="no Chinese font here")
PIECE = "/v1/materials/piece"


class Window:
    """A connector of ``nrb`` before that world."""

    def __init__(self, viewed: Viewing, bridge: Bridge, connector: Connector) -> None:
        self.viewed = viewed
        self.bridge = bridge
        self.connector = connector

    def view(self, licence: object, language: str | None = None, subject: str = COMPANY) -> View:
        return self.connector.view_licence(
            LOOKED_UP,
            "uscc",
            subject,
            licence=str(licence),
            language=language,
            purpose=PURPOSE,
            officer="nrb.officer",
        )


@pytest.fixture
def window(town: Town, tmp_path: Path) -> Iterator[Window]:
    with viewing(town, tmp_path) as viewed:
        bridge, connector = enrolled(viewed.world, tmp_path / "home")
        with connector:
            yield Window(viewed, bridge, connector)


def other_of(window: Window) -> Members:
    return window.viewed.issued(metadata={"number": "2"})


def test_a_piece_that_was_cut_off_is_asked_for_again(window: Window, tmp_path: Path) -> None:
    view = window.view(window.viewed.issued()["identifier"])
    lost = iter([True, False])

    def cut(body: bytes) -> bytes:
        if next(lost):
            raise httpx2.ReadError("cut off")
        return body

    window.bridge.lies[PIECE] = cut
    window.connector.fetch(view, tmp_path / "out.pdf")
    assert window.bridge.seen.count(PIECE) == 2


def test_an_answer_that_was_cut_off_is_asked_for_again(window: Window, tmp_path: Path) -> None:
    identifier = window.viewed.issued()["identifier"]
    lost = iter([True, False])

    def cut(body: bytes) -> bytes:
        if next(lost):
            raise httpx2.ReadError("cut off")
        return body

    window.bridge.lies[f"/v1/datasets/{LOOKED_UP}/view"] = cut
    view = window.view(identifier)
    window.connector.fetch(view, tmp_path / "out.pdf")
    assert window.viewed.papers() == [("zh", 1)]


def test_file_exchanged_on_the_way(window: Window, tmp_path: Path) -> None:
    view = window.view(window.viewed.issued()["identifier"])
    window.bridge.lies[PIECE] = lambda body: bytes(len(body))
    with pytest.raises(AnswerRefused) as error:
        window.connector.fetch(view, tmp_path / "out.pdf")
    assert error.value.facts == {"why": "file-digest"}
    assert [one.why for one in window.connector.receipts.alarms(limit=9)] == ["file-digest"]
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize("what", ["identifier", "language"])
def test_a_hub_that_gives_another_licence_or_language(
    window: Window, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    first, second = window.viewed.issued(), other_of(window)

    def another(permit: object, question: object, named: object, *rest: object) -> object:
        if what == "identifier":
            named = Named(str(second["identifier"]), "01", disputed=False)
        else:
            language: Language = "en"
            question = question._replace(language=language)  # type: ignore[attr-defined]
        return reveal_file(permit, question, named, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(exchange, "reveal_file", another)
    with pytest.raises(AnswerRefused) as error:
        window.view(first["identifier"], "zh")
    assert error.value.facts == {"why": "result-licence"}


def test_without_a_file_there_is_none_to_be_fetched(window: Window, tmp_path: Path) -> None:
    done = window.viewed.issued()
    assert window.viewed.act(done["licence"], "suspend").status == 200
    view = window.view(done["identifier"])
    assert (view.licence, view.file, view.status) == (None, None, "02")
    with pytest.raises(Exception, match="absent"):
        window.connector.fetch(view, tmp_path / "out.pdf")


def test_what_no_hub_could_answer_does_not_leave(window: Window) -> None:
    identifier = window.viewed.issued()["identifier"]
    window.bridge.seen.clear()
    for licence, language in (("", None), ("x", None), (identifier, "fr"), (SUBJECTS[0], None)):
        with pytest.raises(QuestionRefused):
            window.view(licence, language)
    assert window.bridge.seen == []
