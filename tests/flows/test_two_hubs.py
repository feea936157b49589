"""Two hubs started on one folder are one log; two on copies of it are found out."""

import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from world.asking import Answer, Gateway, check_receipt
from world.serving import PATIENCE, Served, free_port, start, until_ready
from world.town import Town

from certs.canonical import canonical
from certs.encoding import unb64u
from certs.keys import PrivateKey
from certs.note import open_checkpoint, parse_vkey
from certs.receipts import Receipt, key_thumbprint, verify_receipt
from certs.tree import leaf_hash, verify_consistency, verify_inclusion
from hub.ops.verify import verification
from hub.settings import load
from hub.storage.folder import Folder
from hub.storage.sqlite import connect

QUESTIONS = 60
"""Of each of four clients, two at each hub."""


@contextmanager
def hubs(town: Town, folders: list[Path], ports: list[int]) -> Iterator[list[Served]]:
    """A hub for each folder, on its port, all under the first one's public origin."""
    logs = [folders[0].parent / f"hub-{port}.log" for port in ports]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for folder, port, log in zip(folders, ports, logs, strict=True):
            processes.append(start(folder, log, port=port))
        served = [
            Served(town, folder, port, process)
            for folder, port, process in zip(folders, ports, processes, strict=True)
        ]
        for one, log in zip(served, logs, strict=True):
            until_ready(one, log)
        yield served
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(PATIENCE)


class Client(threading.Thread):
    """Asks one hub again and again, and keeps what it was promised."""

    def __init__(self, served: Served, gateway: Gateway) -> None:
        super().__init__(daemon=True)
        self.served = served
        self.gateway = gateway
        self.receipts: list[Receipt] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        key = PrivateKey.load(self.served.folder / "keys" / "receipt.key").public
        kid = key_thumbprint(key)
        connection = self.served.connect()
        try:
            for _ in range(QUESTIONS):
                sent = self.gateway.lookup()
                answer = self.served.call(sent, connection)
                receipt, _ = check_receipt(sent, answer, key, kid)
                self.receipts.append(receipt)
        except Exception as error:  # noqa: BLE001 told by the test
            self.failure = error
        finally:
            connection.close()


def ready(served: Served) -> Answer:
    return served.http("GET", "/readyz")


def hashes(served: Served, path: str) -> list[bytes]:
    told = json.loads(served.http("GET", path).body)
    return [unb64u(one) for one in told["proof"]]


@pytest.mark.slow
def test_two_hubs_on_one_folder_are_one_log(town_today: Town, tmp_path: Path) -> None:
    folder, ports = tmp_path / "hub", [free_port(), free_port()]
    town_today.copy(folder, f"http://127.0.0.1:{ports[0]}")
    notes: list[str] = []
    with hubs(town_today, [folder, folder], ports) as served:
        signing = served[0].gateway()
        clients = [Client(one, signing) for one in served for _ in range(2)]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            notes += [one.http("GET", "/ledger/checkpoint").body.decode() for one in served]
            clients[0].join(0.2)
        for client in clients:
            client.join(PATIENCE)
            assert client.failure is None
        positions = [receipt.first for client in clients for receipt in client.receipts]
        assert len(positions) == 4 * QUESTIONS
        assert len(set(positions)) == len(positions)
        check_one_log(served, notes, max(positions))
    connection = connect(Folder(folder).control)
    found = verification(Folder(folder), load(folder / "hub.toml"), connection)
    assert found.run(lambda _done, _all: None).faults == ()
    connection.close()


def check_one_log(served: list[Served], notes: list[str], last: int) -> None:
    """Every checkpoint that either showed begins every later one, of either."""
    about = json.loads(served[0].http("GET", "/.well-known/yifen").body)
    name, key = parse_vkey(about["ledger"]["vkey"])
    deadline = time.monotonic() + PATIENCE
    while True:
        notes.append(served[1].http("GET", "/ledger/checkpoint").body.decode())
        newest = open_checkpoint(notes[-1], [(name, key)])
        if newest.size > last:
            break
        assert time.monotonic() < deadline
    seen = {note: open_checkpoint(note, [(name, key)]) for note in notes}
    roots = {checkpoint.size: checkpoint.root for checkpoint in seen.values()}
    assert all(roots[one.size] == one.root for one in seen.values())
    assert len(roots) > 1
    for size in sorted(roots)[:-1]:
        path = f"/ledger/consistency?first={size}&second={newest.size}"
        for one in served:
            verify_consistency(size, newest.size, hashes(one, path), roots[size], newest.root)


@pytest.mark.slow
def test_the_second_of_two_hubs_on_copies_of_a_folder_stops(
    town_today: Town, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    folders = [tmp_path / "one", tmp_path / "other"]
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(town_today.root / "checkpoint.txt", outside / "checkpoint.txt")
    for folder in folders:
        town_today.copy(folder, f"http://127.0.0.1:{ports[0]}")
        settings = folder / "hub.toml"
        text = settings.read_text(encoding="utf-8")
        kept = f'"{outside / "checkpoint.txt"}"'
        settings.write_text(text.replace('"checkpoint.txt"', kept), encoding="utf-8")
    with hubs(town_today, folders, ports) as (first, second):
        answer = first.call(first.gateway().lookup())
        assert answer.status == 200
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE
        while ready(second).status != 503:
            assert time.monotonic() < deadline
            pause.wait(0.05)
        told = second.call(first.gateway().lookup())
        assert (told.status, told.code) == (503, "unavailable")
        assert told.document["facts"] == {"why": "forked"}
        # Nothing of it has left, and the first one goes on.
        assert ready(first).status == 200
        assert first.call(first.gateway().lookup()).status == 200
        log = (tmp_path / f"hub-{ports[1]}.log").read_text(encoding="utf-8")
        assert "nothing more is answered" in log
        check_included(first, answer)


def check_included(served: Served, answer: Answer) -> None:
    """The first hub's answer is in the checkpoint that is kept outside."""
    key = PrivateKey.load(served.folder / "keys" / "receipt.key").public
    about = json.loads(served.http("GET", "/.well-known/yifen").body)
    pinned = parse_vkey(about["ledger"]["vkey"])
    note = load(served.folder / "hub.toml").checkpoint_copy.read_text(encoding="utf-8")
    kept = open_checkpoint(note, [pinned])
    receipt = verify_receipt(answer.receipt or "", {key_thumbprint(key): key})
    leaf = leaf_hash(canonical(answer.opening["leaf"]))
    path = f"/ledger/inclusion?index={receipt.first}&size={kept.size}"
    verify_inclusion(leaf, receipt.first, kept.size, hashes(served, path), kept.root)
