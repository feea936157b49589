"""A notice as it was sealed, read back: what of it the pages show.

``catalog/evidence/notice_json.py`` writes it; what a newer hub has added is not looked at.
"""

from pydantic import BaseModel, ConfigDict, Field

from catalog.messages import Language


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Both(_Part):
    """A text in both languages."""

    zh: str
    en: str

    def words(self, language: Language) -> str:
        """It in a language."""
        return self.en if language == "en" else self.zh


class ToldReason(_Part):
    """A reason with its facts."""

    code: str
    facts: dict[str, str | int]


class ToldEvidence(_Part):
    """What satisfied a way."""

    date: str | None
    kind: str
    provider: str
    reference: str
    source: str
    valid_until: str | None


class ToldFollow(_Part):
    """How a paper may follow, or be promised."""

    certain: bool
    due: str
    kind: str
    liability: Both
    text: Both


class ToldTried(_Part):
    """A way that did not do."""

    kind: str
    source: str
    way: int
    why: ToldReason


class ToldPiece(_Part):
    """A paper as one service asks for it."""

    acceptance: str
    blank_form: str
    evidence: ToldEvidence | None
    follow: ToldFollow | None
    legal_basis: str
    material: str
    notes: str
    rule: str
    rule_version: int
    service: str
    specification: str
    tried: tuple[ToldTried, ...]
    why: ToldReason


class ToldPaper(_Part):
    """A paper of the merged list."""

    copies: int
    pieces: tuple[ToldPiece, ...] = Field(alias="for")
    kind: int
    of: str
    title: Both
    type: str
    until: str | None


class ToldService(_Part):
    """A service."""

    code: str
    conditions: tuple[Both, ...]
    department: str
    legal_basis: str
    process: tuple[Both, ...]
    promised_days: int
    statutory_days: int
    title: Both
    version: int


class ToldValue(_Part):
    """A value and where it is from."""

    dataset: str
    date: str | None
    item: str
    provider: str
    reference: str
    value: str


class ToldField(_Part):
    """A field of the form."""

    code: str
    conflicting: bool
    given: str
    others: tuple[ToldValue, ...]
    required: bool
    services: tuple[str, ...]
    title: Both
    value: ToldValue | None
    why: ToldReason


class ToldNotice(_Part):
    """All of it."""

    day: str
    form: tuple[ToldField, ...]
    materials: dict[str, tuple[ToldPaper, ...]]
    services: tuple[ToldService, ...]
