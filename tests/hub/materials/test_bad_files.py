"""Files that are refused: nothing of them stays, and nobody but their sender hears of them."""

import io
import zipfile
from collections.abc import Callable

import pytest
from world import papers
from world.filing import LEASE, Filing

PDF, OFD, JPEG, PNG = "application/pdf", "application/ofd", "image/jpeg", "image/png"


def zipped(name: str, data: bytes = b"x", before: bytes = b"", **more: bytes) -> bytes:
    out = io.BytesIO(before)
    with zipfile.ZipFile(out, "a" if before else "w") as archive:
        archive.writestr(name, data)
        for other, content in more.items():
            archive.writestr(other, content)
    return out.getvalue()


def polyglot_pdf_zip() -> bytes:
    return zipped("evil.exe", before=papers.pdf())


def polyglot_zip_pdf() -> bytes:
    """A stored member within the first kilobyte is a whole PDF."""
    return zipped("a", papers.pdf())


def polyglot_png_pdf() -> bytes:
    picture = papers.picture(side=40)
    return picture[:33] + papers.pdf() + picture[33:]


def ofd_with_prefix() -> bytes:
    return b"PK\x03\x04" + b"junk" * 10 + papers.ofd()


BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "polyglot pdf and zip": (polyglot_pdf_zip, PDF, "file-ambiguous"),
    "polyglot zip and pdf": (polyglot_zip_pdf, OFD, "file-ambiguous"),
    "polyglot png and pdf": (polyglot_png_pdf, PNG, "file-ambiguous"),
    "pdf header not at the beginning": (lambda: b"\n" + papers.pdf(), PDF, "file-type"),
    "pdf cut off": (lambda: papers.pdf()[:-40], PDF, "file-unreadable"),
    "pdf in name only": (lambda: b"%PDF-1.7\nnothing\n%%EOF\n", PDF, "file-unreadable"),
    "zip bomb ofd": (papers.ofd_bomb, OFD, "file-bomb"),
    "zip bomb ofd that lies about its size": (papers.lying_ofd_bomb, OFD, "file-unreadable"),
    "zip that is no ofd": (lambda: zipped("word/document.xml"), OFD, "file-type"),
    "ofd behind something else": (ofd_with_prefix, OFD, "file-ambiguous"),
    "ofd with a path outside": (
        lambda: zipped("OFD.xml", b"<OFD >", **{"../../x": b"y"}),
        OFD,
        "file-unreadable",
    ),
    "ofd with entities": (lambda: zipped("OFD.xml", b"<!DOCTYPE a><OFD >"), OFD, "file-type"),
    "pixel bomb png": (papers.png_bomb, PNG, "file-bomb"),
    "picture just above the limit": (lambda: papers.png_bomb(7_100), PNG, "file-bomb"),
    "png cut off": (lambda: papers.picture()[:-60], PNG, "file-unreadable"),
    "jpeg that is a pdf": (papers.pdf, JPEG, "file-type-other"),
    "a web page": (lambda: b"<html><script>alert(1)</script></html>", PDF, "file-type"),
    "a program": (lambda: b"MZ" + bytes(100), PDF, "file-type"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_kept_nowhere(filed: Filing, name: str) -> None:
    make, claimed, why = BAD[name]
    entries = filed.world.entries()
    told = filed.completed(make(), media_type=claimed)
    assert (told["state"], told["failure"], told["material"]) == ("refused", why, None)
    assert filed.stored() == []
    assert filed.world.entries() == entries


def test_digest_lied_about(filed: Filing) -> None:
    told = filed.completed(papers.pdf(), sha256="0" * 64)
    assert (told["state"], told["failure"]) == ("refused", "digest")
    assert filed.stored() == []


def test_larger_than_the_limit(filed: Filing) -> None:
    limit = filed.world.hub.settings.materials.max_bytes
    answer = filed.begin(b"%PDF-", size=limit + 1)
    assert (answer.status, answer.document["facts"]) == (422, {"why": "file-too-large"})


def test_more_bytes_than_announced(filed: Filing) -> None:
    upload = filed.begin(papers.pdf()).document["upload"]
    for number, data, why in (
        (0, papers.pdf() + b"x", "chunk-length"),
        (0, papers.pdf()[:-1], "chunk-length"),
        (1, b"x", "chunk-number"),
    ):
        path = f"/v1/uploads/{upload}/pieces/{number}"
        answer = filed.signed("nrb", "PUT", path, data)
        assert (answer.status, answer.document["facts"]) == (422, {"why": why})


def test_completed_with_pieces_missing_goes_on(filed: Filing) -> None:
    data = papers.pdf()
    upload = filed.begin(data).document["upload"]
    answer = filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert (answer.status, answer.document["facts"]) == (422, {"why": "chunks-missing"})
    filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", data)
    answer = filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert answer.document["state"] == "filed"


def test_other_bytes_in_a_pieces_place(filed: Filing) -> None:
    data = papers.pdf()
    upload = filed.uploaded(data)
    swapped = data[:100] + b"X" + data[101:]
    answer = filed.signed("nrb", "PUT", f"/v1/uploads/{upload}/pieces/0", swapped)
    assert (answer.status, answer.document["facts"]) == (409, {"why": "chunk-differs"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\合同.pdf", "合同.pdf"),
        ("/", ""),
        ("..", ""),
        ("a/..", ""),
        ("x\r\nset-cookie: a", "xset-cookie: a"),
    ],
)
def test_path_in_file_name(filed: Filing, given: str, kept: str) -> None:
    told = filed.completed(papers.pdf(), metadata={"file_name": given})
    assert told["state"] == "filed"
    sent = filed.world.nrb.lookup(dataset=LEASE, items=["file_name", "material_no"])
    assert filed.world.ask(sent).items.get("file_name", "") == kept


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"subject": {"type": "resident_id", "id": "110105194912310021X"}}, "subject"),
        ({"metadata": {"sighted_by": "mrb.officer", "sighted_on": "2020-01-01"}}, "sighted-by"),
        ({"metadata": {"sighted_by": "nobody", "sighted_on": "2020-01-01"}}, "sighted-by"),
        ({"metadata": {"sighted_by": "nrb.officer", "sighted_on": "2999-01-01"}}, "sighted-on"),
        ({"metadata": {"sighted_by": "nrb.officer"}}, "member metadata"),
        ({"metadata": {"valid_from": "2026-02-30"}}, "member metadata"),
        (
            {"metadata": {"valid_from": "2026-02-03", "valid_until": "2026-02-02"}},
            "member metadata",
        ),
        ({"metadata": {"title": "a\nb"}}, "member metadata.title"),
        ({"media_type": "text/html"}, "member media_type"),
        ({"size": 0}, "member size"),
        ({"extra": 1}, "member extra"),
    ],
)
def test_what_is_said_of_a_file_is_read_strictly(
    filed: Filing, changed: dict[str, object], why: str
) -> None:
    answer = filed.begin(papers.pdf(), **changed)  # type: ignore[arg-type]
    assert (answer.status, answer.document["facts"]) == (422, {"why": why})
