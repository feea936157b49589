"""Settings of a hub: frozen, strict, passed in; only ``app`` and ``cli`` load them."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from hub.errors import SettingsRefused

HubName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$")]


class Limits(BaseModel):
    """What comes in at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(default=1 << 20, ge=1024, le=16 << 20)
    """Bytes of one request's body."""
    chunk_bytes: int = Field(default=4 << 20, ge=65536, le=64 << 20)
    """Bytes of one chunk of a publication."""
    json_depth: int = Field(default=8, ge=2, le=64)
    """Levels of JSON."""
    failures_per_second: int = Field(default=200, ge=1)
    """Requests without a valid signature from one address, before it is told to wait."""
    mismatches_per_hour: int = Field(default=5, ge=1)
    """Failed verifications of one subject by one department."""


class Settings(BaseModel):
    """One hub's settings, ``hub.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: HubName
    """The hub's name: it stands in identifiers and in the ledger's origin."""
    public_origin: str
    """Where clients reach the hub; signatures cover it, so no Host header is trusted."""
    master_key: Path
    """The file of the master key, to be backed up apart from the rest."""
    checkpoint_copy: Path
    """Where the newest checkpoint is kept outside the database."""
    languages: Literal["zh", "en"] = "zh"
    """The language of pages for those who have not chosen."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that serve."""
    commit_window_ms: float = Field(default=4.0, ge=0, le=50)
    """How long answers wait for others to share one commit with, when there are others."""
    certificate_days: int = Field(default=365, ge=1, le=1100)
    """Life of a connector's certificate."""
    session_minutes: int = Field(default=30, ge=1, le=720)
    """Life of a person's session."""
    limits: Limits = Limits()

    @field_validator("public_origin")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            raise ValueError("public_origin")
        loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if parts.scheme == "http" and not loopback:
            raise ValueError("public_origin: http is for loopback only")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @property
    def origin(self) -> str:
        """The ledger's origin: ``<hub name>/ledger/1``."""
        return f"{self.name}/ledger/1"

    def full(self, local: str) -> str:
        """A local code with the hub's name before it, so that hubs can stand in a tree."""
        return f"{self.name}:{local}"


def load(file: Path) -> Settings:
    """Read and check ``hub.toml``; relative paths start at its folder.

    Raises ``SettingsRefused`` with file and place.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(file=str(file), why="unreadable") from error
    for name in ("master_key", "checkpoint_copy"):
        value = raw.get(name)
        if isinstance(value, str):
            raw[name] = file.parent / value
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SettingsRefused(file=str(file), why=place) from error
