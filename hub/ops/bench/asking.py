"""Signed questions for the load, and the hub's own processor time over their answers."""

import os
import random
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from certs.canonical import canonical
from certs.certificates import read_certificate
from certs.encoding import b64u
from certs.keys import PrivateKey
from certs.signatures import MAX_LIFETIME, Message, sign_request
from hub.ops.bench.ground import DATASET, ITEMS, OFFICER, PURPOSE, Ground

WIDTH = 64
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: answers a second, milliseconds, and the hub's microseconds an answer."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int


class Asker:
    """Signs questions as the asking department's connector."""

    def __init__(self, ground: Ground) -> None:
        self._address = ground.address
        self._host = f"127.0.0.1:{ground.port}"
        self._key = PrivateKey.load(ground.asker / "key.pem")
        self._keyid = read_certificate((ground.asker / "certificate.pem").read_bytes()).keyid

    def request(self, subject: str) -> bytes:
        """One whole HTTP request, valid for five minutes."""
        body = canonical(
            {
                "case": None,
                "items": list(ITEMS),
                "officer": OFFICER,
                "purpose": PURPOSE,
                "request_id": b64u(secrets.token_bytes(16)),
                "subject": {"id": subject, "type": "resident_id"},
            }
        )
        return self._signed("lookup", body)

    def batch(self, subjects: list[str]) -> bytes:
        """The same about many subjects at once."""
        body = canonical(
            {
                "items": list(ITEMS),
                "officer": OFFICER,
                "purpose": PURPOSE,
                "request_id": b64u(secrets.token_bytes(16)),
                "subjects": [
                    {"case": None, "id": subject, "type": "resident_id"} for subject in subjects
                ],
            }
        )
        return self._signed("batch", body)

    def _signed(self, operation: str, body: bytes) -> bytes:
        path = f"/v1/datasets/{DATASET}/{operation}"
        now = int(time.time())
        target = self._address + path
        message = Message("POST", target, {"content-type": "application/json"})
        added, _ = sign_request(
            self._key,
            self._keyid,
            message,
            body,
            created=now,
            expires=now + MAX_LIFETIME,
            nonce=secrets.token_bytes(16),
        )
        lines = [f"POST {path} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in {**message.headers, **added}.items()]
        lines.append(f"content-length: {len(body)}")
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def write_requests(asker: Asker, subjects: list[str], count: int, file: Path) -> None:
    """Sign ``count`` questions about random subjects into a file for the load."""
    chosen = random.Random(1)  # noqa: S311 which subjects are asked is no secret
    with file.open("wb") as out:
        for _ in range(count):
            request = asker.request(chosen.choice(subjects))
            out.write(len(request).to_bytes(4, "big") + request)


def write_batches(asker: Asker, subjects: list[str], count: int, size: int, file: Path) -> None:
    """Sign ``count`` batches about ``size`` random subjects each into a file for the load."""
    chosen = random.Random(3)  # noqa: S311 which subjects are asked is no secret
    with file.open("wb") as out:
        for _ in range(count):
            request = asker.batch(chosen.choices(subjects, k=size))
            out.write(len(request).to_bytes(4, "big") + request)


def measure(
    file: Path, port: int, pids: list[int], *, per_second: float = 0.0, width: int = WIDTH
) -> Measured:
    """Send the requests of ``file`` from another process; ``pids`` are those of the server."""
    before = processor_seconds(pids)
    done = subprocess.run(  # noqa: S603 our own module
        [
            sys.executable,
            "-m",
            "hub.ops.bench.load",
            str(file),
            "127.0.0.1",
            str(port),
            str(width),
            str(per_second),
        ],
        capture_output=True,
        check=True,
    )
    spent = processor_seconds(pids) - before
    result = orjson.loads(done.stdout)
    answered = max(result["answered"], 1)
    return Measured(
        per_second=answered / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        cpu_us=spent / answered * 1e6,
        failed=result["failed"],
    )


def processor_seconds(pids: list[int]) -> float:
    """User and system seconds of these processes so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS
