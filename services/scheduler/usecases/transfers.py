"""Who goes on elsewhere: at another booth, or in the line of another service."""

from typing import Any

from services.scheduler.domain import KEPT, Arrival, Case, Line, Refused, Ticket
from services.scheduler.usecases.acts import TicketAt, await_holder, found, require_offered
from services.scheduler.usecases.calls import counter_of
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import answer, ended_event, ticket_event
from services.scheduler.usecases.waiting import follow, line_of, lines_of
from shared.contracts.scheduler import TicketEnd, TicketIssued
from shared.messaging.unit_of_work import UnitOfWork


async def send_on(at: TicketAt, to_booth: str, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Send the holder of a ticket to another booth with the same service, which takes him next.

    Raises Missing, and Refused: same_booth, not_offered, too_many_sent, and as `act_on`.
    """
    event, known = await found(at, uow, allow)
    if to_booth == at.booth_id:
        raise Refused("same_booth", "to_booth: the ticket is at that booth")
    require_offered(event, to_booth, at.service)
    ticket = known.send(at.booth_id, to_booth, uow.now())
    line = await line_of(ticket, uow)
    there = await counter_of(at.event_id, to_booth, uow)
    await follow(ticket, uow)
    uow.add(line.forget(at.number).counted(known, ticket), there.expect(ticket.id))
    await await_holder(ticket, event, uow)
    return answer(ticket)


async def transfer(
    at: TicketAt, to_service: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Have the holder go on in the line of another service, with the place that he had.

    He gets a number of that line, which is returned, and the ticket ends. Raises Missing, and
    Refused: same_service, not_offered, too_many_transferred, closed, line_full, and as `act_on`.
    """
    event, known = await found(at, uow, allow)
    if to_service == at.service:
        raise Refused("same_service", "to_service: the ticket is of that service")
    [there] = await lines_of(at.event_id, [to_service], uow)
    if not there.has_booth:
        raise Refused("not_offered", "to_service: no booth of this event has a line for it")
    gone = known.transfer(at.booth_id, uow.now())
    line = await line_of(gone, uow)
    await follow(gone, uow)
    uow.add(line.forget(at.number).counted(known, gone))
    await await_holder(gone, event, uow)
    told = ended_event(gone, at.booth_id, TicketEnd.TRANSFERRED)
    uow.publish(told, version=gone.version)
    return answer(await _taken_over(gone, there.issue(), uow))


async def _taken_over(gone: Ticket, line: Line, uow: UnitOfWork) -> Ticket:
    ticket = Ticket(
        event_id=line.event_id,
        programme_id=gone.programme_id,
        service=line.service,
        number=line.last_number,
        letter=line.letter,
        case_id=gone.case_id,
        channel=gone.channel,
        region_code=gone.region_code,
        issued_at=uow.now(),
        joined_at=gone.joined_at,
        lane=KEPT,
        arrival_id=gone.arrival_id,
    )
    uow.add(ticket, line.keep(ticket))
    if gone.case_id is not None:
        uow.add((await uow.require(Case, gone.case_id)).receive(ticket.id))
    if gone.arrival_id is not None:
        arrival = await uow.require(Arrival, gone.arrival_id)
        uow.add(arrival.goes_on(gone.id, ticket.id))
    uow.publish(ticket_event(TicketIssued, ticket), version=ticket.version)
    return ticket
