"""Which receipts are wanted: by time, dataset, state, question."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is not None must hold; times are milliseconds, ``since`` included, ``until`` not."""

    since: int | None = None
    until: int | None = None
    dataset: str | None = None
    state: str | None = None
    request_id: str | None = None

    def where(self) -> tuple[str, tuple[str | int, ...]]:
        """The condition, over receipts ``r`` and questions ``q``, with its values."""
        parts: list[tuple[str, str | int | None]] = [
            ("r.time >= ?", self.since),
            ("r.time < ?", self.until),
            ("q.dataset = ?", self.dataset),
            ("r.state = ?", self.state),
            ("r.request_id = ?", self.request_id),
        ]
        held = [(condition, value) for condition, value in parts if value is not None]
        conditions = " AND ".join(["1", *(condition for condition, _ in held)])
        return f"WHERE {conditions}", tuple(value for _, value in held)


EVERYTHING = Wanted()
