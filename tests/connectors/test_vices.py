"""Files as they come out of offices, each with its vice, go in with the counts of their table.

The files are made by ``vices/ugly_files.py``; rows are counted by the hub's own check.
"""

import sys
import tomllib
from pathlib import Path

import pytest

from connectors.sources.errors import SourceError

sys.path.insert(0, str(Path(__file__).parent / "vices"))

from taking import take
from ugly_files import files, write

TABLE = tomllib.loads((Path(__file__).parent / "vices" / "table.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("vices")
    write(made)
    return made


def test_the_table_tells_of_every_file() -> None:
    assert TABLE.keys() == files().keys()
    assert len(TABLE) >= 30


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "refused" not in row])
def test_file_goes_in_with_the_counts_of_the_table(name: str, folder: Path) -> None:
    row = TABLE[name]
    taken = take(folder / name, row.get("dataset", "resident"))
    assert (taken.rows, taken.accepted, taken.identical) == (row["rows"], row["accepted"], 0)
    assert taken.rejected == row.get("rejected", {})
    assert taken.normalised == row.get("normalised", {})
    assert taken.places == row.get("places", {})
    encoding = {} if name.rpartition(".")[2] in {"parquet", "ndjson"} else {"encoding": "UTF-8"}
    assert taken.met == row.get("met", encoding)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "refused" in row])
def test_file_is_refused_whole_before_anything_is_sent(name: str, folder: Path) -> None:
    row = TABLE[name]
    with pytest.raises(SourceError) as refused:
        take(folder / name, row.get("dataset", "resident"))
    assert refused.value.code == row["refused"]
    told = {key: value for key, value in refused.value.facts.items() if key != "file"}
    assert told == row.get("told", {})
