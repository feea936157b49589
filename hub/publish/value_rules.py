"""The check of values in SQL: the same verdicts as ``catalog.values``, type by type."""

from collections.abc import Callable, Mapping

from catalog.definition import Item
from catalog.identifiers.normalise import SPACES
from catalog.identifiers.normalise import half_width as halved
from catalog.values import FALSE, REPLACEMENT, TEXT_LIMIT, TRUE
from hub.publish.fragments import (
    cases,
    character_class,
    contains,
    half_width,
    mapping,
    matches,
    members,
)
from hub.publish.identifier_rules import identifier_rule
from hub.publish.reasons import VALID, refusal, warning
from hub.publish.rule import Rule

_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
_LOST = character_class(REPLACEMENT)
_SPACE = character_class(SPACES)
# A text that stands as it is: no blank at its ends, no damage in it.
_SOUND = rf"[^{_CONTROLS}{_LOST}{_SPACE}](?:[^{_CONTROLS}{_LOST}]*[^{_CONTROLS}{_LOST}{_SPACE}])?"
_DATE = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{8})"
    r"(?:[ T]00:00(?::00)?)?"
)
_DATE_PARTS = r"\A([0-9]{4})[^0-9]?([0-9]{1,2})[^0-9]?([0-9]{1,2})"
_EARLIEST = "1800-01-01"
_LATEST = "9999-12-31"
_ISO_LENGTH = 10
_INTEGER = "[+-]?0*[0-9]{1,18}"
_INTEGER_QUICK = "0|-?[1-9][0-9]{0,17}"
_DECIMAL = rf"{_INTEGER}(?:\.[0-9]{{1,10}})?"
_DECIMAL_QUICK = (
    r"(?:0|-?[1-9][0-9]{0,17}|-?0\.[0-9]{0,9}[1-9]|-?[1-9][0-9]{0,17}\.[0-9]{0,9}[1-9])"
)


def _text(item: Item, raw: str, trimmed: str, _: str) -> Rule:
    pattern = [] if item.pattern is None else [item.pattern]
    sound = [f"strlen({raw}) <= {TEXT_LIMIT}", matches(raw, _SOUND)]
    return Rule(
        before={},
        quick=_when(sound + [matches(raw, one) for one in pattern], raw),
        steps=(),
        reason=cases(
            [
                (f"length({trimmed}) > {TEXT_LIMIT}", refusal("too-long")),
                (contains(trimmed, f"[{_CONTROLS}]"), refusal("control-character")),
                *((f"NOT {matches(trimmed, one)}", refusal("pattern")) for one in pattern),
                (contains(trimmed, _LOST), warning("replacement-character")),
            ],
            VALID,
        ),
        value=trimmed,
    )


def _date(_: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    normal, iso = f"{prefix}_normal", f"{prefix}_iso"
    year, month, day = (
        f"regexp_extract({normal}, '{_DATE_PARTS}', {part})" for part in range(1, 4)
    )
    # Eight digits are not parted: a greedy month of two and a day of two are what they hold.
    joined = f"{year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0')"
    real = f"{iso} >= '{_EARLIEST}' AND TRY_CAST({iso} AS DATE) IS NOT NULL"
    return Rule(
        before={},
        # A date that is written back as it was read is written as we write it.
        quick=_when(
            [
                f"strlen({raw}) = {_ISO_LENGTH}",
                f"{raw} BETWEEN '{_EARLIEST}' AND '{_LATEST}'",
                f"CAST(TRY_CAST({raw} AS DATE) AS VARCHAR) = {raw}",
            ],
            raw,
        ),
        steps=(
            {normal: half_width(trimmed)},
            {iso: f"CASE WHEN {matches(normal, _DATE)} THEN {joined} END"},
        ),
        reason=cases([(f"{iso} IS NOT NULL AND {real}", VALID)], refusal("date")),
        value=iso,
    )


def _integer(_: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    normal, digits = f"{prefix}_normal", f"{prefix}_digits"
    return Rule(
        before={},
        quick=_when([matches(raw, _INTEGER_QUICK)], raw),
        steps=(
            {normal: half_width(trimmed)},
            {digits: f"coalesce(nullif(ltrim({normal}, '+-0'), ''), '0')"},
        ),
        reason=cases([(matches(normal, _INTEGER), VALID)], refusal("integer")),
        value=_signed(normal, digits),
    )


def _decimal(_: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    normal, whole, fraction, digits = (
        f"{prefix}_{name}" for name in ("normal", "whole", "fraction", "digits")
    )
    return Rule(
        before={},
        quick=_when([matches(raw, _DECIMAL_QUICK)], raw),
        steps=(
            {normal: half_width(trimmed)},
            {
                whole: f"coalesce(nullif(ltrim(split_part({normal}, '.', 1), '+-0'), ''), '0')",
                fraction: f"rtrim(split_part({normal}, '.', 2), '0')",
            },
            {digits: f"{whole} || CASE WHEN {fraction} = '' THEN '' ELSE '.' || {fraction} END"},
        ),
        reason=cases([(matches(normal, _DECIMAL), VALID)], refusal("decimal")),
        value=_signed(normal, digits),
    )


def _signed(normal: str, digits: str) -> str:
    negative = f"starts_with({normal}, '-') AND {digits} <> '0'"
    return f"CASE WHEN {negative} THEN '-' || {digits} ELSE {digits} END"


def _boolean(_: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    word = f"{prefix}_word"
    # The words are in ASCII or without case, so that one way of folding does for both.
    yes, no = (members(sorted(one.lower() for one in words)) for words in (TRUE, FALSE))
    return Rule(
        before={},
        quick=_when([f"{raw} IN ('true', 'false')"], raw),
        steps=({word: half_width(trimmed)}, {f"{word}_lower": f"lower({word})"}),
        reason=cases(
            [(f"{word}_lower IN {yes} OR {word}_lower IN {no}", VALID)], refusal("boolean")
        ),
        value=f"CASE WHEN {word}_lower IN {yes} THEN 'true' ELSE 'false' END",
    )


def _code(item: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    normal, found = f"{prefix}_normal", f"{prefix}_found"
    codes = item.codes or {}
    reachable = {code: code for code in codes if halved(code) == code}
    # A code counts before a title; what is both after folding is left to the longer way.
    titles = {
        title: code for title, code in item.code_of_title.items() if halved(title) not in codes
    }
    by_title = mapping(titles, trimmed)
    return Rule(
        before={},
        quick=mapping({**titles, **reachable}, raw),
        steps=(
            {normal: half_width(trimmed)},
            {found: f"coalesce({mapping(reachable, normal)}, {by_title})"},
        ),
        reason=cases([(f"{found} IS NULL", refusal("code"))], VALID),
        value=found,
    )


def _when(conditions: list[str], raw: str) -> str:
    return f"CASE WHEN {' AND '.join(conditions)} THEN {raw} END"


_TYPES: Mapping[str, Callable[[Item, str, str, str], Rule]] = {
    "text": _text,
    "date": _date,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "code": _code,
}


def rule(item: Item, raw: str, trimmed: str, prefix: str) -> Rule:
    """The check of a value of ``item`` in column ``raw``, whose trimmed form is in ``trimmed``."""
    if item.kinds:
        return identifier_rule(item.kinds, raw, trimmed, prefix)
    return _TYPES[item.type](item, raw, trimmed, prefix)
