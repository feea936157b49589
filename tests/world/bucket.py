"""A real S3 server on loopback, for as long as a block lasts; ended by its own process id."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager, Retry
from urllib3.exceptions import HTTPError

from world.serving import free_port

PATIENCE = 60.0
ACCESS, SECRET = "trial-access", "trial-secret-0123456789"
NAME = "yifen-trial"


@dataclass(frozen=True)
class Bucket:
    """An empty bucket, and the file of its credentials."""

    endpoint: str
    credentials: Path
    data: Path
    """Where the server keeps what it was given."""

    def settings(self) -> str:
        """What a hub's settings say of it."""
        return (
            f'\n[materials.bucket]\nendpoint = "{self.endpoint}"\nname = "{NAME}"\n'
            f'credentials = "{self.credentials}"\n'
        )

    def client(self) -> Minio:
        return _client(self.endpoint)

    def names(self) -> list[str]:
        found = self.client().list_objects(NAME, recursive=True)
        return sorted(str(one.object_name) for one in found)


@contextmanager
def serving_bucket() -> Iterator[Bucket]:
    """Start SeaweedFS as ``parts.md`` says: on loopback only, without telemetry."""
    program = shutil.which("weed") or str(Path(sys.executable).parent / "weed")
    folder = Path(tempfile.mkdtemp(prefix="yifen-s3-"))
    ports = [_low_port() for _ in range(4)]
    names = ("s3.port", "filer.port", "master.port", "volume.port")
    options = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    data = folder / "data"
    data.mkdir()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                program,
                "mini",
                f"-dir={data}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-master.telemetry=false",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-webdav=false",
                "-admin.ui=false",
                *options,
            ],
            env={
                **os.environ,
                "AWS_ACCESS_KEY_ID": ACCESS,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "TMPDIR": str(folder),
            },
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    endpoint = f"http://127.0.0.1:{ports[0]}"
    try:
        _until_ready(endpoint, server, folder / "log")
        credentials = folder / "credentials.toml"
        credentials.write_text(
            f'access_key = "{ACCESS}"\nsecret_key = "{SECRET}"\n', encoding="utf-8"
        )
        credentials.chmod(0o600)
        yield Bucket(endpoint, credentials, data)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _client(endpoint: str) -> Minio:
    pool = PoolManager(retries=Retry(0), timeout=5.0)
    address = endpoint.removeprefix("http://")
    return Minio(
        address,
        access_key=ACCESS,
        secret_key=SECRET,
        secure=False,
        region="us-east-1",
        http_client=pool,
    )


def _low_port() -> int:
    """A free port that has a free one ten thousand above it: the server takes both."""
    while True:
        port = free_port()
        if port < 55_000:
            return port


def _until_ready(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    client, pause = _client(endpoint), threading.Event()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.make_bucket(NAME)
        except (MinioException, HTTPError, OSError):
            pause.wait(0.2)
        else:
            return
    raise AssertionError(log.read_text("utf-8", "replace")[-4000:])
