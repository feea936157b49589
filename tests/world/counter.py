"""A counter on the console: a service of ``nrb``, its rules, and everybody who comes there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from world.asking import Answer
from world.casework import APPLICANT, SERVICE, Casework, casework
from world.everyone import THIRD, Everyone
from world.town import PURPOSE

OFFICER = f"{THIRD}.officer"
NEW = "/cases/new"
GIVEN = {
    "service": SERVICE,
    "case": "备案-2026-17",
    "purpose": PURPOSE,
    "who": "applicant",
    "party.applicant": APPLICANT,
    "given.name": "张三丰",
}


@dataclass
class Counter:
    """Pages asked as a browser would."""

    everyone: Everyone
    desk: Casework

    @classmethod
    def of(cls, everyone: Everyone) -> "Counter":
        return cls(everyone, casework(everyone.world))

    def get(self, path: str, who: str = OFFICER) -> Answer:
        return self.everyone.browse(who, "GET", path, b"")

    def post(self, path: str, fields: Mapping[str, object], who: str = OFFICER) -> Answer:
        data = urlencode(fields, doseq=True).encode()
        return self.everyone.browse(who, "POST", path, data)

    def open(self, by: str = OFFICER, **changes: object) -> Answer:
        """Open a case by the form, each time another form."""
        seed = f"seed-{self.everyone.world.entries()}"
        fields: dict[str, object] = {**GIVEN, "seed": seed}
        return self.post(NEW, fields | changes, by)

    def opened(self, by: str = OFFICER, **changes: object) -> str:
        """The same; gives the case's number."""
        answer = self.open(by, **changes)
        assert answer.status == 200, text_of(answer)
        return case_of(answer)

    def act(
        self, case: str, act: str, fields: Mapping[str, object] | None = None, who: str = OFFICER
    ) -> Answer:
        """An act on the version that stands."""
        sent = {"version": self.version(case), **(fields or {})}
        return self.post(f"/cases/{case}/{act}", sent, who)

    def version(self, case: str) -> int:
        reading = self.everyone.world.hub.reading
        row = reading.execute("SELECT version FROM cases WHERE id = ?", (case,)).fetchone()
        return 0 if row is None else int(row[0])


def text_of(answer: Answer) -> str:
    return answer.body.decode("utf-8")


def case_of(answer: Answer) -> str:
    """The case that a page is about."""
    found = re.search(r"C-[0-9a-f]{16}", text_of(answer))
    assert found is not None
    return found[0]
