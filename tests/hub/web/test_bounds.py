"""What comes in has bounds before anything else is looked at."""

import socket

from world.serving import Served
from world.town import World

from hub.web.protocol import MAX_HEAD, MAX_HEADERS


def raw(served: Served, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        received = b""
        try:
            connection.sendall(request)
            while data := connection.recv(65536):
                received += data
        except ConnectionError:
            return received
        return received


def test_a_request_of_many_headers_is_refused(served: Served) -> None:
    headers = b"a: b\r\n" * (MAX_HEADERS + 1)
    answer = raw(
        served, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + headers + b"\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"too-many-headers" in answer


def test_a_head_beyond_all_measure_ends_the_connection(served: Served) -> None:
    headers = b"a: " + b"x" * MAX_HEAD + b"\r\n"
    assert raw(served, b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n") == b""
    assert served.http("GET", "/healthz").status == 200


def test_a_head_that_never_ends_is_not_kept(served: Served) -> None:
    endless = b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * (MAX_HEAD // 3)
    assert raw(served, endless) == b""


def test_a_long_body_that_comes_at_once_with_its_head_is_not_a_long_head(served: Served) -> None:
    for size in (MAX_HEAD - 100, MAX_HEAD + 1, 3 * MAX_HEAD):
        sent = served.gateway("psb").sign("PUT", "/v1/publications/p-1/chunks/0", b"x" * size)
        headers = sent.message.headers | {"connection": "close", "content-length": f"{size}"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"PUT {sent.path} HTTP/1.1\r\nhost: x\r\n{lines}\r\n".encode()
        # Twice in one piece, as a proxy may send them.
        assert raw(served, head + sent.body).startswith(b"HTTP/1.1 404 ")
        both = head.replace(b"connection: close\r\n", b"") + sent.body + head + sent.body
        assert raw(served, both).count(b"HTTP/1.1 4") == 2


def test_many_requests_on_one_connection_are_not_one_long_head(served: Served) -> None:
    connection = served.connect()
    padding = {"x-padding": "x" * (MAX_HEAD // 4)}
    for _ in range(8):
        assert served.http("GET", "/healthz", padding, connection=connection).status == 200
    connection.close()


def test_no_answer_repeats_the_host_that_was_named(world: World) -> None:
    answer = world.http("GET", "/v1/departments/", {"host": "evil.example"})
    assert answer.status == 404
    assert "location" not in answer.headers
