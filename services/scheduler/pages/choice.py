"""Loket: which of today's events and booths somebody works at."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.scheduler.domain import Programme, ScheduledEvent
from services.scheduler.usecases import Clock, Reader, narrowed
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages

FLOOR: Final = "/loket"
OPERATORS: Final = Rule({Role.OPERATOR, Role.AGENCY_OPERATOR})
RULES: Final[RouteRules] = {f"GET {FLOOR}": OPERATORS}
SHOWN_TODAY: Final = 50
"""Events of a programme on one day at most; BOTRAM holds one, Kota Bekasi a dozen."""
SHOWN_LATER: Final = 5
"""Events to come of a programme, by day: who comes on the wrong day sees which is his."""

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
ClockDep = Annotated[Clock, Depends(provided(Clock))]


@router.get(FLOOR)
async def show_choice(
    request: Request, caller: CallerDep, pages: PagesDep, reader: ReaderDep, clock: ClockDep
) -> Response:
    """Show today's events with the booths within the caller's grants, and the next to come."""
    today: list[tuple[ScheduledEvent, list[tuple[str, str, list[str]]]]] = []
    later: list[ScheduledEvent] = []
    for programme in await reader.find(Programme):
        if not any(grant.lies_in(programme.id) for grant in caller.scopes):
            continue
        day = clock().astimezone(ZoneInfo(programme.time_zone)).date()
        found = await _events(reader, programme.id, caller, day, day, SHOWN_TODAY)
        today += [(event, list(_booths(event, programme, pages))) for event in found]
        tomorrow = day + timedelta(days=1)
        later += await _events(reader, programme.id, caller, tomorrow, None, SHOWN_LATER)
    later.sort(key=lambda event: (event.plan.on, event.id))
    return pages.render(request, "loket.html", today=today, later=later[:SHOWN_LATER])


async def _events(
    reader: Reader, programme_id: str, caller: Caller, first: date, last: date | None, limit: int
) -> list[ScheduledEvent]:
    grants = caller.within(programme_id)
    found = await reader.events(programme_id, first=first, last=last, grants=grants, limit=limit)
    return [narrowed(event, caller) for event in found]


def _booths(
    event: ScheduledEvent, programme: Programme, pages: Pages
) -> Iterable[tuple[str, str, list[str]]]:
    """Yield each booth's id, its agency, and what its services are called."""
    called = pages.texts.service
    for booth in event.plan.booths:
        yield booth.id, booth.agency, [called(code, programme.names) for code in booth.services]
