"""A small scanner for malware, as a process of its own, that speaks clamd's INSTREAM.

    python tests/world/scanner.py SOCKET [found|deaf|mad]

It finds the harmless test string of the trade, also across two pieces; ``deaf`` says nothing,
``mad`` answers what no scanner does. What it was sent is counted in a file beside the socket.
"""

import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIGN = b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$"
PATIENCE = 20.0


class Handler(socketserver.StreamRequestHandler):
    """One connection: a ping, or a stream."""

    mode = "found"

    def handle(self) -> None:
        command = self._until_zero()
        if command == b"zPING":
            self.wfile.write(b"PONG\0")
            return
        assert command == b"zINSTREAM", command
        found, before, count = False, b"", 0
        while length := int.from_bytes(self.rfile.read(4), "big"):
            piece = self.rfile.read(length)
            count += len(piece)
            found = found or SIGN in before + piece
            before = piece[-len(SIGN) :]
        with Path(f"{self.server.server_address}.count").open("a", encoding="ascii") as file:  # type: ignore[str-bytes-safe]
            file.write(f"{count}\n")
        if self.mode == "mad":
            self.wfile.write(b"stream: perhaps\0")
        elif self.mode != "deaf":
            self.wfile.write(b"stream: Eicar-Test FOUND\0" if found else b"stream: OK\0")

    def _until_zero(self) -> bytes:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        return command[:-1]


@contextmanager
def scanning(folder: Path, mode: str = "found") -> Iterator[str]:
    """A scanner that runs until the end of the block; gives its address for the settings."""
    path = folder / f"{mode}.sock"
    command = [sys.executable, __file__, str(path), mode]
    process = subprocess.Popen(command)
    pause = threading.Event()
    try:
        until = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < until:
            assert process.poll() is None
            pause.wait(0.02)
        yield f"unix:{path}"
    finally:
        process.terminate()
        process.wait()


def scanned(address: str) -> list[int]:
    """How many bytes each stream had."""
    counts = Path(address.removeprefix("unix:") + ".count")
    return [int(line) for line in counts.read_text("ascii").split()] if counts.exists() else []


if __name__ == "__main__":
    Handler.mode = sys.argv[2]
    with socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler) as server:
        server.serve_forever()
