"""Credentials of which only chosen items are shown: what goes in, what comes out."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.canonical import Json
from certs.disclosures import Path
from certs.encoding import b64u, digest
from certs.errors import CredentialInvalid, KeyUnusable
from certs.keys import generate
from certs.sd_jwt import Credential, choices, issue, present, verify

NOW = 1_790_000_000_000
KEY = generate()
ISSUER = "https://hub.example"
CLAIMS: dict[str, Json] = {
    "iss": ISSUER,
    "iat": NOW // 1000,
    "exp": NOW // 1000 + 3600,
    "vct": "https://hub.example/licences/types/1",
    "name": "营业执照",
    "address": {"city": "昆明", "street": "翠湖路", "country": "CN"},
    "scopes": ["餐饮", "零售", "住宿"],
}
HIDDEN: tuple[Path, ...] = (
    ("name",),
    ("address",),
    ("address", "city"),
    ("address", "street"),
    ("scopes", 0),
    ("scopes", 2),
)


def made(hidden: tuple[Path, ...] = HIDDEN, *, decoys: int = 0) -> str:
    return issue(CLAIMS, hidden, KEY, "k1", decoys=decoys)


def read(token: str, now: int = NOW) -> Credential:
    return verify(token, {"k1": KEY.public}, now, issuer=ISSUER)


def plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return [plain(element) for element in value]
    return value


def payload(token: str) -> dict[str, Json]:
    body = token.split(".")[1]
    found: dict[str, Json] = json.loads(urlsafe_b64decode(body + "=="))
    return found


def test_all_that_was_issued_comes_out_again() -> None:
    credential = read(made())
    assert plain(credential.claims) == CLAIMS
    assert credential.disclosed == set(HIDDEN)
    assert (credential.kid, credential.bound) == ("k1", False)


def test_nothing_hidden_stands_in_what_the_issuer_signs() -> None:
    signed = json.dumps(payload(made()), ensure_ascii=False)
    for text in ("营业执照", "昆明", "翠湖路", "餐饮", "住宿", "city", "name"):
        assert text not in signed
    assert "零售" in signed


def test_only_what_was_chosen_is_shown() -> None:
    credential = read(present(made(), [("name",), ("scopes", 2)]))
    assert credential.claims["name"] == "营业执照"
    assert credential.claims["scopes"] == ("零售", "住宿")
    assert "address" not in credential.claims
    assert credential.disclosed == {("name",), ("scopes", 1)}


def test_a_claim_within_a_hidden_one_brings_the_outer_and_no_sibling() -> None:
    credential = read(present(made(), [("address", "city")]))
    assert plain(credential.claims["address"]) == {"city": "昆明", "country": "CN"}


def test_nothing_chosen_shows_what_is_open() -> None:
    credential = read(present(made(), []))
    assert plain(credential.claims) == {
        **{name: CLAIMS[name] for name in ("iss", "iat", "exp", "vct")},
        "scopes": ["零售"],
    }
    assert credential.disclosed == frozenset()


def test_a_holder_is_told_what_can_be_chosen() -> None:
    assert set(choices(made())) == set(HIDDEN)
    assert choices(present(made(), [("name",)])) == (("name",),)


@pytest.mark.parametrize("path", [("nothing",), ("iss",), ("scopes", 1), ("address", "country")])
def test_what_is_open_or_absent_cannot_be_chosen(path: Path) -> None:
    with pytest.raises(CredentialInvalid, match="unknown-claim"):
        present(made(), [path])


def test_decoys_hide_the_number_of_claims_and_change_nothing() -> None:
    token = made(decoys=3)
    outer = payload(token)["_sd"]
    scopes = payload(token)["scopes"]
    assert isinstance(outer, list)
    assert isinstance(scopes, list)
    assert (len(outer), len(scopes)) == (2 + 3, 3 + 3)
    assert plain(read(token).claims) == CLAIMS
    assert set(choices(token)) == set(HIDDEN)
    assert read(present(token, [("scopes", 2)])).claims["scopes"] == ("零售", "住宿")


def test_digests_stand_in_no_order_of_the_claims() -> None:
    digests = payload(made())["_sd"]
    assert isinstance(digests, list)
    assert digests == sorted(digests)  # type: ignore[type-var]


def test_salts_have_128_bits_and_none_stands_twice() -> None:
    token = made()
    salts = [json.loads(urlsafe_b64decode(text + "=="))[0] for text in token.split("~")[1:-1]]
    assert {len(urlsafe_b64decode(salt + "==")) for salt in salts} == {16}
    again = [json.loads(urlsafe_b64decode(text + "=="))[0] for text in made().split("~")[1:-1]]
    assert len({*salts, *again}) == 2 * len(HIDDEN)


def test_the_digest_is_over_the_encoded_disclosure() -> None:
    token = made((("name",),))
    assert payload(token)["_sd"] == [digest(token.split("~")[1].encode())]


def test_a_jose_library_reads_the_issuers_part() -> None:
    signed = made().split("~")[0]
    assert jwt.get_unverified_header(signed) == {"alg": "ES256", "kid": "k1", "typ": "dc+sd-jwt"}
    known = jwt.decode(
        signed,
        KEY.public.native,
        algorithms=["ES256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert known["_sd_alg"] == "sha-256"
    assert known["iss"] == ISSUER


def test_without_hidden_claims_there_are_no_digests() -> None:
    token = made(())
    assert plain(read(token).claims) == CLAIMS
    assert token.endswith("~")
    assert not {"_sd", "_sd_alg"} & payload(token).keys()


def test_what_was_verified_cannot_be_changed() -> None:
    credential = read(made())
    with pytest.raises(TypeError):
        credential.claims["name"] = "x"  # type: ignore[index]
    address = credential.claims["address"]
    with pytest.raises(TypeError):
        address["city"] = "x"  # type: ignore[index,call-overload]
    assert isinstance(credential.claims["scopes"], tuple)
    with pytest.raises(AttributeError):
        credential.bound = True  # type: ignore[misc]


def test_issuing_leaves_the_callers_claims_alone() -> None:
    before = json.dumps(CLAIMS, sort_keys=True)
    made()
    assert json.dumps(CLAIMS, sort_keys=True) == before


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_reserved_names_are_not_issued(name: str) -> None:
    for claims in ({**CLAIMS, name: "x"}, {**CLAIMS, "list": [{"deep": {name: []}}]}):
        with pytest.raises(CredentialInvalid, match="reserved-name"):
            issue(claims, (), KEY, "k1")


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "vct"])
def test_what_tells_whether_it_holds_is_not_hidden(name: str) -> None:
    with pytest.raises(CredentialInvalid, match="control-claim"):
        issue(CLAIMS, [(name,)], KEY, "k1")
    with pytest.raises(CredentialInvalid, match="control-claim"):
        issue({**CLAIMS, "status": {"x": 1}}, [("status", "x")], KEY, "k1")


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        ([("nothing",)], "unknown-claim"),
        ([("name", "deeper")], "unknown-claim"),
        ([("scopes", 3)], "unknown-claim"),
        ([("scopes", -1)], "unknown-claim"),
        ([("scopes", True)], "unknown-claim"),
        ([("scopes", "0")], "unknown-claim"),
        ([("address", 0)], "unknown-claim"),
        ([()], "claim-twice"),
        ([("name",), ("name",)], "claim-twice"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(hidden: list[Path], why: str) -> None:
    with pytest.raises(CredentialInvalid, match=why):
        issue(CLAIMS, hidden, KEY, "k1")


def test_floats_and_too_much_are_not_issued() -> None:
    deep: Json = "x"
    for _ in range(40):
        deep = [deep]
    with pytest.raises(CredentialInvalid, match="form"):
        issue({**CLAIMS, "share": 0.5}, (), KEY, "k1")  # type: ignore[dict-item]
    with pytest.raises(CredentialInvalid, match="form"):
        issue({**CLAIMS, "deep": deep}, (), KEY, "k1")
    with pytest.raises(CredentialInvalid, match="size"):
        issue({**CLAIMS, "picture": "x" * 60_000}, [("picture",)], KEY, "k1")
    with pytest.raises(CredentialInvalid, match="size"):
        issue({**CLAIMS, "picture": "x" * 260_000}, (), KEY, "k1")


def test_only_a_key_of_p256_issues() -> None:
    with pytest.raises(KeyUnusable):
        issue(CLAIMS, (), generate("ed25519"), "k1")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc营", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


def paths(value: Json, here: Path = ()) -> list[Path]:
    found: list[Path] = []
    if isinstance(value, dict):
        for name, member in value.items():
            found += [(*here, name), *paths(member, (*here, name))]
    elif isinstance(value, list):
        for index, element in enumerate(value):
            found += [(*here, index), *paths(element, (*here, index))]
    return found


@given(st.data())
def test_any_claims_hidden_anywhere_come_out_again(data: st.DataObject) -> None:
    claims = {**CLAIMS, "any": data.draw(values)}
    places = [path for path in paths(claims) if path[0] not in {"iss", "exp", "vct", "iat"}]
    hidden = data.draw(st.lists(st.sampled_from(places), unique=True, max_size=6))
    token = issue(claims, hidden, KEY, "k1", decoys=data.draw(st.integers(0, 2)))
    assert plain(read(token).claims) == claims
    assert set(choices(token)) == set(hidden)
    shown = data.draw(st.lists(st.sampled_from(hidden), unique=True)) if hidden else []
    seen = read(present(token, shown))
    assert len(seen.disclosed) >= len(shown)
    outer = {path[:end] for path in shown for end in range(1, len(path) + 1)}
    assert len(seen.disclosed) == len(outer & set(hidden))


def test_an_unsigned_header_names_no_key() -> None:
    assert read(made()).kid == "k1"
    with pytest.raises(CredentialInvalid, match="unknown-key"):
        verify(made(), {"k2": KEY.public}, NOW, issuer=ISSUER)


def test_a_token_without_kid_is_read_under_the_only_key() -> None:
    token = issue(CLAIMS, HIDDEN, KEY, "")
    assert verify(token, {"any": KEY.public}, NOW, issuer=ISSUER).kid == ""
    with pytest.raises(CredentialInvalid, match="unknown-key"):
        verify(token, {"a": KEY.public, "b": generate().public}, NOW, issuer=ISSUER)


def test_disclosures_written_otherwise_by_others_are_taken() -> None:
    """No canonical form is asked for: the digest is over the text as it came (RFC 9901 §4.2.1)."""
    odd = b64u(b'[ "c2FsdA" ,\n"name", "\\u8425\\u4e1a" ]')
    signed = made(()).split("~")[0]
    claims = {**payload(signed), "_sd": [digest(odd.encode())]}
    del claims["name"]
    whole = jwt.encode(claims, KEY.native, "ES256", {"typ": "dc+sd-jwt", "kid": "k1"})
    assert read(f"{whole}~{odd}~").claims["name"] == "营业"
