"""Forgetting in one process what an erasure destroyed, in whichever process that was."""

from hub.audit.search import AuditIndex
from hub.ledger.erasure import completed, newest_completed
from hub.ledger.persons import PersonKeys
from hub.storage.sqlite import Connection


class Forgetting:
    """Looks whether erasures have been completed, and drops keys and rows from memory."""

    def __init__(self, reading: Connection, persons: PersonKeys, audit: AuditIndex) -> None:
        self._reading = reading
        self._persons = persons
        self._audit = audit
        self._seen = newest_completed(reading)

    async def look(self) -> None:
        """Forget what is newly gone."""
        if newest_completed(self._reading) == self._seen:
            return
        for number, spans in completed(self._reading, self._seen):
            self._persons.forget_erased()
            await self._audit.forget(spans)
            self._seen = number
