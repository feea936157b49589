"""The second process of a job: seals accepted rows and writes them into the new generation.

Sealing holds the interpreter, so it has one of its own beside the check. It is forked before the
job opens a database or DuckDB, which must not be carried over a fork, and talks over two pipes in
frames: a length (8 bytes) and as many bytes. First comes what to write where, then rows as
``checker.Batch.lines`` has them, then an empty frame and the rows to take out again. The one reply
is what was written, or why it was not. A change set goes into the generation that stands
(``changing.py``), all else into a new one.
"""

import gc
import os
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from certs.errors import YifenError
from hub.errors import StorageRefused
from hub.publish.changing import ChangeWriter
from hub.publish.digest import RunningDigest
from hub.publish.fragments import ROW_SEPARATOR, VALUE_SEPARATOR
from hub.publish.orders import Changed, Order, Written
from hub.storage.generation import (
    FIRST_VERSION,
    ROW_KEY_SEPARATOR,
    GenerationKeys,
    GenerationWriter,
    SealedRow,
)
from hub.storage.sqlite import DatabaseError

_LENGTH = struct.Struct(">Q")


class Sealer:
    """The job's end of the pipes."""

    def __init__(self, process: int, orders: BinaryIO, reply: BinaryIO) -> None:
        self._process = process
        self._orders = orders
        self._reply = reply
        self._reaped = False

    @classmethod
    def start(cls, *, without: int) -> "Sealer":
        """Fork the process; call it while the job has one thread and no database.

        ``without`` is an open file that the child must not keep: the job's lock.
        """
        orders_in, orders_out = os.pipe()
        reply_in, reply_out = os.pipe()
        process = os.fork()
        if process == 0:
            # The child must not hold the ends of its parent, or it would never see it go.
            for descriptor in (orders_out, reply_in, without):
                os.close(descriptor)
            _child(os.fdopen(orders_in, "rb"), os.fdopen(reply_out, "wb"))
        os.close(orders_in)
        os.close(reply_out)
        return cls(process, os.fdopen(orders_out, "wb", buffering=0), os.fdopen(reply_in, "rb"))

    def begin(self, order: Order, keys: bytes) -> None:
        """Say what to write where; ``keys`` are the generation's, one after the other.

        They come over a pipe that nobody else has: this process was started before it was known
        under which master key they are wrapped.
        """
        with self._reported():
            _send(self._orders, orjson.dumps(asdict(order)))
            _send(self._orders, keys)

    def rows(self, lines: bytes) -> None:
        """Hand over rows; waits while the ones before are being sealed."""
        if lines:
            with self._reported():
                _send(self._orders, lines)

    def finish(self, dropped: Sequence[int]) -> Written:
        """Take ``dropped`` out (by their numbers in the source), index, and make it durable."""
        with self._reported():
            _send(self._orders, b"")
            _send(self._orders, array("Q", dropped).tobytes())
        return self._result()

    def close(self) -> None:
        """End the process if it still runs, and wait for it."""
        for pipe in (self._orders, self._reply):
            pipe.close()
        if not self._reaped:
            os.waitpid(self._process, 0)
            self._reaped = True

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn a pipe that nobody reads any more into the reason why."""
        try:
            yield
        except BrokenPipeError:
            self._result()
            raise StorageRefused(why="sealer") from None

    def _result(self) -> Written:
        """The reply; raises ``StorageRefused`` with the reason if it is one."""
        data = _receive(self._reply)
        if data is None:
            raise StorageRefused(why="sealer")
        reply = orjson.loads(data)
        if "why" in reply:
            raise StorageRefused(why=str(reply["why"]))
        changed = reply.pop("changed")
        return Written(**reply, changed=None if changed is None else Changed(**changed))


def _child(orders: BinaryIO, reply: BinaryIO) -> None:
    """The child's life; it ends the process."""
    status = 1
    try:
        # Rows are lists and tuples without cycles: looking for any cost a fifth of the time.
        gc.disable()
        _obey(orders, reply)
        status = 0
    finally:
        # Nothing of the parent's, such as its handlers at exit, may run here.
        os._exit(status)


def _obey(orders: BinaryIO, reply: BinaryIO) -> None:
    """Write as told, and reply; nothing is replied if the job has gone away."""
    told, raw_keys = _receive(orders), _receive(orders)
    if told is None or raw_keys is None:
        return
    raw = orjson.loads(told)
    order = Order(**{**raw, "row_key": tuple(raw["row_key"])})
    try:
        keys = GenerationKeys.of(raw_keys)
        if order.is_change:
            _change(order, keys, orders, reply)
        else:
            written = _write(order, keys, orders)
            if written is not None:
                _answer(reply, asdict(written))
    except (DatabaseError, OSError):
        _answer(reply, {"why": "generation"})
    except YifenError as error:
        _answer(reply, {"why": error.code})


def _answer(reply: BinaryIO, told: Mapping[str, object]) -> None:
    _send(reply, orjson.dumps(told))
    reply.flush()


def _change(order: Order, keys: GenerationKeys, orders: BinaryIO, reply: BinaryIO) -> None:
    """Write a change set; its generation stays locked until the job closes the pipe or dies."""
    writer = ChangeWriter(order, keys)
    try:
        while (lines := _receive(orders)) != b"":
            if lines is None:
                return
            writer.write(lines)
        if _receive(orders) is None:
            return
        _answer(reply, asdict(writer.finish()))
        _receive(orders)
    finally:
        writer.close()


def _write(order: Order, keys: GenerationKeys, orders: BinaryIO) -> Written | None:
    """Write a generation; None if the job went away before the end."""
    path = Path(order.path)
    writer = GenerationWriter(path, order.dataset, order.generation, keys)
    # Until its pointer is moved nobody reads it, and a cut-off one is thrown away: it need not be
    # durable before the end.
    writer.connection.execute("PRAGMA synchronous=OFF")
    writer.connection.execute("PRAGMA cache_size=-65536")
    sources = array("Q")
    running = RunningDigest()
    while (lines := _receive(orders)) != b"":
        if lines is None:
            return None
        sealed = list(_seal(writer, order, lines, sources))
        running.add(sealed)
        with _transaction(writer):
            writer.insert(_bindable(sealed))
    last = _receive(orders)
    if last is None:
        return None
    dropped = set(array("Q", last))
    deleted = [id_ for id_, source in enumerate(sources, 1) if source in dropped]
    with _transaction(writer):
        writer.connection.executemany("DELETE FROM rows WHERE id = ?", ((id_,) for id_ in deleted))
    digest = running.finish(writer.connection, deleted)
    writer.index()
    writer.connection.execute("PRAGMA synchronous=FULL")
    writer.close()
    _make_durable(path)
    stand = len(sources) - len(deleted)
    return Written(rows=stand, digest=digest, taken=stand)


def _seal(
    writer: GenerationWriter, order: Order, lines: bytes, sources: "array[int]"
) -> Iterator[SealedRow]:
    seal = writer.seal
    note = sources.append
    subject, row_key = order.subject, order.row_key
    only = row_key[0] if len(row_key) == 1 else None
    for line in lines.decode().split(ROW_SEPARATOR):
        values = line.split(VALUE_SEPARATOR)
        note(int(values.pop()))
        key = (
            values[only]
            if only is not None
            else ROW_KEY_SEPARATOR.join([values[place] for place in row_key])
        )
        yield seal(values[subject], key, values, FIRST_VERSION)


def _bindable(rows: Iterable[SealedRow]) -> Iterator[SealedRow]:
    """The rows with ``bytearray`` for ``bytes``.

    The driver asks its adapters about every ``bytes`` and about no ``bytearray``: 3.8 against
    1.8 µs a row, making them included.
    """
    for tag, row, first, sealed in rows:
        bound = (bytearray(tag), bytearray(row), first, bytearray(sealed))
        yield cast("SealedRow", bound)


@contextmanager
def _transaction(writer: GenerationWriter) -> Iterator[None]:
    writer.connection.execute("BEGIN IMMEDIATE")
    yield
    writer.connection.execute("COMMIT")


def _make_durable(path: Path) -> None:
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _send(pipe: BinaryIO, data: bytes) -> None:
    for part in (_LENGTH.pack(len(data)), data):
        view = memoryview(part)
        while view:
            view = view[pipe.write(view) :]


def _receive(pipe: BinaryIO) -> bytes | None:
    """The next frame; None once the other side has gone."""
    header = pipe.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    data = pipe.read(length)
    return data if len(data) == length else None
