"""Step 2: the question is well formed, down to each member; nothing is judged yet."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from catalog.identifiers import check
from catalog.licence_record import BY_IDENTIFIER
from catalog.messages import LANGUAGES, Language
from certs.canonical import Json, canonical, parse
from certs.encoding import sha256, unb64u
from certs.errors import Malformed, MalformedEncoding
from hub.access.grant import Operation
from hub.ledger.persons import Person

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{22}\Z", re.ASCII)
_MATERIAL = re.compile(r"m-[0-9a-f]{32}\Z", re.ASCII)
_DELEGATION = re.compile(r"D-[0-9a-f]{12}\Z", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTENT = 16
MAX_ITEMS = 200
MAX_TEXT = 128
MAX_CLAIM = 4000
DELEGATION = "delegation"
"""The one member that a question need not have."""
DELEGABLE: frozenset[Operation] = frozenset({"lookup", "verify"})
"""What may be asked under a delegation: a file is viewed by who holds the grant itself."""
NOBODY: Person = {"case": None, "officer": None, "subject": None}

_LOOKUP = frozenset({"case", "items", "officer", "purpose", "request_id", "subject"})
_VERIFY = frozenset({"case", "claims", "officer", "purpose", "request_id", "subject"})
_VIEW = frozenset({"case", "officer", "purpose", "request_id", "subject"})
_MEMBERS = {"lookup": _LOOKUP, "verify": _VERIFY, "view": _VIEW}


class Question(NamedTuple):
    """A well-formed question; nothing of it has been judged yet."""

    operation: Operation
    dataset: str
    request_id: str
    subject_type: str
    subject_id: str
    items: tuple[str, ...]
    claims: Mapping[str, str]
    purpose: str
    case: str | None
    officer: str
    content: bytes
    """16 bytes of a digest over all of it: a retry must have the same."""
    material: str = ""
    """Which material of the subject is to be viewed; empty but for ``view``."""
    licence: str = ""
    """Which licence of the subject is to be viewed, by its identifier with root; the same."""
    language: Language = "zh"
    """In which the file of a licence is."""
    delegation: str | None = None
    """The delegation under which it is asked; None by the own department's grants."""

    @property
    def person(self) -> Person:
        """The *person* part, exactly as asked."""
        return {
            "case": self.case,
            "officer": self.officer,
            "subject": {"id": self.subject_id, "type": self.subject_type},
        }


class QuestionMalformed(Malformed):
    """The body is no question of ours; fact ``where`` is the member."""

    code = "question-malformed"


def read_question(
    body: bytes, operation: Operation, dataset: str, *, max_bytes: int, max_depth: int
) -> Question:
    """Read the signed body strictly; raises ``MalformedJson`` or ``QuestionMalformed``."""
    value = parse(body, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise QuestionMalformed(where="body")
    return question_of(value, operation, dataset)


def question_of(value: Mapping[str, Json], operation: Operation, dataset: str) -> Question:
    """A question from its members; raises ``QuestionMalformed``."""
    expected = _MEMBERS[operation]
    if operation == "view":
        expected |= _viewed(value)
    if operation in DELEGABLE and DELEGATION in value:
        expected |= {DELEGATION}
    if value.keys() != expected:
        wrong = min(value.keys() ^ expected)
        raise QuestionMalformed(where=wrong if _CODE.match(wrong) else "body")
    subject = value["subject"]
    if not isinstance(subject, dict) or subject.keys() != {"id", "type"}:
        raise QuestionMalformed(where="subject")
    items = items_of(value["items"]) if operation == "lookup" else ()
    claims = _claims(value["claims"]) if operation == "verify" else {}
    material = ""
    if "material" in value:
        material = _matching(value["material"], _MATERIAL, "material")
    case = value["case"]
    return Question(
        operation=operation,
        dataset=dataset_of(dataset),
        request_id=request_id_of(value["request_id"]),
        subject_type=code_of(subject["type"], "subject"),
        subject_id=text_of(subject["id"], "subject"),
        items=items,
        claims=claims,
        purpose=code_of(value["purpose"], "purpose"),
        case=None if case is None else text_of(case, "case"),
        officer=text_of(value["officer"], "officer"),
        content=content_of(operation, dataset, value),
        material=material,
        licence=_licence(value["licence"]) if "licence" in value else "",
        language=_language(value.get("language", "zh")),
        delegation=delegation_of(value),
    )


def _viewed(value: Mapping[str, Json]) -> frozenset[str]:
    """The members by which a view names what is viewed: a material, or a licence's file."""
    if "licence" not in value:
        return frozenset({"material"})
    return frozenset({"licence"}) | ({"language"} & value.keys())


def _licence(value: Json) -> str:
    """A licence's identifier with its root; raises ``QuestionMalformed``."""
    found = check(BY_IDENTIFIER, text_of(value, "licence"))
    if not found.acceptable:
        raise QuestionMalformed(where="licence")
    return found.value


def _language(value: Json) -> Language:
    for language in LANGUAGES:
        if value == language:
            return language
    raise QuestionMalformed(where="language")


def delegation_of(value: Mapping[str, Json]) -> str | None:
    """The delegation that a body names, None if it has no such member.

    Raises ``QuestionMalformed``.
    """
    if DELEGATION not in value:
        return None
    return _matching(value[DELEGATION], _DELEGATION, DELEGATION)


def content_of(path: str, dataset: str, value: Mapping[str, Json]) -> bytes:
    """What a retry must have the same: 16 bytes of a digest over the whole body and its place."""
    return sha256(f"{path} {dataset} ".encode() + canonical(value))[:_CONTENT]


def dataset_of(code: str) -> str:
    """A dataset's code as the path has it; empty if it can be none."""
    return code if _CODE.match(code) else ""


def items_of(items: Json) -> tuple[str, ...]:
    """Codes of items, each once, at most 200; raises ``QuestionMalformed``."""
    if not isinstance(items, list) or not 0 < len(items) <= MAX_ITEMS:
        raise QuestionMalformed(where="items")
    codes = tuple(code_of(item, "items") for item in items)
    if len(set(codes)) != len(codes):
        raise QuestionMalformed(where="items")
    return codes


def _claims(claims: Json) -> Mapping[str, str]:
    if not isinstance(claims, dict) or not 0 < len(claims) <= MAX_ITEMS:
        raise QuestionMalformed(where="claims")
    found: dict[str, str] = {}
    for code, claim in claims.items():
        if not isinstance(claim, str) or not 0 < len(claim) <= MAX_CLAIM:
            raise QuestionMalformed(where="claims")
        found[code_of(code, "claims")] = claim
    return found


def request_id_of(value: Json) -> str:
    """128 bits in base64url; raises ``QuestionMalformed``."""
    text = _matching(value, _REQUEST_ID, "request_id")
    try:
        unb64u(text)
    except MalformedEncoding as error:
        raise QuestionMalformed(where="request_id") from error
    return text


def _matching(value: Json, pattern: re.Pattern[str], where: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise QuestionMalformed(where=where)
    return value


@lru_cache(maxsize=4096)
def _is_code(text: str) -> bool:
    """Whether ``text`` may be a code; the same few come again and again."""
    return _CODE.match(text) is not None


def code_of(value: Json, where: str) -> str:
    """A code; raises ``QuestionMalformed`` that tells ``where``."""
    if not isinstance(value, str) or not _is_code(value):
        raise QuestionMalformed(where=where)
    return value


def text_of(value: Json, where: str) -> str:
    """1 to 128 characters without controls; raises ``QuestionMalformed`` that tells ``where``."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or _CONTROL.search(value):
        raise QuestionMalformed(where=where)
    return value
