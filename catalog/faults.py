"""Every fault of a table that is read strictly, with its place.

A list's parts stand in places by their code where they have one: ``materials[lease].legal_basis``.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from catalog.errors import Fault


def faults_of(
    error: ValidationError,
    table: Mapping[str, object],
    file: str,
    tags: frozenset[str] = frozenset(),
) -> list[Fault]:
    """What the model found; ``tags`` are kinds in a union, which stand in no place."""
    found = []
    told = error.errors()
    for one in told:
        # A list whose only part is unsound counts as empty; the part's own fault says it better.
        inside = (each["loc"][: len(one["loc"])] == one["loc"] for each in told if each is not one)
        if one["type"] == "too_short" and any(inside):
            continue
        why = str(one.get("ctx", {}).get("error", "")) or one["type"].replace("_", "-")
        found.append(Fault(file, place(one["loc"], table, tags), why))
    return found


def place(
    where: Sequence[int | str], table: Mapping[str, object], tags: frozenset[str] = frozenset()
) -> str:
    """The key of a fault in words."""
    parts: list[str] = []
    here: object = table
    for part in where:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and part < len(here) else None
            code = here.get("code") if isinstance(here, dict) else None
            named = code if isinstance(code, str) else part + 1
            parts[-1:] = [f"{parts[-1]}[{named}]"] if parts else [f"[{named}]"]
        elif part not in tags:
            here = here.get(part) if isinstance(here, dict) else None
            parts.append(str(part))
    return ".".join(parts) or "file"
