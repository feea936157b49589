"""Which form a file has: by its first bytes, because names lie.

A sheet that was saved as a web page, or a text file, is often called ``.xls``; a text file is read
as what it is, a web page is refused by name.
"""

from collections.abc import Mapping
from pathlib import Path

from catalog.definition import Dataset
from connectors.sources.csv import open_csv
from connectors.sources.errors import SourceMissing, SourceUnclear, WorkbookBroken
from connectors.sources.headings import Wanted
from connectors.sources.ndjson import open_ndjson
from connectors.sources.parquet import open_parquet
from connectors.sources.source import Source
from connectors.sources.xlsx import open_xlsx

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET = b"PAR1"
_HEAD = 1024
_NDJSON = frozenset({".ndjson", ".jsonl"})
_MARK = b"\xef\xbb\xbf"


def open_source(
    path: Path, dataset: Dataset, corrections: Mapping[str, str], sheet: str | None = None
) -> Source:
    """Look a file through, whatever it is; raises ``SourceError`` subclasses."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SourceMissing(file=path.name) from error
    wanted = Wanted(dataset, corrections)
    if head.startswith(_ZIP):
        return open_xlsx(path, wanted, sheet)
    if head.startswith(_OLE):
        # The library is loaded for the few that still have such files.
        from connectors.sources.xls import open_xls  # noqa: PLC0415 see above

        return open_xls(path, wanted, sheet)
    if sheet is not None:
        raise SourceUnclear(why="sheet")
    if head.startswith(_PARQUET):
        return open_parquet(path)
    text = head.removeprefix(_MARK).lstrip()
    if text[:1] == b"<":
        raise WorkbookBroken(file=path.name, why="web-page")
    if path.suffix.lower() in _NDJSON or text.startswith((b'{"', b"{}")):
        return open_ndjson(path)
    return open_csv(path, wanted)
