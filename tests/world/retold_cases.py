"""A hub with every key that tells a case otherwise: rounds made anew, entries, receipts and all."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from certs.canonical import Json, canonical, parse
from certs.encoding import digest, from_rfc3339, unb64u
from certs.leaf import leaf_bytes, part_digest
from certs.receipts import ReceiptSigner, key_thumbprint, leaves_digest, verify_receipt
from certs.tree import leaf_hash
from world.asking import Members
from world.bridge import Bridge
from world.town import World


@dataclass
class Retelling:
    """One answer about a case, and what its hub can sign."""

    world: World
    document: Members

    @property
    def rounds(self) -> list[Members]:
        return dicts(self.document["rounds"])

    def material(self, code: str) -> Members:
        """What the state says of a material."""
        return one_of(self.document["materials"], "material", code)

    def piece(self, code: str) -> Members:
        """What the notice says of it."""
        for _, piece in self.pieces():
            if piece["material"] == code:
                return piece
        raise AssertionError(code)

    def pieces(self) -> list[tuple[Members, Members]]:
        notice = self.document["notice"]
        assert isinstance(notice, dict)
        groups = notice["materials"]
        assert isinstance(groups, dict)
        return [
            (paper, piece)
            for group in groups.values()
            for paper in dicts(group)
            for piece in dicts(paper["for"])
        ]

    def field(self, code: str) -> Members:
        return one_of(self.document["form"], "code", code)

    def place(self, dataset: str, operation: str) -> tuple[Members, int]:
        """The round and the place of an entry."""
        for one in self.rounds:
            for place, asked in enumerate(dicts(one["questions"])):
                if (asked["dataset"], asked["operation"]) == (dataset, operation):
                    return one, place
        raise AssertionError(dataset)

    def enter(
        self,
        told: Members,
        place: int,
        *,
        control: "Members | None" = None,
        person: Json = None,
        kind: str | None = None,
        result: "Members | None" = None,
        time: int | None = None,
    ) -> None:
        """Make an entry anew with some of it changed; ``seal`` then signs for it."""
        openings, results = told["openings"], told["results"]
        assert isinstance(openings, list)
        assert isinstance(results, list)
        opening, before = openings[place], results[place]
        assert isinstance(opening, dict)
        assert isinstance(before, dict)
        leaf, known = opening["leaf"], opening["control"]
        assert isinstance(leaf, dict)
        assert isinstance(known, dict)
        results[place] = {**before, **(result or {})}
        says = {**known, "a": digest(canonical(results[place])), **(control or {})}
        named = str(leaf["person"])
        if person is not None:
            salt = unb64u(str(opening["person_salt"]))
            named = part_digest("person", salt, canonical(person))
        salt = unb64u(str(opening["control_salt"]))
        made = leaf_bytes(
            kind or str(leaf["kind"]),
            from_rfc3339(str(leaf["time"])) if time is None else time,
            part_digest("control", salt, canonical(says)),
            named,
            str(leaf["internal"]),
        )
        openings[place] = {
            **opening,
            "control": says,
            "leaf": parse(made, max_bytes=4096, max_depth=2),
        }

    def seal(self, told: Members, **changed: object) -> None:
        """Sign a round's receipt anew over what the round says now."""
        key = self.world.receipt_key
        kid = key_thumbprint(key.public)
        receipt = verify_receipt(str(told["receipt"]), {kid: key.public})
        openings = dicts(told["openings"])
        hashes = [leaf_hash(canonical(one["leaf"])) for one in openings]
        body = canonical({"openings": told["openings"], "results": told["results"]})
        whole = {
            "body": digest(body),
            "entries": len(openings),
            "leaves": leaves_digest(hashes),
            **changed,
        }
        receipt = receipt._replace(**whole)  # type: ignore[arg-type]
        told["receipt"] = ReceiptSigner(key, kid).issue(receipt)
        told["first"], told["count"] = receipt.first, receipt.entries


Alter = Callable[[Retelling], None]


@dataclass
class LyingDesk(Bridge):
    """Alters answers about cases; loses some, or gives an earlier one again."""

    alter: Alter | None = None
    lose: int = 0
    swallow: int = 0
    """So many requests never arrive; ``meanwhile`` something happens at the hub."""
    meanwhile: Callable[[], object] = lambda: None
    replay: bytes | None = None
    status: int | None = None
    told: list[tuple[str, bytes]] = field(default_factory=list)
    """Path and body of every answer about a case, as the hub gave it."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if self.swallow and path.startswith("/v1/cases"):
            self.swallow -= 1
            self.meanwhile()
            raise httpx2.ConnectError("lost")
        answer = super().handle_request(request)
        if not path.startswith("/v1/cases") or request.method != "POST":
            return answer
        answer.read()
        self.told.append((path, answer.content))
        if self.lose:
            self.lose -= 1
            raise httpx2.ConnectError("lost")
        body = answer.content
        if self.replay is not None:
            body = self.replay
        elif self.alter is not None and answer.status_code < 300:
            document = parse(body, max_bytes=1 << 26, max_depth=16)
            assert isinstance(document, dict)
            told = Retelling(self.world, document)
            self.alter(told)
            body = canonical(told.document)
        headers = {"content-type": answer.headers["content-type"]}
        return httpx2.Response(
            self.status or answer.status_code, headers=headers, stream=httpx2.ByteStream(body)
        )


def dicts(value: Json) -> list[Members]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


def one_of(value: Json, name: str, wanted: str) -> Members:
    (found,) = (one for one in dicts(value) if one[name] == wanted)
    return found
