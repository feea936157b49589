"""Signed requests as an attacker would have them: anything changed, signed again or not."""

import os
from base64 import b64encode
from collections.abc import Callable

import pytest

from certs.encoding import b64u
from certs.errors import Malformed, SignatureError
from certs.keys import Algorithm, PrivateKey, PublicKey, generate
from certs.signatures import (
    Message,
    Signed,
    component_value,
    sign_request,
    signature_base,
    verify_request,
)

NOW = 1_790_000_000
URI = "https://hub.example/v1/datasets/resident/lookup"
BODY = b'{"a":1}'
KEYID = "k" * 43
ALGORITHMS: tuple[Algorithm, ...] = ("ecdsa-p256-sha256", "ed25519")
KEYS = {name: generate(name) for name in ALGORITHMS}


def signed(
    body: bytes = BODY,
    *,
    method: str = "POST",
    uri: str = URI,
    algorithm: Algorithm = "ecdsa-p256-sha256",
    created: int = NOW,
    expires: int = NOW + 60,
) -> tuple[Message, Signed]:
    headers = {"content-type": "application/json"} if body else {}
    message = Message(method, uri, headers)
    added, what = sign_request(
        KEYS[algorithm],
        KEYID,
        message,
        body,
        created=created,
        expires=expires,
        nonce=os.urandom(16),
    )
    return message._replace(headers=headers | added), what


def key_of(keyid: str) -> PublicKey:
    assert keyid == KEYID
    return KEYS["ecdsa-p256-sha256"].public


def verify(
    message: Message,
    body: bytes = BODY,
    *,
    now: float = NOW,
    keys: Callable[[str], PublicKey] = key_of,
) -> Signed:
    return verify_request(message, body, key_of=keys, now=round(now * 1000))


def refusal(message: Message, body: bytes = BODY, *, now: float = NOW) -> str:
    with pytest.raises((SignatureError, Malformed)) as refused:
        verify(message, body, now=now)
    return refused.value.code


def with_headers(message: Message, **changed: str) -> Message:
    new = {name.replace("_", "-"): value for name, value in changed.items()}
    return message._replace(headers={**message.headers, **new})


def resigned(
    message: Message,
    *,
    components: str = '"@method" "@target-uri" "content-digest" "content-type"',
    parameters: str | None = None,
    key: PrivateKey | None = None,
) -> Message:
    """Sign a message again with whatever components and parameters an attacker likes."""
    if parameters is None:
        parameters = good()
    text = f"({components}){parameters}"
    names = tuple(components.split(" ")) if components else ()
    base = signature_base(names, text, lambda c: component_value(message, c))
    signature = (key or KEYS["ecdsa-p256-sha256"]).sign(base)
    return with_headers(
        message,
        signature_input=f"yifen={text}",
        signature=f"yifen=:{b64encode(signature).decode()}:",
    )


def good(**changed: str | None) -> str:
    """Our parameters, some changed or left out."""
    parameters: dict[str, str | None] = {
        "created": str(NOW),
        "expires": str(NOW + 60),
        "nonce": f'"{b64u(os.urandom(16))}"',
        "keyid": f'"{KEYID}"',
        "tag": '"yifen"',
    }
    parameters |= changed
    return "".join(f";{name}={value}" for name, value in parameters.items() if value is not None)
