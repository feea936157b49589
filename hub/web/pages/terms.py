"""The terms of a grant as a form: filled from a grant, read from fields, turned into terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from catalog.definition import Dataset
from catalog.item import Item
from catalog.masks import MASKS, Mask, suits
from certs.encoding import rfc3339
from hub.access.grant import Grant, Terms
from hub.errors import Unprocessable
from hub.web.pages.form import Form
from hub.web.pages.words import day, end_of_day, is_quota, start_of_day

NOT_SHARED = 3
"""不予共享 (政务数据共享条例, Art 15)."""
_BASIS = 500


@dataclass(frozen=True, slots=True)
class TermsForm:
    """What somebody filled in; ``version`` is 0 for a grant that is not issued yet."""

    department: str
    dataset: str
    operations: tuple[str, ...]
    channels: tuple[str, ...]
    items: Mapping[str, str]
    purposes: tuple[str, ...]
    since: str
    until: str
    quota: str
    case_required: bool
    existence: bool
    basis: str
    version: int = 0

    @classmethod
    def empty(cls, department: str, dataset: str, now: int, until: int) -> "TermsForm":
        """The form of a new grant: everything that widens it is to be chosen."""
        return cls(
            department=department,
            dataset=dataset,
            operations=(),
            channels=(),
            items={},
            purposes=(),
            since=day(now),
            until=day(until),
            quota="",
            case_required=True,
            existence=False,
            basis="",
        )

    @classmethod
    def of_grant(cls, grant: Grant) -> "TermsForm":
        """The form of a grant as it stands."""
        return cls(
            department=grant.department,
            dataset=grant.dataset,
            operations=tuple(sorted(grant.operations)),
            channels=tuple(sorted(grant.channels)),
            items=dict(grant.items),
            purposes=tuple(sorted(grant.purposes)),
            since=day(grant.valid_from),
            until=day(grant.valid_until - 1),
            quota="" if grant.daily_quota is None else str(grant.daily_quota),
            case_required=grant.case_required,
            existence=grant.existence,
            basis=grant.basis,
            version=grant.version,
        )

    @classmethod
    def read(cls, form: Form, department: str, dataset: str) -> "TermsForm":
        """The form as sent; raises ``Unprocessable`` for a version that is no number."""
        return cls(
            department=department,
            dataset=dataset,
            operations=form.many("operation"),
            channels=form.many("channel"),
            items={code: mask for code, mask in form.beginning("item.").items() if mask},
            purposes=form.many("purpose"),
            since=form.one("since"),
            until=form.one("until"),
            quota=form.one("quota"),
            case_required=form.one("case_required") == "yes",
            existence=form.one("existence") == "yes",
            basis=form.one("basis"),
            version=form.number("version") or 0,
        )

    def wrong(self, definition: Dataset) -> dict[str, str]:
        """What is wrong with each field, as slugs; empty if nothing."""
        return dict(self._faults(definition))

    def _faults(self, definition: Dataset) -> Iterator[tuple[str, str]]:
        if not self.operations:
            yield "operations", "operations-none"
        if not self.channels:
            yield "channels", "channels-none"
        offered = {item.code: choices(item) for item in definition.items}
        if not self.items or any(
            mask not in offered.get(code, ()) for code, mask in self.items.items()
        ):
            yield "items", "items-none"
        if not self.purposes:
            yield "purposes", "purpose-missing"
        yield from self._period()
        if self.quota and not is_quota(self.quota):
            yield "quota", "number"
        if not 0 < len(self.basis) <= _BASIS:
            yield "basis", "basis-missing"

    def _period(self) -> Iterator[tuple[str, str]]:
        since, until = start_of_day(self.since), end_of_day(self.until)
        if since is None:
            yield "since", "date"
        elif until is None:
            yield "until", "date"
        elif until <= since:
            yield "until", "period"

    def terms(self) -> Terms:
        """The terms; call when nothing is ``wrong``. Raises ``Unprocessable`` all the same."""
        since, until = start_of_day(self.since), end_of_day(self.until)
        if since is None or until is None:
            raise Unprocessable(why="date")
        try:
            return Terms.model_validate(
                {
                    "department": self.department,
                    "dataset": self.dataset,
                    "operations": self.operations,
                    "channels": self.channels,
                    "items": self.items,
                    "purposes": self.purposes,
                    "valid_from": rfc3339(since),
                    "valid_until": rfc3339(until),
                    "daily_quota": int(self.quota) if self.quota else None,
                    "case_required": self.case_required,
                    "existence": self.existence,
                    "basis": self.basis,
                }
            )
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise Unprocessable(why=f"member {place[:64]}") from error

    def fields(self) -> list[tuple[str, str]]:
        """All fields as names and values, for a page that carries them on unseen."""
        carried = [
            *(("operation", value) for value in self.operations),
            *(("channel", value) for value in self.channels),
            *((f"item.{code}", mask) for code, mask in self.items.items()),
            *(("purpose", value) for value in self.purposes),
            ("since", self.since),
            ("until", self.until),
            ("quota", self.quota),
            ("basis", self.basis),
            ("version", str(self.version)),
        ]
        if self.case_required:
            carried.append(("case_required", "yes"))
        if self.existence:
            carried.append(("existence", "yes"))
        return carried


def choices(item: Item) -> tuple[Mask, ...]:
    """The masks that a grant may put on an item; none if it may not be shared at all."""
    if item.sharing == NOT_SHARED:
        return ()
    return tuple(mask for mask in MASKS if suits(mask, item))
