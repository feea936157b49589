"""Small services and rules for tests, sound unless a test spoils them."""

from collections.abc import Mapping, Sequence
from datetime import date

from catalog.definition import Dataset, bundled
from catalog.evidence.holding import Answer, Found, Missing, Need
from catalog.evidence.reading import assemble
from catalog.evidence.rule import RuleSet
from catalog.evidence.rules import Rules
from catalog.services.reading import build
from catalog.services.service import Service

BODY = "11530400015020004B"
IDENTITY = "11100000000013127D001"
BASIS = "《试验条例》第一条"
NOW = 1_784_000_000_000
"""Tuesday 2026-07-14 in Asia/Shanghai."""
TODAY = date(2026, 7, 14)


def material(code: str, **other: object) -> dict[str, object]:
    """A material's table; its type is its code."""
    return {
        "code": code,
        "type": code,
        "title_zh": f"{code}号登记证书",
        "title_en": f"Deed {code}",
        "kind": 3,
        "necessity": 1,
        "source": 10,
        "legal_basis": BASIS,
        **other,
    }


def service_table(
    code: str, *materials: Mapping[str, object], **other: object
) -> dict[str, object]:
    """A service's table; its number follows from its code."""
    number = sum(ord(one) * 257**at for at, one in enumerate(code)) % 10**13
    return {
        "code": code,
        "version": 1,
        "item_code": f"{BODY}{number:013d}",
        "title_zh": f"事项{code}",
        "title_en": f"Service {code}",
        "department": "mrb",
        "category": "approval",
        "legal_basis": BASIS,
        "statutory_days": 20,
        "promised_days": 5,
        "applicants": ["person", "entity"],
        "materials": list(materials),
        **other,
    }


def service(code: str, *materials: Mapping[str, object], **other: object) -> Service:
    """A service."""
    return build(service_table(code, *materials, **other), code)


def rule(target: str, *ways: Mapping[str, object], **other: object) -> dict[str, object]:
    """A rule for a type of paper, or for ``service/material``."""
    named, _, of = target.partition("/")
    where = {"service": named, "material": of} if of else {"type": target}
    code = target.replace("/", "__")
    return {"code": code, "version": 1, "basis": BASIS, "ways": list(ways), **where, **other}


def rules(
    services: Sequence[Service],
    *listed: Mapping[str, object],
    equivalents: Sequence[Mapping[str, object]] = (),
    datasets: Mapping[str, Dataset] | None = None,
) -> Rules:
    """Rules bound to services and the product's datasets."""
    table = {"code": "test", "version": 3, "rules": list(listed), "equivalents": list(equivalents)}
    known = {one.code: one for one in services}
    return assemble([RuleSet.model_validate(table)], known, datasets or bundled())


LOOKUP = {"way": "lookup", "dataset": "resident", "items": ["name"]}
LICENCE = {"way": "licence", "type": IDENTITY}
HELD = {"way": "material"}
LATER = {
    "way": "commitment",
    "kind": "later",
    "due_days": 10,
    "text_zh": "后补",
    "text_en": "Will follow",
}
PROMISE = {
    **LATER,
    "kind": "promise",
    "liability_zh": "撤销",
    "liability_en": "Revocation",
}


def found(reference: str = "7", **other: object) -> Found:
    """Something sound of today."""
    made = {"source": "psb", "dated": TODAY, **other}
    return Found(reference, **made)  # type: ignore[arg-type]


class Holding:
    """Answers from a dictionary by kind and source, and notes what was asked."""

    def __init__(self, answers: Mapping[tuple[str, str], Answer] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[Need] = []

    def ask(self, need: Need) -> Answer:
        self.asked.append(need)
        return self.answers.get((need.kind, need.source), Missing("absent"))

    def fetch(self, needs: Sequence[Need]) -> dict[Need, Answer]:
        return {need: self.ask(need) for need in needs}
