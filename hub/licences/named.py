"""What else a licence is asked for by: its identifier beside its holder, for whoever looks back.

An entry names whom it was asked about as it was asked: a lookup by a licence's identifier names the
identifier, and of the holder nothing. Who wants to know what was asked about a person or a body
looks for both.
"""

from catalog.identifiers import KINDS, check
from catalog.identifiers.normalise import trimmed
from certs.errors import SealBroken
from certs.sealing import SealingKey, Wrapping
from hub.licences.content import Content, open_content
from hub.licences.tags import LicenceTags
from hub.storage.sqlite import Connection
from hub.storage.wrapped import licence_context

_BY_HOLDER = "SELECT id, key, sealed FROM licences WHERE holder = ? ORDER BY id"
_BY_IDENTIFIER = "SELECT id, key, sealed FROM licences WHERE identifier = ?"


class LicenceNames:
    """Reads whose a licence is, and which licences somebody holds."""

    def __init__(self, reading: Connection, master: Wrapping, tags: LicenceTags) -> None:
        self._reading = reading
        self._master = master
        self._tags = tags

    def held(self, holder: str) -> list[str]:
        """The identifiers of all licences that a holder has, or had; in whatever form named."""
        kinds = [code for (code,) in self._reading.execute("SELECT type_code FROM licence_types")]
        return sorted(
            content.identifier
            for form in _forms(holder)
            for kind in kinds
            for content in self._open(_BY_HOLDER, self._tags.of_holder(kind, form))
        )

    def holders(self, identifier: str) -> list[str]:
        """Whose the licence of an identifier is; empty if it is none of ours."""
        return sorted(
            content.holder
            for form in _forms(identifier)
            for content in self._open(_BY_IDENTIFIER, self._tags.of_identifier(form))
        )

    def _open(self, query: str, tag: bytes) -> list[Content]:
        found: list[Content] = []
        for licence, wrapped, sealed in self._reading.execute(query, (tag,)).fetchall():
            try:
                key = SealingKey(self._master.unwrap(wrapped, licence_context(licence)))
                found.append(open_content(sealed, key, licence))
            except SealBroken:
                continue  # a verification tells of it; nobody is kept from searching
        return found


def _forms(text: str) -> set[str]:
    """How an identifier may stand on a licence."""
    return {check(kind, text).value for kind in KINDS} | {trimmed(text)}
