"""A catalogue in files beside the one of a hub: what differs, and how the hub is brought to it.

Acts go through the API as a signed-in person, so each is judged as any other: a steward's files
become drafts, an administrator takes over what was published elsewhere. Nothing else changes: what
files do not name stays as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias
from urllib.parse import quote

from catalog.comparison import Difference, differences
from catalog.definition import Dataset, load
from certs.canonical import Json
from hub.catalogue.entry import OURS, Assessment, Assessments, Edition, EntryState
from hub.catalogue.files import NEXT, EntryFile, file_name, read_file

What: TypeAlias = Literal["new", "taken-over", "draft", "assessments"]
"""What becomes of an entry: drafted for the first time, taken over as published, drafted anew, or
with its assessments written down."""
_CLOCK = frozenset({"due", "gaps", "urgency"})
"""What routes tell beside the state."""


class Caller(Protocol):
    """The API of a hub, as somebody who is signed in."""

    def call(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> Json:
        """One call; raises what the hub refuses."""

    def download(self, path: str) -> bytes:
        """What stands at a path, as bytes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do to one entry; ``differences`` for a draft in place of something."""

    what: What
    file: EntryFile
    entry: EntryState | None
    differences: tuple[Difference, ...] = ()


def export(api: Caller) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each entry that the person sees; two for one with a next edition."""
    for entry in _entries(api).values():
        for edition in (entry.standing, entry.next):
            if edition is not None:
                yield file_name(entry, edition), _fetched(api, entry, edition)


def steps(api: Caller, files: Mapping[str, bytes]) -> Iterator[Step]:
    """What has to be done so that the hub has what the files say; raises ``DefinitionRefused``."""
    entries = _entries(api)
    read = {name: read_file(data, name) for name, data in sorted(files.items())}
    drafts = {one.code for name, one in read.items() if NEXT in name}
    for name, file in read.items():
        entry = entries.get(file.code)
        if entry is None or (not entry.editions and entry.next is None):
            taken = file.head.state in {"published", "suspended", "withdrawn"}
            yield Step("taken-over" if taken else "new", file, entry)
        elif file.code in drafts and NEXT not in name:
            continue  # the published one beside its next edition: it changes by that alone
        else:
            yield from _changed(api, file, entry)


def do(api: Caller, step: Step) -> None:
    """Do it; raises what the hub refuses."""
    head, code = step.file.head, step.file.code
    text = step.file.definition.decode("utf-8")
    path = f"/v1/entries/{quote(code, safe='')}"
    if step.what == "taken-over":
        on_record: dict[str, Json] = {
            "secrecy": _told(head.secrecy),
            "privacy": _told(head.privacy),
            "approval": head.approval,
        }
        body: dict[str, Json] = {"department": head.provider, "definition": text}
        api.call("POST", "/v1/datasets", {**body, "on_record": on_record})
        if head.state != "published":
            given: dict[str, Json] = {"status": head.state, "reason": "目录接管时即为此状态"}
            api.call("PUT", f"{path}/status", {"version": 1, **given})
        return
    if step.what == "new":
        made = api.call("POST", "/v1/entries", {"definition": text})
    elif step.what == "draft" and step.entry is not None:
        body = {"version": step.entry.version, "definition": text}
        made = api.call("PUT", f"{path}/draft", body)
    else:
        made = None
    entry = _state(made) if isinstance(made, dict) else step.entry
    if entry is not None and _wanted(step.file, entry):
        body = {name: one for name, one in _assessed(step.file).items() if one is not None}
        api.call("PUT", f"{path}/assessments", {"version": entry.version, **body})


def _changed(api: Caller, file: EntryFile, entry: EntryState) -> Iterator[Step]:
    edition = entry.newest
    if edition is None:
        return
    stands, wanted = _definition(api, entry, edition), load(file.definition, file.code)
    if stands == wanted:
        if _wanted(file, entry):
            yield Step("assessments", file, entry)
        return
    published = entry.standing
    beside = edition is not published and file.head.state == "published"
    if beside and published is not None and _definition(api, entry, published) == wanted:
        return  # the file is of what is published, and says nothing of the draft beside it
    yield Step("draft", file, entry, differences(stands, wanted))


def _wanted(file: EntryFile, entry: EntryState) -> bool:
    """Whether the file's assessments are to be written down: new ones, of what is being drafted."""
    edition = entry.next
    given = Assessments(secrecy=file.head.secrecy, privacy=file.head.privacy)
    if edition is None or edition.stage not in OURS or given == Assessments():
        return False
    # Those of the published edition were of another text.
    of_before = entry.standing is not None and given == entry.standing.assessments
    return not of_before and given != edition.assessments


def _definition(api: Caller, entry: EntryState, edition: Edition) -> Dataset:
    return load(read_file(_fetched(api, entry, edition), entry.code).definition, entry.code)


def _fetched(api: Caller, entry: EntryState, edition: Edition) -> bytes:
    return api.download(f"/v1/entries/{quote(entry.code, safe='')}/editions/{edition.number}")


def _entries(api: Caller) -> dict[str, EntryState]:
    answer = api.call("GET", "/v1/entries")
    listed = answer.get("entries") if isinstance(answer, dict) else None
    found = listed if isinstance(listed, list) else []
    return {one.code: one for one in (_state(row) for row in found if isinstance(row, dict))}


def _state(row: dict[str, Json]) -> EntryState:
    return EntryState.model_validate({k: v for k, v in row.items() if k not in _CLOCK})


def _assessed(file: EntryFile) -> dict[str, Json]:
    return {"secrecy": _told(file.head.secrecy), "privacy": _told(file.head.privacy)}


def _told(assessment: Assessment | None) -> Json:
    told: Json = None if assessment is None else assessment.model_dump(mode="json")
    return told
