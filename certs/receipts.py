"""Receipts: ``Hub-Receipt`` is a JWT (ES256, ``typ`` ``hub-receipt+jwt``) any JOSE library reads.

It binds request, answer and ledger entries (``protocol.md``, *After the commit*)::

    iss  the hub's name            R             digest of signature base and signature
    aud  the connector's URN       status        HTTP status
    iat  seconds since 1970        content_type  of the answer
    origin, first, count           B             digest of the answer as sent; absent when the
    leaves  H(L1 ‖ … ‖ Ln)                       receipt is fetched again without the answer

The JSON is written by hand because the hot path signs one per answer; PyJWT reads it in the tests.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from certs.canonical import canonical, parse
from certs.encoding import b64u, digest, sha256, unb64u
from certs.errors import Malformed, ReceiptInvalid, SignatureInvalid
from certs.keys import PublicKey, Signer

TYPE = "hub-receipt+jwt"
_LIMIT = 8192
_PARTS = 3


class Receipt(NamedTuple):
    """What a receipt says; ``issued`` in seconds, digests base64url, ``body`` None without data."""

    issuer: str
    audience: str
    issued: int
    request: str
    status: int
    content_type: str
    body: str | None
    origin: str
    first: int
    entries: int
    leaves: str


def leaves_digest(leaf_hashes: Sequence[bytes]) -> str:
    """H(L1 ‖ … ‖ Ln), base64url."""
    return digest(b"".join(leaf_hashes))


class ReceiptSigner:
    """Signs receipts with one key; the JOSE header is the same for all of them."""

    def __init__(self, signer: Signer, kid: str) -> None:
        if signer.algorithm != "ecdsa-p256-sha256":
            raise ReceiptInvalid(why="key")
        self.kid = kid
        self._signer = signer
        self._header = b64u(canonical({"alg": "ES256", "kid": kid, "typ": TYPE}))

    def issue(self, receipt: Receipt) -> str:
        """The compact JWS of ``receipt``.

        Its members are digests, numbers, names and types of ours: nothing in them needs escaping.
        """
        body = "" if receipt.body is None else f'"B":"{receipt.body}",'
        claims = (
            f'{{{body}"R":"{receipt.request}","aud":"{receipt.audience}",'
            f'"content_type":"{receipt.content_type}","count":{receipt.entries},'
            f'"first":{receipt.first},"iat":{receipt.issued},"iss":"{receipt.issuer}",'
            f'"leaves":"{receipt.leaves}","origin":"{receipt.origin}","status":{receipt.status}}}'
        ).encode("ascii")
        signed = f"{self._header}.{b64u(claims)}"
        return f"{signed}.{b64u(self._signer.sign(signed.encode('ascii')))}"


def verify_receipt(token: str, keys: Mapping[str, PublicKey]) -> Receipt:
    """Read a receipt signed by one of ``keys`` (by ``kid``); raises ``ReceiptInvalid``.

    Algorithm and type are pinned: nothing in the header chooses how it is verified.
    """
    if len(token) > _LIMIT or not token.isascii():
        raise ReceiptInvalid(why="size")
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise ReceiptInvalid(why="form")
    try:
        header = parse(unb64u(parts[0]), max_bytes=_LIMIT, max_depth=1)
        claims = parse(unb64u(parts[1]), max_bytes=_LIMIT, max_depth=1)
        signature = unb64u(parts[2])
    except Malformed as error:
        raise ReceiptInvalid(why="form") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ReceiptInvalid(why="form")
    kid = header.get("kid")
    if header != {"alg": "ES256", "kid": kid, "typ": TYPE} or not isinstance(kid, str):
        raise ReceiptInvalid(why="header")
    key = keys.get(kid)
    if key is None or key.algorithm != "ecdsa-p256-sha256":
        raise ReceiptInvalid(why="unknown-key")
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode("ascii"))
    except SignatureInvalid as error:
        raise ReceiptInvalid(why="signature") from error
    texts = {name: value for name, value in claims.items() if isinstance(value, str)}
    numbers = {name: value for name, value in claims.items() if type(value) is int}
    try:
        return Receipt(
            issuer=texts["iss"],
            audience=texts["aud"],
            issued=numbers["iat"],
            request=texts["R"],
            status=numbers["status"],
            content_type=texts["content_type"],
            body=texts.get("B"),
            origin=texts["origin"],
            first=numbers["first"],
            entries=numbers["count"],
            leaves=texts["leaves"],
        )
    except KeyError as error:
        raise ReceiptInvalid(why="claims") from error


def key_thumbprint(public: PublicKey) -> str:
    """The ``kid`` of a key: its RFC 7638 thumbprint."""
    return b64u(sha256(canonical(public.jwk())))
