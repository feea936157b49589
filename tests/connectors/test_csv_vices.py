"""Files as they come out of offices: what is read, what is refused, and that nothing is guessed."""

import stat
from pathlib import Path

import pytest

from catalog.definition import Item
from certs.errors import YifenError
from connectors.sources.chunks import Chunk
from connectors.sources.csv import CsvSource, open_csv
from connectors.sources.errors import (
    ColumnTwice,
    RowTooLong,
    SourceChanged,
    SourceEmpty,
    SourceEncoding,
    SourceMalformed,
    SourceMissing,
    SourceUnread,
    TooManyColumns,
)
from connectors.sources.intake import Intake
from connectors.sources.loose_csv import LooseCsv
from connectors.sources.mapping import ColumnMapping, Match
from connectors.sources.rejected import Rejection, neutral, write_rejected
from connectors.sources.source import Fault, Source


def file(folder: Path, data: bytes | str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def rows(path: Path) -> list[tuple[str | None, ...] | Fault]:
    source = open_csv(path)
    return [row for batch in source.rows(range(len(source.columns))) for row in batch]


def chunks(source: Source, indices: list[int], limit: int) -> list[Chunk]:
    """Columns as texts, cut into chunks."""
    item = {"title_zh": "文", "title_en": "Text", "type": "text", "sensitivity": 1, "sharing": 2}
    matches = (Match(index, "", Item(code=f"item_{index}", **item)) for index in indices)
    return list(Intake(source, ColumnMapping(tuple(matches), (), ())).chunks(limit))


REFUSED: dict[str, tuple[bytes, type[YifenError]]] = {
    "empty": (b"", SourceEmpty),
    "blank": (b"\n\n  \n", SourceEmpty),
    "header-only": (b"a,b\n", SourceEmpty),
    "header-only-without-line-end": (b"a,b", SourceEmpty),
    "mark-only": (b"\xef\xbb\xbf", SourceEmpty),
    "cut-off-in-quotes": (b'a,b\n1,"2\n3,4\n', SourceMalformed),
    "cut-off-in-last-quotes": (b'a,b\n1,2\n3,"4', SourceMalformed),
    "cut-off-in-the-last-row": (b"a,b\n1,2\n3", SourceMalformed),
    "every-row-ragged": (b"a,b\n1\n2\n", SourceMalformed),
    "cut-off-in-the-header": (b'a,"b\n1,2\n', SourceMalformed),
    "text-after-quotes": (b'a,b\n1,"2"x\n3,4\n', SourceMalformed),
    "endless-row": (b"a,b\n" + b"x" * 3_000_000 + b",1\n", SourceMalformed),
    "cut-off-in-a-character": ("a,b\n1,张".encode()[:-1], SourceEncoding),
    "no-encoding": ("姓名,住址\n张三,北京\n".encode("gb18030") + b"\xff,1\n", SourceEncoding),
    "utf-16-cut-off": ("a,b\n1,2\n".encode("utf-16")[:-1], SourceEncoding),
    "surrogate": (b"a,b\n1,\xed\xa0\x80\n", SourceEncoding),
    "column-twice": (b"a,b,a\n1,2,3\n", ColumnTwice),
    "column-twice-in-full-width": ("name,ｎａｍｅ\n1,2\n".encode(), ColumnTwice),
    "ten-thousand-columns": (
        ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n" + b"," * 9_999 + b"\n",
        TooManyColumns,
    ),
}


@pytest.mark.parametrize("vice", REFUSED)
def test_unsound_file_is_refused_clearly(vice: str, tmp_path: Path) -> None:
    data, error = REFUSED[vice]
    path = file(tmp_path, data)
    with pytest.raises(error) as refused:
        rows(path)
    assert "张" not in str(refused.value)
    assert "xxx" not in str(refused.value)


def test_place_of_the_fault_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceEncoding) as encoding:
        open_csv(file(tmp_path, b"a,b\n" + b"1,2\n" * 600_000 + b"\xff,2\n"))
    assert encoding.value.facts["byte"] == 4 + 4 * 600_000
    assert encoding.value.facts["line"] == 600_002
    with pytest.raises(SourceMalformed) as malformed:
        rows(file(tmp_path, b'a,b\n1,2\n3,"4\n5,6\n'))
    assert (malformed.value.facts["line"], malformed.value.facts["why"]) == (3, "quote")


def test_ragged_rows_are_faults_with_their_lines(tmp_path: Path) -> None:
    found = rows(file(tmp_path, 'a,b\n1,2\n3\n"x\ny",4\n5,6,7\n8,9\n'))
    assert found == [
        ("1", "2"),
        Fault(3, "columns", cells=("3",)),
        ("x\ny", "4"),
        Fault(6, "columns", cells=("5", "6", "7")),
        ("8", "9"),
    ]


def test_ragged_row_goes_empty_under_its_number(tmp_path: Path) -> None:
    source = open_csv(file(tmp_path, "a,b\n1,2\n3\n4,5\n"))
    (chunk,) = chunks(source, [0, 1], 65536)
    assert chunk.data == b"1,1,2\r\n2,,\r\n3,4,5\r\n"


def test_more_ragged_rows_than_are_read_over_refuse_the_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnread) as unread:
        open_csv(file(tmp_path, "a,b\n" + "1\n" * 10_001 + "1,2\n"))
    assert unread.value.facts["lines"] == ", ".join(str(line) for line in range(2, 12))


def test_delimiters_beyond_the_header_and_blank_headings_make_no_row_ragged(tmp_path: Path) -> None:
    assert rows(file(tmp_path, "a,b,\n1,2\n3,4,\n5,6,,,\n")) == [
        ("1", "2", None),
        ("3", "4", None),
        ("5", "6", None),
    ]


def test_rows_of_blank_fields_are_no_rows(tmp_path: Path) -> None:
    assert rows(file(tmp_path, "a,b\n1,2\n,\n\n3,4\n,\n,\n")) == [("1", "2"), ("3", "4")]
    assert rows(file(tmp_path, "a,b\r1,2\r,\r\r3,4\r,\r")) == [("1", "2"), ("3", "4")]


ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_are_found_out_and_say_the_same(encoding: str, end: str, tmp_path: Path) -> None:
    lines = ["姓名,住址", "张三𠮷,北京", '"李,四",', "买买提·㑇,é"]
    found = rows(file(tmp_path, end.join(lines).encode(encoding)))
    assert found == [("张三𠮷", "北京"), ("李,四", None), ("买买提·㑇", "é")]


def test_gb18030_is_found_out_where_only_a_late_byte_shows_it(tmp_path: Path) -> None:
    start = b"a,b\n" + b"1,2\n" * 600_000
    source = open_csv(file(tmp_path, start + "张,2\n".encode("gb18030")))
    assert source.met["encoding"] == "GB18030"
    with pytest.raises(SourceEncoding):
        open_csv(file(tmp_path, start + "张".encode("gb18030")[:1] + b"\n,2\n"))


def test_utf_8_with_one_broken_byte_is_not_read_as_gb18030(tmp_path: Path) -> None:
    """Every pair of these bytes is a character of GB18030, so that nothing else would show it."""
    pairs = "a;b\n" + "张三;北京北京\n" * 20
    data = pairs.encode() + b"\xe5\xbc\xa0\xe4\xb8\x89\xe5\xbc;1\n"
    data.decode("gb18030")
    with pytest.raises(SourceEncoding) as encoding:
        open_csv(file(tmp_path, data))
    assert encoding.value.facts["line"] == 22


def test_line_ends_stay_quoted_where_python_writes_the_lines(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030"):
        path = file(tmp_path, 'a,b\n"x\ny ","z\r"\n'.encode(encoding))
        (chunk,) = chunks(open_csv(path), [0, 1], 65536)
        assert chunk.data == b'1,"x\ny ","z\r"\r\n'


def test_sound_file_is_read_by_duckdb_and_the_others_by_python(tmp_path: Path) -> None:
    assert isinstance(open_csv(file(tmp_path, "a,b\r\n1,2\r\n")), CsvSource)
    assert isinstance(open_csv(file(tmp_path, "a,b\r1,2\r")), LooseCsv)


@pytest.mark.parametrize("text", ["x", '"x""y"', " x ", "'x", "\x00x", "\x07", "=1+1", "\u2028"])
def test_both_readers_say_the_same(text: str, tmp_path: Path) -> None:
    plain = rows(file(tmp_path, f"a,b\n{text},1\n"))
    assert rows(file(tmp_path, f"a,b\n{text},1\n".encode("utf-16"))) == plain


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        open_csv(tmp_path / "none.csv")
    with pytest.raises(SourceMissing):
        open_csv(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_line_ends_and_marks(
    delimiter: str, end: str, mark: str, tmp_path: Path
) -> None:
    lines = [["姓名", "住址"], ["张三", "北京"], ["李四", ""]]
    text = mark + end.join(delimiter.join(line) for line in lines)
    source = open_csv(file(tmp_path, text))
    assert (source.delimiter, source.columns) == (delimiter, ("姓名", "住址"))
    assert rows(source.path) == [("张三", "北京"), ("李四", None)]


def test_quoted_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    path = file(tmp_path, '"a","b\nc"\n"1,2","say ""yes"""\n"x\ny",z\n')
    assert rows(path) == [("1,2", 'say "yes"'), ("x\ny", "z")]
    (chunk,) = chunks(open_csv(path), [0, 1], 65536)
    assert chunk.data == b'1,"1,2","say ""yes"""\r\n2,"x\ny",z\r\n'


def test_values_are_never_interpreted(tmp_path: Path) -> None:
    cells = ["=1+1", "007", "1e5", "2026-01-02", "TRUE", "NULL", " x ", "@SUM(A1)", "+86", "-1"]
    path = file(tmp_path, "a,b\n" + "".join(f"{cell},y\n" for cell in cells))
    assert [row[0] for row in rows(path)] == cells


def test_names_with_patterns_and_compression_are_plain_names(tmp_path: Path) -> None:
    file(tmp_path, "a,b\n9,9\n", "people1.csv")
    for name in ("people[1].csv", "people*.csv", "people?.csv", "people.csv.gz"):
        assert rows(file(tmp_path, "a,b\n1,2\n", name)) == [("1", "2")]


def test_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = file(tmp_path, "a,b\n1,2\n")
    source = open_csv(path)
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(SourceChanged):
        list(source.rows([0]))


def test_rows_stay_in_order_over_many_chunks(tmp_path: Path) -> None:
    count = 60_000
    path = file(tmp_path, "a,b\n" + "".join(f'{n},"q{n}\n"\n' for n in range(count)))
    found = chunks(open_csv(path), [1, 0], 65536)
    assert len(found) > 10
    assert all(len(chunk.data) <= 65536 for chunk in found)
    assert found[-1].last_row == count
    whole = b"".join(chunk.data for chunk in found)
    assert whole == b"".join(b'%d,"q%d\n",%d\r\n' % (n + 1, n, n) for n in range(count))


def test_row_longer_than_a_chunk(tmp_path: Path) -> None:
    path = file(tmp_path, f"a,b\n1,2\n{'x' * 70_000},2\n")
    with pytest.raises(RowTooLong) as too_long:
        chunks(open_csv(path), [0], 65536)
    assert too_long.value.facts["row"] == 2


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", "\rx", "=cmd|'/c'!A0"])
def test_formula_is_neutralised_for_sheets(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "x", "-1", "+86", "-1.5", "张三", "1=1"])
def test_what_is_no_formula_stays(cell: str) -> None:
    assert neutral(cell) == cell


def test_rejected_rows_are_written_for_their_owner_only(tmp_path: Path) -> None:
    source = open_csv(file(tmp_path, "name,sex\n=evil(),1\n李四,2\n王五,9\n"))
    rejections = [Rejection(3, "sex", "code"), Rejection(1, "", "x"), Rejection(3, "name", "form")]
    path = write_rejected(
        source, rejections, ("row", "zh", "en", "item"), lambda reason, lang: f"{reason}-{lang}"
    )
    assert path == tmp_path / "people.rejected.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8-sig").splitlines() == [
        "row,zh,en,item,name,sex",
        "1,x-zh,x-en,,'=evil(),1",
        "3,form-zh,form-en,name,王五,9",
        "3,code-zh,code-en,sex,王五,9",
    ]
