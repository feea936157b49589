"""The hub's folder: what lies where.

hub.toml            settings
control.db          ledger, nonces, quotas, grants, generation pointers
ledger.lock         the one lock that orders everything
checkpointer.lock   who signs checkpoints now
serving.lock        held by every process that serves
erasing.lock        who erases now
keys/               authority (issuing.key, issuing.pem, root.pem), receipt.key, checkpoint.key,
                    session.key, master.key; each of mode 0600
keys/persons/       a key for each retention class and month
keys/root/          the offline root's key, to be carried away
records/            one sealed database a generation
staging/            sealed uploads of running publications
objects/            sealed pieces of materials, unless settings keep them in S3
checkpoint.txt      the newest checkpoint, unless settings keep it elsewhere
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths beneath one hub's folder."""

    root: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.root / "hub.toml"

    @property
    def control(self) -> Path:
        """The database of the ledger and the control plane."""
        return self.root / "control.db"

    @property
    def lock(self) -> Path:
        """The file of the ledger's lock."""
        return self.root / "ledger.lock"

    @property
    def serving(self) -> Path:
        """The file that serving processes hold together, and a migration alone."""
        return self.root / "serving.lock"

    @property
    def checkpointer(self) -> Path:
        """The file of the checkpointer's lease."""
        return self.root / "checkpointer.lock"

    @property
    def erasing(self) -> Path:
        """The file of the lease of whoever erases."""
        return self.root / "erasing.lock"

    @property
    def keys(self) -> Path:
        """The folder of keys."""
        return self.root / "keys"

    @property
    def records(self) -> Path:
        """The folder of sealed generations."""
        return self.root / "records"

    @property
    def staging(self) -> Path:
        """The folder of sealed uploads."""
        return self.root / "staging"

    @property
    def objects(self) -> Path:
        """The folder of sealed pieces of materials."""
        return self.root / "objects"

    def generation(self, name: str) -> Path:
        """The database of one generation."""
        return self.records / f"{name}.db"

    def create(self) -> None:
        """Make the folders, readable by their owner alone."""
        for path in (self.root, self.keys, self.records, self.staging):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
