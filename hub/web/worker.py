"""One of several serving processes: ``python -m hub.web.worker FOLDER SOCKET NUMBER``."""

import socket
import sys
from pathlib import Path

from hub.web.serve import run_worker


def main() -> None:
    """Serve on the inherited socket; the first worker recovers what was cut off."""
    _, folder, descriptor, number = sys.argv
    run_worker(Path(folder), socket.socket(fileno=int(descriptor)), recover=number == "0")


if __name__ == "__main__":
    main()
