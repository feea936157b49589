"""A counter's connector before a hub that may lie about cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certs.canonical import parse
from connectors.cases.question import Party, Said
from connectors.cases.verify import CheckedCase
from connectors.client import Connector
from world.asking import Members
from world.bridge import enrolled, opened
from world.casework import APPLICANT, OFFICER, OTHER, SERVICE, Casework, casework
from world.retold_cases import LyingDesk, Retelling
from world.town import PURPOSE, World

PERSON, SOMEBODY = Party("resident_id", APPLICANT), Party("resident_id", OTHER)
SAID = Said(
    services=(SERVICE,),
    number="备案-2026-17",
    purpose=PURPOSE,
    parties={"applicant": PERSON, "subject": PERSON},
    given={"name": "张三丰"},
)

PLAIN = """
code = "plain"
version = 1
item_code = "11530400015020004B2000131023001"
title_zh = "住所备案"
title_en = "Premises on record"
department = "nrb"
category = "public_service"
legal_basis = "《政务数据共享条例》第十九条"
statutory_days = 1
promised_days = 1
applicants = ["person"]

[[materials]]
code = "note"
type = "plain_note"
title_zh = "住所平面图"
title_en = "Plan of the premises"
kind = 1
necessity = 1
source = 10
legal_basis = "《政务数据共享条例》第十九条"
"""


@dataclass
class Counter:
    """A counter's connector before a hub that may lie."""

    desk: Casework
    bridge: LyingDesk
    connector: Connector

    @property
    def world(self) -> World:
        return self.desk.world

    def open(self, said: Said = SAID) -> CheckedCase:
        return self.connector.cases.open(said, officer=OFFICER)

    def whys(self) -> list[str]:
        return [one.why for one in self.connector.receipts.alarms(limit=5)]


@contextmanager
def counter(world: World, folder: Path) -> Iterator[Counter]:
    """The service registered, and a connector of the department enrolled."""
    desk = casework(world)
    _, first = enrolled(world, folder)
    first.close()
    bridge = LyingDesk(world)
    with opened(world, folder, bridge) as connector:
        yield Counter(desk, bridge, connector)


def statuses(case: CheckedCase) -> dict[str, str]:
    return {one.material: one.status for one in case.told.materials}


def no_rounds(told: Retelling) -> None:
    told.document["rounds"] = []


def document(body: bytes) -> Members:
    value = parse(body, max_bytes=1 << 26, max_depth=16)
    assert isinstance(value, dict)
    return value
