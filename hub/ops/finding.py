"""One thing that ``hub doctor`` has looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from certs.errors import YifenError

Verdict: TypeAlias = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``error`` is the error of ours that was met, if one was."""

    what: str
    verdict: Verdict
    error: YifenError | None = None


def tried(what: str, check: Callable[[], object]) -> Finding:
    """Good if the check raises nothing."""
    try:
        check()
    except YifenError as error:
        return Finding(what, "bad", error)
    except OSError:
        return Finding(what, "bad")
    return Finding(what, "good")
