"""Gerbang: a code and a number for each service that people want; nobody is asked who comes.

Here a script carries: it gives numbers that its device has leased and tells them by the API, at
once or when there is an uplink again. The page holds nobody's data.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from services.scheduler.domain import Programme, ScheduledEvent
from services.scheduler.pages.choice import (
    ClockDep,
    PagesDep,
    ReaderDep,
    events_of_today,
    script_words,
)
from shared.auth.roles import Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

GATE: Final = "/gerbang"
WORKER: Final = f"{GATE}/penjaga.js"
"""The service worker: what lies below `GATE/` is what it may answer for."""
GATEKEEPERS: Final = Rule({Role.OPERATOR})
RULES: Final[RouteRules] = {
    f"GET {GATE}": GATEKEEPERS,
    f"GET {WORKER}": PUBLIC,
    f"GET {GATE}/{{event_id}}": GATEKEEPERS,
}
WORDS: Final = ("gate.word", "gate.wrong", "gate.story", "gate.conflict", "booth.state", "offer")
"""What the script may have to say, in the catalogue."""
UNKNOWABLE: Final = "gate.unknowable"
"""What a gate cannot know without uplink, there."""

router = APIRouter(include_in_schema=False)


@router.get(GATE)
async def show_gates(
    request: Request, caller: CallerDep, pages: PagesDep, reader: ReaderDep, clock: ClockDep
) -> Response:
    """List today's events whose gates the caller may stand at."""
    found = [event async for event, _ in events_of_today(reader, caller, clock())]
    return pages.render(request, "gerbang_acara.html", events=found)


@router.get(WORKER)
async def show_worker(pages: PagesDep) -> Response:
    """Return the script that answers for the gate where the office does not."""
    return pages.assets.answer("penjaga.js")


@router.get(f"{GATE}/{{event_id}}")
async def show_gate(
    request: Request,
    event_id: Annotated[AggregateId, Path()],
    caller: CallerDep,
    pages: PagesDep,
    reader: ReaderDep,
    kios: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query's name
) -> Response:
    """Show the gate of an event; as a kiosk without ways to other pages."""
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        raise NotFound("event")
    caller.require(programme=event.plan.programme_id, region=event.plan.region_code)
    programme = await reader.get(Programme, event.plan.programme_id)
    names = programme.names if programme else {}
    services = [
        (code, pages.texts.service(code, names), event.plan.with_line(code))
        for code in event.plan.ticketed_services
    ]
    return pages.render(
        request,
        "gerbang.html",
        event=event,
        services=sorted(services, key=lambda one: one[1]),
        kiosk=kios,
        unknowable=pages.texts.below(UNKNOWABLE),
        words=script_words(pages.texts, WORDS),
    )
