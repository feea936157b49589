"""From the commit of a repair nothing tells of the record any more: one test for each way to ask.

《信用修复管理办法》: a query must not return what has been repaired. What a repaired record answers
must be what somebody answers who was never on file; so each test asks about both.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import pytest
from world.asking import Answer, Gateway, Members
from world.batches import ask as ask_batch
from world.batches import batch, many
from world.disputing import Dispute, resident
from world.serving import Served, serving
from world.town import ABSENT, PASSWORD, PURPOSE, SUBJECTS, Town, World, open_world, publish

from catalog.definition import bundled
from catalog.quality import Exists
from certs.canonical import canonical
from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.publish.quality.elsewhere import Elsewhere

REPAIRED = SUBJECTS[0]
MARKS = "/v1/datasets/resident/marks"


@pytest.fixture
def dispute(town: Town, tmp_path: Path) -> Iterator[Dispute]:
    """A world in which one record has been repaired; it was asked for and objected to before."""
    with open_world(town, tmp_path / "hub") as world:
        made = Dispute.of(world)
        assert made.looked_up(REPAIRED).result["found"] is True
        assert made.mark("repaired", REPAIRED).status == 200
        yield made


def about(number: str) -> Members:
    return {"id": number, "type": "resident_id"}


def without_chance(result: Members) -> Members:
    """A result but for its random bits."""
    return {name: value for name, value in result.items() if name != "nonce"}


def test_lookup(dispute: Dispute) -> None:
    gone, never = dispute.looked_up(REPAIRED), dispute.looked_up(ABSENT)
    assert (gone.result["found"], gone.result["records"]) == (False, [])
    assert without_chance(gone.result) == without_chance(never.result)
    assert gone.control["outcome"] == never.control["outcome"] == "empty"


@pytest.mark.parametrize("existence", [True, False])
def test_verify(dispute: Dispute, *, existence: bool) -> None:
    dispute.world.regrant(existence=existence)
    told = [
        dispute.world.call(dispute.world.nrb.verify({"name": "张三丰"}, subject=about(number)))
        for number in (REPAIRED, ABSENT)
    ]
    gone, never = (without_chance(answer.result) for answer in told)
    assert gone["match"] is False
    assert gone == never
    assert ("exists" in gone) == existence
    assert told[0].control["outcome"] == told[1].control["outcome"]


def test_batch(dispute: Dispute) -> None:
    answer = ask_batch(dispute.world, batch(dispute.world.nrb, [REPAIRED, ABSENT, SUBJECTS[1]]))
    gone, never, other = (without_chance(one) for one in many(answer, "results"))
    assert gone == never
    assert (gone["found"], gone["records"]) == (False, [])
    assert other["found"] is True


def test_the_rule_that_a_value_must_be_registered(dispute: Dispute) -> None:
    """A publication of another dataset whose rule asks whether somebody is in the register."""
    hub = dispute.world.hub
    rule = Exists.model_validate(
        {
            "kind": "exists",
            "code": "known",
            "item": "owner_id",
            "datasets": ["resident"],
            "severity": "warn",
        }
    )
    estate = bundled()["real_estate"]
    owner = next(item for item in estate.items if "resident_id" in item.kinds)
    rule = rule.model_copy(update={"item": owner.code})
    elsewhere = Elsewhere(
        hub.folder,
        hub.settings,
        hub.reading,
        hub.master,
        department="nrb",
        now=dispute.world.time(),
    )
    elsewhere.open(estate.model_copy(update={"rules": (rule,)}))
    assert elsewhere.unasked == {}
    assert elsewhere.absent(rule, [REPAIRED, ABSENT, SUBJECTS[1]]) == {REPAIRED, ABSENT}
    elsewhere.close()


def test_the_consoles_page_of_asking(dispute: Dispute) -> None:
    gone, never = (_asked_in_the_console(dispute.world, number) for number in (REPAIRED, ABSENT))
    for page, number in ((gone, REPAIRED), (never, ABSENT)):
        assert page.status == 200
        text = page.body.decode()
        assert number in text
        assert "张三丰" not in text
        assert 'class="record' not in text


def test_an_objection_against_it(dispute: Dispute) -> None:
    """With what was received before, and without: as if nobody had ever been there."""
    for match in ({}, {"name": "张三丰"}):
        gone = dispute.objects(subject=about(REPAIRED), match=match)
        never = dispute.objects(subject=about(ABSENT), match=match)
        assert (gone.status, gone.body) == (403, never.body)


def test_the_receipt_of_an_earlier_answer_fetched_again(town: Town, tmp_path: Path) -> None:
    with open_world(town, tmp_path / "hub") as world:
        made = Dispute.of(world)
        asked = world.nrb.question(subject=about(REPAIRED))
        assert "张三丰" in world.call(world.nrb.lookup(**asked)).body.decode()
        made.mark("repaired", REPAIRED)
        fetched = made.send("nrb", "GET", f"/v1/receipts/{asked['request_id']}")
        assert fetched.status == 200
        assert "张三丰" not in fetched.body.decode()
        assert "results" not in fetched.document
        # The same question again is decided again.
        again = world.call(world.nrb.lookup(**asked))
        assert (again.status, again.result["found"]) == (200, False)


def test_the_next_publication_does_not_bring_it_back(dispute: Dispute) -> None:
    publish(dispute.world.hub, "resident", [resident(n) for n in SUBJECTS], "resident-2")
    assert dispute.looked_up(REPAIRED).result["found"] is False


def test_only_the_repaired_one_of_two_records_is_gone(town: Town, tmp_path: Path) -> None:
    """Where a subject has several, the others stand."""
    with open_world(town, tmp_path / "hub") as world:
        made = Dispute.of(world)
        penalties = [
            {"penalty_number": number, "party_uscc": "91530000292020123N"} for number in ("1", "2")
        ]
        dataset = bundled()["credit_penalty"]
        rows = [
            {item.code: "" for item in dataset.items}
            | dict.fromkeys(dataset.row_key, row["penalty_number"])
            | {dataset.subject.item: row["party_uscc"]}
            for row in penalties
        ]
        publish(world.hub, "credit_penalty", rows)
        standing = world.hub.book.refresh()
        source = standing.source("credit_penalty")
        assert source is not None
        subject = "91530000292020123N"
        found = world.hub.records.read_many(source, [subject], standing)[0]
        key = world.hub.records.row_key(source, found[0].values)
        body = {"kind": "repaired", "row": key, "subject": {"id": subject, "type": "uscc"}}
        answer = made.send("mrb", "POST", "/v1/datasets/credit_penalty/marks", body)
        assert answer.status == 200, answer.body
        standing = world.hub.book.refresh()
        source = standing.source("credit_penalty")
        assert source is not None
        left = world.hub.records.read_many(source, [subject], standing)[0]
        assert (len(found), len(left)) == (2, 1)


def test_on_every_worker_from_the_next_question(town_today: Town, tmp_path: Path) -> None:
    """Two workers, connections to both; each has answered with the record just before."""
    with serving(town_today, tmp_path / "hub", workers=2) as served:
        provider, asker = served.gateway("psb"), served.gateway()
        connections = [served.connect() for _ in range(12)]
        for number in SUBJECTS[:5]:
            before = [_found(served, asker, number, one) for one in connections]
            assert set(before) == {True}
            body = {"kind": "repaired", "row": number, "subject": about(number)}
            marked = served.call(provider.sign("POST", MARKS, canonical(cast("Members", body))))
            assert marked.status == 200, marked.body
            after = [_found(served, asker, number, one) for one in connections]
            assert set(after) == {False}
        for one in connections:
            one.close()


def _found(served: Served, asker: Gateway, number: str, connection: object) -> object:
    sent = asker.lookup(subject=about(number))
    return served.call(sent, connection).result["found"]  # type: ignore[arg-type]


def _asked_in_the_console(world: World, number: str) -> Answer:
    account = f"clerk.{number[-4:].lower()}"
    hashed = hash_password(PASSWORD, "nobody")
    accounts.enrol(world.hub.changes, OPERATOR, account, account, "nrb", ["officer"], hashed)
    session = world.hub.sessions.issue(account)
    fields = {
        "form": world.hub.sessions.form_token(session),
        "seed": os.urandom(8).hex(),
        "subject": number,
        "purpose": PURPOSE,
        "case": "",
        "item": "name",
    }
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
        "cookie": f"__Host-yifen={session.token}",
    }
    return world.http("POST", "/ask/resident/lookup", headers, urlencode(fields).encode())
