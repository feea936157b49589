"""Keys of receipts, checkpoints and sessions are replaced while the hub serves."""

import pytest
from world.published import Published, read_note, signers
from world.time import DAY, HOUR, MINUTE
from world.town import ADMINISTRATOR, PASSWORD, World

from certs.errors import CheckpointInvalid, KeyUnusable
from certs.keys import PrivateKey
from certs.note import open_checkpoint
from certs.receipts import verify_receipt
from certs.tokens import SessionClaims, SessionTokens, new_session_id
from connectors.jwks import check_receipt as check_chain
from hub.errors import Conflict, NotFound, SessionEnded
from hub.keys.files import named_file
from hub.keys.listing import ends
from hub.keys.register import registered
from hub.keys.rotation import OVERLAP_MS, ROTATIONS_A_DAY
from hub.storage.sqlite import connect


def files(world: World, use: str) -> set[str]:
    return {path.name for path in world.hub.folder.keys.glob(f"{use}*.key")}


def grow(world: World) -> str:
    """Something new in the log, and the checkpoint over it."""
    world.ask(world.nrb.lookup())
    world.hub.checkpointer.step()
    return read_note(world)


# -- receipts ---------------------------------------------------------------------------------
def test_receipts_from_before_and_after_a_rotation_verify(world: World) -> None:
    before = world.nrb.lookup()
    first = world.ask(before)
    rotated = world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    after = world.nrb.lookup()
    second = world.ask(after)
    published = Published.of(world)
    assert published.check(before, first) != published.check(after, second)
    assert len(published.receipts) == 2
    # Also by their chains, at the time that each states.
    root = world.hub.authority.root_pem
    for answer in (first, second):
        check_chain(answer.receipt or "", published.receipts, root=root, hub="demo.yifen")
    kind, control, _, _ = world.entry(rotated.entry)
    assert kind == "key"
    assert isinstance(control, dict)
    assert control["state"]["status"] == "active"  # type: ignore[index, call-overload]
    assert world.findings().faults == ()


def test_the_key_before_cannot_sign_any_more(world: World) -> None:
    path = world.hub.folder.keys / "receipt.key"
    assert path.exists()
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    assert not path.exists()
    assert (path.with_suffix(".pem")).exists()
    assert len(files(world, "receipt")) == 1


def test_the_file_of_the_key_before_is_overwritten_and_not_only_unlinked(world: World) -> None:
    path = world.hub.folder.keys / "receipt.key"
    with path.open("rb") as kept_open:
        size = len(kept_open.read())
        world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
        kept_open.seek(0)
        assert kept_open.read() == bytes(size)


def test_another_worker_signs_nothing_under_the_old_key_once_the_rotation_is_entered(
    world: World,
) -> None:
    other = world.again()
    sent = other.nrb.lookup()
    other.ask(sent)
    rotated = world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    sent = other.nrb.lookup()
    answer = other.ask(sent)
    kid = Published.of(world).check(sent, answer)
    receipt = verify_receipt(answer.receipt or "", {kid: Published.of(world).receipt_key(kid)})
    assert receipt.first > rotated.entry
    assert kid == world.hub.ring.receipt.kid
    assert Published.of(other).receipts == Published.of(world).receipts
    other.hub.close()


def test_a_receipt_fetched_again_is_issued_under_the_key_of_now(world: World) -> None:
    asked = world.nrb.question()
    world.ask(world.nrb.lookup(**asked))
    world.time.advance(40 * DAY)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    again = world.call(world.nrb.sign("GET", f"/v1/receipts/{asked['request_id']}"))
    assert again.status == 200
    root, keys = world.hub.authority.root_pem, Published.of(world).receipts
    receipt, _ = check_chain(again.receipt or "", keys, root=root, hub="demo.yifen")
    # Its certificate is younger than the entry: the receipt was issued now, and says so.
    assert receipt.issued == world.time() // 1000


def test_a_question_under_way_during_the_rotation_gets_a_receipt_that_holds(world: World) -> None:
    """Entered before, signed after: the certificate begins before the key was made."""
    sent = world.nrb.lookup()
    answer = world.ask(sent)
    world.time.advance(1)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    claims = verify_receipt(
        answer.receipt or "",
        {k: Published.of(world).receipt_key(k) for k in Published.of(world).receipts},
    )
    late = world.hub.ring.receipt.issue(claims._replace(issued=claims.issued - 3599))
    check_chain(
        late, Published.of(world).receipts, root=world.hub.authority.root_pem, hub="demo.yifen"
    )


# -- checkpoints ------------------------------------------------------------------------------
def test_during_the_overlap_both_keys_sign_and_then_the_new_one_alone(world: World) -> None:
    old_note = grow(world)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint")
    keys = Published.of(world).log_keys()
    assert signers(old_note, keys) == [1]
    assert signers(grow(world), keys) == [0, 1]
    world.time.advance(OVERLAP_MS - 1)
    assert signers(grow(world), keys) == [0, 1]
    world.time.advance(1)
    world.regrant(valid_until="2030-01-01T00:00:00.000Z")
    assert signers(grow(world), keys) == [0]
    assert files(world, "checkpoint") == {"checkpoint.key", *named(world, "checkpoint")}
    world.hub.keys.tidy()
    assert files(world, "checkpoint") == named(world, "checkpoint")
    told = {one["until"] is None for one in Published.of(world).log}
    assert told == {True, False}
    assert world.findings().faults == ()


def named(world: World, use: str) -> set[str]:
    return {
        named_file(world.hub.folder.keys, use, key.id).name
        for key in registered(world.hub.reading)
        if key.use == use and key.status == "active" and key.until is None
    }


def test_a_checkpoint_key_signs_no_moment_beyond_its_overlap(world: World) -> None:
    """Nothing has moved the epoch since: the clock alone ends it."""
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint")
    keys = Published.of(world).log_keys()
    world.time.advance(OVERLAP_MS - 1)
    assert signers(grow(world), keys) == [0, 1]
    world.time.advance(1)
    assert signers(grow(world), keys) == [0]


def test_an_overlap_is_ended_early(world: World) -> None:
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint")
    (old,) = [k for k in registered(world.hub.reading) if k.use == "checkpoint" and k.until]
    world.hub.keys.rotation.retire(ADMINISTRATOR, old.id)
    assert signers(grow(world), Published.of(world).log_keys()) == [0]
    assert not (world.hub.folder.keys / "checkpoint.key").exists()


def test_rotating_at_once_leaves_no_overlap(world: World) -> None:
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint", at_once=True)
    assert signers(grow(world), Published.of(world).log_keys()) == [0]


def test_two_keys_sign_at_most(world: World) -> None:
    for _ in range(3):
        world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint")
    assert signers(grow(world), Published.of(world).log_keys()) == [0, 1]


def test_another_worker_signs_no_checkpoint_with_a_key_that_has_ended(world: World) -> None:
    other = world.again()
    grow(other)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint", at_once=True)
    other.hub.checkpointer.step()
    assert signers(read_note(other), Published.of(other).log_keys()) == [0]
    other.hub.close()


def test_checkpoints_under_the_old_key_verify_for_ever(world: World) -> None:
    note = grow(world)
    origin, first = world.hub.origin, world.hub.checkpoint_key
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint", at_once=True)
    world.time.advance(400 * DAY)
    world.hub.keys.tidy()
    keys = Published.of(world).log_keys()
    assert keys[1] == (origin, keys[1][1])
    assert keys[1][1].der == first.der
    open_checkpoint(note, keys)
    with pytest.raises(CheckpointInvalid):
        open_checkpoint(note, keys[:1])


def test_a_hub_whose_kept_copy_is_under_the_old_key_starts(world: World) -> None:
    grow(world)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "checkpoint", at_once=True)
    again = world.again()
    again.ask(again.nrb.lookup())
    again.hub.close()


# -- sessions ---------------------------------------------------------------------------------
def test_sessions_under_the_old_key_go_on_until_they_end(world: World) -> None:
    sessions = world.hub.sessions
    before = sessions.issue("admin")
    form = sessions.form_token(before)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")
    after = sessions.issue("admin")
    assert sessions.open(before.token).id == before.id
    sessions.check_form_token(before, form)
    renewed = world.time.advance(20 * MINUTE) or sessions.renew(sessions.open(before.token))
    assert renewed is not None
    world.time.advance(10 * MINUTE + 1000)
    with pytest.raises(SessionEnded):
        sessions.open(before.token)
    world.hub.keys.tidy()
    assert files(world, "session") == named(world, "session")
    # What was renewed is under the new key.
    assert sessions.open(renewed.token).id == before.id
    assert after.token != before.token


def test_rotating_at_once_ends_every_session_in_every_worker(world: World) -> None:
    other = world.again()
    session = other.hub.sessions.issue("admin")
    assert other.hub.sessions.open(session.token)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "session", at_once=True)
    for hub in (world.hub, other.hub):
        with pytest.raises(SessionEnded):
            hub.sessions.open(session.token)
    fresh = world.hub.sessions.issue("admin")
    assert other.hub.sessions.open(fresh.token).person.account == "admin"
    other.hub.close()


def test_a_stolen_session_key_makes_no_session_once_its_time_is_over(world: World) -> None:
    stolen = SessionTokens.load(world.hub.folder.keys / "session.key", "demo.yifen")
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")
    world.time.advance(HOUR)
    second = world.time() // 1000
    claims = SessionClaims("admin", new_session_id(), world.time(), second, second + 600)
    with pytest.raises(SessionEnded):
        world.hub.sessions.open(stolen.issue(claims))


# -- what is refused --------------------------------------------------------------------------
def test_a_key_in_use_is_not_retired(world: World) -> None:
    for key in registered(world.hub.reading):
        with pytest.raises(Conflict) as refused:
            world.hub.keys.rotation.retire(ADMINISTRATOR, key.id)
        assert refused.value.facts["why"] == "key-in-use"
    with pytest.raises(NotFound):
        world.hub.keys.rotation.retire(ADMINISTRATOR, "0" * 32)


def test_a_retired_key_does_not_come_back(world: World) -> None:
    (old,) = [k for k in registered(world.hub.reading) if k.use == "receipt"]
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    with pytest.raises(Conflict):
        world.hub.keys.rotation.retire(ADMINISTRATOR, old.id)


def test_rotations_within_a_day_are_few(world: World) -> None:
    for _ in range(ROTATIONS_A_DAY):
        world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")
    with pytest.raises(Conflict) as refused:
        world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")
    assert refused.value.facts["why"] == "rotated-too-often"
    world.time.advance(DAY + HOUR)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")


def test_no_key_is_made_that_would_end_with_its_authority_at_once(world: World) -> None:
    world.time.now = world.hub.authority.not_after - HOUR
    with pytest.raises(Conflict) as refused:
        world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    assert refused.value.facts["why"] == "authority-ends"


def test_a_certificate_ends_with_its_authority_at_the_latest(world: World) -> None:
    world.time.now = world.hub.authority.not_after - 30 * DAY
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    (key, *_) = [k for k in registered(world.hub.reading) if k.use == "receipt"]
    assert ends(key) == world.hub.authority.not_after


# -- what was cut off, exchanged, or lost ------------------------------------------------------
def test_a_key_that_was_made_and_never_entered_is_destroyed(world: World) -> None:
    orphan = PrivateKey.load(world.hub.folder.keys / "receipt.key")
    path = named_file(world.hub.folder.keys, "receipt", "ab" * 16)
    orphan.save(path)
    world.hub.keys.tidy()
    assert not path.exists()
    assert (world.hub.folder.keys / "receipt.key").exists()


def test_a_rotation_that_was_cut_off_before_it_was_entered_is_finished_or_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the file was made: its certificate is newer than any, so it is taken up."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    world.time.advance(MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr("hub.keys.rotation.enter", die)
        with pytest.raises(Killed):
            world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    assert len(files(world, "receipt")) == 2
    again = world.again()
    assert len(files(world, "receipt")) == 1
    sent = again.nrb.lookup()
    Published.of(again).check(sent, again.ask(sent))
    assert again.findings().faults == ()
    again.hub.close()


def test_two_processes_that_tidy_at_once_move_the_epoch_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second saw a key run out before it got the lock, and finds it retired."""
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "session")
    world.time.advance(HOUR)
    stale = registered(world.hub.reading)
    world.hub.keys.tidy()
    before = world.entries()
    monkeypatch.setattr("hub.keys.rotation.registered", lambda _: stale)
    world.hub.keys.rotation.tidy()
    monkeypatch.undo()
    world.ask(world.nrb.lookup())
    assert world.entries() == before + 1
    assert world.findings().faults == ()


def test_a_retirement_that_was_cut_off_is_finished_at_the_next_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the switch and the end of the old file."""
    monkeypatch.setattr(type(world.hub.keys.rotation), "tidy", lambda _: None)
    world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    assert (world.hub.folder.keys / "receipt.key").exists()
    monkeypatch.undo()
    again = world.again()
    assert not (world.hub.folder.keys / "receipt.key").exists()
    again.hub.close()


def test_a_key_whose_file_holds_another_is_not_used(world: World) -> None:
    keys = world.hub.folder.keys
    rotated = world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    path = named_file(keys, "receipt", rotated.id)
    path.unlink()
    foreign = PrivateKey.load(keys / "checkpoint.key")
    foreign.save(path)
    with pytest.raises(KeyUnusable):
        world.again()


def test_a_worker_that_did_not_follow_would_be_caught(world: World) -> None:
    """The check that the load test makes of every answer: under which key, after the switch."""
    other = world.again()
    other.hub.book._follow = lambda _: None
    rotated = world.hub.keys.rotation.rotate(ADMINISTRATOR, "receipt")
    sent = other.nrb.lookup()
    answer = other.ask(sent)
    published = Published.of(world)
    kid = published.check(sent, answer)
    receipt = verify_receipt(answer.receipt or "", {kid: published.receipt_key(kid)})
    assert receipt.first > rotated.entry
    assert kid != world.hub.ring.receipt.kid
    other.hub.close()


# -- over the interface -----------------------------------------------------------------------
def bearer(world: World, account: str) -> dict[str, str]:
    token = world.hub.sessions.sign_in(account, PASSWORD).token
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def test_administrators_alone_rotate_and_list(world: World) -> None:
    listed = world.http("GET", "/v1/keys", bearer(world, "admin"))
    assert listed.status == 200
    keys = listed.document["keys"]
    assert isinstance(keys, list)
    assert {key["use"] for key in keys if isinstance(key, dict)} == {
        "audit", "checkpoint", "credential", "feeds", "marks", "master", "mismatches", "receipt",
        "session",
    }  # fmt: skip
    rotated = world.http("POST", "/v1/keys/receipt/rotation", bearer(world, "admin"), b"{}")
    assert rotated.status == 201
    assert world.hub.ring.refresh().register[0].id == rotated.document["id"]
    # As if each had changed the first password; until then nobody may do anything.
    connection = connect(world.hub.folder.control)
    connection.execute("UPDATE people SET must_change = 0")
    connection.close()
    for account in ("audit", "nrb.officer", "nrb.steward"):
        headers = bearer(world, account)
        assert world.http("GET", "/v1/keys", headers).status == 403
        assert world.http("POST", "/v1/keys/receipt/rotation", headers, b"{}").status == 403
        path = f"/v1/keys/{rotated.document['id']}/status"
        assert world.http("PUT", path, headers, b'{"status":"retired"}').status == 403
    assert world.http("GET", "/v1/keys").status == 401
    # Which keys there are is not told to strangers either.
    for use in ("receipt", "nosuch"):
        assert world.http("POST", f"/v1/keys/{use}/rotation", {}, b"{}").status == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/keys/nosuch/rotation", b"{}", 422),
        ("/v1/keys/marks/rotation", b"{}", 422),
        ("/v1/keys/receipt/rotation", b'{"fingerprint":"' + b"a" * 32 + b'"}', 422),
        ("/v1/keys/master/rotation", b"{}", 422),
        ("/v1/keys/master/rotation", b'{"fingerprint":"../../etc"}', 422),
        ("/v1/keys/master/rotation", b'{"fingerprint":"' + b"a" * 32 + b'"}', 404),
        ("/v1/keys/receipt/rotation", b'{"path":"/etc/shadow"}', 422),
    ],
)
def test_a_rotation_that_makes_no_sense_is_refused(
    world: World, path: str, body: bytes, status: int
) -> None:
    before = world.entries()
    assert world.http("POST", path, bearer(world, "admin"), body).status == status
    assert world.entries() == before
