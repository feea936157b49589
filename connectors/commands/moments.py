"""Moments as people write them at a terminal."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

STATUTORY = ZoneInfo("Asia/Shanghai")
"""Whose days are meant where somebody names a day."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(click.ParamType[int]):
    """RFC 3339, or a day of Asia/Shanghai, as milliseconds since 1970 UTC."""

    name = "moment"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The moment; fails for anything else, and for a time that names no zone."""
        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(value, param, ctx)
        if len(value) == len("2026-01-02"):
            moment = moment.replace(tzinfo=STATUTORY)
        if moment.tzinfo is None:
            self.fail(value, param, ctx)
        return round((moment - _EPOCH).total_seconds() * 1000)


MOMENT = Moment()
