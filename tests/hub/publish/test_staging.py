"""Chunks on their way: sealed, durable, equal when they come again, and nothing else."""

import os
import resource
from pathlib import Path

import pytest
from publishing import COLUMNS, CONNECTOR, SmallHub, as_chunks, residents

from certs.encoding import b64u, sha256
from certs.sealing import SealingKey
from hub.errors import Conflict, StorageRefused, Unprocessable
from hub.publish.rejections import BLOCK, Problem, Rejection, Rejections
from hub.publish.staging import MAX_CHUNKS, Staging

LIMIT = 1000
CSV = b"1,a,b\r\n"


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    staging = Staging(tmp_path / "p-1", "p-1", SealingKey(os.urandom(32)))
    staging.create(0)
    return staging


def test_a_chunk_is_sealed_and_comes_back(staging: Staging) -> None:
    assert staging.receive(3, CSV, limit=LIMIT)
    assert staging.read(3) == CSV
    assert all(b"a,b" not in path.read_bytes() for path in staging.root.iterdir())
    assert {path.name for path in staging.root.iterdir()} == {"00000003.chunk", "job.lock"}


def test_the_same_chunk_may_come_again_and_another_one_may_not(staging: Staging) -> None:
    assert staging.receive(0, CSV, limit=LIMIT)
    assert not staging.receive(0, CSV, limit=LIMIT)
    with pytest.raises(Conflict):
        staging.receive(0, CSV.replace(b"b", b"c"), limit=LIMIT)
    assert staging.read(0) == CSV


@pytest.mark.parametrize(
    ("number", "data", "why"),
    [
        (-1, CSV, "chunk-number"),
        (MAX_CHUNKS, CSV, "chunk-number"),
        (0, b"", "chunk-empty"),
        (0, b"1,a" * 400 + b"\n", "chunk-too-large"),
        (0, b"1,a,b", "chunk-cut"),
        (0, b'1,"a,b\r\n', "chunk-cut"),
        (0, b"1,\xd3\xf1,b\r\n", "chunk-not-utf-8"),
        (0, b"1,\xed\xa0\x80,b\r\n", "chunk-not-utf-8"),
    ],
)
def test_what_can_be_no_chunk_is_refused(
    staging: Staging, number: int, data: bytes, why: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        staging.receive(number, data, limit=LIMIT)
    assert refused.value.facts["why"] == why
    assert [path.name for path in staging.root.iterdir()] == ["job.lock"]


def test_a_chunk_put_in_anothers_place_does_not_open(staging: Staging) -> None:
    staging.receive(0, CSV, limit=LIMIT)
    staging.receive(1, CSV.replace(b"1", b"2"), limit=LIMIT)
    (staging.root / "00000000.chunk").rename(staging.root / "00000001.chunk")
    with pytest.raises(StorageRefused):
        staging.read(1)


def test_an_upload_is_complete_with_all_chunks_and_their_digest(staging: Staging) -> None:
    chunks = [b"%d,a,b\r\n" % number for number in range(3)]
    digest = b64u(sha256(b"".join(map(sha256, chunks))))
    for number in (2, 0):
        staging.receive(number, chunks[number], limit=LIMIT)
    with pytest.raises(Unprocessable):
        staging.require_complete(3, digest)
    staging.receive(1, chunks[1], limit=LIMIT)
    staging.require_complete(3, digest)
    for count, other in ((2, digest), (4, digest), (3, b64u(sha256(b"")))):
        with pytest.raises(Unprocessable):
            staging.require_complete(count, other)


def test_a_disk_that_is_full_keeps_no_part_of_a_chunk(staging: Staging) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StorageRefused):
            staging.receive(0, b"1,a\n" * 4096, limit=1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in staging.root.iterdir()] == ["job.lock"]
    assert staging.receive(0, b"1,a\n" * 4096, limit=1 << 20)


def test_chunks_and_completion_asked_twice_say_the_same(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    chunks = as_chunks(residents(30), 10)
    digest = small.send(publication, chunks)
    complete = small.publications.complete
    with pytest.raises(Unprocessable):
        complete(publication, 2, digest, connector=CONNECTOR)
    with pytest.raises(Unprocessable):
        complete(publication, 3, b64u(sha256(b"")), connector=CONNECTOR)
    complete(publication, 3, digest, connector=CONNECTOR)
    complete(publication, 3, digest, connector=CONNECTOR)
    with pytest.raises(Conflict):
        complete(publication, 2, digest, connector=CONNECTOR)
    small.publications.wait(publication, 60)
    complete(publication, 3, digest, connector=CONNECTOR)
    with pytest.raises(Conflict):
        small.publications.receive(publication, 0, chunks[0], connector=CONNECTOR)
    with pytest.raises(Conflict):
        small.publications.receive(publication, 3, chunks[0], connector=CONNECTOR)
    assert small.status(publication)["state"] == "live"


def test_another_key_opens_nothing(small: SmallHub) -> None:
    publication = small.begin("resident", COLUMNS)
    small.send(publication, as_chunks(residents(3)))
    other = Staging(small.folder.staging / publication, publication, SealingKey(os.urandom(32)))
    with pytest.raises(StorageRefused):
        other.read(0)


def test_rejections_are_read_in_order_from_any_row_on(tmp_path: Path) -> None:
    rejections = Rejections(tmp_path / "r", "p-1", SealingKey(os.urandom(32)))
    rows = [Rejection(row, (Problem("name", 10),)) for row in range(2, 3 * BLOCK, 2)]
    late = [Rejection(row, (Problem("", 30),)) for row in range(3, 3 * BLOCK, 999)]
    rejections.write("row", rows[:7])
    rejections.write("row", rows[7:])
    rejections.write("conflict", late)
    # What was found of one row at two times is one rejection.
    found = {one.row: one.problems for one in rows}
    for one in late:
        found[one.row] = (*found.get(one.row, ()), *one.problems)
    every = [Rejection(row, problems) for row, problems in sorted(found.items())]
    assert rejections.read(0, 10**6) == every
    for after in (1, 2, 15, 16, 17, 2 * BLOCK, 3 * BLOCK - 2, 10**7):
        expected = [one for one in every if one.row > after][:5]
        assert rejections.read(after, 5) == expected
    assert all(b"name" not in path.read_bytes() for path in (tmp_path / "r").iterdir())
    rejections.clear()
    assert rejections.read(0, 10) == []


def test_what_is_here_is_told_with_its_digests(staging: Staging) -> None:
    chunks = {number: CSV.replace(b"a", str(number).encode()) for number in (0, 2, 11)}
    for number, data in reversed(chunks.items()):
        staging.receive(number, data, limit=LIMIT)
    assert staging.received() == [(number, sha256(data)) for number, data in chunks.items()]


def test_a_damaged_digest_is_not_told(staging: Staging) -> None:
    staging.receive(0, CSV, limit=LIMIT)
    path = staging.root / "00000000.chunk"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageRefused):
        staging.received()
