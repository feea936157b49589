"""Files that are two things at once, a parser that was taken over, and senders that press hard."""

import asyncio
import io
import os
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image
from world import papers
from world.filing import HOLDER, LEASE, Filing, announced

from certs.canonical import Json, canonical
from certs.encoding import b64u
from hub.errors import StorageRefused
from hub.ledger.change import Actor
from hub.materials import examining
from hub.materials.metadata import Announced
from hub.materials.uploads import Sender
from hub.storage.objects_s3 import S3Objects, S3Place

PDF, OFD, PNG = "application/pdf", "application/ofd", "image/png"
URN = "urn:yifen:connector:demo.yifen:nrb:gateway"
SENDER = Sender(Actor("connector", connector=URN, department="nrb"), "nrb", URN, None)
PAGE = "Doc_0/Pages/Page_0/Content.xml"


# -- files that are two things ----------------------------------------------------------------
def ofd(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An OFD with further members."""
    out = io.BytesIO(papers.ofd())
    with zipfile.ZipFile(out, "a") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def unlisted() -> bytes:
    """A page that only a reader sees who follows the members one after the other."""
    out = io.BytesIO(papers.ofd())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("Doc_0/Other.xml", b"unlisted")
        archive.writestr("Doc_0/Last.xml", b"listed")
        archive.filelist = [one for one in archive.filelist if "Other" not in one.filename]
    return out.getvalue()


def link() -> bytes:
    info = zipfile.ZipInfo("Doc_0/link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return ofd((info, b"/etc/passwd"))


def other_length() -> bytes:
    """A member's own header tells another length than the directory does."""
    data = bytearray(papers.ofd())
    data[18:22] = (int.from_bytes(data[18:22], "little") - 1).to_bytes(4, "little")
    return bytes(data)


def nul_in_a_name() -> bytes:
    return ofd(("page.xml#.exe", b"x")).replace(b"page.xml#", b"page.xml\0")


def picture_and_program() -> bytes:
    return papers.picture() + b"MZ" + bytes(70_000)


BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "ofd with something behind": (lambda: papers.ofd() + b"Rar!\x1a\x07", OFD, "file-ambiguous"),
    "ofd with a member that no directory lists": (unlisted, OFD, "file-ambiguous"),
    "ofd with two lengths of a member": (other_length, OFD, "file-ambiguous"),
    "ofd with a link": (link, OFD, "file-unreadable"),
    "ofd with a drive": (lambda: ofd(("C:x.exe", b"x")), OFD, "file-unreadable"),
    "ofd with one name in two spellings": (
        lambda: ofd((PAGE.upper(), b"other")),
        OFD,
        "file-unreadable",
    ),
    "ofd with two roots": (lambda: ofd(("/OFD.xml", b"<OFD >")), OFD, "file-unreadable"),
    "ofd with a name that ends early": (nul_in_a_name, OFD, "file-unreadable"),
    "picture with a program behind": (picture_and_program, PNG, "file-ambiguous"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_two_things_is_refused(filed: Filing, name: str) -> None:
    make, claimed, why = BAD[name]
    told = filed.completed(make(), media_type=claimed)
    assert (told["state"], told["failure"]) == ("refused", why)
    assert filed.stored() == []


def described(*, zip64: bool = False) -> bytes:
    """An OFD as a program writes it that cannot go back: sizes stand behind the members."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(data)  # type: ignore[arg-type]

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name in ("OFD.xml", PAGE):
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(b"<OFD >" if name == "OFD.xml" else b"page" * 1000)
    return bytes(out.data)


def palette() -> bytes:
    """As many programs write stamps: each colour with a transparency of its own."""
    out = io.BytesIO()
    Image.new("RGB", (400, 500)).convert("P").save(out, "PNG", transparency=bytes(range(256)))
    return out.getvalue()


GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "ofd written in one go": (described, OFD),
    "ofd written in one go, of any size": (lambda: described(zip64=True), OFD),
    "picture with transparent colours": (palette, PNG),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_unusual_file_that_is_one_thing_is_filed(filed: Filing, name: str) -> None:
    make, claimed = GOOD[name]
    assert filed.completed(make(), media_type=claimed)["state"] == "filed"


def test_a_page_that_unfolds_to_gigabytes_brings_down_its_own_process_alone(
    filed: Filing,
) -> None:
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(bytes(1 << 20)) for _ in range(2048)) + packer.flush()
    twice = zlib.compress(once, 9)
    stream = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%b\nendstream"
    page = stream % (len(twice), twice)
    plain = papers.pdf()
    begin, end = plain.index(b"<< /Length"), plain.index(b"endstream") + len(b"endstream")
    told = filed.completed(plain[:begin] + page + plain[end:])
    assert told["state"] in {"refused", "filed"}
    assert filed.completed(papers.pdf("B"))["state"] == "filed"


@pytest.mark.parametrize("turned", ["合同\u202efdp.exe", "合同\u2066.pdf", "合同\x9b2J.pdf"])
def test_a_name_that_reads_as_another(filed: Filing, turned: str) -> None:
    told = filed.completed(papers.pdf(), metadata={"file_name": turned})
    assert told["state"] == "filed"
    sent = filed.world.nrb.lookup(dataset=LEASE, items=["file_name"])
    assert filed.world.ask(sent).items["file_name"].isprintable()
    answer = filed.begin(papers.pdf("B"), metadata={"title": turned})
    assert (answer.status, answer.document["facts"]) == (422, {"why": "member metadata.title"})


# -- the process that looks into files --------------------------------------------------------
@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a shell script in the place of the examiner's interpreter."""

    def put(script: str) -> Path:
        program = tmp_path / "interpreter"
        program.write_text(f"#!/bin/sh\ncat > /dev/null\ncd '{tmp_path}'\n{script}\n", "ascii")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        return tmp_path

    return put


def test_the_examiner_inherits_nothing_of_the_hubs(
    filed: Filing, taken_over: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIFEN_SESSION", "somebody's")
    listed = 'ls -l /proc/$$/fd > fds; env > variables; echo "$@" > arguments'
    folder = taken_over(f'{listed}; echo \'{{"thumbnail": ""}}\'')
    with (folder / "open").open("wb") as kept:
        os.set_inheritable(kept.fileno(), True)  # noqa: FBT003 it takes no name
        assert filed.completed(papers.pdf())["state"] == "filed"
    fds = (folder / "fds").read_text("utf-8")
    assert str(filed.world.root) not in fds
    assert str(folder / "open") not in fds
    assert "somebody's" not in (folder / "variables").read_text("utf-8")
    assert HOLDER not in (folder / "arguments").read_text("utf-8")


def test_a_module_that_lies_where_the_hub_was_started(
    filed: Filing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write there would be given the key of each file."""
    (tmp_path / "hashlib.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert filed.completed(papers.pdf())["state"] == "filed"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "warning: font",
        "[]",
        '{"thumbnail": 1}',
        '{"thumbnail": "?"}',
        '{"thumbnail": "", "refused": "x"}',
        '{"refused": "<script>"}',
        '{"refused": null}',
        '{"else": "x"}',
    ],
)
def test_a_parser_that_was_taken_over_says_anything(
    filed: Filing, taken_over: Callable[[str], Path], said: str
) -> None:
    taken_over(f"printf '%s' '{said}'")
    told = filed.completed(papers.pdf())
    assert (told["state"], told["failure"]) == ("refused", "file-unreadable")
    assert filed.stored() == []


def test_a_thumbnail_without_bounds(filed: Filing, taken_over: Callable[[str], Path]) -> None:
    zeros = "head -c 1500000 /dev/zero | tr '\\0' 'A'"
    taken_over(f"printf '{{\"thumbnail\": \"'; {zeros}; printf '\"}}'")
    told = filed.completed(papers.pdf())
    assert (told["state"], told["failure"]) == ("refused", "file-unreadable")


def test_a_file_is_not_refused_because_the_machine_was_busy(
    filed: Filing, taken_over: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sys.executable
    taken_over("exec tail -f /dev/null")
    monkeypatch.setattr(examining, "SECONDS", 0.2)
    upload = filed.uploaded(papers.pdf())
    answer = filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert (answer.status, answer.code) == (503, "storage-refused")
    monkeypatch.undo()
    assert sys.executable == real
    answer = filed.signed("nrb", "POST", f"/v1/uploads/{upload}/complete", b"{}")
    assert answer.document["state"] == "filed"


# -- senders ----------------------------------------------------------------------------------
def begun(filed: Filing, data: bytes) -> str:
    body: dict[str, Json] = announced(data)
    token = str(body.pop("token"))
    return filed.world.hub.materials.begin(
        LEASE, Announced.model_validate(body), token, SENDER
    ).upload


async def sent(filed: Filing, text: str) -> str:
    data = papers.pdf(text)
    upload = begun(filed, data)
    await filed.world.hub.materials.receive(upload, 0, data, SENDER)
    return upload


def test_completed_twice_at_once_both_are_told_the_same(filed: Filing) -> None:
    """A sender that lost patience asks again while the first one is still being looked into."""
    intake = filed.world.hub.materials

    async def both() -> list[dict[str, Json]]:
        upload = await sent(filed, "A")
        return list(await asyncio.gather(*(intake.complete(upload, SENDER) for _ in range(3))))

    entries = filed.world.entries()
    first, *others = asyncio.run(both())
    assert first["state"] == "filed"
    assert others == [first, first]
    assert filed.world.entries() == entries + 1


def test_files_that_wait_stand_in_nobodys_way(
    filed: Filing, taken_over: Callable[[str], Path]
) -> None:
    """Slow files of one department: pieces of others still come and go beside the loop."""
    folder = taken_over('until [ -e go ]; do read -r _ < pipe; done; echo \'{"thumbnail": ""}\'')
    os.mkfifo(folder / "pipe")
    intake = filed.world.hub.materials

    async def pressed() -> list[str]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        uploads = [await sent(filed, str(number)) for number in range(4)]
        running = [asyncio.create_task(intake.complete(one, SENDER)) for one in uploads]
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(sent(filed, "another"), 20)
        finally:
            (folder / "go").touch()
            opened = os.open(folder / "pipe", os.O_RDWR | os.O_NONBLOCK)
            os.write(opened, b"go\n" * 100)
        told = [str((await one)["state"]) for one in running]
        os.close(opened)
        return told

    assert asyncio.run(pressed()) == ["filed"] * 4


def test_a_suspended_file_does_not_come_back_by_being_filed_again(
    filed: Filing, tmp_path: Path
) -> None:
    material = filed.add(papers.written(tmp_path, "a.pdf", papers.pdf()))
    path = f"/v1/materials/{material}/status"
    assert filed.signed("mrb", "PUT", path, b'{"status":"suspended"}').status == 200
    told = filed.completed(papers.pdf(), metadata={"issuer": "物业"})
    assert (told["state"], told["material"]) == ("known", material)
    assert filed.view(material).result["found"] is False


def test_filing_is_no_oracle_for_whoever_may_not_file(filed: Filing, tmp_path: Path) -> None:
    data = papers.pdf()
    filed.add(papers.written(tmp_path, "a.pdf", data))
    answers = [
        filed.signed("psb", "POST", f"/v1/datasets/{LEASE}/materials", canonical(announced(one)))
        for one in (data, papers.pdf("B"))
    ]
    assert {one.status for one in answers} == {404}
    assert answers[0].document == answers[1].document


# -- the bucket -------------------------------------------------------------------------------
class Recording(HTTPServer):
    """Answers every request with one status, and keeps what it was asked."""

    def __init__(self, status: int, location: str = "") -> None:
        self.asked: list[str] = []
        recording = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                recording.asked.append(f"{self.command} {self.path} {self.headers}")
                self.send_response(status)
                self.send_header("location", location)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_PUT = answer  # noqa: N815 as the base class names them

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@pytest.fixture
def elsewhere() -> Iterator[tuple[Recording, Recording]]:
    """A store that sends its clients to another server."""
    inner = Recording(200)
    outer = Recording(307, f"http://{inner.address}/latest/meta-data")
    threads = [threading.Thread(target=one.serve_forever) for one in (inner, outer)]
    for thread in threads:
        thread.start()
    yield outer, inner
    for server in (inner, outer):
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


def test_a_store_that_sends_the_hub_elsewhere(
    elsewhere: tuple[Recording, Recording], tmp_path: Path
) -> None:
    outer, inner = elsewhere
    credentials = tmp_path / "s3.toml"
    credentials.write_text('access_key = "trial"\nsecret_key = "not-to-be-told"\n', "ascii")
    credentials.chmod(0o600)
    objects = S3Objects(S3Place(outer.address, "yifen", "us-east-1", credentials, secure=False))
    for call in (
        lambda: objects.get("m-1", "00000000"),
        lambda: objects.names("m-1"),
        lambda: objects.put("m-1", "00000000", b"sealed", replace=True),
        objects.check,
    ):
        with pytest.raises(StorageRefused) as refused:
            call()
        told, seen = "", refused.value
        while seen is not None:
            told, seen = told + repr(seen) + str(seen), seen.__cause__  # type: ignore[assignment]
        assert "not-to-be-told" not in told + repr(objects)
    assert outer.asked
    assert inner.asked == []
    assert "not-to-be-told" not in "".join(outer.asked)
    assert b64u(b"not-to-be-told") not in "".join(outer.asked)
