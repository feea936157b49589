"""Becoming a connector of a hub, and renewing the certificate.

An invitation comes from the hub on a way of its own; what it pins (root, ledger key) is the only
thing believed of the hub from then on.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import httpx2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from certs.canonical import canonical, parse
from certs.certificates import CertificateFacts, connector_name, verify_certificate
from certs.encoding import unb64u
from certs.enrolment import make_request
from certs.errors import CertificateError, CheckpointInvalid, Malformed
from certs.keys import Algorithm, PrivateKey, generate
from connectors.calls import Calls, read_model, read_problem
from connectors.clock import Clock, Sleep, system_clock, wait
from connectors.errors import EnrolmentRefused, InvitationBroken, Refused
from connectors.home import (
    Home,
    check_private,
    create,
    fingerprint,
    finish_renewal,
    sync_folder,
    write_durably,
)
from connectors.home import read as read_home
from connectors.receipts.log import KeptLog
from connectors.receipts.store import ReceiptStore
from connectors.settings import Fingerprint, LedgerPin, Name, Settings, check_address, to_toml
from connectors.transport import Transport

MAX_INVITATION = 16 * 1024
RENEW_AT = 3
"""A certificate is to be renewed when less than this part of its life is left: a third."""


class Invitation(BaseModel):
    """What a hub hands to a department on paper or a stick; ``token`` is a secret."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    hub: Name
    address: Name
    department: Name
    connector: Name
    token: Annotated[str, StringConstraints(min_length=16, max_length=400), Field(repr=False)]
    root: Fingerprint
    ledger: LedgerPin


class _Enrolled(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    connector: str
    department: str
    hub: str
    certificate: str
    issuing: str
    root: str


class _Renewed(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    certificate: str


def read_invitation(text: str) -> Invitation:
    """Read the one line of an invitation; raises ``InvitationBroken`` or ``AddressInsecure``."""
    try:
        data = unb64u(text.strip())
        invitation = Invitation.model_validate(parse(data, max_bytes=MAX_INVITATION, max_depth=2))
        invitation.ledger.keys()
        name = connector_name(invitation.connector)
    except (Malformed, ValidationError) as error:
        raise InvitationBroken(why="form") from error
    except CheckpointInvalid as error:
        raise InvitationBroken(why="ledger") from error
    except CertificateError as error:
        raise InvitationBroken(why="connector") from error
    if invitation.department != f"{name.hub}:{name.department}" or invitation.hub != name.hub:
        raise InvitationBroken(why="connector")
    check_address(invitation.address)
    return invitation


def enrol(
    invitation: Invitation,
    path: Path,
    *,
    algorithm: Algorithm = "ecdsa-p256-sha256",
    tls_roots: Path | None = None,
    clock: Clock = system_clock,
    http: httpx2.BaseTransport | None = None,
) -> CertificateFacts:
    """Enrol into the folder ``path``; gives our certificate.

    The key is kept when the hub cannot be reached, so that the same enrolment can be tried again.
    Raises ``Refused`` if the hub declines, ``EnrolmentRefused`` if it is another hub than the one
    invited to, ``HomeError`` or ``StoreError``.
    """
    settings = Settings(
        hub=invitation.hub,
        address=check_address(invitation.address),
        department=invitation.department,
        connector=invitation.connector,
        root=invitation.root,
        ledger=invitation.ledger,
        tls_roots=tls_roots,
    )
    # 1 A key of our own; it never leaves this folder
    home = create(path)
    if not home.key.exists():
        generate(algorithm).save(home.key)
    key = PrivateKey.load(home.key)
    # 2 The hub certifies it, for the invitation's token
    body = canonical(
        {
            "token": invitation.token,
            "csr": make_request(key, invitation.connector).decode("ascii"),
        }
    )
    with Transport.of(settings, clock, http) as transport:
        answer = transport.post("/v1/enrolment", body)
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise Refused(read_problem(answer))
    enrolled = read_model(answer, _Enrolled)
    # 3 The root is the one of the invitation, and the certificate is ours under it
    facts = _check(enrolled, key, invitation, clock())
    # 4 Settings last: a folder with settings is a complete one
    write_durably(home.root, enrolled.root.encode("ascii"))
    write_durably(home.issuing, enrolled.issuing.encode("ascii"))
    write_durably(home.certificate, enrolled.certificate.encode("ascii"))
    _remember(home, facts)
    write_durably(home.settings, to_toml(settings).encode("utf-8"))
    return facts


def renew(
    path: Path,
    *,
    clock: Clock = system_clock,
    sleep: Sleep = wait,
    http: httpx2.BaseTransport | None = None,
) -> CertificateFacts:
    """Replace key and certificate; the old pair stays good at the hub until it expires.

    Raises ``Refused``, ``EnrolmentRefused``, ``HubError``, ``HomeError`` or ``StoreError``; the
    old pair then stays in place, and a new key that was made waits for the next try.
    """
    # 1 Who we are now
    identity = read_home(path)
    home = Home(path)
    # 2 The next key
    if not home.next_key.exists():
        generate(identity.key.algorithm).save(home.next_key)
    key = PrivateKey.load(home.next_key)
    # 3 Its certificate, asked for under the old key
    body = canonical({"csr": make_request(key, identity.settings.connector).decode("ascii")})
    with Transport.of(identity.settings, clock, http) as transport:
        answer = Calls(transport, identity, sleep).call("POST", "/v1/renewal", body)
    renewed = read_model(answer, _Renewed)
    facts = _check_certificate(
        _ascii(renewed.certificate),
        home.issuing.read_bytes(),
        identity.root,
        key,
        identity.settings.connector,
        clock(),
    )
    _remember(home, identity.certificate, facts)
    # 4 The certificate first, then its key: `finish_renewal` mends a crash between the two
    write_durably(home.certificate, _ascii(renewed.certificate))
    finish_renewal(home)
    sync_folder(home.path)
    check_private(home.path)
    return facts


def _remember(home: Home, *certificates: CertificateFacts) -> None:
    """Note that these certificates are ours, or their entries in the ledger would be an alarm."""
    store = ReceiptStore(home.receipts)
    try:
        for certificate in certificates:
            KeptLog(store).write_certificate(certificate)
    finally:
        store.close()


def _check(
    enrolled: _Enrolled, key: PrivateKey, invitation: Invitation, now: int
) -> CertificateFacts:
    root = _ascii(enrolled.root)
    try:
        found = fingerprint(root)
    except CertificateError as error:
        raise EnrolmentRefused(why="root") from error
    if found != invitation.root:
        raise EnrolmentRefused(why="root")
    told = (enrolled.hub, enrolled.department, enrolled.connector)
    if told != (invitation.hub, invitation.department, invitation.connector):
        raise EnrolmentRefused(why="names")
    return _check_certificate(
        _ascii(enrolled.certificate),
        _ascii(enrolled.issuing),
        root,
        key,
        invitation.connector,
        now,
    )


def _check_certificate(
    certificate: bytes, issuing: bytes, root: bytes, key: PrivateKey, urn: str, now: int
) -> CertificateFacts:
    """The facts of our new certificate; raises ``EnrolmentRefused`` unless it is ours."""
    try:
        facts = verify_certificate(certificate, issuing, root, now=now, usage="connector")
    except CertificateError as error:
        raise EnrolmentRefused(why=error.code) from error
    if facts.public.der != key.public.der:
        raise EnrolmentRefused(why="key")
    if facts.urn != urn:
        raise EnrolmentRefused(why="names")
    return facts


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise EnrolmentRefused(why="form") from error
