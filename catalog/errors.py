"""Errors of the catalogue.

YifenError
└── CatalogueError
    ├── DefinitionRefused       a dataset's definition; facts file, place, why
    └── MessageCatalogueBroken  a text of ours is missing or stands twice; facts key, file
"""

from certs.errors import YifenError


class CatalogueError(YifenError):
    """The catalogue does not hold."""

    code = "catalogue-error"


class DefinitionRefused(CatalogueError):
    """A definition breaks the form; facts ``file``, ``place`` and ``why``."""

    code = "definition-refused"


class MessageCatalogueBroken(CatalogueError):
    """A text of ours is missing, incomplete or stands twice; facts ``key`` and ``file``."""

    code = "message-catalogue-broken"
