"""The ASGI application of one process, and what it does beside answering."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from certs.errors import YifenError
from hub.catalogue.shelf import Shelf
from hub.errors import NotFound, Unavailable, Unprocessable
from hub.ledger.folding import Folding
from hub.lookup.receipt import Reply
from hub.objections.telling import tell
from hub.runtime import Hub
from hub.web.case_routes import case_routes
from hub.web.department_routes import department_routes
from hub.web.front import Front
from hub.web.ledger_routes import ledger_routes
from hub.web.licence_routes import licence_routes
from hub.web.material_routes import material_routes
from hub.web.objection_routes import objection_routes
from hub.web.opened import opened_routes
from hub.web.pages import pages
from hub.web.people_routes import people_routes
from hub.web.problems import INTERNAL, reply_of, reply_to
from hub.web.public import public_routes
from hub.web.quality_routes import quality_routes
from hub.web.retention_routes import retention_routes

CHECKPOINT_SECONDS = 0.5
"""Between two checkpoints; one is due within a second."""
ABSORB_SECONDS = 0.1
"""Between two looks at the ledger: little at a time, for they happen in the loop that answers."""
CATCH_UP_SECONDS = 0.01
"""The same while there is more than one look takes in."""
COVER_SECONDS = 0.5
"""Between two looks at how far witnesses have seen the log."""
WITNESS_SECONDS = 1.0
"""Between two rounds in which witnesses are asked."""
ERASE_SECONDS = 1.0
"""Between two looks whether something is to be destroyed, or has been by another process."""
ATTEMPTS_SECONDS = 60
"""Between two entries that sum failed attempts."""
MATERIALS_SECONDS = 60
"""Between two looks for uploads of materials that have ended or were abandoned."""
LICENCES_SECONDS = 60
"""Between two looks for licences whose last day is over."""
TELL_SECONDS = 1.0
"""Between two looks whether receivers of a corrected value are to be told."""
KEYS_SECONDS = 60
"""Between two looks for keys that have run out."""
METHOD_NOT_ALLOWED = 405
_log = logging.getLogger("hub.web")


def create_app(hub: Hub, *, recover: bool = True) -> Front:
    """The application over an open hub; one process recovers what was cut off."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        if recover:
            hub.publications.recover()
        folding = Folding(hub.folder, hub.store)
        folding.start()
        tasks = [
            asyncio.create_task(_checkpoints(hub)),
            asyncio.create_task(_sum_attempts(hub)),
            asyncio.create_task(_erase(hub)),
            asyncio.create_task(_tidy_keys(hub)),
            asyncio.create_task(_sweep_materials(hub)),
            asyncio.create_task(_expire_licences(hub)),
            asyncio.create_task(_tell(hub)),
        ]
        if hub.coverage.witnesses:
            tasks += [asyncio.create_task(_cover(hub)), asyncio.create_task(_witness(hub))]
        try:
            yield
        finally:
            hub.erasures.stop()
            hub.destructions.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await hub.submitter.close()
            folding.end()
            _end(hub)

    app = FastAPI(
        title="Yifen",
        lifespan=running,
        # A redirect would name the Host header, which nobody has checked.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        exception_handlers={
            YifenError: _problem,
            RequestValidationError: _query,
            HTTPException: _route,
            Exception: _bare,
        },
    )
    shelf = Shelf(hub.reading, hub.book)
    for rooms in (
        public_routes(hub),
        ledger_routes(hub),
        department_routes(hub),
        material_routes(hub),
        case_routes(hub),
        licence_routes(hub),
        opened_routes(hub),
        quality_routes(hub),
        objection_routes(hub),
        people_routes(hub, shelf),
        retention_routes(hub),
    ):
        # Not include_router: it makes every route a second time, at the first request, and walks
        # through all of them once more with each request.
        app.router.routes += rooms.routes
    app.router.routes += pages(hub, shelf)
    return Front(hub, app)


def _end(hub: Hub) -> None:
    """The last words of a process; of one whose ledger is broken there are none."""
    if hub.store.broken:
        # Closing the last connection would fold a log that nobody has looked at into the database.
        hub.publications.close()
        return
    try:
        hub.attempts.enter(hub.changes)
        while hub.checkpointer.step() is not None:
            pass
    except Unavailable:
        _log.warning("no last checkpoint could be published")
    finally:
        hub.close()


async def _checkpoints(hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    published = loop.time()
    while True:
        pause = ABSORB_SECONDS
        try:
            if hub.checkpointer.absorb():
                pause = CATCH_UP_SECONDS
            if loop.time() >= published + CHECKPOINT_SECONDS:
                published = loop.time()
                hub.checkpointer.publish()
        except Unavailable:
            _log.warning("no checkpoint could be published")
        except Exception:  # noqa: BLE001 the next step may well succeed
            _log.exception("the checkpointer failed")
        await asyncio.sleep(pause)


async def _cover(hub: Hub) -> None:
    while True:
        hub.coverage.refresh()
        await asyncio.sleep(COVER_SECONDS)


async def _witness(hub: Hub) -> None:
    while True:
        try:
            if hub.checkpointer.held:
                await hub.submitter.round()
        except Exception:  # noqa: BLE001 the next round may well succeed
            _log.exception("witnesses could not be asked")
        await asyncio.sleep(WITNESS_SECONDS)


async def _erase(hub: Hub) -> None:
    while True:
        try:
            if hub.erasures.pending(hub.reading):
                await asyncio.to_thread(hub.erasures.step)
            if hub.destructions.pending(hub.reading):
                await asyncio.to_thread(hub.destructions.step)
            await hub.forgetting.look()
        except Unavailable:
            _log.warning("an erasure could not go on")
        except Exception:  # noqa: BLE001 the next step may well succeed
            _log.exception("an erasure failed")
        await asyncio.sleep(ERASE_SECONDS)


async def _sum_attempts(hub: Hub) -> None:
    while True:
        await asyncio.sleep(ATTEMPTS_SECONDS)
        try:
            hub.attempts.enter(hub.changes)
        except Unavailable:
            _log.warning("failed attempts could not be entered")


async def _tell(hub: Hub) -> None:
    while True:
        try:
            if hub.checkpointer.held:
                await tell(hub.objections)
        except Unavailable:
            _log.warning("receivers of a corrected value could not be told")
        except Exception:  # noqa: BLE001 the next round may well succeed
            _log.exception("telling receivers of a corrected value failed")
        await asyncio.sleep(TELL_SECONDS)


async def _tidy_keys(hub: Hub) -> None:
    while True:
        await asyncio.sleep(KEYS_SECONDS)
        try:
            hub.keys.tidy()
        except (YifenError, OSError):
            _log.exception("keys that have run out could not be put away")


async def _sweep_materials(hub: Hub) -> None:
    while True:
        try:
            await hub.materials.sweep()
        except Unavailable:
            _log.warning("uploads that have ended could not be taken away")
        except Exception:  # noqa: BLE001 the next look may well succeed
            _log.exception("uploads that have ended could not be taken away")
        await asyncio.sleep(MATERIALS_SECONDS)


async def _expire_licences(hub: Hub) -> None:
    while True:
        pause: float = LICENCES_SECONDS
        try:
            if hub.office.expire():
                pause = CATCH_UP_SECONDS
        except Unavailable:
            _log.warning("licences that have ended could not be entered")
        except Exception:  # noqa: BLE001 the next look may well succeed
            _log.exception("licences that have ended could not be entered")
        await asyncio.sleep(pause)


async def _problem(_: Request, error: Exception) -> Response:
    return _response(reply_of(error) if isinstance(error, YifenError) else _internal())


async def _query(_: Request, error: Exception) -> Response:
    """A parameter of the path or query that FastAPI does not take."""
    place = error.errors()[0]["loc"][-1] if isinstance(error, RequestValidationError) else ""
    return _response(reply_of(Unprocessable(why=f"member {str(place)[:64]}")))


async def _route(_: Request, error: Exception) -> Response:
    """A path, or a method of one, that there is not."""
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED:
        response = _response(reply_to("method-not-allowed", METHOD_NOT_ALLOWED))
        response.headers.update(error.headers or {})
        return response
    return _response(reply_of(NotFound(what="route")))


async def _bare(_: Request, __: Exception) -> Response:
    return _response(_internal())


def _internal() -> Reply:
    return reply_to(INTERNAL, 500)


def _response(reply: Reply) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(reply.body, reply.status, headers, media_type=reply.content_type)
