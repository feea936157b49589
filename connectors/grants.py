"""The grants to our department, as the hub tells them."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Grant(BaseModel):
    """A grant to our department; ``items`` maps codes to masks, times are RFC 3339."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    version: int
    department: str
    dataset: str
    operations: tuple[str, ...]
    channels: tuple[str, ...]
    items: Mapping[str, str]
    purposes: tuple[str, ...]
    valid_from: str
    valid_until: str | None
    daily_quota: int | None
    case_required: bool
    existence: bool
    status: str
