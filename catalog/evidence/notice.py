"""The one-time notice (一单) and the merged form (一表) in words, ready for a page.

It holds values of records: it is for the counter and the applicant, never for an entry or a log.
"""

from collections.abc import Mapping
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.evidence.decision import STATUSES, Decision, Piece, Status, Wanted
from catalog.evidence.form import Filled, Value
from catalog.evidence.reason import Reason, reason_words
from catalog.messages import Language, text
from catalog.services.service import BUILT_IN, Service


class Paper(NamedTuple):
    """One paper in words; ``why`` has a line for each service and each way that did not do."""

    title: str
    whose: str
    kind: str
    copies: int
    until: str
    services: tuple[str, ...]
    why: tuple[str, ...]
    basis: tuple[str, ...]


class Group(NamedTuple):
    """The papers of one status."""

    status: Status
    title: str
    papers: tuple[Paper, ...]


class Entry(NamedTuple):
    """One field of the form in words; ``conflicts`` say what else there is and from where."""

    key: str
    title: str
    value: str
    source: str
    why: str
    conflicts: tuple[str, ...]
    required: bool


class Heading(NamedTuple):
    """One service in words."""

    code: str
    title: str
    department: str
    legal_basis: str
    conditions: tuple[str, ...]
    process: tuple[str, ...]
    statutory: str
    promised: str


class Sheet(NamedTuple):
    """The notice in words, ready for a page; groups without papers are left out."""

    day: str
    services: tuple[Heading, ...]
    groups: tuple[Group, ...]
    form: tuple[Entry, ...]
    rules: str


def sheet(
    decision: Decision,
    language: Language,
    datasets: Mapping[str, Dataset],
    departments: Mapping[str, str] | None = None,
) -> Sheet:
    """The notice in words. ``departments`` are titles by code, for those that have one."""
    words = _Words(decision, language, datasets, departments or {})
    return Sheet(
        day=decision.day.isoformat(),
        services=tuple(map(words.heading, decision.services)),
        groups=tuple(
            Group(status, text(f"notice.status.{status}", language), papers)
            for status in STATUSES
            if (papers := tuple(map(words.paper, decision.of(status))))
        ),
        form=tuple(map(words.entry, decision.form)),
        rules=", ".join(f"{code} v{version}" for code, version in decision.rules),
    )


class _Words:
    """Puts the parts of a decision into one language."""

    def __init__(
        self,
        decision: Decision,
        language: Language,
        datasets: Mapping[str, Dataset],
        departments: Mapping[str, str],
    ) -> None:
        self._language = language
        self._datasets = datasets
        self._departments = departments
        self._parties = {
            party.code: party.title_en if language == "en" else party.title_zh
            for service in decision.services
            for party in service.parties
        }
        self._papers = {
            piece.material.type: piece.material.title(language) for piece in decision.pieces()
        }

    def heading(self, service: Service) -> Heading:
        """A service."""
        language = self._language
        return Heading(
            code=service.code,
            title=service.title(language),
            department=self._departments.get(service.department, service.department),
            legal_basis=service.legal_basis,
            conditions=tuple(one.words(language) for one in service.conditions),
            process=tuple(one.words(language) for one in service.process),
            statutory=self._days(service.statutory_days),
            promised=self._days(service.promised_days),
        )

    def paper(self, one: Wanted) -> Paper:
        """A paper, with why for each service."""
        lines: list[str] = []
        for piece in one.pieces:
            lines += self._why(piece)
        return Paper(
            title=one.title(self._language),
            whose=self._party(one.of),
            kind=text(f"notice.kind.{one.kind}", self._language),
            copies=one.copies,
            until=one.until.isoformat() if one.until else "",
            services=tuple(piece.service.title(self._language) for piece in one.pieces),
            why=tuple(dict.fromkeys(lines)),
            basis=tuple(dict.fromkeys(piece.material.legal_basis for piece in one.pieces)),
        )

    def entry(self, one: Filled) -> Entry:
        """A field of the form."""
        english = self._language == "en"
        shown = one.value.value if one.value else one.given
        codes = one.field.codes or {}
        label = codes.get(shown)
        conflicts = [self._said(other, codes_of=one) for other in one.others]
        if one.conflicting and one.given:
            conflicts.append(text("notice.entered", self._language, value=one.given))
        return Entry(
            key=one.key,
            title=one.field.title_en if english else one.field.title_zh,
            value=(label.en if english else label.zh) if label else shown,
            source=self._source(one.value) if one.value else "",
            why=self._reason(one.why, one.value.dataset if one.value else ""),
            conflicts=tuple(dict.fromkeys(conflicts)),
            required=one.required,
        )

    def _why(self, piece: Piece) -> list[str]:
        language = self._language
        service = piece.service.title(language)
        facts = reason_words(piece.why, language)
        first = text("notice.why", language, service=service, why=facts)
        if piece.rule:
            version = piece.rule_version
            first += text("notice.rule", language, rule=piece.rule, version=version)
        if piece.evidence is not None:
            dated = piece.evidence.dated.isoformat() if piece.evidence.dated else "—"
            first += text(
                "notice.evidence",
                language,
                source=self._named(piece.evidence.kind, piece.evidence.source),
                reference=piece.evidence.reference,
                date=dated,
            )
        lines = [first]
        if piece.follow is not None:
            follow = piece.follow
            lines.append(follow.text_en if language == "en" else follow.text_zh)
            lines += [one for one in [self._liability(piece)] if one]
            if not follow.certain:
                lines.append(text("notice.uncertain", language))
        for tried in piece.tried:
            lines.append(
                text(
                    "notice.tried",
                    language,
                    way=tried.way,
                    kind=text(f"notice.way.{tried.kind}", language),
                    source=self._named(tried.kind, tried.source),
                    why=self._reason(tried.reason, tried.source),
                )
            )
        return lines

    def _liability(self, piece: Piece) -> str:
        if piece.follow is None:
            return ""
        english = self._language == "en"
        return piece.follow.liability_en if english else piece.follow.liability_zh

    def _reason(self, reason: Reason, dataset: str) -> str:
        """A reason whose items are told by their titles."""
        facts = dict(reason.facts)
        source = str(facts.get("dataset", dataset))
        if "item" in facts:
            facts["item"] = self._item(source, str(facts["item"]))
        if "dataset" in facts:
            facts["dataset"] = self._dataset(source)
        return reason_words(Reason(reason.code, facts), self._language)

    def _said(self, value: Value, codes_of: Filled) -> str:
        label = (codes_of.field.codes or {}).get(value.value)
        shown = value.value
        if label is not None:
            shown = label.en if self._language == "en" else label.zh
        source = self._source(value)
        return text("notice.conflict", self._language, value=shown, source=source)

    def _source(self, value: Value) -> str:
        dated = f", {value.dated.isoformat()}" if value.dated else ""
        item = self._item(value.dataset, value.item)
        return f"{self._dataset(value.dataset)} · {item}{dated}"

    def _named(self, kind: str, source: str) -> str:
        if kind in {"lookup", "verify", "own"}:
            return self._dataset(source)
        if kind == "commitment":
            return text(f"notice.commitment.{source}", self._language)
        return self._papers.get(source, source)

    def _dataset(self, code: str) -> str:
        found = self._datasets.get(code)
        if found is None:
            return code
        return found.title_en if self._language == "en" else found.title_zh

    def _item(self, dataset: str, code: str) -> str:
        found = self._datasets.get(dataset)
        item = found.by_code.get(code) if found else None
        if item is None:
            return code
        return item.title_en if self._language == "en" else item.title_zh

    def _party(self, code: str) -> str:
        if code in BUILT_IN:
            return text(f"notice.party.{code}", self._language)
        return self._parties.get(code, code)

    def _days(self, days: int) -> str:
        key = "notice.days" if days else "notice.at-once"
        return text(key, self._language, days=days)
