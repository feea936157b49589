"""How a case is told in the terminal: each paper with what became of it and who stands in."""

from catalog.definition import bundled
from catalog.evidence.reason import Reason, reason_words
from catalog.licences.licence_type import bundled as licence_types
from catalog.materials import bundled as materials
from catalog.messages import catalogue
from hub.cases.finding import material_dataset
from hub.ops.demo.counter import Evidence, Paper, Piece, Told, Why, Words
from hub.ops.demo.telling import Teller

_WIDTHS = (12, 42, 70)
_SHOWN = ("must_bring", "may_follow", "confirmed", "on_file")
_NEEDED = ("must_bring", "may_follow")


def tell_case(teller: Teller, told: Told) -> None:
    """The one-time notice, a line for each paper; then how much of the form is filled in."""
    for paper in told.papers(*_SHOWN):
        status = teller.words(f"demo.case.status.{paper.status}")
        teller.row((status, title(teller, paper.title), whence(teller, paper)), _WIDTHS)
    teller.say("demo.case.form", filled=told.filled, fields=len(told.form))


def title(teller: Teller, words: Words) -> str:
    """A text of the notice in our language."""
    return words.zh if teller.language == "zh" else words.en


def whence(teller: Teller, paper: Paper) -> str:
    """Who stands in for a paper, until when it may follow, or that it is the applicant's own."""
    piece = paper.pieces[0]
    if piece.evidence is not None:
        return teller.words(
            "demo.case.by",
            department=_department(teller, piece.evidence.provider),
            source=_source(teller, piece.evidence),
        )
    if paper.status == "may_follow":
        return worded(teller, piece.why)
    return teller.words(f"demo.case.source.{piece.source}")


def refused(teller: Teller, piece: Piece) -> str:
    """Why each way of a paper did not do."""
    separator = teller.words("demo.case.separator")
    return separator.join(
        teller.words(
            "demo.case.tried",
            source=_source(teller, Evidence(kind=one.kind, source=one.source, provider="")),
            why=worded(teller, one.why),
        )
        for one in piece.tried
    )


def worded(teller: Teller, why: Why) -> str:
    """A reason in words."""
    return reason_words(Reason(why.code, why.facts), teller.language)


def _department(teller: Teller, code: str) -> str:
    key = f"demo.department.{code}"
    return teller.words(key) if key in catalogue() else code


def _source(teller: Teller, one: Evidence) -> str:
    """The title of what was asked."""
    zh = teller.language == "zh"
    if one.kind == "licence":
        types = {each.type_code: each for each in licence_types().values()}
        kind = types.get(one.source)
        name = one.source if kind is None else kind.name_zh if zh else kind.name_en
        return teller.words("demo.case.licence", name=name)
    known = {**bundled(), **materials()}
    dataset = known.get(material_dataset(one.source) if one.kind == "material" else one.source)
    if dataset is None:
        return one.source
    return dataset.title_zh if zh else dataset.title_en
