"""The connector's own folder.

    connector.toml    settings                       certificate.pem   ours
    key.pem           our private key, mode 0600     issuing.pem       the hub's issuing authority
    receipts.db       receipts and proofs            root.pem          the hub's root, pinned

A renewal leaves ``key.next.pem`` until its certificate has come; ``finish_renewal`` puts the pair
in place, also after a crash between the two.
"""

import os
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from certs.certificates import CertificateFacts, read_certificate
from certs.encoding import b64u, sha256
from certs.errors import UntrustedCertificate
from certs.keys import PrivateKey, PublicKey
from connectors.errors import AlreadyEnrolled, HomeError, HomeInsecure, NotEnrolled, SettingsBroken
from connectors.settings import LedgerPin, Settings, repinned
from connectors.settings import load as load_settings

ENVIRONMENT = "YIFEN_CONNECTOR_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one connector's folder."""

    path: Path

    @property
    def settings(self) -> Path:
        """``connector.toml``."""
        return self.path / "connector.toml"

    @property
    def key(self) -> Path:
        """Our private key."""
        return self.path / "key.pem"

    @property
    def next_key(self) -> Path:
        """The key of a renewal under way."""
        return self.path / "key.next.pem"

    @property
    def certificate(self) -> Path:
        """Our certificate."""
        return self.path / "certificate.pem"

    @property
    def issuing(self) -> Path:
        """The hub's issuing authority."""
        return self.path / "issuing.pem"

    @property
    def root(self) -> Path:
        """The hub's root."""
        return self.path / "root.pem"

    @property
    def receipts(self) -> Path:
        """The store of receipts."""
        return self.path / "receipts.db"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are and whom we believe, read from a folder.

    ``root`` is PEM and matches the fingerprint in ``settings``.
    """

    settings: Settings
    key: PrivateKey
    certificate: CertificateFacts
    root: bytes


def default_path() -> Path:
    """Where the folder is if nobody says: ``~/.yifen/connector``."""
    return Path.home() / ".yifen" / "connector"


def create(path: Path) -> Home:
    """Make the folder, mode 0700; raises ``AlreadyEnrolled`` or ``HomeInsecure``.

    An empty folder that is already there is narrowed; one with something in it is not touched.
    """
    home = Home(path)
    if home.settings.exists():
        raise AlreadyEnrolled(path=str(path))
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(path.iterdir()):
            path.chmod(0o700)
    except OSError as error:
        raise HomeError(path=str(path)) from error
    check_private(path)
    return home


def read(path: Path) -> Identity:
    """Read the folder.

    Raises ``NotEnrolled``, ``HomeInsecure``, ``SettingsBroken``, ``InsecureKeyFile`` or
    ``UntrustedCertificate`` if the pieces do not belong together.
    """
    home = Home(path)
    if not home.settings.exists():
        raise NotEnrolled(path=str(path))
    check_private(path)
    settings = load_settings(home.settings)
    finish_renewal(home)
    try:
        root = home.root.read_bytes()
        facts = read_certificate(home.certificate.read_bytes())
        key = PrivateKey.load(home.key)
    except FileNotFoundError as error:
        raise SettingsBroken(file=Path(str(error.filename)).name, place="file") from error
    if fingerprint(root) != settings.root:
        raise UntrustedCertificate(why="root")
    if facts.public.der != key.public.der or facts.urn != settings.connector:
        raise UntrustedCertificate(why="own-certificate")
    return Identity(settings=settings, key=key, certificate=facts, root=root)


def finish_renewal(home: Home) -> None:
    """Put ``key.next.pem`` in place if ``certificate.pem`` is already its certificate."""
    if not home.next_key.exists() or not home.certificate.exists():
        return
    facts = read_certificate(home.certificate.read_bytes())
    if PrivateKey.load(home.next_key).public.der == facts.public.der:
        home.next_key.replace(home.key)
        sync_folder(home.path)


def waiting_key(home: Home | None) -> PublicKey | None:
    """The public half of a key whose certificate is on its way; None if there is none."""
    if home is None or not home.next_key.exists():
        return None
    return PrivateKey.load(home.next_key).public


def repin(home: Home, pin: LedgerPin) -> None:
    """Pin the ledger's later name in ``connector.toml``; raises ``SettingsBroken``."""
    text = home.settings.read_text(encoding="utf-8")
    write_durably(home.settings, repinned(text, pin).encode("utf-8"))


def fingerprint(root_pem: bytes) -> str:
    """The base64url SHA-256 of a root certificate; raises ``UntrustedCertificate``."""
    try:
        der = ssl.PEM_cert_to_DER_cert(root_pem.decode("ascii").strip())
    except ValueError as error:
        raise UntrustedCertificate(why="unreadable") from error
    return b64u(sha256(der))


def write_durably(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames in ``path`` durable; Windows cannot open folders and needs no such call."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_private(path: Path) -> None:
    """Raise ``HomeInsecure`` if group or others have any right in the folder."""
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise HomeInsecure(path=str(path))
