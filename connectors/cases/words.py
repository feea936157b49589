"""A case in words: the notice 一单, what was promised, and the form 一表, with every source.

It holds values of records: for the counter and the applicant, never for a log.
"""

from collections.abc import Iterator
from typing import NamedTuple

from catalog.errors import MessageCatalogueBroken
from catalog.evidence.decision import STATUSES
from catalog.evidence.notice import Codes, Words
from catalog.evidence.told import Entered, Evidence, Follow, Paper, Piece, Value
from catalog.messages import Language, text
from connectors.cases.answer import CaseTold


class Row(NamedTuple):
    """One paper, commitment or field; ``lines`` say why, on what evidence, what was tried."""

    title: str
    cells: tuple[str, ...]
    lines: tuple[str, ...]


class Section(NamedTuple):
    """Rows under one heading; ``headings`` are keys of those of the title and of each cell."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]


class Sheet(NamedTuple):
    """The whole, ready for a screen or for paper."""

    title: str
    services: tuple[str, ...]
    sections: tuple[Section, ...]


def sheet(told: CaseTold, language: Language) -> Sheet:
    """A case in words; sections without rows are left out."""
    words = _Words(told, language)
    sections = [*words.papers(), words.commitments(), words.form()]
    return Sheet(
        title=words.say("connector.case.title", case=told.case, version=told.version, day=told.day),
        services=tuple(words.services()),
        sections=tuple(one for one in sections if one.rows),
    )


class _Words:
    """Puts the parts of a case into one language."""

    def __init__(self, told: CaseTold, language: Language) -> None:
        self._told = told
        self._language: Language = language
        self._words = Words(told.notice, language, Codes())
        self._papers = {
            piece.name: paper.title.words(language)
            for paper in told.notice.papers()
            for piece in paper.pieces
        }

    def say(self, key: str, **params: str | int) -> str:
        """A text of ours."""
        return text(key, self._language, **params)

    def services(self) -> Iterator[str]:
        """Each service with its basis, its periods and what it demands."""
        for one in self._told.notice.services:
            yield self.say(
                "connector.case.service",
                title=one.title.words(self._language),
                department=one.department,
                basis=one.legal_basis,
                statutory=self._words.days(one.statutory_days),
                promised=self._words.days(one.promised_days),
            )
            for condition in one.conditions:
                yield self.say("connector.case.condition", text=condition.words(self._language))
            for step in one.process:
                yield self.say("connector.case.step", text=step.words(self._language))

    def papers(self) -> Iterator[Section]:
        """The notice, what must be brought first."""
        headings = _headings("paper", "of", "kind", "copies", "until")
        for status in STATUSES:
            papers = self._told.notice.materials.get(status, ())
            rows = tuple(map(self._paper, papers))
            yield Section(text(f"notice.status.{status}", self._language), headings, rows)

    def commitments(self) -> Section:
        """What was promised, until when."""
        rows = tuple(
            Row(
                self._papers.get((one.service, one.material), one.material),
                (
                    str(one.number),
                    self._words.commitment(one.kind),
                    one.due,
                    self._status(one.status),
                ),
                (),
            )
            for one in self._told.commitments
        )
        headings = _headings("paper", "number", "promise", "due", "status")
        return Section(self.say("connector.case.commitments"), headings, rows)

    def form(self) -> Section:
        """The form, each value with where it is from."""
        headings = _headings("field", "value", "source", "given")
        return Section(
            self.say("connector.case.form"), headings, tuple(map(self._field, self._told.form))
        )

    def _paper(self, paper: Paper) -> Row:
        lines: list[str] = []
        for piece in paper.pieces:
            lines += self._why(piece)
        cells = (
            self._words.party(paper.of),
            self._words.kind(paper.kind),
            str(paper.copies),
            paper.until or "",
        )
        return Row(paper.title.words(self._language), cells, tuple(dict.fromkeys(lines)))

    def _why(self, piece: Piece) -> Iterator[str]:
        why, service = self._words.reason(piece.why), self._words.service(piece.service)
        line = text("notice.why", self._language, service=service, why=why)
        if piece.rule:
            version = piece.rule_version
            line += text("notice.rule", self._language, rule=piece.rule, version=version)
        if piece.evidence is not None:
            line += self._evidence(piece.evidence)
        yield line
        if piece.status == "must_bring":
            yield self.say("connector.case.basis", basis=piece.legal_basis)
        material = self._told.by_name.get(piece.name)
        if material is not None and material.brought is not None:
            yield self.say("connector.case.brought", name=material.brought)
        if piece.follow is not None:
            yield from self._follow(piece.follow)
        yield from map(self._words.tried, piece.tried)

    def _evidence(self, evidence: Evidence) -> str:
        return text(
            "notice.evidence",
            self._language,
            source=self.say(
                "connector.case.source",
                source=self._words.source(evidence.kind, evidence.source),
                provider=evidence.provider,
            ),
            reference=evidence.reference,
            date=evidence.date or "—",
        )

    def _follow(self, follow: Follow) -> Iterator[str]:
        yield follow.text.words(self._language)
        liability = follow.liability.words(self._language)
        if liability:
            yield liability
        if not follow.certain:
            yield text("notice.uncertain", self._language)

    def _field(self, field: Entered) -> Row:
        title = field.title.words(self._language)
        required = self.say("connector.case.required") if field.required else ""
        if field.value is None:
            cells = ("", self._words.reason(field.why), field.given)
            return Row(title + required, cells, ())
        lines = tuple(
            text(
                "notice.conflict",
                self._language,
                value=self._words.label(one.value, field.codes),
                source=self._from(one),
            )
            for one in field.others
        )
        value = self._words.label(field.value.value, field.codes)
        return Row(title + required, (value, self._from(field.value), field.given), lines)

    def _from(self, value: Value) -> str:
        return self.say(
            "connector.case.value_from",
            dataset=value.dataset,
            item=value.item,
            provider=value.provider,
            date=value.date or "—",
            reference=value.reference,
        )

    def _status(self, status: str) -> str:
        """What has become of a commitment, or the code itself if a newer hub made it."""
        try:
            return self.say(f"connector.case.commitment.{status}")
        except MessageCatalogueBroken:
            return status


def _headings(*names: str) -> tuple[str, ...]:
    return tuple(f"connector.case.table.{name}" for name in names)
