"""Parquet and NDJSON: every value as its exact text, and nothing that is not one value."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from catalog.definition import bundled
from catalog.item import Item
from connectors.sources.errors import (
    ColumnTwice,
    ColumnUnusable,
    SourceEmpty,
    SourceEncoding,
    SourceMalformed,
    TooManyColumns,
)
from connectors.sources.ndjson import open_ndjson
from connectors.sources.opening import open_source
from connectors.sources.parquet import ParquetSource, open_parquet
from connectors.sources.source import Source
from connectors.sources.watch import Watch

EXACT = {
    "110101199001011237::BIGINT": "110101199001011237",
    "170141183460469231731687303715884105727::HUGEINT": "1.7014118346046923e+38",
    "18446744073709551615::UBIGINT": "18446744073709551615",
    "12345678901234567890.1234567890::DECIMAL(38,10)": "12345678901234567890.1234567890",
    "1.50::DECIMAL(10,2)": "1.50",
    "DATE '2026-01-05'": "2026-01-05",
    "TIMESTAMP '2026-01-05 00:00:00'": "2026-01-05 00:00:00",
    "TIMESTAMP '2026-01-05 12:34:56.789'": "2026-01-05 12:34:56.789",
    "TIMESTAMPTZ '2026-01-04 16:00:00+00'": "2026-01-05 00:00:00",
    "5.0::DOUBLE": "5",
    "0.1::DOUBLE": "0.1",
    "999999999999999::DOUBLE": "999999999999999",
    "1.1010119900101123e17::DOUBLE": "1.1010119900101123e+17",
    "'NaN'::DOUBLE": "nan",
    "true": "true",
    "''": None,
    "NULL::VARCHAR": None,
    "'007'": "007",
    "'张三'": "张三",
}
NO_VALUE = ["[1, 2]", "{'a': 1}", "MAP {'a': 1}", "'x'::BLOB", "[{'a': 1}]"]


def parquet(folder: Path, query: str) -> Path:
    path = folder / "made.parquet"
    with duckdb.connect(":memory:") as database:
        database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def rows(source: Source) -> list[object]:
    return [row for batch in source.rows(range(len(source.columns))) for row in batch]


def watch(indices: Sequence[int]) -> Watch:
    item = {"title_zh": "文", "title_en": "Text", "type": "text", "sensitivity": 1, "sharing": 2}
    return Watch([(index, Item(code=f"item_{index}", **item)) for index in indices])


def test_every_type_is_told_exactly(tmp_path: Path) -> None:
    columns = ", ".join(f"{value} AS c{at}" for at, value in enumerate(EXACT))
    source = open_parquet(parquet(tmp_path, f"SELECT {columns}"))
    assert dict(zip(EXACT, rows(source)[0], strict=True)) == EXACT  # type: ignore[call-overload]


def test_lines_are_those_of_the_values(tmp_path: Path) -> None:
    source = open_parquet(parquet(tmp_path, "SELECT 1 AS a, 'x\"y' AS b, E'p\\nq' AS c, NULL AS d"))
    (batch,) = source.lines(watch([2, 0, 3, 1]))
    assert batch == [('"p\nq",1,,"x""y"', None, 0)]


@pytest.mark.parametrize("value", NO_VALUE)
def test_column_of_what_is_no_value_is_refused_if_it_is_an_item(value: str, tmp_path: Path) -> None:
    source = open_parquet(parquet(tmp_path, f"SELECT 'x' AS a, {value} AS b"))
    assert list(source.lines(watch([0]))) == [[("x", None, 0)]]
    with pytest.raises(ColumnUnusable) as unusable:
        list(source.lines(watch([0, 1])))
    assert unusable.value.facts["column"] == "b"


def test_names_of_columns_are_never_sql(tmp_path: Path) -> None:
    path = parquet(tmp_path, """SELECT 1 AS "a"" OR 1", 2 AS "'; DROP", 3 AS "c0" """)
    source = open_parquet(path)
    assert source.columns == ('a" OR 1', "'; DROP", "c0")
    assert rows(source) == [("1", "2", "3")]


def test_damaged_parquet(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT range AS a, md5(range::VARCHAR) AS b FROM range(100000)")
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceMalformed):
        open_parquet(path)
    data[5000:9000] = bytes(4000)
    path.write_bytes(data)
    with pytest.raises(SourceMalformed):
        open_parquet(path)


def test_empty_parquet_and_twice_a_column(tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty):
        open_parquet(parquet(tmp_path, "SELECT 1 AS a WHERE false"))
    with pytest.raises(ColumnTwice):
        open_parquet(parquet(tmp_path, 'SELECT 1 AS name, 2 AS "ｎａｍｅ"'))


def ndjson(folder: Path, text: str | bytes) -> Path:
    path = folder / "made.ndjson"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_numbers_keep_the_text_that_stands_there(tmp_path: Path) -> None:
    text = '\ufeff{"a":110101199001011237,"b":1.10,"c":-0,"d":1e2,"e":007}'.replace("007", '"007"')
    source = open_ndjson(ndjson(tmp_path, text))
    assert rows(source) == [("110101199001011237", "1.10", "-0", "1e2", "007")]


def test_columns_are_keys_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    text = '{"b":"1"}\r\n\r\n{"a":true,"b":null}\n  {"c":"","b":"\\u5f20"}'
    source = open_ndjson(ndjson(tmp_path, text))
    assert source.columns == ("b", "a", "c")
    assert rows(source) == [("1", None, None), (None, "true", None), ("张", None, None)]


BROKEN = {
    '{"a":1}\n{"a":1,"a":2}': (2, "key-twice"),
    '{"a":1,"a":1}': (1, "key-twice"),
    '{"a":[1]}': (1, "nested"),
    '{"a":{"b":1}}': (1, "nested"),
    '{"a":NaN}': (1, "json"),
    '{"a":Infinity}': (1, "json"),
    '{"a":01}': (1, "json"),
    '{"a":1,}': (1, "json"),
    "{'a':1}": (1, "json"),
    '{"a":1} {"a":2}': (1, "json"),
    '{"a":1}\n{"a":': (2, "json"),
    '{"a":"\t"}': (1, "json"),
    '{"a":"\\ud800"}': (1, "json"),
    '{"\\udfff":"x"}': (1, "json"),
    "[1]": (1, "no-object"),
    '"x"': (1, "no-object"),
    '{"a":' * 5000 + "1" + "}" * 5000: (1, "json"),
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_broken_line_refuses_the_file_with_its_number(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceMalformed) as malformed:
        open_ndjson(ndjson(tmp_path, text))
    assert (malformed.value.facts["line"], malformed.value.facts["why"]) in (
        BROKEN[text],
        (BROKEN[text][0], "nested"),
    )


def test_ndjson_is_utf_8_and_nothing_else(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-16"):
        with pytest.raises(SourceEncoding):
            open_ndjson(ndjson(tmp_path, '{"a":"张三"}'.encode(encoding)))


def test_too_long_a_line_and_too_many_keys(tmp_path: Path) -> None:
    with pytest.raises(SourceMalformed):
        open_ndjson(ndjson(tmp_path, '{"a":"' + "x" * 3_000_000 + '"}'))
    keys = ",".join(f'"k{n}":1' for n in range(1001))
    with pytest.raises(TooManyColumns):
        open_ndjson(ndjson(tmp_path, "{" + keys + "}"))
    with pytest.raises(SourceEmpty):
        open_ndjson(ndjson(tmp_path, "\n{}\n"))


def test_form_is_found_by_the_first_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    dataset = bundled()["resident"]
    path = parquet(tmp_path, "SELECT 1 AS resident_id")
    assert isinstance(open_source(path.rename(tmp_path / "x.csv"), dataset, {}), ParquetSource)
    lines = ndjson(tmp_path, '{"resident_id": "1"}\n').rename(tmp_path / "y.csv")
    assert open_source(lines, dataset, {}).columns == ("resident_id",)
