"""Keyed digests of licences: without the key they tell nothing of a holder or a number."""

import hmac

TAG_BYTES = 16


class LicenceTags:
    """Made from the kept key of marks (``hub/keys/kept.py``), so they outlive master keys."""

    def __init__(self, marks: bytes) -> None:
        # What a mark is a digest of begins with a length in eight bytes; this is none.
        self._key = hmac.digest(marks, b"yifen/v1/licences", "sha256")

    def of_holder(self, type_code: str, number: str) -> bytes:
        """By what the licences of a type that somebody holds are found."""
        return self._digest("holder", type_code, number)

    def of_identifier(self, identifier: str) -> bytes:
        """By what the licence of an identifier is found."""
        return self._digest("identifier", identifier)

    def of_number(self, type_code: str, issuer: str, number: str) -> bytes:
        """What two licences of one type and issuer may not have in common."""
        return self._digest("number", type_code, issuer, number)

    def of_said(self, said: bytes) -> bytes:
        """What was asked for under a token."""
        return self._digest("said", said.hex())

    def _digest(self, *parts: str) -> bytes:
        data = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.digest(self._key, data, "sha256")[:TAG_BYTES]
