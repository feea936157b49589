"""The services of the story: for what purpose each asks, and what its rules need to be granted."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from catalog import definition, materials
from catalog.definition import Dataset
from catalog.evidence.engine import needs
from catalog.evidence.holding import Need
from catalog.evidence.reading import bundled as bundled_rules
from catalog.licences import dataset as licence_datasets
from catalog.licences.licence_type import LicenceType
from catalog.licences.licence_type import bundled as bundled_types
from catalog.services.reading import bundled as bundled_services
from hub.cases.finding import items_of_use, material_dataset
from hub.ops.demo.cast import HEALTH, MARKET

OPENING, FOOD, FIRE_CHECK = "enterprise_opening", "food_business_licence", "fire_safety_check"
BIRTH, INSURED, CARD = "newborn_registration", "newborn_insurance", "social_security_card"
BENEFITS = "newborn_benefits"
PURPOSES: Mapping[str, str] = {
    OPENING: OPENING,
    FOOD: FOOD,
    FIRE_CHECK: FIRE_CHECK,
    BIRTH: BIRTH,
    INSURED: BENEFITS,
    CARD: BENEFITS,
}
"""Each service with its purpose: services of one purpose may be one case."""
BUSINESS_LICENCE = "business_licence"
LEASE, BIRTH_CERTIFICATE = "material_lease", "material_birth_certificate"
TYPES: Mapping[str, str] = {LEASE: MARKET, BIRTH_CERTIFICATE: HEALTH}
"""Types of papers that departments file, and who provides each."""


class Wanted(NamedTuple):
    """What a service's rules and form ask of a dataset, in its department's name."""

    department: str
    purpose: str
    dataset: str
    items: tuple[str, ...]


def licence_type() -> LicenceType:
    """The type of licence that is issued in the story."""
    return bundled_types()[BUSINESS_LICENCE]


def known() -> Mapping[str, Dataset]:
    """Every dataset that is registered in the story."""
    code = licence_datasets.code_of(licence_type())
    papers = {one: materials.bundled()[one] for one in TYPES}
    return {**definition.bundled(), **papers, code: licence_datasets.bundled()[code]}


def wanted() -> tuple[Wanted, ...]:
    """All that the rules and the forms ask for, no item more; in the order of the services."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for service, purpose in PURPOSES.items():
        for need in needs([bundled_services()[service]], bundled_rules()):
            for dataset in _datasets(need):
                asked = found.setdefault((need.department, purpose, dataset.code), set())
                asked |= set(items_of_use(need, dataset))
    return tuple(
        Wanted(department, purpose, dataset, tuple(sorted(items)))
        for (department, purpose, dataset), items in found.items()
    )


def _datasets(need: Need) -> Iterator[Dataset]:
    """The dataset that answers a need; none if nobody here has such a thing."""
    code = need.source
    if need.kind == "licence":
        kind = licence_type()
        code = licence_datasets.code_of(kind) if kind.type_code == need.source else ""
    elif need.kind == "material":
        code = material_dataset(need.source)
    if code in known():
        yield known()[code]
