"""``hub demo`` as a process: it ends well, twice; nothing is left running or in the clear."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from plaintext import Plaintext, forms, people_of

from hub.ops.city.names import SURNAMES
from hub.ops.demo.cast import gather
from hub.ops.demo.folder import MARKER
from hub.settings import load
from hub.storage.folder import Folder

PATIENCE = 400
CITY = ("--residents", "2000", "--enterprises", "300")
_COMMAND = (sys.executable, "-c", "from hub.cli import main; main()", "demo")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * PATIENCE)]


@dataclass(frozen=True)
class Played:
    """Two demonstrations, one after the other, in one folder."""

    folder: Path
    first: subprocess.CompletedProcess[str]
    first_root: bytes
    second_status: int
    second_out: str
    console_status: int
    port: int


def environment(language: str) -> dict[str, str]:
    return {**os.environ, "YIFEN_LANG": language, "PYTHONUNBUFFERED": "1"}


def begin(folder: Path, *arguments: str, language: str = "en") -> subprocess.Popen[str]:
    """Start a demonstration."""
    return subprocess.Popen(
        [*_COMMAND, "--demo-folder", str(folder), "--port", "0", *CITY, *arguments],
        env=environment(language),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(run: subprocess.Popen[str], words: str) -> str:
    """What it says up to the line with ``words``; all of it if that never comes."""
    lines: list[str] = []
    for line in run.stdout or ():
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


def ended(run: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send a signal; gives the exit status and what was said after it."""
    run.send_signal(number)
    out, _ = run.communicate(timeout=PATIENCE)
    return run.returncode, out


def port_of(folder: Path) -> int:
    origin = load(Folder(folder / "hub").settings).public_origin
    return int(origin.rpartition(":")[2])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demonstration") / "demo"
    first = subprocess.run(
        [*_COMMAND, "--demo-folder", str(folder), "--port", "0", *CITY, "--exit"],
        env=environment("zh"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    first_root = (folder / "hub" / "keys" / "root.pem").read_bytes()
    run = begin(folder)
    try:
        told = read_until(run, "until Ctrl-C")
        port = port_of(folder)
        console = HTTPConnection("127.0.0.1", port, timeout=30)
        console.request("GET", "/sign-in")
        status = console.getresponse().status
        console.close()
        ending, rest = ended(run, signal.SIGTERM)
    finally:
        run.kill()
        run.wait()
    return Played(folder, first, first_root, ending, told + rest, status, port)


@pytest.fixture(scope="module")
def people(played: Played) -> list[str]:
    found = people_of(played.folder / "departments" / "psb" / "data" / "resident.csv")
    assert len(found) > 3000
    return found


@pytest.fixture(scope="module")
def sought(people: list[str]) -> Plaintext:
    return Plaintext(people)


def test_the_story_goes_as_expected(played: Played) -> None:
    assert played.first.returncode == 0, played.first.stdout + played.first.stderr
    assert played.first.stderr == ""
    assert "项预期全部成立" in played.first.stdout


def test_a_second_run_makes_the_folder_anew(played: Played) -> None:
    assert "has been removed" in played.second_out
    assert (played.folder / "hub" / "keys" / "root.pem").read_bytes() != played.first_root


def test_it_goes_on_serving_until_a_signal(played: Played) -> None:
    assert played.console_status == 200
    assert played.second_status == 0, played.second_out
    assert not listens(played.port)


def test_accounts_are_printed_and_kept_for_their_owner_alone(played: Played) -> None:
    file = played.folder / "accounts.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    passwords = [line.split()[1] for line in file.read_text().splitlines() if "-" in line[14:20]]
    assert len(set(passwords)) == len(gather("zh").people)
    assert all(password in played.second_out for password in passwords)


def test_no_resident_stands_in_the_hubs_folder_in_the_clear(
    played: Played, sought: Plaintext
) -> None:
    assert sought.in_folder(played.folder / "hub") == []


def test_one_resident_planted_there_is_found_in_every_form(
    played: Played, people: list[str], sought: Plaintext
) -> None:
    planted = played.folder / "hub" / "staging" / "planted"
    try:
        for value in (people[0], people[-1]):
            patterns = forms(value)
            planted.write_bytes(b"\x00".join([os.urandom(5), *patterns.values(), os.urandom(5)]))
            found = sought.in_folder(played.folder / "hub")
            assert {one.file for one in found} == {"staging/planted"}
            assert {one.form for one in found if one.value == value} == set(patterns)
    finally:
        planted.unlink()


def test_ctrl_c_in_the_midst_leaves_nothing_running(tmp_path: Path) -> None:
    run = begin(tmp_path / "demo")
    try:
        told = read_until(run, "3.1")
        assert "3.1" in told, told
        port = port_of(tmp_path / "demo")
        assert listens(port)
        status, rest = ended(run, signal.SIGINT)
    finally:
        run.kill()
        run.wait()
    assert status == 130, rest
    assert not listens(port)


def test_a_hub_that_ends_by_itself_ends_the_demonstration(
    tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    require(Path("/proc/self/cmdline").exists(), "processes cannot be told apart here")
    run = begin(tmp_path / "demo")
    try:
        read_until(run, "2.4")
        (hub,) = processes_with(str(tmp_path / "demo" / "hub"), "serve")
        os.kill(hub, signal.SIGKILL)
        out, _ = run.communicate(timeout=PATIENCE)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 1, out
    assert "The hub ended by itself" in out


def test_a_folder_that_no_demonstration_made_is_not_touched(tmp_path: Path) -> None:
    kept = tmp_path / "demo" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work")
    run = begin(tmp_path / "demo", "--exit")
    out, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert "--demo-folder" in out
    assert kept.read_text() == "years of work"


def test_a_folder_behind_a_symbolic_link_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / MARKER).touch()
    (tmp_path / "demo").symlink_to(tmp_path / "elsewhere")
    run = begin(tmp_path / "demo", "--exit")
    out, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1, out


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = begin(tmp_path / "demo", "--exit", "--port", port)
        out, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert port in out
    assert not (tmp_path / "demo").exists()


def test_nobody_who_plays_has_the_name_of_a_resident() -> None:
    names = [person.name for person in gather("zh").people]
    assert len(set(names)) == len(names) == 14
    assert not any(name.startswith(SURNAMES) for name in names)


def processes_with(*words: str) -> list[int]:
    """The processes whose command line holds all the words."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if all(word in command for word in words):
                found.append(int(entry.name))
    return found
