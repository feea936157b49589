"""Attacks on credentials, and what the rules of RFC 9901 §7.1 refuse; each test is one of them."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
import pytest

from certs.canonical import Json
from certs.encoding import b64u, digest
from certs.errors import CredentialInvalid
from certs.keys import PrivateKey, generate
from certs.sd_jwt import Credential, choices, issue, present, verify

NOW = 1_790_000_000_000
KEY = generate()
ISSUER = "https://hub.example"
CLAIMS: dict[str, Json] = {
    "iss": ISSUER,
    "iat": NOW // 1000,
    "exp": NOW // 1000 + 3600,
    "vct": "urn:example:licence",
    "name": "营业执照",
    "place": {"city": "昆明"},
}
NONE = b64u(b'{"alg":"none","typ":"dc+sd-jwt"}')


def token() -> str:
    return issue(CLAIMS, [("name",)], KEY, "k1")


def read(presented: str, now: int = NOW) -> Credential:
    return verify(presented, {"k1": KEY.public}, now, issuer=ISSUER)


def refused(presented: str, now: int = NOW) -> str:
    with pytest.raises(CredentialInvalid) as caught:
        read(presented, now)
    return str(caught.value.facts["why"])


def disclosure(*parts: Json) -> str:
    return b64u(json.dumps(["c2FsdA", *parts]).encode())


def of(text: str) -> str:
    return digest(text.encode())


def forged(
    *disclosures: str,
    header: dict[str, Json] | None = None,
    key: PrivateKey = KEY,
    **claims: Json,
) -> str:
    """What an issuer who keeps no rule could sign: any claims beside the usual ones."""
    known = {name: CLAIMS[name] for name in ("iss", "iat", "exp", "vct")} | claims
    kept = {name: value for name, value in known.items() if value != "absent"}
    headers = {"typ": "dc+sd-jwt", "kid": "k1", **(header or {})}
    signed = jwt.encode(kept, key.native, "ES256", headers)
    return "".join(f"{part}~" for part in (signed, *disclosures))


def signed_raw(payload: bytes) -> str:
    head = b64u(b'{"alg":"ES256","kid":"k1","typ":"dc+sd-jwt"}')
    body = f"{head}.{b64u(payload)}"
    return f"{body}.{b64u(KEY.sign(body.encode()))}~"


def test_the_forging_helper_makes_what_holds() -> None:
    shown = disclosure("name", "x")
    assert read(forged(shown, _sd=[of(shown)])).claims["name"] == "x"
    assert read(signed_raw(json.dumps(CLAIMS).encode())).claims["name"] == "营业执照"


def test_unsigned_token() -> None:
    body = token().split(".")[1]
    assert refused(f"{NONE}.{body}.~") == "form"
    assert refused(f"{NONE}.{body}.AAAA~") == "header"


def test_public_key_as_a_shared_secret() -> None:
    body = token().split(".")[1]
    head = b64u(b'{"alg":"HS256","kid":"k1","typ":"dc+sd-jwt"}')
    assert refused(f"{head}.{body}.{b64u(bytes(32))}~") == "header"


def test_key_of_somebody_else() -> None:
    assert refused(forged(key=generate())) == "signature"


def test_key_brought_by_the_token_itself() -> None:
    other = generate()
    assert refused(forged(key=other, header={"jwk": {**other.public.jwk()}})) == "signature"


def test_payload_changed_after_signing() -> None:
    head, body, tail = token().split("~")[0].split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    changed = b64u(json.dumps({**claims, "exp": NOW}).encode())
    assert refused(f"{head}.{changed}.{tail}~") == "signature"


def test_signature_of_zeros_and_of_odd_length() -> None:
    head, body, _ = token().split("~")[0].split(".")
    for raw in (bytes(64), bytes(63), b"\x00", bytes(128)):
        assert refused(f"{head}.{body}.{b64u(raw)}~") == "signature"


def test_another_kind_of_token_of_the_same_key() -> None:
    for typ in ("hub-receipt+jwt", "kb+jwt", "JWT", "DC+SD-JWT", "vc+sd-jwt"):
        assert refused(forged(header={"typ": typ})) == "type"
    assert refused(forged(header={"typ": 7})) == "type"


def test_critical_extension_that_nobody_knows() -> None:
    assert refused(forged(header={"crit": ["exp"]})) == "header"


def test_hash_that_is_not_ours_or_none_at_all() -> None:
    shown = disclosure("name", "x")
    for other in ("sha-1", "SHA-256", "md5", "sha-512", "", None, 256, ["sha-256"]):
        assert refused(forged(shown, _sd=[of(shown)], _sd_alg=other)) == "sd-alg"


def test_claim_changed_in_its_disclosure() -> None:
    shown = disclosure("name", "营业执照")
    assert (
        refused(forged(disclosure("name", "假执照"), _sd=[of(shown)])) == "disclosure-unreferenced"
    )


def test_disclosure_that_nobody_signed() -> None:
    assert refused(token() + disclosure("admin", 1) + "~") == "disclosure-unreferenced"


def test_disclosure_sent_twice() -> None:
    shown = disclosure("name", "x")
    assert refused(forged(shown, shown, _sd=[of(shown)])) == "disclosure-twice"


def test_inner_disclosure_without_its_outer_one() -> None:
    inner = disclosure("city", "昆明")
    outer = disclosure("place", {"_sd": [of(inner)]})
    assert read(forged(outer, inner, _sd=[of(outer)])).claims["place"] == {"city": "昆明"}
    assert refused(forged(inner, _sd=[of(outer)])) == "disclosure-unreferenced"


def test_one_digest_in_two_places() -> None:
    shown = disclosure("name", "x")
    assert refused(forged(shown, _sd=[of(shown), of(shown)])) == "digest-twice"
    assert refused(forged(shown, _sd=[of(shown)], place={"_sd": [of(shown)]})) == "digest-twice"
    # Also where nothing was sent for it, and within a disclosure.
    assert refused(forged(_sd=["A" * 43], list=[{"...": "A" * 43}])) == "digest-twice"
    outer = disclosure("place", {"_sd": [of(shown)]})
    assert refused(forged(outer, shown, _sd=[of(outer), of(shown)])) == "digest-twice"


def test_disclosure_that_contains_its_own_place() -> None:
    """A circle cannot be made with a sound hash; a digest met again is refused in any case."""
    inner = disclosure("deeper", {"_sd": ["B" * 43]})
    outer = disclosure("place", {"_sd": [of(inner), "B" * 43]})
    assert refused(forged(outer, inner, _sd=[of(outer)])) == "digest-twice"


def test_disclosed_claim_over_an_open_one() -> None:
    shown = disclosure("name", "假")
    assert refused(forged(shown, _sd=[of(shown)], name="真")) == "claim-collision"
    first, second = disclosure("place", 1), disclosure("place", 2)
    assert refused(forged(first, second, _sd=[of(first), of(second)])) == "claim-collision"


def test_disclosed_claim_with_a_reserved_name() -> None:
    for name in ("_sd", "...", "_sd_alg"):
        shown = disclosure(name, ["x"])
        assert refused(forged(shown, _sd=[of(shown)])) == "reserved-name"
        assert refused(forged(shown, place={"_sd": [of(shown)]})) == "reserved-name"


def test_reserved_names_in_the_wrong_place() -> None:
    assert refused(forged(place={"...": "A" * 43})) == "reserved-name"
    assert refused(forged(place={"_sd_alg": "sha-256"})) == "reserved-name"
    assert refused(forged(list=[{"...": "A" * 43, "more": 1}])) == "reserved-name"
    assert refused(forged(list=[{"...": 7}])) == "reserved-name"
    assert refused(forged(**{"...": "A" * 43})) == "reserved-name"


def test_digests_that_are_no_list_of_texts() -> None:
    for odd in ("A" * 43, {}, None, [7], [None], [["A" * 43]], 0):
        assert refused(forged(_sd=odd)) == "digests"
        assert refused(forged(place={"_sd": odd})) == "digests"


def test_element_in_the_place_of_a_member_and_the_other_way_round() -> None:
    element, member = disclosure("昆明"), disclosure("city", "昆明")
    assert read(forged(element, list=[{"...": of(element)}])).claims["list"] == ("昆明",)
    assert refused(forged(element, _sd=[of(element)])) == "disclosure"
    assert refused(forged(member, list=[{"...": of(member)}])) == "disclosure"


def test_disclosure_of_another_form() -> None:
    odd = [
        b64u(b"[]"),
        b64u(b'["salt"]'),
        b64u(b'["salt","name","x","more"]'),
        b64u(b'{"salt":"s","name":"n","value":1}'),
        b64u(b'[7,"name","x"]'),
        b64u(b'["salt",7,"x"]'),
        b64u(b'["salt","name",0.5]'),
        b64u(b'["salt","name",{"a":1,"a":2}]'),
        b64u(b'["salt","name","\xff"]'),
        b64u(b"no json"),
    ]
    for shown in odd:
        assert refused(forged(shown, _sd=[of(shown)])) == "disclosure"


def test_second_spelling_of_a_disclosure() -> None:
    shown = disclosure("name", "xy")
    padded = urlsafe_b64encode(json.dumps(["c2FsdA", "name", "xyz"]).encode()).decode()
    assert padded.endswith("=")
    for odd in (padded, shown + "\n", f" {shown}", shown.replace("W", "+", 1), shown[:-1]):
        assert refused(forged(odd, _sd=[of(odd)])) == "disclosure"


def test_second_spelling_of_the_signed_part() -> None:
    presented = token()
    head, body, tail = presented.split("~")[0].split(".")
    rest = presented[len(f"{head}.{body}.{tail}") :]
    for odd in (f"{head}=.{body}.{tail}", f"{head}.{body}.{tail}=", f" {head}.{body}.{tail}"):
        assert refused(odd + rest) in {"form", "signature"}


def test_claims_that_say_two_things() -> None:
    twice = b'{"iss":"https://hub.example","iat":1,"exp":2000000000,"exp":1,"vct":"v"}'
    assert refused(signed_raw(twice)) == "form"


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("odd", ["1790000000", None, True, [1], -1])
def test_times_of_another_type(name: str, odd: Json) -> None:
    assert refused(forged(**{name: odd})) == "claims"


def test_times_with_fractions() -> None:
    raw = b'{"iss":"https://hub.example","iat":1.5,"exp":2000000000,"vct":"v"}'
    assert refused(signed_raw(raw)) == "form"


@pytest.mark.parametrize("name", ["exp", "iat", "vct"])
def test_claim_that_must_stand_left_out(name: str) -> None:
    assert refused(forged(**{name: "absent"})) == "claims"


def test_credential_of_another_issuer_and_of_none() -> None:
    assert refused(forged(iss="https://other.example")) == "issuer"
    assert refused(forged(iss="absent")) == "issuer"
    assert refused(signed_raw(json.dumps({**CLAIMS, "iss": [ISSUER]}).encode())) == "issuer"
    assert refused(forged(vct=7)) == "claims"


def test_expired_to_the_millisecond() -> None:
    ends = NOW + 3_600_000
    assert read(token(), ends - 1).claims["name"] == "营业执照"
    assert refused(token(), ends) == "expired"


def test_not_yet_valid_and_issued_later_than_now() -> None:
    second = NOW // 1000
    assert read(forged(nbf=second + 60)).kid == "k1"
    assert refused(forged(nbf=second + 61)) == "not-yet-valid"
    assert read(forged(iat=second + 60)).kid == "k1"
    assert refused(forged(iat=second + 61)) == "issued-later"


@pytest.mark.parametrize("name", ["exp", "nbf", "iss", "aud", "vct", "cnf", "status", "aka_vcts"])
def test_expiry_or_status_that_the_holder_may_keep_back(name: str) -> None:
    shown = disclosure(name, CLAIMS.get(name, 1))
    assert refused(forged(shown, _sd=[of(shown)], **{name: "absent"})) in {
        "control-claim",
        "issuer",
    }
    inner = disclosure("uri", "https://elsewhere.example")
    assert refused(forged(inner, status={"status_list": {"_sd": [of(inner)]}})) == "control-claim"


def test_credential_for_other_readers() -> None:
    assert refused(forged(aud="https://office.example")) == "audience"
    assert refused(forged(aud=["https://office.example"])) == "audience"


def test_parts_cut_off_or_put_in() -> None:
    presented = token()
    signed, shown, _ = presented.split("~")
    assert refused(signed) == "form"
    assert refused(f"{signed}~~{shown}~") == "form"
    assert refused(f"{signed}~{shown}") == "key-binding-unexpected"
    assert refused("") == "form"
    assert refused("~") == "form"
    assert refused(f"~{shown}~") == "form"
    assert refused(presented.replace(".", "~", 1)) == "form"
    assert refused(presented + "é~") == "form"


def test_presentation_too_large() -> None:
    assert refused(token() + "A" * 262_144 + "~") == "size"
    many = [disclosure("n", number) for number in range(1001)]
    assert refused(forged(*many, _sd=[of(one) for one in many])) == "disclosures"


def test_nesting_too_deep_in_the_payload_and_by_disclosures() -> None:
    deep: Json = "x"
    for _ in range(40):
        deep = {"a": deep}
    assert refused(forged(place=deep)) == "form"
    shown = disclosure("place", deep)
    assert refused(forged(shown, _sd=[of(shown)])) == "disclosure"
    chain = [disclosure("end", 1)]
    for number in range(40):
        chain.append(disclosure(f"n{number}", {"_sd": [of(chain[-1])]}))
    assert refused(forged(*chain, _sd=[of(chain[-1])])) == "depth"


def test_brackets_without_end() -> None:
    assert refused(signed_raw(b"[" * 100_000)) == "form"
    shown = b64u(b"[" * 30_000)
    assert refused(forged(shown, _sd=[of(shown)])) == "disclosure"


def test_claims_that_are_no_object() -> None:
    for raw in (b"[]", b'"x"', b"null", b"7"):
        assert refused(signed_raw(raw)) == "form"


def test_a_holder_is_not_led_astray_by_a_broken_token_either() -> None:
    shown = disclosure("name", "x")
    for odd in (
        forged(shown),
        forged(shown, shown, _sd=[of(shown)]),
        "x~",
        token() + "proof",
        "a.b.c~",
    ):
        with pytest.raises(CredentialInvalid):
            present(odd, [])
        with pytest.raises(CredentialInvalid):
            choices(odd)
