"""Names of secret keys, one master key under another, several session keys, and destroyed files."""

from pathlib import Path

import pytest

from certs.errors import KeyUnusable, SealBroken
from certs.keys import destroy_secret, write_secret
from certs.sealing import MasterKey, fingerprint
from certs.tokens import SessionClaims, SessionRing, SessionTokens, TokenInvalid, new_session_id

NOW = 1_790_000_000_000


def test_a_name_is_of_its_key_alone_and_tells_nothing_of_it() -> None:
    first, second = MasterKey(b"a" * 32), MasterKey(b"b" * 32)
    assert first.fingerprint == MasterKey(b"a" * 32).fingerprint
    names = {first.fingerprint, second.fingerprint, fingerprint(b"a" * 32), fingerprint(b"b" * 32)}
    assert len(names) == 4
    assert all(len(name) == 32 and name.isalnum() for name in names)
    assert first.fingerprint not in {first.derive(label).hex()[:32] for label in ("", "wrap")}


def test_the_same_key_is_told_from_another() -> None:
    key = MasterKey(b"a" * 32)
    key.check_same(MasterKey(b"a" * 32))
    for other in (b"a" * 31 + b"b", b"b" + b"a" * 31):
        with pytest.raises(KeyUnusable):
            key.check_same(MasterKey(other))


def test_a_master_key_comes_back_from_under_another() -> None:
    old, new = MasterKey(b"a" * 32), MasterKey(b"b" * 32)
    blob = new.wrap_master(old)
    new.unwrap_master(blob, old.fingerprint).check_same(old)
    for key, name in ((old, old.fingerprint), (new, new.fingerprint)):
        with pytest.raises(SealBroken):
            key.unwrap_master(blob, name)


def claims(now: int) -> SessionClaims:
    return SessionClaims("admin", new_session_id(), now, now // 1000, now // 1000 + 600)


def test_sessions_under_any_key_of_the_ring_are_read_and_new_ones_are_under_the_newest() -> None:
    old, new = SessionTokens(b"a" * 32, "demo.yifen"), SessionTokens(b"b" * 32, "demo.yifen")
    foreign = SessionTokens(b"c" * 32, "demo.yifen")
    ring, told = SessionRing(new, old), claims(NOW)
    for tokens in (old, new):
        assert ring.read(tokens.issue(told), NOW) == told
        ring.check_form_token("s", tokens.form_token("s"))
    assert new.read(ring.issue(told), NOW) == told
    with pytest.raises(TokenInvalid):
        old.read(ring.issue(told), NOW)
    for wrong in (foreign.issue(told), "", "a.b.c"):
        with pytest.raises(TokenInvalid):
            ring.read(wrong, NOW)
    with pytest.raises(TokenInvalid):
        ring.check_form_token("s", foreign.form_token("s"))
    with pytest.raises(TokenInvalid) as ended:
        ring.read(new.issue(told), NOW + 601_000)
    assert ended.value.facts["why"] == "expired"


def test_a_secret_is_overwritten_before_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"secret bytes")
    with path.open("rb") as kept_open:
        destroy_secret(path)
        assert kept_open.read() == bytes(12)
    assert not path.exists()
    destroy_secret(path)


def test_what_a_link_points_to_is_not_overwritten(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"somebody else's")
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        destroy_secret(link)
    assert target.read_bytes() == b"somebody else's"
