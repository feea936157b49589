"""``python -m connectors`` is the command ``connector``."""

from connectors.cli import main

main()
