"""How long *person* parts are kept: two classes, counted in years from each entry's own time.

A dataset's definition names the class of the answers from it; whatever else is entered is of class
``default``. The least that a class may be kept is law and custom, not a setting: what verification
holds against an erasure must not be a value that an operator can change.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from hub.clock import DAY

Retention: TypeAlias = Literal["default", "credit"]
CLASSES: tuple[Retention, ...] = get_args(Retention)

LEAST_YEARS: Mapping[str, int] = MappingProxyType({"default": 3, "credit": 10})
"""``default``: three years at least by 政务数据共享条例, Art 29 (records of use), and by
网络数据安全管理条例, Art 12 (records of provision). ``credit``: Zhejiang keeps its logs of credit
queries for ten; whoever need not gives the dataset the class ``default``."""
YEAR = 366 * DAY
"""A year counted long, so that no calendar's is shorter."""
SLACK = DAY
"""A part sealed under one month's key is entered moments later, perhaps in the next month; a day
covers whatever lies between, since times never run backwards in the log."""
_MONTH = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])\Z", re.ASCII)
_DECEMBER = 12


def least(retention: str) -> int:
    """Milliseconds that a part of this class is kept at least."""
    return LEAST_YEARS[retention] * YEAR


def is_month(text: str) -> bool:
    """Whether a text is a month as ``2026-01``."""
    return _MONTH.match(text) is not None


def entered_in(in_month: str) -> tuple[int, int]:
    """From when until when (exclusive) what a month's keys sealed may have been entered."""
    year, number = int(in_month[:4]), int(in_month[5:])
    begins = datetime(year, number, 1, tzinfo=UTC)
    after = (year + 1, 1) if number == _DECEMBER else (year, number + 1)
    ends = datetime(*after, 1, tzinfo=UTC)
    return _milliseconds(begins) - SLACK, _milliseconds(ends) + SLACK


def kept_until(in_month: str, years: int) -> int:
    """From when on everything that a month's keys sealed has been kept for ``years``."""
    return entered_in(in_month)[1] + years * YEAR


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1000
