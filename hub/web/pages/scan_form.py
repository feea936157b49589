"""What an officer says of a scan, read strictly, with every fault at its field.

The file comes last in the form, so all of this is known before a byte of it is looked at.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError
from starlette.requests import Request

from catalog.definition import Dataset
from catalog.identifiers import check_any
from hub.errors import NotFound, Unprocessable
from hub.materials.metadata import Holder, Metadata
from hub.materials.records import today_of
from hub.materials.streamed import Said
from hub.materials.uploads import Sender, require_may_file
from hub.people import accounts
from hub.people.accounts import Account
from hub.people.sessions import Person
from hub.runtime import Hub
from hub.web.multipart import Upload, read_upload
from hub.web.pages.form import Form, check_form
from hub.web.pages.frame import Console, Visitor
from hub.web.session import actor_of, require_same_origin

KINDS = ("resident_id", "uscc")
_TEXTS = ("title", "issuer", "number", "valid_from", "valid_until", "case")
_SIGHTED = ("sighted_by", "sighted_on")
_TEXT = 200
_PLAIN = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ScanForm:
    """The fields as they were filled in; ``wrong`` says by field what is not right."""

    dataset: str = ""
    holder: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """What was said under a name."""
        return self.said.get(name, "")

    def marked(self, where: str, why: str) -> "ScanForm":
        """The same with a fault."""
        return ScanForm(self.dataset, self.holder, self.said, self.kind, {**self.wrong, where: why})

    def holder_of(self) -> Holder:
        """Whose it is; only of a form without faults."""
        kind: Literal["resident_id", "uscc"] = "uscc" if self.kind == "uscc" else "resident_id"
        return Holder(type=kind, id=self.holder)

    def announced(self, dataset: str, holder: Holder, case: str | None, file_name: str) -> Said:
        """What is filed; only of a form without faults."""
        return Said(dataset, holder, _metadata(self.said, case, file_name))


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that has come, and the file that follows."""

    form: Form
    file_name: str
    chunks: AsyncIterator[bytes]


async def open_scan(console: Console, request: Request, visitor: Visitor) -> Sent:
    """The form with a file that a visitor sent from one of our pages.

    Its secret was checked before a byte of the file. Raises ``FormStale``, ``Unprocessable`` and
    ``TooLarge``.
    """
    hub = console.hub
    upload = await open_upload(console, request, visitor, hub.settings.materials.max_bytes)
    fields = {name: [value] for name, value in upload.fields}
    return Sent(Form(fields), upload.file_name, upload.chunks())


async def open_upload(console: Console, request: Request, visitor: Visitor, limit: int) -> Upload:
    """The same as it comes; ``limit`` is in bytes of the file."""
    if request.headers.get("content-type", "").partition(";")[0].strip() == _PLAIN:
        # A form without its file is none of ours, and is told so only if it is of this session.
        await console.form(request, visitor)
        raise Unprocessable(why="file-missing")
    require_same_origin(request, console.hub)

    def check(name: str, value: str) -> None:
        check_form(Form({name: [value]}), visitor.session, console.hub)

    return await read_upload(request, limit=limit, check=check)


def read_scan(form: Form, hub: Hub, person: Person, *, of_case: bool) -> ScanForm:
    """The fields, each checked; of a paper of a case neither type nor holder is asked."""
    wrong: dict[str, str] = {}
    dataset, holder, kind = form.one("dataset"), form.one("holder"), ""
    if not of_case:
        if dataset not in fileable(hub, person):
            wrong["dataset"] = "scan-dataset"
        checked = check_any(KINDS, holder)
        if not checked.acceptable:
            wrong["holder"] = checked.reason or "form"
        else:
            holder, kind = checked.value, checked.kind
    said = {name: form.one(name) for name in (*_TEXTS, *_SIGHTED)}
    wrong |= _faults(said)
    if said["sighted_by"] and said["sighted_by"] not in {
        one.account for one in sighters(hub, person)
    }:
        wrong["sighted_by"] = "sighted-by"
    if said["sighted_on"] > today_of(hub.clock()):
        wrong["sighted_on"] = "sighted-on"
    kept = {name: value[:_TEXT] for name, value in said.items()}
    return ScanForm(dataset, holder[:_TEXT], kept, kind, wrong)


def fileable(hub: Hub, person: Person) -> dict[str, Dataset]:
    """The types of material that the person's department may file now, by code."""
    standing, sender, now = hub.book.refresh(), sender_of(person), hub.clock()
    found: dict[str, Dataset] = {}
    for (code,) in hub.reading.execute("SELECT code FROM datasets ORDER BY code"):
        try:
            require_may_file(standing, sender, code, now)
        except NotFound:
            continue
        source = standing.source(code)
        if source is not None:
            found[code] = source.dataset
    return found


def sighters(hub: Hub, person: Person) -> list[Account]:
    """Who of the department may have seen an original."""
    return [
        one
        for one in accounts.listing(hub.reading, person.department)
        if one.status == "active" and "officer" in one.roles
    ]


def sender_of(person: Person) -> Sender:
    """A signed-in officer as one who files."""
    department = person.department or ""
    return Sender(actor_of(person), department, f"console:{department}", None)


def _metadata(said: Mapping[str, str], case: str | None, file_name: str) -> Metadata:
    return Metadata(
        title=said["title"],
        issuer=said["issuer"],
        number=said["number"],
        valid_from=said["valid_from"] or None,
        valid_until=said["valid_until"] or None,
        case=case or said["case"] or None,
        sighted_by=said["sighted_by"] or None,
        sighted_on=said["sighted_on"] or None,
        file_name=file_name,
    )


def _faults(said: Mapping[str, str]) -> dict[str, str]:
    if bool(said["sighted_by"]) != bool(said["sighted_on"]):
        return {"sighted_on": "scan-sighted"}
    try:
        _metadata(said, None, "")
    except ValidationError as error:
        places = [fault["loc"] for fault in error.errors()]
        return {str(place[0]) if place else "valid_until": "scan-form" for place in places}
    return {}
