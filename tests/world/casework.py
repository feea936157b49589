"""Cases in the town: a service of ``nrb``, its rules, and who asks for it."""

import os
from dataclasses import dataclass, field

from catalog.materials import source
from certs.canonical import Json, canonical
from certs.encoding import b64u
from hub.access import grants
from hub.access.grant import Grant
from hub.cases import register
from hub.catalogue import datasets
from hub.ledger.change import Actor
from world.asking import Answer, Gateway, Members
from world.filing import ITEMS, LEASE, file_one
from world.on_record import ON_RECORD
from world.papers import pdf
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, World, covering

APPLICANT = SUBJECTS[0]
OTHER = SUBJECTS[1]
SERVICE, RULES = "lease_record", "local"
MORE_ITEMS = ("received_on", "valid_from", "valid_until", "sighted_on")
OFFICER = "nrb.officer"

SERVICE_TOML = """
code = "lease_record"
version = 1
item_code = "11530400015020004B2000131023000"
title_zh = "房屋租赁登记备案"
title_en = "Lease record"
department = "nrb"
category = "confirmation"
legal_basis = "《商品房屋租赁管理办法》第十四条"
statutory_days = 3
promised_days = 1
applicants = ["person"]
agent = true

[[parties]]
code = "owner"
title_zh = "权利人"
title_en = "Owner"
kinds = ["person", "entity"]
required = false

[[fields]]
code = "name"
title_zh = "姓名"
title_en = "Name"
type = "text"
required = true
prefill = [{ dataset = "resident", item = "name", about = "subject" }]

[[fields]]
code = "born"
title_zh = "出生日期"
title_en = "Born"
type = "date"
prefill = [{ dataset = "resident", item = "birth_date", about = "subject" }]

[[fields]]
code = "phone"
title_zh = "电话"
title_en = "Telephone"
type = "text"

[[materials]]
code = "identity"
type = "identity_card"
title_zh = "居民身份证"
title_en = "Identity card"
kind = 1
necessity = 1
source = 20
legal_basis = "《居民身份证法》第十三条"

[[materials]]
code = "lease"
type = "material_lease"
title_zh = "房屋租赁合同"
title_en = "Lease"
kind = 1
necessity = 1
source = 10
legal_basis = "《商品房屋租赁管理办法》第十五条"

[[materials]]
code = "sketch"
type = "sketch"
title_zh = "房屋平面图"
title_en = "Floor plan"
kind = 2
necessity = 1
source = 10
legal_basis = "《商品房屋租赁管理办法》第十五条"

[[materials]]
code = "promise"
type = "no_dispute"
title_zh = "无权属争议说明"
title_en = "Statement that nobody disputes the title"
kind = 1
necessity = 1
source = 10
legal_basis = "《商品房屋租赁管理办法》第六条"

[[materials]]
code = "later"
type = "tax_receipt"
title_zh = "完税凭证"
title_en = "Tax receipt"
kind = 1
necessity = 3
source = 20
legal_basis = "《商品房屋租赁管理办法》第十五条"

[[materials]]
code = "named"
type = "name_proof"
title_zh = "姓名证明"
title_en = "Proof of the name"
kind = 1
necessity = 1
source = 20
legal_basis = "《居民身份证法》第三条"

[[materials]]
code = "photo"
type = "photo"
title_zh = "房屋照片"
title_en = "Photograph"
kind = 2
necessity = 2
source = 10
legal_basis = "《商品房屋租赁管理办法》第十五条"
"""

RULES_TOML = """
code = "local"
version = 1

[[rules]]
code = "identity"
version = 1
type = "identity_card"
basis = "《国务院关于在线政务服务的若干规定》第七条"

[[rules.ways]]
way = "licence"
type = "11100000000013127D001"

[[rules.ways]]
way = "lookup"
dataset = "resident"
items = ["name", "sex"]
where = [{ item = "sex", test = "in", values = ["1", "2"] }]

[[rules]]
code = "lease"
version = 1
type = "material_lease"
basis = "《政务数据共享条例》第十九条"

[[rules.ways]]
way = "material"

[[rules]]
code = "promise"
version = 1
type = "no_dispute"
basis = "《优化营商环境条例》第三十六条"

[[rules.ways]]
way = "commitment"
kind = "promise"
due_days = 20
text_zh = "申请人承诺房屋权属无争议。"
text_en = "The applicant promises that nobody disputes the title."
liability_zh = "承诺不实的，依法撤销备案。"
liability_en = "If it is untrue, the record is withdrawn by law."

[[rules]]
code = "later"
version = 1
type = "tax_receipt"
basis = "《优化营商环境条例》第三十六条"

[[rules.ways]]
way = "commitment"
kind = "later"
due_days = 10
text_zh = "十个工作日内补交。"
text_en = "It follows within ten working days."

[[rules]]
code = "named"
version = 1
type = "name_proof"
basis = "《国务院关于在线政务服务的若干规定》第七条"

[[rules.ways]]
way = "verify"
dataset = "resident"
claims = { name = "name" }
"""


@dataclass
class Casework:
    """The department's counter: its connector, and the grants that it has."""

    world: World
    materials: Grant
    last: Members = field(default_factory=dict)

    @property
    def nrb(self) -> Gateway:
        return self.world.nrb

    def signed(self, path: str, body: Members, by: Gateway | None = None) -> Answer:
        return self.world.call((by or self.nrb).sign("POST", path, canonical(body)))

    def opening(self, **members: Json) -> Members:
        """The body of an opening, with some members changed."""
        return {
            "case": "备案-2026-17",
            "given": {"name": "张三丰"},
            "officer": OFFICER,
            "parties": {"applicant": person(), "subject": person()},
            "purpose": PURPOSE,
            "request_id": b64u(os.urandom(16)),
            "services": [SERVICE],
        } | members

    def open(self, **members: Json) -> Members:
        """Open a case; gives the answer."""
        answer = self.signed("/v1/cases", self.opening(**members))
        assert answer.status == 201, answer.body
        self.last = answer.document
        return self.last

    def act(self, act: str, **members: Json) -> Answer:
        """An act on the case of the last answer, in the version that it told."""
        body: Members = {"officer": OFFICER, "version": self.last["version"]}
        answer = self.signed(f"/v1/cases/{self.last['case']}/{act}", body | members)
        if answer.status < 300:
            self.last = answer.document
        return answer

    def bring(self, material: str, filed: Json = None) -> Answer:
        required: Json = {"material": material, "service": SERVICE}
        return self.act("materials", required=required, filed=filed)

    def commit(self, *materials: str) -> Answer:
        listed: list[Json] = [{"material": one, "service": SERVICE} for one in materials]
        return self.act("commitments", materials=listed)

    def file(self, subject: str = APPLICANT, text: str = "Lease", **metadata: Json) -> str:
        """A lease on file."""
        return file_one(self.world, pdf(text), subject=subject, **metadata)

    def ready(self) -> None:
        """Do what an accepted case needs beside its evidence."""
        if status_of(self.last, "lease") == "must_bring":
            assert self.bring("lease", self.file()).status == 200
        assert self.bring("sketch").status == 200
        assert self.commit("promise", "later").status == 201


def person(number: str = APPLICANT) -> Json:
    return {"id": number, "type": "resident_id"}


def material(answer: Members, code: str) -> Members:
    """One material of an answer's state."""
    found = answer["materials"]
    assert isinstance(found, list)
    (one,) = (each for each in found if isinstance(each, dict) and each["material"] == code)
    return one


def status_of(answer: Members, code: str) -> Json:
    return material(answer, code)["status"]


def tried(answer: Members, code: str) -> list[str]:
    """The reasons why each way of a material did not do."""
    notice = answer["notice"]
    assert isinstance(notice, dict)
    papers = notice["materials"]
    assert isinstance(papers, dict)
    for group in papers.values():
        assert isinstance(group, list)
        for paper in group:
            assert isinstance(paper, dict)
            for piece in _dicts(paper["for"]):
                if piece["material"] == code:
                    whys = [one["why"] for one in _dicts(piece["tried"])]
                    return [str(why["code"]) for why in whys if isinstance(why, dict)]
    raise AssertionError(code)


def field_of(answer: Members, code: str) -> Members:
    (one,) = (each for each in _dicts(answer["form"]) if each["code"] == code)
    return one


def _dicts(value: Json) -> list[Members]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


def casework(world: World, retention: str = "default") -> Casework:
    """Register the service and its rules, and a type of material that ``nrb`` may look up."""
    changes = world.hub.changes
    definition = source(LEASE)
    if retention != "default":
        definition = f'retention = "{retention}"\n'.encode() + definition
    datasets.register(changes, ADMINISTRATOR, "mrb", definition, ON_RECORD)
    terms = covering(
        world.town.founded,
        dataset=LEASE,
        operations={"lookup", "view"},
        items=dict.fromkeys((*ITEMS, *MORE_ITEMS), "full"),
        purposes={PURPOSE},
    )
    granted = grants.issue(changes, ADMINISTRATOR, terms)
    register.put_services(changes, ADMINISTRATOR, [SERVICE_TOML.encode()], of=None)
    register.put_rules(changes, ADMINISTRATOR, RULES_TOML.encode())
    return Casework(world, granted)


def sender(department: str) -> Actor:
    return Actor("connector", department=department)
