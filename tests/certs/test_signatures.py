"""Signed requests: our profile of RFC 9421, its published vectors, and its peer library."""

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import http_sf
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, algorithms
from http_message_signatures.exceptions import InvalidSignature
from hypothesis import example, given
from hypothesis import strategies as st
from world.forging import (
    ALGORITHMS,
    BODY,
    KEYID,
    KEYS,
    NOW,
    good,
    refusal,
    resigned,
    signed,
    verify,
    with_headers,
)

from certs.encoding import b64u, sha256
from certs.errors import Malformed, SignatureError, SignatureInvalid
from certs.keys import Algorithm, PrivateKey, PublicKey
from certs.signatures import (
    Message,
    SignatureInput,
    component_value,
    content_digest,
    read_signature,
    request_digest,
    signature_base,
)

PEER_ALGORITHMS = {
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "ed25519": algorithms.ED25519,
}


# -- what is right passes -------------------------------------------------------------------------
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_request_that_we_signed_is_accepted(algorithm: Algorithm) -> None:
    message, made = signed(algorithm=algorithm)
    read = verify(message, keys=lambda _: KEYS[algorithm].public)
    assert read == made
    assert read.digest == made.digest


def test_a_request_without_a_body_needs_no_digest() -> None:
    message, made = signed(b"", method="GET", uri="https://hub.example/v1/grants?page=2")
    assert set(message.headers) == {"signature-input", "signature"}
    assert verify(message, b"") == made


def test_more_components_than_ours_may_be_covered() -> None:
    message, _ = signed()
    message = with_headers(message, date="Tue, 20 Apr 2021 02:07:55 GMT")
    more = (
        '"date" "@authority" "@scheme" "@path" "@query" "@request-target" "@method" "@target-uri"'
        ' "content-type" "content-digest"'
    )
    verify(resigned(message, components=more))


def test_alg_may_stand_and_agree() -> None:
    message, _ = signed()
    verify(resigned(message, parameters=good(alg='"ecdsa-p256-sha256"')))


def test_the_request_digest_parts_base_and_signature() -> None:
    joined = (3).to_bytes(8, "big") + b"abc" + (2).to_bytes(8, "big") + b"de"
    assert request_digest(b"abc", b"de") == b64u(sha256(joined))
    assert request_digest(b"abcd", b"e") != request_digest(b"abc", b"de")


def test_the_clock_may_be_off_by_a_minute_and_no_more() -> None:
    message, _ = signed(created=NOW, expires=NOW + 60)
    verify(message, now=NOW - 60)
    verify(message, now=NOW + 120)
    assert refusal(message, now=NOW - 60.001) == "signature-from-future"
    assert refusal(message, now=NOW + 120.001) == "signature-expired"


# -- RFC 9421, Appendix B -------------------------------------------------------------------------
# The published file of B.2.4 gives no signature, because ECDSA makes another one each time; this
# is the RFC's own.
B24 = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="


@pytest.mark.parametrize("name", ["b24-response-ecdsa", "b26-ed25519", "b4-transform-ed25519"])
def test_appendix_b_gives_the_published_base_and_verifies(vectors: Path, name: str) -> None:
    folder = vectors / "rfc9421"
    case = json.loads((folder / "vectors" / f"{name}.json").read_text(encoding="utf-8"))
    components = tuple(f'"{one}"' for one in case["signingParams"]["components"])
    message = _published(case["message"])

    def value_of(component: str) -> str:
        # Ours are requests; a response's status is the one value that a message here lacks.
        if component == '"@status"':
            return str(case["message"]["statusCode"])
        return component_value(message, component)

    text = case["expectedSignatureInput"].partition("=")[2]
    base = signature_base(components, text, value_of)
    assert base == case["expectedBase"].encode("ascii")
    pem = (folder / case["pubKeyFile"]).read_bytes()
    key = PublicKey.of(load_pem_public_key(pem))
    assert key.algorithm == case["signingParams"]["algorithm"]
    signature = b64decode(case.get("expectedSignature", B24))
    key.verify(signature, base)
    with pytest.raises(SignatureInvalid):
        key.verify(signature, base + b" ")


def _published(told: dict[str, object]) -> Message:
    fields: dict[str, str] = {}
    given = told["headers"]
    assert isinstance(given, list)
    for name, value in given:
        low = name.lower()
        fields[low] = f"{fields[low]}, {value}" if low in fields else value
    return Message(str(told.get("method", "")), str(told.get("url", "")), fields)


# -- the peer, in both directions -----------------------------------------------------------------
@dataclass
class PeerMessage:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class PeerKeys:
    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> object:
        assert key_id == KEYID
        return self._key.native

    def resolve_public_key(self, key_id: str) -> object:
        assert key_id == KEYID
        return self._key.public.native


PAYLOADS = st.sampled_from([b"", b"x", BODY, "姓名".encode() * 300])


@given(
    st.sampled_from(ALGORITHMS),
    PAYLOADS,
    st.sampled_from(["/v1/grants", "/v1/datasets/resident/lookup", "/", "/a?b=c&d=%20", "/?x"]),
    st.booleans(),
)
def test_what_the_peer_signs_is_accepted(
    algorithm: Algorithm,
    body: bytes,
    path: str,
    names_algorithm: bool,  # noqa: FBT001 drawn by hypothesis
) -> None:
    url = "https://hub.example" + path
    request = PeerMessage("POST" if body else "GET", url)
    if body:
        request.headers["Content-Type"] = "application/json"
        request.headers["Content-Digest"] = content_digest(body)
    signer = HTTPMessageSigner(
        signature_algorithm=PEER_ALGORITHMS[algorithm],
        key_resolver=PeerKeys(KEYS[algorithm]),  # type: ignore[arg-type]
    )
    covered = ["@method", "@target-uri"]
    signer.sign(
        request,
        key_id=KEYID,
        created=datetime.fromtimestamp(NOW, UTC),
        expires=datetime.fromtimestamp(NOW + 300, UTC),
        nonce=b64u(os.urandom(16)),
        label="anything",
        tag="yifen",
        include_alg=names_algorithm,
        covered_component_ids=[*covered, "content-digest", "content-type"] if body else covered,
        use_existing_digest=bool(body),
        body=body or None,
    )
    headers = {name.lower(): value for name, value in request.headers.items()}
    message = Message(request.method, url, headers)
    read = verify(message, body, keys=lambda _: KEYS[algorithm].public)
    assert read.keyid == KEYID
    assert (read.created, read.expires) == (NOW, NOW + 300)


@given(st.sampled_from(ALGORITHMS), PAYLOADS, st.sampled_from(["/v1/grants?a=b", "/", "/x/y"]))
def test_the_peer_verifies_what_we_sign(algorithm: Algorithm, body: bytes, path: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    url = "https://hub.example" + path
    method = "POST" if body else "GET"
    message, made = signed(
        body, method=method, uri=url, algorithm=algorithm, created=now, expires=now + 300
    )
    verifier = HTTPMessageVerifier(
        signature_algorithm=PEER_ALGORITHMS[algorithm],
        key_resolver=PeerKeys(KEYS[algorithm]),  # type: ignore[arg-type]
    )
    required = ["@method", "@target-uri"]
    peer_view = PeerMessage(method, url, dict(message.headers))
    (result,) = verifier.verify(
        peer_view,
        expect_tag="yifen",
        require_components=[*required, "content-digest", "content-type"] if body else required,
        body=body or None,
    )
    assert result.parameters["keyid"] == KEYID
    assert result.nonce == made.nonce
    peer_view.method = "PUT"
    with pytest.raises(InvalidSignature):
        verifier.verify(peer_view, expect_tag="yifen")


# -- structured fields ----------------------------------------------------------------------------
_STRINGS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
_WORDS = st.one_of(st.integers(-(10**15) + 1, 10**15 - 1), _STRINGS)
_NAMES = st.from_regex(r"[a-z][a-z0-9_*.-]{0,8}", fullmatch=True)


@given(
    label=_NAMES,
    more=st.dictionaries(_NAMES, _WORDS, max_size=4),
    spacing=st.sampled_from(["", " ", "  ", "\t"]),
    broken=st.sampled_from(["", ",", ", ", ";", " x", "=", ")", '"', "\n", ", ,", ", a"]),
    stranger=st.booleans(),
)
@example(label="yifen", more={}, spacing="", broken=",", stranger=False)
@example(label="yifen", more={"created": "now"}, spacing="", broken="", stranger=False)
@example(label="yifen", more={"x": "é"}, spacing="", broken="", stranger=False)
def test_what_we_read_is_what_structured_fields_say(
    label: str,
    more: dict[str, int | str],
    spacing: str,
    broken: str,
    stranger: bool,  # noqa: FBT001 drawn by hypothesis
) -> None:
    extra = "".join(f";{name}={_bare(value)}" for name, value in more.items())
    member = f'{label}=("@method" "@target-uri"){good()}{extra}'
    prefix = f'a-stranger=("@method");created=1,{spacing}' if stranger else ""
    headers = {
        "signature-input": prefix + member + broken,
        "signature": f"{label}=:{b64encode(bytes(64)).decode()}:",
    }
    try:
        ours = read_signature(headers, with_body=False)
    except (SignatureError, Malformed):
        return
    parsed = _parse_dictionary(headers["signature-input"])
    items, parameters = parsed[label]
    assert tuple(f'"{name}"' for name, _ in items) == ours.components
    assert parameters == _told(ours) | {"tag": "yifen"} | {
        name: value for name, value in more.items() if name not in {"alg", *_told(ours), "tag"}
    }


@given(
    components=st.lists(
        st.sampled_from(["@method", "@target-uri", "@path", "date", "content-type"]), unique=True
    ),
    parameters=st.dictionaries(_NAMES, _WORDS, max_size=5),
)
def test_whatever_the_peer_writes_in_our_profile_we_read(
    components: list[str], parameters: dict[str, int | str]
) -> None:
    covered = ["@method", "@target-uri"]
    names = covered + [name for name in components if name not in covered]
    parameters = {n: v for n, v in parameters.items() if _plain(v)} | {
        "created": NOW,
        "expires": NOW + 60,
        "nonce": b64u(os.urandom(16)),
        "keyid": KEYID,
        "tag": "yifen",
        "alg": "ed25519",
    }
    text = http_sf.ser({"yifen": ([(name, {}) for name in names], parameters)})
    signature = http_sf.ser({"yifen": (bytes(64), {})})
    ours = read_signature({"signature-input": text, "signature": signature}, with_body=False)
    assert ours.components == tuple(f'"{name}"' for name in names)
    assert ours.signature == bytes(64)
    assert ours.algorithm == "ed25519"


def _plain(value: int | str) -> bool:
    # A quotation mark or backslash needs escaping, which the narrow parser does not take.
    return isinstance(value, int) or not set('"\\') & set(value)


def _bare(value: int | str) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _parse_dictionary(text: str) -> dict[str, tuple[list[tuple[str, object]], dict[str, object]]]:
    parsed = http_sf.parse(text.encode("latin-1"), tltype="dictionary")
    assert isinstance(parsed, dict)
    return parsed  # type: ignore[return-value]


def _told(ours: SignatureInput) -> dict[str, int | str]:
    told: dict[str, int | str] = {
        "created": ours.created,
        "expires": ours.expires,
        "nonce": ours.nonce,
        "keyid": ours.keyid,
    }
    return told if ours.algorithm is None else told | {"alg": ours.algorithm}
