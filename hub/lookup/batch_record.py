"""Step 6 for the subjects of a batch: their entries, with all that can be computed before the lock.

*control* parts of one batch differ in ``a`` and ``outcome`` alone, *person* parts in subject and
case: the rest of their canonical JSON is written once.
"""

from collections.abc import Sequence
from typing import NamedTuple

from certs.canonical import Json, canonical
from certs.encoding import digest
from certs.entropy import random_bytes
from certs.leaf import SALT_BYTES, part_digest
from certs.sealing import SealingKey
from hub.ledger.attempt import Member, Sealed
from hub.ledger.persons import Person, seal_person
from hub.lookup.ask import Question
from hub.lookup.batch_ask import Subject
from hub.lookup.batch_reveal import Revealed
from hub.lookup.identify import Caller

_NO_REASON = canonical({"reason": ""})


class Frame(NamedTuple):
    """What the entries of one batch have in common."""

    control: bytes
    """With ``%b`` for ``a`` and for ``outcome``."""
    officer: str
    key: tuple[int, SealingKey]


def frame_of(
    caller: Caller,
    shared: Question,
    key: tuple[int, SealingKey],
    *,
    department: str,
    dataset: str | None,
    epoch: int,
    grant: tuple[str, int] | None,
    delegation: str | None,
) -> Frame:
    """What entries have in common; everything by its full name."""
    control: dict[str, Json] = {
        "R": caller.request,
        "a": "\x00",
        "channel": caller.channel,
        "connector": caller.connector,
        "dataset": dataset,
        "department": department,
        "epoch": epoch,
        "grant": None if grant is None else grant[0],
        "grant_version": None if grant is None else grant[1],
        "outcome": "\x00",
        "purpose": shared.purpose,
        "repeats": None,
    }
    if delegation is not None:
        control["delegation"] = delegation
    written = canonical(control).replace(b"%", b"%%").replace(b"\\u0000", b"%b")
    return Frame(written, shared.officer, key)


def members_of(
    frame: Frame, subjects: "Sequence[Subject | None]", results: Sequence[Revealed]
) -> tuple[list[Member], list[bytes]]:
    """The entries of some subjects, and the salts of their *person* parts, which the answer has."""
    members: list[Member] = []
    person_salts: list[bytes] = []
    for subject, revealed in zip(subjects, results, strict=True):
        salts = random_bytes(3 * SALT_BYTES)
        control_salt, internal_salt = salts[:SALT_BYTES], salts[SALT_BYTES : 2 * SALT_BYTES]
        person_salt = salts[2 * SALT_BYTES :]
        control = frame.control % (
            digest(revealed.result).encode("ascii"),
            revealed.outcome.encode("ascii"),
        )
        internal = canonical({"reason": revealed.reason}) if revealed.reason else _NO_REASON
        members.append(
            Member(
                control=control,
                control_digest=part_digest("control", control_salt, control),
                control_salt=control_salt,
                internal=internal,
                internal_digest=part_digest("internal", internal_salt, internal),
                internal_salt=internal_salt,
                person=_seal(frame, subject, person_salt),
            )
        )
        person_salts.append(person_salt)
    return members, person_salts


def _seal(frame: Frame, subject: "Subject | None", salt: bytes) -> Sealed:
    person: Person = {"case": None, "officer": frame.officer, "subject": None}
    if subject is not None:
        kind, text, person["case"] = subject
        person["subject"] = {"id": text, "type": kind}
    return seal_person(person, salt, frame.key)
