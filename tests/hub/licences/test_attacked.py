"""Attacks on licences: what stands on one is turned against whoever reads it, or its time is."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from world.asking import Answer
from world.licensing import EMPTY, ISSUER, Licensing
from world.time import DAY, MINUTE
from world.town import ADMINISTRATOR

from certs.encoding import b64u
from hub.errors import TooManyFailures
from hub.ledger.change import Actor
from hub.licences import types
from hub.licences.document import Document
from hub.licences.door import Door
from hub.licences.papers import Draft
from hub.licences.printed import pdf

FONTS = [
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
]
FONT = next((font for font in FONTS if font.exists()), None)
needs_font = pytest.mark.skipif(
    FONT is None and os.environ.get("YIFEN_REQUIRE") != "all", reason="no Chinese font here"
)
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
def workers(licensed: Licensing) -> Iterator[list[Licensing]]:
    """Two processes of one hub."""
    other = licensed.world.again()
    yield [licensed, Licensing(other, licensed.grant)]
    other.hub.close()


def page(licensed: Licensing, licence: object, language: str = "zh") -> Answer:
    """What a stranger sees of a print of a licence; it is entered without a font."""
    world = licensed.world
    draft = Draft(EMPTY, Path(), os.urandom(16), world.time())
    world.hub.papers.enter(
        Actor("connector", department="mrb"), str(licence), draft, os.urandom(16)
    )
    path = f"/licences/{b64u(draft.code)}"
    return world.http("GET", path, {"cookie": f"yifen-language={language}"})


# -- what stands on one -----------------------------------------------------------------------
@pytest.mark.parametrize("language", ["zh", "en"])
def test_markup_on_a_licence(licensed: Licensing, language: str) -> None:
    hub = licensed.world.hub
    issuer = ISSUER._replace(name=MARKUP)
    types.change_type(hub.changes, ADMINISTRATOR, "business_licence", issuers={"mrb": issuer})
    done = licensed.issued(metadata={"holder_name": MARKUP})
    told = page(licensed, done["licence"], language)
    assert told.status == 200
    text = told.body.decode()
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") == 2
    assert "{{ 7*7 }}" in text


@needs_font
@pytest.mark.parametrize(
    "value",
    ["{nb}号店{0}{1}", ") Tj ET (x\\) endstream", "**粗** __斜__ [链](https://evil.example)"],
)
def test_a_value_that_means_something_to_the_printer(value: str) -> None:
    document = Document(
        "营业执照", "", (("名称", value),), "https://x", "", (), datetime(2026, 9, 1, tzinfo=UTC)
    )
    assert FONT is not None
    opened = pypdfium2.PdfDocument(pdf(document, FONT))
    text = opened[0].get_textpage().get_text_range()
    assert f"名称 {value}" in text.replace("\r\n", "\n").splitlines()
    assert "1 / 1" in text
    assert b"/URI" not in pdf(document, FONT)


# -- its time ---------------------------------------------------------------------------------
def test_a_licence_that_has_not_begun_does_not_look_good(licensed: Licensing) -> None:
    """By its status it is in force: that of its department's decision, which has been made."""
    done = licensed.issued(metadata={"valid_from": "2026-12-01"})
    early = page(licensed, done["licence"]).body.decode()
    assert "有效期尚未开始" in early
    assert "notice-good" not in early
    assert "has not begun" in page(licensed, done["licence"], "en").body.decode()
    licensed.world.time.now += 100 * DAY
    later = page(licensed, done["licence"]).body.decode()
    assert "有效期尚未开始" not in later
    assert "notice-good" in later


def test_a_licence_begins_and_ends_with_the_day_of_shanghai(licensed: Licensing) -> None:
    """At 16:00 UTC it is the next day there."""
    time = licensed.world.time
    day = datetime.fromtimestamp(time.now / 1000, UTC).replace(hour=15, minute=59, second=59)
    time.now = int(day.timestamp() * 1000)
    last = day.date().isoformat()
    licence = licensed.issued(metadata={"valid_from": last, "valid_until": last})["licence"]
    assert "notice-good" in page(licensed, licence).body.decode()
    assert licensed.status() == ["01"]
    time.now += 1000
    assert licensed.status() == ["05"]
    assert licensed.issue(metadata={"number": "2", "valid_until": last}).status == 422


@pytest.mark.parametrize("act", ["withdraw", "revoke"])
def test_reinstated_past_its_last_day(licensed: Licensing, act: str) -> None:
    done = licensed.issued(metadata={"valid_until": "2026-09-25"}, credential={})
    assert licensed.act(done["licence"], act).status == 200
    licensed.world.time.now += 10 * DAY
    told = licensed.act(done["licence"], "reinstate").document
    assert (told["status"], told["acts"], licensed.status()) == ("05", ["cancel"], ["05"])
    # Nor does the list say for a moment that it is good.
    (packed,) = licensed.world.hub.reading.execute("SELECT packed FROM status_lists").fetchone()
    assert set(packed) != {0}
    assert licensed.world.hub.office.expire() == 0
    assert licensed.world.findings().faults == ()


# -- two processes ----------------------------------------------------------------------------
def test_two_processes_do_things_to_one_licence(workers: list[Licensing]) -> None:
    """Each sees what the other has done, however long ago it looked itself."""
    here, there = workers
    licence = here.issued()["licence"]
    assert here.act(licence, "suspend").status == 200
    assert there.act(licence, "revoke").status == 200
    assert here.act(licence, "resume").code == "licence-transition-refused"
    stale = here.act(licence, "reinstate", version=2)
    assert stale.document["facts"] == {"why": "licence-version"}
    assert there.status() == ["07"]
    assert there.act(licence, "credential").status == 409


# -- strangers --------------------------------------------------------------------------------
def test_a_stranger_with_a_whole_network_of_addresses() -> None:
    """Whoever has one IPv6 address has 2^64: they count as one, and fill no table."""
    now = [0]
    door = Door(lambda: now[0], per_minute=5)
    for number in range(5):
        door.enter(f"2001:db8::{number:x}")
    with pytest.raises(TooManyFailures):
        door.enter("2001:db8::ffff:1")
    door.enter("2001:db8:0:1::1")
    for _ in range(5):
        door.enter("::ffff:192.0.2.1")
    with pytest.raises(TooManyFailures):
        door.enter("192.0.2.1")
    door.enter("192.0.2.2")
    now[0] += MINUTE
    door.enter("2001:db8::1")
