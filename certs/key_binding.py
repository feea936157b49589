"""Key binding: whoever shows a credential proves that it was issued to them (RFC 9901 §4.3).

A short JWT of the holder (``kb+jwt``) over exactly what is shown, for one verifier and one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from certs.canonical import Json
from certs.encoding import digest
from certs.errors import CredentialInvalid, KeyUnusable
from certs.jws import SKEW, check_times, open_token, sign
from certs.keys import PublicKey, Signer

TYPE = "kb+jwt"
MAX_AGE = 300
"""Seconds since it was made: as long as a signed request of ours may live."""
_LIMIT = 8192
_DEPTH = 8
_TIMES = frozenset({"iat"})


@dataclass(frozen=True, slots=True)
class Binding:
    """What a verifier demands: its own name, the nonce that it gave, and how old a proof may be."""

    audience: str
    nonce: str
    max_age: int = MAX_AGE


def bind(presentation: str, holder: Signer, *, audience: str, nonce: str, now: int) -> str:
    """``presentation`` with the holder's proof at its end; ``now`` in milliseconds.

    Raises ``CredentialInvalid`` (``key-binding-unexpected``) if it has one already.
    """
    if not presentation.endswith("~"):
        raise CredentialInvalid(why="key-binding-unexpected")
    claims: dict[str, Json] = {
        "aud": audience,
        "iat": now // 1000,
        "nonce": nonce,
        "sd_hash": digest(presentation.encode("ascii")),
    }
    return presentation + sign(claims, TYPE, holder)


def holder_claim(holder: PublicKey) -> dict[str, Json]:
    """The ``cnf`` claim of a credential for the holder of this key (RFC 7800 §3.2)."""
    return {"jwk": {**holder.jwk()}}


def check_binding(
    proof: str, presentation: str, claims: Mapping[str, Json], binding: Binding, now: int
) -> None:
    """Check the holder's ``proof`` over ``presentation`` (RFC 9901 §7.3, step 5).

    ``claims`` are those of the credential, already verified: the key comes from them alone. Raises
    ``CredentialInvalid``; slugs beside those of ``certs/jws.py``: ``holder-key``, ``audience``,
    ``nonce``, ``proof-age``, ``sd-hash``.
    """
    confirmation = claims.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, Mapping) else None
    if not isinstance(jwk, Mapping):
        raise CredentialInvalid(why="holder-key")
    try:
        holder = PublicKey.from_jwk(jwk)
    except KeyUnusable as error:
        raise CredentialInvalid(why="holder-key") from error
    opened = open_token(
        proof, holder, typ=TYPE, limit=_LIMIT, depth=_DEPTH, refuse=CredentialInvalid
    ).claims
    check_times(opened, now, CredentialInvalid, must=_TIMES)
    made = opened["iat"]
    if type(made) is not int or now > (made + binding.max_age + SKEW) * 1000:
        raise CredentialInvalid(why="proof-age")
    if opened.get("aud") != binding.audience:
        raise CredentialInvalid(why="audience")
    if opened.get("nonce") != binding.nonce:
        raise CredentialInvalid(why="nonce")
    if opened.get("sd_hash") != digest(presentation.encode("ascii")):
        raise CredentialInvalid(why="sd-hash")
