"""A statement's file at the person's: honest, and each way in which it was tampered with."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from world.auditing import Auditor, Members, Verdict, Witness, cosigned
from world.outsider import only
from world.stating import BASIS, Made, made
from world.time import NOW
from world.town import PURPOSE, SUBJECTS, World

from catalog.identifiers import check
from certs.authority import Authority
from certs.canonical import Json, canonical
from certs.encoding import b64u, rfc3339, sha256
from certs.keys import generate
from certs.note import Checkpoint, sign_checkpoint, vkey
from hub.audit.statement import Asked

ZHANG, LI = SUBJECTS[15], SUBJECTS[16]
"""Nobody else asks about them: the place is the whole session's."""
ASKED = Asked(ZHANG, BASIS)
W1 = Witness("witness.example/w1")


@pytest.fixture(scope="module")
def stated(place: World) -> Made:
    """Two departments asked about Zhang, one of them about Li too."""
    about = {"id": ZHANG, "type": "resident_id"}
    for gateway, subject in (
        (place.nrb, about),
        (place.gateway("mrb"), about),
        (place.nrb, about | {"id": LI}),
        (place.nrb, about),
    ):
        place.ask(gateway.lookup(subject=subject, case="2026-0007"))
    return made(place.hub, ASKED)


@pytest.fixture
def verify(place: World, auditor: Auditor, tmp_path: Path) -> Callable[..., Verdict]:
    root = b64u(sha256(place.hub.authority.root_der))

    def run(file: Members | bytes, *words: str, root: str = root) -> Verdict:
        path = tmp_path / "statement.json"
        path.write_bytes(file if isinstance(file, bytes) else canonical(file))
        return auditor.verify("statement", path, "--root", root, *words)

    return run


def members(value: Json) -> Members:
    assert isinstance(value, dict)
    return dict(value)


# -- what holds --------------------------------------------------------------------------------
def test_an_honest_statement_holds(stated: Made, verify: Callable[..., Verdict]) -> None:
    verdict = verify(stated.file)
    assert verdict.faults == []
    assert verdict.status == 0
    assert verdict.passed == {"head", "statement-entry", "statement-good"}
    assert verdict.remarks == {"statement-whole", "statement-officers", "no-witness"}
    passed = verdict.told["passed"]
    assert isinstance(passed, list)
    [_, first, second, third, whole] = passed
    assert [one["facts"]["department"] for one in (first, second, third)] == ["nrb", "mrb", "nrb"]
    assert first["facts"]["purpose"] == PURPOSE
    assert first["facts"]["case"] == "2026-0007"
    assert whole["facts"] == {
        "basis": BASIS,
        "count": 3,
        "subject": ZHANG,
        "time": rfc3339(stated.statement.made),
    }


def test_it_tells_no_officer(stated: Made, verify: Callable[..., Verdict]) -> None:
    person = members(stated.entries[0]["person"])
    assert person["officer"]
    assert str(person["officer"]) not in json.dumps(verify(stated.file).told)


def test_the_log_key_and_witnesses_are_believed_as_elsewhere(
    place: World, stated: Made, verify: Callable[..., Verdict]
) -> None:
    pinned = vkey(place.hub.origin, place.hub.checkpoint_key)
    assert verify(stated.file | {"keys": []}, "--log", pinned).faults == []
    assert only(verify(stated.file | {"keys": []})) == "note-unsigned"
    assert only(verify(stated.file, "--witness", W1.vkey)) == "quorum"
    both = stated.file | {"checkpoint": cosigned(str(stated.file["checkpoint"]), [W1])}
    verdict = verify(both, "--witness", W1.vkey)
    assert verdict.faults == []
    assert "no-witness" not in verdict.remarks


def test_what_was_left_out_is_told_as_far_as_the_auditor_told_it(
    place: World, stated: Made, verify: Callable[..., Verdict]
) -> None:
    hidden = stated.statement.entries[0].row.position
    silent, open_ = made(place.hub, ASKED, hidden), made(place.hub, ASKED, hidden, count_told=True)
    assert "statement-omitted" not in verify(silent.file).remarks
    assert "statement-omitted" in verify(open_.file).remarks
    for one in (silent, open_):
        assert hidden not in {entry["index"] for entry in one.entries}
        assert str([hidden, 1]) not in json.dumps(one.file)
        assert verify(one.file).faults == []


# -- an entry ----------------------------------------------------------------------------------
def test_attack_another_purpose_in_an_entry(stated: Made, verify: Callable[..., Verdict]) -> None:
    control = members(stated.entries[1]["control"]) | {"purpose": "school_enrolment"}
    verdict = verify(stated.with_entry(1, control=control))
    assert verdict.faults == [("statement-control", stated.entries[1]["index"])]


@pytest.mark.parametrize(
    "changed",
    [{"case": None}, {"officer": "nrb.other"}, {"subject": {"id": LI, "type": "resident_id"}}],
    ids=["case", "officer", "subject"],
)
def test_attack_another_person_part(
    stated: Made, verify: Callable[..., Verdict], changed: Members
) -> None:
    person = members(stated.entries[0]["person"]) | changed
    assert only(verify(stated.with_entry(0, person=person))) == "statement-person"


def test_attack_a_later_time_in_a_leaf(stated: Made, verify: Callable[..., Verdict]) -> None:
    leaf = members(stated.entries[0]["leaf"]) | {"time": "2026-09-01T00:00:00.000Z"}
    assert only(verify(stated.with_entry(0, leaf=leaf))) == "inclusion"
    leaf = members(stated.entries[0]["leaf"]) | {"more": 1}
    assert only(verify(stated.with_entry(0, leaf=leaf))) == "leaf-form"


def test_attack_another_place_or_path(stated: Made, verify: Callable[..., Verdict]) -> None:
    place = stated.entries[0]["index"]
    assert isinstance(place, int)
    assert verify(stated.with_entry(0, index=place - 1)).whys == {"inclusion", "statement-told"}
    path = stated.entries[0]["path"]
    assert isinstance(path, list)
    assert only(verify(stated.with_entry(0, path=[*path[1:], path[0]]))) == "inclusion"
    assert only(verify(stated.with_entry(0, path=path[:-1]))) == "inclusion"


def test_attack_an_entry_about_somebody_else(
    place: World, stated: Made, verify: Callable[..., Verdict]
) -> None:
    foreign, own = made(place.hub, Asked(LI, BASIS)).entries[0], made(place.hub, ASKED)
    assert len(own.entries) > len(stated.entries)
    size = place.hub.proofs.checkpoint().size
    index = _index(foreign)
    path = [b64u(node) for node in place.hub.proofs.inclusion(index, size)]
    listed = sorted([*own.entries[1:], foreign | {"path": path}], key=_index)
    verdict = verify(own.with_entries(*listed))
    assert verdict.whys == {"statement-subject", "statement-told"}
    assert ("statement-subject", index) in verdict.faults


def test_attack_an_entry_taken_out(stated: Made, verify: Callable[..., Verdict]) -> None:
    assert only(verify(stated.with_entries(*stated.entries[1:]))) == "statement-count"
    assert only(verify(stated.with_entries())) == "statement-count"


def test_attack_an_entry_twice_or_out_of_order(
    stated: Made, verify: Callable[..., Verdict]
) -> None:
    first, second, third = stated.entries
    assert verify(stated.with_entries(first, first, second, third)).whys == {
        "statement-order",
        "statement-count",
    }
    assert verify(stated.with_entries(second, first, third)).whys == {
        "statement-order",
        "statement-told",
    }


def test_attack_another_of_the_persons_own_entries(
    place: World, verify: Callable[..., Verdict]
) -> None:
    hidden = made(place.hub, ASKED).statement.entries[0].row.position
    less = made(place.hub, ASKED, hidden)
    full = made(place.hub, ASKED)
    size = place.hub.proofs.checkpoint().size
    proven = [b64u(node) for node in place.hub.proofs.inclusion(hidden, size)]
    own = members(full.file["statement"])
    index = less.statement.entry
    statement = members(less.file["statement"]) | {
        "path": [b64u(node) for node in place.hub.proofs.inclusion(index, size)]
    }
    assert own["index"] != index
    known = {one["index"]: one for one in full.entries}
    told = [known[one["index"]] for one in less.entries]
    moved = full.file | {"statement": statement, "made": less.file["made"]}
    assert verify(moved | {"entries": told}).faults == []
    first = known[hidden] | {"path": proven}
    assert only(verify(moved | {"entries": [first, *told]})) == "statement-count"
    assert only(verify(moved | {"entries": [first, *told[1:]]})) == "statement-told"


# -- the statement itself ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("subject", LI),
        ("made", "2026-01-01T00:00:00.000Z"),
        ("since", "2026-01-01T00:00:00.000Z"),
        ("until", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_attack_another_range_or_subject(
    stated: Made, verify: Callable[..., Verdict], member: str, value: str
) -> None:
    verdict = verify(stated.file | {member: value})
    assert only(verdict) == "statement-says"
    assert verdict.told["faults"][0]["facts"] == {"member": member}  # type: ignore[index]


def test_attack_another_count_in_the_statement(
    stated: Made, verify: Callable[..., Verdict]
) -> None:
    own = members(stated.file["statement"])
    control = json.loads(json.dumps(own["control"]))
    control["state"]["statement"]["count"] = 2
    assert only(verify(stated.with_own(control=control))) == "statement-own"
    person = members(own["person"]) | {"officer": "audit.other"}
    assert only(verify(stated.with_own(person=person))) == "statement-own"
    # An entry that stands in the log, and is no statement.
    assert only(verify(stated.file | {"statement": stated.entries[0]})) == "statement-own"


# -- the log -----------------------------------------------------------------------------------
def test_attack_a_checkpoint_of_another_key(
    place: World, stated: Made, verify: Callable[..., Verdict]
) -> None:
    note = str(stated.file["checkpoint"])
    size, root = int(note.split("\n")[1]), place.hub.proofs.checkpoint().root
    forged = sign_checkpoint(
        Checkpoint(place.hub.origin, size, root), place.hub.origin, generate("ed25519")
    )
    assert only(verify(stated.file | {"checkpoint": forged})) == "note-unsigned"
    altered = note.replace(f"\n{size}\n", f"\n{size + 1}\n")
    assert only(verify(stated.file | {"checkpoint": altered})) == "note-signature"
    renamed = stated.file | {"origin": "demo.yifen/ledger/2"}
    assert only(verify(renamed)) == "note-unsigned"
    pinned = vkey(place.hub.origin, place.hub.checkpoint_key)
    assert only(verify(renamed, "--log", pinned)) == "statement-says"


def test_attack_keys_of_a_foreign_root(
    stated: Made, verify: Callable[..., Verdict], tmp_path: Path
) -> None:
    foreign = Authority.create(tmp_path / "foreign", "demo.yifen", NOW - 86_400_000)
    pem = foreign.root_pem.decode()
    assert only(verify(stated.file | {"root": pem})) == "root"
    fingerprint = b64u(sha256(foreign.root_der))
    assert only(verify(stated.file | {"root": pem}, root=fingerprint)) == "certificate-chain"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"{}",
        lambda file: canonical(file)[:-1],
        lambda file: canonical(file | {"format": "evidence"}),
        lambda file: canonical(file | {"v": 2}),
        lambda file: canonical(file | {"keys": [["AAAA"]]}),
        lambda file: canonical(file | {"entries": {}}),
        lambda file: canonical(file | {"entries": [{}]}),
        lambda file: canonical(file | {"statement": None}),
        lambda file: canonical(file | {"entries": [file["statement"]] * 5001}),
    ],
)
def test_what_is_no_statement_is_told(
    stated: Made, verify: Callable[..., Verdict], damage: Callable[[Members], bytes]
) -> None:
    verdict = verify(damage(stated.file))
    assert verdict.status == 2
    assert verdict.told["why"] == "statement-file"


# -- names -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "number", [" １１０１０５１９４９１２３１００２Ｘ ", "110105 19491231 002x", "110105491231002"]
)
def test_one_number_in_many_forms(verifier: ModuleType, number: str) -> None:
    assert verifier.written(number) == "11010519491231002X" == check("resident_id", number).value


def test_a_licence_is_told_and_another_persons_number_is_not_taken(
    stated: Made, verifier: ModuleType
) -> None:
    read = verifier.read_statement(canonical(stated.file), "x")
    licence = "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0"
    for name in (licence, licence.removeprefix("1.2.156.3005.2."), f" {ZHANG.lower()}"):
        told = read.entries[0]._replace(person={"subject": {"id": name, "type": "searched"}})
        assert verifier._check_named(told, read) == verifier.written(name)
    for subject in ({"id": LI, "type": "licence_id"}, {"id": licence + "1"}, {"id": 1}, None):
        told = read.entries[0]._replace(person={"subject": subject})
        with pytest.raises(verifier.Broken):
            verifier._check_named(told, read)


def _index(entry: Members) -> int:
    index = entry["index"]
    assert isinstance(index, int)
    return index
