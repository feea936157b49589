"""Connectors 连接器: invited, enrolled, renewed, revoked."""

import hmac
import secrets
from dataclasses import dataclass
from ssl import DER_cert_to_PEM_cert

from sqlmodel import Session, select

from certs.authority import Authority
from certs.canonical import canonical
from certs.certificates import CertificateFacts, read_certificate
from certs.encoding import b64u, digest, sha256, unb64u
from certs.enrolment import check_request
from certs.errors import CertificateError, Malformed, RequestRefused
from certs.keys import PublicKey
from certs.note import vkey
from hub.access.departments import require_department
from hub.access.standing_stops import require_not_stopped
from hub.access.words import is_code
from hub.clock import DAY
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.ledger.change import Actor, Change, Changes
from hub.settings import Settings
from hub.storage.sqlite import Connection
from hub.storage.tables import CertificateRow, ConnectorRow, InvitationRow

INVITATION_DAYS = 7
RENEWALS_A_DAY = 4
"""Certificates of one line within a day: each moves the epoch for everybody."""
_TOKEN = 32
STATUSES = frozenset({"active", "suspended"})


@dataclass(frozen=True, slots=True)
class Trust:
    """What an invitation pins: the root and the checkpoint key."""

    authority: Authority
    checkpoint: PublicKey
    origin: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A certificate as handed out."""

    connector: str
    department: str
    pem: bytes


def invite(changes: Changes, actor: Actor, trust: Trust, department: str, name: str) -> str:
    """A single-use invitation for a connector of ``department``; it expires after seven days.

    The text is a secret: it goes into a file of mode 0600 and to the department, nowhere else.
    """
    if not is_code(name):
        raise Unprocessable(why="connector-name")
    settings = trust.settings
    urn = urn_of(settings, department, name)
    token = secrets.token_bytes(_TOKEN)
    with changes.change(actor) as change:
        require_department(change.session, department)
        row = change.session.get(ConnectorRow, urn)
        if row is None:
            row = ConnectorRow(urn=urn, department=department, status="active")
            change.session.add(row)
        change.session.add(
            InvitationRow(
                token_digest=digest(token),
                connector=urn,
                expires=change.time + INVITATION_DAYS * DAY,
            )
        )
        change.append("connector", {"status": row.status, "urn": urn, "invited": True})
    origin = trust.origin
    return b64u(
        canonical(
            {
                "address": settings.public_origin,
                "connector": urn,
                "department": settings.full(department),
                "hub": settings.name,
                "ledger": {"origin": origin, "vkey": vkey(origin, trust.checkpoint)},
                "root": b64u(sha256(trust.authority.root_der)),
                "token": b64u(token),
            }
        )
    )


def urn_of(settings: Settings, department: str, name: str) -> str:
    """The URN of a department's connector, by its name there."""
    return f"urn:yifen:connector:{settings.name}:{department}:{name}"


def enrol(changes: Changes, trust: Trust, token: str, csr_pem: bytes) -> Enrolled:
    """Issue the certificate of an invitation.

    Raises ``Forbidden`` for a token that is unknown, used, expired or withdrawn (which of them is
    not told), ``RequestRefused`` for the request.
    """
    request = check_request(csr_pem)
    token_digest = _token_digest(token)
    with changes.change(Actor("hub")) as change:
        row = change.session.get(InvitationRow, token_digest)
        if row is None or row.used is not None or change.time >= row.expires:
            raise Forbidden
        if not hmac.compare_digest(row.connector, request.urn):
            raise RequestRefused(why="urn")
        enrolled = _issue(change, trust, csr_pem, row.connector, line=None)
        row.used = change.time
        row.keyid = read_certificate(enrolled.pem).keyid
        change.session.add(row)
        return enrolled


def enrolled_before(
    connection: Connection, token: str, csr_pem: bytes, now: int
) -> Enrolled | None:
    """What an invitation gave to this key already; None while it waits to be used.

    So an enrolment whose answer was lost can be tried again, and whoever guesses tokens does not
    hold up the ledger. Raises as ``enrol`` does.
    """
    row = connection.execute(
        "SELECT i.connector, n.department, i.used, c.der FROM invitations i"
        " JOIN connectors n ON n.urn = i.connector"
        " LEFT JOIN certificates c ON c.keyid = i.keyid AND c.status = 'active'"
        " WHERE i.token_digest = ? AND i.expires > ?",
        (_token_digest(token), now),
    ).fetchone()
    if row is None:
        raise Forbidden
    urn, department, used, der = row
    request = check_request(csr_pem)
    if used is None:
        return None
    if der is None or read_certificate(der).public.der != request.public.der:
        raise Forbidden
    return Enrolled(urn, department, DER_cert_to_PEM_cert(der).encode("ascii"))


def renew(changes: Changes, trust: Trust, keyid: str, csr_pem: bytes) -> Enrolled:
    """Issue the next certificate of a connector's line; the old one stays valid until it ends."""
    request = check_request(csr_pem)
    with changes.change(Actor("hub")) as change:
        current = change.session.get(CertificateRow, keyid)
        if current is None or current.status != "active":
            raise Forbidden
        if request.urn != current.connector:
            raise RequestRefused(why="urn")
        lately = change.session.exec(
            select(CertificateRow.keyid).where(
                CertificateRow.line == current.line,
                CertificateRow.not_before > change.time - DAY,
            )
        ).all()
        if len(lately) >= RENEWALS_A_DAY:
            raise Conflict(why="renewed-too-often")
        return _issue(change, trust, csr_pem, current.connector, line=current.line)


def revoke_certificate(changes: Changes, actor: Actor, keyid: str) -> None:
    """Revoke a certificate with its whole line of renewal, from the next request on.

    Open invitations of its connector are withdrawn: whoever took the key may have taken them too.
    """
    with changes.change(actor) as change:
        named = change.session.get(CertificateRow, keyid)
        if named is None:
            raise NotFound(what="certificate")
        line = change.session.exec(
            select(CertificateRow).where(CertificateRow.line == named.line)
        ).all()
        for row in line:
            row.status = "revoked"
            change.session.add(row)
            change.append("certificate", _state(row))
        if _withdraw_invitations(change, named.connector):
            connector = _connector(change.session, named.connector)
            change.append(
                "connector",
                {"status": connector.status, "urn": connector.urn, "invited": False},
            )


def set_status(changes: Changes, actor: Actor, urn: str, status: str) -> None:
    """Suspend a connector with all its certificates, or let it act again.

    Suspending withdraws its open invitations; letting it act again does not bring them back.
    """
    if status not in STATUSES:
        raise Unprocessable(why="status")
    with changes.change(actor) as change:
        row = _connector(change.session, urn)
        if status == "active":
            require_not_stopped(change.session, ("connector", urn), ("department", row.department))
        status_in(change, row, status)


def status_in(change: Change, row: ConnectorRow, status: str) -> int:
    """Give a connector a status within a change that moves the epoch; gives the entry's position.

    Whatever lets it act no longer withdraws its open invitations.
    """
    row.status = status
    change.session.add(row)
    if status != "active":
        _withdraw_invitations(change, row.urn)
    return change.append("connector", {"status": status, "urn": row.urn, "invited": False})


def listing(connection: Connection) -> list[dict[str, str | int]]:
    """All certificates with their connectors."""
    rows = connection.execute(
        "SELECT n.urn, n.department, n.status, coalesce(c.keyid, ''), coalesce(c.status, ''),"
        " coalesce(c.not_after, 0) FROM connectors n"
        " LEFT JOIN certificates c ON c.connector = n.urn"
        " ORDER BY n.urn, c.not_before"
    )
    names = ("urn", "department", "status", "keyid", "certificate", "not_after")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _connector(session: Session, urn: str) -> ConnectorRow:
    row = session.get(ConnectorRow, urn)
    if row is None:
        raise NotFound(what="connector")
    return row


def _withdraw_invitations(change: Change, urn: str) -> bool:
    """Let every invitation of a connector expire now; whether one was still to be used."""
    rows = change.session.exec(
        select(InvitationRow).where(
            InvitationRow.connector == urn, InvitationRow.expires > change.time
        )
    ).all()
    for row in rows:
        row.expires = change.time
        change.session.add(row)
    return any(row.used is None for row in rows)


def _token_digest(token: str) -> str:
    try:
        return digest(unb64u(token))
    except Malformed as error:
        raise Forbidden from error


def _issue(change: Change, trust: Trust, csr_pem: bytes, urn: str, *, line: str | None) -> Enrolled:
    connector = _connector(change.session, urn)
    pem = trust.authority.issue_connector(
        csr_pem,
        urn=urn,
        now=change.time,
        lifetime_ms=trust.settings.certificate_days * DAY,
    )
    facts: CertificateFacts = read_certificate(pem)
    if change.session.get(CertificateRow, facts.keyid) is not None:
        raise Conflict(why="certificate-exists")
    row = CertificateRow(
        keyid=facts.keyid,
        connector=urn,
        der=facts.der,
        line=line or facts.keyid,
        not_before=facts.not_before,
        not_after=facts.not_after,
        status="active",
    )
    change.session.add(row)
    change.append("certificate", _state(row))
    return Enrolled(urn, connector.department, pem)


def _key_of(der: bytes) -> str | None:
    """The digest of a certificate's key; a damaged one can be revoked all the same."""
    try:
        return digest(read_certificate(der).public.der)
    except CertificateError:
        return None


def _state(row: CertificateRow) -> dict[str, str | int | None]:
    return {
        "connector": row.connector,
        # So that a connector recognises its own key, even if the certificate never reached it.
        "key": _key_of(row.der),
        "keyid": row.keyid,
        "line": row.line,
        "not_after": row.not_after,
        "not_before": row.not_before,
        "status": row.status,
    }
