"""Services and rules as they stand, made ready to decide by, and kept until they change.

The epoch says when to look; what is found is the same for most epochs, and then the rules that
were made ready for the one before serve on. A version never changes, so each is read once.
"""

from collections.abc import Mapping
from typing import NamedTuple

from catalog.definition import Dataset
from catalog.definition import load as load_dataset
from catalog.evidence import reading as rules_reading
from catalog.evidence.rule import RuleSet
from catalog.evidence.rules import Rules
from catalog.services import reading as services_reading
from catalog.services.service import Service
from certs.encoding import digest
from hub.access.standing import StandingBook
from hub.storage.sqlite import Connection

_SERVICES = (
    "SELECT code, version FROM services t WHERE status = 'active' AND version ="
    " (SELECT max(version) FROM services WHERE code = t.code) ORDER BY code"
)
_RULE_SETS = (
    "SELECT code, version FROM rule_sets t WHERE status = 'active' AND version ="
    " (SELECT max(version) FROM rule_sets WHERE code = t.code) ORDER BY code"
)


class InForce(NamedTuple):
    """What cases are decided by at one epoch.

    ``definitions`` are the digests of the sets' TOML; ``licences`` says in which dataset the
    licences of a type are.
    """

    epoch: int
    services: Mapping[str, Service]
    rules: Rules
    definitions: Mapping[str, str]
    datasets: Mapping[str, Dataset]
    licences: Mapping[str, str]


class RuleShelf:
    """What is in force, for one process."""

    def __init__(self, reading: Connection, book: StandingBook) -> None:
        self._reading = reading
        self._book = book
        self._kept: InForce | None = None
        self._made_of: object = None
        self._services: dict[tuple[str, int], Service] = {}
        self._sets: dict[tuple[str, int], tuple[RuleSet, str]] = {}
        self._datasets: dict[bytes, Dataset] = {}

    def current(self) -> InForce:
        """What is in force now."""
        epoch = self._book.refresh().epoch
        if self._kept is None or self._kept.epoch != epoch:
            self._kept = self._follow(epoch)
        return self._kept

    def service(self, code: str, version: int) -> Service:
        """A version of a service that was registered, whether it is in force or not."""
        return self._service(code, version)

    def _follow(self, epoch: int) -> InForce:
        services = [(str(code), int(version)) for code, version in self._reading.execute(_SERVICES)]
        sets = [(str(code), int(version)) for code, version in self._reading.execute(_RULE_SETS)]
        datasets = self._reading.execute("SELECT code, definition FROM datasets").fetchall()
        made_of = (services, sets, datasets)
        if self._kept is not None and made_of == self._made_of:
            return self._kept._replace(epoch=epoch)
        known = {code: self._dataset(code, definition) for code, definition in datasets}
        read = [self._set(*one) for one in sets]
        self._made_of = made_of
        return InForce(
            epoch=epoch,
            services={code: self._service(code, version) for code, version in services},
            # That they fit was checked when they were put. A dataset that has changed since may
            # lack an item: then a way is not satisfied, and the applicant brings the paper.
            rules=Rules([one for one, _ in read]),
            definitions={one.code: of for one, of in read},
            datasets=known,
            licences={
                kind: code for code, dataset in known.items() if (kind := dataset.licence_type)
            },
        )

    def _dataset(self, code: str, definition: bytes) -> Dataset:
        found = self._datasets.get(definition)
        if found is None:
            found = self._datasets[definition] = load_dataset(definition, code)
        return found

    def _service(self, code: str, version: int) -> Service:
        found = self._services.get((code, version))
        if found is None:
            definition = self._text("services", code, version)
            found = services_reading.load(definition, code)
            self._services[code, version] = found
        return found

    def _set(self, code: str, version: int) -> tuple[RuleSet, str]:
        found = self._sets.get((code, version))
        if found is None:
            definition = self._text("rule_sets", code, version)
            found = self._sets[code, version] = (
                rules_reading.load(definition, code),
                digest(definition),
            )
        return found

    def _text(self, table: str, code: str, version: int) -> bytes:
        (definition,) = self._reading.execute(
            f"SELECT definition FROM {table} WHERE code = ? AND version = ?",  # noqa: S608 no input
            (code, version),
        ).fetchone()
        return bytes(definition)
