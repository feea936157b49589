"""A subscription's files and its cursor: a page first, then the cursor; one run at a time."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.batch.question import Subject
from connectors.errors import Problem, QuestionRefused, Refused
from connectors.feed.errors import FeedRefused
from connectors.feed.page import Change, FeedPage
from connectors.feed.question import KnownCases, feed, kept_feed
from connectors.feed.run import Tally, Wanted, catch_up
from connectors.feed.state import Subscription

WANTED = Wanted("resident", "a_purpose", "li.wei", 100)


def change(number: int) -> Change:
    return Change(number, "upserted", f"row-{number}", "text", "someone", {}, False, 1, None)  # noqa: FBT003


def page(number: int, *, more: bool = False, quota: bool = False) -> FeedPage:
    cursor = f"cursor-{number}"
    return FeedPage(cursor, (change(number),), False, False, more, quota, number, "id")  # noqa: FBT003


class Hub:
    """What a connector would get: pages in order, and then nothing."""

    def __init__(self, *pages: FeedPage | Refused) -> None:
        self.pages = list(pages)
        self.cursors: list[str | None] = []

    def page(
        self,
        dataset: str,
        cursor: str | None,
        *,
        purpose: str,
        officer: str,
        most: int,
        subjects: Sequence[Subject] | None,
        wait: int,
        of_cases: bool,
        known: KnownCases | None,
    ) -> FeedPage | None:
        asked = (dataset, purpose, officer, most, subjects, wait, of_cases, known)
        assert asked == ("resident", "a_purpose", "li.wei", 100, None, 0, False, None)
        self.cursors.append(cursor)
        found = self.pages.pop(0) if self.pages else None
        if isinstance(found, Refused):
            raise found
        return found


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


def run(home: Path, into: Path, hub: Hub) -> Tally:
    state = Subscription.open(home, into, "resident")
    try:
        return catch_up(WANTED, into, state, hub, lambda _: None)
    finally:
        state.close()


def test_pages_are_numbered_on_from_run_to_run(tmp_path: Path, into: Path) -> None:
    hub = Hub(page(1, more=True), page(2))
    assert run(tmp_path, into, hub).pages == 2
    assert hub.cursors == [None, "cursor-1", "cursor-2"]
    hub = Hub(page(3))
    run(tmp_path, into, hub)
    assert hub.cursors == ["cursor-2", "cursor-3"]
    assert sorted(path.name for path in into.iterdir()) == [
        f"{number:012d}.ndjson" for number in (1, 2, 3)
    ]
    (state,) = (tmp_path / "feeds").glob("*.json")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert b"someone" not in state.read_bytes()


def test_a_page_that_cannot_be_written_is_not_counted(tmp_path: Path, into: Path) -> None:
    into.rmdir()
    with pytest.raises(FeedRefused) as refused:
        run(tmp_path, into, Hub(page(1)))
    assert refused.value.facts == {"why": "output"}
    into.mkdir()
    hub = Hub(page(1))
    run(tmp_path, into, hub)
    assert hub.cursors[0] is None
    assert [path.name for path in into.iterdir()] == ["000000000001.ndjson"]


def test_a_spent_quota_ends_the_run(tmp_path: Path, into: Path) -> None:
    tally = run(tmp_path, into, Hub(page(1, more=True, quota=True), page(2)))
    assert (tally.pages, tally.quota) == (1, True)


def test_a_repeat_that_has_grown_is_asked_anew(tmp_path: Path, into: Path) -> None:
    spent = Refused(Problem("repeats-spent", 409))
    assert run(tmp_path, into, Hub(spent, page(1))).pages == 1
    with pytest.raises(Refused):
        run(tmp_path, into, Hub(spent, spent))


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path, into: Path) -> None:
    first = Subscription.open(tmp_path, into, "resident")
    with pytest.raises(FeedRefused) as refused:
        Subscription.open(tmp_path, into, "resident")
    assert refused.value.facts == {"why": "running"}
    first.close()


@pytest.mark.parametrize(("how", "why"), [("dataset", "other-dataset"), ("damaged", "state")])
def test_a_folder_belongs_to_one_dataset(tmp_path: Path, into: Path, how: str, why: str) -> None:
    run(tmp_path, into, Hub(page(1)))
    if how == "damaged":
        (state,) = (tmp_path / "feeds").glob("*.json")
        state.write_bytes(b"{")
    with pytest.raises(FeedRefused) as refused:
        Subscription.open(tmp_path, into, "other" if how == "dataset" else "resident")
    assert refused.value.facts == {"why": why}


def test_a_question_is_read_again_as_it_was_written() -> None:
    subjects = [Subject("resident_id", "1", "case"), Subject("uscc", "2")]
    for chosen in (None, subjects):
        asked = feed("resident", "c", purpose="p", officer="o", subjects=chosen, wait=3)
        assert kept_feed("resident", asked.body()) == asked


@pytest.mark.parametrize(
    "given",
    [
        {"most": 0},
        {"most": 1001},
        {"wait": 9},
        {"subjects": []},
        {"subjects": [Subject("text", "1"), Subject("text", "1", "another case")]},
        {"officer": ""},
        {"cursor": ""},
        {"dataset": "../x"},
    ],
)
def test_what_no_hub_could_read_is_not_sent(given: dict[str, object]) -> None:
    asked = {"dataset": "resident", "cursor": None, "purpose": "p", "officer": "o"} | given
    with pytest.raises(QuestionRefused):
        feed(asked.pop("dataset"), asked.pop("cursor"), **asked)  # type: ignore[arg-type]
