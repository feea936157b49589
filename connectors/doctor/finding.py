"""One thing that was looked at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from certs.errors import YifenError

Verdict: TypeAlias = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing.

    ``case`` names the text that says so and what to do (``connector.doctor.<what>.<case>``, with
    ``facts``); ``error`` is the error of ours that was met instead, which says so itself.
    """

    what: str
    verdict: Verdict
    case: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    error: YifenError | None = None


def good(what: str, **facts: str | int) -> Finding:
    """It is well."""
    return Finding(what, "good", "good", facts)


def warn(what: str, case: str, **facts: str | int) -> Finding:
    """It works, and something is to be done before long."""
    return Finding(what, "warn", case, facts)


def bad(what: str, case: str, **facts: str | int) -> Finding:
    """It does not work."""
    return Finding(what, "bad", case, facts)


def met(what: str, error: YifenError) -> Finding:
    """It does not work, and an error of ours says why."""
    return Finding(what, "bad", "error", error=error)


def tried(what: str, check: Callable[[], Finding]) -> Finding:
    """What ``check`` finds, or the error of ours that it met."""
    try:
        return check()
    except YifenError as error:
        return met(what, error)
