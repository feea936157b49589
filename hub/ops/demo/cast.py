"""Who plays: the departments, what each provides, and their people with random passwords."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalog.messages import Language, text
from certs.keys import write_secret
from hub.people.permissions import Role

POLICE, MARKET, LAND = "psb", "mrb", "nrb"
FIRE, HEALTH, INSURANCE, LABOUR = "frb", "hcb", "hsb", "hrb"
STAFF: Mapping[str, tuple[Role, ...]] = {
    POLICE: ("officer", "steward"),
    MARKET: ("officer", "steward"),
    LAND: ("officer", "steward"),
    FIRE: ("officer",),
    HEALTH: ("officer",),
    INSURANCE: ("steward", "head"),
    LABOUR: ("officer", "head"),
}
"""Every department, and which roles somebody has in it."""
CONNECTED = (POLICE, MARKET, LAND, FIRE, HEALTH, LABOUR)
"""Departments with a connector: the insurance bureau has its cases handled by a window."""
DATASETS = {
    POLICE: ("resident", "household"),
    MARKET: ("legal_entity", "credit_approval", "credit_penalty", "credit_list", "e_licence"),
    LAND: ("real_estate", "shared_material"),
}
"""What each department publishes; together all that the catalogue brings."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# Four groups of five out of 31 characters: 99 bits.
_GROUPS, _GROUP = 4, 5


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in."""

    account: str
    name: str
    role: Role
    department: str | None
    password: str = field(repr=False)
    initial: str = field(repr=False)
    """What the administrator sets, and the person changes before anything else."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people by account."""

    people: tuple[Account, ...]

    def named(self, account: str) -> Account:
        """Who has an account."""
        return next(person for person in self.people if person.account == account)

    def officer(self, department: str) -> Account:
        """The officer of a department."""
        return self.named(f"{department}-officer")

    def steward(self, department: str) -> Account:
        """The steward of a department."""
        return self.named(f"{department}-steward")

    def head(self, department: str) -> Account:
        """The head of a department."""
        return self.named(f"{department}-head")

    @property
    def administrator(self) -> Account:
        """Who admits and grants."""
        return self.named("admin")

    @property
    def auditor(self) -> Account:
        """Who reads the log."""
        return self.named("auditor")


def gather(language: Language) -> Cast:
    """The people of the story; their surnames are none of the city's, so nobody is mistaken."""

    def person(account: str, role: Role, department: str | None = None) -> Account:
        name = text(f"demo.person.{account}", language)
        return Account(account, name, role, department, _password(), _password())

    people = [person("admin", "administrator"), person("auditor", "auditor")]
    for code, roles in STAFF.items():
        people += [person(f"{code}-{role}", role, code) for role in roles]
    return Cast(tuple(people))


def keep(cast: Cast, path: Path, address: str, language: Language) -> None:
    """Write the accounts to a file that only its owner may read."""
    lines: Sequence[str] = (
        text("demo.accounts.file", language, address=address),
        "",
        *(
            f"{one.account:<14}{one.password}   {whereabouts(one, language)}  {one.name}"
            for one in cast.people
        ),
        "",
    )
    write_secret(path, "\n".join(lines).encode("utf-8"))


def whereabouts(one: Account, language: Language) -> str:
    """Role and department in words."""
    role = text(f"demo.role.{one.role}", language)
    if one.department is None:
        return role
    department = text(f"demo.department.{one.department}", language)
    return text("demo.role.of", language, role=role, department=department)


def _password() -> str:
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )
