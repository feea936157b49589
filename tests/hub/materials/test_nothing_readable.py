"""In store, database, write-ahead log and staging nothing of file or holder can be read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from plaintext import Plaintext
from world import papers
from world.bucket import Bucket, serving_bucket
from world.filing import HOLDER, LEASE, Filing, filing
from world.town import PURPOSE, Town

from hub.materials.sealed import PIECE

ASKED = {"purpose": PURPOSE, "officer": "nrb.officer"}
NAME, ISSUER = "欧阳建国的租赁合同.pdf", "云州物业管理公司"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving_bucket() as served:
        yield served


def pieces_of(data: bytes, folder: Path) -> list[str]:
    """The files beneath ``folder`` in which sixteen aligned bytes of ``data`` stand anywhere."""
    wanted = frozenset(data[start : start + 16] for start in range(0, len(data) - 15, 16))
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stored = path.read_bytes()
            if any(stored[at : at + 16] in wanted for at in range(len(stored) - 15)):
                found.append(path.name)
    return found


def file_and_look(filed: Filing, folder: Path, *places: Path) -> None:
    data = papers.pdf(size=2 * PIECE + 100)
    filed.add(papers.written(folder, NAME, data), issuer=ISSUER)
    other = papers.pdf("half", size=2 * PIECE)
    half = filed.begin(other).document["upload"]
    filed.signed("nrb", "PUT", f"/v1/uploads/{half}/pieces/0", other[:PIECE])
    filed.connector.lookup(LEASE, "resident_id", HOLDER, items=["title"], **ASKED)
    sought = Plaintext([HOLDER, NAME, ISSUER, "(Lease of the shop)"])
    for place in places:
        files = [path for path in place.rglob("*") if path.is_file()]
        assert files
        assert sought.in_folder(place) == []
        assert pieces_of(data, place) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    data = papers.pdf(size=PIECE)
    (tmp_path / "x").write_bytes(os.urandom(101) + data[:5000] + os.urandom(5000))
    assert pieces_of(data, tmp_path)


def test_nothing_readable_lies_in_the_folder(filed: Filing, tmp_path: Path) -> None:
    file_and_look(filed, tmp_path, filed.world.root)


def test_nothing_readable_lies_in_the_bucket(town: Town, tmp_path: Path, bucket: Bucket) -> None:
    with filing(town, tmp_path, bucket.settings()) as filed:
        file_and_look(filed, tmp_path, filed.world.root, bucket.data)
        assert len(bucket.names()) == 5
        (one,) = filed.connector.lookup(
            LEASE, "resident_id", HOLDER, items=["material_no"], **ASKED
        ).records
        number = one.items["material_no"]
        view = filed.connector.view(LEASE, "resident_id", HOLDER, material=number, **ASKED)
        got = filed.connector.fetch(view, tmp_path / "got.pdf").read_bytes()
        assert got == (tmp_path / NAME).read_bytes()
        told = filed.completed(b"<html>")
        assert told["state"] == "refused"
        assert len(bucket.names()) == 5
