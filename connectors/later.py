"""Whether the hub says that its ledger goes on under a later name than the one that we pinned.

Nothing is believed for it: it only makes a refusal say what has happened.
"""

from http import HTTPStatus

from certs.canonical import parse
from certs.errors import Malformed
from connectors.errors import HubError, LedgerRestored
from connectors.transport import Transport

PATH = "/.well-known/yifen"
_LIMIT = 1024 * 1024
_DEPTH = 6


def number_of(origin: str) -> int | None:
    """The number of a ledger's name, ``<hub>/ledger/<n>``; None if it is none."""
    digits = origin.rpartition("/")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and digits[0] != "0" else None


def is_later(origin: str, pinned: str) -> bool:
    """Whether ``origin`` is a later name of the ledger that ``pinned`` names."""
    new, old = number_of(origin), number_of(pinned)
    same = origin.rpartition("/")[0] == pinned.rpartition("/")[0]
    return same and new is not None and old is not None and new > old


def restored(transport: Transport, pinned: str) -> LedgerRestored | None:
    """What to say of an answer under another name; None if the hub tells of no later one."""
    try:
        answer = transport.get(PATH, limit=_LIMIT)
        if answer.status != HTTPStatus.OK:
            return None
        told = parse(answer.body, max_bytes=_LIMIT, max_depth=_DEPTH)
    except (HubError, Malformed):
        return None
    ledger = told.get("ledger") if isinstance(told, dict) else None
    origin = ledger.get("origin") if isinstance(ledger, dict) else None
    if not isinstance(origin, str) or not is_later(origin, pinned):
        return None
    return LedgerRestored(old=pinned, new=origin)
