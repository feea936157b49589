"""The command ``hub``."""

from hub.commands import hub


def main() -> None:
    """Run the command line of the hub."""
    hub(prog_name="hub")
