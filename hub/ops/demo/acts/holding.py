"""A dirty file is held; its department's steward discards it; what stood stands on."""

import csv
import os
from http import HTTPStatus
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from catalog.messages import catalogue
from hub.errors import HubError
from hub.ops.demo.api import CALL_REFUSED
from hub.ops.demo.cast import MARKET, POLICE, Account
from hub.ops.demo.stage import Stage
from hub.ops.demo.telling import Teller, count

DATASET = "legal_entity"
SPOILT_EVERY = 8
"""One row in eight is spoilt: the hub holds a file of which more than one in twenty is rejected."""


class _Dataset(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    generation: str | None
    rows: int


class _Datasets(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    datasets: tuple[_Dataset, ...]


def play(stage: Stage) -> None:
    """Publish a spoilt export of the enterprises and have the steward decide."""
    teller, office = stage.teller, stage.offices[MARKET]
    steward = stage.cast.steward(MARKET)
    before = _live(stage, steward)
    teller.act("demo.holding")
    spoilt = office.files / "legal_entity-export.csv"
    rows = _spoil(office.files / f"{DATASET}.csv", spoilt)
    teller.step("demo.holding.sent", every=SPOILT_EVERY)
    with teller.progress("demo.publishing.one", 2 * rows, dataset=spoilt.name) as show:
        published = office.connector.publish(DATASET, spoilt, show).publication
    report = published.report
    if report is not None:
        rejected = sum(report.rejected.values())
        teller.say("demo.holding.report", read=count(report.read), rejected=count(rejected))
        for reason, number in report.rejected.items():
            teller.say("demo.holding.reason", reason=_worded(teller, reason), number=count(number))
    teller.expect(published.state == "held", seen=published.state)
    path = f"/v1/publications/{published.publication}"
    teller.step("demo.holding.others")
    refused = [
        _status(stage, who, f"{path}/release")
        for who in (office.officer, stage.cast.steward(POLICE))
    ]
    teller.expect(refused == [HTTPStatus.FORBIDDEN] * 2, seen=str(refused))
    teller.step("demo.holding.discarded")
    status = _status(stage, steward, f"{path}/discard")
    after = _live(stage, steward)
    teller.expect(status == HTTPStatus.OK and after == before, seen=f"{status} {after}")


def _spoil(clean: Path, target: Path) -> int:
    """Copy a file with every eighth row spoilt in one of three ways; gives its rows."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    number = 0
    with (
        clean.open(encoding="utf-8", newline="") as source,
        os.fdopen(descriptor, "w", encoding="utf-8", newline="") as sink,
    ):
        rows = csv.DictReader(source)
        writer = csv.DictWriter(sink, list(rows.fieldnames or ()))
        writer.writeheader()
        for number, row in enumerate(rows, 1):
            if number % SPOILT_EVERY == 0:
                _spoil_row(row, number // SPOILT_EVERY % 3)
            writer.writerow(row)
    return number


def _spoil_row(row: dict[str, str], way: int) -> None:
    if way == 0:
        row["企业名称"] = ""
    elif way == 1:
        row["注册日期"] = "2026-13-45"
    else:
        number = row["法定代表人身份证件号码"]
        row["法定代表人身份证件号码"] = number[:-1] + ("1" if number[-1] != "1" else "2")


def _live(stage: Stage, who: Account) -> _Dataset:
    api = stage.sign_in(who)
    found = _Datasets.model_validate(api.call("GET", "/v1/datasets"))
    api.close()
    return next(dataset for dataset in found.datasets if dataset.code == DATASET)


def _status(stage: Stage, who: Account, path: str) -> int:
    """Which status somebody's POST gets."""
    api = stage.sign_in(who)
    try:
        api.call("POST", path)
    except HubError as error:
        if error.code != CALL_REFUSED:
            raise
        return int(error.facts["status"])
    finally:
        api.close()
    return HTTPStatus.OK


def _worded(teller: Teller, reason: str) -> str:
    """A reason in words, as the connector words it for the department."""
    keys = (f"rejection.{reason}", f"connector.reason.{reason}")
    return next((teller.words(key) for key in keys if key in catalogue()), reason)
