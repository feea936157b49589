"""50 MiB through the console in and out with less than 32 MiB above idle; cut off, nothing is left.

The hub is a process of its own; the browser is one that sends and reads piece by piece.
"""

import html
import re
import socket
import time
from contextlib import closing, suppress
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.parse import urlencode

import pytest
from world import papers
from world.filing import HOLDER, LEASE, terms_of
from world.on_record import ON_RECORD
from world.scanning import OFFICER, enrol
from world.serving import Served
from world.town import ADMINISTRATOR, PURPOSE

from catalog.materials import source
from hub.access import grants
from hub.catalogue import datasets
from hub.runtime import open_hub
from hub.storage.sqlite import connect

MIB = 1 << 20
SIZE, ALLOWED = 50 * MIB, 32 * MIB
BOUNDARY = "----yifen"
SAME = {"connection": "close", "sec-fetch-site": "same-origin"}
PATIENCE = 60.0


def status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


class Browser:
    """An officer's browser that never has a whole file in its memory."""

    def __init__(self, served: Served, session: str) -> None:
        self._served = served
        self._cookie = f"__Host-yifen={session}"
        self.token = value("form", self.text(self._open("GET", "/materials/new", None, {})))

    def post(self, path: str, fields: dict[str, str]) -> HTTPResponse:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._open("POST", path, urlencode(fields).encode(), kind)

    def upload(self, data: bytes) -> HTTPResponse:
        body = head(self.token) + data + tail()
        return self._open(
            "POST",
            "/materials/new",
            body,
            {"content-type": f"multipart/form-data; boundary={BOUNDARY}"},
        )

    def raw(self, length: int) -> socket.socket:
        """A connection on which an upload of so many bytes has begun."""
        opened = socket.create_connection(("127.0.0.1", self._served.port), timeout=PATIENCE)
        lines = [
            "POST /materials/new HTTP/1.1",
            "host: x",
            f"cookie: {self._cookie}",
            "sec-fetch-site: same-origin",
            f"content-type: multipart/form-data; boundary={BOUNDARY}",
            f"content-length: {length}",
        ]
        opened.sendall("\r\n".join([*lines, "", ""]).encode())
        return opened

    def text(self, answer: HTTPResponse) -> str:
        with closing(answer):
            return answer.read().decode()

    def _open(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self._served.port, timeout=PATIENCE)
        connection.request(method, path, body, {**SAME, "cookie": self._cookie, **headers})
        return connection.getresponse()


def head(token: str) -> bytes:
    fields = {"form": token, "dataset": LEASE, "holder": HOLDER}
    parts = [
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{said}\r\n'
        for name, said in fields.items()
    ]
    file = 'content-disposition: form-data; name="file"; filename="a.pdf"'
    return ("".join(parts) + f"--{BOUNDARY}\r\n{file}\r\n\r\n").encode()


def tail() -> bytes:
    return f"\r\n--{BOUNDARY}--\r\n".encode()


def value(name: str, page: str, at: int = 0) -> str:
    found = re.findall(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return html.unescape(found[at])


@pytest.fixture
def browser(served: Served) -> Browser:
    hub = open_hub(served.folder)
    try:
        datasets.register(hub.changes, ADMINISTRATOR, "mrb", source(LEASE), ON_RECORD)
        terms = terms_of(served.town.founded, channels={"console", "connector"})
        grants.issue(hub.changes, ADMINISTRATOR, terms)
        enrol(hub, OFFICER, "沈月", "nrb", "officer")
        session = hub.sessions.issue(OFFICER).token
    finally:
        hub.close()
    return Browser(served, session)


def opened(browser: Browser, number: str) -> HTTPResponse:
    """A material's file on its way, through the pages."""
    asked = {"dataset": LEASE, "subject": HOLDER, "purpose": PURPOSE, "case": "A-1", "seed": number}
    page = browser.text(
        browser.post("/materials/view", {"form": browser.token, "material": number, **asked})
    )
    sent = {name: value(name, page) for name in ("request", "result")}
    answer = browser.post("/materials/file", {"form": browser.token, **sent})
    assert answer.status == 200
    return answer


def fetched(browser: Browser, number: str) -> str:
    """The digest of a file that came whole."""
    answer, whole = opened(browser, number), sha256()
    with closing(answer):
        while piece := answer.read(65536):
            whole.update(piece)
    return whole.hexdigest()


def filed(browser: Browser, data: bytes) -> str:
    page = browser.text(browser.upload(data))
    found = re.search(r"m-[0-9a-f]{32}", page)
    assert found is not None, page
    return found[0]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_50_mib_through_the_console_with_less_than_32_mib_above_idle(
    served: Served, browser: Browser
) -> None:
    pid = served.process.pid
    # What is loaded with the first scan of all belongs to idle.
    fetched(browser, filed(browser, papers.pdf()))
    idle = status(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    large = papers.pdf(size=SIZE)
    number = filed(browser, large)
    filing = status(pid, "VmHWM") - idle
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    assert fetched(browser, number) == sha256(large).hexdigest()
    viewing = status(pid, "VmHWM") - idle
    print({"filing": filing / MIB, "viewing": viewing / MIB})  # noqa: T201 the figure
    assert filing < ALLOWED
    assert viewing < ALLOWED


def test_a_file_on_its_way_ends_with_its_grant(served: Served, browser: Browser) -> None:
    answer = opened(browser, filed(browser, papers.pdf(size=SIZE)))
    got = len(answer.read(65536))
    hub = open_hub(served.folder)
    try:
        found = grants.listing(hub.reading, department="nrb")
        [grant] = [one for one in found if one.dataset == LEASE]
        grants.set_status(hub.changes, ADMINISTRATOR, grant.id, "revoked")
    finally:
        hub.close()
    with closing(answer), suppress(IncompleteRead):
        while piece := answer.read(65536):
            got += len(piece)
    assert got < SIZE


def pieces(served: Served) -> list[Path]:
    root = served.folder / "objects"
    return [path for path in root.rglob("*") if path.is_file()] if root.exists() else []


def until(served: Served, *, some: bool) -> None:
    """Wait until there are pieces of an upload, or none."""
    ends = time.monotonic() + PATIENCE
    while bool(pieces(served)) != some:
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["hung up", "ended without its end", "went on after it"])
def test_attack_an_upload_that_is_cut_off_in_the_middle(
    served: Served, browser: Browser, how: str
) -> None:
    data = papers.pdf(size=4 * MIB)
    begun = head(browser.token) + data
    more = {"hung up": MIB, "ended without its end": 0, "went on after it": 12}[how]
    with browser.raw(len(begun) + more) as connection:
        connection.sendall(begun[: 3 * MIB])
        # It is on its way: sealed pieces lie in the store.
        until(served, some=True)
        if how != "hung up":
            connection.sendall(begun[3 * MIB :] + b"x" * more)
            assert connection.recv(65536).startswith(b"HTTP/1.1 422 ")
    until(served, some=False)
    database = connect(served.folder / "control.db")
    try:
        found = database.execute("SELECT state, material FROM material_uploads").fetchall()
    finally:
        database.close()
    assert found == [("given-up", None)]
