"""Canonical JSON against the rfc8785 library, and everything that the strict reader refuses."""

import json
from collections.abc import Mapping, Sequence

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from certs.canonical import Json, canonical, parse
from certs.errors import MalformedJson

LIMIT = 2**53
SIZE = 1 << 20

# Every character that a text may hold: all but the surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Keys that the reader takes; beyond U+D7FF the orders of RFC 8785 and of UTF-8 part.
KEYS = st.text(st.characters(max_codepoint=0xD7FF), max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(LIMIT - 1), LIMIT - 1),
    TEXT,
    st.text('\x00\x1f"\\/\x7f'),
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def why(data: bytes, *, max_bytes: int = SIZE, max_depth: int = 8) -> object:
    with pytest.raises(MalformedJson) as refused:
        parse(data, max_bytes=max_bytes, max_depth=max_depth)
    return refused.value.facts["why"]


def depth_of(value: Json) -> int:
    if isinstance(value, Mapping):
        return 1 + max((depth_of(member) for member in value.values()), default=0)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return 1 + max((depth_of(member) for member in value), default=0)
    return 0


@given(VALUES)
@example({"\ud7ff": 1, "é": 2, "z": 3, "": 4})
@example('\u2028\u007f\u0080\\"\b\f\n\r\t\u000b')
def test_it_is_what_the_reference_library_writes(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(VALUES)
def test_what_was_written_is_read_as_it_was(value: Json) -> None:
    assert parse(canonical(value), max_bytes=SIZE, max_depth=30) == value


@given(VALUES)
def test_json_written_otherwise_is_read_as_the_same_value(value: Json) -> None:
    loose = json.dumps(value, indent=1).encode()
    assert parse(loose, max_bytes=SIZE, max_depth=30) == value


@given(VALUES, st.integers(0, 6))
def test_the_depth_that_is_allowed_is_exactly_that(value: Json, limit: int) -> None:
    data = canonical(value)
    if depth_of(value) <= limit:
        assert parse(data, max_bytes=SIZE, max_depth=limit) == value
    else:
        assert why(data, max_depth=limit) == "too-deep"


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.none()))
@example({"\U0001f600": None, "\ue000": None})
@example({"a\U0001f600": None, "a\ue000": None})
@example({"ab\U0001f600": None})
def test_keys_whose_order_could_differ_are_refused(value: dict[str, None]) -> None:
    data = canonical(value)
    if any(character > "\ud7ff" for key in value for character in key):
        assert why(data) == "key"
    else:
        assert parse(data, max_bytes=SIZE, max_depth=1) == value


@given(st.floats())
def test_no_float_is_read_whatever_it_is(number: float) -> None:
    assert why(json.dumps({"n": number}).encode()) in {"float", "syntax"}


@pytest.mark.parametrize("text", ["1.0", "0.5", "1e3", "1E0", "-0.0", "123456789012345678901"])
def test_a_number_that_is_no_safe_integer_is_refused(text: str) -> None:
    assert why(f'{{"n":{text}}}'.encode()) == "float"


@pytest.mark.parametrize("number", [LIMIT, -LIMIT, 2**63, 2**64 - 1, -(2**63)])
def test_an_integer_beyond_2_to_the_53_is_refused(number: int) -> None:
    assert why(b"[%d]" % number) == "not-canonical"
    with pytest.raises(MalformedJson):
        canonical([number])


@pytest.mark.parametrize("number", [LIMIT - 1, 1 - LIMIT, 0])
def test_the_largest_safe_integers_are_read(number: int) -> None:
    assert parse(b"[%d]" % number, max_bytes=99, max_depth=1) == [number]


@pytest.mark.parametrize("number", [b"9" * 400, b"9" * 5000], ids=["400 digits", "5000 digits"])
def test_a_number_of_very_many_digits_is_refused(number: bytes) -> None:
    assert why(b"[" + number + b"]") in {"float", "syntax"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"b":[{"c":1,"c":1}]}}',
        b'[{"a":{}},{"a":{},"a":{}}]',
        '{"é":1,"\\u00e9":2}'.encode(),
    ],
)
def test_a_key_that_stands_twice_is_refused(data: bytes) -> None:
    assert why(data) == "duplicate-key"


@pytest.mark.parametrize("data", [b'{"a":NaN}', b"[Infinity]", b"-Infinity", b'{"a":nan}'])
def test_what_is_not_a_number_is_refused(data: bytes) -> None:
    assert why(data) == "syntax"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b'{"a":1,}',
        b"[1]x",
        b"[1][2]",
        b"'a'",
        b"{a:1}",
        b"[01]",
        b"[+1]",
        b"[.5]",
        b"[1] // note",
        b"\xef\xbb\xbf[1]",
        "[1]".encode("utf-16"),
        "[1]".encode("utf-32-le"),
        b'["\x01"]',
        b'["\\x41"]',
        b'["\\ud800"]',
        b'["\\udc00\\ud800"]',
        b'["\xff"]',
        b'["\xc0\x80"]',
        b'["\xed\xa0\x80"]',
        b'["\xf4\x90\x80\x80"]',
        b"\x00",
    ],
)
def test_what_is_no_json_in_utf_8_is_refused(data: bytes) -> None:
    assert why(data) == "syntax"


@given(st.binary(max_size=40))
@example(b'{"a":1e999}')
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        value = parse(data, max_bytes=SIZE, max_depth=4)
    except MalformedJson:
        return
    assert json.loads(data) == value


@pytest.mark.parametrize("levels", [9, 1_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_tower_of_brackets_is_refused(levels: int, begin: bytes, end: bytes) -> None:
    data = begin * levels + b"1" + end * levels
    assert why(data) in {"too-deep", "syntax"}


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    assert parse(b'"' + b"a" * 8 + b'"', max_bytes=10, max_depth=0) == "a" * 8
    assert why(b'"' + b"a" * 9 + b'"', max_bytes=10) == "too-large"
    assert why(b"\xff" * 11, max_bytes=10) == "too-large"


@pytest.mark.parametrize("value", [{1: 2}, {"a": {3}}, b"x", object(), {"a": "\ud800"}])
def test_what_json_has_not_is_not_written(value: object) -> None:
    with pytest.raises(MalformedJson):
        canonical(value)  # type: ignore[arg-type]
