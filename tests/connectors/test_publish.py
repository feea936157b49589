"""A file goes over whole, in order, in chunks, and its rejected rows come back to its folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from connectors.client import Connector
from connectors.errors import HubUnreachable, Refused
from connectors.sources.csv import open_csv
from connectors.sources.mapping import match_columns
from connectors.sources.progress import Step
from connectors.sources.publication import OUTAGE, HubSide
from connectors.sources.publish import Published, publish
from connectors.sources.upload import Order, Upload

if TYPE_CHECKING:
    from conftest import StandIn, Time

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态,多余\n"
REPORT = {"read": 3, "accepted": 2, "warned": 0, "identical": 0, "rejected": {}, "standing": 0}


def people(folder: Path, count: int) -> Path:
    path = folder / "people.csv"
    lines = (f"11010119900101{n:04d},张三{n},1,1990-01-01,normal,x\n" for n in range(count))
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def published(
    connector: Connector, home: Path, path: Path, told: list[object] | None = None
) -> Published:
    source = open_csv(path)
    mapping = match_columns(source.columns, connector.definition("resident"), {})
    seen = [] if told is None else told
    hub = HubSide(connector.calls, connector.sleep, lambda what, _: seen.append(what))
    order = Order(dataset="resident", source=path.name, columns=tuple(mapping.items))
    with Upload.held(home, "resident") as upload:
        ended = publish(hub, upload, order, source, mapping, progress=seen.append)
        upload.forget()
    assert isinstance(ended, Published)
    return ended


def test_rows_arrive_whole_and_in_order(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [
        {"state": "checking", "progress": {"done": 1000, "total": 5000}},
        {"state": "live", "report": REPORT},
    ]
    told: list[object] = []
    ended = published(connector, home, people(tmp_path, 5000), told)
    assert ended.publication.state == "live"
    assert ended.rows == 5000
    assert hub.columns == ["resident_id", "name", "sex", "birth_date", "status"]
    assert (ended.sent, ended.found) == (len(hub.chunks), 0)
    assert len(hub.chunks) > 1
    lines = b"".join(hub.chunks[n] for n in sorted(hub.chunks)).decode().splitlines()
    assert lines[0] == "1,110101199001010000,张三0,1,1990-01-01,normal"
    assert [int(line.partition(",")[0]) for line in lines] == list(range(1, 5001))
    size = sum(map(len, hub.chunks.values()))
    assert told[-2:] == [Step("sending", 5000, 5000, size), Step("checking", 1000, 5000)]


def test_chunk_is_sent_again_after_a_lost_connection(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [{"state": "live", "report": REPORT}]
    path = people(tmp_path, 3)
    connector.definition("resident")
    real, lost = hub._publishing, []

    def losing(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        response = real(request, parts)
        if parts[0] == "chunks" and not lost:
            lost.append(parts)
            raise httpx2.ReadError("cut")
        return response

    hub._publishing = losing
    assert published(connector, home, path).publication.state == "live"
    assert [r.url.path for r in hub.seen].count("/v1/publications/P-1/chunks/0") == 2


def test_a_beginning_whose_answer_was_lost_is_found_again(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [{"state": "live", "report": REPORT}]
    real, lost = hub._begin, []

    def losing(asked: dict[str, object]) -> httpx2.Response:
        response = real(asked)
        if not lost:
            lost.append(asked)
            raise httpx2.ReadError("cut")
        return response

    hub._begin = losing
    told: list[object] = []
    assert published(connector, home, people(tmp_path, 3), told).publication.state == "live"
    assert list(hub.publications) == ["P-1"]
    assert told[:2] == ["away", "back"]


@pytest.mark.parametrize("place", ["publications", "complete", "chunks", "P-1"])
def test_a_hub_that_starts_anew_is_waited_for(
    place: str, connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [{"state": "live", "report": REPORT}]
    real, left = hub._publishing, [12]

    def away(request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        if parts[-1] == place and left[0]:
            left[0] -= 1
            raise httpx2.ConnectError("away")
        return real(request, parts)

    hub._publishing = away
    assert published(connector, home, people(tmp_path, 3)).publication.state == "live"
    assert left == [0]
    assert hub.taken == [0]


def test_a_hub_that_stays_away_is_given_up_within_bounds(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path, clock: "Time"
) -> None:
    path = people(tmp_path, 3)
    connector.definition("resident")
    hub._publishing = lambda *_: (_ for _ in ()).throw(httpx2.ConnectError("away"))
    before = clock()
    with pytest.raises(HubUnreachable):
        published(connector, home, path)
    assert OUTAGE <= (clock() - before) / 1000 <= 2 * OUTAGE


def test_rejected_rows_are_asked_for(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [{"state": "live", "report": {**REPORT, "rejected": {"check-digit": 1}}}]
    hub.rejections = [
        {"row": row, "item": "resident_id", "reason": "check-digit"} for row in (1, 2, 3)
    ]
    ended = published(connector, home, people(tmp_path, 3))
    assert [one.row for one in ended.rejections] == [1, 2, 3]
    assert {(one.item, one.reason) for one in ended.rejections} == {("resident_id", "check-digit")}


def test_failed_publication_is_told(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path
) -> None:
    hub.states = [{"state": "failed", "failure": "too-many-rejected"}]
    ended = published(connector, home, people(tmp_path, 3))
    assert (ended.publication.state, ended.publication.failure) == ("failed", "too-many-rejected")


def test_publication_that_stands_still_is_given_up(
    connector: Connector, hub: "StandIn", home: Path, tmp_path: Path, clock: "Time"
) -> None:
    hub.states = [{"state": "checking", "progress": {"done": 1, "total": 3}}]
    path = people(tmp_path, 3)
    # Signatures are made at the clock's time, so the stand-in sees half an hour pass.
    before = clock()
    with pytest.raises(HubUnreachable):
        published(connector, home, path)
    assert clock() - before >= 1_800_000


def test_foreign_dataset(connector: Connector, hub: "StandIn") -> None:
    hub.failing = [404]
    with pytest.raises(Refused):
        connector.definition("resident")
