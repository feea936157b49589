"""A form with a file, as hostile as it comes: bounded, checked in its order, or refused."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import Request

from certs.errors import YifenError
from hub.errors import Forbidden, TooLarge, Unprocessable
from hub.web.multipart import AROUND, MAX_FIELD, MAX_HEADER, MAX_PARTS, read_upload

BOUNDARY = b"----x"
LIMIT = 1 << 20
TYPE = "multipart/form-data; boundary=----x"


def part(name: str, value: bytes, file: str | None = None, more: bytes = b"") -> bytes:
    what = f'; filename="{file}"' if file is not None else ""
    head = f'content-disposition: form-data; name="{name}"{what}\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + more + b"\r\n" + value + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"
TOKEN = part("form", b"secret")
FILE = part("file", b"data", "a.pdf")


class Sent:
    """A request that counts what was read of it."""

    def __init__(self, chunks: Iterable[bytes], content_type: str, length: str | None) -> None:
        self._chunks = iter(chunks)
        self.read = 0
        headers = [(b"content-type", content_type.encode())]
        if length is not None:
            headers.append((b"content-length", length.encode()))
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        self.request = Request(scope, self._receive)

    async def _receive(self) -> dict[str, object]:
        chunk = next(self._chunks, None)
        if chunk is None:
            return {"type": "http.disconnect"}
        self.read += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": chunk != LAST}


LAST = b""
"""The event that ends a body; without it the sender has gone."""


def received(
    *chunks: bytes, content_type: str = TYPE, length: str | None = None, limit: int = LIMIT
) -> tuple[list[tuple[str, str]], str, bytes]:
    """Fields, name and content of what came whole."""

    def check(name: str, value: str) -> None:
        if (name, value) != ("form", "secret"):
            raise Forbidden

    async def whole() -> tuple[list[tuple[str, str]], str, bytes]:
        sent = Sent(chunks, content_type, length)
        upload = await read_upload(sent.request, limit=limit, check=check)
        data = b"".join([chunk async for chunk in upload.chunks()])
        return upload.fields, upload.file_name, data

    return asyncio.run(whole())


def refusal(*chunks: bytes, content_type: str = TYPE, length: str | None = None) -> YifenError:
    with pytest.raises(YifenError) as caught:
        received(*chunks, content_type=content_type, length=length)
    return caught.value


def why(*chunks: bytes, content_type: str = TYPE) -> object:
    error = refusal(*chunks, content_type=content_type)
    assert isinstance(error, Unprocessable), error
    return error.facts["why"]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 10_000])
def test_a_form_is_read_however_it_is_cut(step: int) -> None:
    data = b"%PDF-\r\n-----x\r\n--" + BOUNDARY + b"no boundary\r\n" * 3
    whole = TOKEN + part("title", "租赁".encode()) + part("file", data, "%22合同%22.pdf") + END
    chunks = [whole[at : at + step] for at in range(0, len(whole), step)]
    fields, name, got = received(*chunks, LAST)
    assert fields == [("form", "secret"), ("title", "租赁")]
    assert name == '"合同".pdf'
    assert got == data


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\r\nb"',
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/mixed; boundary=----x",
        "text/plain",
        "",
    ],
)
def test_attack_a_body_without_a_boundary(content_type: str) -> None:
    assert why(TOKEN + FILE + END, LAST, content_type=content_type) == "form"


def test_attack_a_file_before_the_secret() -> None:
    assert why(FILE + TOKEN + END, LAST) == "form"
    assert why(FILE + END, LAST) == "form"


@pytest.mark.parametrize("first", [part("title", b"secret"), part("form", b"guessed")])
def test_attack_a_field_before_the_secret_or_a_wrong_one(first: bytes) -> None:
    assert isinstance(refusal(first + TOKEN + FILE + END, LAST), Forbidden)


def test_attack_nothing_is_read_on_once_the_secret_is_wrong() -> None:
    sent = Sent([part("form", b"guessed") + FILE[:10], FILE[10:], END, LAST], TYPE, None)

    def check(*_: str) -> None:
        raise Forbidden

    with pytest.raises(Forbidden):
        asyncio.run(read_upload(sent.request, limit=LIMIT, check=check))
    assert sent.read == len(part("form", b"guessed") + FILE[:10])


def test_attack_ten_thousand_parts() -> None:
    many = b"".join(part(f"f{number}", b"") for number in range(10_000))
    assert why(TOKEN + many + FILE + END, LAST) == "form"
    assert why(TOKEN + b"".join(part(f"f{n}", b"") for n in range(MAX_PARTS)), LAST) == "form"
    # Also one of them at a time.
    assert why(TOKEN, *(part(f"f{number}", b"") for number in range(10_000)), LAST) == "form"


def test_attack_a_field_twice() -> None:
    assert why(TOKEN + part("title", b"a") + part("title", b"b") + FILE + END, LAST) == "form"
    assert why(TOKEN + TOKEN + FILE + END, LAST) == "form"


def test_attack_a_header_that_does_not_end() -> None:
    begun = TOKEN + b"--" + BOUNDARY + b"\r\ncontent-type: "
    assert why(begun + b"x" * (MAX_HEADER + 1), LAST) == "form"
    assert why(begun, *[b"x" * 100] * 100, LAST) == "form"
    assert why(TOKEN + b"--" + BOUNDARY + b"\r\n" + b"a" * 5000, LAST) == "form"


def test_attack_many_headers_and_strange_ones() -> None:
    for more in (
        b"content-type: a\r\nx: y\r\n",
        b"content-transfer-encoding: base64\r\n",
        b'content-disposition: form-data; name="b"\r\n',
        b"content-type: a\r\n" * 1000,
    ):
        assert why(TOKEN + part("file", b"x", "a", more) + END, LAST) == "form"


@pytest.mark.parametrize(
    "disposition",
    [
        b"form-data",
        b'attachment; name="file"; filename="a"',
        b"form-data; name=file; filename=a",
        b"form-data; name=\"file\"; filename*=utf-8''a",
        b'form-data; name="file"; filename="a"; filename="b"',
        b'form-data; name="file"; filename="\xff"',
        b'form-data; name="other"; filename="a"',
    ],
)
def test_attack_a_disposition_that_no_browser_writes(disposition: bytes) -> None:
    head = b"--" + BOUNDARY + b"\r\ncontent-disposition: " + disposition + b"\r\n\r\n"
    assert why(TOKEN + head + b"x\r\n" + END, LAST) == "form"


def test_attack_two_files_or_a_field_after_the_file() -> None:
    assert why(TOKEN + FILE + FILE + END, LAST) == "form"
    assert why(TOKEN + FILE + part("title", b"a") + END, LAST) == "form"


@pytest.mark.parametrize("cut", range(1, len(TOKEN + FILE + END) - 2, 5))
def test_attack_a_body_that_is_cut_off_anywhere(cut: int) -> None:
    whole = TOKEN + FILE + END
    assert why(whole[:cut]) in {"cut-off", "form"}
    assert why(whole[:cut], LAST) in {"cut-off", "form"}


def test_a_form_without_a_file() -> None:
    assert why(TOKEN + END, LAST) == "file-missing"
    assert why(b"--" + BOUNDARY + b"--\r\n", LAST) == "file-missing"


def test_attack_a_field_beyond_its_length_or_no_text() -> None:
    assert why(TOKEN + part("title", b"x" * (MAX_FIELD + 1)) + FILE + END, LAST) == "form"
    begun = part("title", b"x")[:-2]
    assert why(TOKEN + begun, *[b"x" * 1000] * 50, LAST) == "form"
    assert why(TOKEN + part("title", b"\xff") + FILE + END, LAST) == "form"


def test_attack_a_file_beyond_the_limit() -> None:
    begun = TOKEN + FILE[:-2]
    assert why(begun, *[b"x" * 65536] * 17, LAST) == "file-too-large"
    assert isinstance(refusal(TOKEN, length=str(LIMIT + AROUND + 1)), TooLarge)
    assert isinstance(refusal(TOKEN, length="9" * 400), TooLarge)
    assert isinstance(refusal(TOKEN, length="-1"), TooLarge)
    assert received(TOKEN + part("file", b"x" * LIMIT, "a") + END, LAST)[2] == b"x" * LIMIT


@pytest.mark.parametrize("where", ["before", "after"])
def test_attack_a_long_text_around_the_parts(where: str) -> None:
    filler = [b"\r\n" + b"x" * 65534] * 4
    if where == "before":
        assert isinstance(refusal(*filler, TOKEN + FILE + END, LAST), TooLarge | Unprocessable)
    else:
        assert isinstance(refusal(TOKEN + FILE + END, *filler, LAST), TooLarge)
