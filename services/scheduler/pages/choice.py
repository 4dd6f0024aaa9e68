"""Loket: which of today's events and booths somebody works at."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, timedelta
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
from shared.web.texts import Texts

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
    async for event, programme in events_of_today(reader, caller, clock()):
        today.append((event, list(_booths(event, programme, pages))))
    for programme, day in await _programmes(reader, caller, clock()):
        tomorrow = day + timedelta(days=1)
        later += await _events(reader, programme.id, caller, tomorrow, None, SHOWN_LATER)
    later.sort(key=lambda event: (event.plan.on, event.id))
    return pages.render(request, "loket.html", today=today, later=later[:SHOWN_LATER])


async def events_of_today(
    reader: Reader, caller: Caller, now: datetime, *, days_before: int = 0
) -> AsyncIterator[tuple[ScheduledEvent, Programme]]:
    """Yield today's events, by each programme's clock, with the booths within the grants.

    `days_before`: also those of so many days before.
    """
    for programme, day in await _programmes(reader, caller, now):
        first = day - timedelta(days=days_before)
        for event in await _events(reader, programme.id, caller, first, day, SHOWN_TODAY):
            yield event, programme


async def _programmes(
    reader: Reader, caller: Caller, now: datetime
) -> list[tuple[Programme, date]]:
    """Return the programmes in which the caller holds a grant, each with its day."""
    found = await reader.find(Programme)
    mine = (one for one in found if any(grant.lies_in(one.id) for grant in caller.scopes))
    return [(one, now.astimezone(ZoneInfo(one.time_zone)).date()) for one in mine]


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


def script_words(texts: Texts, tables: Iterable[str]) -> dict[str, str]:
    """Return what a page's script may have to say, by key: the texts below these tables."""
    keys = (f"{table}.{last}" for table in tables for last in texts.below(table))
    return {key: texts.as_written(key) for key in keys}
