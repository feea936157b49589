"""Leaves: what they bind is bound byte for byte, and only their one spelling is read."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.canonical import canonical
from certs.encoding import b64u, digest
from certs.errors import LeafMismatch
from certs.leaf import SALT_BYTES, Leaf, PartName, check_part, leaf_bytes, part_digest, read_leaf

SALT = bytes(range(32))
PARTS: tuple[PartName, ...] = ("control", "person", "internal")
PART = {"case": None, "officer": "li.wei", "subject": {"id": "x", "type": "resident_id"}}
LEAF = Leaf("lookup", 1_790_000_000_123, digest(b"c"), digest(b"p"), digest(b"i"))
DATA = leaf_bytes(LEAF.kind, LEAF.time, LEAF.control, LEAF.person, LEAF.internal)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_digest_is_the_protocols(name: PartName) -> None:
    data = b"yifen/v1/" + name.encode() + b"\x00" + SALT + canonical(PART)
    assert part_digest(name, SALT, canonical(PART)) == b64u(hashlib.sha256(data).digest())


def test_a_leaf_is_canonical_json_and_is_read_again() -> None:
    assert canonical(json.loads(DATA)) == DATA
    assert json.loads(DATA) == {
        "control": LEAF.control,
        "internal": LEAF.internal,
        "kind": "lookup",
        "person": LEAF.person,
        "time": "2026-09-21T14:13:20.123Z",
        "v": 1,
    }
    assert read_leaf(DATA) == LEAF


def changed(**members: object) -> bytes:
    value = {**json.loads(DATA), **members}
    return json.dumps(
        {n: v for n, v in sorted(value.items()) if v != ()}, separators=(",", ":")
    ).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        DATA + b" ",
        DATA.replace(b",", b", ", 1),
        DATA.replace(b"lookup", b"l\\u006fokup"),
        changed(v=2),
        changed(v="1"),
        changed(v=()),
        changed(kind=()),
        changed(kind=5),
        changed(time="2026-09-21T14:13:20Z"),
        changed(time="2026-09-21T14:13:20.123+00:00"),
        changed(time="2026-13-21T14:13:20.123Z"),
        changed(time=1_790_000_000_123),
        changed(control=None),
        changed(person=()),
        changed(internal=[]),
        changed(more="x"),
        changed(kind="x" * 2000),
        b'{"v":1,' + DATA[1:],
    ],
)
def test_nothing_but_the_one_spelling_is_read(data: bytes) -> None:
    with pytest.raises(LeafMismatch):
        read_leaf(data)


def test_changing_a_leaf_is_how_the_refusals_above_are_made() -> None:
    assert changed() == DATA


@pytest.mark.parametrize("name", PARTS)
def test_a_part_opens_its_leaf(name: PartName) -> None:
    bound = part_digest(name, SALT, canonical(PART))
    leaf = Leaf("lookup", 0, *(bound if n == name else digest(b"") for n in PARTS))
    check_part(name, leaf, b64u(SALT), PART)


ATTACKS = {
    "another value": (SALT, {**PART, "officer": "wang"}),
    "a member more": (SALT, {**PART, "x": None}),
    "a member less": (SALT, {"case": None, "officer": "li.wei"}),
    "another salt": (bytes(32), PART),
    "a shorter salt": (SALT[:31], PART),
    "a longer salt": (SALT + b"{", PART),
    "no part": (SALT, None),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_another_part_does_not_open_it(attack: str) -> None:
    leaf = Leaf("lookup", 0, digest(b""), part_digest("person", SALT, canonical(PART)), digest(b""))
    salt, part = ATTACKS[attack]
    with pytest.raises(LeafMismatch) as refused:
        check_part("person", leaf, b64u(salt), part)
    assert refused.value.facts["why"] == "person"


def test_a_part_does_not_open_under_another_name() -> None:
    bound = part_digest("person", SALT, canonical(PART))
    leaf = Leaf("lookup", 0, bound, bound, bound)
    check_part("person", leaf, b64u(SALT), PART)
    for name in ("control", "internal"):
        with pytest.raises(LeafMismatch):
            check_part(name, leaf, b64u(SALT), PART)  # type: ignore[arg-type]


@pytest.mark.parametrize("salt", ["", "x", b64u(SALT) + "=", b64u(SALT)[:-1] + "9", "\u00e9" * 43])
def test_a_salt_that_is_no_salt(salt: str) -> None:
    leaf = Leaf("lookup", 0, "", part_digest("person", SALT, canonical(PART)), "")
    with pytest.raises(LeafMismatch):
        check_part("person", leaf, salt, PART)


@given(st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES), st.binary(max_size=50))
def test_salts_and_parts_do_not_run_into_each_other(salt: bytes, part: bytes) -> None:
    if part:
        shifted = salt[1:] + part[:1]
        assert part_digest("person", salt, part) != part_digest("person", shifted, part[1:])
    assert part_digest("person", salt, part) != part_digest("control", salt, part)
