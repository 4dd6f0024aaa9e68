"""Calls that a booth made without uplink, and what came of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.scheduler.domain import (
    AT_BOOTH,
    Arrival,
    Booth,
    ConflictKind,
    DoneAct,
    LateCall,
    LateEnd,
    LateEntry,
    LateStep,
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
    ticket, known = await _ticket(story, lease, event, uow), len(entry.acts)
    entry = entry.telling(story, ticket.issued_at, uow.now())
    at, clash = entry.happened_at, _clash(ticket, story)
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
        ticket, known = await enter_late_call(event, ticket, story.booth_id, at, uow), 0
    if not await _after(ticket, story, entry, entry.acts[known:], event, uow):
        found[ConflictKind.NEWER] = About(ticket.id, _booths(ticket, story))
    return entry, found


async def _ticket(story: LateCall, lease: Lease, event: ScheduledEvent, uow: UnitOfWork) -> Ticket:
    booth = booth_then(story, lease, event)
    if booth is None:
        raise Refused("unknown_booth", "booth_id: the event has no such booth, nor had it")
    now = event.plan.booth(story.booth_id)
    if not (booth.has_line(story.service) or (now and now.has_line(story.service))):
        raise Refused("not_offered", f"service: booth {booth.id} has no line for it")
    found = await uow.get(Ticket, ticket_id(event.id, story.service, story.number))
    if found is None:
        raise Refused("unknown_ticket", "number: it was given to nobody, or that was not told yet")
    return found


def booth_then(story: LateCall, lease: Lease, event: ScheduledEvent) -> Booth | None:
    """Return the booth of a call, as its device knew it, or else as it is planned now.

    What was planned away meanwhile has called all the same.
    """
    return lease.booth(story.booth_id) or event.plan.booth(story.booth_id)


def _clash(ticket: Ticket, story: LateCall) -> ConflictKind | None:
    """Return why a booth cannot have called a ticket, as it stands; None: it can.

    Who ended unserved was called before: nobody had told it. Who left while he waited was there
    all the same where a booth says so.
    """
    if ticket.state is TicketState.WAITING:
        return None
    if ticket.called_at is None:
        agrees = ticket.state is TicketState.UNSERVED or story.came or _ended_so(ticket, story)
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


async def _after(
    ticket: Ticket,
    story: LateCall,
    entry: LateEntry,
    acts: Sequence[DoneAct],
    event: ScheduledEvent,
    uow: UnitOfWork,
) -> bool:
    """Do what a booth did after its call; False where it has done something else since."""
    if _ended_so(ticket, story):
        return True
    if ticket.did_not_come and story.came:
        ticket = await _came_after_all(ticket, entry.happened_at, event, uow)
    agrees = True
    for one in acts:
        ticket, done = await _step(ticket, one, story.booth_id, event, uow)
        agrees = agrees and done
    ended = await _end(ticket, story, entry, event, uow)
    return ended and (agrees or story.end is not None)


async def _step(
    ticket: Ticket, one: DoneAct, booth_id: str, event: ScheduledEvent, uow: UnitOfWork
) -> tuple[Ticket, bool]:
    """Do one thing as its booth did; return the ticket, and whether it is so now."""
    if _done_since(ticket, one.happened_at) or not ticket.can(one.step.act):
        in_vain = one.step is LateStep.RECALL and ticket.did_not_come
        return ticket, in_vain or ticket.state is one.step.state
    at = one.happened_at
    return await carry_out(one.step.act, ticket, booth_id, event, uow, at=at), True


async def _end(
    ticket: Ticket, story: LateCall, entry: LateEntry, event: ScheduledEvent, uow: UnitOfWork
) -> bool:
    """End a ticket as its booth did; False where the booth has done something else since."""
    if story.end is None:
        return True
    newer = _done_since(ticket, entry.last_at) and story.end is not LateEnd.SERVED
    if newer or not ticket.can(story.end.act):
        return False
    await carry_out(story.end.act, ticket, story.booth_id, event, uow, at=entry.ended_at)
    return True


def _done_since(ticket: Ticket, at: datetime) -> bool:
    return ticket.before is not None and ticket.before.at > at


async def _came_after_all(
    ticket: Ticket, at: datetime, event: ScheduledEvent, uow: UnitOfWork
) -> Ticket:
    """Return a no-show who came to the booth that called him, also on his way to it."""
    came = ticket.as_before()
    if came.state is TicketState.SENT and came.booth_id is not None:
        came = came.call(came.booth_id, at, in_order=came.in_order)
    await take_back(ticket, came, ticket.booth_id or "", event, uow)
    return came
