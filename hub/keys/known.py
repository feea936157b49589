"""Every key with which this hub ever signed checkpoints, whatever has become of it.

Read before anything is written, also by a hub whose database is older than its keys.
"""

from collections.abc import Iterator
from pathlib import Path

from certs.certificates import read_certificate, verify_certificate
from certs.errors import CertificateError
from certs.keys import PrivateKey, PublicKey
from hub.keys.files import first_file
from hub.keys.register import registered
from hub.storage.sqlite import Connection


def checkpoint_keys(connection: Connection, keys: Path) -> tuple[PublicKey, ...]:
    """The keys of the register, of the folder's certificates, and the first one of an old hub.

    Raises ``InsecureKeyFile`` or ``KeyUnusable``.
    """
    found = {key.der: key for key in _registered(connection)}
    first = first_file(keys, "checkpoint")
    if not found and first.exists():
        public = PrivateKey.load(first).public
        found[public.der] = public
    found |= {key.der: key for key in _certified(keys)}
    return tuple(found.values())


def _registered(connection: Connection) -> Iterator[PublicKey]:
    for key in registered(connection):
        if key.use == "checkpoint" and key.certificate is not None:
            yield read_certificate(key.certificate).public


def _certified(keys: Path) -> Iterator[PublicKey]:
    """Keys whose certificates lie in the folder and lead to its root."""
    for path in sorted(keys.glob("checkpoint*.pem")):
        pem = path.read_bytes()
        try:
            facts = read_certificate(pem)
            verify_certificate(
                pem,
                (keys / "issuing.pem").read_bytes(),
                (keys / "root.pem").read_bytes(),
                now=facts.not_before,
                usage="checkpoint",
            )
        except CertificateError:
            continue
        yield facts.public
