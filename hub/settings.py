"""Settings of a hub: frozen, strict, passed in; only ``app`` and ``cli`` load them."""

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from certs.cosignature import Witness, check_quorum, parse_witness
from certs.errors import CheckpointInvalid
from hub.errors import SettingsRefused
from hub.ledger.retention import LEAST_YEARS

HubName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$")]


Scanner = Annotated[str, StringConstraints(pattern=r"^(unix:/.+|tcp:[^/]+:[0-9]{1,5})$")]


class Limits(BaseModel):
    """What comes in at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(default=1 << 20, ge=1024, le=16 << 20)
    """Bytes of one request's body."""
    batch_subjects: int = Field(default=1000, ge=1, le=1000)
    """Subjects of one batch."""
    batch_answer_bytes: int = Field(default=16 << 20, ge=65536, le=48 << 20)
    """Bytes of the results of one batch."""
    chunk_bytes: int = Field(default=4 << 20, ge=65536, le=64 << 20)
    """Bytes of one chunk of a publication."""
    json_depth: int = Field(default=8, ge=2, le=64)
    """Levels of JSON."""
    failures_per_second: int = Field(default=200, ge=1)
    """Requests without a valid signature from one address, before it is told to wait."""
    mismatches_per_hour: int = Field(default=5, ge=1)
    """Failed verifications of one subject by one department."""


class RetentionSettings(BaseModel):
    """How many years *person* parts are kept, by class; law and custom bound them from below."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_years: int = Field(default=3, ge=LEAST_YEARS["default"], le=100)
    """Of all that is entered, but for what follows."""
    credit_years: int = Field(default=10, ge=LEAST_YEARS["credit"], le=100)
    """Of answers from datasets of the class ``credit``."""

    def of(self, retention: str) -> int:
        """The years of a class."""
        return self.credit_years if retention == "credit" else self.default_years


class GrantSettings(BaseModel):
    """Periods in the life of a grant that no law has a number for.

    They are conventions, for each place to set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    review_days: int = Field(default=365, ge=1, le=3660)
    """Days after which the authority reviews a grant, where it has named no date for it."""
    rectify_days: int = Field(default=10, ge=1, le=250)
    """Working days proposed for putting right what a suspension names."""
    disposal_days: int = Field(default=20, ge=1, le=250)
    """Working days in which the user says how it disposed of what it had received."""


class WitnessPin(BaseModel):
    """One witness that this hub shows its checkpoints to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The name of the witness's key, as ``vkey`` says it."""
    vkey: str
    """Its verifier key, of signature type 0x04 (C2SP tlog-cosignature)."""
    url: str
    """Its submission prefix (C2SP tlog-witness); plain http only to loopback."""

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("url")
        return _checked_origin(value) + parts.path.rstrip("/")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.witness.name != self.name:
            raise ValueError("name")
        return self

    @cached_property
    def witness(self) -> Witness:
        """Its name and key."""
        try:
            return parse_witness(self.vkey)
        except CheckpointInvalid as error:
            raise ValueError("vkey") from error


class WitnessSettings(BaseModel):
    """Who must have seen the log, and for how long the hub answers without them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quorum: int = Field(default=0, ge=0, le=32)
    """Witnesses that must cosign a checkpoint; 0 only where there are none."""
    max_age: int = Field(default=300, ge=1, le=86_400)
    """Seconds that an entry may go without a quorum, before questions are no longer answered."""
    tls_roots: Path | None = None
    """PEM file of authorities for the witnesses' TLS certificates; without it the system's."""
    witnesses: tuple[WitnessPin, ...] = Field(default=(), max_length=32)
    """The witnesses."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        try:
            if self.witnesses or self.quorum:
                check_quorum([pin.witness for pin in self.witnesses], self.quorum)
        except CheckpointInvalid as error:
            raise ValueError(str(error.facts["why"])) from error
        return self


class BucketSettings(BaseModel):
    """A bucket in which sealed pieces of materials lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str
    """Its address; plain http only to loopback."""
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """Its name; it must be there."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")] = "us-east-1"
    """Its region."""
    credentials: Path
    """A file of mode 0600 with `access_key` and `secret_key`, in TOML."""
    tls_roots: Path | None = None
    """PEM file of authorities for the endpoint's TLS certificate; without it the system's."""

    @field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        if urlsplit(value).path.strip("/"):
            raise ValueError("endpoint")
        return _checked_origin(value)


class MaterialSettings(BaseModel):
    """Materials: how large, where their sealed pieces lie, and what looks for malware in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int = Field(default=50 << 20, ge=1 << 16, le=1 << 30)
    """Bytes of one material."""
    scanner: Scanner | None = None
    """A scanner that speaks clamd's INSTREAM: `unix:/path` or `tcp:host:port`; none by default."""
    bucket: BucketSettings | None = None
    """In S3; without it they lie in the hub's folder."""


class LicenceSettings(BaseModel):
    """E-licences: how they are printed, and how long a credential lives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    font: Path | None = None
    """A TrueType or OpenType font with Chinese, for printing; without one nothing is printed."""
    credential_days: int = Field(default=365, ge=1, le=3660)
    """Days for which a credential may be presented, if the licence does not end before."""
    reads_per_minute: int = Field(default=60, ge=1, le=10_000)
    """Reads of papers by their codes or files from one address, before it is told to wait."""


class CaseSettings(BaseModel):
    """Cases and what is promised in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    barred_days: int = Field(default=365, ge=0, le=3660)
    """Days after a broken promise in which its applicant may promise nothing."""


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
    delegation_days: int = Field(default=365, ge=1, le=366)
    """How long a delegation lasts at most."""
    session_minutes: int = Field(default=30, ge=1, le=720)
    """Life of a person's session."""
    limits: Limits = Limits()
    retention: RetentionSettings = RetentionSettings()
    grants: GrantSettings = GrantSettings()
    witness: WitnessSettings = WitnessSettings()
    materials: MaterialSettings = MaterialSettings()
    cases: CaseSettings = CaseSettings()
    licences: LicenceSettings = LicenceSettings()

    @field_validator("public_origin")
    @classmethod
    def _origin(cls, value: str) -> str:
        if urlsplit(value).path.strip("/"):
            raise ValueError("public_origin")
        return _checked_origin(value)

    def full(self, local: str) -> str:
        """A local code with the hub's name before it, so that hubs can stand in a tree."""
        return f"{self.name}:{local}"


def _checked_origin(value: str) -> str:
    """Scheme and host of an address; http is for loopback only."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("address")
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ValueError("http is for loopback only")
    return f"{parts.scheme}://{parts.netloc.lower()}"


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
    witness = raw.get("witness")
    if isinstance(witness, dict) and isinstance(witness.get("tls_roots"), str):
        witness["tls_roots"] = file.parent / witness["tls_roots"]
    materials = raw.get("materials")
    bucket = materials.get("bucket") if isinstance(materials, dict) else None
    if isinstance(bucket, dict):
        for name in ("credentials", "tls_roots"):
            if isinstance(bucket.get(name), str):
                bucket[name] = file.parent / bucket[name]
    licences = raw.get("licences")
    if isinstance(licences, dict) and isinstance(licences.get("font"), str):
        licences["font"] = file.parent / licences["font"]
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SettingsRefused(file=str(file), why=place) from error
