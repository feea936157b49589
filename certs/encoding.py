"""Digests, base64url and times as the exchange writes them (``protocol.md``)."""

import hashlib
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from datetime import UTC, datetime, timedelta

from certs.errors import MalformedEncoding

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_TEXTS: dict[int, str] = {}
_SECOND_TEXTS_KEPT = 64


def b64u(data: bytes) -> str:
    """``data`` as base64url without padding (RFC 4648 §5)."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """The bytes of base64url ``text``; raises ``MalformedEncoding`` unless it is the one spelling.

    Padding, other alphabets and non-zero trailing bits are refused, so that no two texts stand
    for the same bytes.
    """
    if not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise MalformedEncoding
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(data) != text:
        raise MalformedEncoding
    return data


def sha256(data: bytes) -> bytes:
    """SHA-256 of ``data``, 32 bytes."""
    return hashlib.sha256(data).digest()


def digest(data: bytes) -> str:
    """SHA-256 of ``data`` as base64url without padding, 43 characters."""
    return b64u(hashlib.sha256(data).digest())


def rfc3339(milliseconds: int) -> str:
    """A time in milliseconds since 1970 UTC as ``2026-01-02T03:04:05.678Z``."""
    second, rest = divmod(milliseconds, 1000)
    text = _SECOND_TEXTS.get(second)
    if text is None:
        moment = _EPOCH + timedelta(seconds=second)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S")
        if len(_SECOND_TEXTS) >= _SECOND_TEXTS_KEPT:
            _SECOND_TEXTS.clear()
        _SECOND_TEXTS[second] = text
    return f"{text}.{rest:03d}Z"


def from_rfc3339(text: str) -> int:
    """Milliseconds since 1970 of a time as ``rfc3339`` writes; raises ``MalformedEncoding``."""
    match = _RFC3339.match(text)
    if match is None:
        raise MalformedEncoding
    year, month, day, hour, minute, second, milli = (int(part) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise MalformedEncoding from error
    return round((moment - _EPOCH).total_seconds()) * 1000 + milli
