"""Errors of the catalogue.

YifenError
└── CatalogueError
    ├── DefinitionRefused       a dataset's definition; facts file, place, why
    │   └── FaultsFound         every fault at once; facts of the first, and how many
    │       ├── ServiceRefused
    │       ├── MappingRefused  how a source's headings and codes are read
    │       └── RulesRefused    rules of evidence
    ├── IdentifierRefused       a part of an identifier that is to be made; fact part
    ├── LicenceRefused          what is to stand on a licence; facts place, why, count
    ├── TransitionRefused       a licence cannot go on like this; facts status, act
    ├── ExplanationMissing      this status of a licence has to be explained; fact status
    ├── SheetUnreadable         a list of services that is no sheet at all; fact why
    └── MessageCatalogueBroken  a text of ours is missing or stands twice; facts key, file
"""

from collections.abc import Sequence
from typing import NamedTuple

from certs.errors import YifenError


class CatalogueError(YifenError):
    """The catalogue does not hold."""

    code = "catalogue-error"


class DefinitionRefused(CatalogueError):
    """A definition breaks the form; facts ``file``, ``place`` and ``why``."""

    code = "definition-refused"


class Fault(NamedTuple):
    """One fault of something that is read strictly; ``why`` is a slug."""

    file: str
    place: str
    why: str


class FaultsFound(DefinitionRefused):
    """All faults, in ``faults``; facts ``file``, ``place``, ``why`` of the first, and ``count``."""

    code = "faults-found"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(file=first.file, place=first.place, why=first.why, count=len(self.faults))


class ServiceRefused(FaultsFound):
    """A service breaks the form, asks for a catch-all, or asks without a legal basis."""

    code = "service-refused"


class MappingRefused(FaultsFound):
    """A mapping of a source's headings and codes breaks the form."""

    code = "service-mapping-refused"


class RulesRefused(FaultsFound):
    """Rules of evidence break the form or contradict themselves, a service or a dataset."""

    code = "rules-refused"


class SheetUnreadable(CatalogueError):
    """A list of services that cannot be read at all; fact ``why`` is a slug."""

    code = "sheet-unreadable"


class IdentifierRefused(CatalogueError):
    """A part of an identifier that is to be made breaks its form; fact ``part``."""

    code = "identifier-refused"


class LicenceRefused(CatalogueError):
    """What is to stand on a licence does not hold.

    ``faults`` are all of them, as pairs of place and reason (slugs); facts ``place`` and ``why`` of
    the first, and ``count``.
    """

    code = "licence-refused"

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        place, why = self.faults[0]
        super().__init__(place=place, why=why, count=len(self.faults))


class TransitionRefused(CatalogueError):
    """A licence in this status cannot be changed like this; facts ``status`` and ``act``."""

    code = "licence-transition-refused"


class ExplanationMissing(CatalogueError):
    """A status that says nothing by itself has to be explained; fact ``status``."""

    code = "licence-explanation-missing"


class MessageCatalogueBroken(CatalogueError):
    """A text of ours is missing, incomplete or stands twice; facts ``key`` and ``file``."""

    code = "message-catalogue-broken"
