"""Departments that write each receipt to a journal of their own, durably, before it counts."""

import json
import os
import random
import threading
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from world.asking import check_receipt
from world.serving import Served
from world.town import SUBJECTS

from certs.canonical import canonical
from certs.encoding import b64u
from certs.keys import PublicKey
from certs.tree import leaf_hash


@dataclass(frozen=True)
class Written:
    """A receipt as a department wrote it down: when, where in the log, and its leaf's hash."""

    at: float
    position: int
    leaf_hash: str


class Department(threading.Thread):
    """Asks until told to stop, or until the hub is gone."""

    def __init__(
        self, served: Served, journal: Path, receipt_key: tuple[str, PublicKey], seed: int
    ) -> None:
        super().__init__(daemon=True)
        self._served = served
        self._journal = journal
        self._key = receipt_key
        self._random = random.Random(seed)  # noqa: S311 which subject is asked is no secret
        self.stopping = threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        """Ask, check, write down."""
        gateway = self._served.gateway()
        connection = self._served.connect()
        kid, public = self._key
        try:
            with self._journal.open("ab") as journal:
                while not self.stopping.is_set():
                    subject = {"id": self._random.choice(SUBJECTS), "type": "resident_id"}
                    sent = gateway.lookup(subject=subject)
                    answer = self._served.call(sent, connection)
                    if answer.status == 503:
                        continue
                    receipt, _ = check_receipt(sent, answer, public, kid)
                    leaf = leaf_hash(canonical(answer.opening["leaf"]))
                    line = {"at": time.time(), "leaf": b64u(leaf), "position": receipt.first}
                    journal.write(json.dumps(line).encode() + b"\n")
                    journal.flush()
                    os.fsync(journal.fileno())
        except (HTTPException, OSError):
            return
        except BaseException as fault:  # noqa: BLE001 told by the test, which waits for us
            self.fault = fault
        finally:
            connection.close()


def read_journals(paths: list[Path]) -> list[Written]:
    """Everything that departments wrote down; a last line cut off does not count."""
    written: list[Written] = []
    for path in paths:
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                entry = json.loads(line)
                written.append(Written(entry["at"], entry["position"], entry["leaf"]))
    return written
