"""Names as entries hold them: with the hub's own before them."""

from certs.canonical import Json


def local(full: Json) -> str:
    """A code without the hub's name before it."""
    return str(full).rpartition(":")[2]
