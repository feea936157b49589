"""Everything in the database that the master key wraps, in one place: all of it changes with it.

Month keys lie in files (``hub/ledger/month_keys.py``) and wrap the keys of *person* parts.
"""

from collections.abc import Iterator
from typing import NamedTuple

from certs.sealing import Wrapping
from hub.storage.sqlite import Connection


class Wrapped(NamedTuple):
    """One wrapped key: where it stands, for what it was wrapped, and the wrapping."""

    update: str
    row: str
    context: str
    blob: bytes


def generation_context(dataset: str, name: str) -> str:
    """What the keys of a generation are wrapped for; ``dataset`` is its full name."""
    return f"generation/{dataset}/{name}"


def publication_context(publication: str) -> str:
    """What a publication's key is wrapped for."""
    return f"publication/{publication}"


def material_context(material: str) -> str:
    """What a material's key is wrapped for, on its way and on file."""
    return f"material/{material}"


def licence_context(licence: str) -> str:
    """What a licence's key is wrapped for."""
    return f"licence/{licence}"


def case_context(case: str) -> str:
    """What the key of a case's content is wrapped for."""
    return f"case/{case}"


def kept_context(label: str) -> str:
    """What a kept key is wrapped for."""
    return f"kept/{label}"


def wrapped_keys(connection: Connection, hub: str) -> Iterator[Wrapped]:
    """Every wrapped key of the hub of that name; fields that hold none are left out."""
    for name, dataset, blob in connection.execute(
        "SELECT name, dataset, keys FROM generations"
    ).fetchall():
        context = generation_context(f"{hub}:{dataset}", name)
        yield Wrapped("UPDATE generations SET keys = ? WHERE name = ?", name, context, blob)
    for publication, blob in connection.execute("SELECT id, key FROM publications").fetchall():
        if blob:
            update = "UPDATE publications SET key = ? WHERE id = ?"
            yield Wrapped(update, publication, publication_context(publication), blob)
    for table in ("materials", "material_uploads"):
        for material, blob in connection.execute(f"SELECT id, key FROM {table}").fetchall():  # noqa: S608 no input
            if blob:
                update = f"UPDATE {table} SET key = ? WHERE id = ?"  # noqa: S608 no input
                yield Wrapped(update, material, material_context(material), blob)
    for licence, blob in connection.execute("SELECT id, key FROM licences").fetchall():
        update = "UPDATE licences SET key = ? WHERE id = ?"
        yield Wrapped(update, licence, licence_context(licence), blob)
    sealed = "SELECT id, key FROM cases WHERE length(key) > 0"  # the others were destroyed
    for case, blob in connection.execute(sealed).fetchall():
        yield Wrapped("UPDATE cases SET key = ? WHERE id = ?", case, case_context(case), blob)
    for label, blob in connection.execute("SELECT label, wrapped FROM kept_keys").fetchall():
        update = "UPDATE kept_keys SET wrapped = ? WHERE label = ?"
        yield Wrapped(update, label, kept_context(label), blob)


def rewrap(connection: Connection, hub: str, old: Wrapping, new: Wrapping) -> int:
    """Wrap every key by ``new`` in place of ``old``; gives how many there were.

    Inside a transaction. Raises ``SealBroken`` for one that ``old`` does not open.
    """
    count = 0
    for one in wrapped_keys(connection, hub):
        blob = new.wrap(old.unwrap(one.blob, one.context), one.context)
        connection.execute(one.update, (blob, one.row))
        count += 1
    return count
