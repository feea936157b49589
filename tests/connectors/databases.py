"""Real database servers for tests: on loopback, in a temporary folder, gone with the test run.

PostgreSQL refuses to run as root; then it runs as the user that owns nothing.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
LOG = "server.log"
NOBODY = 65534
PASSWORD = "not-in-any-argument"
MARIADB = Path("/usr/sbin/mariadbd")


@dataclass(frozen=True)
class Server:
    """A running server: an administrator's address, and the password of every user."""

    url: str
    port: int
    password: str = PASSWORD


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are; the newest of several."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _lowered() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@contextmanager
def postgresql(programs: Path) -> Iterator[Server]:
    """A PostgreSQL with passwords; the administrator is ``postgres``, the database too."""
    # The folders of the test run are its user's alone, and the server may run as another.
    with tempfile.TemporaryDirectory(prefix="yifen-postgresql-") as name:
        folder = Path(name)
        data, secret = folder / "data", folder / "secret"
        secret.write_text(PASSWORD)
        data.mkdir()
        if os.geteuid() == 0:
            folder.chmod(0o711)
            for path in (data, secret):
                os.chown(path, NOBODY, NOBODY)
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256"]
        _run([*_lowered(), *initdb, f"--pwfile={secret}", "-E", "UTF8", "--no-locale", "-N"])
        port = free_port()
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        command = [programs / "postgres", "-D", data, "-p", str(port), *options, "-c", "fsync=off"]
        with _serving([*_lowered(), *command], folder, _says(folder, b"ready to accept conn")):
            yield Server(f"postgresql://postgres@127.0.0.1:{port}/postgres", port)


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """A MariaDB with passwords; the administrator is ``root``, the database does not exist yet."""
    data = folder / "data"
    user = ["--user=root"] if os.geteuid() == 0 else []
    _bootstrap(data, user)
    port = free_port()
    socket_path = data / "s"
    statements = folder / "init.sql"
    statements.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{PASSWORD}';\n")
    command = [
        MARIADB, "--no-defaults", f"--datadir={data}", *user, f"--port={port}",
        "--bind-address=127.0.0.1", f"--socket={socket_path}", f"--init-file={statements}",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
        "--skip-name-resolve=OFF",
    ]  # fmt: skip
    with _serving(command, folder, _accepts(port)):
        yield Server(f"mysql://root@127.0.0.1:{port}/town", port)


def _bootstrap(data: Path, user: Sequence[str]) -> None:
    """What ``mariadb-install-db`` does, which wants programs of the client's package."""
    data.mkdir()
    texts = Path("/usr/share/mysql")
    names = (
        "mysql_system_tables.sql",
        "mysql_performance_tables.sql",
        "mysql_system_tables_data.sql",
    )
    statements = "CREATE DATABASE mysql;\nUSE mysql;\n"
    statements += "SET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n"
    statements += "".join((texts / name).read_text("utf-8") for name in names)
    done = subprocess.run(
        [MARIADB, "--no-defaults", "--bootstrap", f"--datadir={data}", *user],
        input=statements,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _run(command: Sequence[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _says(folder: Path, words: bytes) -> Callable[[], bool]:
    return lambda: words in (folder / LOG).read_bytes()


def _accepts(port: int) -> Callable[[], bool]:
    def ready() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ready


@contextmanager
def _serving(command: Sequence[object], folder: Path, ready: Callable[[], bool]) -> Iterator[None]:
    log = folder / LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd="/",
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE
        while not ready():
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            pause.wait(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
