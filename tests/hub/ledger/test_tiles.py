"""Tiles and bundles as C2SP tlog-tiles describes them, cut from what was checkpointed."""

from collections import Counter

import pytest
from world.auditing import split_bundle
from world.town import World

from certs.tree import leaf_hash
from hub.errors import NotFound
from hub.ledger.checkpoint import TILE, newest, perfect_root
from hub.ledger.tiles import bundle, parse_path, tile, tile_path, tiles_of


def published(world: World) -> int:
    world.hub.checkpointer.step()
    found = newest(world.hub.reading)
    assert found is not None
    return found.size


# -- paths -------------------------------------------------------------------------------------
PATHS = [
    ("0/000", (0, 0, None)),
    ("0/000.p/1", (0, 0, 1)),
    ("0/000.p/255", (0, 0, 255)),
    ("entries/005", (None, 5, None)),
    ("entries/x001/x234/067", (None, 1_234_067, None)),
    ("63/x001/000.p/7", (63, 1000, 7)),
    ("1/x999/x999/x999/x999/x999/999", (1, 10**18 - 1, None)),
]


@pytest.mark.parametrize(("path", "meant"), PATHS)
def test_a_path_and_what_it_means(path: str, meant: tuple[int | None, int, int | None]) -> None:
    assert parse_path(path) == meant
    assert tile_path(*meant) == path


def test_the_full_width_is_not_written() -> None:
    assert tile_path(0, 5, TILE) == "0/005"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/5",
        "0/0005",
        "00/005",
        "64/005",
        "-1/005",
        "+1/005",
        "0/x000/005",
        "0/001/005",
        "0/x001",
        "0/x001/x005",
        "0/X001/005",
        "0/x0001/005",
        "0/005.p/0",
        "0/005.p/256",
        "0/005.p/01",
        "0/005.p/",
        "0/005.p",
        "0/005/p/1",
        "0/005.p/1/",
        "0/005\n",
        " 0/005",
        "0/００５",
        "٠/005",
        "data/005",
        "Entries/005",
        "entries",
        "entries/../0/005",
        "0/x001/" * 7 + "005",
        "0/" + "x001/" * 6 + "005",
    ],
)
def test_a_path_of_another_spelling_is_none(path: str) -> None:
    with pytest.raises(NotFound):
        parse_path(path)


def test_the_example_of_the_specification() -> None:
    """tlog-tiles, «Partial Tiles»: a tree of 70,000."""
    found = Counter((level, width) for level, _, width in tiles_of(70_000))
    assert found == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(0)) == []
    assert list(tiles_of(1)) == [(0, 0, 1)]


# -- bytes -------------------------------------------------------------------------------------
def test_tiles_and_bundles_of_a_town(world: World) -> None:
    for _ in range(TILE - world.entries() + 10):
        world.ask(world.nrb.lookup())
    size = published(world)
    reading = world.hub.reading
    leaves = [row[0] for row in reading.execute("SELECT leaf FROM entries ORDER BY position")]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert size == len(leaves) == TILE + 10
    assert tile(reading, 0, 0) == b"".join(hashes[:TILE])
    assert tile(reading, 0, 1, 10) == b"".join(hashes[TILE:])
    assert tile(reading, 1, 0, 1) == perfect_root(b"".join(hashes[:TILE]))
    assert split_bundle(bundle(reading, 0)) == leaves[:TILE]
    assert split_bundle(bundle(reading, 1, 10)) == leaves[TILE:]
    # What was partial once stays what it was.
    assert tile(reading, 0, 1, 3) == b"".join(hashes[TILE : TILE + 3])
    assert split_bundle(bundle(reading, 1, 3)) == leaves[TILE : TILE + 3]
    for level, index, width in ((0, 1, 11), (0, 1, TILE), (0, 2, 1), (1, 0, 2), (2, 0, 1)):
        with pytest.raises(NotFound):
            tile(reading, level, index, width)
    for index, width in ((1, 11), (1, TILE), (2, 1), (10**17, 1)):
        with pytest.raises(NotFound):
            bundle(reading, index, width)


def test_entries_beyond_the_checkpoint_are_not_given_out(world: World) -> None:
    size = published(world)
    world.ask(world.nrb.lookup())
    assert world.entries() == size + 1
    assert len(split_bundle(bundle(world.hub.reading, 0, size))) == size
    with pytest.raises(NotFound):
        bundle(world.hub.reading, 0, size + 1)


def test_an_entry_that_is_gone_is_no_shorter_bundle(world: World) -> None:
    size = published(world)
    world.hub.store.connection.execute("DELETE FROM entries WHERE position = 3")
    with pytest.raises(NotFound):
        bundle(world.hub.reading, 0, size)
