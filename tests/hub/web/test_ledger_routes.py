"""The log as outsiders read it: tiles that rebuild the root, caches, HEAD, and nobody's name."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from plaintext import Plaintext
from world.asking import Answer
from world.serving import Served
from world.town import PASSWORD, SUBJECTS, Town, World
from world.watched import dead, watched

from certs.canonical import Json, canonical, parse
from certs.cosignature import parse_witness, verify_cosignatures
from certs.note import open_checkpoint, parse_vkey
from certs.proof_file import read_proof, verify_proof
from certs.tree import leaf_hash
from hub.ledger.change import OPERATOR
from hub.ledger.checkpoint import newest

JSON = {"content-type": "application/json"}
IMMUTABLE = "public, max-age=31536000, immutable"
NUMBER, NAME, CASE = SUBJECTS[0], "张三丰", "PRIVATE-CASE-0001"


def grow(world: World, size: int) -> int:
    """Enter questions until the log has ``size`` entries; a checkpoint covers them all."""
    with world.hub.changes.change(OPERATOR) as change:
        for _ in range(size - world.entries()):
            change.append("operator", {"act": "nothing"})
    return publish(world)


def publish(world: World) -> int:
    while world.hub.checkpointer.step() is not None:
        pass
    published = newest(world.hub.reading)
    assert published is not None
    return published.size


# An auditor's own tree, from the words of RFC 6962 §2.1 and tlog-tiles and none of our code.
def root_of(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    both = root_of(hashes[:split]) + root_of(hashes[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def entries_of(bundle: bytes) -> Iterator[bytes]:
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        yield bundle[2 : 2 + length]
        bundle = bundle[2 + length :]


def get(world: World, path: str) -> Answer:
    return world.http("GET", path)


# -- tiles ----------------------------------------------------------------------------------------
def test_tiles_and_bundles_rebuild_the_root_of_the_checkpoint(world: World) -> None:
    grow(world, 600)
    world.ask(world.nrb.lookup(case=CASE))
    publish(world)
    note = get(world, "/ledger/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert note.headers["cache-control"] == "no-cache"
    told = parse(get(world, "/.well-known/yifen").body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(told, dict)
    assert isinstance(told["ledger"], dict)
    trusted = [parse_vkey(str(told["ledger"]["vkey"]))]
    head = open_checkpoint(note.body.decode(), trusted)
    assert (head.origin, head.size) == (told["ledger"]["origin"], 601)
    hashes: list[bytes] = []
    leaves: list[bytes] = []
    for index in range(3):
        partial = "" if index < 2 else f".p/{601 % 256}"
        tile = get(world, f"/ledger/tile/0/00{index}{partial}")
        bundle = get(world, f"/ledger/tile/entries/00{index}{partial}")
        for answer in (tile, bundle):
            assert answer.status == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == IMMUTABLE
        hashes += [tile.body[i : i + 32] for i in range(0, len(tile.body), 32)]
        leaves += entries_of(bundle.body)
    assert len(leaves) == 601
    assert [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves] == hashes
    assert root_of(hashes) == head.root
    upper = get(world, "/ledger/tile/1/000.p/2")
    assert upper.body == root_of(hashes[:256]) + root_of(hashes[256:512])


def test_a_partial_tile_stays_what_it_was_while_the_log_grows(world: World) -> None:
    size = grow(world, 70)
    paths = [f"/ledger/tile/{kind}/000.p/{size}" for kind in ("0", "entries")]
    before = [get(world, path).body for path in paths]
    grow(world, 300)
    assert [get(world, path).body for path in paths] == before
    assert get(world, "/ledger/tile/0/000").body[: 32 * size] == before[0]


def test_nothing_beyond_the_newest_checkpoint_is_shown(world: World) -> None:
    size = grow(world, 70)
    world.ask(world.nrb.lookup())
    assert world.entries() == size + 1
    for path in (
        f"/ledger/tile/0/000.p/{size + 1}",
        f"/ledger/tile/entries/000.p/{size + 1}",
        "/ledger/tile/0/000",
        "/ledger/tile/entries/000",
        "/ledger/tile/0/001.p/1",
        "/ledger/tile/1/000.p/1",
        f"/ledger/proof/{size}",
        f"/ledger/inclusion?index={size}&size={size + 1}",
    ):
        answer = get(world, path)
        assert (answer.status, answer.code) == (404, "not-found"), path
        # It may be there in a second: no cache may go on saying that it is not.
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/0",
        "0/00",
        "0/0000",
        "00/000",
        "-1/000",
        "64/000",
        "0/x000/000",
        "0/x001",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/",
        "0/000.p",
        "0/000.p/1/",
        "0/000.p/１",
        "entries/000.p/0",
        "data/000",
        "0/../0/000",
        "0/999",
        "0/x999/x999/x999/x999/x999/999",
        "63/000",
    ],
)
def test_paths_that_are_no_tiles_are_not_found(world: World, path: str) -> None:
    grow(world, 300)
    answer = world.raw("GET", f"/ledger/tile/{path}".encode(), [], [b""])
    assert answer.status == 404


def test_heads_are_answered_without_a_body(served: Served) -> None:
    size = open_size(served)
    for path in (
        "/ledger/checkpoint",
        "/ledger/proof/0",
        f"/ledger/tile/0/000.p/{size}",
        f"/ledger/tile/entries/000.p/{size}",
    ):
        whole = served.http("GET", path)
        head = served.http("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        for name in ("content-type", "content-length", "cache-control"):
            assert head.headers[name] == whole.headers[name], (path, name)
    assert served.http("HEAD", "/ledger/tile/0/999").status == 404
    assert served.http("POST", "/ledger/checkpoint").status == 405


def open_size(served: Served) -> int:
    note = served.http("GET", "/ledger/checkpoint").body.decode()
    return int(note.split("\n")[1])


# -- proofs ---------------------------------------------------------------------------------------
def test_every_entry_has_a_proof_that_holds_offline(world: World) -> None:
    size = grow(world, 300)
    key = parse_vkey(str(members(world)["vkey"]))
    for index in (0, 1, 255, 256, size - 1):
        answer = get(world, f"/ledger/proof/{index}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        proof = read_proof(answer.body.decode())
        assert proof.index == index
        assert proof.extra is not None
        head, _ = verify_proof(
            proof, leaf_hash(proof.extra), origin=world.hub.origin, trusted=[key]
        )
        assert head.size == size
        bundle = get(world, f"/ledger/tile/entries/00{index // 256}.p/{index % 256 + 1}")
        if bundle.status == 200:
            assert list(entries_of(bundle.body))[-1] == proof.extra


@pytest.mark.parametrize("index", ["x", "-1", "+1", "01", "1.0", "９", "9" * 19, "1e3", "%20"])
def test_an_index_that_is_none_is_not_found(world: World, index: str) -> None:
    grow(world, 70)
    assert world.raw("GET", f"/ledger/proof/{index}".encode(), [], [b""]).status == 404


# -- nobody's name --------------------------------------------------------------------------------
def test_what_outsiders_read_names_nobody(world: World, tmp_path: Path) -> None:
    sent = world.nrb.lookup(case=CASE)
    assert world.ask(sent).items["name"] == NAME
    size = publish(world)
    # The searcher would find them: they stand in what was asked and answered.
    searcher = Plaintext([NUMBER, NAME, CASE, "nrb.officer"])
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "question").write_bytes(sent.body)
    assert {found.value for found in searcher.in_folder(tmp_path / "asked")} >= {NUMBER, CASE}
    shown = tmp_path / "shown"
    shown.mkdir()
    for number, path in enumerate(
        (
            "/ledger/checkpoint",
            f"/ledger/tile/0/000.p/{size}",
            f"/ledger/tile/entries/000.p/{size}",
            f"/ledger/proof/{size - 1}",
            f"/ledger/inclusion?index={size - 1}&size={size}",
            "/.well-known/yifen",
        )
    ):
        answer = get(world, path)
        assert answer.status == 200
        (shown / str(number)).write_bytes(answer.body)
    assert searcher.in_folder(shown) == []
    leaf = read_proof(get(world, f"/ledger/proof/{size - 1}").body.decode()).extra or b""
    assert isinstance(opened := parse(leaf, max_bytes=1024, max_depth=1), dict)
    assert set(opened) == {"control", "internal", "kind", "person", "time", "v"}


# -- witnesses ------------------------------------------------------------------------------------
def members(world: World) -> dict[str, Json]:
    told = parse(get(world, "/.well-known/yifen").body, max_bytes=1 << 20, max_depth=8)
    assert isinstance(told, dict)
    ledger = told["ledger"]
    assert isinstance(ledger, dict)
    return ledger


def test_without_witnesses_nothing_is_cosigned(world: World) -> None:
    publish(world)
    assert get(world, "/ledger/cosigned").status == 404
    told = members(world)
    assert (told["witnesses"], told["quorum"], told["shortfall"]) == ([], 0, False)
    assert told["origins"] == [{"first": 0, "origin": world.hub.origin}]


def test_the_cosigned_checkpoint_and_who_cosigned_it_are_shown(town: Town, tmp_path: Path) -> None:
    with watched(town, tmp_path) as here:
        world = here.world
        here.publish()
        assert get(world, "/ledger/cosigned").status == 404
        assert get(world, "/ledger/proof/0").status == 404
        assert members(world)["shortfall"] is True
        here.wires.odd["w1.example"] = dead
        here.round()
        size = here.publish()
        told = members(world)
        assert (told["quorum"], told["shortfall"]) == (2, False)
        witnesses = told["witnesses"]
        assert isinstance(witnesses, list)
        shown = [one for one in witnesses if isinstance(one, dict)]
        assert [(one["name"], one["size"]) for one in shown] == [
            ("w0.example/witness", size),
            ("w1.example/witness", 0),
            ("w2.example/witness", size),
        ]
        assert [one["time"] is None for one in shown] == [False, True, False]
        pins = [parse_witness(str(one["vkey"])) for one in shown]
        answer = get(world, "/ledger/cosigned")
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache")
        assert len(verify_cosignatures(answer.body.decode(), pins, 2)) == 2
        # Entries that no quorum has seen yet have no proof yet.
        here.enter()
        assert get(world, f"/ledger/proof/{size}").status == 404
        newer = get(world, "/ledger/checkpoint").body.decode()
        assert newer.split("\n")[1] == str(size + 1)
        assert get(world, "/ledger/cosigned").body == answer.body
        proof = read_proof(get(world, f"/ledger/proof/{size - 1}").body.decode())
        verify_proof(
            proof,
            leaf_hash(proof.extra or b""),
            origin=world.hub.origin,
            trusted=[parse_vkey(str(told["vkey"]))],
            witnesses=pins,
            quorum=2,
        )


def test_well_known_is_canonical(world: World) -> None:
    body = get(world, "/.well-known/yifen").body
    assert canonical(parse(body, max_bytes=1 << 20, max_depth=8)) == body


def test_the_auditors_page_tells_how_far_witnesses_have_seen(town: Town, tmp_path: Path) -> None:
    with watched(town, tmp_path) as here:
        size = here.publish()
        here.round()
        cookie = {"cookie": f"yifen-language=en; __Host-yifen={signed_in(here.world, 'audit')}"}
        page = here.world.http("GET", "/log", cookie)
        assert page.status == 200
        assert f"The first {size} entries have their quorum" in page.body.decode()
        assert "questions are not answered" not in page.body.decode()
        here.enter()
        here.wires.odd = {f"w{number}.example": dead for number in range(3)}
        here.time.now += 301_000
        here.hub.coverage.refresh()
        page = here.world.http("GET", "/log", cookie)
        assert "questions are not answered" in page.body.decode()


def signed_in(world: World, account: str) -> str:
    """The session of a person whose first password has been changed."""
    told = world.http(
        "POST", "/v1/session", JSON, canonical({"account": account, "password": PASSWORD})
    )
    token = str(told.document["token"])
    body = canonical({"new": "nine quiet harbours", "old": PASSWORD})
    headers = {**JSON, "authorization": f"Bearer {token}"}
    return str(world.http("PUT", "/v1/session/password", headers, body).document["token"])
