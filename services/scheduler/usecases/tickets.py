"""Tickets: issued to requests, called and served by booths, void where a request is withdrawn."""

import asyncio
from collections.abc import Iterable
from typing import Any

from services.scheduler.domain import (
    Booth,
    Case,
    Counter,
    Line,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import answer, ticket_event
from shared.contracts.intake import CloseOutcome, RequestClosed, RequestReceived
from shared.contracts.scheduler import TicketCalled, TicketIssued, TicketServed
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork

VOID_PAGE = 50
"""Tickets read at once behind a void one, to find who is called next."""

_WITHDRAWN = frozenset({CloseOutcome.REJECTED, CloseOutcome.CANCELLED})


async def issue_ticket(event: RequestReceived, uow: UnitOfWork) -> None:
    """Issue exactly one ticket for a request that belongs to an event.

    None is due where no ticketed booth offers the service. A request that was withdrawn before it
    came here gets its number all the same, void: the outcome must not depend on the order.
    Raises Refused: other_programme; waits for an event that is not known yet.
    """
    if event.event_id is None:
        return
    scheduled = await uow.require(ScheduledEvent, event.event_id)
    if scheduled.plan.programme_id != event.programme_id:
        raise Refused("other_programme", "the event belongs to another programme")
    case = await uow.get(Case, event.case_id) or Case(event.case_id)
    if case.received:
        return
    [line] = await lines_of(event.event_id, [event.service], uow)
    if not line.offered:
        uow.add(case.receive(None))
        return
    line = line.issue()
    ticket = _ticket(event, line, uow)
    uow.publish(ticket_event(TicketIssued, ticket), version=ticket.version)
    uow.add(case.receive(ticket.id))
    if case.withdrawn:
        line, ticket = line.skip(), ticket.void()
    uow.add(line, ticket)


def _ticket(event: RequestReceived, line: Line, uow: UnitOfWork) -> Ticket:
    return Ticket(
        event_id=line.event_id,
        programme_id=event.programme_id,
        service=line.service,
        number=line.issued,
        case_id=event.case_id,
        channel=event.channel,
        region_code=event.region_code,
        issued_at=uow.now(),
    )


async def call_next(
    event_id: str, booth_id: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any] | None:
    """Call the ticket that has waited longest for a service of this booth; None: nobody waits.

    Within a service that is the lowest number, across services the earliest issued. The ticket
    that the booth called before need not be served: people do not come, and the line must go on.
    Raises Missing, and Refused: no_tickets, not_its_day.
    """
    booth = await _booth_of(event_id, booth_id, uow, allow)
    lines = await lines_of(event_id, booth.services, uow)
    heads = [(line, await head_of(line, uow)) for line in lines]
    waiting = [(head, line) for line, head in heads if head is not None]
    if not waiting:
        return None
    first, line = min(waiting, key=lambda one: _waiting_longest(one[0]))
    ticket = first.call(booth_id)
    counter = await uow.get(Counter, Counter.key(event_id, booth_id)) or Counter(event_id, booth_id)
    uow.add(ticket, line.call(ticket.number), counter.call(ticket.id))
    for head, other in waiting:
        if other is not line and head.number - other.passed > VOID_PAGE:
            uow.add(other.pass_void(head.number))
    uow.publish(ticket_event(TicketCalled, ticket, booth_id=booth_id), version=ticket.version)
    return answer(ticket)


async def _booth_of(event_id: str, booth_id: str, uow: UnitOfWork, allow: Allow) -> Booth:
    event = await uow.require(ScheduledEvent, event_id)
    booth = event.plan.booth(booth_id)
    allow(event.plan, booth)
    if booth is None:
        raise Missing("booth")
    if not booth.ticketed:
        raise Refused("no_tickets", "people walk up to this booth: record visits instead")
    event.require_today(uow.now())
    return booth


def _waiting_longest(ticket: Ticket) -> tuple[Any, ...]:
    return ticket.issued_at, ticket.service


async def serve_ticket(
    event_id: str, service: str, number: int, booth_id: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Note that the holder of a ticket was served by the booth that called it.

    The booth may have called others since: who comes late is served late. Raises Missing, and
    Refused: not_called, already_served, void, other_booth.
    """
    event = await uow.require(ScheduledEvent, event_id)
    allow(event.plan, event.plan.booth(booth_id))
    ticket = await uow.require(Ticket, ticket_id(event_id, service, number))
    served = ticket.serve(booth_id)
    [line] = await lines_of(event_id, [service], uow)
    uow.add(served, line.serve())
    uow.publish(ticket_event(TicketServed, served, booth_id=booth_id), version=served.version)
    return answer(served)


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
        [line] = await lines_of(ticket.event_id, [ticket.service], uow)
        uow.add(ticket.void(), line.skip())


async def lines_of(event_id: str, services: Iterable[str], uow: UnitOfWork) -> list[Line]:
    """Return the lines of these services, in their order, new where there are none yet."""
    # One after the other: what the batch holds already is then read without giving way to the
    # other units of work, which would change the line meanwhile and have this one decided again.
    return [
        await uow.get(Line, Line.key(event_id, service)) or Line(event_id, service)
        for service in services
    ]


async def head_of(line: Line, uow: UnitOfWork) -> Ticket | None:
    """Return the ticket that is called next, the lowest that is not void; None: nobody waits.

    A line and its tickets are not read at one instant: between the two another instance may have
    called the head. It then wrote the line too, so that what is decided on such a reading meets a
    newer version and is decided again.
    """
    if not line.waiting:
        return None
    number = line.passed + 1
    page = [await uow.get(Ticket, ticket_id(line.event_id, line.service, number))]
    while all(_void(ticket) for ticket in page) and number < line.issued:
        numbers = range(number + 1, min(number + VOID_PAGE, line.issued) + 1)
        ids = [ticket_id(line.event_id, line.service, n) for n in numbers]
        page = list(await asyncio.gather(*[uow.get(Ticket, id_) for id_ in ids]))
        number = numbers[-1]
    return next((ticket for ticket in page if not _void(ticket)), None)


def _void(ticket: Ticket | None) -> bool:
    return ticket is None or ticket.state is TicketState.VOID
