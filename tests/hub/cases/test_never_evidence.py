"""What is never evidence: disputed, repaired, expired, suspended, revoked, not granted, spent."""

import pytest
from world import licensing
from world.asking import Members
from world.casework import (
    APPLICANT,
    RULES_TOML,
    SERVICE,
    Casework,
    field_of,
    material,
    person,
    sender,
    status_of,
    tried,
)
from world.filing import ITEMS, LEASE, terms_of
from world.licensing import Licensing
from world.time import DAY
from world.town import ADMINISTRATOR, PURPOSE

from certs.canonical import Json
from hub.access import grants, marks, purposes
from hub.access.marks import MarkKind
from hub.cases import register as services
from hub.catalogue import datasets
from hub.materials import register
from hub.reuse.verify import ReuseVerification


def mark(desk: Casework, kind: MarkKind) -> None:
    """Mark the applicant's record of the register of residents."""
    hub = desk.world.hub
    found = hub.book.refresh().source("resident")
    assert found is not None
    name = hub.records.pseudonym(found, APPLICANT, APPLICANT)
    marks.set_mark(hub.changes, sender("psb"), "resident", name, kind, ("resident_id", APPLICANT))


@pytest.mark.parametrize(("kind", "why"), [("disputed", "disputed"), ("repaired", "absent")])
def test_a_marked_record_is_no_evidence_and_fills_no_field(
    desk: Casework, kind: MarkKind, why: str
) -> None:
    mark(desk, kind)
    opened = desk.open()
    assert status_of(opened, "identity") == "must_bring"
    assert tried(opened, "identity") == ["absent", why]
    assert field_of(opened, "name")["value"] is None


def test_a_disputed_record_confirms_no_claim(desk: Casework) -> None:
    mark(desk, "disputed")
    opened = desk.open()
    assert (status_of(opened, "named"), tried(opened, "named")) == ("must_bring", ["disputed"])


def test_a_repaired_record_confirms_no_claim(desk: Casework) -> None:
    mark(desk, "repaired")
    opened = desk.open()
    assert tried(opened, "named") == ["does-not-agree"]


def test_a_wrong_claim_is_no_evidence(desk: Casework) -> None:
    opened = desk.open(given={"name": "李四"})
    assert tried(opened, "named") == ["does-not-agree"]
    assert field_of(opened, "name")["conflicting"] is True


def revoke(desk: Casework) -> None:
    grants.set_status(desk.world.hub.changes, ADMINISTRATOR, desk.world.grant.id, "revoked")


def suspend(desk: Casework) -> None:
    grants.set_status(desk.world.hub.changes, ADMINISTRATOR, desk.world.grant.id, "suspended")


def suspend_dataset(desk: Casework) -> None:
    datasets.set_status(desk.world.hub.changes, ADMINISTRATOR, "resident", "suspended")


def end_purpose(desk: Casework) -> None:
    purposes.set_status(desk.world.hub.changes, ADMINISTRATOR, PURPOSE, "ended")


def expire(desk: Casework) -> None:
    desk.world.time.advance(40 * DAY)


def mask(desk: Casework) -> None:
    desk.world.regrant(items={"name": "name", "sex": "present"})


def mask_by_another(desk: Casework) -> None:
    """A younger grant, which is taken first, shows the same items masked."""
    terms = terms_of(
        desk.world.town.founded,
        dataset="resident",
        operations={"lookup"},
        items={"name": "name", "sex": "present", "birth_date": "year"},
    )
    grants.issue(desk.world.hub.changes, ADMINISTRATOR, terms)


def spend(desk: Casework) -> None:
    desk.world.regrant(daily_quota=1)
    assert desk.world.ask(desk.world.nrb.lookup()).status == 200


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (revoke, "not-granted"),
        (suspend, "not-granted"),
        (suspend_dataset, "not-granted"),
        (end_purpose, "not-granted"),
        (expire, "not-granted"),
        (mask, "not-granted"),
        (mask_by_another, "item-not-granted"),
        (spend, "quota-spent"),
    ],
)
def test_what_may_not_be_asked_is_no_evidence(desk: Casework, deed: object, why: str) -> None:
    assert callable(deed)
    deed(desk)
    opened = desk.open()
    assert status_of(opened, "identity") == "must_bring"
    assert tried(opened, "identity") == ["absent", why]
    assert field_of(opened, "name")["value"] is None
    assert desk.world.findings().faults == ()


def test_a_purpose_outside_the_grant_finds_nothing(desk: Casework) -> None:
    opened = desk.open(purpose="tax_administration")
    assert tried(opened, "identity") == ["absent", "not-granted"]


# -- papers -----------------------------------------------------------------------------------
def test_a_paper_on_file_is_evidence_until_it_is_suspended_or_withdrawn(desk: Casework) -> None:
    name = desk.file()
    assert status_of(desk.open(), "lease") == "on_file"
    for status in ("suspended", "withdrawn"):
        register.set_status(desk.world.hub.changes, sender("nrb"), name, status)
        opened = desk.open()
        assert (status_of(opened, "lease"), tried(opened, "lease")) == ("must_bring", ["absent"])


def test_a_paper_past_its_validity_is_no_evidence(desk: Casework) -> None:
    desk.file(valid_until="2026-01-01")
    opened = desk.open()
    assert status_of(opened, "lease") == "must_bring"
    assert tried(opened, "lease")[0] in {"expired", "expired-on"}


@pytest.mark.parametrize(
    ("hidden", "said"),
    [("status", {"valid_until": "2026-01-01"}), ("valid_from", {"valid_from": "2036-01-01"})],
)
def test_a_paper_whose_validity_is_not_granted_is_no_evidence(
    desk: Casework, hidden: str, said: dict[str, str]
) -> None:
    desk.file(**said)
    items = {code: "full" for code in (*ITEMS, "valid_from") if code != hidden}
    terms = terms_of(desk.world.town.founded, dataset=LEASE, items=items)
    hub = desk.world.hub
    grants.change(hub.changes, ADMINISTRATOR, desk.materials.id, terms, desk.materials.version)
    opened = desk.open()
    assert (status_of(opened, "lease"), tried(opened, "lease")) == ("must_bring", ["not-granted"])


def test_a_disputed_paper_is_no_evidence(desk: Casework) -> None:
    name = desk.file()
    hub = desk.world.hub
    found = hub.book.refresh().source(LEASE)
    assert found is not None
    pseudonym = hub.records.pseudonym(found, APPLICANT, f"{name}\x1fnrb")
    marks.set_mark(
        hub.changes, sender("mrb"), LEASE, pseudonym, "disputed", ("resident_id", APPLICANT)
    )
    opened = desk.open()
    assert (status_of(opened, "lease"), tried(opened, "lease")) == ("must_bring", ["disputed"])


# -- open cases -------------------------------------------------------------------------------
@pytest.mark.parametrize("deed", [revoke, suspend_dataset, end_purpose])
def test_a_case_is_not_concluded_on_evidence_that_has_fallen_away(
    desk: Casework, deed: object
) -> None:
    desk.open()
    desk.ready()
    assert callable(deed)
    deed(desk)
    answer = desk.act("conclude", result="accepted", reason="材料齐全")
    assert answer.status == 200
    told = answer.document
    assert (told["status"], told["result"]) == ("open", None)
    fallen = told["fallen"]
    assert isinstance(fallen, list)
    assert {
        "before": "confirmed",
        "material": "identity",
        "reason": "no-way-left",
        "service": SERVICE,
        "status": "must_bring",
    } in fallen
    assert desk.world.findings().faults == ()


def test_a_review_sees_a_dispute_that_was_raised_since(desk: Casework) -> None:
    desk.open()
    mark(desk, "disputed")
    answer = desk.act("review")
    assert [one["material"] for one in _dicts(answer.document["fallen"])] == ["identity", "named"]
    assert answer.document["version"] == 2


def test_a_grant_revoked_between_two_rounds_counts_for_none(desk: Casework) -> None:
    # The first ask of the case moves the world on: what it was told then is asked again.
    hub, gone = desk.world.hub, []
    settle = hub.joint.settle

    def revoking(caller, questions, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        settled = settle(caller, questions, key)
        if not gone:
            gone.append(revoke(desk))
            hub.book.refresh()
        return settled

    object.__setattr__(hub.cases, "joint", type("Joint", (), {"settle": staticmethod(revoking)}))
    opened = desk.open()
    assert status_of(opened, "identity") == "must_bring"
    rounds = _dicts(opened["rounds"])
    control = desk.world.entry()[1]
    assert isinstance(control, dict)
    assert all(_epoch(desk, one["first"]) == control["epoch"] for one in rounds)
    assert hub.cases.shelf.current().epoch == control["epoch"]
    assert desk.world.findings().faults == ()


def _epoch(desk: Casework, position: object) -> object:
    assert isinstance(position, int)
    control = desk.world.entry(position)[1]
    assert isinstance(control, dict)
    return control["epoch"]


def _dicts(value: object) -> list[Members]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


# -- licences ---------------------------------------------------------------------------------
COMPANY_RULE = """
[[rules]]
code = "company"
version = 1
service = "lease_record"
material = "sketch"
basis = "《国务院关于在线政务服务的若干规定》第七条、第十条"

[[rules.ways]]
way = "licence"
type = "11100000MB0143028R001"
about = "owner"
"""


@pytest.mark.parametrize("act", ["suspend", "revoke", "withdraw", "cancel"])
def test_a_licence_that_is_no_longer_in_force_is_refused_by_the_next_question(
    desk: Casework, act: str
) -> None:
    world = desk.world
    papers = Licensing(world, licensing.prepare(world))
    rules = RULES_TOML.replace("version = 1", "version = 2", 1) + COMPANY_RULE
    services.put_rules(world.hub.changes, ADMINISTRATOR, rules.encode())
    issued = papers.issued()
    parties: Json = {
        "applicant": person(),
        "owner": {"id": licensing.COMPANY, "type": "uscc"},
        "subject": person(),
    }
    opened = desk.open(parties=parties)
    assert (status_of(opened, "sketch"), material(opened, "sketch")["kind"]) == (
        "on_file",
        "licence",
    )
    assert papers.act(issued["licence"], act, note="违法").status == 200
    reviewed = desk.act("review").document
    assert [one["material"] for one in _dicts(reviewed["fallen"])] == ["sketch"]
    assert status_of(desk.open(parties=parties), "sketch") == "must_bring"
    assert ReuseVerification(world.hub.reading).run().faults == []
