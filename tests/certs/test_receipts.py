"""Receipts: any JOSE library reads them, and no forged one passes."""

import hmac
import json
from base64 import urlsafe_b64encode

import jwt
import pytest

from certs.canonical import Json, canonical
from certs.encoding import b64u, digest, sha256, unb64u
from certs.errors import ReceiptInvalid
from certs.keys import PrivateKey, generate
from certs.receipts import (
    Receipt,
    ReceiptSigner,
    key_thumbprint,
    leaves_digest,
    verify_receipt,
)

KEY = generate()
KID = key_thumbprint(KEY.public)
RECEIPT = Receipt(
    issuer="demo.yifen",
    audience="urn:yifen:connector:demo.yifen:nrb:gateway",
    issued=1_790_000_000,
    request=digest(b"request"),
    status=200,
    content_type="application/json",
    body=digest(b"body"),
    origin="demo.yifen/ledger/1",
    first=17,
    entries=1,
    leaves=leaves_digest([sha256(b"leaf")]),
)
CLAIMS: dict[str, Json] = {
    "B": digest(b"body"),
    "R": digest(b"request"),
    "aud": "urn:yifen:connector:demo.yifen:nrb:gateway",
    "content_type": "application/json",
    "count": 1,
    "first": 17,
    "iat": 1_790_000_000,
    "iss": "demo.yifen",
    "leaves": leaves_digest([sha256(b"leaf")]),
    "origin": "demo.yifen/ledger/1",
    "status": 200,
}
HEADER: dict[str, Json] = {"alg": "ES256", "kid": KID, "typ": "hub-receipt+jwt"}


def issued(receipt: Receipt = RECEIPT) -> str:
    return ReceiptSigner(KEY, KID).issue(receipt)


def token(
    *, header: Json = None, claims: Json = None, key: PrivateKey = KEY, signature: str | None = None
) -> str:
    """A token of any header and claims, signed with the real key or with what is given."""
    head = b64u(canonical(HEADER if header is None else header))
    text = f"{head}.{b64u(canonical(CLAIMS if claims is None else claims))}"
    return f"{text}.{b64u(key.sign(text.encode())) if signature is None else signature}"


def why(forged: str) -> object:
    with pytest.raises(ReceiptInvalid) as refused:
        verify_receipt(forged, {KID: KEY.public})
    return refused.value.facts["why"]


def test_a_receipt_is_read_as_it_was_issued() -> None:
    assert verify_receipt(issued(), {KID: KEY.public}) == RECEIPT


def test_a_receipt_without_the_answer_says_so() -> None:
    bare = RECEIPT._replace(body=None)
    assert verify_receipt(issued(bare), {KID: KEY.public}) == bare


def test_our_reader_takes_what_is_signed_here() -> None:
    """Else every refusal below would show nothing."""
    assert verify_receipt(token(), {KID: KEY.public}) == RECEIPT


def test_pyjwt_reads_it_with_the_published_key() -> None:
    published = {**KEY.public.jwk(), "alg": "ES256", "kid": KID, "use": "sig"}
    ring = jwt.PyJWKSet.from_dict({"keys": [published]})
    read = jwt.decode_complete(
        issued(),
        ring[KID],
        algorithms=["ES256"],
        audience=RECEIPT.audience,
        issuer="demo.yifen",
        options={"require": ["iss", "aud", "iat"]},
    )
    assert read["header"] == HEADER
    assert read["payload"] == CLAIMS


def test_what_pyjwt_writes_is_read() -> None:
    written = jwt.encode(
        dict(CLAIMS), KEY.native, algorithm="ES256", headers={"kid": KID, "typ": "hub-receipt+jwt"}
    )
    assert verify_receipt(written, {KID: KEY.public}) == RECEIPT


def test_the_leaves_digest_is_over_the_hashes_in_their_order() -> None:
    one, two = sha256(b"1"), sha256(b"2")
    assert leaves_digest([one, two]) == digest(one + two) != leaves_digest([two, one])


def test_the_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    numbers = KEY.public.jwk()
    text = f'{{"crv":"P-256","kty":"EC","x":"{numbers["x"]}","y":"{numbers["y"]}"}}'
    assert b64u(sha256(text.encode())) == KID


def test_only_p_256_signs_receipts() -> None:
    with pytest.raises(ReceiptInvalid):
        ReceiptSigner(generate("ed25519"), "kid")


# -- attacks --------------------------------------------------------------------------------------
def test_alg_none() -> None:
    for name in ("none", "None", "NONE", ""):
        assert why(token(header={**HEADER, "alg": name}, signature="")) == "header"
    assert why(token(signature="")) == "signature"
    assert why(issued().rpartition(".")[0] + ".") == "signature"


def test_hs256_with_the_public_key_as_secret() -> None:
    for secret in (KEY.public.der, canonical(dict(KEY.public.jwk())), KID.encode()):
        text = f"{b64u(canonical({**HEADER, 'alg': 'HS256'}))}.{b64u(canonical(CLAIMS))}"
        mac = b64u(hmac.digest(secret, text.encode(), "sha256"))
        assert why(f"{text}.{mac}") == "header"


@pytest.mark.parametrize("name", ["ES384", "EdDSA", "RS256", "es256", "ES256K", "ES256 "])
def test_another_algorithm_named(name: str) -> None:
    assert why(token(header={**HEADER, "alg": name})) == "header"


@pytest.mark.parametrize("typ", ["JWT", "hub-session+jwt", "at+jwt", "HUB-RECEIPT+JWT", None, 1])
def test_token_of_another_type(typ: Json) -> None:
    assert why(token(header={**HEADER, "typ": typ})) == "header"


def test_type_left_out() -> None:
    assert why(token(header={"alg": "ES256", "kid": KID})) == "header"


@pytest.mark.parametrize(
    "more", [{"jwk": {}}, {"jku": "https://x.example"}, {"crit": ["b64"]}, {"x5u": "x"}, {"b64": 1}]
)
def test_header_that_brings_its_own_key_or_rules(more: dict[str, Json]) -> None:
    assert why(token(header={**HEADER, **more})) in {"header", "form"}


def test_unknown_key_id() -> None:
    assert why(token(header={**HEADER, "kid": "another"})) == "unknown-key"
    assert why(token(header={**HEADER, "kid": None})) == "header"
    assert why(token(header={**HEADER, "kid": 5})) == "header"


def test_key_id_of_ours_and_a_key_of_theirs() -> None:
    assert why(token(key=generate())) == "signature"


def test_ed25519_key_in_the_ring() -> None:
    other = generate("ed25519")
    with pytest.raises(ReceiptInvalid):
        verify_receipt(token(key=other), {KID: other.public})


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_claim_changed_after_signing(name: str) -> None:
    head, _, signature = issued().split(".")
    value = CLAIMS[name]
    changed = value + 1 if isinstance(value, int) else f"{value}x"
    body = b64u(canonical({**CLAIMS, name: changed}))
    assert why(f"{head}.{body}.{signature}") == "signature"


@pytest.mark.parametrize("name", sorted(set(CLAIMS) - {"B"}))
def test_claim_left_out_or_of_another_type(name: str) -> None:
    rest = {key: value for key, value in CLAIMS.items() if key != name}
    assert why(token(claims=rest)) == "claims"
    other: Json = str(CLAIMS[name]) if isinstance(CLAIMS[name], int) else 5
    assert why(token(claims={**rest, name: other})) == "claims"
    assert why(token(claims={**rest, name: True})) == "claims"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "...",
        lambda t: t.rpartition(".")[0],
        lambda t: f"{t}.",
        lambda t: f"{t}.{t}",
        lambda t: f"{t}=",
        lambda t: f" {t}",
        lambda t: f"{t}\n",
        lambda t: t.replace(".", ".\u00e9", 1),
        lambda t: f"x{t}",
        lambda t: t + "A" * 9000,
    ],
)
def test_token_of_another_form(change: object) -> None:
    assert callable(change)
    assert why(change(issued())) in {"form", "size"}


@pytest.mark.parametrize(
    "part", [b"[]", b'"x"', b"5", b"", b'{"a":1,"a":2}', b'{"iat":1.5}', b'{"a":{"b":1}}', b"\xff"]
)
def test_parts_that_are_no_flat_object(part: bytes) -> None:
    signed = f"{b64u(canonical(HEADER))}.{b64u(part)}"
    assert why(f"{signed}.{b64u(KEY.sign(signed.encode()))}") == "form"
    signed = f"{b64u(part)}.{b64u(canonical(CLAIMS))}"
    assert why(f"{signed}.{b64u(KEY.sign(signed.encode()))}") == "form"


def test_signature_spelled_in_another_way() -> None:
    """The last character of 64 bytes carries four bits that stand for nothing."""
    head, body, signature = issued().split(".")
    assert len(unb64u(signature)) == 64
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = signature[:-1] + alphabet[alphabet.index(signature[-1]) | 1]
    assert twin != signature
    assert why(f"{head}.{body}.{twin}") == "form"
    padded = urlsafe_b64encode(unb64u(signature)).decode()
    assert why(f"{head}.{body}.{padded}") == "form"
    assert json.loads(unb64u(body)) == CLAIMS
