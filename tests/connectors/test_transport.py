"""The connection trusts nobody on the way: no redirects, no codings, no endless answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from certs.keys import generate
from certs.signatures import Message, verify_request
from connectors.errors import HubUnintelligible, HubUnreachable
from connectors.transport import MAX_ANSWER, Transport

if TYPE_CHECKING:
    from conftest import Time


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says, over a real socket."""

    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.path, headers, body))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("location", "/elsewhere")
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/coded":
            self.send_header("content-encoding", "gzip")
        self.send_header("set-cookie", "session=1")
        self.send_header("content-type", "application/json; charset=utf-8")
        size = MAX_ANSWER + 1 if self.path == "/endless" else 2
        if self.path == "/cut":
            self.send_header("content-length", "100")
        elif self.path != "/endless":
            self.send_header("content-length", "2")
        self.end_headers()
        with_contents = b"{}" if size == 2 else b" " * size
        try:
            self.wfile.write(with_contents)
        except OSError:
            self.close_connection = True


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address() -> Iterator[str]:
    Handler.seen.clear()
    with served() as found:
        yield found


@pytest.fixture
def transport(address: str, clock: "Time") -> Iterator[Transport]:
    with Transport(address, clock) as opened:
        yield opened


def test_signed_request_verifies_at_the_other_end(
    address: str, transport: Transport, clock: "Time"
) -> None:
    key = generate()
    prepared = transport.sign(key, "kid", "POST", "/v1/x", b'{"a":1}')
    answer = transport.send(prepared)
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b"{}")
    path, headers, body = Handler.seen[0]
    signed = verify_request(
        Message("POST", address + path, headers), body, key_of=lambda _: key.public, now=clock()
    )
    assert signed.digest == prepared.signed.digest


def test_environment_proxy_is_not_used(
    monkeypatch: pytest.MonkeyPatch, address: str, clock: "Time"
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Transport(address, clock) as transport:
        assert transport.get("/x").status == 200


def test_redirect_is_not_followed(transport: Transport) -> None:
    assert transport.get("/redirect").status == 302
    assert [path for path, _, _ in Handler.seen] == ["/redirect"]


def test_content_coding_is_refused(transport: Transport) -> None:
    with pytest.raises(HubUnintelligible) as refused:
        transport.get("/coded")
    assert refused.value.facts["why"] == "content-coding"
    assert Handler.seen[0][1]["accept-encoding"] == "identity"


def test_endless_answer_is_cut_off(transport: Transport) -> None:
    with pytest.raises(HubUnintelligible) as refused:
        transport.get("/endless")
    assert refused.value.facts["why"] == "too-large"


def test_cookies_do_not_ride_along(transport: Transport) -> None:
    transport.get("/x")
    transport.get("/x")
    assert "cookie" not in Handler.seen[1][1]


def test_nobody_there(clock: "Time") -> None:
    with served() as address:
        pass
    with Transport(address, clock) as transport, pytest.raises(HubUnreachable):
        transport.get("/x")


def test_answer_cut_off(transport: Transport) -> None:
    with pytest.raises(HubUnreachable):
        transport.get("/cut")
