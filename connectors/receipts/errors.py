"""Alarms over what the hub shows of its ledger beside our own receipts.

Dishonest
├── CertificateNotAsked  a certificate in our name that is none of ours; facts keyid, entry
├── OpenedBroken         an entry opened to us that does not hold; facts why, entry
├── RestoreUnproven      the ledger's new name is not shown to continue ours; fact why
└── EntriesLost          receipts whose entries a restore has lost; fact count
"""

from connectors.errors import Dishonest


class CertificateNotAsked(Dishonest):
    """The hub has issued a certificate in our name for a key that is none of ours.

    Whoever has that key can ask as we do. Facts ``keyid`` and ``entry``.
    """

    code = "connector-certificate-not-asked"


class OpenedBroken(Dishonest):
    """An entry that the hub opened to us does not hold; facts ``why`` and ``entry``."""

    code = "connector-opened-broken"


class RestoreUnproven(Dishonest):
    """What the hub shows does not make a restored ledger the continuation of ours; fact ``why``."""

    code = "connector-restore-unproven"


class EntriesLost(Dishonest):
    """Receipts of ours whose entries a restore of the ledger has lost; fact ``count``."""

    code = "connector-entries-lost"
