"""``connector.toml``: which hub this connector belongs to, and what it has pinned of it.

The file is written at enrolment. It holds no secrets: the key lies beside it in its own file.
"""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from certs.cosignature import (
    Cosignature,
    Witness,
    check_quorum,
    parse_witness,
    verify_cosignatures,
)
from certs.errors import CheckpointInvalid
from certs.keys import PublicKey
from certs.note import parse_vkey
from connectors.errors import AddressInsecure, SettingsBroken
from connectors.gateway.settings import GatewaySettings

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
LOOPBACK_NAMES = frozenset({"localhost"})


class PinnedWitness(BaseModel):
    """A witness that we believe: its verifier key, of type 0x04."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vkey: Name


class LedgerPin(BaseModel):
    """The ledger as it was named at enrolment: its ``origin`` and verifier key.

    With ``witnesses``, which a person writes into the file, nothing is believed of the ledger that
    ``quorum`` of them have not cosigned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: Name
    vkey: Name
    quorum: Annotated[int, Field(ge=0, le=32)] = 0
    witnesses: Annotated[tuple[PinnedWitness, ...], Field(max_length=32)] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        try:
            if self.witnesses or self.quorum:
                check_quorum(self.witness_keys(), self.quorum)
        except CheckpointInvalid as error:
            raise ValueError(str(error.facts["why"])) from error
        return self

    def witness_keys(self) -> tuple[Witness, ...]:
        """Names and keys of the witnesses; raises ``CheckpointInvalid``."""
        return tuple(parse_witness(one.vkey) for one in self.witnesses)

    def cosigned(self, note: str) -> tuple[Cosignature, ...]:
        """Who of the witnesses cosigned a checkpoint; nobody where none are pinned.

        Raises ``CheckpointInvalid`` if they are fewer than ``quorum``.
        """
        if not self.witnesses:
            return ()
        return verify_cosignatures(note, self.witness_keys(), self.quorum)

    def keys(self) -> tuple[tuple[str, PublicKey], ...]:
        """The keys whose checkpoints are believed, by name; raises ``CheckpointInvalid``."""
        return (parse_vkey(self.vkey),)


class Settings(BaseModel):
    """What ``connector.toml`` says; unknown keys are refused.

    ``root`` is the base64url SHA-256 of the hub's root certificate. ``proof_minutes`` is how long
    a receipt may go without its proof before that is an alarm. ``tls_roots`` names a PEM file of
    authorities for the hub's TLS certificate, for networks that have their own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub: Name
    address: Name
    department: Name
    connector: Name
    root: Fingerprint
    ledger: LedgerPin
    proof_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    tls_roots: Path | None = None
    gateway: GatewaySettings = GatewaySettings()


def load(path: Path) -> Settings:
    """Read ``connector.toml``; raises ``SettingsBroken`` or ``AddressInsecure``."""
    try:
        settings = Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        settings.ledger.keys()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsBroken(file=path.name, place="file") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsBroken(file=path.name, place=str(error)) from error
    except CheckpointInvalid as error:
        raise SettingsBroken(file=path.name, place="ledger.vkey") from error
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SettingsBroken(file=path.name, place=place) from error
    check_address(settings.address)
    return settings


def to_toml(settings: Settings) -> str:
    """The text of ``connector.toml``."""
    values = settings.model_dump(mode="json", exclude={"gateway", "ledger"}, exclude_none=True)
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    lines += ["", "[ledger]"]
    pinned = settings.ledger.model_dump(exclude={"witnesses"}, exclude_defaults=True)
    lines += [f"{name} = {_toml(value)}" for name, value in pinned.items()]
    for one in settings.ledger.witnesses:
        lines += ["", "[[ledger.witnesses]]", f"vkey = {_toml(one.vkey)}"]
    return "\n".join(lines) + "\n"


def repinned(text: str, pin: LedgerPin) -> str:
    """The text of ``connector.toml`` with another pin of the ledger, and all else as it stands.

    Raises ``SettingsBroken`` if the pin does not stand in it as ``connector enrol`` writes it.
    """
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        name = line.partition("=")[0].strip()
        if line.strip().startswith("["):
            inside = line.strip() == "[ledger]"
        if inside and name in {"origin", "vkey"}:
            value = pin.origin if name == "origin" else pin.vkey
            lines.append(f"{name} = {_toml(value)}")
        else:
            lines.append(line)
    changed = "\n".join(lines) + "\n"
    told = tomllib.loads(changed).get("ledger", {})
    if (told.get("origin"), told.get("vkey")) != (pin.origin, pin.vkey):
        raise SettingsBroken(file="connector.toml", place="ledger")
    return changed


def check_address(address: str) -> str:
    """The hub's address without a slash at its end.

    Raises ``AddressInsecure`` unless it is https, or http to this machine, and nothing but scheme,
    host and port.
    """
    parts = urlsplit(address)
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressInsecure(address=address) from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if not host or extra or parts.scheme not in {"https", "http"}:
        raise AddressInsecure(address=address)
    if parts.scheme == "http" and not _is_loopback(host):
        raise AddressInsecure(address=address)
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _toml(value: str | int) -> str:
    """A TOML basic string or integer; JSON writes both the same way for what we hold."""
    return orjson.dumps(value).decode("utf-8")
