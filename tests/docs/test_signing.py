"""The worked example of a signature follows from its keys byte for byte, and the hub takes it."""

import importlib.util
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from documents import ROOT, blocks, documents, name_of

from certs.certificates import CertificateFacts, read_certificate
from certs.encoding import digest
from certs.errors import SignatureInvalid, UntrustedCertificate
from certs.keys import PublicKey
from certs.signatures import Message, Signed, content_digest, verify_request

FOLDER = ROOT / "docs" / "signing"
NAMES = ("p256", "ed25519")


def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("signing_example", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sent(name: str) -> tuple[Message, bytes]:
    """The request in the documents, as a server reads it."""
    head, _, body = (FOLDER / f"{name}.http").read_bytes().partition(b"\n\n")
    start, *lines = head.decode("ascii").split("\n")
    method, path, version = start.split(" ")
    assert version == "HTTP/1.1"
    headers = {n.lower(): value for n, _, value in (line.partition(": ") for line in lines)}
    assert int(headers["content-length"]) == len(body)
    return Message(method, f"https://{headers['host']}{path}", headers), body


def facts(name: str) -> CertificateFacts:
    return read_certificate((FOLDER / f"TEST-CERTIFICATE-{name}.pem").read_bytes())


def verified(name: str, message: Message, body: bytes) -> Signed:
    certificate = facts(name)

    def key_of(keyid: str) -> PublicKey:
        assert keyid == certificate.keyid
        return certificate.public

    return verify_request(message, body, key_of=key_of, now=(make().CREATED + 5) * 1000)


def test_every_file_follows_from_the_keys(tmp_path: Path) -> None:
    for file in FOLDER.glob("TEST-*"):
        shutil.copy(file, tmp_path / file.name)
    make().write(tmp_path)
    files = {file.name for file in FOLDER.iterdir() if file.is_file()} - {"make.py"}
    assert files == {file.name for file in tmp_path.iterdir()}
    for name in sorted(files):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


@pytest.mark.parametrize("name", NAMES)
def test_the_hub_accepts_the_request(name: str) -> None:
    message, body = sent(name)
    signed = verified(name, message, body)
    assert signed.base == (FOLDER / f"{name}.base.txt").read_bytes()
    assert signed.digest == (FOLDER / f"{name}.R.txt").read_text("ascii")
    assert body == (FOLDER / "body.json").read_bytes()
    assert message.headers["content-digest"] == content_digest(body)
    assert digest(facts(name).der) == signed.keyid
    assert facts(name).public.algorithm == {"p256": "ecdsa-p256-sha256"}.get(name, name)


@pytest.mark.parametrize("name", NAMES)
def test_another_target_or_body_is_refused(name: str) -> None:
    message, body = sent(name)
    elsewhere = message._replace(target_uri=message.target_uri.replace("resident", "household"))
    with pytest.raises(SignatureInvalid):
        verified(name, elsewhere, body)
    changed = body.replace(b"0001", b"0002")
    headers = {**message.headers, "content-digest": content_digest(changed)}
    with pytest.raises(SignatureInvalid):
        verified(name, message._replace(headers=headers), changed)


@pytest.mark.parametrize("name", NAMES)
def test_the_keys_are_nobody_elses(name: str) -> None:
    """They are of a hub that is nobody's, and named as what they are."""
    assert facts(name).urn == "urn:yifen:connector:hub.example:nrb:docs"
    with pytest.raises(UntrustedCertificate):
        read_certificate((FOLDER / f"TEST-KEY-{name}.pem").read_bytes())


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_what_documents_show_is_what_the_files_hold(path: Path) -> None:
    for block in blocks(path):
        if block.mark is not None:
            shown = block.text.removesuffix("\n")
            assert shown == (FOLDER / block.mark).read_text("utf-8"), block.mark


def test_documents_show_both_requests() -> None:
    shown = {block.mark for block in blocks(ROOT / "docs" / "signing.md")} - {None}
    assert shown == {"body.json"} | {f"{n}.{kind}" for n in NAMES for kind in ("base.txt", "http")}
    text = (ROOT / "docs" / "signing.md").read_text("utf-8")
    for name in NAMES:
        assert (FOLDER / f"{name}.R.txt").read_text("ascii") in text


def test_the_openssl_commands_give_these_bytes(command: Callable[[str], str]) -> None:
    shell = command("bash")
    command("openssl")
    command("basenc")
    lines = [b.text for b in blocks(ROOT / "docs" / "signing.md") if b.kind == "sh"]
    results = [
        subprocess.run(
            [shell, "-euo", "pipefail", "-c", line],
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.strip()
        for line in lines
    ]
    message, _ = sent("ed25519")
    assert message.headers["content-digest"] == f"sha-256=:{results[0]}:"
    assert results[1] == facts("ed25519").keyid
    assert message.headers["signature"] == f"yifen=:{results[2]}:"
    assert len(b64decode(results[2])) == 64
