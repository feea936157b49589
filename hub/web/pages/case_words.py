"""The notice 一单 and the form 一表 of a case in the words of its pages.

They are read from the sealed content, in which they stand as ``catalog/evidence/notice_json.py``
wrote them: what was told then is what is shown now, whatever the rules have become.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.evidence.decision import STATUSES, Status
from catalog.evidence.notice import Words, party_words
from catalog.evidence.told import (
    Entered,
    Follow,
    Piece,
    ServiceTold,
    Value,
    WholeNotice,
)
from catalog.evidence.told import Paper as PaperTold
from catalog.messages import Language, text
from catalog.services.service import FormField, Service
from certs.canonical import Json
from hub.cases.finding import material_dataset
from hub.cases.state import ON_PAPER, CaseState, MaterialIn
from hub.web.pages.words import title


class Source(NamedTuple):
    """What something rests on: in which words, from whom, as of when, and where it is proven."""

    title: str
    provider: str
    date: str
    reference: str


class Why(NamedTuple):
    """Why a paper is asked for, or is not; ``services`` are the titles for which this is so.

    ``states`` are what the newest entry says of the paper for each of them.
    """

    services: tuple[str, ...]
    why: str
    rule: str
    basis: str
    evidence: Source | None
    tried: tuple[str, ...]
    notes: tuple[str, ...]
    states: tuple[MaterialIn, ...]

    def joined(self, other: "Why") -> "Why":
        """With another that says the same."""
        services, states = self.services + other.services, self.states + other.states
        return self._replace(services=services, states=states)

    @property
    def said(self) -> tuple[object, ...]:
        """All but for whom it is said."""
        return (self.why, self.rule, self.basis, self.evidence, self.tried, self.notes)


class Promise(NamedTuple):
    """How a paper may follow, or be promised."""

    kind: str
    due: str
    certain: bool
    text: str
    liability: str


class Paper(NamedTuple):
    """One paper of the notice; ``filed_as`` is its dataset, empty where it cannot be filed."""

    title: str
    whose: str
    kind: str
    copies: int
    until: str
    filed_as: str
    reasons: tuple[Why, ...]
    promise: Promise | None

    @property
    def states(self) -> tuple[MaterialIn, ...]:
        """What the newest entry says of it, for each service that asks for it."""
        return tuple(one for why in self.reasons for one in why.states)

    @property
    def filed(self) -> str:
        """The material that it was filed as for any service; empty if there is none."""
        return self.brought if self.brought != ON_PAPER else ""

    @property
    def entries(self) -> tuple[int, ...]:
        """The positions of the answers that it rests on."""
        return tuple(dict.fromkeys(entry for one in self.states for entry in one.entries))

    @property
    def held(self) -> tuple[str, ...]:
        """The materials on file that satisfy it."""
        return tuple(dict.fromkeys(one.held for one in self.states if one.held is not None))

    @property
    def missing(self) -> tuple[MaterialIn, ...]:
        """For which services it has still to be handed in."""
        return tuple(one for one in self.states if one.brought is None and not one.satisfied)

    @property
    def brought(self) -> str:
        """What it was handed in as, for any service; empty if it was not."""
        return next((one.brought for one in self.states if one.brought is not None), "")


class Group(NamedTuple):
    """The papers of one status."""

    status: Status
    title: str
    papers: tuple[Paper, ...]


class Entry(NamedTuple):
    """One field of the form; ``others`` say otherwise, each with its source."""

    title: str
    value: str
    source: Source | None
    why: str
    given: str
    conflicting: bool
    others: tuple[tuple[str, Source], ...]
    required: bool


class Heading(NamedTuple):
    """One service as the notice tells it."""

    code: str
    version: int
    title: str
    department: str
    legal_basis: str
    conditions: tuple[str, ...]
    process: tuple[str, ...]
    statutory: str
    promised: str


class Sheet(NamedTuple):
    """Notice and form; groups without papers are left out."""

    day: str
    services: tuple[Heading, ...]
    groups: tuple[Group, ...]
    form: tuple[Entry, ...]

    def papers(self, status: Status) -> tuple[Paper, ...]:
        """The papers of a status."""
        return next((one.papers for one in self.groups if one.status == status), ())


@dataclass(frozen=True, slots=True)
class Register:
    """What the codes in a notice stand for, by code; ``licences`` gives the dataset of a type."""

    services: Mapping[str, Service]
    departments: Mapping[str, Mapping[str, str]]
    datasets: Mapping[str, Dataset]
    licences: Mapping[str, str]

    def department(self, code: str, language: Language) -> str:
        """A department's title, or what stands there if it is none of this hub."""
        return title(self.departments[code], language) if code in self.departments else code

    def party(self, code: str, language: Language) -> str:
        """A party's title."""
        return party_words(code, language, _Titles(self, language))


class _Titles(NamedTuple):
    """What the register knows of the codes in a notice (``catalog/evidence/notice.py``)."""

    register: Register
    language: Language

    def dataset(self, code: str) -> str:
        found = self.register.datasets.get(code)
        return code if found is None else title(found, self.language)

    def item(self, dataset: str, code: str) -> str:
        found = self.register.datasets.get(dataset)
        item = found.by_code.get(code) if found else None
        return code if item is None else title(item, self.language)

    def source(self, kind: str, code: str) -> str | None:
        if kind == "licence":
            return self.dataset(self.register.licences.get(code, code))
        if kind == "material":
            filed = material_dataset(code)
            return self.dataset(filed) if filed in self.register.datasets else None
        return self.dataset(code)

    def party(self, code: str) -> str:
        named = (one for service in self.register.services.values() for one in service.parties)
        return next((title(one, self.language) for one in named if one.code == code), code)


def sheet(notice: Json, state: CaseState, register: Register, language: Language) -> Sheet:
    """A notice as it was sealed, in a language."""
    told = WholeNotice.model_validate(notice)
    words = _Sheet(told, state, register, language)
    return Sheet(
        day=told.day,
        services=tuple(map(words.heading, told.services)),
        groups=tuple(
            Group(
                status, text(f"notice.status.{status}", language), tuple(map(words.paper, papers))
            )
            for status in STATUSES
            if (papers := told.materials.get(status, ()))
        ),
        form=tuple(map(words.entry, told.form)),
    )


def _merged(reasons: Iterable[Why]) -> tuple[Why, ...]:
    """Each reason once, with all the services for which it is the same."""
    found: dict[tuple[object, ...], Why] = {}
    for one in reasons:
        before = found.get(one.said)
        found[one.said] = one if before is None else before.joined(one)
    return tuple(found.values())


class _Sheet:
    """Puts the parts of one notice into one language."""

    def __init__(
        self, told: WholeNotice, state: CaseState, register: Register, language: Language
    ) -> None:
        self._state = state.by_name
        self._register = register
        self._language = language
        self._titles = _Titles(register, language)
        self._words = Words(told, language, self._titles)

    def heading(self, one: ServiceTold) -> Heading:
        language = self._language
        return Heading(
            code=one.code,
            version=one.version,
            title=one.title.words(language),
            department=self._register.department(one.department, language),
            legal_basis=one.legal_basis,
            conditions=tuple(each.words(language) for each in one.conditions),
            process=tuple(each.words(language) for each in one.process),
            statutory=self._words.days(one.statutory_days),
            promised=self._words.days(one.promised_days),
        )

    def paper(self, one: PaperTold) -> Paper:
        filed_as = material_dataset(one.type)
        follows = (piece.follow for piece in one.pieces if piece.follow is not None)
        return Paper(
            title=one.title.words(self._language),
            whose=self._words.party(one.of),
            kind=self._words.kind(one.kind),
            copies=one.copies,
            until=one.until or "",
            filed_as=filed_as if filed_as in self._register.datasets else "",
            reasons=_merged(map(self._why, one.pieces)),
            promise=next(map(self._promise, follows), None),
        )

    def entry(self, one: Entered) -> Entry:
        field, value = self._field(one), one.value
        codes = field.codes if field else None
        return Entry(
            title=one.title.words(self._language),
            value=self._words.label(value.value if value else one.given, codes),
            source=self._of_value(value) if value else None,
            why=self._words.reason(one.why, value.dataset if value else ""),
            given=self._words.label(one.given, codes),
            conflicting=one.conflicting,
            others=tuple(
                (self._words.label(each.value, codes), self._of_value(each)) for each in one.others
            ),
            required=one.required,
        )

    def _why(self, piece: Piece) -> Why:
        evidence = piece.evidence
        rule = ""
        if piece.rule:
            version = piece.rule_version
            rule = text("case.rule", self._language, rule=piece.rule, version=version)
        source = None
        if evidence is not None:
            source = Source(
                self._words.source(evidence.kind, evidence.source),
                self._register.department(evidence.provider, self._language),
                evidence.date or "",
                evidence.reference,
            )
        return Why(
            services=(self._words.service(piece.service),),
            why=self._words.reason(piece.why, evidence.source if evidence else ""),
            rule=rule,
            basis=piece.legal_basis,
            evidence=source,
            tried=tuple(map(self._words.tried, piece.tried)),
            notes=tuple(self._notes(piece)),
            states=(self._state[piece.service, piece.material],),
        )

    def _notes(self, piece: Piece) -> Iterator[str]:
        for name in ("acceptance", "specification", "blank_form", "notes"):
            said: str = getattr(piece, name)
            if said:
                yield text(f"case.note.{name}", self._language, text=said)

    def _promise(self, one: Follow) -> Promise:
        words = self._language
        return Promise(
            one.kind, one.due, one.certain, one.text.words(words), one.liability.words(words)
        )

    def _of_value(self, value: Value) -> Source:
        provider = self._register.department(value.provider, self._language)
        titles = self._titles
        named = f"{titles.dataset(value.dataset)} · {titles.item(value.dataset, value.item)}"
        return Source(named, provider, value.date or "", value.reference)

    def _field(self, one: Entered) -> FormField | None:
        services = (self._register.services.get(code) for code in one.services)
        fields = (service.by_field.get(one.code) for service in services if service)
        return next((field for field in fields if field is not None), None)
