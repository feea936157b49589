"""Whoever can write to the store, or stands between, gets nothing believed that was not filed."""

import os
import shutil
from pathlib import Path

import pytest
from world import papers
from world.filing import HOLDER, LEASE, Filing
from world.town import PURPOSE, SUBJECTS

from certs.sealing import MasterKey
from connectors.answers import View
from connectors.errors import AnswerRefused, Refused
from connectors.materials.errors import MaterialRefused
from hub.lookup import reveal
from hub.materials.sealed import PIECE
from hub.storage.wrapped import rewrap

ASKED = {"purpose": PURPOSE, "officer": "nrb.officer"}
LARGE = papers.pdf(size=2 * PIECE + 7)


def viewed(filed: Filing, material: str) -> View:
    return filed.connector.view(LEASE, "resident_id", HOLDER, material=material, **ASKED)


def piece(filed: Filing, material: str, number: int) -> Path:
    return filed.world.hub.folder.objects / material / f"{number:08d}"


def refused(filed: Filing, material: str, folder: Path) -> None:
    """The file is not given: nothing lies where it was to be written."""
    view = viewed(filed, material)
    with pytest.raises(Refused) as error:
        filed.connector.fetch(view, folder / "out.pdf")
    assert error.value.problem.status == 503
    assert list(folder.glob("out.pdf")) == list(folder.glob(".*.part")) == []


def test_chunk_swapped_between_materials(filed: Filing, tmp_path: Path) -> None:
    first = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    second = filed.add(papers.written(tmp_path, "b.pdf", LARGE[:200] + b"B" + LARGE[201:]))
    shutil.copy(piece(filed, second, 0), piece(filed, first, 0))
    refused(filed, first, tmp_path)


def test_chunks_in_another_order(filed: Filing, tmp_path: Path) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    one, two = piece(filed, material, 0), piece(filed, material, 1)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    refused(filed, material, tmp_path)


@pytest.mark.parametrize("cut", [1, 29, PIECE])
def test_truncated_object(filed: Filing, tmp_path: Path, cut: int) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    path = piece(filed, material, 1)
    path.write_bytes(path.read_bytes()[:-cut])
    refused(filed, material, tmp_path)


def test_last_chunk_cut_off(filed: Filing, tmp_path: Path) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    piece(filed, material, 2).unlink()
    refused(filed, material, tmp_path)
    # A database that says that it was shorter all along does not make the one before the last one.
    filed.world.hub.store.connection.execute("UPDATE materials SET size = ?", (2 * PIECE,))
    refused(filed, material, tmp_path)
    assert "table-material" in {one.why for one in filed.world.findings().faults}


def test_one_bit_turned(filed: Filing, tmp_path: Path) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    path = piece(filed, material, 0)
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    refused(filed, material, tmp_path)


def test_metadata_swapped_in_the_database(filed: Filing, tmp_path: Path) -> None:
    filed.add(papers.written(tmp_path, "a.pdf", papers.pdf()))
    filed.add(papers.written(tmp_path, "b.pdf", papers.pdf("Another")))
    connection = filed.world.hub.store.connection
    (first, a), (second, b) = connection.execute(
        "SELECT material, sealed FROM material_filings"
    ).fetchall()
    for material, sealed in ((first, b), (second, a)):
        connection.execute(
            "UPDATE material_filings SET sealed = ? WHERE material = ?", (sealed, material)
        )
    sent = filed.world.nrb.lookup(dataset=LEASE, items=["material_no"])
    assert filed.world.call(sent).status == 503
    assert "table-material-filing" in {one.why for one in filed.world.findings().faults}


def test_tag_exchanged_to_give_one_persons_paper_to_another(filed: Filing, tmp_path: Path) -> None:
    first = filed.add(papers.written(tmp_path, "a.pdf", papers.pdf()))
    filed.add(papers.written(tmp_path, "b.pdf", papers.pdf("B")), SUBJECTS[1])
    filed.world.hub.store.connection.execute(
        "UPDATE materials SET tag = (SELECT tag FROM materials WHERE id = ?)", (first,)
    )
    assert filed.world.call(filed.world.nrb.lookup(dataset=LEASE, items=["title"])).status == 503


def test_file_exchanged_on_the_way(filed: Filing, tmp_path: Path) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    view = viewed(filed, material)
    filed.bridge.lies["/v1/materials/piece"] = lambda body: bytes(len(body))
    with pytest.raises(AnswerRefused) as error:
        filed.connector.fetch(view, tmp_path / "out.pdf")
    assert error.value.facts == {"why": "file-digest"}
    assert [one.why for one in filed.connector.receipts.alarms(limit=9)] == ["file-digest"]
    assert not (tmp_path / "out.pdf").exists()
    with pytest.raises(AnswerRefused):
        filed.connector.thumbnail(view)


def test_a_hub_that_gives_another_material(
    filed: Filing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = filed.add(papers.written(tmp_path, "a.pdf", papers.pdf()))
    second = filed.add(papers.written(tmp_path, "b.pdf", papers.pdf("B")))
    honest = reveal._material
    monkeypatch.setattr(
        reveal, "_material", lambda permit, _wanted, records: honest(permit, second, records)
    )
    with pytest.raises(AnswerRefused) as error:
        viewed(filed, first)
    assert error.value.facts == {"why": "result-material"}


def test_a_file_that_is_there_is_not_overwritten(filed: Filing, tmp_path: Path) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    mine = papers.written(tmp_path, "out.pdf", b"mine")
    with pytest.raises(MaterialRefused) as error:
        filed.connector.fetch(viewed(filed, material), mine)
    assert error.value.facts == {"why": "output-exists"}
    assert mine.read_bytes() == b"mine"


def test_a_new_master_key_opens_what_was_filed_and_what_is_on_its_way(
    filed: Filing, tmp_path: Path
) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", LARGE))
    filed.uploaded(papers.pdf("Another"))
    hub = filed.world.hub
    old, new = hub.master.key, MasterKey(os.urandom(32))
    with hub.store.locked():
        rewrap(hub.store.connection, hub.settings.name, old, new)
    wrapped = hub.store.connection.execute(
        "SELECT id, key FROM materials UNION ALL"
        " SELECT id, key FROM material_uploads WHERE length(key) > 0"
    ).fetchall()
    assert {name for name, _ in wrapped} > {material}
    for name, key in wrapped:
        assert len(new.unwrap(key, f"material/{name}")) == 32
