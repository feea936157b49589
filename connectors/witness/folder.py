"""A witness's own folder.

    witness.toml    its name
    key.pem         its key, Ed25519, mode 0600
    witness.db      the logs that it knows, and the largest tree of each that it cosigned

The database must never go back: a witness that forgets what it cosigned would cosign a fork. One
whose database is lost or comes from a backup is at its end; make another, under another name.
"""

import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from certs.cosignature import Witness as PublicWitness
from certs.errors import CheckpointInvalid
from certs.keys import PrivateKey, generate
from certs.note import parse_vkey
from connectors.clock import Clock, system_clock
from connectors.errors import HomeError, SettingsBroken
from connectors.home import check_private, write_durably
from connectors.witness.errors import WitnessExists, WitnessMissing, WitnessRefused
from connectors.witness.store import WitnessStore
from connectors.witness.witness import Witness


class Settings(BaseModel):
    """What ``witness.toml`` says; ``name`` is the name of the witness's key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str


@dataclass(frozen=True, slots=True)
class WitnessFolder:
    """The paths of one witness's folder."""

    path: Path

    @property
    def settings(self) -> Path:
        """``witness.toml``."""
        return self.path / "witness.toml"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.path / "key.pem"

    @property
    def database(self) -> Path:
        """What it has seen."""
        return self.path / "witness.db"


def make(path: Path, name: str) -> PublicWitness:
    """Make a witness with a new key in a folder of mode 0700.

    Raises ``WitnessExists``, ``WitnessRefused`` for a name that no key can have, or ``HomeError``.
    """
    folder = WitnessFolder(path)
    if folder.settings.exists():
        raise WitnessExists(path=str(path))
    key = generate("ed25519")
    witness = PublicWitness(name, key.public)
    try:
        witness.vkey  # noqa: B018 a name that cannot be one is refused before anything is made
    except CheckpointInvalid as error:
        raise WitnessRefused(why="name") from error
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(path.iterdir()):
            path.chmod(0o700)
        check_private(path)
        key.save(folder.key)
    except OSError as error:
        raise HomeError(path=str(path)) from error
    WitnessStore(folder.database).close()
    # Last: a folder with settings is a complete one.
    write_durably(folder.settings, f"name = {orjson.dumps(name).decode('utf-8')}\n".encode())
    return witness


def add_log(path: Path, vkey: str) -> str:
    """Cosign checkpoints that this key signs from now on; gives the log's origin.

    The origin is the key's name; a log whose keys change has several of one name. Raises
    ``WitnessRefused`` for a text that is no log's verifier key, or as ``open_store`` does.
    """
    origin = _origin(vkey)
    with closing(open_store(path)) as store:
        store.add_key(origin, vkey)
    return origin


def remove_log(path: Path, vkey: str) -> str:
    """Believe a log's key no more; gives the log's origin. Raises as ``add_log`` does."""
    origin = _origin(vkey)
    with closing(open_store(path)) as store:
        if not store.remove_key(origin, vkey):
            raise WitnessRefused(why="vkey")
    return origin


def read_name(path: Path) -> str:
    """The witness's name.

    Raises ``WitnessMissing``, ``HomeInsecure`` or ``SettingsBroken``.
    """
    folder = WitnessFolder(path)
    if not folder.settings.exists():
        raise WitnessMissing(path=str(path))
    check_private(path)
    try:
        raw = tomllib.loads(folder.settings.read_text(encoding="utf-8"))
        return Settings.model_validate(raw).name
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingsBroken(file=folder.settings.name, place="name") from error


def public_witness(path: Path) -> PublicWitness:
    """Name and public key of the witness of a folder; raises errors of folder and key."""
    return PublicWitness(read_name(path), PrivateKey.load(WitnessFolder(path).key).public)


def open_store(path: Path) -> WitnessStore:
    """What the witness of a folder has seen; raises as ``read_name`` does, or ``StoreError``."""
    read_name(path)
    return WitnessStore(WitnessFolder(path).database)


def open_witness(path: Path, store: WitnessStore, clock: Clock = system_clock) -> Witness:
    """The witness of a folder over its open store; raises errors of folder and key."""
    key = PrivateKey.load(WitnessFolder(path).key)
    return Witness(read_name(path), key, store, clock)


def _origin(vkey: str) -> str:
    try:
        return parse_vkey(vkey)[0]
    except CheckpointInvalid as error:
        raise WitnessRefused(why="vkey") from error
