"""Calls that a booth made without uplink, and what came of them."""

from dataclasses import replace
from typing import Final

from services.scheduler.domain import (
    AT_BOOTH,
    Arrival,
    ConflictKind,
    LateCall,
    LateEnd,
    LateEntry,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.usecases.acts import carry_out, require_offered, take_back
from services.scheduler.usecases.calls import enter_late_call
from services.scheduler.usecases.conflicts import About, Found
from shared.messaging.unit_of_work import UnitOfWork

_ENDED: Final = {
    TicketState.SERVED: LateEnd.SERVED,
    TicketState.NO_SHOW: LateEnd.NO_SHOW,
    TicketState.LEFT: LateEnd.LEFT,
}


async def take_in_call(
    entry: LateEntry, story: LateCall, event: ScheduledEvent, uow: UnitOfWork
) -> tuple[LateEntry, Found]:
    """Do what a booth did without uplink, as far as nobody has done otherwise.

    Raises Refused, before anything is changed: unknown_booth, not_offered, unknown_ticket.
    """
    ticket = await _ticket(story, event, uow)
    at = story.claim.between(ticket.issued_at, uow.now())
    ended = story.ended.between(at, uow.now()) if story.ended else None
    entry = replace(
        entry,
        happened_at=at,
        end=story.end,
        ended_claimed_at=story.ended.at if story.ended else None,
        ended_at=ended,
    )
    clash = _clash(ticket, story.booth_id)
    if clash is not None:
        return entry, {clash: About(ticket.id, _booths(ticket, story))}
    found: dict[ConflictKind, About] = {}
    if ticket.state is TicketState.WAITING:
        if story.end is None and await _elsewhere(ticket, uow):
            found[ConflictKind.TWO_BOOTHS] = About(ticket.id, (story.booth_id,))
        ticket = await enter_late_call(event, ticket, story.booth_id, at, uow)
    if not await _end(ticket, story, entry, event, uow):
        found[ConflictKind.NEWER] = About(ticket.id, _booths(ticket, story))
    return entry, found


async def _ticket(story: LateCall, event: ScheduledEvent, uow: UnitOfWork) -> Ticket:
    if event.plan.booth(story.booth_id) is None:
        raise Refused("unknown_booth", "the event has no such booth")
    require_offered(event, story.booth_id, story.service)
    found = await uow.get(Ticket, ticket_id(event.id, story.service, story.number))
    if found is None:
        raise Refused("unknown_ticket", "no such number was given to anybody, or not told yet")
    return found


def _clash(ticket: Ticket, booth_id: str) -> ConflictKind | None:
    """Return why a booth cannot have called a ticket, as it stands; None: it can."""
    if ticket.state is TicketState.WAITING:
        return None
    if ticket.booth_id != booth_id and ticket.booth_id is not None:
        return ConflictKind.CALLED_TWICE
    known = ticket.state in AT_BOOTH or ticket.state in _ENDED
    return None if known and ticket.booth_id is not None else ConflictKind.ENDED


def _booths(ticket: Ticket, story: LateCall) -> tuple[str, ...]:
    return tuple({story.booth_id, ticket.booth_id or story.booth_id})


async def _elsewhere(ticket: Ticket, uow: UnitOfWork) -> bool:
    """Return whether its holders are at another booth for another ticket."""
    arrival = await uow.get(Arrival, ticket.arrival_id) if ticket.arrival_id else None
    return arrival is not None and not arrival.may_be_called(ticket)


async def _end(
    ticket: Ticket, story: LateCall, entry: LateEntry, event: ScheduledEvent, uow: UnitOfWork
) -> bool:
    """End a ticket as its booth did; False where the booth has done something else since."""
    if story.end is None or _ENDED.get(ticket.state) is story.end:
        return True
    if ticket.state is TicketState.NO_SHOW and story.end is LateEnd.SERVED:
        came = ticket.came_after_all()
        await take_back(ticket, came, story.booth_id, event, uow)
        ticket = came
    done_since = ticket.before is not None and ticket.before.at > (entry.ended_at or uow.now())
    newer = done_since and story.end is not LateEnd.SERVED
    if newer or not ticket.can(story.end.act):
        return False
    await carry_out(story.end.act, ticket, story.booth_id, event, uow, at=entry.ended_at)
    return True
