"""The holder's proof: RFC 9901 §7.3, each rule with what it keeps away."""

import jwt
import pytest

from certs.canonical import Json
from certs.encoding import b64u, digest
from certs.errors import CredentialInvalid, KeyUnusable
from certs.key_binding import bind
from certs.keys import PrivateKey, PublicKey, generate
from certs.sd_jwt import Binding, Credential, choices, issue, present, verify

NOW = 1_790_000_000_000
SECOND = NOW // 1000
KEY = generate()
HOLDER = generate()
ISSUER = "https://hub.example"
OFFICE = "https://office.example"
BINDING = Binding(OFFICE, "n-0S6_WzA2Mj")
CLAIMS: dict[str, Json] = {
    "iss": ISSUER,
    "iat": SECOND,
    "exp": SECOND + 3600,
    "vct": "urn:example:licence",
    "name": "营业执照",
    "number": "1",
}


def token(holder: PublicKey | None = HOLDER.public, **more: Json) -> str:
    return issue({**CLAIMS, **more}, [("name",), ("number",)], KEY, "k1", holder=holder)


def shown(**more: Json) -> str:
    return present(token(**more), [("name",)])


def bound(presentation: str | None = None, holder: PrivateKey = HOLDER, now: int = NOW) -> str:
    return bind(presentation or shown(), holder, audience=OFFICE, nonce=BINDING.nonce, now=now)


def read(presented: str, binding: Binding | None = BINDING, now: int = NOW) -> Credential:
    return verify(presented, {"k1": KEY.public}, now, issuer=ISSUER, binding=binding)


def refused(presented: str, binding: Binding | None = BINDING, now: int = NOW) -> str:
    with pytest.raises(CredentialInvalid) as caught:
        read(presented, binding, now)
    return str(caught.value.facts["why"])


def proof(
    *, key: PrivateKey = HOLDER, header: dict[str, Json] | None = None, **claims: Json
) -> str:
    """A presentation with a proof of any content."""
    presentation = shown()
    known: dict[str, Json] = {
        "aud": OFFICE,
        "iat": SECOND,
        "nonce": BINDING.nonce,
        "sd_hash": digest(presentation.encode()),
        **claims,
    }
    kept = {name: value for name, value in known.items() if value != "absent"}
    headers = {"typ": "kb+jwt", **(header or {})}
    return presentation + jwt.encode(kept, key.native, "ES256", headers)


def test_the_holder_proves_to_be_the_holder() -> None:
    credential = read(bound())
    assert credential.bound
    assert credential.claims["name"] == "营业执照"
    assert "number" not in credential.claims


def test_proof_with_a_header_and_claims_of_others() -> None:
    assert read(proof(header={"kid": "phone"}, jti="7")).bound


def test_proof_stripped_by_whoever_passes_it_on() -> None:
    assert refused(shown()) == "key-binding-missing"


def test_proof_where_none_was_demanded() -> None:
    assert refused(bound(), None) == "key-binding-unexpected"


def test_proof_of_another_key() -> None:
    assert refused(bound(holder=generate())) == "signature"


def test_proof_of_another_kind_or_algorithm() -> None:
    for typ in ("JWT", "dc+sd-jwt", "KB+JWT"):
        assert refused(proof(header={"typ": typ})) == "type"
    presentation = shown()
    head = b64u(b'{"alg":"none","typ":"kb+jwt"}')
    assert refused(f"{presentation}{head}.{b64u(b'{}')}.AAAA") == "header"
    assert refused(proof(header={"crit": ["b64"], "b64": True})) == "header"


def test_proof_replayed_at_another_office() -> None:
    assert refused(bound(), Binding("https://other.example", BINDING.nonce)) == "audience"
    assert refused(proof(aud=[OFFICE])) == "audience"
    assert refused(proof(aud="absent")) == "audience"


def test_proof_replayed_at_the_same_office() -> None:
    assert refused(bound(), Binding(OFFICE, "another")) == "nonce"
    assert refused(proof(nonce="absent")) == "nonce"
    assert refused(proof(nonce=7)) == "nonce"


def test_proof_moved_to_another_choice_of_claims() -> None:
    whole = token()
    small = present(whole, [("name",)])
    tail = bind(small, HOLDER, audience=OFFICE, nonce=BINDING.nonce, now=NOW)[len(small) :]
    assert read(small + tail).bound
    assert refused(whole + tail) == "sd-hash"
    assert refused(present(whole, []) + tail) == "sd-hash"
    assert refused(proof(sd_hash="absent")) == "sd-hash"


def test_disclosure_added_under_a_proof() -> None:
    whole = token()
    one, two = present(whole, [("name",)]), present(whole, [("number",)])
    signed, first, _ = one.split("~")
    second = two.split("~")[1]
    tail = bind(one, HOLDER, audience=OFFICE, nonce=BINDING.nonce, now=NOW)[len(one) :]
    assert refused(f"{signed}~{first}~{second}~{tail}") == "sd-hash"


def test_proof_made_too_long_ago_or_later_than_now() -> None:
    assert read(proof(iat=SECOND - 360)).bound
    assert refused(proof(iat=SECOND - 361)) == "proof-age"
    assert read(proof(iat=SECOND + 60)).bound
    assert refused(proof(iat=SECOND + 61)) == "issued-later"
    assert refused(proof(iat="absent")) == "claims"
    assert refused(proof(iat=str(SECOND))) == "claims"


def test_proof_that_has_expired_by_its_own_word() -> None:
    assert refused(proof(exp=SECOND)) == "expired"
    assert refused(proof(nbf=SECOND + 61)) == "not-yet-valid"


def test_credential_without_a_holder_or_with_an_odd_one() -> None:
    assert refused(bound(present(token(holder=None), []))) == "holder-key"
    odd: list[Json] = [
        {"jwk": {**generate("ed25519").public.jwk()}},
        {"jwk": {**HOLDER.public.jwk(), "d": "AAAA"}},
        {"jwk": {**HOLDER.public.jwk(), "y": HOLDER.public.jwk()["x"]}},
        {"jwk": {**HOLDER.public.jwk(), "x": "AAAA"}},
        {"jwk": {**HOLDER.public.jwk(), "x": 7}},
        {"jwk": {**HOLDER.public.jwk(), "use": "enc"}},
        {"jwk": "x"},
        {"kid": "x"},
        "x",
    ]
    for confirmation in odd:
        presentation = present(token(holder=None, cnf=confirmation), [])
        assert refused(bound(presentation)) == "holder-key"


def test_expired_credential_with_a_fresh_proof() -> None:
    later = NOW + 3_600_000
    assert refused(bound(now=later), now=later) == "expired"


def test_credential_for_the_reader_who_gave_the_nonce() -> None:
    assert read(bound(shown(aud=OFFICE))).bound
    assert read(bound(shown(aud=["x", OFFICE]))).bound
    assert refused(bound(shown(aud="x"))) == "audience"


def test_a_proof_is_bound_once_and_a_bound_token_is_nobody_elses_to_present() -> None:
    with pytest.raises(CredentialInvalid, match="key-binding-unexpected"):
        bind(bound(), HOLDER, audience=OFFICE, nonce="n", now=NOW)
    with pytest.raises(CredentialInvalid, match="key-binding-unexpected"):
        present(bound(), [])
    with pytest.raises(CredentialInvalid, match="key-binding-unexpected"):
        choices(bound())
    with pytest.raises(KeyUnusable):
        bind(shown(), generate("ed25519"), audience=OFFICE, nonce="n", now=NOW)


def test_proof_too_large() -> None:
    assert refused(proof(more="x" * 9000)) == "size"
