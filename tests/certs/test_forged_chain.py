"""Chains that ours must not accept: one change each, in a small world that holds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.certificates import CONNECTOR_USAGE, RECEIPT_USAGE, verify_certificate
from certs.errors import CertificateExpired, UntrustedCertificate, WrongUsage

DAY = 86_400_000
URN = "urn:yifen:connector:demo.yifen:psb:counter-1"


Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
ROOT_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "demo.yifen"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Yifen root"),
    ]
)
ISSUING_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "demo.yifen"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Yifen issuing authority"),
    ]
)


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def uses(**named: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    return x509.KeyUsage(**(every | named))


@dataclass(frozen=True)
class Draft:
    """A certificate that need not be what our authority would write."""

    begin: int
    end: int
    subject: x509.Name = field(default_factory=lambda: x509.Name([]))
    issuer: x509.Name = ISSUING_NAME
    key: Key = field(default_factory=p256)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    digest: hashes.SHA256 | hashes.SHA384 | None = field(default_factory=hashes.SHA256)

    def signed(self, signer: Key) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(self.issuer)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.fromtimestamp(self.begin // 1000, UTC))
            .not_valid_after(datetime.fromtimestamp(self.end // 1000, UTC))
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer, self.digest).public_bytes(Encoding.PEM)

    def having(self, extension: x509.ExtensionType, *, critical: bool = True) -> "Draft":
        """The same with one extension put in the place of the one of its kind."""
        return replace(
            self,
            extensions=(*self.without(type(extension)).extensions, (extension, critical)),
        )

    def without(self, kind: type[x509.ExtensionType]) -> "Draft":
        kept = tuple(pair for pair in self.extensions if not isinstance(pair[0], kind))
        return replace(self, extensions=kept)


@dataclass(frozen=True)
class World:
    """Three drafts that together hold; each attack changes one thing in them."""

    now: int
    root: Draft
    issuing: Draft
    leaf: Draft

    def verify(self, *, leaf_signer: Key | None = None, issuing_signer: Key | None = None) -> None:
        verify_certificate(
            self.leaf.signed(leaf_signer or self.issuing.key),
            self.issuing.signed(issuing_signer or self.root.key),
            self.root.signed(self.root.key),
            now=self.now,
            usage="connector",
        )


@pytest.fixture
def world(now: int) -> World:
    begin, end = now - DAY, now + DAY
    ca = uses(key_cert_sign=True, crl_sign=True)
    root = Draft(
        begin,
        end,
        subject=ROOT_NAME,
        issuer=ROOT_NAME,
        extensions=((x509.BasicConstraints(ca=True, path_length=1), True), (ca, True)),
    )
    issuing = replace(
        root,
        subject=ISSUING_NAME,
        key=p256(),
        extensions=((x509.BasicConstraints(ca=True, path_length=0), True), (ca, True)),
    )
    leaf = Draft(
        begin,
        end,
        extensions=(
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (uses(digital_signature=True), True),
            (x509.ExtendedKeyUsage([CONNECTOR_USAGE, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URN)]), True),
        ),
    )
    return World(now, root, issuing, leaf)


def test_the_world_that_the_attacks_change_holds(world: World) -> None:
    world.verify()


def test_a_leaf_signed_by_another_key_under_the_issuer_s_name(world: World) -> None:
    with pytest.raises(UntrustedCertificate):
        world.verify(leaf_signer=p256())


def test_an_issuing_authority_that_the_root_did_not_sign(world: World) -> None:
    with pytest.raises(UntrustedCertificate):
        world.verify(issuing_signer=p256())


def test_a_leaf_that_names_another_issuer(world: World) -> None:
    attack = replace(world, leaf=replace(world.leaf, issuer=ROOT_NAME))
    with pytest.raises(UntrustedCertificate):
        attack.verify()


def test_a_leaf_used_as_an_authority(world: World) -> None:
    # A connector signs a certificate for another department with the key of its own.
    other = x509.SubjectAlternativeName([uri(URN.replace("psb", "tax"))])
    stolen = replace(world.leaf, issuer=world.leaf.subject, key=p256()).having(other)
    own = world.leaf.signed(world.issuing.key)
    issuing_pem = world.issuing.signed(world.root.key)
    for anchor in (world.root.signed(world.root.key), issuing_pem):
        with pytest.raises(UntrustedCertificate):
            verify_certificate(
                stolen.signed(world.leaf.key), own, anchor, now=world.now, usage="connector"
            )


def test_a_connector_s_certificate_that_calls_itself_an_authority(world: World) -> None:
    # Even issued in error, it is used neither as an authority below the issuing one nor as a leaf.
    own = world.leaf.having(x509.BasicConstraints(ca=True, path_length=None)).having(
        uses(digital_signature=True, key_cert_sign=True)
    )
    stolen = replace(world.leaf, issuer=own.subject, key=p256())
    with pytest.raises(UntrustedCertificate):
        verify_certificate(
            stolen.signed(own.key),
            own.signed(world.issuing.key),
            world.root.signed(world.root.key),
            now=world.now,
            usage="connector",
        )
    with pytest.raises(WrongUsage):
        replace(world, leaf=own).verify()


Change = Callable[[World], World]


def leaf(change: Callable[[Draft], Draft]) -> Change:
    return lambda world: replace(world, leaf=change(world.leaf))


def issuing(change: Callable[[Draft], Draft]) -> Change:
    return lambda world: replace(world, issuing=change(world.issuing))


def root(change: Callable[[Draft], Draft]) -> Change:
    return lambda world: replace(world, root=change(world.root))


def named(*names: x509.GeneralName) -> Change:
    return leaf(lambda draft: draft.having(x509.SubjectAlternativeName(names)))


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            leaf(lambda draft: draft.without(x509.ExtendedKeyUsage)), id="no extended key usage"
        ),
        pytest.param(
            leaf(
                lambda draft: draft.having(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
            ),
            id="only clientAuth",
        ),
        pytest.param(
            leaf(
                lambda draft: draft.having(
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
                )
            ),
            id="any extended key usage",
        ),
        pytest.param(
            leaf(
                lambda draft: draft.having(x509.ExtendedKeyUsage([RECEIPT_USAGE])).having(
                    x509.SubjectAlternativeName([uri("urn:yifen:receipt:demo.yifen")])
                )
            ),
            id="receipts' usage",
        ),
        pytest.param(
            leaf(
                lambda draft: draft.having(x509.ExtendedKeyUsage([CONNECTOR_USAGE, RECEIPT_USAGE]))
            ),
            id="both usages",
        ),
        pytest.param(leaf(lambda draft: draft.without(x509.KeyUsage)), id="no key usage"),
        pytest.param(
            leaf(lambda draft: draft.having(uses(key_agreement=True))),
            id="no digitalSignature",
        ),
        pytest.param(
            leaf(lambda draft: draft.having(uses(digital_signature=True, key_cert_sign=True))),
            id="may sign certificates",
        ),
        pytest.param(
            leaf(lambda draft: draft.having(uses(digital_signature=True, crl_sign=True))),
            id="may sign revocation lists",
        ),
        pytest.param(
            leaf(lambda draft: draft.having(x509.BasicConstraints(ca=True, path_length=None))),
            id="an authority",
        ),
    ],
)
def test_a_leaf_that_was_not_issued_for_this(world: World, attack: Change) -> None:
    with pytest.raises(WrongUsage):
        attack(world).verify()


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            leaf(lambda draft: replace(draft, key=ec.generate_private_key(ec.SECP384R1()))),
            id="leaf on P-384",
        ),
        pytest.param(
            leaf(lambda draft: replace(draft, key=ec.generate_private_key(ec.SECP256K1()))),
            id="leaf on secp256k1",
        ),
        pytest.param(
            leaf(lambda draft: replace(draft, key=rsa.generate_private_key(65537, 2048))),
            id="leaf on RSA",
        ),
        pytest.param(
            leaf(lambda draft: replace(draft, digest=hashes.SHA384())), id="another digest"
        ),
        pytest.param(
            issuing(lambda draft: replace(draft, key=ec.generate_private_key(ec.SECP384R1()))),
            id="issuing authority on P-384",
        ),
        pytest.param(
            leaf(lambda draft: draft.having(UNKNOWN)), id="unknown critical extension in the leaf"
        ),
        pytest.param(
            issuing(lambda draft: draft.having(UNKNOWN)),
            id="unknown critical extension in the issuing authority",
        ),
        pytest.param(
            issuing(lambda draft: draft.without(x509.BasicConstraints)),
            id="issuing authority without basic constraints",
        ),
        pytest.param(
            issuing(lambda draft: draft.having(x509.BasicConstraints(ca=False, path_length=None))),
            id="issuing authority is none",
        ),
        pytest.param(
            issuing(lambda draft: draft.without(x509.KeyUsage)),
            id="issuing authority without key usage",
        ),
        pytest.param(
            issuing(lambda draft: draft.having(uses(digital_signature=True))),
            id="issuing authority may not sign certificates",
        ),
        pytest.param(
            root(lambda draft: draft.having(x509.BasicConstraints(ca=True, path_length=0))),
            id="root allows no authority below it",
        ),
        pytest.param(
            root(lambda draft: draft.having(uses(digital_signature=True))),
            id="root may not sign certificates",
        ),
        pytest.param(
            root(lambda draft: replace(draft, issuer=ISSUING_NAME)), id="root not issued by itself"
        ),
        pytest.param(leaf(lambda draft: draft.without(x509.SubjectAlternativeName)), id="no name"),
        pytest.param(named(x509.DNSName("psb.example")), id="no URI"),
        pytest.param(named(uri(URN), uri(URN.replace("psb", "tax"))), id="two names"),
        pytest.param(named(uri("urn:yifen:receipt:demo.yifen")), id="the hub's name"),
        pytest.param(named(uri(URN.replace("demo.yifen", "other.yifen"))), id="another hub"),
        pytest.param(named(uri(URN.upper())), id="upper case"),
        pytest.param(named(uri(URN + "\n")), id="a newline after the name"),
        pytest.param(
            issuing(lambda draft: replace(draft, subject=x509.Name([]))), id="issuer without a name"
        ),
    ],
)
def test_a_chain_outside_the_profile(world: World, attack: Change) -> None:
    with pytest.raises(UntrustedCertificate):
        attack(world).verify()


def test_an_issuing_authority_on_ed25519(world: World) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    attack = replace(
        world,
        issuing=replace(world.issuing, key=key),
        leaf=replace(world.leaf, digest=None),
    )
    with pytest.raises(UntrustedCertificate):
        attack.verify(leaf_signer=key)


def test_an_unknown_extension_that_is_not_critical_does_no_harm(world: World) -> None:
    replace(world, leaf=world.leaf.having(UNKNOWN, critical=False)).verify()


@pytest.mark.parametrize("part", ["root", "issuing", "leaf"])
@pytest.mark.parametrize(("begin", "end"), [(-2, -1), (1, 2)], ids=["expired", "not yet valid"])
def test_a_chain_of_which_one_part_does_not_hold_now(
    world: World, part: str, begin: int, end: int
) -> None:
    def moved(name: str, draft: Draft) -> Draft:
        if name != part:
            return draft
        return replace(draft, begin=world.now + begin * DAY, end=world.now + end * DAY)

    attack = World(
        world.now,
        root=moved("root", world.root),
        issuing=moved("issuing", world.issuing),
        leaf=moved("leaf", world.leaf),
    )
    with pytest.raises(CertificateExpired):
        attack.verify()


def test_a_certificate_holds_from_its_first_to_its_last_moment(world: World) -> None:
    begin, end = world.leaf.begin, world.leaf.end
    replace(world, now=begin).verify()
    replace(world, now=end).verify()
    for moment in (begin - 1, end + 1):
        with pytest.raises(CertificateExpired):
            replace(world, now=moment).verify()
