"""What a credential of a licence says: a pure function from the licence to claims (SD-JWT VC).

    vct, iss, iat, exp, nbf, status     always open: they tell whether it holds
    certificate…                        metadata of GB/T 36903; open if in the type's minimum
    items {code: value}                 the type's own items; open if in the type's minimum

Everything that is not open becomes a disclosure of its own. What is empty is left out.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from catalog.errors import LicenceRefused
from catalog.licences.document import Licence
from catalog.licences.licence_type import LicenceType
from catalog.licences.metadata import claim_names
from certs.canonical import Json
from certs.disclosures import Path
from certs.status_list import Reference

ITEMS = "items"
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Without summer time since 1991; days on licences are days there."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a credential is issued.

    ``issuer`` is the origin of the hub that signs (``https://…``), ``issued`` the time in seconds
    since 1970, ``lifetime`` the seconds that a credential lives at most, and ``status`` its
    place in a status list, which no other credential has.
    """

    issuer: str
    issued: int
    lifetime: int
    status: Reference


@dataclass(frozen=True, slots=True)
class Claims:
    """What ``certs.sd_jwt.issue`` takes: the claims, and the paths of the disclosures."""

    claims: dict[str, Json]
    hidden: tuple[Path, ...]


def credential_type(issuer: str, kind: LicenceType) -> str:
    """The ``vct`` of a type: an address of the hub's, so that no other issuer's is the same."""
    return f"{issuer}/licences/types/{kind.type_code}"


def claims_of(licence: Licence, terms: Terms) -> Claims:
    """The claims of a credential of ``licence``.

    It ends with the last day of the licence's validity, or after ``lifetime``. Raises
    ``LicenceRefused`` (``metadata.valid_until``, ``over``) for a licence that has ended.
    """
    names = claim_names()
    open_codes = frozenset(licence.type.minimum)
    shown = {code: value for code, value in licence.metadata.items() if value}
    items = {code: value for code, value in licence.items.items() if value}
    claims: dict[str, Json] = {
        "vct": credential_type(terms.issuer, licence.type),
        "iss": terms.issuer,
        "iat": terms.issued,
        "exp": _ends(licence, terms),
        "status": terms.status.claim(),
        **{names[code]: value for code, value in shown.items()},
    }
    if shown.get("valid_from"):
        claims["nbf"] = _begins(shown["valid_from"])
    if items:
        claims[ITEMS] = items
    hidden: list[Path] = [(names[code],) for code in shown if code not in open_codes]
    hidden += [(ITEMS, code) for code in items if code not in open_codes]
    return Claims(claims, tuple(hidden))


def _begins(day: str) -> int:
    """The first second of a day in Asia/Shanghai."""
    return int(datetime.combine(date.fromisoformat(day), time(), SHANGHAI).timestamp())


def _ends(licence: Licence, terms: Terms) -> int:
    latest = terms.issued + terms.lifetime
    last_day = licence.metadata["valid_until"]
    if not last_day:
        return latest
    over = _begins(last_day) + int(timedelta(days=1).total_seconds())
    if over <= terms.issued:
        raise LicenceRefused([("metadata.valid_until", "over")])
    return min(over, latest)
