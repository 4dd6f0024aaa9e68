"""What a booth's page works with: who is at the counter, what can be done, who waits."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.scheduler.api.booths import TicketAnswer
from services.scheduler.api.parts import BoothPath, EventId, ReaderDep, visible_event
from services.scheduler.domain import Booth, Line, Ticket
from services.scheduler.usecases import BoothAct, Clock, Reader, acts_of
from services.scheduler.usecases.ticket_events import answer
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

router = APIRouter(prefix="/api")
RULES: Final[RouteRules] = {
    "GET /api/events/{event_id}/booths/{booth_id}/screen": Rule(
        {Role.OPERATOR, Role.AGENCY_OPERATOR}
    )
}


class AtCounter(TicketAnswer):
    """The ticket that the booth called last, and what can be done with it here and now."""

    acts: list[BoothAct]
    undo_until: datetime | None


class Waits(BaseModel):
    """The line of a service of the booth."""

    service: str
    letter: str
    """What its numbers begin with."""
    waiting: int
    served: int


class WalkedUp(BaseModel):
    """People who walked up to a booth without tickets."""

    service: str
    visitors: int


class ScreenAnswer(BaseModel):
    """A booth's screen. `today`: the event is on; no ticket is called on another day."""

    as_of: datetime
    today: bool
    ticket: AtCounter | None
    lines: list[Waits]
    visits: list[WalkedUp]


@router.get("/events/{event_id}/booths/{booth_id}/screen")
async def get_screen(
    event_id: EventId,
    booth_id: BoothPath,
    caller: CallerDep,
    reader: ReaderDep,
    clock: Annotated[Clock, Depends(provided(Clock))],
) -> ScreenAnswer:
    """Return what the page of a booth works with."""
    event = await visible_event(event_id, caller, reader)
    booth = event.plan.booth(booth_id)
    if booth is None:
        raise NotFound("booth")
    ticket = await reader.current(event_id, booth_id) if booth.ticketed else None
    lines = await reader.lines(event_id, booth.services) if booth.ticketed else []
    return ScreenAnswer(
        as_of=clock(),
        today=event.is_on(clock()),
        ticket=_at_counter(ticket, booth, clock()) if ticket else None,
        lines=[_waits(line) for line in lines],
        visits=await _visits(event_id, booth, reader),
    )


def _at_counter(ticket: Ticket, booth: Booth, now: datetime) -> AtCounter:
    return AtCounter.model_validate(
        {
            **answer(ticket),
            "acts": acts_of(ticket, booth.id, now),
            "undo_until": ticket.undo_until if ticket.can_undo(now) else None,
        }
    )


def _waits(line: Line) -> Waits:
    return Waits(service=line.service, letter=line.letter, waiting=line.waiting, served=line.served)


async def _visits(event_id: str, booth: Booth, reader: Reader) -> list[WalkedUp]:
    if booth.ticketed:
        return []
    tallies = [one for one in await reader.tallies(event_id) if one.booth_id == booth.id]
    walked = {one.service: one.visitors for one in tallies}
    return [WalkedUp(service=one, visitors=walked.get(one, 0)) for one in booth.services]
