"""What could be reached at best: cryptography alone, HTTP alone, seal and insert alone."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from socket import create_connection

from certs.keys import generate
from certs.sealing import MasterKey
from hub.ops.bench.asking import Measured, measure
from hub.ops.bench.ground import free_port
from hub.storage.generation import GenerationKeys, GenerationWriter

_SECONDS = 1.0
ROWS = 50_000
_BATCH = 5_000


def cryptography_per_second() -> float:
    """How often a second one core verifies a request's signature and signs a receipt."""
    key = generate()
    data = secrets.token_bytes(600)
    signature = key.sign(data)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < _SECONDS:
        key.public.verify(signature, data)
        key.sign(data)
        count += 1
    return count / (time.perf_counter() - began)


def bare_endpoint(file: Path, answer_bytes: int) -> Measured:
    """The same requests against an endpoint that only reads them."""
    port = free_port()
    server = subprocess.Popen(  # noqa: S603 our own module
        [sys.executable, "-m", "hub.ops.bench.bare", str(port), str(answer_bytes)]
    )
    try:
        _wait_listening(port)
        return measure(file, port, [server.pid])
    finally:
        server.terminate()
        server.wait()


def seal_and_insert_per_second(folder: Path, values: list[str]) -> float:
    """Rows a second that one core seals and inserts, indexed, with nothing else to do."""
    dataset, name = "bench.yifen:ceiling", "ceiling"
    master = MasterKey(os.urandom(32))
    keys, _ = GenerationKeys.create(master, dataset, name)
    writer = GenerationWriter(folder / "ceiling.db", dataset, name, keys)
    began = time.perf_counter()
    for start in range(0, ROWS, _BATCH):
        writer.connection.execute("BEGIN")
        writer.insert(
            [writer.seal(str(n), str(n), values, 1) for n in range(start, start + _BATCH)]
        )
        writer.connection.execute("COMMIT")
    writer.index()
    writer.close()
    return ROWS / (time.perf_counter() - began)


def _wait_listening(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
