"""The administrator grants: which items, masked how, to whom, for what, how often."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from catalog.definition import bundled
from catalog.masks import Mask
from catalog.purposes import bundled as bundled_purposes
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.clock import DAY
from hub.ops.demo.api import Api
from hub.ops.demo.cast import LAND, MARKET, POLICE
from hub.ops.demo.stage import Stage

REAL_ESTATE, OPENING, CREDIT, NEWBORN = (
    "real_estate_registration",
    "enterprise_opening",
    "credit_supervision",
    "newborn_registration",
)
DAYS = 365
QUOTA = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """What is granted to a department."""

    department: str
    dataset: str
    items: Mapping[str, Mask]
    purpose: str
    operations: tuple[str, ...] = ("lookup",)


_GRANTS = {
    "identity": Terms(
        LAND,
        "resident",
        {"resident_id": "identifier", "name": "name", "marital_status": "full", "status": "full"},
        REAL_ESTATE,
    ),
    "household": Terms(
        LAND,
        "household",
        {"relation": "full", "head_name": "name", "member_count": "full"},
        REAL_ESTATE,
    ),
    "credit": Terms(
        LAND,
        "credit_penalty",
        {"document_no": "full", "violation": "full", "decided_on": "full", "severity": "full"},
        CREDIT,
    ),
    "premises": Terms(
        MARKET,
        "real_estate",
        {"certificate_no": "full", "location": "full", "use": "full", "status": "full"},
        OPENING,
    ),
    "representative": Terms(
        MARKET, "resident", {"name": "full", "status": "full"}, OPENING, ("verify",)
    ),
    "home": Terms(POLICE, "real_estate", {"location": "full", "co_ownership": "full"}, NEWBORN),
}


class Granted(BaseModel):
    """A grant that was issued."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    version: int


def play(stage: Stage, administrator: Api) -> dict[str, str]:
    """Issue the grants; gives their ids by what they are for."""
    teller = stage.teller
    teller.act("demo.granting")
    granted: dict[str, str] = {}
    for name, terms in _GRANTS.items():
        dataset = bundled()[terms.dataset]
        purpose = bundled_purposes()[terms.purpose]
        zh = teller.language == "zh"
        teller.step(
            "demo.granting.issued",
            department=teller.words(f"demo.department.{terms.department}"),
            dataset=dataset.title_zh if zh else dataset.title_en,
            purpose=purpose.title_zh if zh else purpose.title_en,
            operation=teller.words(f"demo.operation.{terms.operations[0]}"),
        )
        items = [_item(stage, terms.dataset, code, mask) for code, mask in terms.items.items()]
        teller.say("demo.granting.items", items=teller.words("demo.comma").join(items))
        answer = Granted.model_validate(
            administrator.call("POST", "/v1/grants", body(stage, terms))
        )
        granted[name] = answer.id
    teller.step("demo.granting.seen", department=teller.words(f"demo.department.{LAND}"))
    seen = {grant.id: grant.items for grant in stage.offices[LAND].connector.grants()}
    ours = {granted[n]: dict(t.items) for n, t in _GRANTS.items() if t.department == LAND}
    teller.expect(seen == ours, seen=" ".join(seen))
    return granted


def body(stage: Stage, terms: Terms) -> dict[str, Json]:
    """The terms as the API takes them."""
    now = stage.clock()
    items: dict[str, Json] = {**terms.items}
    operations: list[Json] = [*terms.operations]
    return {
        "basis": bundled_purposes()[terms.purpose].legal_basis,
        "case_required": True,
        "channels": ["connector", "console"],
        "daily_quota": QUOTA,
        "dataset": terms.dataset,
        "department": terms.department,
        "existence": False,
        "items": items,
        "operations": operations,
        "purposes": [terms.purpose],
        "valid_from": rfc3339(now),
        "valid_until": rfc3339(now + DAYS * DAY),
    }


def _item(stage: Stage, dataset: str, code: str, mask: Mask) -> str:
    teller = stage.teller
    item = bundled()[dataset].by_code[code]
    title = item.title_zh if teller.language == "zh" else item.title_en
    if mask == "full":
        return title
    return teller.words("demo.granting.masked", item=title, mask=teller.words(f"demo.mask.{mask}"))
