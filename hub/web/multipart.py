"""A form with one file in it, read as it comes: nothing is kept here, least of all on disk.

    1 head      sent by a page of ours, with a boundary, and not longer than may be
    2 secret    the first part is the session's own token; before it nothing else is looked at
    3 fields    few and short
    4 file      the last part, handed on as it comes, up to the limit
    5 end       the closing boundary; without it the body was cut off, and the file is none

Starlette's own parser would spool a file to the temporary folder, in the clear.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import NamedTuple, TypeAlias, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser
from starlette.requests import Request

from hub.errors import TooLarge, Unprocessable

FILE_FIELD = "file"
MAX_PARTS = 40
"""Our longest form has a dozen fields."""
MAX_HEADERS, MAX_HEADER = 2, 2048
"""Of one part: its disposition and its type; a name of a file has at most 255 characters."""
MAX_FIELD = 4096
"""Bytes of one field's value; the longest of ours has 200 characters."""
AROUND = 64 * 1024
"""Bytes of a body that are not the file's: fields, headers, boundaries."""
_TYPE = re.compile(
    r"multipart/form-data;\s*boundary=(?:\"([A-Za-z0-9'()+_,./:=? -]{1,70})\""
    r"|([A-Za-z0-9'()+_,./:=?-]{1,70}))\Z"
)
_DISPOSITION = re.compile(
    rb"form-data; name=\"([^\"\r\n]{1,64})\"(?:; filename=\"([^\"\r\n]{0,1800})\")?\Z"
)
"""As browsers write it (HTML Standard, *multipart/form-data encoding algorithm*)."""
_ESCAPED = {"%0A": "\n", "%0D": "\r", "%22": '"'}
_HEADERS = frozenset({b"content-disposition", b"content-type"})
_Receive: TypeAlias = "Callable[[], Awaitable[MutableMapping[str, object]]]"


class Head(NamedTuple):
    """A part begins; ``file`` is the name of a file, None for a field."""

    name: str
    file: str | None


class _Mark(NamedTuple):
    what: str


_PART_END, _END = _Mark("part"), _Mark("end")
_Event: TypeAlias = "Head | bytes | _Mark"


class Upload:
    """A form whose file has not been read yet; its fields have."""

    def __init__(self, body: "_Body", fields: list[tuple[str, str]], file: str, limit: int) -> None:
        self.fields = fields
        self.file_name = file
        self._body = body
        self._limit = limit

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file as it comes, once; what was given is whole only when this has ended.

        Raises ``Unprocessable``: ``file-too-large``, ``cut-off``, ``form``.
        """
        size = 0
        while (event := await self._body.next()) != _PART_END:
            data = cast("bytes", event)
            size += len(data)
            if size > self._limit:
                raise Unprocessable(why="file-too-large")
            yield data
        if await self._body.next() != _END:
            raise Unprocessable(why="form")
        await self._body.drain()


async def read_upload(request: Request, *, limit: int, check: Callable[[str, str], None]) -> Upload:
    """The fields of a form, up to where its file begins; ``limit`` is in bytes of the file.

    ``check`` is called with name and value of the first field, before anything else is looked at,
    and raises unless it is the session's secret. Raises ``Unprocessable`` or ``TooLarge``.
    """
    # 1 head
    match = _TYPE.match(request.headers.get("content-type", ""))
    if match is None:
        raise Unprocessable(why="form")
    said = request.headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit()) or int(said[:15]) > limit + AROUND:
        raise TooLarge
    body = _Body(request.receive, (match[1] or match[2]).encode("ascii"))
    fields: list[tuple[str, str]] = []
    while True:
        head = await body.next()
        if head == _END:
            raise Unprocessable(why="file-missing")
        head = cast("Head", head)
        if head.file is not None:
            # 4 file: whoever put it before the secret is no page of ours
            if head.name != FILE_FIELD or not fields:
                raise Unprocessable(why="form")
            return Upload(body, fields, head.file, limit)
        value = await _field(body)
        if not fields:
            # 2 secret
            check(head.name, value)
        # 3 fields
        if any(name == head.name for name, _ in fields):
            raise Unprocessable(why="form")
        fields.append((head.name, value))


async def _field(body: "_Body") -> str:
    value = b""
    while (event := await body.next()) != _PART_END:
        value += cast("bytes", event)
        if len(value) > MAX_FIELD:
            raise Unprocessable(why="form")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unprocessable(why="form") from error


class _Body:
    """The body of a request as events; all of it but what is in its parts is bounded here."""

    def __init__(self, receive: _Receive, boundary: bytes) -> None:
        self._receive = receive
        self._around = 0
        self._more = True
        self._told: deque[_Event] = deque()
        self._parts = self._handed = 0
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": lambda: self._told.append(_PART_END),
                "on_end": lambda: self._told.append(_END),
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    async def next(self) -> _Event:
        """What comes next; raises ``Unprocessable`` (``cut-off``, ``form``) or ``TooLarge``."""
        while not self._told:
            await self._feed()
        return self._told.popleft()

    async def drain(self) -> None:
        """Read what a sender may still put after the end: a line or two."""
        while self._more:
            await self._feed()

    async def _feed(self) -> None:
        if not self._more:
            raise Unprocessable(why="cut-off")
        event = await self._receive()
        if event["type"] != "http.request":
            raise Unprocessable(why="cut-off")
        self._more = bool(event.get("more_body"))
        data = cast("bytes", event.get("body", b""))
        self._handed = 0
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Unprocessable(why="form") from error
        self._around += len(data) - self._handed
        if self._around > AROUND:
            raise TooLarge

    def _on_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Unprocessable(why="form")
        self._headers = {}
        self._header = self._value = b""

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        name = self._header.lower()
        if name not in _HEADERS or name in self._headers:
            raise Unprocessable(why="form")
        self._headers[name] = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        match = _DISPOSITION.match(self._headers.get(b"content-disposition", b""))
        if match is None:
            raise Unprocessable(why="form")
        file = None if match[2] is None else _text(match[2])
        self._told.append(Head(_text(match[1]), file))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._told.append(data[start:end])
        self._handed += end - start


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unprocessable(why="form") from error
    for escaped, meant in _ESCAPED.items():
        text = text.replace(escaped, meant)
    return text
