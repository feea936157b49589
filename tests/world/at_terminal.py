"""``hub`` as people use it: each command a process of its own, signed in to a serving hub."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.ledger.change import OPERATOR
from hub.people import accounts
from hub.people.passwords import hash_password
from hub.runtime import open_hub
from world.serving import Served, environment
from world.town import PASSWORD

COMMAND = "from hub.cli import main; main()"
Ended = subprocess.CompletedProcess[str]


@dataclass
class Terminal:
    """A shell in which several people have an account; each keeps a session of its own."""

    served: Served
    folder: Path
    """Their sessions, and the file with the password that all of them have."""

    def enrol(self, account: str, department: str, role: str) -> None:
        """Somebody else who may sign in."""
        inside = open_hub(self.served.folder)
        hashed = hash_password(PASSWORD, "nobody")
        accounts.enrol(inside.changes, OPERATOR, account, account, department, [role], hashed)
        inside.close()

    def run(self, who: str, *arguments: str) -> Ended:
        """Run a command as ``who``, who is signed in first if that was not done before."""
        password, session = self.folder / "password", self.folder / f"{who}.session"
        password.write_text(f"{PASSWORD}\n")
        options = ["--folder", str(self.served.folder), "--address", self.served.address]
        options += ["--session", str(session)]
        signing = ["sign-in", "--account", who, "--password-file", str(password)]
        for words in ([] if session.exists() else [signing]) + [list(arguments)]:
            ended = subprocess.run(
                [sys.executable, "-c", COMMAND, *options, *words],
                env={**environment(), "YIFEN_LANG": "en"},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        return ended

    def told(self, who: str, *arguments: str) -> str:
        """What a command prints that must succeed."""
        ended = self.run(who, *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout
