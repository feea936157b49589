"""A file is handed in, found, and viewed: each kind, once, with its entries and receipts."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from world import papers
from world.filing import HOLDER, ITEMS, LEASE, Filing, announced
from world.town import PURPOSE, SUBJECTS

from catalog.materials import bundled
from certs.canonical import canonical
from hub.materials.sealed import PIECE

OFFICER = "nrb.officer"
ASKED = {"purpose": PURPOSE, "officer": OFFICER}
KINDS = {
    "lease.pdf": (papers.pdf(), True),
    "lease.png": (papers.picture("PNG"), True),
    "lease.jpg": (papers.picture("JPEG"), True),
    "lease.ofd": (papers.ofd(), False),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_filed_found_and_viewed(filed: Filing, tmp_path: Path, name: str) -> None:
    data, pictured = KINDS[name]
    material = filed.add(papers.written(tmp_path, name, data), issuer="某物业公司")
    found = filed.connector.lookup(LEASE, "resident_id", HOLDER, items=ITEMS, **ASKED)
    (record,) = found.records
    assert record.items == {
        "material_no": material,
        "title": "房屋租赁合同",
        "issuer": "某物业公司",
        "received_by": "nrb",
        "file_name": name,
        "sha256": sha256(data).hexdigest(),
        "status": "1",
        "version": "1",
    }
    view = filed.connector.view(LEASE, "resident_id", HOLDER, material=material, **ASKED)
    assert view.material is not None
    assert (view.material.size, view.material.sha256) == (len(data), sha256(data).hexdigest())
    path = filed.connector.fetch(view, tmp_path / "got")
    assert path.read_bytes() == data
    assert (view.material.thumbnail_sha256 is not None) == pictured
    if pictured:
        assert filed.connector.thumbnail(view).startswith(b"\xff\xd8\xff")
    kind, control, person, _ = filed.world.entry(view.proof.entry)
    assert kind == "view"
    assert isinstance(control, dict)
    assert control["outcome"] == "answered"
    assert person == {
        "case": None,
        "officer": OFFICER,
        "subject": {"id": HOLDER, "type": "resident_id"},
    }
    assert filed.world.findings().faults == ()


def test_the_entry_of_a_material_names_nobody_and_no_known_paper(
    filed: Filing, tmp_path: Path
) -> None:
    data = papers.pdf()
    filed.add(papers.written(tmp_path, "张三的合同.pdf", data), case="A-1", issuer="物业")
    kind, control, person, _ = filed.world.entry()
    assert kind == "material"
    told = canonical(control).decode()
    for secret in (HOLDER, "张三", "物业", "A-1", sha256(data).hexdigest()):
        assert secret not in told
    assert person == {
        "case": "A-1",
        "officer": None,
        "subject": {"id": HOLDER, "type": "resident_id"},
    }


def test_the_same_file_of_a_subject_stands_once(filed: Filing, tmp_path: Path) -> None:
    path = papers.written(tmp_path, "a.pdf", papers.pdf())
    first = filed.add(path)
    entries, pieces = filed.world.entries(), filed.stored()
    assert filed.completed(papers.pdf(), metadata={"file_name": "a.pdf"}) == {
        "failure": None,
        "material": first,
        "state": "known",
        "upload": filed.world.hub.reading.execute(
            "SELECT id FROM material_uploads WHERE state = 'known'"
        ).fetchone()[0],
    }
    assert (filed.world.entries(), filed.stored()) == (entries, pieces)
    assert filed.add(path, issuer="物业") == first
    assert filed.stored() == pieces
    (record,) = filed.connector.lookup(LEASE, "resident_id", HOLDER, items=ITEMS, **ASKED).records
    assert (record.items["version"], record.items["issuer"]) == ("2", "物业")


def test_each_department_says_for_itself_what_it_saw(filed: Filing, tmp_path: Path) -> None:
    first = filed.add(papers.written(tmp_path, "a.pdf", papers.pdf()), valid_until="2020-01-01")
    told = filed.completed(papers.pdf(), "mrb", metadata={"valid_until": "2099-01-01"})
    assert (told["state"], told["material"]) == ("known", first)
    found = filed.connector.lookup(LEASE, "resident_id", HOLDER, items=ITEMS, **ASKED).records
    assert {one.items["received_by"]: one.items["status"] for one in found} == {
        "nrb": "2",
        "mrb": "1",
    }
    assert filed.world.findings().faults == ()


def test_another_subjects_same_file_is_another_material(filed: Filing, tmp_path: Path) -> None:
    path = papers.written(tmp_path, "a.pdf", papers.pdf())
    assert filed.add(path) != filed.add(path, SUBJECTS[1])


def test_an_upload_goes_on_where_it_was_cut_off(filed: Filing, tmp_path: Path) -> None:
    data = papers.pdf(size=3 * PIECE + 5)
    path = papers.written(tmp_path, "large.pdf", data)
    real = filed.bridge.handle_request
    sent: list[str] = []

    def cut(request: object) -> object:
        url = str(getattr(request, "url"))  # noqa: B009 any request
        if "/pieces/" in url:
            sent.append(url)
            if len(sent) == 3:
                raise KeyboardInterrupt
        return real(request)  # type: ignore[arg-type]

    filed.bridge.handle_request = cut  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        filed.add(path)
    material = filed.add(path)
    assert [url.rpartition("/")[2] for url in sent] == ["0", "1", "2", "2", "3"]
    assert [name for name in filed.stored() if name.startswith(material)] == [
        f"{material}/0000000{number}" for number in range(4)
    ] + [f"{material}/thumbnail"]


def test_a_lost_answer_costs_nothing(filed: Filing) -> None:
    data = papers.pdf()
    body = announced(data)
    begun = [filed.begin(data, token=body["token"]) for _ in range(2)]
    assert [one.status for one in begun] == [201, 200]
    upload = begun[0].document["upload"]
    assert begun[1].document["upload"] == upload
    for _ in range(2):
        assert filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", data).status == 200
    done = [filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}") for _ in range(2)]
    assert done[0].document == done[1].document
    assert filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", data).status == 200
    other = filed.begin(data + b"x", token=body["token"])
    assert (other.status, other.document["facts"]) == (409, {"why": "token-used"})


def test_an_abandoned_upload_leaves_nothing(filed: Filing) -> None:
    upload = filed.uploaded(papers.pdf())
    assert filed.stored()
    filed.world.time.now += 24 * 3600 * 1000 + 1

    asyncio.run(filed.world.hub.materials.sweep())
    assert filed.stored() == []
    late = filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", papers.pdf())
    assert late.status in {404, 409}


def test_what_is_not_a_type_of_materials_takes_no_file(filed: Filing) -> None:
    data = papers.pdf()
    answer = filed.signed(
        "nrb", "POST", "/v1/datasets/resident/materials", canonical(announced(data))
    )
    assert answer.status == 404


def test_the_types_that_come_along_are_sound() -> None:
    assert set(bundled()) >= {LEASE, "material_birth_certificate"}
