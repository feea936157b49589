"""The hub of the bench as a process: ``python -m hub.ops.bench.server FOLDER``."""

import sys
from pathlib import Path

from hub.web.serve import serve


def main() -> None:
    """Serve as ``hub serve`` does."""
    serve(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
