"""Who may file, find and view: by grant, now, on every worker; to all others there is nothing."""

from pathlib import Path

import pytest
from world import papers
from world.filing import HOLDER, LEASE, Filing, announced
from world.time import DAY
from world.town import ABSENT, ADMINISTRATOR, PURPOSE, SUBJECTS

from certs.canonical import Json, canonical
from hub.access import departments, grants, purposes
from hub.catalogue import datasets
from hub.materials.sealed import PIECE
from hub.storage.generation import ROW_KEY_SEPARATOR

GUESS = "m-" + "0" * 32
LARGE = papers.pdf(size=2 * PIECE + 7)


@pytest.fixture
def material(filed: Filing, tmp_path: Path) -> str:
    return filed.add(papers.written(tmp_path, "a.pdf", LARGE))


def refusal(filed: Filing, *arguments: str) -> tuple[int, str]:
    answer = filed.view(*arguments)
    return answer.status, answer.code


def test_without_the_operation_a_view_is_refused_and_entered(filed: Filing, material: str) -> None:
    filed.again(operations={"lookup"})
    answer = filed.view(material)
    assert (answer.status, answer.code) == (403, "operation-outside-grant")
    assert answer.receipt is not None
    assert filed.world.entry()[0] == "view"


def test_without_a_grant_there_is_the_one_refusal(filed: Filing, material: str) -> None:
    stranger = filed.world.gateway("psb")
    told = [filed.view(one, by=stranger) for one in (material, GUESS)]
    assert {(one.status, one.code) for one in told} == {(403, "not-granted")}
    first, second = ({**one.document, "openings": 0, "results": 0} for one in told)
    assert first == second


def test_view_by_guessing_ids(filed: Filing, material: str, tmp_path: Path) -> None:
    """With a grant but without the subject, a right id is as absent as a wrong one."""
    other = filed.add(papers.written(tmp_path, "b.pdf", papers.pdf("B")), SUBJECTS[1])
    for guess, subject in (
        (GUESS, HOLDER),
        (material, SUBJECTS[1]),
        (material, ABSENT),
        (other, HOLDER),
    ):
        answer = filed.view(guess, subject)
        assert answer.status == 200
        assert (answer.result["found"], answer.result["material"]) == (False, None)
        assert answer.control["outcome"] == "empty"
        # Nor does an empty view open anything.
        forged = {**answer.result, "material": {"material_no": material}}
        assert filed.piece(filed.request_id, forged).status == 404
        assert filed.piece(filed.request_id, answer.result).status == 404


@pytest.mark.parametrize("guess", ["M-" + "0" * 32, "m-" + "0" * 31, "../x", "m-" + "g" * 32, ""])
def test_what_can_be_no_material_is_malformed(filed: Filing, guess: str) -> None:
    assert refusal(filed, guess) == (422, "question-malformed")


def test_a_view_forged_or_of_another(filed: Filing, material: str, tmp_path: Path) -> None:
    other = filed.add(papers.written(tmp_path, "b.pdf", papers.pdf("B")), SUBJECTS[1])
    answer = filed.view(material)
    result, request = answer.result, filed.request_id
    told = result["material"]
    assert isinstance(told, dict)
    assert filed.piece(request, result).status == 200
    forged = {**result, "material": {**told, "material_no": other}}
    assert filed.piece(request, forged).status == 404
    for by in ("psb", "mrb"):
        assert filed.piece(request, result, by).status == 404
    looked = filed.world.nrb.lookup(dataset=LEASE, items=["material_no"])
    found = filed.world.call(looked).result
    body = filed.world.nrb.question()
    assert filed.piece(str(body["request_id"]), found).status == 404
    assert filed.piece(request, result, number=3).status == 404
    assert filed.piece(request, result, part="thumbnail", number=1).status == 404


def test_a_view_is_over_after_half_an_hour(filed: Filing, material: str) -> None:
    result = filed.view(material).result
    filed.world.time.now += 30 * 60 * 1000 - 1
    assert filed.piece(filed.request_id, result).status == 200
    filed.world.time.now += 1
    assert filed.piece(filed.request_id, result).status == 404


def test_view_after_revocation_on_every_worker(filed: Filing, material: str) -> None:
    """Also what is on its way ends with the next piece, whichever process gives it."""
    workers = [filed.world, filed.world.again()]
    try:
        result, request = filed.view(material).result, filed.request_id
        for worker in workers:
            filed.world = worker
            assert filed.piece(request, result).status == 200
        grants.set_status(workers[0].hub.changes, ADMINISTRATOR, filed.grant.id, "revoked")
        for worker in reversed(workers):
            filed.world = worker
            assert filed.piece(request, result).status == 404
            assert refusal(filed, material) == (403, "not-granted")
    finally:
        workers[1].hub.close()


@pytest.mark.parametrize("what", ["purpose", "dataset", "department", "channel", "operation"])
def test_what_a_view_rests_on_ends_it(filed: Filing, material: str, what: str) -> None:
    result, request = filed.view(material).result, filed.request_id
    changes = filed.world.hub.changes
    if what == "dataset":
        datasets.set_status(changes, ADMINISTRATOR, LEASE, "suspended")
    elif what == "department":
        departments.set_status(changes, ADMINISTRATOR, "nrb", "suspended")
    elif what == "channel":
        filed.again(channels={"console"})
    elif what == "operation":
        filed.again(operations={"lookup"})
    else:
        purposes.set_status(changes, ADMINISTRATOR, PURPOSE, "ended")
    assert filed.piece(request, result).status in {401, 404}


def test_suspended_withdrawn_disputed_expired(filed: Filing, tmp_path: Path) -> None:
    """The first two are absent at once, the others are given, marked."""
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE), valid_until="2020-01-01")
    told = filed.view(material).result["material"]
    assert isinstance(told, dict)
    assert (told["expired"], told["disputed"]) == (True, False)
    result, request = filed.view(material).result, filed.request_id
    path = f"/v1/materials/{material}/status"
    assert filed.signed("psb", "PUT", path, b'{"status":"suspended"}').status == 404
    assert filed.signed("nrb", "PUT", path, b'{"status":"suspended"}').status == 200
    assert filed.view(material).result["found"] is False
    assert filed.piece(request, result).status == 404
    # The department that provides the type may too.
    assert filed.signed("mrb", "PUT", path, b'{"status":"usable"}').status == 200
    assert filed.view(material).result["found"] is True
    mark: Json = {
        "kind": "disputed",
        "row": ROW_KEY_SEPARATOR.join((material, "nrb")),
        "subject": {"id": HOLDER, "type": "resident_id"},
    }
    marked = filed.signed("mrb", "POST", f"/v1/datasets/{LEASE}/marks", canonical(mark))
    assert marked.status == 200
    told = filed.view(material).result["material"]
    assert isinstance(told, dict)
    assert told["disputed"] is True
    assert filed.signed("nrb", "PUT", path, b'{"status":"withdrawn"}').status == 200
    assert filed.view(material).result["found"] is False
    assert filed.signed("nrb", "PUT", path, b'{"status":"usable"}').status == 409
    again = filed.add(papers.written(tmp_path, "b.pdf", LARGE))
    assert again != material
    assert filed.world.findings().faults == ()


def test_upload_by_another_departments_connector_continued(filed: Filing) -> None:
    data = papers.pdf()
    upload = str(filed.begin(data).document["upload"])
    path = f"/v1/uploads/{upload}"
    for by in ("mrb", "psb"):
        assert filed.signed(by, "PUT", f"{path}/pieces/0", data).status == 404
        assert filed.signed(by, "GET", path).status == 404
        assert filed.signed(by, "POST", f"{path}/complete", b"{}").status == 404
        assert filed.signed(by, "DELETE", path).status == 404
    assert filed.stored() == []
    assert filed.signed("nrb", "PUT", f"{path}/pieces/0", data).status == 200


def test_who_neither_provides_the_type_nor_holds_a_grant_files_nothing(filed: Filing) -> None:
    absent = filed.signed("psb", "POST", "/v1/datasets/nosuch/materials", _body())
    answer = filed.signed("psb", "POST", f"/v1/datasets/{LEASE}/materials", _body())
    assert (answer.status, answer.document) == (absent.status, absent.document)


def test_a_grant_that_ends_while_the_file_comes_files_nothing(filed: Filing) -> None:
    upload = filed.uploaded(papers.pdf())
    filed.world.time.now += 31 * DAY
    # The day of an upload is over as well; its row is there until it is swept.
    answer = filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert answer.status == 404
    assert filed.world.entry()[0] != "material"


def test_uploads_of_one_sender_are_bounded(filed: Filing) -> None:
    data = papers.pdf()
    answers = [filed.begin(data).status for _ in range(65)]
    assert answers == [201] * 64 + [409]


def test_a_withdrawn_upload_leaves_nothing(filed: Filing) -> None:
    upload = filed.uploaded(papers.pdf())
    assert filed.signed("nrb", "DELETE", f"/v1/uploads/{upload}").document["state"] == "given-up"
    assert filed.stored() == []
    answer = filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", papers.pdf())
    assert answer.status == 409


def test_nothing_is_published_into_a_type_of_materials(filed: Filing) -> None:
    answer = filed.signed(
        "mrb", "POST", f"/v1/datasets/{LEASE}/publications", canonical({"columns": ["title"]})
    )
    assert (answer.status, answer.document["facts"]) == (422, {"why": "dataset-of-materials"})


def _body() -> bytes:
    return canonical(announced(papers.pdf()))
