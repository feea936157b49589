"""Status lists: the draft's published examples, a peer in both directions, and attacks."""

import json
import os
import tracemalloc
import zlib
from pathlib import Path

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvc.errors import OpenvcError
from openvc.status.token_status_list import (
    TokenStatusRef,
    decode_status_list,
    encode_status_list,
    get_status,
    parse_token_status_ref,
)

from certs.canonical import Json
from certs.encoding import b64u
from certs.errors import KeyUnusable, StatusListInvalid
from certs.keys import PrivateKey, PublicKey, generate
from certs.sd_jwt import Credential, issue, verify
from certs.status_list import (
    MAX_BYTES,
    TOKEN_LIMIT,
    Reference,
    Status,
    StatusList,
    StatusListToken,
    issue_list,
    read_list,
    reference,
    status_of,
)

PUBLISHED = json.loads(
    (Path(__file__).parent / "published" / "status_list.json").read_text("utf-8")
)
NOW = 1_790_000_000_000
SECOND = NOW // 1000
KEY = generate()
KEYS = {"k1": KEY.public}
URI = "https://hub.example/licences/status/1"
LIST = StatusList.blank(64, 2).changed({3: Status.INVALID, 17: Status.SUSPENDED})
TOKEN = StatusListToken(URI, SECOND, SECOND + 3600, 600, LIST)


def refused(token: str, now: int = NOW, uri: str = URI) -> str:
    with pytest.raises(StatusListInvalid) as caught:
        read_list(token, KEYS, now, uri=uri)
    return str(caught.value.facts["why"])


def forged(*, key: PrivateKey = KEY, typ: str = "statuslist+jwt", **claims: Json) -> str:
    known: dict[str, Json] = {"sub": URI, "iat": SECOND, "status_list": LIST.claim(), **claims}
    kept = {name: value for name, value in known.items() if value != "absent"}
    return jwt.encode(kept, key.native, "ES256", {"typ": typ, "kid": "k1"})


def credential(**claims: Json) -> Credential:
    known: dict[str, Json] = {
        "iss": "https://hub.example",
        "iat": SECOND,
        "exp": SECOND + 3600,
        "vct": "v",
        **claims,
    }
    return verify(issue(known, (), KEY, "k1"), KEYS, NOW, issuer="https://hub.example")


@pytest.mark.parametrize("example", PUBLISHED["examples"], ids=lambda example: example["name"])
def test_published_example_decodes_the_same(example: dict[str, Json]) -> None:
    statuses = StatusList.from_claim(example["claim"])
    named = {int(place): value for place, value in example["statuses"].items()}  # type: ignore[union-attr]
    assert len(statuses) == example["size"]
    for place, value in named.items():
        assert statuses[place] == value
    # The whole list made anew is the same list: nothing else is set in it.
    assert (
        StatusList.from_claim(
            StatusList.blank(len(statuses), statuses.bits).changed(named).claim()
        ).claim()
        == statuses.claim()
    )
    assert decode_status_list(example["claim"]["lst"]) == decode_status_list(  # type: ignore[index,call-overload]
        str(statuses.claim()["lst"])
    )


def test_published_token_reads_the_same() -> None:
    read = read_list(
        PUBLISHED["token"],
        {"12": PublicKey.from_jwk(PUBLISHED["key"])},
        1_686_925_000_000,
        uri="https://example.com/statuslists/1",
    )
    assert (read.issued, read.expires, read.ttl) == (1686920170, 2291720170, 43200)
    assert [read.statuses[place] for place in range(4)] == [1, 0, 0, 1]


@given(st.sampled_from([1, 2, 4, 8]), st.data())
def test_any_list_comes_out_again_and_in_theirs(bits: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    ours = StatusList.of(values, bits)
    claim = ours.claim()
    again = StatusList.from_claim(claim)
    packed = decode_status_list(str(claim["lst"]))
    for place, value in enumerate(values):
        assert again[place] == value
        assert get_status(packed, place, bits=bits) == value
    assert StatusList.from_claim({"bits": bits, "lst": encode_status_list(packed)})[0] == values[0]


def test_a_list_is_replaced_and_never_changed() -> None:
    later = LIST.changed({3: Status.VALID})
    assert (LIST[3], later[3], later[17]) == (Status.INVALID, Status.VALID, Status.SUSPENDED)
    assert (LIST[2], LIST[4]) == (0, 0)


def test_a_token_says_what_was_put_in() -> None:
    read = read_list(issue_list(TOKEN, KEY, "k1"), KEYS, NOW, uri=URI)
    assert (read.uri, read.issued, read.expires, read.ttl) == (URI, SECOND, SECOND + 3600, 600)
    assert (read.statuses[3], read.statuses[17], read.statuses[0], len(read.statuses)) == (
        1,
        2,
        0,
        64,
    )
    bare = StatusListToken(URI, SECOND, None, None, LIST)
    read = read_list(issue_list(bare, KEY, "k1"), KEYS, NOW, uri=URI)
    assert (read.expires, read.ttl) == (None, None)


def test_a_jose_library_reads_the_token() -> None:
    token = issue_list(TOKEN, KEY, "k1")
    assert jwt.get_unverified_header(token)["typ"] == "statuslist+jwt"
    claims = jwt.decode(
        token,
        KEY.public.native,
        algorithms=["ES256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sub"] == URI


def test_status_of_a_credential() -> None:
    token = issue_list(TOKEN, KEY, "k1")
    for place, status in ((0, Status.VALID), (3, Status.INVALID), (17, Status.SUSPENDED)):
        claim = Reference(URI, place).claim()
        assert status_of(credential(status=claim), token, KEYS, NOW) == status
        assert parse_token_status_ref({"status": claim}) == TokenStatusRef(URI, place)


def test_place_beyond_the_end_of_the_list() -> None:
    token = issue_list(TOKEN, KEY, "k1")
    with pytest.raises(StatusListInvalid, match="index"):
        status_of(credential(status=Reference(URI, 64).claim()), token, KEYS, NOW)
    for place in (-1, 64, True, 2**70):
        with pytest.raises(StatusListInvalid, match="index"):
            LIST[place]


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        "x",
        {"status_list": "x"},
        {"status_list": {"uri": URI}},
        {"status_list": {"idx": 0}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": "0", "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": 0, "uri": ""}},
        {"status_list": {"idx": 0, "uri": 7}},
    ],
)
def test_credential_without_a_sound_reference_has_no_status(status: Json) -> None:
    for shown in (credential(status=status), credential()):
        with pytest.raises(StatusListInvalid, match="reference"):
            reference(shown)


def test_decompression_bomb() -> None:
    bomb = b64u(zlib.compress(bytes(1 << 26), 9))
    assert len(bomb) < 100_000
    token = forged(status_list={"bits": 1, "lst": bomb})
    tracemalloc.start()
    assert refused(token) == "size"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
    for bits in (1, 8):
        just = b64u(zlib.compress(bytes(MAX_BYTES + 1), 9))
        assert refused(forged(status_list={"bits": bits, "lst": just})) == "size"
    whole = {"bits": 8, "lst": b64u(zlib.compress(bytes(MAX_BYTES), 9))}
    assert len(read_list(forged(status_list=whole), KEYS, NOW, uri=URI).statuses) == MAX_BYTES


def test_the_largest_list_that_does_not_compress_fits() -> None:
    statuses = StatusList(os.urandom(MAX_BYTES), 8)
    token = issue_list(StatusListToken(URI, SECOND, None, None, statuses), KEY, "k1")
    assert len(read_list(token, KEYS, NOW, uri=URI).statuses) == MAX_BYTES
    with pytest.raises(StatusListInvalid, match="size"):
        StatusList(bytes(MAX_BYTES + 1), 8)
    with pytest.raises(StatusListInvalid, match="size"):
        StatusList.blank(MAX_BYTES * 8 + 1, 1)


def test_token_too_large() -> None:
    assert refused("a" * (TOKEN_LIMIT + 1)) == "size"


@pytest.mark.parametrize(
    "lst",
    [
        "",
        "eNrbuRgAAhcBXQ==",
        "eNrbuRgAAhcBXQ\n",
        "eNrbuRgA",
        b64u(b"\xb9\xa3"),
        b64u(zlib.compress(b"\xb9\xa3") + b"more"),
        b64u(zlib.compress(b"\xb9\xa3")[:-1]),
        b64u(zlib.compress(b"")),
        b64u(zlib.compress(b"\xb9\xa3")[2:-4]),
    ],
)
def test_list_that_is_no_whole_stream(lst: str) -> None:
    assert refused(forged(status_list={"bits": 1, "lst": lst})) == "encoding"


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ({"bits": 3, "lst": "eNrbuRgAAhcBXQ"}, "bits"),
        ({"bits": 16, "lst": "eNrbuRgAAhcBXQ"}, "bits"),
        ({"bits": 0, "lst": "eNrbuRgAAhcBXQ"}, "bits"),
        ({"bits": True, "lst": "eNrbuRgAAhcBXQ"}, "claims"),
        ({"bits": "1", "lst": "eNrbuRgAAhcBXQ"}, "claims"),
        ({"lst": "eNrbuRgAAhcBXQ"}, "claims"),
        ({"bits": 1}, "claims"),
        ({"bits": 1, "lst": ["eNrbuRgAAhcBXQ"]}, "claims"),
        ({"bits": 1, "lst": "eNrbuRgAAhcBXQ", "aggregation_uri": 7}, "claims"),
        ("eNrbuRgAAhcBXQ", "claims"),
        (None, "claims"),
        ("absent", "claims"),
    ],
)
def test_list_of_another_form(claim: Json, why: str) -> None:
    assert refused(forged(status_list=claim)) == why


def test_list_of_another_address() -> None:
    assert refused(forged(sub="https://hub.example/licences/status/2")) == "uri"
    assert refused(forged(sub="absent")) == "uri"


def test_list_signed_by_somebody_else_or_as_something_else() -> None:
    assert refused(forged(key=generate())) == "signature"
    for typ in ("JWT", "dc+sd-jwt", "statuslist+cwt", "application/statuslist+jwt"):
        assert refused(forged(typ=typ)) == "type"


def test_old_list_kept_back_by_whoever_serves_it() -> None:
    token = issue_list(TOKEN, KEY, "k1")
    assert read_list(token, KEYS, NOW + 3_599_999, uri=URI).issued == SECOND
    assert refused(token, NOW + 3_600_000) == "expired"


def test_times_of_a_list() -> None:
    assert refused(forged(iat="absent")) == "claims"
    assert refused(forged(iat=SECOND + 61)) == "issued-later"
    assert refused(forged(nbf=SECOND + 61)) == "not-yet-valid"
    for odd in (0, -1, "600", True, None):
        assert refused(forged(ttl=odd)) == "claims"
    with pytest.raises(StatusListInvalid, match="claims"):
        issue_list(StatusListToken(URI, SECOND, None, 0, LIST), KEY, "k1")


def test_status_that_does_not_fit() -> None:
    for bits, status in ((1, 2), (2, 4), (4, 16), (8, 256), (8, -1)):
        with pytest.raises(StatusListInvalid, match="status"):
            StatusList.blank(8, bits).changed({0: status})
    with pytest.raises(StatusListInvalid, match="status"):
        LIST.changed({0: True})
    with pytest.raises(StatusListInvalid, match="bits"):
        StatusList.blank(8, 3)
    with pytest.raises(StatusListInvalid, match="size"):
        StatusList.blank(0, 1)


def test_only_a_key_of_p256_signs_a_list() -> None:
    with pytest.raises(KeyUnusable):
        issue_list(TOKEN, generate("ed25519"), "k1")


def test_theirs_refuses_the_bomb_too() -> None:
    with pytest.raises(OpenvcError):
        decode_status_list(b64u(zlib.compress(bytes(1 << 26), 9)))
