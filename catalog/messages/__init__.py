"""The one catalogue of texts that people read, Chinese and English.

Each ``*.toml`` file beside this module holds one area; a key stands in one file only.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from catalog.errors import MessageCatalogueBroken

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """All texts by key; raises ``MessageCatalogueBroken`` for a key twice or a language missing."""
    texts: dict[str, dict[Language, str]] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        for key, value in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if key in texts:
                raise MessageCatalogueBroken(key=key, file=entry.name)
            if not isinstance(value, dict) or set(value) != set(LANGUAGES):
                raise MessageCatalogueBroken(key=key, file=entry.name)
            texts[key] = {language: str(value[language]) for language in LANGUAGES}
    return texts


def text(key: str, language: Language, /, **params: str | int) -> str:
    """The text of ``key`` in ``language`` with ``params`` filled in.

    A key that is not in the catalogue is a fault of ours: raises ``MessageCatalogueBroken``.
    """
    entry = catalogue().get(key)
    if entry is None:
        raise MessageCatalogueBroken(key=key, file="")
    return entry[language].format(**params) if params else entry[language]


def both(key: str, **params: str | int) -> dict[str, str]:
    """The text of ``key`` in every language."""
    return {language: text(key, language, **params) for language in LANGUAGES}
