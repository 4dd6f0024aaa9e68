"""Routes of the pages: the list of events, an event's figures, and what keeps them current."""

from pathlib import Path as File
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.reporting.domain import NONE, By, Cell, Measure
from services.reporting.pages.board import Board
from services.reporting.usecases.reports import Known, Reader, known_event
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.live import Streams
from shared.web.pages import NavItem, Pages
from shared.web.problems import NotFound

LIST: Final = "/acara"
TEXTS: Final = File(__file__).parents[1] / "texts.toml"

_ROLES: Final = frozenset({Role.HEAD, Role.SUPERVISOR, Role.PLANNER, Role.OPERATOR, Role.SERVICE})
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


router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
BoardDep = Annotated[Board, Depends(provided(Board))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
StreamsDep = Annotated[Streams, Depends(provided(Streams))]


EventIdPath = Annotated[AggregateId, Path()]


async def allowed(event_id: EventIdPath, caller: CallerDep, reader: ReaderDep) -> Known:
    """Return the event of the path. Raises NotFound, and Forbidden without a right to it."""
    known = await known_event(event_id, reader)
    if known is None:
        raise NotFound("event")
    caller.require(programme=known.plan.programme_id, region=known.plan.region_code)
    return known


KnownDep = Annotated[Known, Depends(allowed)]


@router.get("/")
async def home(pages: PagesDep) -> Response:
    """Lead to the list of events."""
    return RedirectResponse(pages.at(LIST), status_code=303)


@router.get(LIST)
async def list_events(
    request: Request, caller: CallerDep, pages: PagesDep, reader: ReaderDep
) -> Response:
    """Show the events that the caller's grants cover, with their requests."""
    events = await reader.events(caller.scopes)
    sums = await reader.event_sums(events)
    requests = {
        event.id: sums.get(Cell(event.programme_id, event.id, By.ALL, "", NONE), {}).get(
            Measure.REQUESTS_RECEIVED, 0
        )
        for event in events
    }
    return pages.render(request, "daftar.html", events=events, requests=requests)


@router.get("/acara/{event_id}")  # noqa: FAST003 - the dependency reads it
async def show_event(
    known: KnownDep, request: Request, pages: PagesDep, board: BoardDep
) -> Response:
    """Show an event's figures."""
    values = await board.values(known)
    return pages.render(request, "acara.html", plan=known.plan, **values)


@router.get("/acara/{event_id}/angka")
async def figures(event_id: EventIdPath, _: KnownDep, board: BoardDep) -> Response:
    """Return the part of the page that changes."""
    return HTMLResponse(await board.fragment(event_id))


@router.get("/acara/{event_id}/arus")
async def stream(
    event_id: EventIdPath,
    _: KnownDep,
    request: Request,
    caller: CallerDep,
    board: BoardDep,
    streams: StreamsDep,
) -> Response:
    """Send the part of the page that changes, whenever it does."""
    return streams.stream(
        request,
        lambda: board.fragment(event_id),
        board.watched.changes(event_id),
        until=caller.expires_at,
    )
