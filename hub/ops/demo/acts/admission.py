"""Departments, datasets and people are admitted; connectors are invited and enrol."""

from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from catalog.definition import bundled
from catalog.messages import text
from certs.canonical import Json
from certs.keys import write_secret
from hub.ops.demo.api import Api
from hub.ops.demo.cast import DATASETS, STAFF
from hub.ops.demo.connector import Connector, Enrolled, Refusal
from hub.ops.demo.stage import HUB_NAME, Office, Stage
from hub.ops.on_record import ON_RECORD

GATEWAY = "gateway"
"""The name of each department's connector."""


class _Dataset(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str


class _Datasets(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    datasets: tuple[_Dataset, ...]


class _Invitation(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    invitation: str


def play(stage: Stage, administrator: Api) -> None:
    """Admit the departments, and let their connectors enrol."""
    teller = stage.teller
    teller.act("demo.admission", connected=len(stage.offices), departments=len(STAFF))
    named = [teller.words(f"demo.department.{code}") for code in STAFF]
    teller.step("demo.admission.departments", departments=teller.words("demo.comma").join(named))
    entries = [_admit(administrator, code) for code in STAFF]
    teller.expect(len(set(entries)) == len(STAFF))
    teller.step("demo.admission.datasets", count=sum(map(len, DATASETS.values())))
    for code, datasets in DATASETS.items():
        for dataset in datasets:
            _register(administrator, code, dataset)
    found = _Datasets.model_validate(administrator.call("GET", "/v1/datasets"))
    known = {row.code for row in found.datasets}
    teller.expect(known == set(bundled()), seen=" ".join(sorted(known)))
    teller.step("demo.admission.people", count=len(stage.cast.people))
    for person in stage.cast.people:
        if person is not stage.cast.administrator:
            _enrol_person(administrator, stage, person.account)
    # Raises for whoever was not enrolled with that password, or cannot sign in with the new one.
    for person in stage.cast.people:
        if person is not stage.cast.administrator:
            stage.take_up(person)
        stage.sign_in(person).close()
    teller.expect(holds=True)
    for office in stage.offices.values():
        _invite(stage, administrator, office)


def _admit(administrator: Api, code: str) -> int:
    body: dict[str, Json] = {
        "code": code,
        "title_en": text(f"demo.department.{code}", "en"),
        "title_zh": text(f"demo.department.{code}", "zh"),
    }
    return _Entry.model_validate(administrator.call("POST", "/v1/departments", body)).entry


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    entry: int


def _register(administrator: Api, code: str, dataset: str) -> None:
    definition = files("catalog.datasets").joinpath(f"{dataset}.toml").read_text(encoding="utf-8")
    body: dict[str, Json] = {"department": code, "definition": definition}
    administrator.call("POST", "/v1/datasets", {**body, "on_record": ON_RECORD})


def _enrol_person(administrator: Api, stage: Stage, account: str) -> None:
    person = stage.cast.named(account)
    body: dict[str, Json] = {
        "account": person.account,
        "department": person.department,
        "name": person.name,
        "password": person.initial,
        "roles": [person.role],
    }
    administrator.call("POST", "/v1/people", body)


def _invite(stage: Stage, administrator: Api, office: Office) -> None:
    """Invite a connector and let it enrol; the first department tries its invitation twice."""
    teller = stage.teller
    title = teller.words(f"demo.department.{office.code}")
    teller.step("demo.admission.enrolled", department=title)
    body: dict[str, Json] = {"department": office.code, "name": GATEWAY}
    invited = _Invitation.model_validate(administrator.call("POST", "/v1/invitations", body))
    office.files.mkdir(parents=True)
    file = office.files.parent / "invitation"
    write_secret(file, f"{invited.invitation}\n".encode("ascii"))
    told = office.connector.enrol(file)
    urn = f"urn:yifen:connector:{HUB_NAME}:{office.code}:{GATEWAY}"
    teller.expect(isinstance(told, Enrolled) and told.connector == urn, seen=_seen(told))
    if office.code == next(iter(DATASETS)):
        teller.step("demo.admission.twice")
        elsewhere = Connector(stage.children, office.files.parent / "another")
        told = elsewhere.enrol(file)
        teller.expect(isinstance(told, Refusal), seen=_seen(told))
    file.unlink()


def _seen(told: Enrolled | Refusal) -> str:
    return told.code if isinstance(told, Refusal) else told.connector
