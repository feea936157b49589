"""Credentials against others' work: the RFC's own examples, and an independent implementation."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from openvc.proof.errors import ProofError
from openvc.proof.sd_jwt import SdJwtVcProofSuite

from certs.canonical import Json
from certs.errors import CredentialInvalid
from certs.key_binding import bind
from certs.keys import PrivateKey, PublicKey, generate
from certs.sd_jwt import Binding, issue, present, verify

PUBLISHED = json.loads((Path(__file__).parent / "published" / "rfc9901.json").read_text("utf-8"))
RFC_KEY = PublicKey.from_jwk(PUBLISHED["key"])
RFC_BINDING = Binding("https://verifier.example.org", "1234567890")
RFC_NOW = 1_748_537_244_000
"""When the RFC's presentations were made."""

KEY = generate()
HOLDER = generate()
ISSUER = "https://hub.example"
OFFICE = "https://office.example"
VCT = "https://hub.example/licences/types/1"


def plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return [plain(element) for element in value]
    return value


@pytest.mark.parametrize("name", PUBLISHED["examples"])
def test_published_example_verifies_the_same(name: str) -> None:
    example = PUBLISHED["examples"][name]
    bound = not example["token"].endswith("~")
    credential = verify(
        example["token"],
        {"any": RFC_KEY},
        RFC_NOW,
        issuer=None,
        typ=example["typ"],
        required=frozenset(),
        binding=RFC_BINDING if bound else None,
    )
    assert plain(credential.claims) == example["claims"]
    assert credential.bound == bound


@pytest.mark.parametrize("name", PUBLISHED["examples"])
def test_published_example_with_one_disclosure_changed_is_refused(name: str) -> None:
    example = PUBLISHED["examples"][name]
    parts = example["token"].split("~")
    parts[1] = ("X" if parts[1][0] != "X" else "Y") + parts[1][1:]
    with pytest.raises(CredentialInvalid, match="disclosure-unreferenced"):
        verify(
            "~".join(parts),
            {"any": RFC_KEY},
            RFC_NOW,
            issuer=None,
            typ=example["typ"],
            required=frozenset(),
            binding=None if not parts[-1] else RFC_BINDING,
        )


class Theirs:
    """One of our keys as the other implementation takes it."""

    alg = "ES256"

    def __init__(self, key: PrivateKey, kid: str) -> None:
        self._key = key
        self.kid = kid

    def sign(self, signing_input: bytes) -> bytes:
        return self._key.sign(signing_input)


def now() -> int:
    """They read the clock themselves."""
    return int(time.time() * 1000)


def claims() -> dict[str, Json]:
    second = now() // 1000
    return {
        "iss": ISSUER,
        "iat": second,
        "exp": second + 600,
        "vct": VCT,
        "certificateName": "营业执照",
        "certificateHolderName": "云南某某有限公司",
        "items": {"scope": "餐饮", "capital": "1000000"},
        "trades": ["餐饮", "零售"],
    }


HIDDEN = [
    ("certificateHolderName",),
    ("items", "scope"),
    ("items", "capital"),
    ("trades",),
    ("trades", 1),
]


def test_ours_verifies_in_theirs() -> None:
    whole = issue(claims(), HIDDEN, KEY, "k1", decoys=2)
    shown = present(whole, [("items", "scope"), ("trades", 1)])
    for token, expected in (
        (whole, claims()),
        (shown, {"items": {"scope": "餐饮"}, "trades": ["餐饮", "零售"]}),
    ):
        seen = SdJwtVcProofSuite().verify(token, public_key_jwk=KEY.public.jwk(), expected_vct=VCT)
        for name, value in expected.items():
            if name not in {"iat", "exp"}:
                assert seen.claims[name] == value
    assert "certificateHolderName" not in seen.claims
    assert not seen.key_bound


def test_ours_with_a_proof_verifies_in_theirs() -> None:
    whole = issue(claims(), HIDDEN, KEY, "k1", holder=HOLDER.public)
    shown = bind(present(whole, [("trades",)]), HOLDER, audience=OFFICE, nonce="n1", now=now())
    seen = SdJwtVcProofSuite().verify(
        shown,
        public_key_jwk=KEY.public.jwk(),
        audience=OFFICE,
        nonce="n1",
        require_key_binding=True,
    )
    assert seen.key_bound
    assert seen.claims["trades"] == ["餐饮"]
    with pytest.raises(ProofError):
        SdJwtVcProofSuite().verify(
            shown,
            public_key_jwk=KEY.public.jwk(),
            audience=OFFICE,
            nonce="n2",
            require_key_binding=True,
        )


def test_theirs_verifies_in_ours() -> None:
    theirs = SdJwtVcProofSuite().issue(
        claims(),
        signing_key=Theirs(KEY, "k1"),
        disclosable=["certificateHolderName", "items"],
        decoys=3,
    )
    seen = verify(theirs, {"k1": KEY.public}, now(), issuer=ISSUER)
    assert plain({**seen.claims, "iat": 0, "exp": 0}) == {**claims(), "iat": 0, "exp": 0}
    assert seen.disclosed == {("certificateHolderName",), ("items",)}
    less = verify(present(theirs, [("items",)]), {"k1": KEY.public}, now(), issuer=ISSUER)
    assert "certificateHolderName" not in less.claims


def test_theirs_with_a_proof_verifies_in_ours() -> None:
    suite = SdJwtVcProofSuite()
    theirs = suite.issue(
        claims(),
        signing_key=Theirs(KEY, "k1"),
        disclosable=["certificateHolderName"],
        holder_jwk={**HOLDER.public.jwk()},
    )
    shown = suite.create_presentation(
        theirs, holder_key=Theirs(HOLDER, "phone"), audience=OFFICE, nonce="n1"
    )
    seen = verify(shown, {"k1": KEY.public}, now(), issuer=ISSUER, binding=Binding(OFFICE, "n1"))
    assert seen.bound
    with pytest.raises(CredentialInvalid, match="nonce"):
        verify(shown, {"k1": KEY.public}, now(), issuer=ISSUER, binding=Binding(OFFICE, "n2"))


def test_theirs_refuses_what_we_refuse() -> None:
    whole = issue(claims(), HIDDEN, KEY, "k1")
    signed, *disclosures, _ = whole.split("~")
    for odd in (
        f"{signed}~{'~'.join([*disclosures, disclosures[0]])}~",
        f"{signed}~WyJzIiwiYWRtaW4iLHRydWVd~",
    ):
        with pytest.raises(CredentialInvalid):
            verify(odd, {"k1": KEY.public}, now(), issuer=ISSUER)
        with pytest.raises(ProofError):
            SdJwtVcProofSuite().verify(odd, public_key_jwk=KEY.public.jwk())
