"""The workbook again, with one more column that says what is wrong in each row.

The file is copied part by part; in the one sheet a cell is put into the rejected rows at the very
bytes where it belongs, so that formats, lists and formulas stay as they were. What is corrected
there can be published again: the column is no item, and is written anew.
"""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.sources.rejected import Rejection, replacing
from connectors.sources.sheet_patch import patched
from connectors.sources.sheets import SheetSource
from connectors.sources.workbook import MAX_PART, blocks, open_part

SUFFIX = ".rejected"


def target(path: Path) -> Path:
    """Where the workbook is written."""
    return path.with_suffix(SUFFIX + path.suffix)


def write_rejected_workbook(
    source: SheetSource,
    part: str,
    rejections: Sequence[Rejection],
    heading: str,
    say: Callable[[Rejection], str],
) -> Path:
    """Write it, for its owner alone, replacing an earlier one; gives its path.

    ``part`` is the sheet's place in the file, ``heading`` stands over the column, and ``say``
    gives the words. Raises ``WorkbookBroken`` or ``SourceChanged``.
    """
    path = target(source.path)
    column = source.columns.index(heading) if heading in source.columns else source.width
    cells = _by_row(source, rejections, say)
    cells[source.heading_row] = heading
    with replacing(path) as out, zipfile.ZipFile(source.path) as old:
        with zipfile.ZipFile(out, "w") as new:
            for entry in old.infolist():
                copy = zipfile.ZipInfo(entry.filename, entry.date_time)
                copy.compress_type = zipfile.ZIP_DEFLATED
                with (
                    open_part(old, entry.filename, source.name, MAX_PART) as file,
                    new.open(
                        copy, "w", force_zip64=entry.file_size > zipfile.ZIP64_LIMIT // 2
                    ) as into,
                ):
                    pieces = blocks(file, source.name)
                    if entry.filename == part:
                        pieces = patched(pieces, source.name, cells, column)
                    for piece in pieces:
                        into.write(piece)
        source.file.check()
    return path


def _by_row(
    source: SheetSource, rejections: Sequence[Rejection], say: Callable[[Rejection], str]
) -> dict[int, str]:
    """The words for each row of the sheet: its problems one after the other."""
    told: dict[int, list[str]] = {}
    for one in rejections:
        told.setdefault(one.row, []).append(say(one))
    return {
        row: "；".join(told[number])
        for number, row in enumerate(source.numbers(), 1)
        if number in told
    }
