"""Attacks on signed requests, each named for what the attacker does."""

import os
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from world.forging import (
    BODY,
    KEYID,
    KEYS,
    NOW,
    URI,
    good,
    refusal,
    resigned,
    signed,
    verify,
    with_headers,
)

from certs.encoding import b64u
from certs.errors import ComponentMissing
from certs.keys import generate
from certs.signatures import MAX_HEADER, Message, content_digest

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order n of the group of P-256 (SEC 2, 2.4.2)."""


# -- the message ----------------------------------------------------------------------------------
def test_body_changed() -> None:
    message, _ = signed()
    assert refusal(message, BODY + b" ") == "digest-mismatch"


def test_body_and_digest_changed_together() -> None:
    message, _ = signed()
    other = b'{"a":2}'
    changed = with_headers(message, content_digest=content_digest(other))
    assert refusal(changed, other) == "signature-invalid"


def test_body_removed() -> None:
    message, _ = signed()
    assert refusal(message, b"") == "digest-mismatch"


def test_body_added_to_a_request_that_was_signed_without_one() -> None:
    message, _ = signed(b"", method="GET")
    assert refusal(message, BODY) == "component-missing"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_method_that_carries_a_body_signed_without_one(method: str) -> None:
    message, _ = signed(b"", method=method)
    assert refusal(message, b"") == "component-missing"


def test_weaker_digest_beside_the_body() -> None:
    message, _ = signed()
    md5 = with_headers(message, content_digest="md5=:ZajifYh5KDgxtmS9i38K1A==:")
    assert refusal(resigned(md5)) == "digest-mismatch"


@pytest.mark.parametrize(
    "field",
    ["", "sha-256", "sha-256=", "sha-256=::", "sha-256=:AAAA:", "xsha-256=:AAAA:", "sha-256=AAAA"],
)
def test_digest_that_says_nothing(field: str) -> None:
    message, _ = signed()
    assert refusal(resigned(with_headers(message, content_digest=field))) == "digest-mismatch"


def test_digest_that_is_no_base64() -> None:
    message, _ = signed()
    broken = with_headers(message, content_digest="sha-256=:A=AA:")
    assert refusal(resigned(broken)) == "header-malformed"


def test_method_changed() -> None:
    message, _ = signed()
    assert refusal(message._replace(method="PUT")) == "signature-invalid"


@pytest.mark.parametrize(
    "uri",
    [
        URI.replace("resident", "credit_penalty"),
        URI.replace("lookup", "verify"),
        URI.replace("https", "http"),
        URI.replace("hub.", "hub2."),
        URI + "?",
        URI + "/",
        URI.replace("/v1", "//v1"),
    ],
)
def test_target_changed(uri: str) -> None:
    message, _ = signed()
    assert refusal(message._replace(target_uri=uri)) == "signature-invalid"


def test_content_type_changed() -> None:
    message, _ = signed()
    assert refusal(with_headers(message, content_type="text/csv")) == "signature-invalid"


def test_covered_header_taken_away() -> None:
    message, _ = signed()
    bare = {n: v for n, v in message.headers.items() if n != "content-type"}
    assert refusal(message._replace(headers=bare)) == "component-missing"


def test_non_ascii_in_the_target() -> None:
    message, _ = signed()
    assert refusal(message._replace(target_uri=URI + "?\xff")) == "header-malformed"


def test_non_ascii_in_a_covered_header() -> None:
    message, _ = signed()
    changed = with_headers(message, content_type="application/json\xff")
    assert refusal(changed) == "component-missing"


# -- what is covered ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "left_out", ['"@method"', '"@target-uri"', '"content-digest"', '"content-type"']
)
def test_component_left_out(left_out: str) -> None:
    message, _ = signed()
    covered = ['"@method"', '"@target-uri"', '"content-digest"', '"content-type"']
    covered.remove(left_out)
    forged = resigned(message, components=" ".join(covered))
    with pytest.raises(ComponentMissing) as refused:
        verify(forged)
    assert refused.value.facts["component"] == left_out.strip('"')


def test_nothing_covered() -> None:
    message, _ = signed()
    assert refusal(resigned(message, components="")) == "component-missing"


def test_path_and_authority_instead_of_the_target() -> None:
    message, _ = signed()
    others = '"@method" "@authority" "@scheme" "@path" "@query" "content-digest" "content-type"'
    assert refusal(resigned(message, components=others)) == "component-missing"


def test_component_covered_twice() -> None:
    message, _ = signed()
    twice = '"@method" "@target-uri" "content-digest" "content-type" "@method"'
    assert refusal(resigned(message, components=twice)) == "header-malformed"


@pytest.mark.parametrize("component", ['"@status"', '"@query-param";name="a"', '"absent"'])
def test_component_that_we_cannot_evaluate(component: str) -> None:
    message, _ = signed()
    text = f'("@method" "@target-uri" "content-digest" "content-type" {component}){good()}'
    assert refusal(with_headers(message, signature_input=f"yifen={text}")) == "component-missing"


@pytest.mark.parametrize("flag", [";sf", ";bs", ";tr", ";req", ';key="a"'])
def test_component_under_a_flag_that_changes_its_value(flag: str) -> None:
    message, _ = signed()
    text = f'("@method" "@target-uri" "content-digest"{flag} "content-type"){good()}'
    assert refusal(with_headers(message, signature_input=f"yifen={text}")) == "header-malformed"


# -- time -----------------------------------------------------------------------------------------
def test_expired() -> None:
    message, _ = signed(created=NOW - 400, expires=NOW - 100)
    assert refusal(message) == "signature-expired"


def test_from_the_future() -> None:
    message, _ = signed(created=NOW + 61, expires=NOW + 300)
    assert refusal(message) == "signature-from-future"


@pytest.mark.parametrize(
    ("begin", "end"), [(0, 301), (-86_400, 60), (10, 9), (0, 10**14), (-(10**14), 0)]
)
def test_lifetime_too_long_or_backwards(begin: int, end: int) -> None:
    message, _ = signed(created=NOW + begin, expires=NOW + end)
    assert refusal(message) == "signature-lifetime"


def test_lifetime_lengthened_afterwards() -> None:
    message, _ = signed()
    text = message.headers["signature-input"]
    longer = text.replace(f";expires={NOW + 60}", f";expires={NOW + 120}")
    assert longer != text
    assert refusal(with_headers(message, signature_input=longer)) == "signature-invalid"


# -- key and algorithm ----------------------------------------------------------------------------
def test_signed_with_another_key() -> None:
    message, _ = signed()
    assert refusal(resigned(message, key=generate())) == "signature-invalid"


def test_algorithm_named_that_is_not_the_keys() -> None:
    message, _ = signed()
    for name in ("ed25519", "hmac-sha256", "rsa-v1_5-sha256", "none", ""):
        forged = resigned(message, parameters=good(alg=f'"{name}"'))
        assert refusal(forged) == "algorithm-mismatch"


def test_ed25519_signature_under_a_p_256_key() -> None:
    message, _ = signed()
    assert refusal(resigned(message, key=KEYS["ed25519"])) == "signature-invalid"


def test_key_id_of_another() -> None:
    message, _ = signed()
    asked: list[str] = []

    def strangers(keyid: str) -> object:
        asked.append(keyid)
        return generate().public

    forged = resigned(message, parameters=good(keyid='"another"'))
    with pytest.raises(Exception, match="signature-invalid"):
        verify(forged, keys=strangers)  # type: ignore[arg-type]
    assert asked == ["another"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(63),
        bytes(64),
        b"\xff" * 64,
        bytes(65),
        # r = s = 1, and r = 0: neither can be a signature
        (1).to_bytes(32, "big") * 2,
        bytes(32) + (1).to_bytes(32, "big"),
        ORDER.to_bytes(32, "big") * 2,
    ],
)
def test_signature_of_made_up_bytes(raw: bytes) -> None:
    message, _ = signed()
    forged = with_headers(message, signature=f"yifen=:{b64encode(raw).decode()}:")
    assert refusal(forged) == "signature-invalid"


def test_der_instead_of_the_plain_form() -> None:
    message, made = signed()
    r, s = (int.from_bytes(made.signature[at : at + 32], "big") for at in (0, 32))
    der = b64encode(encode_dss_signature(r, s)).decode()
    assert refusal(with_headers(message, signature=f"yifen=:{der}:")) == "signature-invalid"


def test_second_signature_made_from_the_first_keeps_its_nonce() -> None:
    """(r, n - s) holds too: ECDSA allows it, so what may come once is the nonce."""
    message, made = signed()
    r, s = made.signature[:32], int.from_bytes(made.signature[32:], "big")
    twin = b64encode(r + (ORDER - s).to_bytes(32, "big")).decode()
    read = verify(with_headers(message, signature=f"yifen=:{twin}:"))
    assert read.signature != made.signature
    assert read.nonce == made.nonce


# -- the fields -----------------------------------------------------------------------------------
@pytest.mark.parametrize("header", ["signature", "signature-input"])
def test_no_signature(header: str) -> None:
    message, _ = signed()
    bare = {n: v for n, v in message.headers.items() if n != header}
    assert refusal(message._replace(headers=bare)) == "signature-missing"
    assert refusal(message._replace(headers={**bare, header: ""})) == "signature-missing"


@pytest.mark.parametrize("tag", [None, '"other"', '"yifen2"', '""', '"Yifen"', "1"])
def test_tag_missing_or_of_another_application(tag: str | None) -> None:
    message, _ = signed()
    assert refusal(resigned(message, parameters=good(tag=tag))) == "signature-missing"


def test_tag_hidden_in_another_string() -> None:
    message, _ = signed()
    hidden = resigned(message, parameters=good(tag=None) + ';x=";tag="')
    assert refusal(hidden) == "signature-missing"


def test_two_signatures_of_ours() -> None:
    message, _ = signed()
    inputs, signature = message.headers["signature-input"], message.headers["signature"]
    doubled = with_headers(
        message,
        signature_input=f"{inputs}, {inputs.replace('yifen=', 'b=', 1)}",
        signature=f"{signature}, {signature.replace('yifen=', 'b=', 1)}",
    )
    assert refusal(doubled) == "signature-missing"


def test_a_strangers_signature_beside_ours_changes_nothing() -> None:
    message, made = signed()
    inputs = message.headers["signature-input"]
    beside = with_headers(
        message,
        signature_input=f'proxy=("@method");created=1;tag="p", {inputs}',
        signature=f"proxy=:AAAA:, {message.headers['signature']}",
    )
    assert verify(beside) == made


def test_one_label_twice_in_the_signature_field() -> None:
    message, _ = signed()
    signature = message.headers["signature"]
    doubled = with_headers(message, signature=f"yifen=:{'A' * 86}==:, {signature}")
    assert refusal(doubled) == "signature-missing"


def test_signature_under_another_label() -> None:
    message, _ = signed()
    moved = message.headers["signature"].replace("yifen=", "other=", 1)
    assert refusal(with_headers(message, signature=moved)) == "signature-missing"


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("created", ";created=1"),
        ("created", ';created="x"'),
        ("expires", f";expires={NOW + 100}"),
        ("nonce", ';nonce="AAAAAAAAAAAAAAAAAAAAAA"'),
        ("keyid", ';keyid="x"'),
        ("tag", ';tag="yifen"'),
        ("tag", ";tag=1"),
        ("x", ";x=1;x=2"),
    ],
)
def test_parameter_twice(name: str, again: str) -> None:
    message, _ = signed()
    assert f";{name}=" in again
    assert refusal(resigned(message, parameters=good() + again)) == "header-malformed"


@pytest.mark.parametrize("name", ["created", "expires", "nonce", "keyid"])
def test_parameter_left_out(name: str) -> None:
    message, _ = signed()
    forged = resigned(message, parameters=good(**{name: None}))
    with pytest.raises(ComponentMissing) as refused:
        verify(forged)
    assert refused.value.facts["component"] == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created", f'"{NOW}"'),
        ("expires", f'"{NOW}"'),
        ("nonce", "1"),
        ("keyid", "1"),
    ],
)
def test_parameter_of_another_type(name: str, value: str) -> None:
    message, _ = signed()
    assert refusal(resigned(message, parameters=good(**{name: value}))) == "component-missing"


@pytest.mark.parametrize(
    "value",
    [f"{NOW}.0", "1e9", "?1", ":AAAA:", "@1", "abc", "", "-", "9" * 16, "\uff11"],
)
def test_created_that_is_no_plain_integer(value: str) -> None:
    message, _ = signed()
    text = message.headers["signature-input"].replace(f"created={NOW}", f"created={value}")
    assert refusal(with_headers(message, signature_input=text)) == "header-malformed"


@pytest.mark.parametrize("length", [0, 8, 15, 17, 32])
def test_nonce_of_another_length(length: int) -> None:
    message, _ = signed()
    nonce = f'"{b64u(os.urandom(length))}"'
    assert refusal(resigned(message, parameters=good(nonce=nonce))) == "header-malformed"


def test_header_too_large() -> None:
    message, _ = signed()
    padding = f';pad="{"x" * MAX_HEADER}"'
    assert refusal(resigned(message, parameters=good() + padding)) == "header-malformed"
    many = ", ".join(f"l{number}=:AAAA:" for number in range(MAX_HEADER // 10))
    large = with_headers(message, signature=f"{message.headers['signature']}, {many}")
    assert refusal(large) == "header-malformed"


def _spaced(text: str) -> list[str]:
    return [
        text.replace("(", "( "),
        text.replace(")", " )"),
        text.replace('" "', '"  "'),
        text.replace('" "', '"\t"'),
        text.replace(";created", "; created"),
        text.replace(";created", " ;created"),
        text.replace("created=", "created ="),
        text.replace("yifen=", "yifen ="),
        text.replace("yifen=", "yifen= "),
        f" {text}",
        f"{text};",
        f"{text},",
        f"{text}, ",
        f", {text}",
        f"{text}\n",
        f"{text}\x00",
        text.replace('"@method"', "@method"),
        text.replace('"@method"', "'@method'"),
        text.replace('"@method"', '"@Method"'),
        text.replace('"@method"', '"@meth\\od"'),
        text.replace("yifen=(", "Yifen=("),
    ]


@pytest.mark.parametrize("place", range(len(_spaced(""))))
def test_fields_spelled_in_another_way(place: int) -> None:
    message, _ = signed()
    text = message.headers["signature-input"]
    spelled = _spaced(text)[place]
    assert spelled != text
    assert refusal(with_headers(message, signature_input=spelled)) == "header-malformed"


@pytest.mark.parametrize(
    "form", ["yifen={0}", "yifen=:{0}", "yifen={0}:", "yifen=:{0}:x", "yifen=: {0}:", "=:{0}:"]
)
def test_signature_field_spelled_in_another_way(form: str) -> None:
    message, made = signed()
    text = form.format(b64encode(made.signature).decode())
    assert refusal(with_headers(message, signature=text)) == "header-malformed"


def test_signature_in_the_url_safe_alphabet() -> None:
    message, made = signed()
    while not {ord("+"), ord("/")} & set(b64encode(made.signature)):
        message, made = signed()
    text = b64encode(made.signature).decode().replace("+", "-").replace("/", "_")
    assert b64decode(b64encode(made.signature)) == made.signature
    assert refusal(with_headers(message, signature=f"yifen=:{text}:")) == "header-malformed"


def test_signature_padded_in_the_middle() -> None:
    message, _ = signed()
    broken = with_headers(message, signature="yifen=:AA=A:")
    assert refusal(broken) == "header-malformed"


def test_line_smuggled_into_the_signature_base() -> None:
    """A value with a line end would let one component speak for another."""
    message, _ = signed()
    quoted = '"@method" "@target-uri" "content-digest" "content-type" "x";name="a\n\\"@method\\""'
    text = f"({quoted}){good()}"
    assert refusal(with_headers(message, signature_input=f"yifen={text}")) == "header-malformed"


def test_request_of_another_hub() -> None:
    """The target holds the hub's own address, so a request for one is none for another."""
    message, _ = signed(uri="https://other.example/v1/datasets/resident/lookup")
    here = Message(message.method, URI, message.headers)
    assert refusal(here) == "signature-invalid"
    assert KEYID in message.headers["signature-input"]
