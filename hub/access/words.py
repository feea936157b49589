"""The form of codes that people give to things."""

import re

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,47}\Z", re.ASCII)


def is_code(text: str) -> bool:
    """Whether ``text`` may name a department, connector or purpose: lower-case, at most 48."""
    return _CODE.match(text) is not None
