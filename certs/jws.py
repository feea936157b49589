"""Compact JSON Web Signatures (RFC 7515) of one algorithm and one type, as credentials use them.

ES256 and the expected ``typ`` are pinned here: nothing in a header chooses how a token is verified
(RFC 8725 §3.1, §3.11). Each caller names the error that it refuses with; its fact ``why`` is a
slug: ``size``, ``form``, ``header``, ``type``, ``unknown-key``, ``signature``, ``claims``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, unb64u
from certs.errors import EvidenceError, KeyUnusable, Malformed, SignatureInvalid
from certs.keys import PublicKey, Signer

ALGORITHM = "ES256"
KEY_ALGORITHM = "ecdsa-p256-sha256"
SKEW = 60
"""Seconds that two clocks may differ."""
HEADER_DEPTH = 4
HEADER_LIMIT = 16_384
"""Bytes of a header: enough for a chain of certificates."""
_PARTS = 3


class Opened(NamedTuple):
    """A token whose signature holds: what it says, and under which ``kid`` (empty if it had none).

    Nothing is judged yet but algorithm, type and signature.
    """

    claims: dict[str, Json]
    kid: str


def sign(claims: Mapping[str, Json], typ: str, signer: Signer, kid: str = "") -> str:
    """The compact JWS of ``claims``; ``kid`` stands in the header unless it is empty.

    Raises ``KeyUnusable`` for a key other than P-256, ``MalformedJson`` for claims with floats.
    """
    if signer.algorithm != KEY_ALGORITHM:
        raise KeyUnusable(why="kind")
    header: dict[str, Json] = {"alg": ALGORITHM, "typ": typ}
    if kid:
        header["kid"] = kid
    signed = f"{b64u(canonical(header))}.{b64u(canonical(claims))}"
    return f"{signed}.{b64u(signer.sign(signed.encode('ascii')))}"


def split(token: str, limit: int, refuse: type[EvidenceError]) -> tuple[str, str, str]:
    """The three parts of a token of at most ``limit`` characters."""
    if len(token) > limit:
        raise refuse(why="size")
    parts = token.split(".")
    if not token.isascii() or len(parts) != _PARTS or not all(parts):
        raise refuse(why="form")
    return parts[0], parts[1], parts[2]


def read_claims(
    encoded: str, limit: int, depth: int, refuse: type[EvidenceError]
) -> dict[str, Json]:
    """The object that a part of a token holds: no other spelling, no key twice, no floats."""
    try:
        claims = parse(unb64u(encoded), max_bytes=limit, max_depth=depth)
    except Malformed as error:
        raise refuse(why="form") from error
    if not isinstance(claims, dict):
        raise refuse(why="form")
    return claims


def open_token(
    token: str,
    keys: Mapping[str, PublicKey] | PublicKey,
    *,
    typ: str,
    limit: int,
    depth: int,
    refuse: type[EvidenceError],
) -> Opened:
    """Verify a token under one of ``keys`` by its ``kid``, or under a key whatever its ``kid``.

    A token without ``kid`` chooses none of several keys. Extensions that a header calls critical
    are refused: we know none (RFC 7515 §4.1.11).
    """
    head, body, tail = split(token, limit, refuse)
    # 1. The header, before anything in the token is believed.
    header = read_claims(head, HEADER_LIMIT, HEADER_DEPTH, refuse)
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise refuse(why="header")
    if header.get("typ") != typ:
        raise refuse(why="type")
    # 2. The key: the caller's, never one that the header brings.
    kid = header.get("kid", "")
    if not isinstance(kid, str):
        raise refuse(why="header")
    key = keys if isinstance(keys, PublicKey) else _chosen(keys, kid)
    if key is None or key.algorithm != KEY_ALGORITHM:
        raise refuse(why="unknown-key")
    # 3. The signature over both parts as they came.
    try:
        key.verify(unb64u(tail), f"{head}.{body}".encode("ascii"))
    except (SignatureInvalid, Malformed) as error:
        raise refuse(why="signature") from error
    # 4. Only now the claims.
    return Opened(read_claims(body, limit, depth, refuse), kid)


def _chosen(keys: Mapping[str, PublicKey], kid: str) -> PublicKey | None:
    if kid or len(keys) != 1:
        return keys.get(kid)
    return next(iter(keys.values()))


def seconds(
    claims: Mapping[str, Json], name: str, refuse: type[EvidenceError], *, must: bool = False
) -> int | None:
    """A NumericDate (RFC 7519 §2) in whole seconds, ``None`` if it is absent and need not stand."""
    value = claims.get(name)
    if value is None and name not in claims and not must:
        return None
    if type(value) is not int or value < 0:
        raise refuse(why="claims")
    return value


def check_times(
    claims: Mapping[str, Json], now: int, refuse: type[EvidenceError], *, must: frozenset[str]
) -> None:
    """Check ``exp``, ``nbf``, ``iat`` at ``now`` (milliseconds); those of ``must`` have to stand.

    Slugs: ``claims``, ``expired``, ``not-yet-valid``, ``issued-later``. What has ended has ended
    to the millisecond; what begins may begin ``SKEW`` early by our clock.
    """
    ends = seconds(claims, "exp", refuse, must="exp" in must)
    begins = seconds(claims, "nbf", refuse, must="nbf" in must)
    issued = seconds(claims, "iat", refuse, must="iat" in must)
    if ends is not None and now >= ends * 1000:
        raise refuse(why="expired")
    if begins is not None and now < (begins - SKEW) * 1000:
        raise refuse(why="not-yet-valid")
    if issued is not None and now < (issued - SKEW) * 1000:
        raise refuse(why="issued-later")
