"""The command ``hub``."""

import sys

from hub.commands import run


def main() -> None:
    """Run the command line of the hub."""
    sys.exit(run(sys.argv[1:]))
