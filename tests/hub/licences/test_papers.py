"""A licence on paper: printed for its holder, checked by strangers, and nothing to be guessed."""

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from world.asking import Answer
from world.licensing import COMPANY, Licensing, asked, birth, licensing
from world.time import DAY, MINUTE
from world.town import ADDRESS, SUBJECTS, Town

from certs.encoding import b64u
from hub.ledger.change import Actor

FONTS = [
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
]
FONT = next((font for font in FONTS if font.exists()), None)

needs_font = pytest.mark.skipif(
    FONT is None and os.environ.get("YIFEN_REQUIRE") != "all", reason="no Chinese font here"
)


@pytest.fixture
def printing(town: Town, tmp_path: Path) -> Iterator[Licensing]:
    settings = f'\n[licences]\nfont = "{FONT}"\nreads_per_minute = 5\n'
    with licensing(town, tmp_path, settings) as opened:
        yield opened


def printed(licensed: Licensing, licence: object) -> tuple[bytes, str]:
    """A print of a licence, and the path that a telephone reads off it."""
    answer = licensed.signed(f"/v1/licences/{licence}/paper", {"language": "zh"})
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/pdf"
    page = pypdfium2.PdfDocument(answer.body)[0]
    (code,) = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
    assert code.text.startswith(f"{ADDRESS}/licences/")
    return answer.body, code.text.removeprefix(ADDRESS)


def page_of(licensed: Licensing, path: str, language: str = "zh") -> str:
    answer = licensed.world.http("GET", path, {"cookie": f"yifen-language={language}"})
    assert answer.status == 200, answer.body
    return answer.body.decode()


def check(licensed: Licensing, body: bytes, kind: str = "application/pdf") -> Answer:
    return licensed.world.http("POST", "/licences/check", {"content-type": kind}, body)


@needs_font
def test_a_stranger_reads_the_code_and_sees_the_minimum_and_the_status(
    printing: Licensing,
) -> None:
    done = printing.issued()
    data, path = printed(printing, done["licence"])
    zh, en = page_of(printing, path), page_of(printing, path, "en")
    for page, words in (
        (zh, ("营业执照", "玉溪小馆餐饮有限公司", "当前状态：有效", "2036-08-31")),
        (en, ("Business licence", "玉溪小馆餐饮有限公司", "In force", "Valid until")),
    ):
        assert all(word in page for word in words), page
        # The number, the holder's code and the scope are not in the minimum of the type.
        for hidden in (COMPANY, "530400100000001", "餐饮服务", "张三丰", str(done["identifier"])):
            assert hidden not in page
    assert printing.act(done["licence"], "suspend").status == 200
    assert "当前状态：暂扣" in page_of(printing, path)
    told = check(printing, data).document
    assert told["printed_here"] is True
    assert (told["status"], told["minimum"]["name"]) == ("02", "营业执照")  # type: ignore[index,call-overload]
    assert COMPANY not in json.dumps(told)


@needs_font
def test_the_page_of_a_persons_licence_names_nobody(printing: Licensing) -> None:
    done = printing.signed("/v1/licences", asked() | birth())
    data, path = printed(printing, done.document["licence"])
    page = page_of(printing, path) + check(printing, data).body.decode()
    for hidden in ("张无忌", SUBJECTS[0], "赵敏", SUBJECTS[1], "O530000001", "玉溪市人民医院"):
        assert hidden not in page
    assert "出生医学证明" in page


@needs_font
def test_the_page_is_for_eyes_alone(printing: Licensing) -> None:
    _, path = printed(printing, printing.issued()["licence"])
    answer = printing.world.http("GET", path)
    assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]
    assert b"<script" not in answer.body


@needs_font
def test_a_paper_that_is_not_what_was_printed(printing: Licensing) -> None:
    data, _ = printed(printing, printing.issued()["licence"])
    whole = check(printing, data)
    by_digest = check(
        printing, json.dumps({"sha256": sha256(data).hexdigest()}).encode(), "application/json"
    )
    assert whole.document == by_digest.document
    forged = check(printing, data.replace(b"%PDF-1", b"%PDF-2", 1))
    assert forged.document == {"printed_here": False}
    assert check(printing, b"{}", "application/json").status == 422


@needs_font
def test_the_print_is_entered_and_its_code_stands_nowhere(printing: Licensing) -> None:
    licence = printing.issued()["licence"]
    data, path = printed(printing, licence)
    kind, control, _, _ = printing.world.entry()
    assert kind == "licence"
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    code = path.rpartition("/")[2]
    papers = control["state"]["papers"]
    assert isinstance(papers, list)
    assert papers[0][1] == b64u(sha256(data).digest())  # type: ignore[index,call-overload]
    for file in printing.world.root.rglob("*"):
        assert not file.is_file() or code.encode() not in file.read_bytes()
    assert printing.world.findings().faults == ()


@needs_font
def test_only_what_is_in_force_is_printed(printing: Licensing) -> None:
    licence = printing.issued()["licence"]
    assert printing.act(licence, "suspend").status == 200
    refused = printing.act(licence, "paper")
    assert (refused.status, refused.document["facts"]) == (409, {"why": "licence-not-in-force"})


@needs_font
def test_attack_revoked_while_it_is_printed(printing: Licensing) -> None:
    """The print takes a second beside the loop: what it gives then is entered nowhere."""
    licence = str(printing.issued()["licence"])
    office = Actor("connector", department="mrb")
    papers = printing.world.hub.papers
    draft = papers.prepare(office, licence, "zh")
    data = draft.pdf()
    assert printing.act(licence, "revoke").status == 200
    entries = printing.world.entries()
    with pytest.raises(Exception, match="licence-not-in-force"):
        papers.enter(office, licence, draft, data)
    assert printing.world.entries() == entries
    assert check(printing, data).document == {"printed_here": False}


def test_without_a_font_the_refusal_says_so_in_words(licensed: Licensing) -> None:
    refused = licensed.act(licensed.issued()["licence"], "paper")
    assert (refused.status, refused.code) == (422, "licence-not-printable")
    assert refused.document["facts"] == {"why": "font-unset"}
    detail = refused.document["detail"]
    assert isinstance(detail, dict)
    assert "字体" in str(detail["zh"])


def test_attack_guessing_the_codes_of_papers(licensed: Licensing) -> None:
    """Each miss looks the same, is summed into the log, and before long nothing is answered."""
    bodies = set()
    for number in range(30):
        answer = licensed.world.http("GET", f"/licences/{b64u(number.to_bytes(16, 'big'))}")
        assert answer.status == 404
        bodies.add(answer.body)
    assert len(bodies) == 1
    for odd in ("x", "A" * 21, "A" * 23, "status", "!" * 22):
        assert licensed.world.http("GET", f"/licences/{odd}").status == 404
    for _ in range(30):
        status = licensed.world.http("GET", f"/licences/{b64u(bytes(16))}").status
    assert status == 429
    assert check(licensed, b"%PDF-").status == 429
    licensed.world.hub.attempts.enter(licensed.world.hub.changes)
    kind, control, _, _ = licensed.world.entry()
    assert kind == "attempts"
    assert isinstance(control, dict)
    assert isinstance(control["state"], dict)
    assert control["state"]["reason"] == "licence-paper-unknown"
    licensed.world.time.now += MINUTE
    assert licensed.world.http("GET", f"/licences/{b64u(bytes(16))}").status == 404


@needs_font
def test_past_its_last_day_the_page_says_so(printing: Licensing) -> None:
    licence = printing.issued(metadata={"valid_until": "2026-09-22"})["licence"]
    _, path = printed(printing, licence)
    printing.world.time.now += 2 * DAY
    assert "失效" in page_of(printing, path)
