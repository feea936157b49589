"""The register as it is shown: to administrators, and to everybody who verifies.

Certificates stay published for ever: whatever was signed under a key must be verifiable after it.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator

from certs.canonical import Json
from certs.certificates import read_certificate
from certs.encoding import digest, rfc3339
from certs.note import vkey
from certs.receipts import key_thumbprint
from hub.keys.register import Key


def shown(keys: Iterable[Key]) -> list[Json]:
    """Every key, for whoever may rotate them; ``ends`` is the end of its certificate."""
    return [
        {
            "certificate": None if key.certificate is None else digest(key.certificate),
            "copied": _time(key.copied),
            "ends": _time(ends(key)),
            "id": key.id,
            "since": rfc3339(key.since),
            "status": key.status,
            "until": _time(key.until),
            "use": key.use,
        }
        for key in keys
    ]


def ends(key: Key) -> int | None:
    """When a key's certificate ends; None if it has none."""
    return None if key.certificate is None else read_certificate(key.certificate).not_after


def published_keys(keys: Iterable[Key]) -> list[Json]:
    """The keys of receipts, then those of credentials and status lists."""
    known = tuple(keys)
    return [*receipt_keys(known), *receipt_keys(known, "credential")]


def receipt_keys(keys: Iterable[Key], use: str = "receipt") -> list[Json]:
    """The keys of a use as JSON Web Keys (RFC 7517), each with its chain."""
    members: list[Json] = []
    for _, certificate, chain in _certified(keys, use):
        public = read_certificate(certificate).public
        members.append(
            {
                **public.jwk(),
                "alg": "ES256",
                "kid": key_thumbprint(public),
                "use": "sig",
                "x5c": chain,
            }
        )
    return members


def log_keys(keys: Iterable[Key], origin: str) -> list[Json]:
    """The keys of checkpoints: verifier key, chain, from when and until when it signs or signed."""
    return [
        {
            "since": rfc3339(key.since),
            "until": _time(key.until),
            "vkey": vkey(origin, read_certificate(certificate).public),
            "x5c": chain,
        }
        for key, certificate, chain in _certified(keys, "checkpoint")
    ]


def _certified(keys: Iterable[Key], use: str) -> Iterator[tuple[Key, bytes, Json]]:
    for key in keys:
        if key.use == use and key.certificate is not None and key.issuing is not None:
            chain: Json = [_standard(key.certificate), _standard(key.issuing)]
            yield key, key.certificate, chain


def _standard(der: bytes) -> str:
    """RFC 7517 §4.7: standard base64, not base64url."""
    return b64encode(der).decode("ascii")


def _time(moment: int | None) -> str | None:
    return None if moment is None else rfc3339(moment)
