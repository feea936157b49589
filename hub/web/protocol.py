"""The HTTP parser with a bound on what a request's head may be, before anything is looked at."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers; ours have about 1,000."""
MAX_HEADERS = 100


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request has a head beyond all measure."""

    _head = 0
    _in_head = True
    _heads = 0

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and count while it reads a head."""
        if not self._in_head or self._head + len(data) <= MAX_HEAD:
            self._feed(data)
            return
        # A body may come in one piece with its head: only what can still be head is looked at.
        room, before = MAX_HEAD - self._head, self._heads
        self._feed(data[:room])
        if self._heads == before:
            self.transport.close()
        if not self.transport.is_closing():
            self.data_received(data[room:])

    def _feed(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has ended; the application checks the number of headers."""
        self._in_head = False
        self._head = 0
        self._heads += 1
        super().on_headers_complete()
