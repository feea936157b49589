"""Whether notice, form and materials rest on what was answered, and on nothing else.

The rules by which the hub decided are not ours to judge; but what it says is confirmed or on file
must be an answered entry about that party, for that department, from that dataset, whose record
holds today: neither disputed, nor expired, nor out of force.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from catalog.evidence.judging import even
from catalog.evidence.told import Entered, Evidence, Paper, Piece, Value
from catalog.item import Item, Label
from catalog.licences.status import Status as LicenceStatus
from catalog.material import NUMBER, USABLE
from catalog.values import check_value
from certs.canonical import Json
from connectors.cases.answer import RESTING, CaseTold, Material
from connectors.cases.question import Said
from connectors.cases.rounds import Answered
from connectors.errors import AnswerRefused

Entries = Mapping[int, Answered]
_MATERIAL = "material_"
"""What the code of a dataset of materials begins with; the type of paper follows."""
_STATUS_OF = {
    "lookup": "confirmed",
    "verify": "confirmed",
    "own": "confirmed",
    "licence": "on_file",
    "material": "on_file",
}


def check_rests(told: CaseTold, said: Said, entries: Entries) -> None:
    """Raise ``AnswerRefused`` unless all that is told rests on ``entries``."""
    # 1 Every position that a material names is one of them
    for material in told.materials:
        if not set(material.entries) <= entries.keys():
            raise AnswerRefused(why="entries")
        if (material.status in RESTING) != bool(material.entries):
            raise AnswerRefused(why="rests-on-nothing")
    # 2 The notice tells of those materials, each once, and of each the same; beside them may stand
    #   what was brought for a list that asks for it no longer
    by_name = told.by_name
    pieces = [(paper, piece) for paper in told.notice.papers() for piece in paper.pieces]
    named = [piece.name for _, piece in pieces]
    asked_for = [name for name, one in by_name.items() if not _left_over(one, named)]
    if len(by_name) != len(told.materials) or sorted(named) != sorted(asked_for):
        raise AnswerRefused(why="notice")
    departments = {one.service: one.department for one in told.services}
    for paper, piece in pieces:
        material = by_name[piece.name]
        _check_piece(paper, piece, material)
        # 3 What is confirmed or on file is an answered entry that says so
        if piece.evidence is not None:
            department = departments.get(piece.service, "")
            _check_evidence(piece.evidence, material, department, entries, told.day)
    # 4 So is every value of the form; what was entered is what we sent
    for field in told.form:
        _check_field(field, said, departments, entries)


def _left_over(material: Material, named: Sequence[tuple[str, str]]) -> bool:
    """Whether a material was brought, and the list that is in force now does not ask for it."""
    unasked = material.status == "must_bring" and not material.rule
    return material.name not in named and material.brought is not None and unasked


def _check_piece(paper: Paper, piece: Piece, material: Material) -> None:
    """What the notice says of a material is what its state says."""
    same = (piece.status, piece.rule, piece.rule_version, piece.way, piece.why.code)
    state = (
        material.status,
        material.rule,
        material.rule_version,
        material.way,
        material.reason,
    )
    if same != state or (paper.type, paper.of) != (material.type, material.of):
        raise AnswerRefused(why="notice")
    evidence, follow = piece.evidence, piece.follow
    if (evidence is not None) != (piece.status in RESTING):
        raise AnswerRefused(why="rests-on-nothing")
    if (follow is not None) != (piece.status == "may_follow"):
        raise AnswerRefused(why="notice")
    kind = evidence.kind if evidence is not None else follow.kind if follow is not None else ""
    until = follow.due if follow is not None else None
    held = evidence.reference if evidence is not None and kind == "material" else None
    if (material.kind, material.until, material.held) != (kind, until, held):
        raise AnswerRefused(why="notice")


def _check_evidence(
    evidence: Evidence, material: Material, department: str, entries: Entries, day: str
) -> None:
    if _STATUS_OF.get(evidence.kind) != material.status:
        raise AnswerRefused(why="evidence-kind")
    for position in material.entries:
        one = entries[position]
        asked = one.asked
        if one.control.outcome != "answered":
            raise AnswerRefused(why="evidence-unanswered")
        if (asked.about, asked.department) != (evidence.about, department):
            raise AnswerRefused(why="evidence-about")
        if asked.dataset not in _datasets(evidence, asked.dataset):
            raise AnswerRefused(why="evidence-dataset")
        if (asked.operation == "verify") != (evidence.kind in {"verify", "own"}):
            raise AnswerRefused(why="evidence-kind")
        if asked.operation == "verify":
            _check_agrees(one, evidence, position)
        elif evidence.kind == "material":
            _check_paper(one, evidence, day)
        else:
            _check_record(one, evidence, position, day)


def _datasets(evidence: Evidence, asked: str) -> tuple[str, ...]:
    """Where evidence may be from: of a licence by its type, which no dataset's code tells."""
    if evidence.kind == "licence":
        return (asked,)
    if evidence.kind == "material":
        source = evidence.source
        return (source if source.startswith(_MATERIAL) else f"{_MATERIAL}{source}",)
    return (evidence.source,)


def _check_agrees(one: Answered, evidence: Evidence, position: int) -> None:
    if evidence.reference != str(position):
        raise AnswerRefused(why="reference")
    if one.result.get("match") is not True or one.result.get("disputed") is True:
        raise AnswerRefused(why="evidence-disagrees")


def _check_paper(one: Answered, evidence: Evidence, day: str) -> None:
    """A paper on file has its own name; somebody else's, or one that does not hold, is none."""
    for record in _records(one.result):
        items = _items(record)
        if items.get(NUMBER) == evidence.reference and items.get("status") == USABLE:
            _check_holds(record, items, day)
            return
    raise AnswerRefused(why="reference")


def _check_record(one: Answered, evidence: Evidence, position: int, day: str) -> None:
    record = _referred(one.result, evidence.reference, position)
    items = _items(record)
    if evidence.kind == "licence":
        if items.get("status") != LicenceStatus.IN_FORCE:
            raise AnswerRefused(why="evidence-unsound")
        _check_holds(record, items, day)
    _check_sound(record)


def _check_holds(record: Mapping[str, Json], items: Mapping[str, str], day: str) -> None:
    """Raise unless a paper is within its days, which are written so that they sort."""
    _check_sound(record)
    begins, ends = items.get("valid_from", ""), items.get("valid_until", "")
    if begins > day or (ends and ends < day):
        raise AnswerRefused(why="evidence-expired")


def _check_sound(record: Mapping[str, Json]) -> None:
    if record.get("disputed") is not False:
        raise AnswerRefused(why="evidence-unsound")


def _check_field(
    field: Entered, said: Said, departments: Mapping[str, str], entries: Entries
) -> None:
    if field.given != said.given.get(field.code, ""):
        raise AnswerRefused(why="form-given")
    implementing = {departments.get(code, "") for code in field.services}
    if field.value is None and (field.same or field.others):
        raise AnswerRefused(why="form")
    for value in (field.value, *field.same, *field.others):
        if value is not None:
            _check_value(value, field, implementing, entries)


def _check_value(value: Value, field: Entered, departments: set[str], entries: Entries) -> None:
    text = value.reference.partition("/")[0]
    position = int(text) if text.isascii() and text.isdigit() else -1
    one = entries.get(position)
    if one is None:
        raise AnswerRefused(why="entries")
    asked = one.asked
    told = (value.dataset, value.about, value.department)
    if (asked.dataset, asked.about, asked.department) != told or asked.operation != "lookup":
        raise AnswerRefused(why="form")
    if value.department not in departments or one.control.outcome != "answered":
        raise AnswerRefused(why="form")
    record = _referred(one.result, value.reference, position)
    _check_sound(record)
    if not _same(value.value, _items(record).get(value.item, ""), field):
        raise AnswerRefused(why="form-value")


def _same(value: str, raw: str, field: Entered) -> bool:
    """Whether a value is the record's, in one writing or another."""
    if not raw or even(value) == even(raw):
        return bool(raw)
    codes = {code: Label(zh=one.zh, en=one.en) for code, one in (field.codes or {}).items()}
    try:
        item = Item(
            code="value",
            title_zh="值",
            title_en="Value",
            type=field.type,
            sensitivity=1,
            codes=codes or None,
            sharing=1,
        )
    except ValidationError as error:  # a type of a later hub
        raise AnswerRefused(why="form") from error
    return check_value(item, raw).value == value


def _referred(result: Mapping[str, Json], reference: str, position: int) -> Mapping[str, Json]:
    """The record that a reference names: the position, with its place where there are several."""
    records = _records(result)
    for place, record in enumerate(records):
        if reference == (f"{position}/{place}" if len(records) > 1 else str(position)):
            return record
    raise AnswerRefused(why="reference")


def _records(result: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    records = result.get("records")
    return [one for one in records if isinstance(one, dict)] if isinstance(records, list) else []


def _items(record: Mapping[str, Json]) -> dict[str, str]:
    items = record.get("items")
    return {code: str(one) for code, one in items.items()} if isinstance(items, dict) else {}
