"""A file goes over whole, in order, in chunks, and its rejected rows come back to its folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from connectors.client import Connector
from connectors.errors import HubUnreachable, Refused
from connectors.sources.csv import open_csv
from connectors.sources.mapping import match_columns
from connectors.sources.publish import Published, publish

if TYPE_CHECKING:
    from conftest import StandIn, Time

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态,多余\n"
REPORT = {"read": 3, "accepted": 2, "warned": 0, "identical": 0, "rejected": {}, "standing": 0}


def people(folder: Path, count: int) -> Path:
    path = folder / "people.csv"
    lines = (f"11010119900101{n:04d},张三{n},1,1990-01-01,normal,x\n" for n in range(count))
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def published(connector: Connector, path: Path, told: list[object] | None = None) -> Published:
    source = open_csv(path)
    mapping = match_columns(source.columns, connector.definition("resident"), {})
    progress = [] if told is None else told
    return publish(
        connector.calls,
        "resident",
        source,
        mapping,
        sleep=connector.sleep,
        progress=lambda *news: progress.append(news),
    )


def test_rows_arrive_whole_and_in_order(
    connector: Connector, hub: "StandIn", tmp_path: Path
) -> None:
    hub.states = [
        {"state": "checking", "progress": {"done": 1000, "total": 5000}},
        {"state": "live", "report": REPORT},
    ]
    told: list[object] = []
    ended = published(connector, people(tmp_path, 5000), told)
    assert ended.publication.state == "live"
    assert ended.rows == 5000
    assert hub.columns == ["resident_id", "name", "sex", "birth_date", "status"]
    assert len(hub.chunks) > 1
    lines = b"".join(hub.chunks[n] for n in sorted(hub.chunks)).decode().splitlines()
    assert lines[0] == "1,110101199001010000,张三0,1,1990-01-01,normal"
    assert [int(line.partition(",")[0]) for line in lines] == list(range(1, 5001))
    assert told[-1] == ("checking", 1000, 5000)


def test_chunk_is_sent_again_after_a_lost_connection(
    connector: Connector, hub: "StandIn", tmp_path: Path
) -> None:
    hub.states = [{"state": "live", "report": REPORT}]
    source = open_csv(people(tmp_path, 3))
    mapping = match_columns(source.columns, connector.definition("resident"), {})
    real = hub._publishing

    def losing(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        response = real(request, parts)
        if parts[0] == "chunks" and len(hub.seen) < 4:
            raise httpx2.ReadError("cut")
        return response

    hub._publishing = losing
    ended = publish(
        connector.calls,
        "resident",
        source,
        mapping,
        sleep=connector.sleep,
        progress=lambda *_: None,
    )
    assert ended.publication.state == "live"
    assert [r.url.path for r in hub.seen].count("/v1/publications/P-1/chunks/0") == 2


def test_opening_a_publication_is_not_repeated(
    connector: Connector, hub: "StandIn", tmp_path: Path
) -> None:
    source = open_csv(people(tmp_path, 3))
    mapping = match_columns(source.columns, connector.definition("resident"), {})
    hub.failing = [httpx2.ReadError("cut")]
    with pytest.raises(HubUnreachable):
        publish(
            connector.calls,
            "resident",
            source,
            mapping,
            sleep=connector.sleep,
            progress=lambda *_: None,
        )


def test_rejected_rows_are_asked_for(connector: Connector, hub: "StandIn", tmp_path: Path) -> None:
    hub.states = [{"state": "live", "report": {**REPORT, "rejected": {"check-digit": 1}}}]
    hub.rejections = [
        {"row": row, "item": "resident_id", "reason": "check-digit"} for row in (1, 2, 3)
    ]
    ended = published(connector, people(tmp_path, 3))
    assert [one.row for one in ended.rejections] == [1, 2, 3]
    assert {(one.item, one.reason) for one in ended.rejections} == {("resident_id", "check-digit")}


def test_failed_publication_is_told(connector: Connector, hub: "StandIn", tmp_path: Path) -> None:
    hub.states = [{"state": "failed", "failure": "too-many-rejected"}]
    ended = published(connector, people(tmp_path, 3))
    assert (ended.publication.state, ended.publication.failure) == ("failed", "too-many-rejected")


def test_publication_that_stands_still_is_given_up(
    connector: Connector, hub: "StandIn", tmp_path: Path, clock: "Time"
) -> None:
    hub.states = [{"state": "checking", "progress": {"done": 1, "total": 3}}]
    path = people(tmp_path, 3)
    # Signatures are made at the clock's time, so the stand-in sees half an hour pass.
    before = clock()
    with pytest.raises(HubUnreachable):
        published(connector, path)
    assert clock() - before >= 1_800_000


def test_foreign_dataset(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [404]
    with pytest.raises(Refused):
        connector.definition("resident")
