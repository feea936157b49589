"""Whatever stands where something else belongs: a verdict, and never the verifier's own failure."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from world.auditing import Auditor, Members
from world.evidence import Evidence, evidence_of
from world.long_log import WITNESSES, Log
from world.town import Town, open_world

from certs.canonical import Json, canonical
from certs.encoding import b64u, sha256, unb64u
from certs.leaf import read_leaf
from certs.note import vkey

DEEP: Json = "x"
for _ in range(200):
    DEEP = [DEEP]
STRANGE: tuple[Json, ...] = (
    None, True, 0, -1, 2**53 - 1, "", "x", "\x00", "一", "A" * 43, [], {}, [[]], {"x": []}, DEEP
)  # fmt: skip


def variants(value: Json) -> Iterator[Json]:
    """A value with each of its parts replaced by each strange one, or left out."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield {n: v for n, v in value.items() if n != name}
            for other in variants(member):
                yield {**value, name: other}
    elif isinstance(value, list):
        yield value[:-1]
        yield [*value, *value]
        for at, member in enumerate(value):
            for other in variants(member):
                yield [*value[:at], other, *value[at + 1 :]]
    yield from STRANGE


@pytest.fixture(scope="module")
def evidence(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with open_world(town, tmp_path_factory.mktemp("hostile") / "hub") as world:
        sent = world.nrb.lookup(case="2026-0001")
        yield evidence_of(world, sent, world.ask(sent))


def test_evidence_with_anything_anywhere(verifier: ModuleType, evidence: Evidence) -> None:
    hub = evidence.world.hub
    policy = verifier.make_policy([vkey(hub.origin, hub.checkpoint_key)])
    root = sha256(hub.authority.root_der)
    refused, passed = 0, []
    for bundle in variants(evidence.bundle):
        data = json.dumps(bundle).encode()
        if data == json.dumps(evidence.bundle).encode():
            continue
        try:
            read = verifier.read_bundle(data, "x")
            verifier.verify_receipt(read, root, policy, verifier.Report(), answer=evidence.answer)
        except verifier.Broken:
            refused += 1
        else:
            passed.append(bundle)
    assert refused > 500
    assert passed == []


def test_halves_of_characters_anywhere(verifier: ModuleType) -> None:
    """They are no text, and could not be told."""
    for data in (rb'"\ud800"', rb'{"a":["\udc00x"]}', rb'{"\ud800":1}'):
        with pytest.raises(ValueError, match=r"surrogate|key"):
            verifier.read_json(data)
    assert verifier.read_json(rb'"\ud83d\ude00\u0001"') == "\U0001f600\x01"


def test_what_a_file_says_does_not_steer_the_terminal(evidence: Evidence, tmp_path: Path) -> None:
    hub = evidence.world.hub
    file = tmp_path / "evidence.json"
    claims = claims_of(evidence) | {"iss": "\x1b[2J\x9b"}
    file.write_bytes(canonical(evidence.bundle | {"receipt": signed_by_the_hub(evidence, claims)}))
    root = b64u(sha256(hub.authority.root_der))
    alone = Auditor.at(tmp_path / "auditor")
    done = alone.run("receipt", file, "--root", root)
    assert done.returncode == 1
    assert "iss" in done.stdout
    assert not set("\x1b\x9b") & set(done.stdout)


def test_a_receipt_key_on_another_curve(verifier: ModuleType, evidence: Evidence) -> None:
    """Its numbers are too long for the thumbprint that is expected."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now)
    der = builder.public_key(key.public_key()).sign(key, hashes.SHA384()).public_bytes(Encoding.DER)
    hub = evidence.world.hub
    chain = [b64u(der), b64u(hub.authority.issuing_der)]
    read = verifier.read_bundle(canonical(evidence.bundle | {"receipt_chain": chain}), "x")
    policy = verifier.make_policy([vkey(hub.origin, hub.checkpoint_key)])
    with pytest.raises(verifier.Broken) as broken:
        verifier.verify_receipt(read, sha256(hub.authority.root_der), policy, verifier.Report())
    assert broken.value.why == "receipt-form"


def claims_of(evidence: Evidence) -> Members:
    told = json.loads(unb64u(str(evidence.bundle["receipt"]).split(".")[1]))
    assert isinstance(told, dict)
    return told


def signed_by_the_hub(evidence: Evidence, claims: Json) -> str:
    """A receipt of any claims."""
    header = str(evidence.bundle["receipt"]).split(".", maxsplit=1)[0]
    text = f"{header}.{b64u(canonical(claims))}"
    return f"{text}.{b64u(evidence.key.sign(text.encode()))}"


def test_a_receipt_of_anything(verifier: ModuleType, evidence: Evidence) -> None:
    hub = evidence.world.hub
    policy = verifier.make_policy([vkey(hub.origin, hub.checkpoint_key)])
    root = sha256(hub.authority.root_der)
    for claims in variants(claims_of(evidence)):
        bundle = evidence.bundle | {"receipt": signed_by_the_hub(evidence, claims)}
        read = verifier.read_bundle(canonical(bundle), "x")
        report = verifier.Report()
        try:
            verifier.verify_receipt(read, root, policy, report)
        except verifier.Broken:
            continue
        # Status and form of the answer are not the ledger's; B is looked at with the answer.
        assert isinstance(claims, Mapping)
        apart = {n for n, v in claims_of(evidence).items() if claims.get(n) != v}
        assert apart <= {"B", "status", "content_type"}


def test_control_parts_of_anything(verifier: ModuleType, log: Log) -> None:
    kinds: dict[str, list[Json]] = {}
    for entry in log.entries:
        kinds.setdefault(read_leaf(entry.leaf).kind, []).append(entry.control)
    assert {"grant", "lookup", "operator", "person", "publication", "key"} <= set(kinds)
    order = verifier.Order()
    position = 0
    for kind, controls in kinds.items():
        for control in variants(controls[-1]):
            if isinstance(control, dict):
                for why in order.step(position, kind, 0, control):
                    assert why in verifier.MESSAGES
                position += 1
    restore = {"act": "restore", "checkpoint": "a\n1\nb", "from": "x/1", "kept": 1, "lost": [1, 1]}
    for state in variants({**restore, "origin": "x/2"}):
        if isinstance(state, dict):
            control = {"epoch": 0, "moves_epoch": False, "state": state}
            assert set(order.step(position, "operator", 0, control)) <= {"epoch", "restore"}
    order.close()
    assert position > 1000


@pytest.mark.parametrize("seed", range(40))
def test_a_bit_changed_anywhere(verifier: ModuleType, log: Log, tmp_path: Path, seed: int) -> None:
    """Every byte of an export counts: no change of one goes unseen."""
    chance = random.Random(seed)  # noqa: S311 no secret
    names = sorted(
        str(file.relative_to(log.folder))
        for file in log.folder.rglob("*")
        if file.is_file() and file.name != "keys.json"
    )
    name = names[seed % len(names)]
    original = (log.folder / name).read_bytes()
    at, bit = chance.randrange(len(original)), chance.randrange(8)
    folder = overlaid(log.folder, tmp_path, name)
    changed = bytearray(original)
    changed[at] ^= 1 << bit
    (folder / name).write_bytes(changed)
    report = verifier.Report()
    try:
        verifier.verify_export(
            folder, verifier.make_policy([log.vkey], [one.vkey for one in WITNESSES]), report
        )
    except verifier.Broken as broken:
        report.fault(broken.why, **broken.facts)
    assert report.faults, (name, at, bit)
    for fault in report.faults:
        assert fault.tell("zh")
        assert fault.tell("en")


def overlaid(source: Path, to: Path, name: str) -> Path:
    """The same files by links, but one."""
    for file in source.rglob("*"):
        if file.is_file() and str(file.relative_to(source)) != name:
            link = to / file.relative_to(source)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    (to / name).parent.mkdir(parents=True, exist_ok=True)
    return to
