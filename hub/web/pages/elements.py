"""An application's elements as a form: filled from what is kept, read from fields, kept again."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from catalog.definition import Dataset
from catalog.messages import Language, catalogue, text
from certs.encoding import rfc3339
from hub.access.grant import AskChannel, Operation
from hub.applications.application import Elements, Gap, Method
from hub.web.pages.form import Form
from hub.web.pages.words import end_of_day, is_quota, last_day

_LONGEST = 2000
_OWN = "application.gap."
WRITTEN = frozenset({"basis", "scenario", "scope"})
"""The elements in words: 使用依据, 使用场景, 使用范围 (Art 20); the others are chosen."""


@dataclass(frozen=True, slots=True)
class ElementsForm:
    """What somebody filled in; ``version`` is 0 for an application that is not kept yet."""

    items: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    basis: str = ""
    scenario: str = ""
    scope: str = ""
    method: str = ""
    until: str = ""
    quota: str = ""
    version: int = 0

    @classmethod
    def of(cls, elements: Elements, version: int) -> "ElementsForm":
        """The form of what is kept."""
        return cls(
            items=elements.items,
            operations=elements.operations,
            channels=elements.channels,
            purposes=elements.purposes,
            basis=elements.basis,
            scenario=elements.scenario,
            scope=elements.scope,
            method=elements.method or "",
            until="" if elements.valid_until is None else last_day(elements.valid_until),
            quota="" if elements.daily_quota is None else str(elements.daily_quota),
            version=version,
        )

    @classmethod
    def read(cls, form: Form, dataset: Dataset, purposes: Container[str]) -> "ElementsForm":
        """The form as sent; what it did not offer is left out. Raises ``Unprocessable``."""
        return cls(
            items=tuple(code for code in form.many("item") if code in dataset.by_code),
            operations=_known(form.many("operation"), get_args(Operation)),
            channels=_known(form.many("channel"), get_args(AskChannel)),
            purposes=_known(form.many("purpose"), purposes),
            basis=form.text("basis"),
            scenario=form.text("scenario"),
            scope=form.text("scope"),
            method="".join(_known((form.one("method"),), get_args(Method))),
            until=form.one("valid_until"),
            quota=form.one("daily_quota"),
            version=form.number("version") or 0,
        )

    def faults(self) -> tuple[Gap, ...]:
        """What cannot be kept at all; what is only missing is no fault."""
        return tuple(Gap(where=where, why=why) for where, why in self._faults())

    def _faults(self) -> Iterator[tuple[str, str]]:
        for name, told in (
            ("basis", self.basis),
            ("scenario", self.scenario),
            ("scope", self.scope),
        ):
            if len(told) > _LONGEST:
                yield name, "long-text"
        if self.until and end_of_day(self.until) is None:
            yield "valid_until", "date"
        if self.quota and not is_quota(self.quota):
            yield "daily_quota", "number"

    def elements(self) -> Elements:
        """The elements; call when there are no ``faults``."""
        ends = end_of_day(self.until)
        return Elements.model_validate(
            {
                "items": self.items,
                "operations": self.operations,
                "channels": self.channels,
                "purposes": self.purposes,
                "basis": self.basis,
                "scenario": self.scenario,
                "scope": self.scope,
                "method": self.method or None,
                "valid_until": None if ends is None else rfc3339(ends),
                "daily_quota": int(self.quota) if self.quota else None,
            }
        )


def at_fields(
    gaps: tuple[Gap, ...], language: Language, texts: str = _OWN
) -> Mapping[str, list[str]]:
    """Gaps in words, by the field at which they stand; ``texts`` is where the words are."""
    told: dict[str, list[str]] = {}
    for gap in gaps:
        chosen = texts == _OWN and gap.why == "missing" and gap.where not in WRITTEN
        key = f"{texts}not-chosen" if chosen else f"{texts}{gap.why}"
        told.setdefault(gap.where, []).append(
            text(key, language) if key in catalogue() else gap.why
        )
    return told


def _known(values: tuple[str, ...], known: Container[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value in known)
