"""The hub's receipt keys: believed because their certificates lead to the pinned root.

Nothing that the key set says beside its certificates is used. A key stays good for receipts of
the time in which its certificate held, so old receipts can be verified for ever.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from certs.canonical import Json, parse
from certs.certificates import Chain, read_certificate, read_chain, receipt_urn
from certs.encoding import unb64u
from certs.errors import CertificateError, Malformed, ReceiptInvalid
from certs.receipts import Receipt, key_thumbprint, verify_receipt
from connectors.errors import HubUnintelligible
from connectors.transport import Transport

PATH = "/.well-known/jwks.json"
MAX_SET = 1024 * 1024
MAX_KEYS = 1000
_DEPTH = 4
_CHAIN = 2
CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """A receipt key as its chain: ``certificate`` and ``issuing`` are DER. Not yet believed."""

    kid: str
    certificate: bytes
    issuing: bytes


def read_key_set(data: bytes) -> dict[str, ReceiptKey]:
    """The keys of a JSON Web Key Set by ``kid``, each named by the thumbprint of its certificate.

    Raises ``HubUnintelligible``. Entries that carry no chain, or not one of a receipt key, are
    none of ours and are left out.
    """
    try:
        value = parse(data, max_bytes=MAX_SET, max_depth=_DEPTH)
    except Malformed as error:
        raise HubUnintelligible(why="key-set") from error
    entries = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise HubUnintelligible(why="key-set")
    keys = (_read_key(entry) for entry in entries)
    return {key.kid: key for key in keys if key is not None}


def check_receipt(
    token: str, keys: Mapping[str, ReceiptKey], *, root: bytes, hub: str
) -> tuple[Receipt, ReceiptKey]:
    """A receipt of ``hub`` and the key that signed it, if its chain led to ``root`` at the time.

    Raises ``ReceiptInvalid``. Left to the caller: what the receipt binds.
    """
    # 1 The receipt names a key that we have
    kid = receipt_kid(token)
    key = keys.get(kid)
    if key is None:
        raise ReceiptInvalid(why="unknown-key")
    try:
        # 2 That key signed it
        chain = _chain(key.certificate, key.issuing, root)
        receipt = verify_receipt(token, {kid: chain.facts.public})
        # 3 The key's chain led to the root, for receipts, when it did so
        facts = chain.at(receipt.issued * 1000)
    except CertificateError as error:
        raise ReceiptInvalid(why="chain") from error
    # 4 It is this hub's receipt key
    if facts.urn != receipt_urn(hub) or key_thumbprint(facts.public) != kid:
        raise ReceiptInvalid(why="chain")
    return receipt, key


@lru_cache(maxsize=16)
def _chain(certificate: bytes, issuing: bytes, root: bytes) -> Chain:
    """The chain of a receipt key, read once: it costs four times what the receipt itself does."""
    return read_chain(certificate, issuing, root, usage="receipt")


def receipt_kid(token: str) -> str:
    """The ``kid`` that a receipt names, not yet verified; raises ``ReceiptInvalid``."""
    try:
        header = parse(unb64u(token.partition(".")[0]), max_bytes=1024, max_depth=1)
    except Malformed as error:
        raise ReceiptInvalid(why="form") from error
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str):
        raise ReceiptInvalid(why="header")
    return kid


class KeyRing:
    """The hub's key set, fetched when a receipt names a key that is not in it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._keys: dict[str, ReceiptKey] = {}

    def for_token(self, token: str) -> Mapping[str, ReceiptKey]:
        """Keys that may hold the one of ``token``; raises ``HubError`` or ``ReceiptInvalid``."""
        if receipt_kid(token) not in self._keys:
            answer = self._transport.get(PATH, limit=MAX_SET)
            if answer.status != 200:  # noqa: PLR2004 HTTP's OK
                raise HubUnintelligible(why="key-set")
            self._keys = read_key_set(answer.body)
        return self._keys


def _read_key(entry: Json) -> ReceiptKey | None:
    chain = entry.get("x5c") if isinstance(entry, dict) else None
    if not isinstance(chain, list) or len(chain) != _CHAIN:
        return None
    try:
        # RFC 7517 §4.7: standard base64, the key's own certificate first.
        certificate, issuing = (b64decode(str(part), validate=True) for part in chain)
        facts = read_certificate(certificate)
    except (Base64Error, CertificateError, ValueError):
        return None
    if facts.usage == CREDENTIAL:
        return None  # it stands in the same set, and signs no receipts
    return ReceiptKey(key_thumbprint(facts.public), certificate, issuing)
