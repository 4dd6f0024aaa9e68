"""Routes of the pages: the list of events, an event's figures, and what keeps them current."""

from pathlib import Path as File
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.reporting.domain import NONE, By, Cell, Measure
from services.reporting.pages.board import Board
from services.reporting.usecases.reports import Known, Reader, known_event
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.web.guard import CallerDep
from shared.web.live import Streams
from shared.web.pages import NavItem, Pages
from shared.web.problems import NotFound

LIST: Final = "/acara"
TEMPLATES: Final = File(__file__).parents[1] / "templates"
STATIC: Final = File(__file__).parents[1] / "static"
TEXTS: Final = File(__file__).parents[1] / "texts.toml"

_ROLES: Final = frozenset({Role.HEAD, Role.PLANNER, Role.OPERATOR, Role.SERVICE})
NAVIGATION: Final = (NavItem(LIST, "navigation.events", _ROLES),)
RULES: Final[RouteRules] = dict.fromkeys(
    (
        "GET /",
        "GET /acara",
        "GET /acara/{event_id}",
        "GET /acara/{event_id}/angka",
        "GET /acara/{event_id}/arus",
    ),
    Rule(_ROLES),
)
"""Which roles may use which page; programme and region are held against the event itself."""

EventIdPath = Annotated[AggregateId, Path()]


def routes(pages: Pages, board: Board, reader: Reader, streams: Streams) -> APIRouter:
    """Return reporting's pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> Response:
        return RedirectResponse(LIST, status_code=303)

    @router.get(LIST)
    async def list_events(request: Request, caller: CallerDep) -> Response:
        events = await reader.events(caller.scopes)
        sums = await reader.event_sums(events)
        requests = {
            event.id: sums.get(Cell(event.programme_id, event.id, By.ALL, "", NONE), {}).get(
                Measure.REQUESTS_RECEIVED, 0
            )
            for event in events
        }
        return pages.render(request, "daftar.html", events=events, requests=requests)

    @router.get("/acara/{event_id}")
    async def show_event(event_id: EventIdPath, request: Request, caller: CallerDep) -> Response:
        known = await _allowed(event_id, caller)
        values = await board.values(known)
        return pages.render(request, "acara.html", plan=known.plan, **values)

    @router.get("/acara/{event_id}/angka")
    async def figures(event_id: EventIdPath, caller: CallerDep) -> Response:
        await _allowed(event_id, caller)
        return HTMLResponse(await board.fragment(event_id))

    @router.get("/acara/{event_id}/arus")
    async def stream(event_id: EventIdPath, request: Request, caller: CallerDep) -> Response:
        await _allowed(event_id, caller)
        return streams.stream(
            request,
            lambda: board.fragment(event_id),
            board.changes(event_id),
            until=caller.expires_at,
        )

    async def _allowed(event_id: str, caller: Caller) -> Known:
        known = await known_event(event_id, reader)
        if known is None:
            raise NotFound("event")
        caller.require(programme=known.plan.programme_id, region=known.plan.region_code)
        return known

    return router
