"""A change set that is written in several transactions: the later row wins across them."""

import os
from pathlib import Path

from hub.publish.changing import ChangeWriter
from hub.publish.digest import RunningDigest, generation_digest
from hub.publish.fragments import ROW_SEPARATOR, VALUE_SEPARATOR
from hub.publish.orders import Changed, Order
from hub.storage.generation import GenerationKeys, GenerationReader, GenerationWriter
from hub.storage.sqlite import connect
from hub.storage.versions import tidy

RAW = os.urandom(64)


def lines(*rows: tuple[str, str, str]) -> bytes:
    """Rows of key, subject and operation, as the check hands them over."""
    numbered = (VALUE_SEPARATOR.join((*row, str(number))) for number, row in enumerate(rows, 1))
    return ROW_SEPARATOR.join(numbered).encode()


def test_the_later_part_of_a_set_wins(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    keys = GenerationKeys.of(RAW)
    writer = GenerationWriter(path, "hub:d", "g", keys)
    sealed = [writer.seal("one", key, [key, "one"], 1) for key in ("a", "b", "c")]
    writer.insert(sealed)
    running = RunningDigest()
    running.add(sealed)
    stood = running.finish(writer.connection, ())
    writer.index()
    writer.close()

    order = Order(str(path), "hub:d", "g", 1, (0,), version=2, rows=3, digest=stood)
    change = ChangeWriter(order, keys)
    change.write(lines(("a", "two", "upsert"), ("b", "", "delete"), ("x", "", "delete")))
    change.write(lines(("a", "three", "upsert"), ("b", "two", "upsert"), ("x", "two", "upsert")))
    change.write(lines(("x", "", "delete"), ("c", "two", "upsert"), ("y", "two", "upsert")))
    change.write(lines(("c", "", "delete"), ("y", "", "delete")))
    written = change.finish()
    change.close()
    assert (written.rows, written.taken) == (2, 11)
    assert written.changed == Changed(upserted=2, inserted=0, deleted=1, absent=2, superseded=6)
    reader = GenerationReader(path, "hub:d", "g", GenerationKeys.of(RAW))
    assert sorted(row[0] for row in reader.read("one", 1)) == ["a", "b", "c"]
    tidy(path, 2, pending=False)
    found = [
        (subject, row[0]) for subject in ("one", "two", "three") for row in reader.read(subject, 2)
    ]
    assert found == [("two", "b"), ("three", "a")]
    reader.close()
    file = connect(path, "ro")
    assert file.execute("SELECT count(*) FROM rows").fetchone() == (2,)
    assert generation_digest(file, 2) == written.digest
    file.close()
