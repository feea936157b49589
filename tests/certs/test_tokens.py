"""Session tokens: what is pinned, and what a forged or stale one meets."""

from pathlib import Path

import jwt
import pytest

from certs.encoding import b64u
from certs.errors import InsecureKeyFile, KeyUnusable
from certs.tokens import AUDIENCE, TYPE, SessionClaims, SessionTokens, TokenInvalid, new_session_id

KEY = bytes(range(32))
NOW = 1_790_000_000_000
HUB = "demo.yifen"


@pytest.fixture
def tokens() -> SessionTokens:
    return SessionTokens(KEY, HUB)


def claims(**changes: str | int) -> SessionClaims:
    seconds = NOW // 1000
    values: dict[str, str | int] = {
        "account": "psb.li",
        "session": "A" * 22,
        "began": NOW,
        "issued": seconds,
        "expires": seconds + 1800,
    } | changes
    return SessionClaims(**values)  # type: ignore[arg-type]


def payload(**changes: object) -> dict[str, object]:
    seconds = NOW // 1000
    return {
        "aud": AUDIENCE,
        "began": NOW,
        "exp": seconds + 1800,
        "iat": seconds,
        "iss": HUB,
        "jti": "A" * 22,
        "sub": "psb.li",
    } | changes


def forged(
    body: dict[str, object], key: bytes = KEY, algorithm: str = "HS256", typ: str = TYPE
) -> str:
    return jwt.encode(body, key, algorithm=algorithm, headers={"typ": typ})


def test_a_token_says_what_was_put_into_it(tokens: SessionTokens) -> None:
    assert tokens.read(tokens.issue(claims()), NOW) == claims()


def test_what_the_tests_forge_would_be_taken_if_it_were_right(tokens: SessionTokens) -> None:
    assert tokens.read(forged(payload()), NOW) == claims()


@pytest.mark.parametrize("late", [1_800_000, 1_800_001, 10**9])
def test_a_token_ends_with_its_time(tokens: SessionTokens, late: int) -> None:
    token = tokens.issue(claims())
    assert tokens.read(token, NOW + 1_799_999) == claims()
    with pytest.raises(TokenInvalid, match="expired"):
        tokens.read(token, NOW + late)


@pytest.mark.parametrize(
    "body",
    [
        payload(aud="hub-receipt"),
        payload(aud=[AUDIENCE, "other"]),
        payload(aud=[AUDIENCE]),
        payload(iss="other.yifen"),
        payload(sub=7),
        payload(jti="short"),
        payload(jti=7),
        payload(began="now"),
        payload(exp=1e12),
        payload(exp=True),
        payload(extra="claim"),
        {name: value for name, value in payload().items() if name != "began"},
        {name: value for name, value in payload().items() if name != "exp"},
        {name: value for name, value in payload().items() if name != "iss"},
    ],
)
def test_other_claims_are_refused(tokens: SessionTokens, body: dict[str, object]) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(forged(body), NOW)


def test_attack_algorithm_none(tokens: SessionTokens) -> None:
    token = jwt.encode(payload(), None, algorithm="none", headers={"typ": TYPE})
    with pytest.raises(TokenInvalid):
        tokens.read(token, NOW)


def test_attack_other_hash_with_the_right_key(tokens: SessionTokens) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(forged(payload(), bytes(range(64)), "HS512"), NOW)


def test_attack_type_of_another_token(tokens: SessionTokens) -> None:
    with pytest.raises(TokenInvalid, match="header"):
        tokens.read(forged(payload(), typ="hub-receipt+jwt"), NOW)


def test_attack_header_that_names_a_key(tokens: SessionTokens) -> None:
    token = jwt.encode(payload(), KEY, algorithm="HS256", headers={"typ": TYPE, "kid": "x"})
    with pytest.raises(TokenInvalid, match="header"):
        tokens.read(token, NOW)


def test_attack_another_hubs_key(tokens: SessionTokens) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(forged(payload(), bytes(32)), NOW)


@pytest.mark.parametrize("token", ["", "a.b.c", "a" * 5000, "汉.字.符", "..", "a.b"])
def test_anything_else_is_refused(tokens: SessionTokens, token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(token, NOW)


def test_a_changed_token_is_refused(tokens: SessionTokens) -> None:
    head, _, signature = tokens.issue(claims()).split(".")
    body = tokens.issue(claims(account="cpa.wang")).split(".")[1]
    with pytest.raises(TokenInvalid):
        tokens.read(f"{head}.{body}.{signature}", NOW)


def test_a_form_token_belongs_to_one_session_and_one_hub(tokens: SessionTokens) -> None:
    first, second = new_session_id(), new_session_id()
    tokens.check_form_token(first, tokens.form_token(first))
    for wrong in (tokens.form_token(second), "", tokens.form_token(first)[:-1], "口令\udcff"):
        with pytest.raises(TokenInvalid, match="form"):
            tokens.check_form_token(first, wrong)
    assert SessionTokens(bytes(32), HUB).form_token(first) != tokens.form_token(first)


def test_the_key_file_is_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    token = SessionTokens.create(path, HUB).issue(claims())
    assert path.stat().st_mode & 0o777 == 0o600
    assert SessionTokens.load(path, HUB).read(token, NOW) == claims()
    with pytest.raises(FileExistsError):
        SessionTokens.create(path, HUB)
    path.chmod(0o644)
    with pytest.raises(InsecureKeyFile):
        SessionTokens.load(path, HUB)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"yifen-session-key-1:***\n", f"yifen-master-key-1:{b64u(KEY)}\n".encode()],
)
def test_a_spoilt_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "session.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable):
        SessionTokens.load(path, HUB)


def test_a_key_of_another_length_is_refused_and_none_is_shown() -> None:
    with pytest.raises(KeyUnusable):
        SessionTokens(b"short", HUB)
    assert repr(SessionTokens(KEY, HUB)) == "<SessionTokens>"
