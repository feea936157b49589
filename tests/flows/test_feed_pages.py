"""A real connector follows a real hub: what it believes, keeps, proves, and refuses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from publishing import resident_id
from world.asking import Members
from world.auditing import Auditor, export_of, load
from world.feeding import Provider, Row, terms
from world.licences import DATASET
from world.lying import Alter, Lying, before_a_liar
from world.outsider import Outsider, only
from world.town import ADMINISTRATOR, PURPOSE, World

from certs.canonical import canonical
from certs.encoding import b64u, digest, sha256
from certs.note import vkey
from certs.receipts import Receipt
from connectors.batch.question import Subject
from connectors.client import Connector
from connectors.errors import AnswerRefused, EvidenceBroken, HubUnreachable, Refused
from connectors.feed.page import FeedPage
from hub.access import grants
from hub.feeds import exchange as hub_exchange
from hub.feeds.ask import Followed
from hub.settings import Limits

ROWS: list[Row] = [(f"L{number}", number % 4, f"note {number}") for number in range(12)]


@dataclass
class Place:
    world: World
    bridge: Lying
    connector: Connector
    provider: Provider

    def page(self, cursor: str | None = None, **members: object) -> FeedPage | None:
        given = {"purpose": PURPOSE, "officer": "nrb.officer", **members}
        return self.connector.page(DATASET, cursor, **given)  # type: ignore[arg-type]

    def refused(self, alter: Alter | None = None, **members: object) -> str:
        """Why a page is refused, and that it was kept as evidence."""
        self.bridge.alter = alter
        with pytest.raises(AnswerRefused) as refused:
            self.page(**members)  # type: ignore[arg-type]
        assert self.connector.receipts.alarms(limit=1)
        return str(refused.value.facts["why"])


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    provider = Provider.of(world.hub)
    provider.publish(ROWS)
    grants.issue(world.hub.changes, ADMINISTRATOR, terms(world.time()))
    bridge, connector = before_a_liar(world, tmp_path / "home", "/feed")
    yield Place(world, bridge, connector, provider)
    connector.close()


def test_pages_are_verified_kept_and_proven(place: Place) -> None:
    page = place.page()
    assert page is not None
    assert [one.items["licence_no"] for one in page.changes] == [row[0] for row in ROWS]
    assert (page.begins, page.ends, page.more, page.quota) == (True, True, False, False)
    assert place.page(page.cursor) is None
    place.provider.mark(ROWS[3], "repaired")
    place.provider.change([("L1", 2, "moved")])
    following = place.page(page.cursor)
    assert following is not None
    told = [(one.change, one.subject_id) for one in following.changes]
    assert told == [
        ("removed", resident_id(3)), ("removed", resident_id(1)), ("upserted", resident_id(2))
    ]  # fmt: skip
    place.world.hub.checkpointer.step()
    place.connector.prove()
    kept = place.connector.receipts.entry(following.changes[1].entry)
    assert (kept.operation, kept.entries, kept.state) == ("feed", 3, "proven")
    assert b"moved" not in kept.opening
    proven = place.connector.verify_evidence(place.connector.export(kept))
    assert [one.outcome for one in proven.controls] == ["answered"] * 3


def test_nothing_new_leaves_nothing_behind(place: Place) -> None:
    page = place.page()
    assert page is not None
    for _ in range(5):
        assert place.page(page.cursor) is None
    left = place.connector.receipts._connection.execute("SELECT count(*) FROM questions").fetchone()
    assert left == (1,)


def test_chosen_subjects_come_with_their_cases(place: Place) -> None:
    subjects = [Subject("resident_id", resident_id(n), f"case-{n}") for n in (2, 0)]
    page = place.page(subjects=subjects)
    assert page is not None
    assert {one.subject_id for one in page.changes} == {resident_id(2), resident_id(0)}
    assert place.world.entry(page.entry)[2]["case"] == "case-2"  # type: ignore[index, call-overload]
    kept = place.connector.receipts.entry(page.entry)
    place.connector.verify_evidence(place.connector.export(kept))


def test_a_page_that_was_lost_comes_again(place: Place) -> None:
    place.bridge.lose = 1
    page = place.page()
    assert page is not None
    assert len(page.changes) == 12
    assert place.world.findings().faults == ()


def test_the_receipt_of_a_lost_page_can_be_fetched(place: Place) -> None:
    place.bridge.lose = 10
    with pytest.raises(HubUnreachable):
        place.page()
    ((request_id,),) = place.connector.receipts._connection.execute(
        "SELECT request_id FROM questions"
    ).fetchall()
    kept = place.connector.recover(request_id)
    assert (kept.operation, kept.entries, kept.status) == ("feed", 12, 200)


def test_a_refusal_has_a_receipt(place: Place) -> None:
    with pytest.raises(Refused) as refused:
        place.page("forged")
    assert refused.value.problem.code == "cursor-refused"
    kept = place.connector.receipts.entry(place.world.entries() - 1)
    assert (kept.entries, kept.outcome) == (1, "refused")
    place.connector.verify_evidence(place.connector.export(kept))


# -- a page tampered with on the way, by somebody with every key -----------------------------------
def results(document: Members) -> list[Members]:
    found = document["results"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def openings(document: Members) -> list[Members]:
    found = document["openings"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def another_subject(document: Members, receipt: Receipt) -> Receipt:
    results(document)[0]["subject"] = {"id": resident_id(3), "type": "resident_id"}
    return receipt


def another_value(document: Members, receipt: Receipt) -> Receipt:
    results(document)[0]["items"]["note"] = "false"  # type: ignore[index, call-overload]
    return receipt


def exchanged(document: Members, receipt: Receipt) -> Receipt:
    found = results(document)
    found[0], found[4] = found[4], found[0]  # both of one holder
    return receipt


def one_left_out(document: Members, receipt: Receipt) -> Receipt:
    del results(document)[1], openings(document)[1]
    return receipt


def result_left_out(document: Members, receipt: Receipt) -> Receipt:
    del results(document)[1]
    return receipt


def no_cursor(document: Members, receipt: Receipt) -> Receipt:
    del document["page"]
    return receipt


def another_request(_: Members, receipt: Receipt) -> Receipt:
    return receipt._replace(request=digest(b"another"))


def another_audience(_: Members, receipt: Receipt) -> Receipt:
    return receipt._replace(audience="urn:yifen:connector:demo.yifen:psb:gateway")


@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (another_subject, "leaf-person"),
        (another_value, "result-digest"),
        (exchanged, "result-digest"),
        (one_left_out, "count"),
        (result_left_out, "results"),
        (no_cursor, "page"),
        (another_request, "request"),
        (another_audience, "audience"),
    ],
)
def test_a_page_that_was_tampered_with_is_refused(place: Place, alter: Alter, why: str) -> None:
    assert place.refused(alter) == why


def test_a_cursor_that_was_exchanged_is_refused(place: Place) -> None:
    """By somebody on the way, who has no key."""

    def lie(body: bytes) -> bytes:
        document = json.loads(body)
        document["page"]["cursor"] = "A" + document["page"]["cursor"][1:]
        return canonical(document)

    place.bridge.lies[f"/v1/datasets/{DATASET}/feed"] = lie
    assert place.refused() == "body-digest"


def test_somebody_who_was_not_asked_about_is_refused(place: Place) -> None:
    subjects = [Subject("resident_id", resident_id(1))]

    def other(document: Members, receipt: Receipt) -> Receipt:
        results(document)[0]["subject"] = {"id": resident_id(2), "type": "resident_id"}
        return receipt

    assert place.refused(other, subjects=subjects) == "subjects"


def test_more_than_was_asked_for_is_refused(place: Place) -> None:
    """A hub that ignores ``most``, and so how much a consumer can take at once."""
    real = hub_exchange.read_feed

    def generous(body: bytes, dataset: str, limits: Limits) -> Followed:
        return real(body, dataset, limits)._replace(most=1000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_exchange, "read_feed", generous)
        assert place.refused(most=5) == "most"


# -- evidence ------------------------------------------------------------------------------------
def test_evidence_that_names_another_does_not_verify(place: Place) -> None:
    page = place.page()
    assert page is not None
    data = place.connector.export(place.connector.receipts.entry(page.entry))
    document = json.loads(data)
    document["openings"][0]["subject"]["id"] = resident_id(3)
    with pytest.raises(EvidenceBroken):
        place.connector.verify_evidence(canonical(document))


def test_the_verifier_of_auditors_reads_pages_and_the_log(place: Place, tmp_path: Path) -> None:
    auditor = Auditor.at(tmp_path / "auditor", load())
    page = place.page()
    assert page is not None
    assert place.page(page.cursor) is None
    place.provider.change([("L1", 1, "changed")])
    place.page(page.cursor)
    place.world.hub.checkpointer.step()
    place.connector.prove()
    data = place.connector.export(place.connector.receipts.entry(page.entry))
    hub = place.world.hub
    root = b64u(sha256(hub.authority.root_der))
    key = vkey(hub.origin, hub.checkpoint_key)
    outsider = Outsider(auditor, tmp_path, root, key)
    verdict = outsider.verify(data)
    assert verdict.faults == []
    assert {"entries-good", "inclusions-good", "question-good"} <= verdict.passed
    document = json.loads(data)
    document["openings"][0]["subject"]["id"] = resident_id(3)
    assert only(outsider.verify(canonical(document))) == "person"
    exported = export_of(hub, tmp_path / "export")
    assert auditor.verify("export", exported, "--log", key).faults == []
