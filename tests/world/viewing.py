"""A town in which ``mrb`` issues licences, and ``nrb`` may view their files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalog.licences.document import on_paper
from catalog.licences.licence_type import bundled
from certs.canonical import Json, canonical
from hub.access import grants
from hub.access.grant import Grant
from world.asking import Answer, Gateway, Members
from world.licensing import BUSINESS, COMPANY, LOOKED_UP, Licensing, licensing, terms_of
from world.town import ADMINISTRATOR, Town

FONTS = (
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)
FONT = next((font for font in FONTS if font.exists()), None)
NO_FONT = FONT is None and os.environ.get("YIFEN_REQUIRE") != "all"
ON_PAPER = tuple(on_paper(bundled()[BUSINESS]))


@dataclass
class Viewing(Licensing):
    """A world in which ``nrb`` has a grant for the files of business licences."""

    request_id: str = ""

    def again(self, **terms: object) -> Grant:
        """Give the grant other terms."""
        changes, reading = self.world.hub.changes, self.world.hub.reading
        version = grants.find(reading, self.grant.id).version
        new = terms_of(self.world.town.founded, **full(**terms))
        return grants.change(changes, ADMINISTRATOR, self.grant.id, new, version)

    def ask(
        self,
        licence: Json,
        subject: str = COMPANY,
        kind: str = "uscc",
        *,
        by: Gateway | None = None,
        dataset: str = LOOKED_UP,
        **members: Json,
    ) -> Answer:
        """Ask for a licence's file by hand."""
        gateway = by or self.world.nrb
        body: Members = gateway.question(subject={"id": subject, "type": kind})
        del body["items"]
        body |= {"licence": licence, **members}
        body = {name: value for name, value in body.items() if value is not None or name == "case"}
        self.request_id = str(body["request_id"])
        sent = gateway.sign("POST", f"/v1/datasets/{dataset}/view", canonical(body))
        return self.world.call(sent)

    def told(self, licence: Json, **members: Json) -> Members:
        """The file that is told of; it must be."""
        answer = self.ask(licence, **members)
        assert answer.status == 200, answer.body
        told = answer.result["licence"]
        assert isinstance(told, dict), answer.result
        return told

    def piece(self, request_id: str, result: Json, by: str = "nrb", **changed: Json) -> Answer:
        body: Members = {"request_id": request_id, "result": result}
        return self.signed("/v1/materials/piece", body | changed, by)

    def whole(self, licence: Json, **members: Json) -> bytes:
        """The whole file, which is one piece."""
        answer = self.ask(licence, **members)
        piece = self.piece(self.request_id, answer.result)
        assert piece.status == 200, piece.body
        return piece.body

    def papers(self) -> list[tuple[str | None, int]]:
        """The language of each print, and its number."""
        query = "SELECT language, number FROM licence_papers ORDER BY licence, number"
        return [(language, number) for language, number in self.world.hub.reading.execute(query)]


def full(**terms: object) -> dict[str, object]:
    """Terms of a grant over all that stands on the paper."""
    items = dict.fromkeys((*ON_PAPER, "status", "status_note"), "full")
    return {"operations": {"lookup", "verify", "view"}, "items": items, **terms}


@contextmanager
def viewing(town: Town, folder: Path, settings: str = "") -> Iterator[Viewing]:
    """The world of ``licensing`` with a font, and the grant widened to files."""
    font = f'\n[licences]\nfont = "{FONT}"\nreads_per_minute = 1000\n' if FONT else ""
    with licensing(town, folder, font + settings) as licensed:
        opened = Viewing(licensed.world, licensed.grant)
        opened.again()
        yield opened
