"""The hub of the bench as a process: ``python -m hub.ops.bench.server FOLDER ACCOUNT``."""

import sys
from pathlib import Path

from hub.ops.bench.account import keep_account
from hub.web.serve import serve


def main() -> None:
    """Serve as ``hub serve`` does, with the ledger's processor time told in a file."""
    _, folder, file = sys.argv
    keep_account(Path(file))
    serve(Path(folder))


if __name__ == "__main__":
    main()
