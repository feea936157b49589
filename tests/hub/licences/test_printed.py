"""A licence on paper: what a telephone reads off it, and what cannot be printed."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from catalog.identifiers import licence as identifiers
from catalog.licences.document import read
from catalog.licences.licence_type import bundled
from hub.licences.document import Document
from hub.licences.errors import NotPrintable
from hub.licences.paper import document_of
from hub.licences.printed import pdf

FONTS = [
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
]
HAVE = [font for font in FONTS if font.exists()]
LATIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
MADE = datetime(2026, 9, 1, 8, tzinfo=UTC)
ADDRESS = "https://hub.example/l/7Xq2mJ0bT1Wm3Zr9sQk5Aw"
DOCUMENT = Document(
    title="食品经营许可证",
    subtitle="Food business licence",
    rows=(("证照编号", "JY25304020000017"), ("经营者名称", "玉溪云上餐饮有限公司")),
    code=ADDRESS,
    code_note="扫描二维码查看当前状态。",
    notes=("以网上查询的状态为准。",),
    made=MADE,
)

needs_font = pytest.mark.skipif(
    not HAVE and os.environ.get("YIFEN_REQUIRE") != "all", reason="no Chinese font here"
)


def text_of(data: bytes) -> str:
    opened = pypdfium2.PdfDocument(data)
    return "".join(page.get_textpage().get_text_range() for page in opened)


def codes_of(data: bytes, scale: float = 2) -> list[str]:
    picture = pypdfium2.PdfDocument(data)[0].render(scale=scale).to_pil()
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@needs_font
@pytest.mark.parametrize("font", HAVE, ids=lambda font: font.stem)
def test_what_is_printed_can_be_read_by_people_and_telephones(font: Path) -> None:
    data = pdf(DOCUMENT, font)
    assert data.startswith(b"%PDF-")
    assert codes_of(data) == [ADDRESS]
    for part in ("食品经营许可证", "Food business licence", "玉溪云上餐饮有限公司", "1 / 1"):
        assert part in text_of(data)
    # The font is within it, in part only.
    assert b"/FontFile" in data
    assert len(data) < 200_000


@needs_font
def test_a_code_as_long_as_an_address_may_be_is_still_read() -> None:
    long = "https://hub.example/" + "a" * 180
    assert codes_of(pdf(replace(DOCUMENT, code=long), HAVE[0]), scale=3) == [long]


@needs_font
def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "import hashlib; from pathlib import Path\n"
        "from test_printed import DOCUMENT, pdf\n"
        "print(hashlib.sha256(pdf(DOCUMENT, Path(sys.argv[3]))).hexdigest())\n"
    )
    here = Path(__file__).parent
    arguments = [str(here.parents[2]), str(here), str(HAVE[0])]
    digests = {hashlib.sha256(pdf(DOCUMENT, HAVE[0])).hexdigest()}
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    later = replace(DOCUMENT, made=datetime(2026, 9, 2, tzinfo=UTC))
    assert hashlib.sha256(pdf(later, HAVE[0])).hexdigest() not in digests


@needs_font
def test_long_contents_go_over_several_pages_and_stay_whole() -> None:
    rows = tuple((f"第{number}项", f"内容{number}。" * 40) for number in range(20))
    data = pdf(replace(DOCUMENT, rows=rows), HAVE[0])
    assert len(pypdfium2.PdfDocument(data)) > 2
    joined = text_of(data).replace("\r\n", "").replace("\n", "")
    for number in range(20):
        assert joined.count(f"内容{number}。") == 40
    assert codes_of(data) == [ADDRESS]


def why(document: Document, font: Path) -> str:
    with pytest.raises(NotPrintable) as refused:
        pdf(document, font)
    return str(refused.value.facts["why"])


def test_font_that_is_not_there_or_is_no_font(tmp_path: Path) -> None:
    assert why(DOCUMENT, tmp_path / "none.ttf") == "font-missing"
    for content in (b"", b"no font", b"\x00\x01\x00\x00" + bytes(40), b"ttcf" + bytes(40)):
        broken = tmp_path / "broken.ttf"
        broken.write_bytes(content)
        assert why(DOCUMENT, broken) == "font-unusable"


@pytest.mark.skipif(not LATIN.exists(), reason="no Latin font here")
def test_name_with_characters_that_the_font_lacks_is_not_printed_as_boxes() -> None:
    assert why(DOCUMENT, LATIN) == "font-lacks"
    latin = replace(DOCUMENT, title="Licence", rows=(("No.", "7"),), code_note="Scan", notes=())
    assert codes_of(pdf(latin, LATIN)) == [ADDRESS]
    assert why(replace(latin, rows=(("Holder", "\U0002b5af"),)), LATIN) == "font-lacks"


@needs_font
def test_what_fits_neither_the_square_nor_ten_pages() -> None:
    assert why(replace(DOCUMENT, code="x" * 3000), HAVE[0]) == "code-too-long"
    rows = (("经营范围", "热食" * 6000),)
    assert why(replace(DOCUMENT, rows=rows), HAVE[0]) == "too-long"


@needs_font
@pytest.mark.parametrize("language", ["zh", "en"])
def test_paper_of_a_licence_in_either_language(language: str) -> None:
    kind = bundled()["birth_certificate"]
    licence = read(
        kind,
        {
            "licence_id": identifiers.build(kind.type_code, "1153040001503000XG", "V1", "001"),
            "number": "V530000001",
            "holder_name": "某丙",
            "holder_type": "999",
            "holder_id": "V530000001",
            "issuer": "示例市妇幼保健院",
            "issuer_uscc": "1153040001503000XG",
            "issued_on": "2026-09-12",
        },
        {
            "sex": "2",
            "born_on": "2026-09-10",
            "place": "示例市妇幼保健院",
            "mother_name": "某乙",
            "mother_id": "K1",
        },
    )
    document = document_of(licence, language, code=ADDRESS, made=MADE)  # type: ignore[arg-type]
    rows = dict(document.rows)
    assert document.title == {"zh": "出生医学证明", "en": "Medical certificate of birth"}[language]
    assert rows[{"zh": "性别", "en": "Sex"}[language]] == {"zh": "女", "en": "Female"}[language]
    assert "" not in rows.values()
    data = pdf(document, HAVE[0])
    assert "某丙" in text_of(data)
    assert codes_of(data) == [ADDRESS]
