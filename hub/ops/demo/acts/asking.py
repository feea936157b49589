"""Departments ask, by resident ID and by credit code; they verify; each answer has its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.definition import bundled
from catalog.identifiers.resident import check_character
from catalog.item import Item
from hub.ops.city import CitySummary
from hub.ops.demo.acts.granting import NEWBORN, OPENING, REAL_ESTATE
from hub.ops.demo.cast import LAND, MARKET, POLICE
from hub.ops.demo.connector import Answer, Question, Refusal, Verified
from hub.ops.demo.rows import premises
from hub.ops.demo.stage import Office, Stage, sample
from hub.ops.demo.telling import Teller

# Born before anybody in the city: a good number that is nobody's there.
_NOBODY = "53040218990101001"
IDENTITY = ("resident_id", "name", "marital_status", "status")
CASE = "NRB-2026-000118"
_WIDTHS = (24, 60)


@dataclass(frozen=True, slots=True)
class Known:
    """What later acts go back to: the question that was answered, and its entry."""

    question: Question
    entry: int


def play(stage: Stage, city: CitySummary) -> Known:
    """Ask and verify; gives the first question."""
    teller = stage.teller
    land, market, police = (stage.offices[code] for code in (LAND, MARKET, POLICE))
    owner = sample(city, "owner")
    teller.act("demo.asking")

    question = Question(
        "resident", "resident_id", owner.id, REAL_ESTATE, land.officer.account, CASE, IDENTITY
    )
    teller.step("demo.asking.existing", id=owner.id, account=land.officer.account, case=CASE)
    told = stage.ask(land, question)
    name = owner.name[0] + "*" * (len(owner.name) - 1)
    number = owner.id[:4] + "*" * (len(owner.id) - 6) + owner.id[-2:]
    items = _shown(teller, "resident", told)
    masked = items.get("name") == name and items.get("resident_id") == number
    teller.expect(masked and items.keys() <= set(IDENTITY), seen=_seen(told))
    known = Known(question, _entry(told))

    teller.step("demo.asking.household", id=owner.id)
    told = stage.ask(land, _of(question, "household", ("relation", "head_name", "member_count")))
    items = _shown(teller, "household", told)
    teller.expect(items.get("relation") == "01", seen=_seen(told))

    nobody = _NOBODY + check_character(_NOBODY)
    teller.step("demo.asking.nobody", id=nobody)
    told = stage.ask(land, _about(question, nobody))
    teller.expect(isinstance(told, Answer) and not told.found, seen=_seen(told))

    teller.step("demo.asking.police", id=owner.id)
    told = stage.ask(
        police,
        Question(
            "real_estate",
            "resident_id",
            owner.id,
            NEWBORN,
            police.officer.account,
            "PSB-2026-004410",
            ("location", "co_ownership"),
        ),
    )
    items = _shown(teller, "real_estate", told)
    teller.expect(items.get("co_ownership") == "1", seen=_seen(told))
    _by_credit_code(stage, market)
    _verify(stage, market, city)
    return known


def _by_credit_code(stage: Stage, market: Office) -> None:
    teller = stage.teller
    code, _ = premises(stage.offices[LAND])
    teller.step("demo.asking.premises", id=code)
    told = stage.ask(
        market,
        Question(
            "real_estate",
            "uscc",
            code,
            OPENING,
            market.officer.account,
            "MRB-2026-001207",
            ("certificate_no", "location", "use", "status"),
        ),
    )
    items = _shown(teller, "real_estate", told)
    teller.expect(items.get("status") == "1", seen=_seen(told))


def _verify(stage: Stage, market: Office, city: CitySummary) -> None:
    teller = stage.teller
    led, leader = sample(city, "led"), sample(city, "legal_representative")
    # The first who holds a paper may be this very leader, and then the name would not be wrong.
    others = (sample(city, role).name for role in ("material_holder", "owner", "owners_spouse"))
    wrong = next(name for name in others if name != leader.name)

    def verify(subject: str, name: str) -> Answer | Verified | Refusal:
        claims = {"name": name, "status": "1"}
        officer, case = market.officer.account, "MRB-2026-001208"
        return stage.ask(
            market,
            Question("resident", "resident_id", subject, OPENING, officer, case, claims=claims),
        )

    teller.step("demo.asking.match", enterprise=led.name, name=leader.name)
    told = verify(leader.id, leader.name)
    teller.expect(isinstance(told, Verified) and told.match, seen=_seen(told))
    teller.step("demo.asking.mismatch", name=wrong)
    told = verify(leader.id, wrong)
    absent = verify(_NOBODY + check_character(_NOBODY), leader.name)
    alike = [
        isinstance(one, Verified) and not one.match and one.exists is None for one in (told, absent)
    ]
    teller.expect(all(alike), seen=f"{_seen(told)} {_seen(absent)}")


def _of(question: Question, dataset: str, items: tuple[str, ...]) -> Question:
    """The same asker and subject, of another dataset."""
    return Question(
        dataset,
        question.kind,
        question.subject,
        question.purpose,
        question.officer,
        question.case,
        items,
    )


def _about(question: Question, subject: str) -> Question:
    """The same question about somebody else."""
    return Question(
        question.dataset,
        question.kind,
        subject,
        question.purpose,
        question.officer,
        question.case,
        question.items,
    )


def _shown(teller: Teller, dataset: str, told: Answer | Verified | Refusal) -> Mapping[str, str]:
    """Show the first record with its titles; gives its items by code."""
    if not isinstance(told, Answer) or not told.records:
        return {}
    show(teller, dataset, told.records[0].items)
    return told.records[0].items


def show(teller: Teller, dataset: str, items: Mapping[str, str]) -> None:
    """Items of a record, in words."""
    for item in bundled()[dataset].items:
        if item.code in items:
            title = item.title_zh if teller.language == "zh" else item.title_en
            teller.row((title, _worded(teller, item, items[item.code])), _WIDTHS)


def _worded(teller: Teller, item: Item, value: str) -> str:
    if item.codes is not None and value in item.codes:
        label = item.codes[value]
        return label.zh if teller.language == "zh" else label.en
    return value


def _entry(told: Answer | Verified | Refusal) -> int:
    return told.entry or 0 if isinstance(told, Refusal) else told.proof.entry


def _seen(told: Answer | Verified | Refusal) -> str:
    if isinstance(told, Refusal):
        return told.code
    if isinstance(told, Verified):
        return f"match={told.match} exists={told.exists}"
    return f"found={told.found} records={len(told.records)}"
