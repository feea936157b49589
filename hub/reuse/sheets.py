"""The figure as a sheet that people take away: the same numbers as on its page."""

from collections.abc import Mapping

from catalog.evidence.figure import TARGET, Cell, Tally
from catalog.messages import Language, text
from hub.usage.table import Cell as Value
from hub.usage.table import Table

COUNTS = (
    "cases",
    "listed",
    "covered",
    "brought",
    "later",
    "promised",
    "optional",
    "not_asked",
)
"""In the order of the page."""
_HUNDREDTHS = 100


def reuse_table(
    cells: Mapping[Cell, Tally],
    departments: Mapping[str, str],
    services: Mapping[str, str],
    language: Language,
) -> Table:
    """One row for each department, service and month; titles by code."""
    names = ("department", "department_title", "service", "service_title", "month")
    headings = [text(f"reuse.column.{name}", language) for name in (*names, *COUNTS)]
    headings += [text("reuse.column.share", language), text("reuse.column.target", language)]
    rows: list[list[Value]] = []
    for cell, one in cells.items():
        counts = one.state()
        rows.append(
            [
                cell.department,
                departments.get(cell.department, ""),
                cell.service,
                services.get(cell.service, ""),
                cell.month,
                *(int(str(counts[name])) for name in COUNTS),
                per_cent(one.share),
                text(f"reuse.{standing(one)}", language, target=TARGET),
            ]
        )
    return Table(text("reuse.sheet", language), tuple(headings), rows)


def standing(one: Tally) -> str:
    """Whether the target is reached: ``reached``, ``below``, or ``no-list`` without a list."""
    if one.reached is None:
        return "no-list"
    return "reached" if one.reached else "below"


def per_cent(share: int | None) -> str:
    """Hundredths of a per cent as people write it; empty where there is no share."""
    if share is None:
        return ""
    whole, rest = divmod(share, _HUNDREDTHS)
    return f"{whole}.{rest // 10}%"
