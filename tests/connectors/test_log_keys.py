"""A connector follows the hub's keys by the root that it pinned, and nobody else's."""

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from world.bridge import Bridge, enrolled, opened
from world.time import DAY, HOUR
from world.town import ADMINISTRATOR, PURPOSE, SUBJECTS, World

from certs.authority import Authority, _authority, _name
from certs.certificates import read_certificate, verify_certificate
from certs.encoding import b64u
from certs.enrolment import make_request
from certs.errors import CheckpointInvalid
from certs.keys import PrivateKey, generate
from certs.note import Checkpoint, parse_vkey, sign_checkpoint, vkey
from connectors.client import Connector
from connectors.enrolment import renew
from connectors.errors import EvidenceBroken
from connectors.receipts.kept import Kept
from hub.keys.rotation import OVERLAP_MS

YIFEN, NOTE, JWKS = "/.well-known/yifen", "/ledger/checkpoint", "/.well-known/jwks.json"


@pytest.fixture
def pair(world: World, tmp_path: Path) -> Iterator[tuple[Bridge, Connector]]:
    """A connector that pinned the hub's first key, and the bridge to that hub."""
    bridge, connector = enrolled(world, tmp_path / "home")
    yield bridge, connector
    connector.close()


def ask(connector: Connector) -> Kept:
    """A question with its answer, verified; its receipt is kept."""
    answer = connector.lookup(
        "resident",
        "resident_id",
        SUBJECTS[0],
        items=["name"],
        purpose=PURPOSE,
        officer="nrb.officer",
    )
    return connector.receipts.entry(answer.proof.entry)


def prove(world: World, connector: Connector) -> None:
    """Everything that waits is proven."""
    world.hub.checkpointer.step()
    assert connector.prove().waiting == 0


def rotate(world: World, use: str = "checkpoint", *, at_once: bool = False) -> None:
    world.hub.keys.rotation.rotate(ADMINISTRATOR, use, at_once=at_once)  # type: ignore[arg-type]


# -- checkpoints ------------------------------------------------------------------------------
def test_a_connector_learns_the_new_key_during_the_overlap_and_says_so(
    world: World, pair: tuple[Bridge, Connector], caplog: pytest.LogCaptureFixture
) -> None:
    bridge, connector = pair
    ask(connector)
    prove(world, connector)
    assert YIFEN not in bridge.seen
    rotate(world)
    ask(connector)
    with caplog.at_level(logging.WARNING, "yifen.connector"):
        prove(world, connector)
    assert "new key" in caplog.text
    assert len(connector.log_keys.known()) == 2
    world.time.advance(OVERLAP_MS)
    rotate(world, "session")  # something new in the log
    bridge.seen.clear()
    world.hub.checkpointer.step()
    connector.proofs.checkpoint()
    # What was learned is kept: nothing is looked up again.
    assert YIFEN not in bridge.seen


def test_a_connector_that_saw_no_overlap_follows_too(
    world: World, pair: tuple[Bridge, Connector]
) -> None:
    _, connector = pair
    ask(connector)
    prove(world, connector)
    rotate(world, at_once=True)
    ask(connector)
    prove(world, connector)
    assert connector.receipts.counts()["proven"] == 2


def test_what_was_learned_outlives_the_process(
    world: World, pair: tuple[Bridge, Connector], tmp_path: Path
) -> None:
    bridge, connector = pair
    rotate(world, at_once=True)
    ask(connector)
    prove(world, connector)
    bridge.seen.clear()
    bridge.lies[YIFEN] = lambda _: b"{}"
    again = opened(world, tmp_path / "home", bridge)
    ask(again)
    prove(world, again)
    assert YIFEN not in bridge.seen
    again.close()


def test_the_key_before_alone_is_believed_no_more_once_it_has_ended(
    world: World, pair: tuple[Bridge, Connector], tmp_path: Path
) -> None:
    """Whoever took the old key and shows a log of his own is not believed."""
    bridge, connector = pair
    stolen = tmp_path / "stolen.key"
    stolen.write_bytes((world.hub.folder.keys / "checkpoint.key").read_bytes())
    stolen.chmod(0o600)
    ask(connector)
    prove(world, connector)
    rotate(world, at_once=True)
    ask(connector)
    prove(world, connector)
    origin = world.hub.origin
    forged = sign_checkpoint(Checkpoint(origin, 900, bytes(32)), origin, PrivateKey.load(stolen))
    bridge.lies[NOTE] = lambda _: forged.encode()
    with pytest.raises(CheckpointInvalid) as refused:
        connector.proofs.checkpoint()
    assert refused.value.facts["why"] == "key-ended"


def test_what_was_proven_under_the_key_before_stays_proven(
    world: World, pair: tuple[Bridge, Connector]
) -> None:
    _, connector = pair
    kept = ask(connector)
    prove(world, connector)
    for _ in range(2):
        rotate(world, at_once=True)
        rotate(world, "receipt")
        ask(connector)
        prove(world, connector)
    world.time.advance(200 * DAY)
    evidence = connector.export(connector.receipts.entry(kept.entry))
    assert connector.verify_evidence(evidence).in_ledger is not None


class Forger:
    """Shows a checkpoint under a key of his own, with a chain of his choice."""

    def __init__(self, world: World, bridge: Bridge, tmp_path: Path) -> None:
        self.world = world
        self.bridge = bridge
        self.key = generate("ed25519")
        self.place = tmp_path / "foreign"

    def show(self, certificate: bytes, issuing: bytes) -> None:
        origin = self.world.hub.origin
        note = sign_checkpoint(Checkpoint(origin, 900, bytes(32)), origin, self.key)
        chain = [b64encode(certificate).decode(), b64encode(issuing).decode()]
        entry = {"vkey": vkey(origin, self.key.public), "x5c": chain, "since": "", "until": None}

        def tell(body: bytes) -> bytes:
            about = json.loads(body)
            about["ledger"]["vkeys"] = [entry, *about["ledger"]["vkeys"]]
            return json.dumps(about).encode()

        self.bridge.lies[NOTE] = lambda _: note.encode()
        self.bridge.lies[YIFEN] = tell

    def authority(self, name: str) -> Authority:
        return Authority.create(self.place, name, self.world.time() - HOUR)


@pytest.fixture
def forger(world: World, pair: tuple[Bridge, Connector], tmp_path: Path) -> Forger:
    return Forger(world, pair[0], tmp_path)


def refused(connector: Connector) -> str:
    with pytest.raises(CheckpointInvalid) as error:
        connector.proofs.checkpoint()
    assert len(connector.log_keys.known()) <= 2
    return str(error.value.facts["why"])


def test_a_chain_of_another_root_with_this_hubs_name(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    foreign = forger.authority("demo.yifen")
    made = foreign.issue_checkpoint(forger.key.public, now=world.time(), lifetime_ms=DAY)
    forger.show(read_certificate(made).der, foreign.issuing_der)
    assert refused(pair[1]) == "unsigned"


def test_a_chain_of_another_hub(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    foreign = forger.authority("other.yifen")
    made = foreign.issue_checkpoint(forger.key.public, now=world.time(), lifetime_ms=DAY)
    forger.show(read_certificate(made).der, foreign.issuing_der)
    assert refused(pair[1]) == "unsigned"


def test_a_chain_of_the_hubs_own_authority_for_another_hub(
    world: World, pair: tuple[Bridge, Connector], forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority was made to sign another hub's name: the name does not match its issuer."""
    own = world.hub.authority
    monkeypatch.setattr(own, "hub_name", "other.yifen")
    made = own.issue_checkpoint(forger.key.public, now=world.time(), lifetime_ms=DAY)
    forger.show(read_certificate(made).der, own.issuing_der)
    assert refused(pair[1]) == "unsigned"


def test_a_chain_under_our_root_that_names_another_hub(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    """Hubs may stand in a tree: the same root has certified another hub's authority."""
    folder, now = world.hub.folder.keys, world.time()
    root_key, key = PrivateKey.load(folder / "root" / "root.key"), generate()
    issuing = _authority(
        issuer=_name("demo.yifen", "root"),
        subject=_name("other.yifen", "issuing authority"),
        public=key.public,
        signer=root_key,
        begin=now - HOUR,
        end=now + DAY,
        below=0,
    )
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    sister = Authority(root=root, issuing=issuing, key=key)
    made = sister.issue_checkpoint(forger.key.public, now=now, lifetime_ms=HOUR)
    verify_certificate(made, sister.issuing_pem, sister.root_pem, now=now, usage="checkpoint")
    forger.show(read_certificate(made).der, sister.issuing_der)
    assert refused(pair[1]) == "unsigned"


def test_a_chain_for_another_use(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    """The connector's own certificate, on an Ed25519 key, and a receipt's, lead to the root too."""
    own = world.hub.authority
    urn = "urn:yifen:connector:demo.yifen:nrb:gateway"
    request = make_request(forger.key, urn)
    made = own.issue_connector(request, urn=urn, now=world.time(), lifetime_ms=DAY)
    forger.show(read_certificate(made).der, own.issuing_der)
    assert refused(pair[1]) == "unsigned"


@pytest.mark.parametrize("moved", [-2 * DAY, 2 * DAY], ids=["expired", "not yet valid"])
def test_a_chain_out_of_its_time(
    world: World, pair: tuple[Bridge, Connector], forger: Forger, moved: int
) -> None:
    own, now = world.hub.authority, world.time()
    begin = max(now + moved, own.not_before)
    made = own.issue_checkpoint(forger.key.public, now=begin, lifetime_ms=HOUR)
    forger.show(read_certificate(made).der, own.issuing_der)
    assert refused(pair[1]) == "unsigned"
    assert forger.key.public.der not in {key.public.der for key in pair[1].log_keys.known()}


def test_a_key_that_was_learned_signs_nothing_new_after_its_certificate_has_ended(
    world: World, pair: tuple[Bridge, Connector]
) -> None:
    bridge, connector = pair
    rotate(world, at_once=True)
    ask(connector)
    prove(world, connector)
    note = world.http("GET", NOTE).body
    bridge.lies[NOTE] = lambda _: note
    end = max(key.chain.facts.not_after for key in connector.log_keys.known() if key.chain)
    world.time.now = end + 1000
    assert refused(connector) == "key-ended"
    # What was kept of it is believed for ever.
    connector.log_keys.open(note.decode(), world.hub.origin)


def test_a_chain_that_holds_is_believed(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    """The same forger with the hub's own authority: the cases above refuse for what they name."""
    own = world.hub.authority
    made = own.issue_checkpoint(forger.key.public, now=world.time() - 1000, lifetime_ms=DAY)
    forger.show(read_certificate(made).der, own.issuing_der)
    assert pair[1].proofs.checkpoint().checkpoint.size == 900


# -- evidence ---------------------------------------------------------------------------------
def test_evidence_brings_the_chain_of_the_key_for_those_who_pinned_another(
    world: World, pair: tuple[Bridge, Connector], tmp_path: Path
) -> None:
    bridge, connector = pair
    rotate(world, at_once=True)
    kept = ask(connector)
    prove(world, connector)
    evidence = connector.export(connector.receipts.entry(kept.entry))
    # A department that enrolled at the same time and has fetched nothing since.
    other = opened(world, tmp_path / "home", bridge)
    other.receipts.change("DELETE FROM log_keys")
    assert other.verify_evidence(evidence).in_ledger is not None
    told = json.loads(evidence)
    del told["proof"]["chain"]
    with pytest.raises(EvidenceBroken) as broken:
        other.verify_evidence(json.dumps(told).encode())
    assert broken.value.facts["why"] == "checkpoint"
    other.close()


def test_evidence_with_a_foreign_chain_proves_nothing(
    world: World, pair: tuple[Bridge, Connector], forger: Forger
) -> None:
    _, connector = pair
    kept = ask(connector)
    prove(world, connector)
    told = json.loads(connector.export(connector.receipts.entry(kept.entry)))
    foreign = forger.authority("demo.yifen")
    made = foreign.issue_checkpoint(forger.key.public, now=world.time(), lifetime_ms=DAY)
    told["proof"]["chain"] = [b64u(read_certificate(made).der), b64u(foreign.issuing_der)]
    with pytest.raises(EvidenceBroken) as broken:
        connector.verify_evidence(json.dumps(told).encode())
    assert broken.value.facts["why"] == "certificate"


# -- receipts ---------------------------------------------------------------------------------
def test_a_connector_that_has_the_key_set_fetches_it_again_for_a_new_key(
    world: World, pair: tuple[Bridge, Connector]
) -> None:
    bridge, connector = pair
    ask(connector)
    ask(connector)
    assert bridge.seen.count(JWKS) == 1
    rotate(world, "receipt")
    ask(connector)
    ask(connector)
    assert bridge.seen.count(JWKS) == 2
    prove(world, connector)


def test_a_lost_answers_receipt_is_fetched_under_the_new_key_and_proves_as_well(
    world: World, pair: tuple[Bridge, Connector], tmp_path: Path
) -> None:
    bridge, connector = pair
    kept = ask(connector)
    connector.receipts.change("DELETE FROM receipts")
    world.time.advance(300 * DAY)
    renew(tmp_path / "home", clock=world.time, http=bridge)
    world.time.advance(100 * DAY)
    rotate(world, "receipt")
    later = opened(world, tmp_path / "home", bridge)
    again = later.recover(kept.request_id)
    assert again.entry == kept.entry
    assert again.key.kid != kept.key.kid
    prove(world, later)
    # The certificate that asked had ended when this receipt was issued, and held for the entry.
    evidence = later.export(later.receipts.entry(kept.entry))
    assert later.verify_evidence(evidence).entry == kept.entry
    later.close()


def test_the_invitation_pins_the_newest_key(world: World, tmp_path: Path) -> None:
    rotate(world)
    _, connector = enrolled(world, tmp_path / "later", "later")
    _, pinned = parse_vkey(connector.identity.settings.ledger.vkey)
    assert pinned.der == world.hub.checkpoint_key.der
    ask(connector)
    prove(world, connector)
    connector.close()
