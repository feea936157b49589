"""Step 5 of a page: each change as its result, granted items only, masked as the grant says."""

from catalog.identifiers import check_any
from catalog.masks import apply
from certs.canonical import Json, canonical
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.feeds.cursor import Cursors
from hub.feeds.follow import Told
from hub.lookup.batch_ask import Subject
from hub.lookup.batch_reveal import Revealed
from hub.lookup.decide import Cover
from hub.lookup.reveal import NONCE_BYTES

UPSERTED, REMOVED = "upserted", "removed"


class FeedReveal:
    """Writes the results of one page; ``dataset`` and ``department`` by their full names."""

    def __init__(self, cover: Cover, cursors: Cursors, dataset: str, department: str) -> None:
        self._cursors = cursors
        self._department = department
        source = cover.source
        self._kinds = source.dataset.subject.kinds
        self._chosen = [
            (item.code, place, cover.masks[item.code])
            for place, item in enumerate(source.dataset.items)
            if item.code in cover.masks
        ]
        self._shared: dict[str, Json] = {
            "as_of": source.told_as_of,
            "dataset": dataset,
            "generation": source.generation,
            "version": source.version,
        }

    def reveal(self, told: Told) -> tuple[Subject, Revealed]:
        """Whom a change is about, as its entry names them, and its result."""
        kind = check_any(self._kinds, told.subject).kind
        subject: Subject = told.asked or (kind, told.subject, None)
        values = told.values
        items: dict[str, Json] = (
            {}
            if values is None
            else {
                code: apply(mask, values[place])
                for code, place, mask in self._chosen
                if values[place]
            }
        )
        result: dict[str, Json] = {
            **self._shared,
            "change": REMOVED if values is None else UPSERTED,
            "disputed": told.disputed,
            "items": items,
            "nonce": b64u(random_bytes(NONCE_BYTES)),
            "row": self._cursors.row(self._department, told.pseudonym),
            "subject": {"id": subject[1], "type": subject[0]},
        }
        return subject, Revealed(canonical(result), "answered")

    def nothing(self) -> Revealed:
        """The result of a page that tells of a reset and of no row."""
        nonce = b64u(random_bytes(NONCE_BYTES))
        return Revealed(canonical({**self._shared, "change": None, "nonce": nonce}), "empty")
