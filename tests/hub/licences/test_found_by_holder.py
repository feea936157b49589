"""Who asked by a licence's identifier is found by whoever looks back for its holder."""

from pathlib import Path

import pytest
from world.auditing import Auditor, load
from world.licensing import COMPANY, LOOKED_UP, Licensing
from world.stating import made

from certs.canonical import canonical
from certs.encoding import b64u, sha256
from hub.audit.search import Filters
from hub.audit.statement import Asked
from hub.ledger.change import Actor

AUDITOR = Actor("console", account="audit")
OTHER = "11530400015020004B"


def positions(licensed: Licensing, subject: str) -> set[int]:
    """The answered lookups about somebody, as an auditor finds them."""
    hub = licensed.world.hub
    found = hub.audit.search(hub.changes, AUDITOR, Filters(subject=subject, kind="lookup"))
    return {row.position for row in found.rows}


@pytest.mark.parametrize("root", [True, False])
def test_a_lookup_by_identifier_is_found_by_the_holder(licensed: Licensing, *, root: bool) -> None:
    identifier = str(licensed.issued()["identifier"])
    asked = identifier if root else identifier.removeprefix("1.2.156.3005.2.")
    answer = licensed.lookup(asked, "licence_id")
    assert answer.status == 200
    position = licensed.world.entries() - 1
    *_, person, _ = licensed.world.entry(position)
    assert isinstance(person, dict)
    assert person["subject"] == {"id": asked, "type": "licence_id"}, "just as it was asked"
    assert positions(licensed, COMPANY) == {position}
    assert positions(licensed, COMPANY.lower()) == {position}, "in whatever form"
    assert positions(licensed, identifier) == {position}
    assert positions(licensed, OTHER) == set()


def test_a_lookup_by_holder_is_not_found_by_one_licence(licensed: Licensing) -> None:
    """It told of all that the holder has: who looks for one paper is not shown them all."""
    identifier = str(licensed.issued()["identifier"])
    assert licensed.lookup().status == 200
    assert positions(licensed, identifier) == set()
    assert len(positions(licensed, COMPANY)) == 1


@pytest.mark.parametrize("by_holder", [True, False])
def test_both_are_told_when_a_value_was_corrected(licensed: Licensing, *, by_holder: bool) -> None:
    identifier = str(licensed.issued()["identifier"])
    assert licensed.lookup().status == 200
    assert licensed.lookup(identifier, "licence_id").status == 200
    hub = licensed.world.hub
    subject = ("uscc", COMPANY) if by_holder else ("licence_id", identifier)
    below = licensed.world.entries()
    received = hub.audit.received(subject, LOOKED_UP, ["lookup"], below=below)
    assert {department: len(found) for department, found in received.items()} == {"nrb": 2}


def test_a_licence_that_does_not_open_keeps_nobody_from_searching(licensed: Licensing) -> None:
    licensed.issued()
    assert licensed.lookup().status == 200
    licensed.world.hub.store.connection.execute("UPDATE licences SET sealed = x'00'")
    assert len(positions(licensed, COMPANY)) == 1


def test_a_statement_for_the_holder_has_what_was_asked_by_identifier(
    licensed: Licensing, tmp_path: Path
) -> None:
    identifier = str(licensed.issued()["identifier"])
    assert licensed.lookup().status == 200
    assert licensed.lookup(identifier, "licence_id").status == 200
    hub = licensed.world.hub
    stated = made(hub, Asked(COMPANY, "告〔2026〕1号"))
    assert [one.row.kind for one in stated.statement.entries][-2:] == ["lookup", "lookup"]
    path = tmp_path / "statement.json"
    path.write_bytes(canonical(stated.file))
    root = b64u(sha256(hub.authority.root_der))
    verdict = Auditor.at(tmp_path / "auditor", load()).verify("statement", path, "--root", root)
    assert verdict.faults == []
    assert "statement-other-name" in verdict.remarks
    assert made(hub, Asked(OTHER, "告〔2026〕2号")).entries == []
