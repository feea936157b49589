"""Keyed digests of materials: without the key they tell nothing of a subject or a known paper."""

import hmac

from certs.encoding import b64u

TAG_BYTES = 16


class Tags:
    """Made from the kept key of marks (``hub/keys/kept.py``), so they outlive master keys."""

    def __init__(self, marks: bytes) -> None:
        # What a mark is a digest of begins with a length in eight bytes; this is none.
        self._key = hmac.digest(marks, b"yifen/v1/materials", "sha256")

    def of_subject(self, dataset: str, subject: str) -> bytes:
        """By what the materials of a subject are found."""
        return self._digest("subject", dataset, subject)[:TAG_BYTES]

    def of_twin(self, dataset: str, subject: str, sha256: str) -> bytes:
        """What two uploads of one file of one subject have in common."""
        return self._digest("twin", dataset, subject, sha256)

    def of_file(self, material: str, sha256: str) -> str:
        """The digest of a file as its entry tells it: of each material another one."""
        return b64u(self._digest("file", material, sha256))

    def of_said(self, said: bytes) -> bytes:
        """What was announced."""
        return self._digest("said", said.hex())

    def _digest(self, *parts: str) -> bytes:
        data = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.digest(self._key, data, "sha256")
