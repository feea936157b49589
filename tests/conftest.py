"""What every test stands on: no network, a clean environment, and nothing skipped in silence."""

import gc
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from world.serving import Served
    from world.town import Town, World

ROOT = Path(__file__).resolve().parent.parent
REQUIRE = "YIFEN_REQUIRE"
COLLECT_AFTER = 50_000
"""Objects made before the collector looks at the youngest, as in a hub's worker."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

# ``world`` is shared by tests of several folders; test folders themselves are no packages.
sys.path.insert(0, str(ROOT / "tests"))


class NetworkDeniedError(RuntimeError):
    """A test reached for something beyond this machine."""


def pytest_configure() -> None:
    """Close the way out and clean the environment, also for the processes that tests start."""
    for name in list(os.environ):
        ours = name.startswith("YIFEN_") and name != REQUIRE
        if ours or name.lower() in _PROXIES:
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores it, and so would every command that a test interrupts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _close_the_way_out()


def pytest_collection_finish() -> None:
    """Let the collector pass by what stays to the end: it took half of the time of some tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)


def _is_near(host: object) -> bool:
    """Whether a host is this machine: loopback, or the name that always means it."""
    if host in {None, "", "localhost"}:
        return True
    try:
        return ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _check(address: object) -> None:
    # A path, or anything else that is no pair, is a socket of this machine.
    if isinstance(address, tuple) and not _is_near(address[0]):
        raise NetworkDeniedError(f"a test reached for {address[0]!r}")


def _close_the_way_out() -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto, resolve = socket.socket.sendto, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        _check(address)
        connect(self, address)  # type: ignore[arg-type]

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _check(address)
        return connect_ex(self, address)  # type: ignore[arg-type]

    def guarded_sendto(self: socket.socket, *arguments: object) -> int:
        _check(arguments[-1])
        return sendto(self, *arguments)  # type: ignore[call-overload, no-any-return]

    def guarded_resolve(host: object, *arguments: object, **named: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        _check((name,))
        return resolve(host, *arguments, **named)  # type: ignore[arg-type]

    for name, guard in (
        ("connect", guarded_connect),
        ("connect_ex", guarded_connect_ex),
        ("sendto", guarded_sendto),
    ):
        setattr(socket.socket, name, guard)
    socket.getaddrinfo = guarded_resolve  # type: ignore[assignment]


def require(present: object, reason: str) -> None:
    """Skip, with the reason, where something is lacking; fail under ``YIFEN_REQUIRE=all``."""
    if present:
        return
    if os.environ.get(REQUIRE) == "all":
        pytest.fail(f"required: {reason}")
    pytest.skip(reason)


@pytest.fixture(name="require", scope="session")
def require_fixture() -> Callable[[object, str], None]:
    """``require`` for tests."""
    return require


@pytest.fixture(scope="session")
def shared() -> Path:
    """Published vectors and data, which stand beside the project and not in it."""
    folder = ROOT.parent / "shared"
    require(folder.is_dir(), f"published vectors and data are absent: {folder}")
    return folder


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """The folder of published test vectors."""
    folder = shared / "vectors"
    require(folder.is_dir(), f"published vectors are absent: {folder}")
    return folder


@pytest.fixture
def command(require: Callable[[object, str], None]) -> Callable[[str], str]:
    """The path of a program on this machine."""

    def find(name: str) -> str:
        path = shutil.which(name)
        require(path, f"{name} is not installed")
        return path or ""

    return find


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> "Town":
    """A town that stands still in ``world.NOW``; copy it before use."""
    from world.town import found_town  # noqa: PLC0415 the path to it is set above

    return found_town(tmp_path_factory.mktemp("town") / "hub")


@pytest.fixture
def world(town: "Town", tmp_path: Path) -> Iterator["World"]:
    """A world of one's own, in-process, with a clock to move."""
    from world.town import open_world  # noqa: PLC0415

    with open_world(town, tmp_path / "hub") as opened:
        yield opened


@pytest.fixture(scope="session")
def town_today(tmp_path_factory: pytest.TempPathFactory) -> "Town":
    """A town of today, for hubs that run by this machine's clock."""
    from world.town import found_town  # noqa: PLC0415

    now = time.time_ns() // 1_000_000
    return found_town(tmp_path_factory.mktemp("town-today") / "hub", now)


@pytest.fixture
def served(town_today: "Town", tmp_path: Path) -> Iterator["Served"]:
    """A hub that serves on loopback as a process of its own."""
    from world.serving import serving  # noqa: PLC0415

    with serving(town_today, tmp_path / "hub") as hub:
        yield hub
