"""Taking in a scan: of a paper that a case asks for, or without a case.

The file goes from the request into the sealed intake, piece by piece; it lies nowhere in between.
Whose a paper of a case is follows from the case, and nobody has to write the number again.
"""

from collections import defaultdict
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from catalog.services.material import Material
from certs.canonical import canonical
from certs.errors import YifenError
from hub.cases import acts, kept
from hub.cases.desk import handler_of_session
from hub.cases.finding import material_dataset
from hub.cases.state import CaseState, MaterialIn
from hub.errors import Conflict, Forbidden, NotFound, Unprocessable
from hub.materials.metadata import Holder
from hub.materials.records import today_of
from hub.materials.streamed import Said, TakenIn, take_in
from hub.people.permissions import Permission
from hub.web.pages.form import Form
from hub.web.pages.frame import Console, Visitor
from hub.web.pages.scan_form import (
    KINDS,
    ScanForm,
    Sent,
    fileable,
    open_scan,
    read_scan,
    sender_of,
    sighters,
)
from hub.web.pages.words import told

UNPROCESSABLE = 422
AT_THE_FILE = frozenset({"file-missing", "file-too-large", "file-type", "cut-off"})
"""What is found while the file comes; what the examiner finds is told by the intake."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper that can be handed in for a case; ``listed`` as the service in force lists it."""

    state: CaseState
    paper: MaterialIn
    listed: Material | None
    filed_as: str
    """The dataset that it is filed under; empty where its type cannot be filed."""

    @property
    def where(self) -> str:
        """The query that names it."""
        return f"service={self.paper.service}&material={self.paper.material}"


def scan_pages(console: Console) -> APIRouter:
    """The routes of taking in."""
    routes = console.routes()
    _plain_pages(console, routes)
    _case_pages(console, routes)
    return routes


def _plain_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/materials/new")
    async def fill(request: Request) -> Response:
        visitor = console.visitor(request, Permission.FILE_MATERIALS)
        return _form(console, request, visitor, ScanForm(), None)

    @routes.post("/materials/new")
    async def file(request: Request) -> Response:
        visitor = console.visitor(request, Permission.FILE_MATERIALS)
        sent = await open_scan(console, request, visitor)
        filled = read_scan(sent.form, hub, visitor.person, of_case=False)
        if filled.wrong:
            return _form(console, request, visitor, filled, None)
        said = filled.announced(filled.dataset, filled.holder_of(), None, sent.file_name)
        taken, filled = await _take(console, visitor, said, sent, filled)
        if taken is None:
            return _form(console, request, visitor, filled, None)
        return _done(console, request, visitor, taken, said, None, None)


def _case_pages(console: Console, routes: APIRouter) -> None:
    hub = console.hub

    @routes.get("/cases/{case}/scan")
    async def fill(request: Request, case: str) -> Response:
        visitor = console.visitor(request, Permission.FILE_MATERIALS)
        asked = request.query_params
        state = kept.state_of(hub.reading, case, _department(visitor))
        name = (asked.get("service", ""), asked.get("material", ""))
        if name == ("", ""):
            papers = [_wanted(console, state, one.name) for one in _open_papers(state)]
            return console.page(request, visitor, "scan_pick.html", state=state, papers=papers)
        return _form(console, request, visitor, ScanForm(), _wanted(console, state, name))

    @routes.post("/cases/{case}/scan")
    async def file(request: Request, case: str) -> Response:
        visitor = console.visitor(request, Permission.FILE_MATERIALS)
        sent = await open_scan(console, request, visitor)
        state = kept.state_of(hub.reading, case, _department(visitor))
        wanted = _wanted(console, state, (sent.form.one("service"), sent.form.one("material")))
        filled = read_scan(sent.form, hub, visitor.person, of_case=True)
        if filled.wrong:
            return _form(console, request, visitor, filled, wanted)
        holder, number = _holder_of(console, visitor, wanted)
        said = filled.announced(wanted.filed_as, holder, number, sent.file_name)
        taken, filled = await _take(console, visitor, said, sent, filled)
        if taken is None:
            return _form(console, request, visitor, filled, wanted)
        why = None
        try:
            _bring(console, visitor, case, sent.form, taken.material)
        except (Conflict, Forbidden, NotFound, Unprocessable) as error:
            why = error
        return _done(console, request, visitor, taken, said, wanted, why)

    @routes.post("/cases/{case}/scan/bring")
    async def bring(request: Request, case: str) -> Response:
        visitor = console.visitor(request, Permission.FILE_MATERIALS)
        form = await console.form(request, visitor)
        _bring(console, visitor, case, form, form.one("filed") or None)
        return console.redirect(f"/cases/{case}")


def _open_papers(state: CaseState) -> list[MaterialIn]:
    """What can still be handed in: in an open case, or because it was to follow."""
    follow = {(one.service, one.material) for one in state.commitments if one.status == "open"}
    return [
        one
        for one in state.materials
        if not one.satisfied
        and one.brought is None
        and (state.status == "open" or one.name in follow)
    ]


def _wanted(console: Console, state: CaseState, name: tuple[str, str]) -> Wanted:
    """A paper of a case that can be handed in; raises ``NotFound``."""
    paper = next((one for one in _open_papers(state) if one.name == name), None)
    if paper is None:
        raise NotFound(what="required-material")
    in_force = console.hub.cases.shelf.current()
    service = in_force.services.get(paper.service)
    listed = (
        next((one for one in service.materials if one.code == paper.material), None)
        if (service)
        else None
    )
    dataset = material_dataset(paper.type)
    return Wanted(state, paper, listed, dataset if dataset in in_force.datasets else "")


def _holder_of(console: Console, visitor: Visitor, wanted: Wanted) -> tuple[Holder, str]:
    """Whose the paper is, and the department's number of the case; neither is shown.

    Whoever has no number yet has papers under the applicant's. Raises ``NotFound``, and
    ``Unprocessable`` for a number under which nothing can be filed.
    """
    desk, state = console.hub.cases, wanted.state
    found = kept.find_unlocked(desk.reading, desk.master, state.id, _department(visitor))
    asked = found.content.asked
    party = asked.parties.get(wanted.paper.of) or asked.parties["applicant"]
    if party is None or party.type not in KINDS:
        raise Unprocessable(why="scan-holder")
    return Holder.model_validate({"type": party.type, "id": party.normal}), asked.case


def _bring(console: Console, visitor: Visitor, case: str, form: Form, material: str | None) -> None:
    """Say of a paper of the case that it was handed in; raises as ``acts.bring`` does."""
    hub = console.hub
    required = (form.one("service"), form.one("material"))
    version = form.number("version") or 0
    said = canonical({"case": case, "filed": material, "required": [*required], "version": version})
    handler = handler_of_session(visitor.person, said, hub.clock())
    acts.bring(hub.cases, handler, case, version, required, material)


async def _take(
    console: Console, visitor: Visitor, said: Said, sent: Sent, filled: ScanForm
) -> tuple[TakenIn | None, ScanForm]:
    """File what comes; None, and the form with what is wrong with the file, if it is refused."""
    hub = console.hub
    most = hub.settings.materials.max_bytes
    sender = sender_of(visitor.person)
    try:
        taken = await take_in(hub.materials, said, sent.chunks, sender, most=most)
    except Unprocessable as error:
        why = str(error.facts["why"])
        if why not in AT_THE_FILE:
            raise
        return None, filled.marked("file", why)
    if taken.material is None:
        return None, filled.marked("file", taken.failure or taken.state)
    return taken, filled


def _form(
    console: Console, request: Request, visitor: Visitor, filled: ScanForm, wanted: Wanted | None
) -> Response:
    hub = console.hub
    return console.page(
        request,
        visitor,
        "scan.html",
        UNPROCESSABLE if filled.wrong else 200,
        filled=filled,
        wrong=defaultdict(str, filled.wrong),
        wanted=wanted,
        types={} if wanted else fileable(hub, visitor.person),
        sighters=sighters(hub, visitor.person),
        today=today_of(hub.clock()),
        most=hub.settings.materials.max_bytes >> 20,
    )


def _done(
    console: Console,
    request: Request,
    visitor: Visitor,
    taken: TakenIn,
    said: Said,
    wanted: Wanted | None,
    error: YifenError | None,
) -> Response:
    why = ("", "") if error is None else told(error.code, visitor.language, error.facts)
    source = console.hub.book.refresh().source(said.dataset)
    version = 0
    if wanted is not None:
        version = kept.state_of(console.hub.reading, wanted.state.id, _department(visitor)).version
    return console.page(
        request,
        visitor,
        "scan_done.html",
        taken=taken,
        said=said,
        definition=source.dataset if source else None,
        wanted=wanted,
        not_brought=why,
        version=version,
    )


def _department(visitor: Visitor) -> str:
    """The visitor's department: whoever may file has one."""
    if visitor.person.department is None:
        raise Forbidden(what=Permission.FILE_MATERIALS.value)
    return visitor.person.department
