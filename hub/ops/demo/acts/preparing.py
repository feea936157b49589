"""Services, rules, types of papers, exactly the grants that the rules need, and a delegation."""

from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from catalog import materials
from catalog.definition import Dataset
from catalog.evidence.reading import bundled_sets
from catalog.licences import dataset as licence_datasets
from catalog.purposes import bundled as purposes
from catalog.services.reading import bundled as bundled_services
from certs.canonical import Json
from certs.encoding import rfc3339
from hub.clock import DAY
from hub.ops.api import CallRefused
from hub.ops.city.offices import CITY_MARKET
from hub.ops.demo.acts.granting import DAYS, Granted, Terms, body
from hub.ops.demo.api import Api
from hub.ops.demo.cast import INSURANCE, LABOUR, MARKET, Account
from hub.ops.demo.counter import Counter, Matter
from hub.ops.demo.services import (
    BENEFITS,
    BUSINESS_LICENCE,
    FIRE_CHECK,
    INSURED,
    PURPOSES,
    TYPES,
    known,
    licence_type,
    wanted,
)
from hub.ops.demo.stage import Stage
from hub.ops.on_record import ON_RECORD

_ASKED_FOR = "消防安全制度、灭火和应急疏散预案"
_CATCH_ALL = "其他材料"


class _Delegation(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    version: int
    status: str


class _Service(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str


class _Services(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    services: tuple[_Service, ...]


def play(stage: Stage, administrator: Api, trial: Matter) -> str:
    """Prepare the counters; ``trial`` is what the window tries too early. Gives the delegation."""
    teller = stage.teller
    teller.act("demo.preparing")
    _types(stage, administrator)
    _services(stage, administrator)
    _grants(stage, administrator)
    return _delegate(stage, trial)


def _types(stage: Stage, administrator: Api) -> None:
    """The type of licence that is issued, the types of papers that are filed, each a dataset."""
    teller, kind = stage.teller, licence_type()
    zh = teller.language == "zh"
    named = [one.title_zh if zh else one.title_en for one in map(known().__getitem__, TYPES)]
    teller.step(
        "demo.preparing.types",
        licence=kind.name_zh if zh else kind.name_en,
        papers=teller.words("demo.comma").join(named),
    )
    issuer: Json = {"name": CITY_MARKET.name, "uscc": CITY_MARKET.uscc}
    issuers: Json = {MARKET: issuer}
    administrator.call(
        "POST", "/v1/licence-types", {"bundled": BUSINESS_LICENCE, "issuers": issuers}
    )
    _register(administrator, MARKET, licence_datasets.source(kind))
    for code, department in TYPES.items():
        _register(administrator, department, materials.source(code))


def _register(administrator: Api, department: str, definition: bytes) -> None:
    said: dict[str, Json] = {"department": department, "definition": definition.decode("utf-8")}
    administrator.call("POST", "/v1/datasets", {**said, "on_record": ON_RECORD})


def _services(stage: Stage, administrator: Api) -> None:
    teller = stage.teller
    sources = {code: _source("catalog.services.bundled", code) for code in PURPOSES}
    teller.step("demo.preparing.refused", paper=_CATCH_ALL)
    spoilt = sources[FIRE_CHECK].replace(_ASKED_FOR, _CATCH_ALL)
    path = f"/v1/services/{FIRE_CHECK}"
    status = HTTPStatus.OK.value
    try:
        administrator.call("PUT", path, {"definition": spoilt})
    except CallRefused as error:
        status = int(error.facts["status"])
        teller.lines(*(f"       {line}" for line in error.told(teller.language).splitlines()))
    listed = _Services.model_validate(administrator.call("GET", "/v1/services")).services
    refused = status == HTTPStatus.UNPROCESSABLE_ENTITY and not listed
    teller.expect(refused, seen=f"{status} {len(listed)}")

    (rules,) = bundled_sets()
    departments = {bundled_services()[code].department for code in PURPOSES}
    teller.step(
        "demo.preparing.registered",
        services=len(PURPOSES),
        departments=len(departments),
        rules=len(rules.rules),
    )
    definitions: list[Json] = [*sources.values()]
    administrator.call("POST", "/v1/services", {"definitions": definitions})
    source = _source("catalog.evidence.bundled", rules.code)
    administrator.call("PUT", f"/v1/rule-sets/{rules.code}", {"definition": source})
    listed = _Services.model_validate(administrator.call("GET", "/v1/services")).services
    teller.expect({one.code for one in listed} == set(PURPOSES))


def _source(package: str, code: str) -> str:
    return files(package).joinpath(f"{code}.toml").read_text(encoding="utf-8")


def _grants(stage: Stage, administrator: Api) -> None:
    """For each purpose exactly the items that its rules and its form name."""
    teller, needed = stage.teller, wanted()
    teller.step("demo.preparing.granted", grants=len(needed))
    datasets = known()
    for department, purpose in dict.fromkeys((one.department, one.purpose) for one in needed):
        of = [one for one in needed if (one.department, one.purpose) == (department, purpose)]
        titles = [_counted(stage, datasets[one.dataset], len(one.items)) for one in of]
        teller.say(
            "demo.preparing.given",
            department=teller.words(f"demo.department.{department}"),
            datasets=teller.words("demo.comma").join(titles),
        )
    granted = {
        Granted.model_validate(
            administrator.call(
                "POST",
                "/v1/grants",
                body(
                    stage,
                    Terms(
                        one.department, one.dataset, dict.fromkeys(one.items, "full"), one.purpose
                    ),
                ),
            )
        ).id
        for one in needed
    }
    beyond = [one for one in needed if not set(one.items) < set(datasets[one.dataset].by_code)]
    teller.expect(len(granted) == len(needed) and not beyond, seen=str(beyond))


def _counted(stage: Stage, dataset: Dataset, items: int) -> str:
    teller = stage.teller
    title = dataset.title_zh if teller.language == "zh" else dataset.title_en
    return teller.words("demo.preparing.items", dataset=title, items=items)


def _delegate(stage: Stage, trial: Matter) -> str:
    """The insurance bureau lets the window of another department handle its service."""
    teller, cast = stage.teller, stage.cast
    teller.step(
        "demo.preparing.delegated",
        lender=teller.words(f"demo.department.{INSURANCE}"),
        window=teller.words(f"demo.department.{LABOUR}"),
        service=bundled_services()[INSURED].title(teller.language),
    )
    window = Counter(stage, stage.offices[LABOUR])
    now = stage.clock()
    terms: dict[str, Json] = {
        "basis": purposes()[BENEFITS].legal_basis,
        "channels": ["connector", "console"],
        "purposes": [BENEFITS],
        "services": [INSURED],
        "to": LABOUR,
        "valid_from": rfc3339(now),
        "valid_until": rfc3339(now + DAYS * DAY),
    }
    drafted = _act(stage, cast.steward(INSURANCE), "", {"terms": terms})
    path = f"/{drafted.id}"
    signed = _act(stage, cast.head(INSURANCE), f"{path}/sign", {"version": drafted.version})
    early = window.ask(trial).status
    accepted = _act(stage, cast.head(LABOUR), f"{path}/accept", {"version": signed.version})
    told = f"{drafted.status} {signed.status} {early} {accepted.status}"
    expected = f"draft signed {HTTPStatus.NOT_FOUND.value} active"
    teller.expect(told == expected, seen=told)
    return accepted.id


def _act(stage: Stage, who: Account, path: str, said: Mapping[str, Json]) -> _Delegation:
    api = stage.sign_in(who)
    try:
        return _Delegation.model_validate(api.call("POST", f"/v1/delegations{path}", said))
    finally:
        api.close()
