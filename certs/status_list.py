"""Whether a credential still stands: the Token Status List (draft-ietf-oauth-status-list-20).

A list holds the status of many credentials in 1, 2, 4 or 8 bits each, packed from the lowest bit of
each byte upwards, compressed by ZLIB, and signed as a JWT. A credential names the list's address
and its own place in it; whoever fetches the list does not tell which credential was shown.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from certs.canonical import Json
from certs.encoding import b64u, unb64u
from certs.errors import MalformedEncoding, StatusListInvalid
from certs.jws import check_times, open_token, seconds, sign
from certs.keys import PublicKey, Signer
from certs.sd_jwt import Credential

TYPE = "statuslist+jwt"
CONTENT_TYPE = "application/statuslist+jwt"
CLAIM = "status_list"
WIDTHS = (1, 2, 4, 8)
"""Bits of one status (§4.1)."""
MAX_BYTES = 1 << 21
"""Of a list unpacked: a million statuses of a byte each, twice; more is a bomb."""
TOKEN_LIMIT = 16 * MAX_BYTES // 9 + 65_536
"""Characters of a token: a list that does not compress, in base64 within base64, and the rest."""
_DEPTH = 8
_LEVEL = 9
_TIMES = frozenset({"iat"})


class Status(IntEnum):
    """The registered statuses (§7.1); 3 and 12 to 15 mean what the issuer says."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    APPLICATION = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the status of a credential is told: the list's address, and the place in it."""

    uri: str
    index: int

    def claim(self) -> dict[str, Json]:
        """The ``status`` claim of the credential (§6.2)."""
        return {CLAIM: {"idx": self.index, "uri": self.uri}}


class StatusList:
    """Statuses of ``bits`` each; never changed, only replaced."""

    __slots__ = ("_packed", "bits")

    def __init__(self, packed: bytes, bits: int) -> None:
        _check_bits(bits)
        if len(packed) > MAX_BYTES:
            raise StatusListInvalid(why="size")
        self._packed = packed
        self.bits = bits

    @classmethod
    def blank(cls, size: int, bits: int) -> "StatusList":
        """A list of ``size`` places that are all ``VALID``, rounded up to whole bytes.

        Places that belong to nobody look like valid ones, so a list does not tell how many
        credentials there are (§13.3).
        """
        _check_bits(bits)
        if not 0 < size <= MAX_BYTES * 8 // bits:
            raise StatusListInvalid(why="size")
        return cls(bytes(-(-size * bits // 8)), bits)

    @classmethod
    def of(cls, statuses: Iterable[int], bits: int) -> "StatusList":
        """A list of these statuses in their order."""
        known = dict(enumerate(statuses))
        return cls.blank(max(len(known), 1), bits).changed(known)

    @property
    def packed(self) -> bytes:
        """All statuses, packed and not compressed."""
        return self._packed

    def __len__(self) -> int:
        """How many places it has."""
        return len(self._packed) * 8 // self.bits

    def __getitem__(self, index: int) -> int:
        """The status at ``index``; beyond the end nothing can be said: raises (``index``, §8.3)."""
        byte, shift = self._place(index)
        return (self._packed[byte] >> shift) & ((1 << self.bits) - 1)

    def changed(self, changes: Mapping[int, int]) -> "StatusList":
        """The list with other statuses at some places; slugs ``index`` and ``status``."""
        packed = bytearray(self._packed)
        for index, status in changes.items():
            byte, shift = self._place(index)
            if type(status) not in {int, Status} or not 0 <= status < 1 << self.bits:
                raise StatusListInvalid(why="status")
            mask = ((1 << self.bits) - 1) << shift
            packed[byte] = (packed[byte] & ~mask) | (status << shift)
        return StatusList(bytes(packed), self.bits)

    def claim(self) -> dict[str, Json]:
        """The ``status_list`` claim (§4.2)."""
        return {"bits": self.bits, "lst": b64u(zlib.compress(self._packed, _LEVEL))}

    @classmethod
    def from_claim(cls, claim: Json) -> "StatusList":
        """Read a ``status_list`` claim; slugs ``claims``, ``bits``, ``encoding``, ``size``."""
        if not isinstance(claim, Mapping):
            raise StatusListInvalid(why="claims")
        bits, encoded = claim.get("bits"), claim.get("lst")
        if type(bits) is not int or not isinstance(encoded, str):
            raise StatusListInvalid(why="claims")
        if not isinstance(claim.get("aggregation_uri", ""), str):
            raise StatusListInvalid(why="claims")
        return cls(_unpacked(encoded), bits)

    def _place(self, index: int) -> tuple[int, int]:
        if type(index) is not int or not 0 <= index < len(self):
            raise StatusListInvalid(why="index")
        byte, rest = divmod(index * self.bits, 8)
        return byte, rest


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A signed list: its address, when it was issued and ends (seconds), how long to keep it.

    ``ttl`` are the seconds after which a fetched copy should be fetched anew.
    """

    uri: str
    issued: int
    expires: int | None
    ttl: int | None
    statuses: StatusList


def issue_list(token: StatusListToken, signer: Signer, kid: str) -> str:
    """The JWT of a list (§5.1); raises ``KeyUnusable`` or ``StatusListInvalid``."""
    claims: dict[str, Json] = {
        "iat": token.issued,
        CLAIM: token.statuses.claim(),
        "sub": token.uri,
    }
    if token.expires is not None:
        claims["exp"] = token.expires
    if token.ttl is not None:
        if token.ttl <= 0:
            raise StatusListInvalid(why="claims")
        claims["ttl"] = token.ttl
    return sign(claims, TYPE, signer, kid)


def read_list(token: str, keys: Mapping[str, PublicKey], now: int, *, uri: str) -> StatusListToken:
    """The list that a token holds, if it is the one at ``uri`` and stands at ``now`` (ms).

    ``keys`` are those of the issuer, by ``kid``. Raises ``StatusListInvalid``; slugs beside those
    of ``certs/jws.py`` and ``from_claim``: ``uri``.
    """
    # 1. Type and signature.
    claims = open_token(
        token, keys, typ=TYPE, limit=TOKEN_LIMIT, depth=_DEPTH, refuse=StatusListInvalid
    ).claims
    # 2. It is the list that was asked for: another one of this issuer tells of other credentials.
    if claims.get("sub") != uri:
        raise StatusListInvalid(why="uri")
    # 3. Its time.
    check_times(claims, now, StatusListInvalid, must=_TIMES)
    issued = seconds(claims, "iat", StatusListInvalid, must=True) or 0
    ttl = seconds(claims, "ttl", StatusListInvalid)
    if ttl == 0:
        raise StatusListInvalid(why="claims")
    # 4. The list, unpacked within bounds.
    return StatusListToken(
        uri=uri,
        issued=issued,
        expires=seconds(claims, "exp", StatusListInvalid),
        ttl=ttl,
        statuses=StatusList.from_claim(claims.get(CLAIM)),
    )


def reference(credential: Credential) -> Reference:
    """Where the status of a verified credential is told.

    Raises ``StatusListInvalid`` (``reference``) if it does not say, so that nobody takes a
    credential without a status for one whose status is good.
    """
    status = credential.claims.get("status")
    found = status.get(CLAIM) if isinstance(status, Mapping) else None
    if not isinstance(found, Mapping):
        raise StatusListInvalid(why="reference")
    uri, index = found.get("uri"), found.get("idx")
    if not isinstance(uri, str) or not uri or type(index) is not int or index < 0:
        raise StatusListInvalid(why="reference")
    return Reference(uri, index)


def status_of(credential: Credential, token: str, keys: Mapping[str, PublicKey], now: int) -> int:
    """The status of a verified credential by its list (§8.3); only ``Status.VALID`` is good.

    A credential is verified first: its list says nothing about one that has expired (§7.1). Raises
    ``StatusListInvalid`` whenever nothing can be said.
    """
    where = reference(credential)
    return read_list(token, keys, now, uri=where.uri).statuses[where.index]


def _check_bits(bits: int) -> None:
    if type(bits) is not int or bits not in WIDTHS:
        raise StatusListInvalid(why="bits")


def _unpacked(encoded: str) -> bytes:
    """The bytes of ``lst``, at most ``MAX_BYTES``: one whole ZLIB stream and nothing behind it."""
    try:
        compressed = unb64u(encoded)
        stream = zlib.decompressobj()
        packed = stream.decompress(compressed, MAX_BYTES + 1)
    except (MalformedEncoding, zlib.error) as error:
        raise StatusListInvalid(why="encoding") from error
    if len(packed) > MAX_BYTES:
        raise StatusListInvalid(why="size")
    if not stream.eof or stream.unused_data or not packed:
        raise StatusListInvalid(why="encoding")
    return packed
