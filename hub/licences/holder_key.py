"""The holder's public key as somebody pastes it: a JSON Web Key (RFC 7517), read with its faults.

What comes is never shown again and never kept: whoever pastes a private key by mistake has shown it
to this hub once, and to nobody else. So what is private is looked for first.
"""

from json import JSONDecodeError

from certs.canonical import parse
from certs.encoding import unb64u
from certs.errors import KeyUnusable, MalformedEncoding, MalformedJson
from certs.keys import PublicKey
from hub.licences.errors import HolderKeyRefused
from hub.licences.issuing import HolderKey

_OF_JSON = {"too-large": "key-long", "duplicate-key": "key-twice"}
"""What is wrong with JSON; everything else is no JSON of an object."""
LONGEST = 4096
"""Characters; a key of P-256 with everything that describes it has some three hundred."""
_DEPTH = 8
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""Members that hold a secret (RFC 7518 §6.2.2, §6.3.2, §6.4.1; ``priv``: RFC 9964)."""
_COORDINATE = 32
_WANTED = (("kty", "EC"), ("crv", "P-256"))
_DESCRIBING = (("alg", "ES256"), ("use", "sig"))
"""What these must be if they are there; every other member is passed over (RFC 7517 §4)."""
WHOLE = "JWK"


def read_holder_key(text: str) -> HolderKey | None:
    """The key of what was pasted, None if nothing was.

    Raises ``HolderKeyRefused`` with every fault by its member.
    """
    if not text.strip():
        return None
    members = _members(text)
    private = sorted(PRIVATE & members.keys())
    if private:
        raise HolderKeyRefused([(", ".join(private), "key-private")])
    if "keys" in members:
        raise HolderKeyRefused([("keys", "key-set")])
    faults = [
        (name, "key-missing" if name not in members else f"key-{name}")
        for name, value in _WANTED
        if members.get(name) != value
    ]
    # Of another kind of key nothing more can be said.
    faults = faults or [(name, why) for name in ("x", "y") if (why := _coordinate(members, name))]
    faults += [
        (name, f"key-{name}") for name, value in _DESCRIBING if members.get(name, value) != value
    ]
    if faults:
        raise HolderKeyRefused(faults)
    try:
        PublicKey.from_jwk(members)
    except KeyUnusable as error:
        raise HolderKeyRefused([("x, y", "key-point")]) from error
    return HolderKey.model_validate({name: members[name] for name in HolderKey.model_fields})


def _members(text: str) -> dict[str, object]:
    try:
        value = parse(text.encode(), max_bytes=LONGEST, max_depth=_DEPTH)
    except MalformedJson as error:
        why = str(error.facts["why"])
        place, cause = WHOLE, error.__cause__
        if isinstance(cause, JSONDecodeError):
            place = f"{cause.lineno}:{cause.colno}"
        raise HolderKeyRefused([(place, _OF_JSON.get(why, "key-json"))]) from error
    if not isinstance(value, dict):
        raise HolderKeyRefused([(WHOLE, "key-json")])
    return {**value}


def _coordinate(members: dict[str, object], name: str) -> str:
    """What is wrong with a coordinate; empty if nothing is."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        return "key-missing"
    try:
        data = unb64u(value)
    except MalformedEncoding:
        return "key-encoding"
    return "" if len(data) == _COORDINATE else "key-length"
