"""Calls that a booth made without uplink, and what came of them."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.scheduler.domain import (
    AT_BOOTH,
    Arrival,
    Booth,
    ConflictKind,
    LateCall,
    LateEnd,
    LateEntry,
    Lease,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.usecases.acts import carry_out, take_back
from services.scheduler.usecases.calls import enter_late_call
from services.scheduler.usecases.conflicts import About, Found
from shared.messaging.unit_of_work import UnitOfWork

_ENDED: Final = {
    TicketState.SERVED: LateEnd.SERVED,
    TicketState.NO_SHOW: LateEnd.NO_SHOW,
    TicketState.LEFT: LateEnd.LEFT,
}


async def take_in_call(
    entry: LateEntry, story: LateCall, lease: Lease, event: ScheduledEvent, uow: UnitOfWork
) -> tuple[LateEntry, Found]:
    """Do what a booth did without uplink, as far as nobody has done otherwise.

    Raises Refused, before anything is changed: unknown_booth, not_offered, unknown_ticket.
    """
    ticket = await _ticket(story, lease, event, uow)
    at = story.claim.between(ticket.issued_at, uow.now())
    at = entry.happened_at if entry.version else at
    ended = story.ended.between(at, uow.now()) if story.ended else None
    entry = replace(
        entry,
        happened_at=at,
        end=story.end,
        ended_claimed_at=story.ended.at if story.ended else None,
        ended_at=ended,
    )
    clash = _clash(ticket, story)
    if clash is not None:
        return entry, {clash: About(ticket.id, _booths(ticket, story))}
    found: dict[ConflictKind, About] = {}
    if ticket.ended_uncalled and not _ended_so(ticket, story):
        if ticket.state is TicketState.UNSERVED and ticket.before and at >= ticket.before.at:
            found[ConflictKind.AFTER_CLOSING] = About(ticket.id, (story.booth_id,))
        ticket = await _back(ticket, event, uow)
    if ticket.state is TicketState.WAITING:
        if story.end is None and await _elsewhere(ticket, uow):
            found[ConflictKind.TWO_BOOTHS] = About(ticket.id, (story.booth_id,))
        ticket = await enter_late_call(event, ticket, story.booth_id, at, uow)
    if not await _end(ticket, story, entry, event, uow):
        found[ConflictKind.NEWER] = About(ticket.id, _booths(ticket, story))
    return entry, found


async def _ticket(story: LateCall, lease: Lease, event: ScheduledEvent, uow: UnitOfWork) -> Ticket:
    booth = booth_then(story, lease, event)
    if booth is None:
        raise Refused("unknown_booth", "the event has no such booth, and had none for this device")
    now = event.plan.booth(story.booth_id)
    if not (booth.has_line(story.service) or (now and now.has_line(story.service))):
        raise Refused("not_offered", f"booth {booth.id} has no line for this service")
    found = await uow.get(Ticket, ticket_id(event.id, story.service, story.number))
    if found is None:
        raise Refused("unknown_ticket", "no such number was given to anybody, or not told yet")
    return found


def booth_then(story: LateCall, lease: Lease, event: ScheduledEvent) -> Booth | None:
    """Return the booth of a call, as its device knew it, or else as it is planned now.

    What was planned away meanwhile has called all the same.
    """
    return lease.booth(story.booth_id) or event.plan.booth(story.booth_id)


def _clash(ticket: Ticket, story: LateCall) -> ConflictKind | None:
    """Return why a booth cannot have called a ticket, as it stands; None: it can.

    Who ended unserved was called before: nobody had told it. Who left while he waited was served
    all the same where a booth says so.
    """
    if ticket.state is TicketState.WAITING:
        return None
    if ticket.called_at is None:
        agrees = (
            ticket.state is TicketState.UNSERVED
            or story.end is LateEnd.SERVED
            or _ended_so(ticket, story)
        )
        return None if ticket.ended_uncalled and agrees else ConflictKind.ENDED
    here = ticket.state in AT_BOOTH or ticket.state in _ENDED or ticket.did_not_come
    return None if here and ticket.booth_id == story.booth_id else ConflictKind.CALLED_TWICE


def _ended_so(ticket: Ticket, story: LateCall) -> bool:
    if story.end is LateEnd.NO_SHOW:
        return ticket.did_not_come
    return story.end is not None and _ENDED.get(ticket.state) is story.end


async def _back(ticket: Ticket, event: ScheduledEvent, uow: UnitOfWork) -> Ticket:
    """Take back how a ticket ended."""
    before = ticket.as_before()
    await take_back(ticket, before, ticket.booth_id or "", event, uow)
    return before


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
    if story.end is None or _ended_so(ticket, story):
        return True
    if ticket.did_not_come and story.end is LateEnd.SERVED:
        ticket = await _came_after_all(ticket, entry.happened_at, event, uow)
    done_since = ticket.before is not None and ticket.before.at > (entry.ended_at or uow.now())
    newer = done_since and story.end is not LateEnd.SERVED
    if newer or not ticket.can(story.end.act):
        return False
    await carry_out(story.end.act, ticket, story.booth_id, event, uow, at=entry.ended_at)
    return True


async def _came_after_all(
    ticket: Ticket, at: datetime, event: ScheduledEvent, uow: UnitOfWork
) -> Ticket:
    """Return a no-show who was served to the booth that served him, also on his way to it."""
    came = ticket.as_before()
    if came.state is TicketState.SENT and came.booth_id is not None:
        came = came.call(came.booth_id, at, in_order=came.in_order)
    await take_back(ticket, came, ticket.booth_id or "", event, uow)
    return came
