"""Who never came, or never came back, when the event's day is over: unserved, with other ways."""

from typing import Final

from services.scheduler.domain import Act, Line, ScheduledEvent, Ticket, ticket_id
from services.scheduler.usecases.acts import carry_out
from services.scheduler.usecases.closing import ABSENT, awaited_at_booths
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

AT_ONCE: Final = 100
"""Numbers of a line that are looked at in one unit of work."""
_FIRST: Final = "first"


async def note_absent(timer: Timer, uow: UnitOfWork) -> None:
    """End those of the next hundred numbers of a closed line for whom a booth still waits.

    Who is being served is his booth's to serve.
    """
    line = await uow.get(Line, timer.key)
    if line is None or not line.closed:
        return
    event = await uow.require(ScheduledEvent, line.event_id)
    first = int(timer.payload.get(_FIRST, 1))
    after = min(first + AT_ONCE, line.last_number + 1)
    for number in range(first, after):
        known = await uow.get(Ticket, ticket_id(line.event_id, line.service, number))
        if known is not None and known.can(Act.NO_SHOW):
            at = event.in_its_day(uow.now())
            await carry_out(Act.NO_SHOW, known, known.booth_id or "", event, uow, at)
    line = await uow.require(Line, line.id)
    if awaited_at_booths(line) and after <= line.last_number:
        await uow.set_timer(ABSENT, line.id, uow.now(), {_FIRST: str(after)})
