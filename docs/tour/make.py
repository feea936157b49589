# ruff: noqa: INP001 a script beside what it makes
"""The tour's data, made up: run ``python docs/tour/make.py`` to write the files again.

Everybody in it is born in 1890, so that no number here can be a living person's; names are the
ten heavenly stems.
"""

import csv
import json
import sys
from pathlib import Path

from catalog.identifiers.resident import check_character

STEMS = "甲乙丙丁戊己庚辛壬癸"
HEADINGS = ("公民身份号码", "姓名", "性别", "出生日期", "户号", "现住址", "人员状态")


def number(order: int) -> str:
    """The number of the person of this order; odd orders are men's (GB 11643)."""
    body = f"5304021890{order:02d}01{order:03d}"
    return body + check_character(body)


def write(folder: Path) -> None:
    """Write ``residents.csv``, ``subject.txt`` and ``claims.json``."""
    with (folder / "residents.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADINGS)
        for order, stem in enumerate(STEMS, 1):
            rows.writerow(
                (
                    number(order),
                    f"示例{stem}",
                    "1" if order % 2 else "2",
                    f"1890-{order:02d}-01",
                    f"H{(order + 1) // 2:06d}",
                    f"示例市示例路{order}号",
                    "1",
                )
            )
    (folder / "subject.txt").write_text(f"{number(1)}\n", encoding="utf-8")
    claims = {"name": "示例甲"}
    text = json.dumps(claims, ensure_ascii=False)
    (folder / "claims.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
