"""Which language a command speaks: ``YIFEN_LANG``, else ``LANG``, else Chinese."""

from collections.abc import Mapping

from catalog.messages import Language


def language_of(environment: Mapping[str, str]) -> Language:
    """The language of a terminal by its environment."""
    chosen = environment.get("YIFEN_LANG", "")
    if chosen:
        return "en" if chosen.lower().startswith("en") else "zh"
    return "en" if environment.get("LANG", "").lower().startswith("en") else "zh"
