"""Steps 4 and 5 for the subjects of a batch: each one's records, granted items only, masked.

Results differ in their nonce and their records alone, so all else of their canonical JSON is
written once.
"""

from collections.abc import Sequence
from typing import NamedTuple

from catalog.masks import apply
from certs.canonical import Json, canonical
from certs.encoding import b64u
from certs.entropy import random_bytes
from hub.access.standing import Standing
from hub.lookup.batch_ask import Subject
from hub.lookup.decide import Cover, Permit, Refusal, permit_of
from hub.lookup.read import Record, Records
from hub.lookup.reveal import NONCE_BYTES, refuse

UNFIT = "batch-"
"""Before the true reason of a subject that could not be asked for, within an answered batch: so
its entry tells that the request was answered with 200."""


class Revealed(NamedTuple):
    """One subject's result as canonical JSON, its outcome class and its true reason."""

    result: bytes
    outcome: str
    reason: str = ""


class BatchReveal:
    """Answers the subjects of one covered batch; ``dataset`` is the full name."""

    def __init__(self, cover: Cover, standing: Standing, records: Records, dataset: str) -> None:
        self._cover = cover
        self._standing = standing
        self._records = records
        source, items = cover.source, cover.source.dataset.items
        self._chosen = sorted(
            (item.code, place, cover.masks[item.code])
            for place, item in enumerate(items)
            if item.code in cover.masks
        )
        shared: dict[str, Json] = {
            "as_of": source.told_as_of,
            "dataset": dataset,
            "generation": source.generation,
            "version": source.version,
        }
        frame = canonical({**shared, "found": "\x00", "nonce": "\x00", "records": "\x00"})
        self._frame = frame.replace(b"%", b"%%").replace(b'"\\u0000"', b"%b")

    def reveal(self, subjects: Sequence[Subject]) -> list[Revealed]:
        """The results of some subjects, in order; raises ``GenerationGone`` or ``SealBroken``."""
        permits = [permit_of(self._cover, kind, text) for kind, text, _ in subjects]
        wanted = [permit.subject for permit in permits if isinstance(permit, Permit)]
        found = iter(self._records.read_many(self._cover.source, wanted, self._standing))
        return [
            self._refused(permit) if isinstance(permit, Refusal) else self._shown(next(found))
            for permit in permits
        ]

    def _shown(self, records: list[Record]) -> Revealed:
        shown: list[Json] = []
        for record in records:
            values = record.values
            items: dict[str, Json] = {
                code: apply(mask, values[place])
                for code, place, mask in self._chosen
                if values[place]
            }
            shown.append({"disputed": record.disputed, "items": items})
        nonce = f'"{b64u(random_bytes(NONCE_BYTES))}"'.encode("ascii")
        if shown:
            return Revealed(self._frame % (b"true", nonce, canonical(shown)), "answered")
        return Revealed(self._frame % (b"false", nonce, b"[]"), "empty")

    @staticmethod
    def _refused(refusal: Refusal) -> Revealed:
        # There is no problem document for a single subject: why stands in its result.
        result: dict[str, Json] = {
            "nonce": b64u(random_bytes(NONCE_BYTES)),
            "problem": refusal.code,
            **dict(refusal.facts),
        }
        return Revealed(canonical(result), "malformed", f"{UNFIT}{refusal.reason}")


def refuse_all(refusal: Refusal, count: int) -> list[Revealed]:
    """The same refusal for each subject, each with 128 random bits of its own."""
    answers = [refuse(refusal) for _ in range(count)]
    return [Revealed(canonical(one.result), one.outcome, refusal.reason) for one in answers]
