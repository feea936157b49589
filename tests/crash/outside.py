"""What is seen of the log from outside while it is killed: every checkpoint that was shown.

Each is kept with its root, for ever: whatever comes later must be consistent with it.
"""

import json
import threading
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from certs.encoding import unb64u
from certs.errors import CheckpointInvalid, ProofInvalid
from certs.keys import PublicKey
from certs.note import open_checkpoint
from certs.tree import verify_consistency, verify_inclusion

PATIENCE = 10.0
LOOK = 0.02
"""Seconds between two looks at the newest checkpoint."""


class Outside:
    """A monitor of one log; ``faults`` says what did not hold, ``forked`` how often it forked."""

    def __init__(self, origin: str, keys: Callable[[], Sequence[PublicKey]]) -> None:
        self._origin, self._keys = origin, keys
        self._guard = threading.Lock()
        self._roots: dict[int, bytes] = {}
        self._latest = 0
        self.faults: list[str] = []
        self.forked = 0

    @property
    def sizes(self) -> list[int]:
        """The sizes of all checkpoints seen, ascending."""
        with self._guard:
            return sorted(self._roots)

    def saw(self, note: str) -> int:
        """Take a checkpoint in; gives its size."""
        with self._guard:
            try:
                checkpoint = open_checkpoint(note, [(self._origin, key) for key in self._keys()])
            except CheckpointInvalid as error:
                self.faults.append(f"a checkpoint that is not signed: {error}")
                return 0
            known = self._roots.setdefault(checkpoint.size, checkpoint.root)
            if known != checkpoint.root:
                self.forked += 1
                self.faults.append(f"two checkpoints of size {checkpoint.size}")
            return checkpoint.size

    def saw_copy(self, path: Path) -> None:
        """Take in the copy that the hub keeps: it left the house."""
        self.saw(path.read_text(encoding="utf-8"))

    def check(self, port: int, sizes: Sequence[int] | None = None) -> None:
        """Demand proof that old checkpoints (all, or those of ``sizes``) begin the newest."""
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            size = self.saw(_get(connection, "/ledger/checkpoint"))
            if self.sizes and size < self.sizes[-1]:
                self.forked += 1
                self.faults.append(f"size {size} is shown after {self.sizes[-1]}")
                return
            for old in self.sizes if sizes is None else sizes:
                path = f"/ledger/consistency?first={old}&second={size}"
                proof = _proof(_get(connection, path))
                try:
                    verify_consistency(old, size, proof, self._roots[old], self._roots[size])
                except ProofInvalid as error:
                    self.forked += 1
                    self.faults.append(f"{size} does not continue {old}: {error}")
        finally:
            connection.close()

    def check_included(self, port: int, leaves: Sequence[tuple[int, bytes]]) -> None:
        """Demand proof that leaf hashes stand at their indexes of the newest checkpoint."""
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            size = self.saw(_get(connection, "/ledger/checkpoint"))
            for index, leaf in leaves:
                path = f"/ledger/inclusion?index={index}&size={size}"
                proof = _proof(_get(connection, path))
                try:
                    verify_inclusion(leaf, index, size, proof, self._roots[size])
                except ProofInvalid as error:
                    self.faults.append(f"{index} is not in {size}: {error}")
        finally:
            connection.close()

    def newest(self, port: int) -> int:
        """The size of the checkpoint that is shown now."""
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            return self.saw(_get(connection, "/ledger/checkpoint"))
        finally:
            connection.close()

    def root(self, size: int) -> bytes:
        """The root of a checkpoint that was seen."""
        return self._roots[size]


class Watch(threading.Thread):
    """Looks at the newest checkpoint of a hub again and again until told to stop."""

    def __init__(self, outside: Outside, ports: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._outside, self._ports = outside, ports
        self._stopping = threading.Event()

    def run(self) -> None:
        """Look, as long as there is a hub."""
        while not self._stopping.wait(LOOK):
            for port in self._ports:
                try:
                    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                    try:
                        self._outside.saw(_get(connection, "/ledger/checkpoint"))
                    finally:
                        connection.close()
                except (HTTPException, OSError, LookupError):
                    continue

    def stop(self) -> None:
        """End; returns when it has."""
        self._stopping.set()
        self.join(PATIENCE + 1)


def _get(connection: HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != 200:
        raise LookupError(f"{path}: {response.status} {text[:200]}")
    return text


def _proof(text: str) -> list[bytes]:
    return [unb64u(node) for node in json.loads(text)["proof"]]
