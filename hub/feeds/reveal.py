"""Step 5 of a page: each change as its result, granted items only, masked as the grant says."""

from catalog.identifiers import check_any
from catalog.masks import apply
from certs.canonical import Json, canonical
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.feeds.cursor import Cursors
from hub.feeds.told import Told
from hub.lookup.batch_ask import Subject
from hub.lookup.batch_reveal import Revealed
from hub.lookup.decide import Cover
from hub.lookup.reveal import NONCE_BYTES

UPSERTED, REMOVED = "upserted", "removed"


class FeedReveal:
    """Writes the results of one page; ``dataset`` and ``department`` by their full names.

    ``cased``: whoever asks named no subjects, so each result says for which case it is told.
    """

    def __init__(
        self, cover: Cover, cursors: Cursors, dataset: str, department: str, *, cased: bool = False
    ) -> None:
        self._cased = cased
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

    def reveal(self, told: Told) -> tuple[Subject | None, Revealed]:
        """Whom a change is about, as its entry names them, and its result."""
        subject, values = told.asked, told.values
        if subject is None and told.subject is not None:
            kind = told.kind or check_any(self._kinds, told.subject).kind
            subject = (kind, told.subject, None)
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
            "row": self._cursors.row(self._department, told.record),
            "subject": None if subject is None else {"id": subject[1], "type": subject[0]},
        }
        if self._cased:
            result["case"] = None if subject is None else subject[2]
        return subject, Revealed(canonical(result), "answered")

    def nothing(self) -> Revealed:
        """The result of a page that tells of a reset and of no row."""
        nonce = b64u(random_bytes(NONCE_BYTES))
        nobody: dict[str, Json] = {"case": None} if self._cased else {}
        result = {**self._shared, **nobody, "change": None, "nonce": nonce}
        return Revealed(canonical(result), "empty")
