"""What stands out in a publication, as values that hub and connectors put into words alike.

A finding names an item, a rule, counts and shares; never a value of a row. Shares are hundredths
of a per cent: what is hashed holds no fractions.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from catalog.item import Item
from catalog.messages import Language, catalogue, text
from certs.canonical import Json

Severity: TypeAlias = Literal["hold", "warn", "info"]
SEVERITIES: tuple[Severity, ...] = ("hold", "warn", "info")
"""Gravest first."""

Items: TypeAlias = Mapping[str, Item]
"""Items by code, for their titles; of one that is not among them the code is told."""
_SHARES = frozenset({"was", "now", "limit"})
_ITEMS = frozenset({"other"})
_WORDS = frozenset({"why", "fate"})


class Finding(BaseModel):
    """One thing that stands out; ``item`` and ``rule`` are codes, empty if there is none."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str
    severity: Severity
    item: str = ""
    rule: str = ""
    facts: Mapping[str, int | str] = {}

    def to_json(self) -> dict[str, Json]:
        """As it is kept, entered and shown."""
        facts: dict[str, Json] = dict(self.facts)
        return {
            "facts": facts,
            "item": self.item,
            "kind": self.kind,
            "rule": self.rule,
            "severity": self.severity,
        }


def finding_words(finding: Finding, items: Items, language: Language) -> str:
    """A finding in plain words; its kind alone if a newer hub made it."""
    key = f"quality.finding.{finding.kind}"
    if key not in catalogue():
        return finding.kind
    facts = {name: _shown(name, value, items, language) for name, value in finding.facts.items()}
    try:
        return text(key, language, item=_title(finding.item, items, language), **facts)
    except KeyError:
        return finding.kind


def share_words(hundredths: int) -> str:
    """A share in hundredths of a per cent, as ``12.5%``."""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _shown(name: str, value: int | str, items: Items, language: Language) -> str:
    if isinstance(value, int):
        return share_words(value) if name in _SHARES else f"{value:,}"
    if name in _ITEMS:
        return _title(value, items, language)
    key = f"quality.word.{value}"
    return text(key, language) if name in _WORDS and key in catalogue() else value


def _title(code: str, items: Items, language: Language) -> str:
    item = items.get(code)
    if item is None:
        return code
    return item.title_zh if language == "zh" else item.title_en
