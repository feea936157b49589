"""The check in SQL against the reference check in Python, value by value."""

# ruff: noqa: S608 the statements under test are put together here as the product does

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.definition import Dataset, bundled, load
from catalog.identifiers import licence, organisation, resident, uscc
from catalog.identifiers.normalise import FULL_WIDTH, HALF_WIDTH, SPACES
from catalog.values import check_value
from hub.publish.checker import Checker
from hub.publish.reasons import INVALID, REASONS, VALID
from hub.publish.statement import check_rows, raw_columns

HEAD = """
code = "trial"
title_zh = "试"
title_en = "Trial"
summary_zh = "试"
summary_en = "Trial"
family = "credit"
sharing = 1
methods = ["service"]
conditions_zh = ""
conditions_en = ""
format = 3
cycle = 2
level = 1
level_scheme = "四级"
legal_basis = "试"
subject = "k"
row_key = ["k"]
cardinality = "one"
[[items]]
code = "k"
title_zh = "主键"
title_en = "Key"
type = "identifier:text"
sensitivity = 1
required = true
[[items]]
code = "x"
title_zh = "值"
title_en = "Value"
sensitivity = 1
"""
CODES = """
[items.codes]
1 = { zh = "男", en = "M" }
2 = { zh = "女", en = "F" }
A = { zh = "１", en = "code 1 in full width: the code wins" }
B = { zh = "其他（含）", en = "x" }
"""
EMPTY = 'empty = ["", "N/A", "-", "0", "1900-01-01", "不详"]'
KINDS = {
    "text": 'type = "text"',
    "text required": 'type = "text"\nrequired = true\n' + EMPTY,
    "text pattern": 'type = "text"\npattern = "[0-9A-Z]{3,6}|甲.*乙"',
    "date": 'type = "date"',
    "date empty": 'type = "date"\n' + EMPTY,
    "integer": 'type = "integer"',
    "integer empty": 'type = "integer"\n' + EMPTY,
    "decimal": 'type = "decimal"',
    "boolean": 'type = "boolean"',
    "code": 'type = "code"' + CODES,
    "code required": 'type = "code"\nrequired = true\n' + EMPTY + CODES,
    "resident": 'type = "identifier:resident_id"',
    "uscc": 'type = "identifier:uscc"\n' + EMPTY,
    "organisation": 'type = "identifier:organisation_code"',
    "licence": 'type = "identifier:licence_id"',
    "plain": 'type = "identifier:text"\nrequired = true',
    "resident or uscc": 'type = "identifier:resident_id|uscc"',
    "uscc or resident": 'type = "identifier:uscc|resident_id"',
    "licence or plain": 'type = "identifier:licence_id|text"',
    "all": 'type = "identifier:resident_id|uscc|organisation_code|licence_id|text"\n' + EMPTY,
}
DATASETS = {name: load((HEAD + text).encode(), "trial") for name, text in KINDS.items()}

SOUND_RESIDENT = "53040219900307001" + resident.check_character("53040219900307001")
BORN = [
    body + resident.check_character(body)
    for body in (f"530402{born}001" for born in ("17991231", "18000101", "18010101", "99991231"))
]
SOUND_USCC = "11100000MB0143028R"
SOUND_LICENCE = licence.build("11100000000013338W009", "11330105002500287C", "2025052201", "002")
SOUND_ORGANISATION = "13830295" + organisation.check_character("13830295")

VICES = [
    "", " ", "\u3000", "N/A", " N/A\t", "Ｎ／Ａ", "-", "0", "不详", "\ufeff\u200b", "\x00", "a\x00",
    # texts
    "玉溪", " 玉 溪 ", "a\tb", "a\nb", "a\r\nb", "\n", "a\x0b", "\x1f", "\x1e", "\x7f", "\x85",
    "\ufffd", "张\ufffd", "\x01\ufffd", "a" * 4000,
    "a" * 4001, "汉" * 4000, "汉" * 4001, "𠮷" * 4000,
    "a\x0bb", "a\x01b", "a\x7fb", "a\ufffdb", "a b", '\x00,"', "\x1e\x1f", "a\x1eb",
    "a" * 200, "a" * 201, "甲", "甲乙", "甲\n乙", "甲x乙", "ABC", "ABCDEFG", "ABC\n", "ABC\x00",
    "'; DROP TABLE rows; --", '"', "\\", "\\N", "NULL", "null", "{}", "𠮷",
    # dates
    "2026-07-01", "2026/7/1", "2026.7.1", "20260701", "2026年7月1日", "２０２６年７月１日",
    "2026-07-01 00:00:00", "2026-07-01T00:00", "2026-07-01 00:00", "2026-07-01\u300000:00",
    "2026-07-01 00:01", "2026-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2026-13-01",
    "2026-00-10", "2026-01-00", "2026-1-32", "1799-12-31", "1800-01-01", "0000-01-01", "9999-12-31",
    "10000-01-01", "18000-01-01", "2026-07-01 (BC)",
    "2026-7/1", "26-07-01", "2026-007-01", "202607",
    "2026-07-01T00:00:00Z", "2026年7月1", "infinity",
    "epoch", "-2026-01-01", "2026--7-1", "2026070",
    "20260229", "20261301", "2026年07月01日 00:00", "2026-07-1", "2026-7-01", "1900-01-01",
    # numbers
    "1", "+1", "-1", "-0", "+0", "00", "007", "-007", "0" * 30, "0" * 30 + "9" * 18, "9" * 18,
    "9" * 19, "-" + "9" * 18, "１２", "－１", "1.", ".5", "0.5", "-0.5", "-0.0", "0.0", "00.50",
    "1.0000000000", "1.00000000001", "1.23456789012", "1e5", "1_000", "1,000", "0x10", "١", "+-1",
    "--1", "+", "1 2", "100", "1.50", "-00.10", "99999999999999999.9999999999", "NaN", "Infinity",
    # booleans and codes
    "true", "TRUE", "True", "ｔｒｕｅ", "Y", "y", "Ｙ", "是",
    "false", "F", "N", "n", "否", "T", "yes", "2",
    "男", "女", " 男 ", "A", "B", "a", "Ａ", "１", "其他（含）", "其他(含)", "3", "1 ", "falſe",
    # identifiers
    SOUND_RESIDENT, SOUND_RESIDENT.lower(), " " + SOUND_RESIDENT, SOUND_RESIDENT[:6] + " " +
    SOUND_RESIDENT[6:], SOUND_RESIDENT[:-1] + "0", SOUND_RESIDENT[:-1] + "x",
    SOUND_RESIDENT.translate(str.maketrans(HALF_WIDTH, FULL_WIDTH)), SOUND_RESIDENT + "0",
    "530402900307001", "53040290030700", "530402900230001", "000402900307001", "11010519491231002X",
    "11010519491231002x", "110105194912310021", "990105194912310020", "91010519491231002X",
    "810000199408230021", "830000199201300022", "110105179912310025", "110105194902300025",
    *BORN, "11010519491231X02X", "000000000000000000",
    "999999999999999999", "0" * 15, "123456789012345678",
    SOUND_USCC, SOUND_USCC.lower(), SOUND_USCC[:8] + "-" + SOUND_USCC[8:], SOUND_USCC[:-1] + "0",
    "91350100M0001TGQXM", "91350211M0000XUF46", "91350203M0001FUE2P", "11100000MB03271699",
    "11100000000013127D", "91310000x07209683A", "I1100000MB0143028R", "ZZ100000MB0143028R",
    "321284000018350", "3206911100272", "00000000000000000X", "53100000MB0143028R",
    SOUND_ORGANISATION, "13830295-X", "13830295X",
    "1383029-5X", "13830295--X", "138302950", "MA1234567",
    "-13830295X", "13830295X-", "ma1234560",
    SOUND_LICENCE, SOUND_LICENCE.removeprefix(licence.ROOT), SOUND_LICENCE.lower(),
    licence.ROOT + SOUND_LICENCE, SOUND_LICENCE[:-1] + "1", SOUND_LICENCE.replace(".", "。"),
    SOUND_LICENCE.replace(".", "．"), licence.ROOT, SOUND_LICENCE.replace("2025052201", "0" * 65),
    licence.build("11100000000013338W009", "11330105002500287C", "A" * 64, "Z0Z"),
]  # fmt: skip


@pytest.fixture(scope="module")
def checked() -> Iterator["Checks"]:
    checks = Checks()
    yield checks
    checks.connection.close()


class Checks:
    """Runs the generated statement over values of one item."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})

    def __call__(self, dataset: Dataset, values: Sequence[str]) -> list[tuple[int, str | None]]:
        """Reason and, if accepted, value of each."""
        codes = [item.code for item in dataset.items]
        source, key, value = raw_columns(dataset, codes)
        self.connection.execute(
            f"CREATE OR REPLACE TABLE given AS SELECT CAST(number AS VARCHAR) AS {source},"
            f" 'k' AS {key}, text AS {value} FROM (SELECT unnest(?) AS number, unnest(?) AS text)",
            [list(range(len(values))), list(values)],
        )
        rows = self.connection.execute(
            "SELECT worst, line, source, why FROM"
            f" ({check_rows(dataset, codes, 'given')}) ORDER BY source"
        ).fetchall()
        found: list[tuple[int, str | None]] = []
        for worst, line, number, why in rows:
            assert (line is None) == (worst >= INVALID)
            if line is None:
                assert why == [VALID, worst]
                found.append((worst, None))
            else:
                key_value, accepted, source_number = line.split("\x1f")
                assert (key_value, source_number) == ("k", str(number))
                found.append((worst, accepted))
        assert len(found) == len(values)
        return found


def agree(checked: Checks, name: str, values: Sequence[str]) -> None:
    item = DATASETS[name].by_code["x"]
    for raw, (reason, value) in zip(values, checked(DATASETS[name], values), strict=True):
        expected = check_value(item, raw)
        verdict = "invalid" if reason >= INVALID else "warn" if reason > VALID else "valid"
        said = (verdict, REASONS[reason], value if expected.acceptable else None)
        meant = (expected.verdict, expected.reason, expected.value if expected.acceptable else None)
        assert said == meant, (name, raw)


@pytest.mark.parametrize("name", KINDS)
def test_every_vice_gets_the_verdict_of_the_reference_check(checked: Checks, name: str) -> None:
    agree(checked, name, VICES)


@pytest.mark.parametrize("name", KINDS)
def test_every_vice_gets_the_same_verdict_out_of_a_file(name: str) -> None:
    dataset = DATASETS[name]
    checker = Checker(dataset, ["k", "x"])
    text = io.StringIO(newline="")
    csv.writer(text).writerows((row, f"k{row}", raw) for row, raw in enumerate(VICES, 1))
    batch = checker.check([text.getvalue().encode()])
    checker.close()
    found: dict[int, str | None] = {
        rejection.row: REASONS[rejection.problems[0].reason] for rejection in batch.rejections
    }
    values: dict[int, str] = {}
    for line in batch.lines.decode().split("\x1e"):
        _, value, row = line.split("\x1f")
        values[int(row)] = value
    expected = [check_value(dataset.by_code["x"], raw) for raw in VICES]
    assert found == {row: one.reason for row, one in enumerate(expected, 1) if not one.acceptable}
    assert values == {row: one.value for row, one in enumerate(expected, 1) if one.acceptable}
    assert checker.tally.warned == sum(1 for one in expected if one.verdict == "warn")


def dressed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Values as they come: with blanks around or inside, in full width, in lower case."""
    blanks = st.text(SPACES, max_size=2)
    full = str.maketrans(HALF_WIDTH, FULL_WIDTH)
    forms = st.sampled_from([str, str.lower, str.upper, lambda text: text.translate(full)])
    return st.builds(
        lambda text, form, before, after, cut, inside: (
            before + form(text[:cut] + inside + text[cut:]) + after
        ),
    values, forms, blanks, blanks, st.integers(0, 8), st.sampled_from(["", "",
    "", " ", "\u200b"]),
    )  # fmt: skip


@st.composite
def residents(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(["530402", "110101", "810000", "910000", "990101", "160000"]))
    born = draw(
        st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8))
        | st.from_regex("[0-9]{8}", fullmatch=True)
    )
    body = f"{area}{born}{draw(st.integers(0, 999)):03d}"
    check = (
        resident.check_character(body)
        if draw(st.booleans())
        else draw(st.sampled_from("0123456789XYx"))
    )
    return draw(st.sampled_from([body + check, body[:6] + body[8:]]))


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    body = draw(st.from_regex(uscc.PATTERN, fullmatch=True))[:17]
    return body + (
        uscc.check_character(body) if draw(st.booleans()) else draw(st.sampled_from("0AXYI"))
    )


@st.composite
def organisations(draw: st.DrawFn) -> str:
    body = draw(st.from_regex("[0-9A-Z]{8}", fullmatch=True))
    check = (
        organisation.check_character(body) if draw(st.booleans()) else draw(st.sampled_from("0XA"))
    )
    return body + draw(st.sampled_from(["", "-"])) + check


@st.composite
def licences(draw: st.DrawFn) -> str:
    code = st.from_regex(uscc.PATTERN, fullmatch=True)
    part = st.from_regex("[0-9A-Z]{3}", fullmatch=True)
    serial = draw(st.from_regex("[0-9A-Z]{1,66}", fullmatch=True))
    built = licence.build(draw(code) + draw(part), draw(code), serial, draw(part))
    return draw(st.sampled_from([built, built.removeprefix(licence.ROOT), built[:-1] + "7"]))


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=30) | st.text(
    SPACES + "\x00\x0b\x1f\x7f\ufffd\uff01\uff5e０９Ａｚ０09AZaz-./年月日:T+", max_size=30
)
DATES = st.dates().map(str) | st.from_regex(
    r"[0-9]{3,5}[-/.年]?[0-9]{1,2}[-/.月]?[0-9]{1,2}日?([ T]00:00(:00)?)?", fullmatch=True
)
NUMBERS = st.from_regex(r"[+-]?[0-9]{0,20}(\.[0-9]{0,12})?", fullmatch=True)
WORDS = st.sampled_from([value for value in VICES if len(value) < 100])
VALUES = {
    "date": DATES,
    "integer": NUMBERS,
    "decimal": NUMBERS,
    "resident": residents(),
    "uscc": credit_codes(),
    "organisation": organisations(),
    "licence": licences(),
}


@pytest.mark.parametrize("name", KINDS)
def test_whatever_comes_gets_the_verdict_of_the_reference_check(checked: Checks, name: str) -> None:
    of_kind = [values for kind, values in VALUES.items() if kind in name or name == "all"]
    some = st.one_of(ANYTHING, WORDS, *of_kind, *map(dressed, of_kind), dressed(WORDS))

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.lists(some, min_size=40, max_size=100))
    def compare(values: list[str]) -> None:
        agree(checked, name, values)

    compare()


@settings(max_examples=40, deadline=None, database=None)
@given(
    st.lists(st.text('a",\x00\r\n\ufeff，', max_size=4), min_size=1, max_size=8),
    st.sampled_from(["\r\n", "\n"]),
    st.lists(st.integers(1, 7), max_size=2),
)
def test_csv_is_read_as_it_was_written(values: list[str], line_end: str, cuts: list[int]) -> None:
    lines: list[str] = []
    for row, value in enumerate(values, 1):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerow(
            (row, f"k{row}", value)
        )
        lines.append(text.getvalue())
    checker = Checker(DATASETS["text"], ["k", "x"])
    found: dict[int, str] = {}
    places = [0, *sorted(cuts), len(lines)]
    for start, end in itertools.pairwise(places):
        if lines[start:end]:
            batch = checker.check([line.encode() for line in lines[start:end]])
            for line in filter(None, batch.lines.decode().split("\x1e")):
                _, value, row = line.split("\x1f")
                found[int(row)] = value
    expected = [check_value(DATASETS["text"].by_code["x"], value) for value in values]
    assert found == {row: one.value for row, one in enumerate(expected, 1) if one.acceptable}
    assert checker.tally.read == len(values)
    checker.close()


@pytest.mark.parametrize("code", bundled())
def test_the_statement_of_every_bundled_dataset_runs(checked: Checks, code: str) -> None:
    dataset = bundled()[code]
    names = raw_columns(dataset, [item.code for item in dataset.items])
    columns = ", ".join(f"'' AS {name}" for name in names)
    sql = check_rows(dataset, [item.code for item in dataset.items], f"(SELECT {columns})")
    (row,) = checked.connection.execute(f"SELECT why FROM ({sql})").fetchall()
    of_items = row[0][: len(dataset.items)]
    assert [REASONS[reason] == "required" for reason in of_items] == [
        item.required for item in dataset.items
    ]


def test_an_item_that_the_source_does_not_have_is_absent(checked: Checks) -> None:
    dataset = bundled()["resident"]
    codes = ["resident_id", "name", "sex", "birth_date", "status"]
    values = [SOUND_RESIDENT, "甲", "男", "1990/3/7", "1"]
    row = "SELECT " + ", ".join(
        f"'{value}' AS {name}"
        for name, value in zip(raw_columns(dataset, codes), ["7", *values], strict=True)
    )
    (line,) = checked.connection.execute(
        f"SELECT line FROM ({check_rows(dataset, codes, f'({row})')})"
    ).fetchone() or ("",)
    *stored, number = str(line).split("\x1f")
    by_code = dict(zip((item.code for item in dataset.items), stored, strict=True))
    assert number == "7"
    assert {code: value for code, value in by_code.items() if value} == {
        "resident_id": SOUND_RESIDENT, "name": "甲", "sex": "1", "birth_date": "1990-03-07",
        "status": "1",
    }  # fmt: skip


def test_no_pattern_of_a_bundled_dataset_uses_what_re2_reads_differently() -> None:
    patterns = [item.pattern for one in bundled().values() for item in one.items if item.pattern]
    assert patterns
    # An open lower bound is a repetition in Python and plain text in RE2.
    assert not [pattern for pattern in patterns if re.search(r"\{,", pattern)]
