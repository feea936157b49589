"""A change set goes over with the operation before each row, in the order of its source."""

from pathlib import Path

import pytest

from catalog.definition import Dataset, bundled
from connectors.commands.given import Given, Opened, opened
from connectors.sources.errors import ItemsMissing, OperationMissing, SourceUnclear
from connectors.sources.intake import Intake
from connectors.sources.operations import find_operation, read_operation

HEADER = "公民身份号码,姓名,性别,出生日期,人员状态"


def person(order: int) -> str:
    return f"11010119900101{order:04d},张三{order},1,1990-01-01,1"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def dataset() -> Dataset:
    return bundled()["resident"]


def sent(given: Given, dataset: Dataset, home: Path) -> tuple[list[str], Intake, Opened]:
    given.check()
    with opened(given, dataset, home) as ready:
        intake = Intake(ready.source, ready.mapping)
        data = b"".join(chunk.data for chunk in intake.chunks(1 << 20))
        return data.decode("utf-8").splitlines(), intake, ready


@pytest.mark.parametrize(
    ("word", "operation"),
    [
        ("upsert", "upsert"),
        ("UPSERT ", "upsert"),
        ("ｕｐｓｅｒｔ", "upsert"),
        ("新增", "upsert"),
        (" 更新", "upsert"),
        ("delete", "delete"),
        ("删除", "delete"),
        ("insert", None),
        ("", None),
        (None, None),
    ],
)
def test_words_for_operations(word: str | None, operation: str | None) -> None:
    assert read_operation(word) == operation


def test_the_column_of_operations_is_found_or_named() -> None:
    assert find_operation(("a", " 操作 ", "b"), None) == 1
    assert find_operation(("a", "Operation"), None) == 1
    assert find_operation(("a", "b"), None) is None
    assert find_operation(("操作", "变更类型"), "变更类型") == 1
    with pytest.raises(OperationMissing):
        find_operation(("操作",), "变更类型")


def test_rows_go_with_their_operation_and_are_counted(dataset: Dataset, tmp_path: Path) -> None:
    path = write(
        tmp_path / "changes.csv",
        f"{HEADER},操作",
        f"{person(1)},upsert",
        f"{person(2)},新增",
        f"{person(3)},删除",
        f"{person(4)},delete",
        f"{person(5)},更新",
    )
    lines, intake, ready = sent(Given("resident", path, changes=True), dataset, tmp_path)
    assert [line.split(",")[:2] for line in lines] == [
        ["1", "upsert"],
        ["2", "upsert"],
        ["3", "delete"],
        ["4", "delete"],
        ["5", "upsert"],
    ]
    assert lines[1] == f"2,upsert,{person(2)}"
    assert intake.operations == {"upsert": 3, "delete": 2}
    assert ready.order.mode == "changes"
    assert ready.order.columns == ("resident_id", "name", "sex", "birth_date", "status")
    assert ready.mapping.ignored == ()


def test_a_row_of_no_operation_goes_empty_and_is_told(dataset: Dataset, tmp_path: Path) -> None:
    path = write(
        tmp_path / "changes.csv",
        f"操作,{HEADER}",
        f"合并,{person(1)}",
        f",{person(2)}",
        f"upsert,{person(3)}",
    )
    lines, intake, _ = sent(Given("resident", path, changes=True), dataset, tmp_path)
    assert lines == ["1,upsert,,,,,", "2,upsert,,,,,", f"3,upsert,{person(3)}"]
    assert intake.remarked == {("operation", "operation"): 2}
    assert intake.operations == {"upsert": 1}


def test_a_workbook_has_a_column_of_operations_too(dataset: Dataset, tmp_path: Path) -> None:
    import xlsxwriter  # noqa: PLC0415 only here

    path = tmp_path / "changes.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate([f"操作,{HEADER}", f"删除,{person(1)}", f"新增,{person(2)}"]):
            for column, value in enumerate(line.split(",")):
                sheet.write_string(row, column, value)
    lines, intake, _ = sent(Given("resident", path, changes=True), dataset, tmp_path)
    assert lines == [f"1,delete,{person(1)}", f"2,upsert,{person(2)}"]
    assert intake.operations == {"upsert": 1, "delete": 1}


def test_keys_of_rows_to_delete_come_after_the_rows_to_put_in(
    dataset: Dataset, tmp_path: Path
) -> None:
    main = write(tmp_path / "in.csv", HEADER, person(1), person(2).replace("1990-", "1990/"))
    keys = write(
        tmp_path / "out.csv", "备注,公民身份号码", "x,110101199001010007", ",11010119900101000X"
    )
    given = Given("resident", main, changes=True, deletes=keys)
    lines, intake, ready = sent(given, dataset, tmp_path)
    assert lines == [
        f"1,upsert,{person(1)}",
        f"2,upsert,{person(2).replace('1990-', '1990/')}",
        "3,delete,110101199001010007,,,,",
        "4,delete,11010119900101000X,,,,",
    ]
    assert intake.operations == {"upsert": 2, "delete": 2}
    assert ready.source.total == 4
    assert ready.order.source == "in.csv + out.csv"
    rows = [row for batch in ready.source.rows(range(6)) for row in batch]
    assert rows[0] == ("upsert", *person(1).split(","))
    assert rows[3] == ("delete", "11010119900101000X", None, None, None, None)


def test_keys_alone_are_a_change_set(dataset: Dataset, tmp_path: Path) -> None:
    keys = write(tmp_path / "out.csv", "公民身份号码", "110101199001010007")
    given = Given("resident", changes=True, deletes=keys)
    lines, _, ready = sent(given, dataset, tmp_path)
    assert lines == ["1,delete,110101199001010007" + "," * (len(ready.order.columns) - 1)]
    assert set(dataset.row_key) <= set(ready.order.columns)


def test_a_ragged_row_among_those_to_put_in_keeps_its_place(
    dataset: Dataset, tmp_path: Path
) -> None:
    main = write(tmp_path / "in.csv", HEADER, person(1), "1,2", person(2))
    keys = write(tmp_path / "out.csv", "公民身份号码", "110101199001010007")
    given = Given("resident", main, changes=True, deletes=keys)
    lines, intake, _ = sent(given, dataset, tmp_path)
    assert lines[1] == "2,upsert,,,,,"
    assert intake.remarked == {("", "columns"): 1}


def test_without_operations_nothing_is_taken_for_rows_to_put_in(
    dataset: Dataset, tmp_path: Path
) -> None:
    path = write(tmp_path / "changes.csv", f"{HEADER},变更", f"{person(1)},删除")
    with pytest.raises(OperationMissing):
        sent(Given("resident", path, changes=True), dataset, tmp_path)


def test_a_file_of_keys_must_have_the_keys(dataset: Dataset, tmp_path: Path) -> None:
    keys = write(tmp_path / "out.csv", "姓名", "张三")
    with pytest.raises(ItemsMissing):
        sent(Given("resident", changes=True, deletes=keys), dataset, tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        Given("resident", Path("a.csv"), deletes=Path("b.csv")),
        Given("resident", Path("a.csv"), operation_column="x"),
        Given("resident", Path("a.csv"), changes=True, deletes=Path("b"), operation_column="x"),
        Given("resident", changes=True),
    ],
)
def test_what_does_not_go_together(given: Given) -> None:
    with pytest.raises(SourceUnclear):
        given.check()


def test_operations_twice(dataset: Dataset, tmp_path: Path) -> None:
    path = write(tmp_path / "changes.csv", f"{HEADER},操作", f"{person(1)},删除")
    keys = write(tmp_path / "out.csv", "公民身份号码", "110101199001010007")
    with pytest.raises(SourceUnclear):
        sent(Given("resident", path, changes=True, deletes=keys), dataset, tmp_path)
