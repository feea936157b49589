"""Rows of a department's files: read by what is in them, and single ones that change."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from catalog.definition import bundled
from hub.ops.demo.connector import Published
from hub.ops.demo.errors import CityTooSmall
from hub.ops.demo.stage import Office

Row = Mapping[str, str]
"""A row's values by item."""
_CURRENT = "1"
_OPERATION, _UPSERT = "操作", "upsert"


def rows(office: Office, dataset: str) -> Iterator[Row]:
    """The rows of a file that the department has published, by item."""
    codes = {item.title_zh: item.code for item in bundled()[dataset].items}
    file = office.files / f"{dataset}.csv"
    with file.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            yield {codes[heading]: value for heading, value in row.items()}


def premises(office: Office) -> tuple[str, str]:
    """Credit code and address of the first enterprise that owns its premises.

    Raises ``CityTooSmall``.
    """
    for row in rows(office, "real_estate"):
        if row["owner_id"].startswith("9") and row["status"] == _CURRENT:
            return row["owner_id"], row["location"]
    raise CityTooSmall(role="premises")


def change(office: Office, dataset: str, changed: Sequence[Row], name: str) -> Published:
    """Publish rows that are new or other than before; ``name`` is the file's."""
    file = office.files / f"{dataset}-{name}.csv"
    _write(file, dataset, changed)
    return office.connector.publish(dataset, file, lambda _: None, changes=True)


def _write(file: Path, dataset: str, changed: Sequence[Row]) -> None:
    items = bundled()[dataset].items
    # As the department's other files: readable by whoever may read its folder.
    with file.open("w", encoding="utf-8", newline="") as target:
        out = csv.writer(target, lineterminator="\n")
        out.writerow([_OPERATION, *(item.title_zh for item in items)])
        for row in changed:
            out.writerow([_UPSERT, *(row.get(item.code, "") for item in items)])
