"""What can be shown or kept back: claims folded into salted digests, and unfolded again (RFC 9901).

A hidden member of an object leaves its digest in the object's ``_sd``, a hidden element of an array
leaves ``{"...": digest}`` in its place; the disclosure is base64url of ``[salt, name, value]`` or
``[salt, value]``, and the digest is over that text, not over the bytes that it stands for (§4.2.3).
A path names a claim: ``("address", "city")``, ``("nationalities", 0)``. An index counts the
elements that are there once everything is unfolded, so a decoy has none.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, NoReturn, TypeAlias

from certs.canonical import Json, canonical, parse
from certs.encoding import b64u, digest, unb64u
from certs.entropy import random_bytes
from certs.errors import CredentialInvalid, Malformed

Path: TypeAlias = tuple[str | int, ...]

DIGESTS = "_sd"
ELEMENT = "..."
HASH = "_sd_alg"
RESERVED = frozenset({DIGESTS, ELEMENT, HASH})
CONTROL = frozenset(
    {"iss", "aud", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}
)
"""What tells whether a credential holds is never kept back (SD-JWT VC §2.2.2.3, RFC 9901 §9.7)."""
SALT_BYTES = 16
"""128 bits, as RFC 9901 §9.3 recommends."""
DIGEST_BYTES = 32
MAX_CLAIMS = 262_144
"""Bytes of all claims that are folded."""
MAX_DEPTH = 32
"""Levels of the unfolded claims: the RFC's own examples have 6."""
MAX_DISCLOSURES = 1000
MAX_DISCLOSURE = 65_536
"""Characters of one disclosure: room for a small picture."""
_ELEMENT_PARTS = 2
_MEMBER_PARTS = 3


class _Branch:
    """Which claims below a node are hidden."""

    __slots__ = ("below", "hidden")

    def __init__(self) -> None:
        self.below: dict[str | int, _Branch] = {}
        self.hidden = False


class Unfolded(NamedTuple):
    """The claims that can be seen, and for each one disclosed what has to be sent for it.

    ``places``: the path of each disclosed claim with its disclosures, the outermost first.
    """

    claims: dict[str, Json]
    places: Mapping[Path, tuple[str, ...]]


def fold(
    claims: Mapping[str, Json], hidden: Iterable[Path], decoys: int = 0
) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The payload in which the claims at ``hidden`` are digests, and their disclosures.

    A path below another hidden one makes a disclosure within a disclosure. ``decoys`` digests of
    nothing join each object and array that hides something. Raises ``CredentialInvalid``:
    ``reserved-name``, ``unknown-claim``, ``claim-twice``, ``control-claim``, ``form``, ``size``.
    """
    try:
        copied = parse(canonical(claims), max_bytes=MAX_CLAIMS, max_depth=MAX_DEPTH)
    except Malformed as error:
        raise CredentialInvalid(why="form") from error
    _refuse_reserved(copied)
    tree = _Branch()
    for path in hidden:
        branch = tree
        for step in path:
            branch = branch.below.setdefault(step, _Branch())
        if not path or branch.hidden:
            _refuse("claim-twice")
        if path[0] in CONTROL:
            _refuse("control-claim")
        branch.hidden = True
    disclosures: list[str] = []
    _fold(copied, tree, decoys, disclosures)
    if not isinstance(copied, dict):
        _refuse("form")
    return copied, tuple(disclosures)


def unfold(payload: Mapping[str, Json], disclosures: Sequence[str]) -> Unfolded:
    """Put what is disclosed into its places (RFC 9901 §7.1, steps 3 to 5).

    Raises ``CredentialInvalid``; slugs: ``sd-alg``, ``disclosures`` (too many), ``disclosure`` (not
    one of its kind), ``disclosure-twice``, ``disclosure-unreferenced``, ``digest-twice``,
    ``digests`` (not a list of texts), ``reserved-name``, ``claim-collision``, ``control-claim``,
    ``depth``.
    """
    if payload.get(HASH, "sha-256") != "sha-256":
        _refuse("sd-alg")
    if len(disclosures) > MAX_DISCLOSURES:
        _refuse("disclosures")
    if len(set(disclosures)) != len(disclosures):
        _refuse("disclosure-twice")
    # 1. The digest of each disclosure as it came.
    work = _Unfolding({digest(text.encode("ascii")): text for text in disclosures})
    # 2. The digests in the payload and in what is disclosed, each in its place.
    claims = work.object(payload, (), ())
    # 3. Whatever nothing refers to has not been signed by anybody.
    if len(work.places) != len(disclosures):
        _refuse("disclosure-unreferenced")
    return Unfolded(claims, MappingProxyType(work.places))


def freeze(value: Json) -> Json:
    """``value`` as nobody can change it: mappings that only read, and tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: freeze(member) for name, member in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(freeze(element) for element in value)
    return value


def _refuse(why: str) -> NoReturn:
    raise CredentialInvalid(why=why)


def _refuse_reserved(value: Json) -> None:
    if isinstance(value, dict):
        if value.keys() & RESERVED:
            _refuse("reserved-name")
        for member in value.values():
            _refuse_reserved(member)
    elif isinstance(value, list):
        for element in value:
            _refuse_reserved(element)


def _fold(node: Json, branch: _Branch, decoys: int, disclosures: list[str]) -> None:
    """Fold what ``branch`` hides within ``node``, the innermost first."""
    hides = any(below.hidden for below in branch.below.values())
    for step, below in branch.below.items():
        _fold(_at(node, step), below, decoys, disclosures)
    if isinstance(node, dict):
        _fold_members(node, branch, decoys if hides else 0, disclosures)
    elif isinstance(node, list):
        _fold_elements(node, branch, decoys if hides else 0, disclosures)


def _at(node: Json, step: str | int) -> Json:
    if isinstance(node, dict) and isinstance(step, str) and step in node:
        found: Json = node[step]
        return found
    if isinstance(node, list) and type(step) is int and 0 <= step < len(node):
        element: Json = node[step]
        return element
    _refuse("unknown-claim")


def _fold_members(
    node: dict[str, Json], branch: _Branch, decoys: int, disclosures: list[str]
) -> None:
    digests = [_decoy() for _ in range(decoys)]
    for name, below in branch.below.items():
        if below.hidden:
            digests.append(_disclose(disclosures, name, node.pop(str(name))))
    if digests:
        # Sorted, they say nothing about the order of the claims (§4.2.4.1).
        node[DIGESTS] = sorted(digests)


def _fold_elements(node: list[Json], branch: _Branch, decoys: int, disclosures: list[str]) -> None:
    for index, below in branch.below.items():
        if below.hidden:
            place = int(index)
            node[place] = {ELEMENT: _disclose(disclosures, node[place])}
    for _ in range(decoys):
        node.insert(secrets.randbelow(len(node) + 1), {ELEMENT: _decoy()})


def _disclose(disclosures: list[str], *parts: Json) -> str:
    """Add a disclosure; gives its digest."""
    disclosure = b64u(canonical([b64u(random_bytes(SALT_BYTES)), *parts]))
    if len(disclosure) > MAX_DISCLOSURE:
        _refuse("size")
    disclosures.append(disclosure)
    return digest(disclosure.encode("ascii"))


def _decoy() -> str:
    return digest(random_bytes(DIGEST_BYTES))


class _Unfolding:
    """One unfolding: the disclosures not met yet, the digests met, the claims disclosed."""

    def __init__(self, waiting: dict[str, str]) -> None:
        self._waiting = waiting
        self._met: set[str] = set()
        self.places: dict[Path, tuple[str, ...]] = {}

    def object(
        self, node: Mapping[str, Json], path: Path, sent: tuple[str, ...]
    ) -> dict[str, Json]:
        """``node`` with its disclosed members, without its digests."""
        members: dict[str, Json] = {}
        for name, member in node.items():
            if name == ELEMENT or (name == HASH and path):
                _refuse("reserved-name")
            if name not in RESERVED:
                members[name] = self._value(member, (*path, name), sent)
        for found in _texts(node.get(DIGESTS, [])):
            text = self._meet(found)
            if text is None:
                continue
            parts = _parts(text, _MEMBER_PARTS)
            shown = parts[1]
            if not isinstance(shown, str):
                _refuse("disclosure")
            if shown in RESERVED:
                _refuse("reserved-name")
            if shown in members:
                _refuse("claim-collision")
            members[shown] = self._disclosed(parts[2], (*path, shown), (*sent, text))
        return members

    def _array(self, node: Sequence[Json], path: Path, sent: tuple[str, ...]) -> list[Json]:
        elements: list[Json] = []
        for element in node:
            here = (*path, len(elements))
            if not isinstance(element, Mapping) or ELEMENT not in element:
                elements.append(self._value(element, here, sent))
                continue
            found = element[ELEMENT]
            if len(element) != 1 or not isinstance(found, str):
                _refuse("reserved-name")
            text = self._meet(found)
            if text is not None:
                value = _parts(text, _ELEMENT_PARTS)[1]
                elements.append(self._disclosed(value, here, (*sent, text)))
        return elements

    def _value(self, value: Json, path: Path, sent: tuple[str, ...]) -> Json:
        if len(path) > MAX_DEPTH:
            _refuse("depth")
        if isinstance(value, Mapping):
            return self.object(value, path, sent)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._array(value, path, sent)
        return value

    def _disclosed(self, value: Json, path: Path, sent: tuple[str, ...]) -> Json:
        if path[0] in CONTROL:
            _refuse("control-claim")
        self.places[path] = sent
        return self._value(value, path, sent)

    def _meet(self, found: str) -> str | None:
        """The disclosure of a digest, if it was sent; no digest may stand twice (§7.1, step 4)."""
        if found in self._met:
            _refuse("digest-twice")
        self._met.add(found)
        return self._waiting.get(found)


def _texts(value: Json) -> list[str]:
    if not isinstance(value, list):
        _refuse("digests")
    texts = [one for one in value if isinstance(one, str)]
    if len(texts) != len(value):
        _refuse("digests")
    return texts


def _parts(text: str, count: int) -> list[Json]:
    """What a disclosure holds: ``count`` parts, the first of which is the salt."""
    try:
        parts = parse(unb64u(text), max_bytes=MAX_DISCLOSURE, max_depth=MAX_DEPTH + 1)
    except Malformed as error:
        raise CredentialInvalid(why="disclosure") from error
    if not isinstance(parts, list) or len(parts) != count or not isinstance(parts[0], str):
        _refuse("disclosure")
    return parts
