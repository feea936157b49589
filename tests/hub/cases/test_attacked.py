"""Attacks on cases by whoever knows the source: evidence, parties, promises, replays, sizes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from world import licensing
from world.asking import Members
from world.casework import (
    APPLICANT,
    OFFICER,
    OTHER,
    RULES_TOML,
    SERVICE,
    SERVICE_TOML,
    Casework,
    material,
    person,
    sender,
    status_of,
)
from world.filing import LEASE
from world.licensing import Licensing
from world.time import DAY
from world.town import ADMINISTRATOR

from certs.canonical import Json, canonical
from hub.access import marks
from hub.cases import register as services
from hub.catalogue import datasets
from hub.materials import register
from hub.people import accounts
from hub.reuse.figure import figure
from hub.reuse.verify import ReuseVerification


def accepted(desk: Casework) -> Members:
    answer = desk.act("conclude", result="accepted", reason="材料齐全")
    assert answer.status == 200, answer.body
    return answer.document


def lacking(told: Members) -> list[Json]:
    found = told["lacking"]
    assert isinstance(found, list)
    return [one["material"] for one in found if isinstance(one, dict)]


def why(answer: object) -> Json:
    facts = answer.document["facts"]  # type: ignore[attr-defined]
    assert isinstance(facts, dict)
    return facts["why"]


def new_rules(desk: Casework, *changed: tuple[str, str], more: str = "") -> None:
    text = RULES_TOML.replace("version = 1", "version = 2", 1)
    for old, new in changed:
        assert text.count(old) == 1
        text = text.replace(old, new)
    services.put_rules(desk.world.hub.changes, ADMINISTRATOR, (text + more).encode())


def new_service(desk: Casework, *, without: tuple[str, ...] = (), **said: str) -> None:
    head, *materials = SERVICE_TOML.replace("version = 1", "version = 2", 1).split("[[materials]]")
    kept = [one for one in materials if not any(f'code = "{code}"' in one for code in without)]
    extra = "".join(f"{name} = {value}\n" for name, value in said.items())
    text = head.replace("agent = true\n", f"agent = true\n{extra}") + "".join(
        f"[[materials]]{one}" for one in kept
    )
    services.put_services(desk.world.hub.changes, ADMINISTRATOR, [text.encode()], of=None)


# -- whose papers -----------------------------------------------------------------------------
def test_papers_of_one_subject_stand_for_no_other_after_the_subject_was_exchanged(
    desk: Casework,
) -> None:
    desk.open()
    desk.ready()
    exchanged = desk.act("supplement", parties={"subject": person(OTHER)})
    assert (exchanged.status, why(exchanged)) == (409, "party-bound")
    assert accepted(desk)["status"] == "concluded"


def test_a_party_may_be_put_right_while_nothing_was_brought_or_promised(desk: Casework) -> None:
    desk.open()
    parties: Json = {"applicant": person(OTHER), "subject": person(OTHER)}
    assert desk.act("supplement", parties=parties).status == 200


def test_a_promise_is_not_passed_on_to_another_applicant(desk: Casework) -> None:
    desk.open()
    assert desk.commit("promise").status == 201
    exchanged = desk.act("supplement", parties={"applicant": person(OTHER)})
    assert (exchanged.status, why(exchanged)) == (409, "party-bound")


def test_whoever_became_the_applicant_answers_for_what_is_broken(desk: Casework) -> None:
    desk.open()
    assert desk.act("supplement", parties={"applicant": person(OTHER)}).status == 200
    assert desk.commit("promise").status == 201
    assert desk.act("commitments/1", outcome="failed").status == 200
    assert status_of(desk.open(), "promise") == "may_follow"
    theirs = desk.open(parties={"applicant": person(OTHER), "subject": person()})
    assert status_of(theirs, "promise") == "must_bring"


@pytest.mark.parametrize(
    "party",
    [
        {"id": "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0"}
        | {"type": "licence_id"},
        {"id": APPLICANT, "type": "uscc"},
    ],
)
def test_nobody_is_a_paper_and_no_person_an_entity(desk: Casework, party: Json) -> None:
    before = desk.world.entries()
    for role in ("subject", "owner"):
        parties: Json = {"applicant": person(), "subject": person(), role: party}
        answer = desk.signed("/v1/cases", desk.opening(parties=parties))
        assert (answer.status, why(answer)) == (422, f"party {role}")
    assert desk.world.entries() == before


def test_whoever_gives_a_number_that_nobody_can_check_promises_nothing(desk: Casework) -> None:
    parties: Json = {"applicant": {"id": "E12345678", "type": "text"}, "subject": person()}
    assert status_of(desk.open(parties=parties), "promise") == "must_bring"


# -- papers that no longer stand ---------------------------------------------------------------
def test_a_paper_past_its_validity_is_not_brought(desk: Casework) -> None:
    desk.open()
    old = desk.file(valid_until="2026-01-01")
    assert desk.bring("lease", old).status == 404


def test_a_paper_that_runs_out_before_the_conclusion_lets_nothing_be_accepted(
    desk: Casework,
) -> None:
    desk.open()
    day = str(desk.last["day"])
    assert desk.bring("lease", desk.file(valid_until=day)).status == 200
    assert desk.bring("sketch").status == 200
    assert desk.commit("promise", "later").status == 201
    desk.world.time.advance(DAY)
    assert lacking(accepted(desk)) == ["lease"]


def test_a_paper_that_was_brought_and_is_disputed_lets_nothing_be_accepted(
    desk: Casework,
) -> None:
    desk.open()
    desk.ready()
    name = str(material(desk.last, "lease")["brought"])
    dispute_paper(desk, name)
    assert lacking(accepted(desk)) == ["lease"]


def dispute_paper(desk: Casework, name: str) -> None:
    hub = desk.world.hub
    found = hub.book.refresh().source(LEASE)
    assert found is not None
    pseudonym = hub.records.pseudonym(found, APPLICANT, f"{name}\x1fnrb")
    about = ("resident_id", APPLICANT)
    marks.set_mark(hub.changes, sender("mrb"), LEASE, pseudonym, "disputed", about)


def test_a_paper_that_is_not_valid_yet_is_not_brought(desk: Casework) -> None:
    desk.open()
    assert desk.bring("lease", desk.file(valid_from="2027-01-01")).status == 404


# -- between two rounds ------------------------------------------------------------------------
def between_rounds(desk: Casework, deed: Callable[[], object]) -> None:
    """Do something once, after the first round was answered and before anything is entered."""
    hub, done = desk.world.hub, []
    settle = hub.joint.settle

    def settled(caller, questions, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        found = settle(caller, questions, key)
        if not done:
            done.append(deed())
        return found

    object.__setattr__(hub.cases, "joint", type("Joint", (), {"settle": staticmethod(settled)}))


def test_a_paper_suspended_between_two_rounds_is_no_evidence(desk: Casework) -> None:
    name, hub = desk.file(), desk.world.hub
    between_rounds(desk, lambda: register.set_status(hub.changes, sender("nrb"), name, "suspended"))
    assert status_of(desk.open(), "lease") == "must_bring"


def test_a_paper_disputed_between_two_rounds_is_no_evidence(desk: Casework) -> None:
    name = desk.file()
    between_rounds(desk, lambda: dispute_paper(desk, name))
    assert status_of(desk.open(), "lease") == "must_bring"


def test_a_licence_revoked_between_two_rounds_is_no_evidence(desk: Casework) -> None:
    world = desk.world
    papers = Licensing(world, licensing.prepare(world))
    new_rules(desk, more=COMPANY_RULE)
    issued = papers.issued()
    company: Json = {"id": licensing.COMPANY, "type": "uscc"}
    parties: Json = {"applicant": person(), "owner": company, "subject": person()}
    assert status_of(desk.open(parties=parties), "sketch") == "on_file"
    between_rounds(desk, lambda: papers_revoked(desk, str(issued["licence"])))
    assert status_of(desk.open(parties=parties), "sketch") == "must_bring"


def papers_revoked(desk: Casework, licence: str) -> None:
    sent = desk.world.gateway("mrb").sign(
        "POST", f"/v1/licences/{licence}/revoke", canonical({"note": "违法"})
    )
    with ThreadPoolExecutor(1) as beside:  # a loop of its own: the case's is running here
        assert beside.submit(desk.world.again().call, sent).result().status == 200


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


def test_an_officer_removed_between_two_rounds_opens_nothing(desk: Casework) -> None:
    hub = desk.world.hub
    between_rounds(
        desk, lambda: accounts.set_status(hub.changes, ADMINISTRATOR, OFFICER, "disabled")
    )
    answer = desk.signed("/v1/cases", desk.opening())
    assert answer.status == 403
    assert desk.world.entry()[0] != "case"


def test_a_service_ended_between_two_rounds_opens_nothing(desk: Casework) -> None:
    changes = desk.world.hub.changes
    between_rounds(
        desk,
        lambda: services.set_service_status(changes, ADMINISTRATOR, SERVICE, "ended", of=None),
    )
    assert desk.signed("/v1/cases", desk.opening()).status == 404


# -- promises ----------------------------------------------------------------------------------
def test_what_was_to_follow_and_did_not_in_time_lets_nothing_be_accepted(desk: Casework) -> None:
    desk.open()
    desk.ready()
    desk.world.time.advance(25 * DAY)
    assert lacking(accepted(desk)) == ["later"]


def test_a_promise_whose_day_is_over_cannot_be_made(desk: Casework) -> None:
    desk.open()
    desk.world.time.advance(25 * DAY)
    assert why(desk.commit("later")) == "may-not-follow"
    assert desk.act("review").status == 200
    assert desk.commit("later").status == 201


def test_a_promise_that_the_rules_no_longer_allow_lets_nothing_be_accepted(desk: Casework) -> None:
    desk.open()
    desk.ready()
    new_service(desk, without=("later",), excluded='["health"]')
    assert lacking(accepted(desk)) == ["promise"]


def test_the_promise_of_a_material_that_the_list_dropped_can_be_settled(desk: Casework) -> None:
    desk.open()
    assert desk.commit("later").status == 201
    new_service(desk, without=("later",))
    assert desk.act("review").status == 200
    assert why(desk.act("commitments/1", outcome="fulfilled")) == "material-missing"
    assert desk.act("commitments/1", outcome="failed").status == 200


# -- the figure --------------------------------------------------------------------------------
def test_a_paper_that_was_brought_is_not_forgotten_when_the_list_drops_it(desk: Casework) -> None:
    desk.open()
    assert desk.bring("sketch").status == 200
    before = sum(one.brought for one in figure(desk.world.hub.reading).values())
    new_service(desk, without=("sketch",))
    assert desk.act("review").status == 200
    assert ReuseVerification(desk.world.hub.reading).run().faults == []
    assert sum(one.brought for one in figure(desk.world.hub.reading).values()) == before


def test_a_paper_scanned_for_this_case_before_it_was_opened_counts_as_brought(
    desk: Casework,
) -> None:
    name = desk.file(case="备案-2026-17")
    found = material(desk.open(), "lease")
    assert (found["status"], found["brought"]) == ("on_file", name)
    assert ReuseVerification(desk.world.hub.reading).run().faults == []


def test_a_paper_scanned_for_another_case_is_one_less_to_bring(desk: Casework) -> None:
    desk.file(case="备案-2026-16")
    found = material(desk.open(), "lease")
    assert (found["status"], found["brought"]) == ("on_file", None)


# -- replayed ----------------------------------------------------------------------------------
def test_a_replayed_opening_is_no_way_to_read_in_silence(desk: Casework) -> None:
    body = desk.opening()
    assert desk.signed("/v1/cases", body).status == 201
    desk.world.time.advance(DAY)
    entries = desk.world.entries()
    assert desk.signed("/v1/cases", body).status == 200
    kind, control, people, _ = desk.world.entry()
    assert (desk.world.entries(), kind) == (entries + 1, "case")
    assert isinstance(control, dict)
    state = control["state"]
    assert isinstance(state, dict)
    assert state["act"] == "read"
    assert people == {"case": "备案-2026-17", "officer": OFFICER, "subject": person()}
    assert desk.world.findings().faults == ()


def test_two_processes_conclude_a_case_once(desk: Casework) -> None:
    desk.open()
    desk.ready()
    other = desk.world.again()
    body: Members = {
        "officer": OFFICER,
        "reason": "材料齐全",
        "result": "accepted",
        "version": desk.last["version"],
    }
    path = f"/v1/cases/{desk.last['case']}/conclude"

    def first() -> None:
        sent = desk.nrb.sign("POST", path, canonical(body))
        with ThreadPoolExecutor(1) as beside:
            assert beside.submit(other.call, sent).result().status == 200

    between_rounds(desk, first)
    answer = desk.signed(path, body)
    assert (answer.status, why(answer)) == (409, "version")
    states = desk.world.hub.reading.execute("SELECT version, status FROM cases").fetchall()
    assert states == [(int(str(desk.last["version"])) + 1, "concluded")]
    assert desk.world.findings().faults == ()
    other.hub.close()


def test_two_processes_open_one_case_of_one_request(desk: Casework) -> None:
    body, other = desk.opening(), desk.world.again()

    def first() -> None:
        sent = desk.nrb.sign("POST", "/v1/cases", canonical(body))
        with ThreadPoolExecutor(1) as beside:
            assert beside.submit(other.call, sent).result().status == 201

    between_rounds(desk, first)
    assert desk.signed("/v1/cases", body).status == 200
    assert desk.world.hub.reading.execute("SELECT count(*) FROM cases").fetchone() == (1,)
    other.hub.close()


def test_a_dataset_of_materials_suspended_lets_no_paper_be_brought(desk: Casework) -> None:
    desk.open()
    name = desk.file()
    datasets.set_status(desk.world.hub.changes, ADMINISTRATOR, LEASE, "suspended")
    desk.bring("lease", name)
    assert status_of(desk.open(), "lease") == "must_bring"
