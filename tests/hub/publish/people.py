"""Invented residents, as rows of a source."""

from datetime import date, timedelta

from catalog.identifiers.resident import check_character

COLUMNS = ("resident_id", "name", "sex", "birth_date", "status", "address")
_FIRST_DAY = date(1950, 1, 1)


def resident_id(number: int) -> str:
    """A sound number, another one for each ``number`` below 10 million."""
    born = _FIRST_DAY + timedelta(days=number % 10_000)
    body = f"530402{born:%Y%m%d}{number // 10_000:03d}"
    return body + check_character(body)


def resident(number: int, name: str = "", address: str = "云南省玉溪市红塔区") -> list[str]:
    """A sound row."""
    born = _FIRST_DAY + timedelta(days=number % 10_000)
    return [resident_id(number), name or f"居民{number}", "男", f"{born}", "1", address]


def residents(count: int, start: int = 0) -> list[list[str]]:
    """Sound rows with numbers from ``start`` on."""
    return [resident(number) for number in range(start, start + count)]
