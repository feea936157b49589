"""Which language a command speaks: ``YIFEN_LANG``, else the locale's, else Chinese."""

from collections.abc import Mapping

from catalog.messages import Language


def language_of(environment: Mapping[str, str]) -> Language:
    """The language of a terminal by its environment."""
    for name in ("YIFEN_LANG", "LC_ALL", "LANG"):
        value = environment.get(name, "")
        if value:
            return "en" if value.lower().startswith("en") else "zh"
    return "zh"
