"""The end of a line: who still waits is offered other ways before he leaves."""

from typing import Any, Final

from services.scheduler.domain import (
    ASKED,
    Line,
    OfferKind,
    ScheduledEvent,
    Ticket,
    TicketState,
)
from services.scheduler.domain.audit import Deed
from services.scheduler.usecases.offers import offers_of, told
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import ended_event
from services.scheduler.usecases.waiting import first_waiting, lines_of, take
from shared.audit.trail import note
from shared.contracts.scheduler import TicketEnd
from shared.messaging.errors import Missing
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

LINE_OVER: Final = "line_over"
"""The timer of a closed line in which somebody waits still; it ends a hundred at a time."""
ABSENT: Final = "line_absent"
"""The timer of a line whose day is over, in which booths ask for somebody still."""
EVENT_OVER: Final = "event_over"
"""The timer of an event whose day ends: what nobody closed is closed then."""


async def close_line(
    event_id: str, service: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Close a line, from the event's closing on; return how many wait, and what they are offered.

    It is for whoever may act at each booth of the line. Closed again it changes nothing. Raises
    Missing, and Refused: not_closing_yet.
    """
    event = await uow.require(ScheduledEvent, event_id)
    booths = event.plan.with_line(service)
    for booth in booths or (None,):
        allow(event.plan, booth)
    if not booths:
        raise Missing("line")
    event.require_over(uow.now())
    [line] = await lines_of(event_id, [service], uow)
    if not line.closed:
        note(Deed.LINE_CLOSED, event_id, uow, service, f"{line.waiting} waited")
    await close(line, event, uow, told=True)
    offers = await offers_of(event, service, uow)
    return {"service": service, "waiting": line.waiting, "offers": told(offers)}


async def close(line: Line, event: ScheduledEvent, uow: UnitOfWork, *, told: bool = False) -> None:
    """Close a line, and have those who wait offered other ways. `told`: by who closes it."""
    if not line.closed:
        uow.add(line.close(event.in_its_day(uow.now()), told=told))
    await end_later(line, uow)


async def end_later(line: Line, uow: UnitOfWork) -> None:
    """Have those who wait in a closed line end, at once and a hundred at a time."""
    if line.waiting:
        await uow.set_timer(LINE_OVER, line.id, uow.now())


async def note_line_over(timer: Timer, uow: UnitOfWork) -> None:
    """End the next hundred of a closed line, each with what he is offered."""
    line = await uow.get(Line, timer.key)
    if line is None or not line.closed:
        return
    event = await uow.require(ScheduledEvent, line.event_id)
    kinds = await kinds_of(event, line, uow)
    ended = await first_waiting(line, uow)
    for ticket in ended:
        line = await _end(ticket, line, event, kinds, uow)
    if ended:
        uow.add(line)
        await end_later(line, uow)


async def end_at_once(waiting: Ticket, line: Line, event: ScheduledEvent, uow: UnitOfWork) -> None:
    """End somebody who comes after his line was closed, as if he had waited in it by then."""
    uow.add(await _end(waiting, line, event, await kinds_of(event, line, uow), uow))


async def kinds_of(event: ScheduledEvent, line: Line, uow: UnitOfWork) -> tuple[OfferKind, ...]:
    """Return the kinds of what those of a line are offered whom it does not reach."""
    offers = await offers_of(event, line.service, uow)
    return tuple(dict.fromkeys(offer.kind for offer in offers))


async def _end(
    waiting: Ticket,
    line: Line,
    event: ScheduledEvent,
    offers: tuple[OfferKind, ...],
    uow: UnitOfWork,
) -> Line:
    # A line that is closed at midnight ended on the event's day.
    at = max(waiting.issued_at, event.in_its_day(uow.now()))
    ticket = waiting.end_unserved(offers, at)
    await take(waiting, uow)
    uow.add(ticket)
    told = ended_event(ticket, "", TicketEnd.UNSERVED, told=line.told)
    uow.publish(told, version=ticket.version, occurred_at=at)
    return line.let_go(waiting).counted(waiting, ticket)


async def note_event_over(timer: Timer, uow: UnitOfWork) -> None:
    """Close what nobody closed on the event's day, and ask for nobody any more.

    When that is over the timer knows: it is set anew with each plan, and the clock by which it
    fired need not be this instance's.
    """
    event = await uow.get(ScheduledEvent, timer.key)
    if event is None:
        return
    await close_all(event, uow)
    for line in await lines_of(event.id, event.plan.ticketed_services, uow):
        if awaited_at_booths(line):
            await uow.set_timer(ABSENT, line.id, uow.now())


def awaited_at_booths(line: Line) -> int:
    """Return for how many a booth asks or waits: called, sent by another one, or to come back."""
    return line.count(*ASKED, TicketState.SENT, TicketState.ON_HOLD)


async def close_all(event: ScheduledEvent, uow: UnitOfWork) -> None:
    """Close every line of an event."""
    for line in await lines_of(event.id, event.plan.ticketed_services, uow):
        await close(line, event, uow)
