"""Enrolment believes the invitation's pins only, and a renewal never leaves half a pair."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certs.authority import Authority
from certs.encoding import b64u
from certs.enrolment import make_request
from certs.errors import InsecureKeyFile, UntrustedCertificate
from certs.keys import PrivateKey, generate
from connectors.client import Connector
from connectors.enrolment import enrol, read_invitation, renew
from connectors.errors import (
    AddressInsecure,
    AlreadyEnrolled,
    EnrolmentRefused,
    HomeInsecure,
    InvitationBroken,
    NotEnrolled,
    Refused,
    SettingsBroken,
)
from connectors.home import read
from connectors.settings import check_address

if TYPE_CHECKING:
    from conftest import StandIn, Time


def test_enrolled_home_is_complete(home: Path) -> None:
    assert {path.name for path in home.iterdir()} == {
        "certificate.pem",
        "connector.toml",
        "issuing.pem",
        "key.pem",
        "receipts.db",
        "root.pem",
    }
    identity = read(home)
    assert identity.settings.connector == "urn:yifen:connector:demo.yifen:housing:counter"
    assert "token" not in (home / "connector.toml").read_text()


def test_hub_with_another_root_is_refused(tmp_path: Path, hub: "StandIn", clock: "Time") -> None:
    invitation = read_invitation(hub.invitation())
    hub.authority = Authority.create(tmp_path / "foreign", "demo.yifen", clock() - 86_400_000)
    with pytest.raises(EnrolmentRefused) as refused:
        enrol(invitation, tmp_path / "connector", clock=clock, http=hub)
    assert refused.value.facts["why"] == "root"
    with pytest.raises(NotEnrolled):
        read(tmp_path / "connector")


def test_certificate_for_another_key_is_refused(
    tmp_path: Path, hub: "StandIn", clock: "Time"
) -> None:
    honest = hub._certify
    other = make_request(generate(), "urn:yifen:connector:demo.yifen:housing:counter")
    hub._certify = lambda _: honest(other)
    with pytest.raises(EnrolmentRefused) as refused:
        enrol(read_invitation(hub.invitation()), tmp_path / "connector", clock=clock, http=hub)
    assert refused.value.facts["why"] == "key"


def test_declined_enrolment_can_be_tried_again_with_the_same_key(
    tmp_path: Path, hub: "StandIn", clock: "Time"
) -> None:
    path = tmp_path / "connector"
    wrong = read_invitation(hub.invitation(token="some-other-token-spent"))
    with pytest.raises(Refused):
        enrol(wrong, path, clock=clock, http=hub)
    key = (path / "key.pem").read_bytes()
    enrol(read_invitation(hub.invitation()), path, clock=clock, http=hub)
    assert (path / "key.pem").read_bytes() == key


def test_enrolled_home_is_not_enrolled_over(home: Path, hub: "StandIn", clock: "Time") -> None:
    with pytest.raises(AlreadyEnrolled):
        enrol(read_invitation(hub.invitation()), home, clock=clock, http=hub)


@pytest.mark.parametrize(
    "text",
    ["", "nothing", b64u(b"{}"), b64u(b'{"hub":"demo.yifen"}'), "A" * 20_000],
)
def test_broken_invitation(text: str) -> None:
    with pytest.raises(InvitationBroken):
        read_invitation(text)


def test_invitation_for_another_department_than_its_connector(hub: "StandIn") -> None:
    with pytest.raises(InvitationBroken):
        read_invitation(hub.invitation(department="demo.yifen:tax"))


def test_invitation_to_plain_http_elsewhere(hub: "StandIn") -> None:
    with pytest.raises(AddressInsecure):
        read_invitation(hub.invitation(address="http://hub.example:8440"))


@pytest.mark.parametrize(
    "address",
    [
        "http://hub.example",
        "http://127.0.0.1.example.com",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "https://user@hub.example",
        "https://hub.example/path",
        "https://hub.example?x=1",
        "https://hub.example:99999",
        "https://",
        "http://10.0.0.1",
        "",
    ],
)
def test_insecure_address(address: str) -> None:
    with pytest.raises(AddressInsecure):
        check_address(address)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8440", "http://localhost", "http://[::1]:80", "https://hub.example:8443"],
)
def test_secure_address(address: str) -> None:
    assert check_address(address + "/") == address


def test_home_open_to_others_is_refused(home: Path) -> None:
    home.chmod(0o750)
    with pytest.raises(HomeInsecure):
        read(home)


def test_key_open_to_others_is_refused(home: Path) -> None:
    (home / "key.pem").chmod(0o640)
    with pytest.raises(InsecureKeyFile):
        read(home)


def test_exchanged_root_is_refused(home: Path, tmp_path: Path, clock: "Time") -> None:
    foreign = Authority.create(tmp_path / "foreign", "demo.yifen", clock() - 86_400_000)
    (home / "root.pem").write_bytes(foreign.root_pem)
    with pytest.raises(UntrustedCertificate):
        read(home)


@pytest.mark.parametrize("change", ["more = 1\n", "hub = 3\n", "[[[", "proof_minutes = 0\n"])
def test_unknown_or_broken_setting_is_refused(home: Path, change: str) -> None:
    path = home / "connector.toml"
    path.write_text(change + path.read_text())
    with pytest.raises(SettingsBroken):
        read(home)


def test_renewal_replaces_key_and_certificate(home: Path, hub: "StandIn", clock: "Time") -> None:
    before = read(home).certificate.keyid
    renew(home, clock=clock, sleep=clock.sleep, http=hub)
    assert read(home).certificate.keyid != before
    assert not (home / "key.next.pem").exists()
    with Connector.open(home, clock=clock, http=hub) as connector:
        assert connector.grants()[0].id == "demo.yifen:G-1"


def test_renewal_cut_off_before_the_certificate(home: Path, hub: "StandIn", clock: "Time") -> None:
    hub.failing = [503] * 4
    with pytest.raises(Refused):
        renew(home, clock=clock, sleep=clock.sleep, http=hub)
    waiting = PrivateKey.load(home / "key.next.pem").public.der
    assert read(home).key.public.der != waiting
    renew(home, clock=clock, sleep=clock.sleep, http=hub)
    assert read(home).key.public.der == waiting


def test_renewal_cut_off_between_certificate_and_key(
    home: Path, hub: "StandIn", clock: "Time"
) -> None:
    old = (home / "key.pem").read_bytes()
    renew(home, clock=clock, sleep=clock.sleep, http=hub)
    # As a crash would leave it: the new certificate in place, its key not yet.
    (home / "key.pem").replace(home / "key.next.pem")
    descriptor = os.open(home / "key.pem", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, old)
    os.close(descriptor)
    identity = read(home)
    assert identity.key.public.der == identity.certificate.public.der


def test_renewal_under_another_authority_is_refused(
    home: Path, tmp_path: Path, hub: "StandIn", clock: "Time"
) -> None:
    before = (home / "certificate.pem").read_bytes()
    hub.authority = Authority.create(tmp_path / "foreign", "demo.yifen", clock() - 86_400_000)
    with pytest.raises(EnrolmentRefused):
        renew(home, clock=clock, sleep=clock.sleep, http=hub)
    assert (home / "certificate.pem").read_bytes() == before


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_unusable_tls_roots_are_refused(
    content: bytes | None, tmp_path: Path, hub: "StandIn", clock: "Time"
) -> None:
    roots = tmp_path / "roots.pem"
    if content is not None:
        roots.write_bytes(content)
    invitation = read_invitation(hub.invitation())
    with pytest.raises(SettingsBroken):
        enrol(invitation, tmp_path / "connector", tls_roots=roots, clock=clock, http=hub)
