"""What a check says about a value: a decision, not an error."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["valid", "warn", "invalid"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A value after normalisation, with the verdict and its reason.

    ``value``: what is stored and compared; for an ``invalid`` one only for showing.
    ``reason``: a slug, empty when ``valid``. ``kind``: that of an identifier, else empty.
    A lookup lets ``warn`` through, because authorities have issued numbers that break their own
    standard.
    """

    value: str
    verdict: Verdict
    reason: str = ""
    kind: str = ""

    @property
    def acceptable(self) -> bool:
        """Whether the value may be stored and asked for."""
        return self.verdict != "invalid"
