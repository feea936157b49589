"""Our profile of HTTP Message Signatures (RFC 9421) with content digests (RFC 9530).

Covered: ``@method``, ``@target-uri``, ``content-digest``, ``content-type`` (without a body the
first two); more may be. Parameters: ``created``, ``expires``, ``nonce``, ``keyid``, ``tag``.
The enrolled key fixes the algorithm; ``alg`` may stand and must then agree.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from certs.encoding import b64u, rfc3339, sha256, unb64u
from certs.errors import (
    AlgorithmMismatch,
    ComponentMissing,
    DigestMismatch,
    LifetimeTooLong,
    MalformedHeader,
    SignatureExpired,
    SignatureFromFuture,
    SignatureMissing,
)
from certs.keys import PublicKey, Signer

TAG = "yifen"
LABEL = "yifen"
_ROUND = b"yifen/v1/round\x00"
MAX_LIFETIME = 300
"""Seconds from ``created`` to ``expires`` at most (design, *Requests are signed*)."""
SKEW = 60
"""Seconds that a connector's clock may be off (design, *Requests are signed*)."""
NONCE_BYTES = 16
MAX_HEADER = 4096
"""Characters of Signature-Input or Signature that we read; ours have about 300."""

REQUIRED = ('"@method"', '"@target-uri"')
REQUIRED_WITH_BODY = (*REQUIRED, '"content-digest"', '"content-type"')

# Inside a string: printable ASCII (RFC 8941 §3.3.3), and nothing that would have to be escaped.
_TEXT = r"[ !#-\[\]-~]"
_COMPONENT = rf'"[a-z0-9@_-]+"(?:;name="{_TEXT}+")?'
_PARAMETER = rf';[a-z][a-z0-9_*.-]*=(?:-?[0-9]{{1,15}}|"{_TEXT}*")'
_MEMBER = re.compile(
    rf"([a-z*][a-z0-9_*.-]*)=(\(((?:{_COMPONENT}(?: {_COMPONENT})*)?)\)((?:{_PARAMETER})*))"
    r"(?:[ \t]*,[ \t]*|\Z)",
    re.ASCII,
)
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_*.-]*)=:([A-Za-z0-9+/=]*):(?:[ \t]*,[ \t]*|\Z)", re.ASCII)
_PARAMETERS = re.compile(r';([a-z][a-z0-9_*.-]*)=(?:(-?[0-9]+)|"([^"]*)")', re.ASCII)
_DIGEST = re.compile(r"(?:\A|,)[ \t]*sha-256=:([A-Za-z0-9+/=]+):[ \t]*(?=,|\Z)", re.ASCII)
# Exactly what ``sign_request`` writes for a request with a body: see ``_read_plain``.
_PLAIN = re.compile(
    rf"{LABEL}=(\({' '.join(REQUIRED_WITH_BODY)}\);created=([0-9]{{1,12}});expires=([0-9]{{1,12}})"
    rf';nonce="([A-Za-z0-9_-]{{22}})";keyid="([A-Za-z0-9_-]{{43}})";tag="{TAG}")\Z',
    re.ASCII,
)
_PLAIN_SIGNATURE = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]{{86}}==):\Z", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}\Z", re.ASCII)


class Message(NamedTuple):
    """A request as it is signed: method, full target URI, and headers by lower-case name."""

    method: str
    target_uri: str
    headers: Mapping[str, str]


class SignatureInput(NamedTuple):
    """One member of Signature-Input with its signature; times are seconds since 1970."""

    components: tuple[str, ...]
    text: str
    created: int
    expires: int
    nonce: str
    keyid: str
    algorithm: str | None
    signature: bytes


class Signed(NamedTuple):
    """A signature that stands: what was signed, and the signature's bytes."""

    base: bytes
    signature: bytes
    keyid: str
    nonce: str
    created: int
    expires: int

    @property
    def digest(self) -> str:
        """R of ``protocol.md``: one digest over signature base and signature."""
        return request_digest(self.base, self.signature)


def request_digest(base: bytes, signature: bytes) -> str:
    """R = H(len ‖ signature base ‖ len ‖ signature), base64url; lengths are 8 bytes."""
    return b64u(
        sha256(len(base).to_bytes(8, "big") + base + len(signature).to_bytes(8, "big") + signature)
    )


def round_request(request: str, number: int) -> str:
    """R of a round of questions that one signed request stands for: R itself, then R_n.

    R_n = H("yifen/v1/round" ‖ 0x00 ‖ R ‖ n as 8 bytes, big-endian), base64url (``docs/cases.md``).
    """
    if number == 0:
        return request
    return b64u(sha256(_ROUND + unb64u(request) + number.to_bytes(8, "big")))


def content_digest(body: bytes) -> str:
    """The Content-Digest field of ``body`` (RFC 9530 §2)."""
    return f"sha-256=:{b64encode(sha256(body)).decode('ascii')}:"


def signature_base(components: tuple[str, ...], text: str, value_of: Callable[[str], str]) -> bytes:
    """The signature base of RFC 9421 §2.5; ``text`` is the serialised ``@signature-params``.

    Raises ``MalformedHeader`` if a value is not ASCII, a target for one.
    """
    lines = [f"{component}: {value_of(component)}" for component in components]
    lines.append(f'"@signature-params": {text}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise MalformedHeader(header="signature-input") from error


def component_value(message: Message, component: str) -> str:
    """The value of a covered component of a request (RFC 9421 §2.1, §2.2).

    Raises ``ComponentMissing`` for one that the message lacks or that we do not evaluate.
    """
    if component == '"@method"':
        return message.method
    if component == '"@target-uri"':
        return message.target_uri
    name = component[1:-1]
    if not name.startswith("@"):
        value = message.headers.get(name)
        if value is None or not value.isascii():
            raise ComponentMissing(component=name[:64])
        return value
    parts = urlsplit(message.target_uri)
    values = {
        "@authority": parts.netloc.lower(),
        "@scheme": parts.scheme,
        "@path": parts.path or "/",
        "@query": f"?{parts.query}",
        "@request-target": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    }
    if name not in values:
        raise ComponentMissing(component=name[:64])
    return values[name]


def read_signature(headers: Mapping[str, str], *, with_body: bool) -> SignatureInput:
    """The one signature tagged as ours, with every component and parameter that we require.

    Raises ``SignatureMissing``, ``MalformedHeader`` or ``ComponentMissing``.
    """
    inputs, signatures = headers.get("signature-input"), headers.get("signature")
    if not inputs or not signatures:
        raise SignatureMissing
    if len(inputs) > MAX_HEADER or len(signatures) > MAX_HEADER:
        raise MalformedHeader(header="signature-input")
    plain = _PLAIN.match(inputs) if with_body else None
    if plain is not None:
        signature = _PLAIN_SIGNATURE.match(signatures)
        if signature is not None:
            return _read_plain(plain, signature)
    ours = [match for match in _members(_MEMBER, inputs, "signature-input") if _is_ours(match[4])]
    if len(ours) != 1:
        raise SignatureMissing
    label, text, inner, parameters = ours[0].groups()
    components = tuple(inner.split(" ")) if inner else ()
    if len(set(components)) != len(components):
        raise MalformedHeader(header="signature-input")
    for component in REQUIRED_WITH_BODY if with_body else REQUIRED:
        if component not in components:
            raise ComponentMissing(component=component.strip('"'))
    numbers, texts = _parameters(parameters)
    values = [m[2] for m in _members(_SIGNATURE, signatures, "signature") if m[1] == label]
    if len(values) != 1:
        raise SignatureMissing
    return SignatureInput(
        components=components,
        text=text,
        created=numbers["created"],
        expires=numbers["expires"],
        nonce=texts["nonce"],
        keyid=texts["keyid"],
        algorithm=texts.get("alg"),
        signature=_base64(values[0], "signature"),
    )


def _read_plain(inputs: re.Match[str], signature: re.Match[str]) -> SignatureInput:
    """A signature of exactly our own form, read at less than half the cost."""
    return SignatureInput(
        components=REQUIRED_WITH_BODY,
        text=inputs[1],
        created=int(inputs[2]),
        expires=int(inputs[3]),
        nonce=inputs[4],
        keyid=inputs[5],
        algorithm=None,
        signature=b64decode(signature[1]),
    )


def verify_request(
    message: Message,
    body: bytes,
    *,
    key_of: Callable[[str], PublicKey],
    now: int,
) -> Signed:
    """Verify a request from outside; ``now`` is in milliseconds.

    ``key_of`` gives the enrolled key of a ``keyid`` or raises. Replay, standing of the
    certificate and what the request may do are the caller's to check.

    Raises an error of the ``SignatureError`` or ``Malformed`` family.
    """
    # 1 The signature is there, readable, and covers what we require
    given = read_signature(message.headers, with_body=bool(body) or _says_body(message))
    # 2 It is fresh
    check_freshness(given.created, given.expires, now)
    # 3 The body is the one that was signed
    if '"content-digest"' in given.components:
        check_digest(message.headers, body)
    # 4 The key is one that we know, and fixes the algorithm
    key = key_of(given.keyid)
    if given.algorithm is not None and given.algorithm != key.algorithm:
        raise AlgorithmMismatch
    # 5 The signature is that key's over this message
    base = signature_base(given.components, given.text, lambda c: component_value(message, c))
    key.verify(given.signature, base)
    return Signed(
        base=base,
        signature=given.signature,
        keyid=given.keyid,
        nonce=given.nonce,
        created=given.created,
        expires=given.expires,
    )


def check_freshness(created: int, expires: int, now: int) -> None:
    """Raise unless the signature (seconds) is in force at ``now`` (milliseconds)."""
    if not created <= expires <= created + MAX_LIFETIME:
        raise LifetimeTooLong(limit=MAX_LIFETIME)
    if now > (expires + SKEW) * 1000:
        raise SignatureExpired(hub_time=rfc3339(now))
    if created * 1000 > now + SKEW * 1000:
        raise SignatureFromFuture(hub_time=rfc3339(now))


def check_digest(headers: Mapping[str, str], body: bytes) -> None:
    """Raise ``DigestMismatch`` unless Content-Digest holds the SHA-256 of ``body``."""
    match = _DIGEST.search(headers.get("content-digest", ""))
    if match is None or _base64(match[1], "content-digest") != sha256(body):
        raise DigestMismatch


def sign_request(
    signer: Signer,
    keyid: str,
    message: Message,
    body: bytes,
    *,
    created: int,
    expires: int,
    nonce: bytes,
) -> tuple[dict[str, str], Signed]:
    """Sign a request; gives the headers to add and what the receipt will bind.

    ``message.headers`` must hold ``content-type`` when there is a body; times are in seconds;
    ``nonce`` has 16 random bytes.
    """
    headers = dict(message.headers)
    added: dict[str, str] = {}
    components: tuple[str, ...] = REQUIRED
    if body:
        added["content-digest"] = content_digest(body)
        components = REQUIRED_WITH_BODY
    headers.update(added)
    text = (
        f"({' '.join(components)});created={created};expires={expires}"
        f';nonce="{b64u(nonce)}";keyid="{keyid}";tag="{TAG}"'
    )
    complete = Message(message.method, message.target_uri, headers)
    base = signature_base(components, text, lambda c: component_value(complete, c))
    signature = signer.sign(base)
    added["signature-input"] = f"{LABEL}={text}"
    added["signature"] = f"{LABEL}=:{b64encode(signature).decode('ascii')}:"
    signed = Signed(base, signature, keyid, b64u(nonce), created, expires)
    return added, signed


def _members(pattern: re.Pattern[str], text: str, header: str) -> list[re.Match[str]]:
    """All members of a dictionary field; raises ``MalformedHeader`` at the first foreign byte."""
    matches: list[re.Match[str]] = []
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise MalformedHeader(header=header)
        matches.append(match)
        position = match.end()
    # After a comma another member must come (RFC 8941 §4.2.2).
    if text.rstrip(" \t").endswith(","):
        raise MalformedHeader(header=header)
    return matches


def _parameters(text: str) -> tuple[dict[str, int], dict[str, str]]:
    """The integers and strings among the parameters; ours must be there, none may stand twice."""
    found = [match.groups() for match in _PARAMETERS.finditer(text)]
    numbers = {name: int(number) for name, number, _ in found if number is not None}
    texts = {name: string for name, _, string in found if string is not None}
    if len(numbers.keys() | texts.keys()) != len(found):
        raise MalformedHeader(header="signature-input")
    for name in ("created", "expires"):
        if name not in numbers:
            raise ComponentMissing(component=name)
    for name in ("nonce", "keyid"):
        if name not in texts:
            raise ComponentMissing(component=name)
    if not _NONCE.match(texts["nonce"]):
        raise MalformedHeader(header="signature-input")
    return numbers, texts


def _is_ours(parameters: str) -> bool:
    return f';tag="{TAG}"' in parameters


def _says_body(message: Message) -> bool:
    """Whether a method that carries a body came without one: it must be covered all the same."""
    return message.method in {"POST", "PUT", "PATCH"}


def _base64(text: str, header: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        raise MalformedHeader(header=header) from error
