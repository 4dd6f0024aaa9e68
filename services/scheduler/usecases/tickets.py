"""Tickets: issued to requests, void where a request is withdrawn."""

from collections.abc import Sequence

from services.scheduler.domain import (
    Arrival,
    Awaited,
    Case,
    Line,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    free_for,
)
from services.scheduler.usecases.closing import end_at_once
from services.scheduler.usecases.ticket_events import assigned_event, ticket_event
from services.scheduler.usecases.waiting import lines_of, place, void
from shared.contracts.intake import CloseOutcome, RequestClosed, RequestReceived
from shared.contracts.scheduler import TicketIssued
from shared.messaging.unit_of_work import UnitOfWork

_WITHDRAWN = frozenset({CloseOutcome.REJECTED, CloseOutcome.CANCELLED})


async def issue_ticket(event: RequestReceived, uow: UnitOfWork) -> None:
    """Issue exactly one ticket for a request that belongs to an event.

    Where the applicant was given one at the gate, that becomes the request's. None is due where no
    ticketed booth offers the service. A request that was withdrawn before it came here gets its
    number all the same, void; one that comes after its line was closed ends unserved at once, as
    those who waited in it: the outcome must not depend on the order. What comes when the day of the
    event is over is history that is brought in, and gets none. Raises Refused: other_programme;
    waits for an event that is not known yet.
    """
    if event.event_id is None:
        return
    scheduled = await uow.require(ScheduledEvent, event.event_id)
    if scheduled.plan.programme_id != event.programme_id:
        raise Refused("other_programme", "the event belongs to another programme")
    case = await uow.get(Case, event.case_id) or Case(event.case_id)
    if case.received:
        return
    arrival = await _arrival(event, uow)
    given = await _given(arrival, event.service, uow)
    if given is not None:
        await _take_over(given, case, event.channel, event.region_code, uow)
        return
    [line] = await lines_of(event.event_id, [event.service], uow)
    if not line.has_booth or (line.closed and scheduled.is_over(uow.now())):
        uow.add(case.receive(None))
        return
    line = line.issue(late=line.closed)
    ticket = _ticket(event, line, arrival, uow)
    uow.publish(ticket_event(TicketIssued, ticket), version=ticket.version)
    uow.add(case.receive(ticket.id))
    await place(ticket, uow)
    line = line.join(ticket)
    uow.add(ticket, line)
    await _await_gate(event, uow)
    if line.closed:
        await end_at_once(ticket, line, scheduled, uow)
    elif case.withdrawn:
        await void(ticket, uow)


async def _await_gate(event: RequestReceived, uow: UnitOfWork) -> None:
    """Remember for whom no gate has told a number yet: one without uplink tells it later."""
    if event.arrival_code is None or event.event_id is None:
        return
    key = Awaited.key(Arrival.key(event.event_id, event.arrival_code), event.service)
    known = await uow.get(Awaited, key) or Awaited(key)
    if (awaited := known.with_case(event.case_id)) is not known:
        uow.add(awaited)


async def bind_earlier(arrival_id: str, given: Sequence[Ticket], uow: UnitOfWork) -> None:
    """Let requests of before take over what a gate gave without uplink, and leave their own.

    Who was called under his own number meanwhile keeps it. Whose own ended unserved, because his
    line was closed when the request came, has the gate's from now on.
    """
    for service in dict.fromkeys(ticket.service for ticket in given):
        awaited = await uow.get(Awaited, Awaited.key(arrival_id, service))
        if awaited is not None:
            await _bind(awaited, given, uow)


async def _bind(awaited: Awaited, given: Sequence[Ticket], uow: UnitOfWork) -> None:
    for case_id in awaited.cases:
        case = await uow.require(Case, case_id)
        own = await uow.get(Ticket, case.ticket_id) if case.ticket_id else None
        if own is None or own.state not in {TicketState.WAITING, TicketState.UNSERVED}:
            continue
        ticket = free_for(own.service, [await uow.require(Ticket, one.id) for one in given])
        if ticket is not None:
            if own.state is TicketState.WAITING:
                await void(own, uow)
            await _take_over(ticket, case, own.channel or "", own.region_code or "", uow)
            awaited = awaited.without(case_id)
            uow.add(awaited)


async def _arrival(event: RequestReceived, uow: UnitOfWork) -> Arrival | None:
    """Return with whom the applicant came through the gate; None where no such code was given."""
    if event.arrival_code is None or event.event_id is None:
        return None
    return await uow.get(Arrival, Arrival.key(event.event_id, event.arrival_code))


async def _given(arrival: Arrival | None, service: str, uow: UnitOfWork) -> Ticket | None:
    """Return the ticket for this service that no request has yet; None: it gets one of its own."""
    ids = arrival.tickets if arrival else ()
    return free_for(service, [await uow.require(Ticket, id_) for id_ in ids])


async def _take_over(
    known: Ticket, case: Case, channel: str, region_code: str, uow: UnitOfWork
) -> None:
    ticket = known.assign(case.id, channel, region_code)
    uow.add(case.receive(ticket.id), ticket)
    uow.publish(assigned_event(ticket), version=ticket.version)
    if case.withdrawn and ticket.state is TicketState.WAITING:
        await void(ticket, uow)


def _ticket(event: RequestReceived, line: Line, arrival: Arrival | None, uow: UnitOfWork) -> Ticket:
    lane, at, joined_at = line.joining(uow.now())
    return Ticket(
        event_id=line.event_id,
        programme_id=event.programme_id,
        service=line.service,
        number=line.last_number,
        letter=line.letter,
        case_id=event.case_id,
        channel=event.channel,
        region_code=event.region_code,
        issued_at=uow.now(),
        joined_at=joined_at,
        lane=lane,
        place=at,
        arrival_id=arrival.id if arrival else None,
    )


async def void_ticket(event: RequestClosed, uow: UnitOfWork) -> None:
    """Void the ticket of a cancelled or rejected request, unless a booth has called it already.

    Where the request itself has not come yet, its ticket will be void from the start.
    """
    if event.event_id is None or event.outcome not in _WITHDRAWN:
        return
    case = await uow.get(Case, event.case_id) or Case(event.case_id)
    if case.withdrawn:
        return
    uow.add(case.withdraw())
    ticket = await uow.get(Ticket, case.ticket_id) if case.ticket_id else None
    if ticket is not None and ticket.state is TicketState.WAITING:
        await void(ticket, uow)
