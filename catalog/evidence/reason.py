"""Why something is so: a code with facts, put into words elsewhere; never a value of a record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from catalog.messages import Language, catalogue, text
from certs.canonical import Json

Facts = Mapping[str, str | int]
_NO_FACTS: Facts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reason:
    """``code`` is a slug whose text is ``evidence.reason.<code>``; ``facts`` fill it."""

    code: str
    facts: Facts = field(default_factory=lambda: _NO_FACTS)

    def to_json(self) -> dict[str, Json]:
        """As it is kept and shown."""
        facts: dict[str, Json] = dict(self.facts)
        return {"code": self.code, "facts": facts}


def reason_words(reason: Reason, language: Language) -> str:
    """A reason in plain words; its code alone if a newer hub made it."""
    key = f"evidence.reason.{reason.code}"
    if key not in catalogue():
        return reason.code
    try:
        return text(key, language, **reason.facts) if reason.facts else text(key, language)
    except KeyError:
        return reason.code
