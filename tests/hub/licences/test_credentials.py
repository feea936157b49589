"""A credential from the hub to a stranger: issued, chosen from, verified by others' programs, and
told to be suspended or revoked by the list that anybody fetches.
"""

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from openvc.status.token_status_list import check_token_status
from world.licensing import COMPANY, Licensing
from world.time import DAY, HOUR
from world.town import ADMINISTRATOR

from catalog.licences.status import LIST_BITS
from certs.canonical import Json, canonical, parse
from certs.certificates import verify_certificate
from certs.encoding import digest, unb64u
from certs.errors import CredentialInvalid, StatusListInvalid
from certs.key_binding import Binding, bind
from certs.keys import PublicKey, generate
from certs.leaf import check_part, read_leaf
from certs.sd_jwt import Credential, choices, present, verify
from certs.status_list import StatusList, read_list, reference
from hub.licences import lists

OFFICE = "https://bank.example"
CHOSEN = [("certificateHolderCode",), ("items", "scope")]


class Stranger:
    """Somebody with nothing but the hub's address and the usual programs."""

    def __init__(self, licensed: Licensing) -> None:
        self.world = licensed.world
        self.origin = licensed.world.hub.settings.public_origin

    def fetch(self, address: str) -> bytes:
        answer = self.world.http("GET", address.removeprefix(self.origin))
        assert answer.status == 200, answer.body
        return answer.body

    def jwks(self) -> dict[str, dict[str, Any]]:
        told = parse(self.fetch("/.well-known/jwt-vc-issuer"), max_bytes=4096, max_depth=4)
        assert isinstance(told, dict)
        assert told["issuer"] == self.origin
        keys = parse(self.fetch(str(told["jwks_uri"])), max_bytes=1 << 20, max_depth=6)
        assert isinstance(keys, dict)
        return {key["kid"]: key for key in keys["keys"]}  # type: ignore[union-attr,index,call-overload,misc]

    def keys(self) -> dict[str, PublicKey]:
        return {kid: PublicKey.from_jwk(key) for kid, key in self.jwks().items()}

    def theirs(self, token: str) -> tuple[dict[str, Any], str]:
        """What an independent implementation reads, and what it says of the status."""
        now = datetime.fromtimestamp(self.world.time() / 1000, UTC)
        jwks = self.jwks()
        kid = jwt.get_unverified_header(token.split("~", maxsplit=1)[0])["kid"]
        seen = SdJwtVcProofSuite().verify(token, public_key_jwk=jwks[kid], now=now)

        def resolve(uri: str) -> dict[str, Any]:
            fetched = self.fetch(uri).decode()
            key = jwt.PyJWK(jwks[jwt.get_unverified_header(fetched)["kid"]])
            options = {"verify_exp": False, "verify_iat": False}
            told: dict[str, Any] = jwt.decode(fetched, key, ["ES256"], options=options)
            assert told["sub"] == uri
            return told

        found = check_token_status(seen.claims, resolve_status_list_token=resolve)
        assert found is not None
        if found.revoked:
            return seen.claims, "invalid"
        return seen.claims, "suspended" if found.suspended else str(found.status)

    def ours(self, token: str, binding: Binding | None = None) -> tuple[Credential, int]:
        """The same by our own code."""
        now, keys = self.world.time(), self.keys()
        seen = verify(token, keys, now, issuer=self.origin, binding=binding)
        uri = reference(seen).uri
        fetched = read_list(self.fetch(uri).decode(), keys, now, uri=uri)
        return seen, fetched.statuses[reference(seen).index]


def test_issued_chosen_from_verified_suspended_revoked(licensed: Licensing) -> None:
    done = licensed.issued(credential={})
    whole = str(done["credential"])
    shown = present(whole, CHOSEN)
    stranger = Stranger(licensed)
    for status, act in ((0, "suspend"), (2, "resume"), (0, "revoke"), (1, "")):
        claims, told = stranger.theirs(shown)
        assert claims["certificateHolderName"] == "玉溪小馆餐饮有限公司"
        assert claims["certificateHolderCode"] == COMPANY
        assert claims["items"] == {"form": "有限责任公司", "scope": "餐饮服务"}
        assert "certificateNumber" not in claims
        assert told == {0: "0", 1: "invalid", 2: "suspended"}[status]
        assert stranger.ours(shown)[1] == status
        if act:
            assert licensed.act(done["licence"], act).status == 200


def test_the_type_says_what_a_stranger_sees_in_any_case(licensed: Licensing) -> None:
    whole = str(licensed.issued(credential={})["credential"])
    seen, _ = Stranger(licensed).ours(present(whole, []))
    shown = {name for name in seen.claims if name.startswith("certificate")}
    assert shown == {
        "certificateEffectiveDate",
        "certificateExpiringDate",
        "certificateHolderName",
        "certificateIssuedDate",
        "certificateIssuingAuthorityCode",
        "certificateIssuingAuthorityName",
        "certificateName",
        "certificateTypeCode",
    }
    assert ("certificateNumber",) in choices(whole)


def test_a_credential_for_a_holders_key_needs_the_holder(licensed: Licensing) -> None:
    holder = generate()
    order: Json = {"holder_key": {**holder.public.jwk()}}
    whole = str(licensed.issued(credential=order)["credential"])
    stranger = Stranger(licensed)
    binding = Binding(OFFICE, "n-1")
    proven = bind(
        present(whole, CHOSEN), holder, audience=OFFICE, nonce="n-1", now=licensed.world.time()
    )
    assert stranger.ours(proven, binding)[0].bound
    with pytest.raises(CredentialInvalid, match="key-binding-missing"):
        stranger.ours(present(whole, CHOSEN), binding)
    thief = bind(
        present(whole, CHOSEN), generate(), audience=OFFICE, nonce="n-1", now=licensed.world.time()
    )
    with pytest.raises(CredentialInvalid):
        stranger.ours(thief, binding)
    bad = licensed.issue(
        metadata={"number": "2"},
        credential={"holder_key": {**holder.public.jwk(), "y": "A" * 43}},
    )
    assert (bad.status, bad.document["facts"]) == (422, {"why": "holder-key"})


def test_each_credential_has_a_place_of_its_own_and_all_are_told(licensed: Licensing) -> None:
    done = licensed.issued(credential={})
    tokens = [str(done["credential"])]
    for _ in range(2):
        again = licensed.act(done["licence"], "credential")
        assert again.status == 201, again.body
        tokens.append(str(again.document["credential"]))
    stranger = Stranger(licensed)
    seen = [stranger.ours(token)[0] for token in tokens]
    places = {reference(one).index for one in seen}
    assert len(places) == 3
    # Unguessable: the chance that three drawn of a million stand in the first thousand is 1e-9.
    assert max(places) > 1000
    assert licensed.act(done["licence"], "suspend").status == 200
    assert [stranger.ours(token)[1] for token in tokens] == [2, 2, 2]
    assert licensed.world.findings().faults == ()


def test_attack_a_credential_of_a_revoked_licence(licensed: Licensing) -> None:
    done = licensed.issued(credential={}, metadata={"valid_until": "2026-10-21"})
    entries = licensed.world.entries()
    for act in ("suspend", "revoke"):
        assert licensed.act(done["licence"], act).status == 200
        refused = licensed.act(done["licence"], "credential")
        assert (refused.status, refused.document["facts"]) == (
            409,
            {"why": "licence-not-in-force"},
        )
    assert licensed.act(done["licence"], "reinstate").status == 200
    licensed.world.time.now += 31 * DAY
    assert licensed.act(done["licence"], "credential").status == 409
    with pytest.raises(CredentialInvalid):
        Stranger(licensed).ours(str(done["credential"]))
    # Two entries each of three acts: the licence and the list; reinstating tells of it too.
    assert licensed.world.entries() == entries + 6


def test_what_the_clock_ends_is_told_by_the_list(licensed: Licensing) -> None:
    done = licensed.issued(credential={}, metadata={"valid_until": "2026-10-21"})
    seen, _ = Stranger(licensed).ours(str(done["credential"]))
    licensed.world.time.now += 31 * DAY
    assert licensed.world.hub.office.expire() == 1
    uri = reference(seen).uri
    stranger = Stranger(licensed)
    fetched = read_list(
        stranger.fetch(uri).decode(), stranger.keys(), licensed.world.time(), uri=uri
    )
    assert fetched.statuses[reference(seen).index] == 1


def test_the_key_of_credentials_signs_nothing_else_and_rotates(licensed: Licensing) -> None:
    first = str(licensed.issued(credential={})["credential"])
    stranger = Stranger(licensed)
    keys = licensed.world.hub.keys
    before = licensed.world.hub.ring.credential[1]
    keys.rotation.rotate(ADMINISTRATOR, "credential")
    after = licensed.world.hub.ring.credential[1]
    assert before != after
    second = str(licensed.issued(credential={}, metadata={"number": "2"})["credential"])
    for token, kid in ((first, before), (second, after)):
        seen, status = stranger.ours(token)
        assert (seen.kid, status) == (kid, 0)
        assert stranger.theirs(token)[1] == "0"
    authority = licensed.world.hub.authority
    for row in licensed.world.hub.ring.refresh().of("credential"):
        assert row.certificate is not None
        facts = verify_certificate(
            row.certificate,
            authority.issuing_pem,
            authority.root_pem,
            now=licensed.world.time(),
            usage="credential",
        )
        assert facts.urn == "urn:yifen:hub:demo.yifen:credential"
    assert not {before, after} & {licensed.world.receipt_kid}
    assert licensed.world.findings().faults == ()


def test_a_list_is_signed_anew_when_it_changes_and_before_it_ends(licensed: Licensing) -> None:
    done = licensed.issued(credential={})
    address = "/licences/status/1"
    first = licensed.world.http("GET", address)
    assert first.headers["content-type"] == "application/statuslist+jwt"
    assert first.headers["cache-control"] == f"public, max-age={lists.MAX_AGE}"
    same = licensed.world.http("GET", address, {"if-none-match": first.headers["etag"]})
    assert (same.status, same.body) == (304, b"")
    licensed.world.time.now += HOUR // 2 - 1000
    assert licensed.world.http("GET", address).body == first.body
    licensed.world.time.now += 1000
    later = licensed.world.http("GET", address).body
    assert later != first.body
    uri = licensed.world.hub.settings.public_origin + address
    keys = Stranger(licensed).keys()
    read_list(later.decode(), keys, licensed.world.time(), uri=uri)
    assert licensed.act(done["licence"], "suspend").status == 200
    assert licensed.world.http("GET", address).body != later
    licensed.world.time.now += 2 * HOUR
    with pytest.raises(StatusListInvalid):
        read_list(later.decode(), keys, licensed.world.time(), uri=uri)
    assert licensed.world.http("GET", "/licences/status/2").status == 404


def test_another_worker_signs_the_list_as_it_stands_now(licensed: Licensing) -> None:
    done = licensed.issued(credential={})
    other = licensed.world.again()
    try:
        stranger = Stranger(licensed)
        stranger.world = other
        token = str(done["credential"])
        assert stranger.ours(token)[1] == 0
        assert licensed.act(done["licence"], "revoke").status == 200
        assert stranger.ours(token)[1] == 1
    finally:
        other.hub.close()


def _entered(licensed: Licensing) -> dict[str, Json]:
    """The state of the list's newest entry, as far as a stranger can check it: by its leaf."""
    answer = licensed.world.http("GET", "/licences/status/1/entry").document
    control = answer["control"]
    assert isinstance(control, dict)
    leaf = read_leaf(canonical(answer["leaf"]))
    assert leaf.kind == "status-list"
    check_part("control", leaf, str(answer["control_salt"]), control)
    assert licensed.world.http("GET", f"/ledger/proof/{answer['index']}").status == 200
    state = control["state"]
    assert isinstance(state, dict)
    return state


def _shown(licensed: Licensing) -> str:
    """The digest of the list that a stranger is shown."""
    body = licensed.world.http("GET", "/licences/status/1").body.decode()
    claims = jwt.decode(body, options={"verify_signature": False})
    shown = StatusList.from_claim(claims["status_list"])
    assert len(shown) == lists.SIZE
    assert shown.bits == LIST_BITS
    return digest(shown.packed)


def test_attack_a_status_list_rolled_back(licensed: Licensing) -> None:
    """What an outsider can see of it: the list is not the one that the log tells of."""
    done = licensed.issued(credential={})
    world = licensed.world
    connection = world.hub.store.connection
    (before,) = connection.execute("SELECT packed FROM status_lists").fetchone()
    assert licensed.act(done["licence"], "revoke").status == 200
    world.hub.checkpointer.step()
    assert _entered(licensed) == {"digest": _shown(licensed), "number": 1, "version": 2}
    connection.execute("UPDATE status_lists SET packed = ?, version = version + 1", (before,))
    assert _entered(licensed)["digest"] != _shown(licensed)
    assert world.findings().faults != ()


def test_a_guessed_number_is_no_list(licensed: Licensing) -> None:
    for path in ("0", "-1", "2", "99999999999999999999999", "x"):
        for tail in ("", "/entry"):
            status = licensed.world.http("GET", f"/licences/status/{path}{tail}").status
            assert status in {404, 422}, path


def test_a_credential_says_nothing_of_others(licensed: Licensing) -> None:
    """A disclosure hides what it holds, and a fresh list does not tell how many there are."""
    whole = str(licensed.issued(credential={})["credential"])
    signed = whole.split("~", maxsplit=1)[0].split(".")[1]
    assert COMPANY.encode() not in unb64u(signed)
    list_ = licensed.world.hub.reading.execute("SELECT packed FROM status_lists").fetchone()[0]
    assert set(list_) == {0}
