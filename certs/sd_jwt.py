"""Credentials of which only chosen items are shown: SD-JWT (RFC 9901), typed as SD-JWT VC.

    <signed by the issuer>~<disclosure>~…~[<proof of the holder>]

The issuer hides claims (``issue``), the holder shows some of them (``present``) and may prove to be
the holder (``certs/key_binding.py``), the verifier gets what was shown (``verify``). Whether a
credential still stands is told by its status list (``certs/status_list.py``), asked afterwards.
Only ``sha-256`` and ES256 are taken, and JSON without floats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from certs.canonical import Json
from certs.disclosures import HASH, MAX_DEPTH, Path, fold, freeze, unfold
from certs.errors import CredentialInvalid, MalformedJson
from certs.jws import check_times, open_token, read_claims, sign, split
from certs.key_binding import Binding, check_binding, holder_claim
from certs.keys import PublicKey, Signer

__all__ = ["Binding", "Credential", "Path", "choices", "issue", "present", "verify"]

TYPE = "dc+sd-jwt"
"""The ``typ`` of a digital credential (SD-JWT VC §2.2.1)."""
TOKEN_LIMIT = 262_144
"""Characters of a whole presentation; ours have some thousand."""
REQUIRED = frozenset({"exp", "iat", "iss", "vct"})
"""What a credential of ours must say to be judged at all (RFC 9901 §7.1, step 6)."""
_TEXTS = ("iss", "vct")
_TIMES = frozenset({"exp", "iat", "nbf"})


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that holds, as far as it was shown. Only ``verify`` makes one.

    ``claims`` cannot be changed; ``disclosed`` are the paths that the holder chose to show; ``kid``
    is the issuer's key; ``bound`` tells whether the holder proved to be the holder.
    """

    claims: Mapping[str, Json]
    disclosed: frozenset[Path]
    kid: str
    bound: bool


def issue(
    claims: Mapping[str, Json],
    hidden: Iterable[Path],
    signer: Signer,
    kid: str,
    *,
    typ: str = TYPE,
    holder: PublicKey | None = None,
    decoys: int = 0,
) -> str:
    """The SD-JWT of ``claims`` with all its disclosures, for the holder.

    ``hidden`` are the paths of the claims that the holder may keep back; ``holder`` is the key that
    presentations must be bound to; ``decoys`` digests of nothing hide how many claims there are.
    Raises ``CredentialInvalid`` (slugs of ``certs.disclosures.fold``, ``size``) or ``KeyUnusable``.
    """
    known = {**claims} if holder is None else {**claims, "cnf": holder_claim(holder)}
    payload, disclosures = fold(known, hidden, decoys)
    if disclosures:
        payload[HASH] = "sha-256"
    try:
        token = "".join(f"{part}~" for part in (sign(payload, typ, signer, kid), *disclosures))
    except MalformedJson as error:
        raise CredentialInvalid(why="form") from error
    if len(token) > TOKEN_LIMIT:
        raise CredentialInvalid(why="size")
    return token


def choices(token: str) -> tuple[Path, ...]:
    """The claims of an issued token that its holder may show or keep back; nothing is verified.

    A claim within another hidden one stands for itself: showing it shows the outer one's shell.
    Raises ``CredentialInvalid``.
    """
    return tuple(_held(token)[2])


def present(token: str, chosen: Iterable[Path]) -> str:
    """``token`` with the disclosures of the ``chosen`` claims and of those that they stand in.

    The signature is not verified: a holder verifies once, when receiving (RFC 9901 §7.2). Raises
    ``CredentialInvalid``: ``unknown-claim`` for what cannot be chosen, ``key-binding-unexpected``
    for a presentation of somebody else, and what ``verify`` finds in the form.
    """
    signed, disclosures, places = _held(token)
    kept: set[str] = set()
    for path in chosen:
        if path not in places:
            raise CredentialInvalid(why="unknown-claim")
        kept.update(places[path])
    shown = (text for text in disclosures if text in kept)
    return "".join(f"{part}~" for part in (signed, *shown))


def verify(
    token: str,
    keys: Mapping[str, PublicKey],
    now: int,
    *,
    issuer: str | None,
    typ: str = TYPE,
    required: frozenset[str] = REQUIRED,
    binding: Binding | None = None,
) -> Credential:
    """What a presentation shows at ``now`` (milliseconds), if all of it holds.

    ``keys`` are those of ``issuer``, by ``kid``; a caller that passes ``None`` says that whoever
    owns the keys may be any issuer. ``required`` claims must stand openly or be disclosed. With a
    ``binding`` the holder must have proved it, without one nobody may have tried: what is demanded
    never follows from what came (RFC 9901 §9.5). The status is left to the caller.

    Raises ``CredentialInvalid``. Slugs beside those of ``certs/jws.py``, of ``unfold`` and of
    ``check_binding``: ``issuer``, ``claims``, ``key-binding-missing``, ``key-binding-unexpected``.
    """
    # 1. The parts, and whether there is a proof exactly if one is demanded.
    signed, disclosures, proof = _cut(token)
    if binding is not None and not proof:
        raise CredentialInvalid(why="key-binding-missing")
    if binding is None and proof:
        raise CredentialInvalid(why="key-binding-unexpected")
    # 2. The issuer's signature: algorithm and type are ours to choose, the key is the issuer's.
    opened = open_token(
        signed, keys, typ=typ, limit=TOKEN_LIMIT, depth=MAX_DEPTH, refuse=CredentialInvalid
    )
    if issuer is not None and opened.claims.get("iss") != issuer:
        raise CredentialInvalid(why="issuer")
    # 3. What is disclosed, each in the place that the issuer gave it.
    claims, places = unfold(opened.claims, disclosures)
    # 4. Is it all there, and is it time?
    if not required <= claims.keys():
        raise CredentialInvalid(why="claims")
    if any(not isinstance(claims.get(name, ""), str) for name in _TEXTS):
        raise CredentialInvalid(why="claims")
    check_times(claims, now, CredentialInvalid, must=required & _TIMES)
    _check_audience(claims, binding)
    # 5. The holder's proof over exactly what came.
    if binding is not None:
        check_binding(proof, token[: len(token) - len(proof)], claims, binding, now)
    seen = MappingProxyType({name: freeze(value) for name, value in claims.items()})
    return Credential(seen, frozenset(places), opened.kid, binding is not None)


def _cut(token: str) -> tuple[str, list[str], str]:
    """The issuer's token, the disclosures, and the holder's proof or an empty text."""
    if len(token) > TOKEN_LIMIT:
        raise CredentialInvalid(why="size")
    signed, *rest = token.split("~")
    if not token.isascii() or not rest or not all(rest[:-1]):
        raise CredentialInvalid(why="form")
    return signed, rest[:-1], rest[-1]


def _held(token: str) -> tuple[str, list[str], Mapping[Path, tuple[str, ...]]]:
    """A token as its holder has it: signed part, disclosures, and what each claim needs."""
    signed, disclosures, proof = _cut(token)
    if proof:
        raise CredentialInvalid(why="key-binding-unexpected")
    body = split(signed, TOKEN_LIMIT, CredentialInvalid)[1]
    payload = read_claims(body, TOKEN_LIMIT, MAX_DEPTH, CredentialInvalid)
    return signed, disclosures, unfold(payload, disclosures).places


def _check_audience(claims: Mapping[str, Json], binding: Binding | None) -> None:
    """A credential for certain readers is for nobody else (RFC 7519 §4.1.3)."""
    if "aud" not in claims:
        return
    named = claims["aud"]
    audience = named if isinstance(named, list) else [named]
    if binding is None or binding.audience not in audience:
        raise CredentialInvalid(why="audience")
