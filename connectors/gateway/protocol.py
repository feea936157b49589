"""The HTTP parser with a bound on what a request's head may be, before anything is looked at."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 16 * 1024
"""Bytes of a request's line and headers; a calling system's have some hundred."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request has a head beyond all measure."""

    _head = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and count while it reads a head."""
        if self._in_head:
            # What has come with it of the body counts too, so one piece more is let through.
            if self._head > MAX_HEAD:
                self.transport.close()
                return
            self._head += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._in_head = False
        self._head = 0
        super().on_headers_complete()
