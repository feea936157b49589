"""One CSV file per dataset, written as the rows are made."""

from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from catalog.definition import bundled

# Rows are gathered and written together; this bounds what is held of them.
_GATHERED = 2_000


class Sheets:
    """The open files; headings are the Chinese titles of the items, in the definition's order.

    A row is one finished line. Values hold no comma, quote or line end: they are all made here.
    """

    __slots__ = ("_files", "_waiting", "rows")

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.rows: dict[str, int] = {}
        self._waiting: dict[str, list[str]] = {}
        self._files: dict[str, TextIO] = {}
        for code, dataset in bundled().items():
            file = (folder / f"{code}.csv").open("w", encoding="utf-8", newline="")
            file.write(",".join(item.title_zh for item in dataset.items) + "\n")
            self._files[code] = file
            self._waiting[code] = []
            self.rows[code] = 0

    def of(self, code: str) -> list[str]:
        """The list that takes the rows of a dataset; the same one all the time."""
        return self._waiting[code]

    def flush(self, least: int = _GATHERED) -> None:
        """Write what is waiting in every file where ``least`` rows are."""
        for code, waiting in self._waiting.items():
            if len(waiting) >= least:
                self._files[code].write("".join(waiting))
                self.rows[code] += len(waiting)
                waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush(1)
        finally:
            for file in self._files.values():
                file.close()
