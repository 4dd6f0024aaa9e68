"""Give a request its place in a line."""

from services.scheduler.domain import Line, Refused, Ticket
from services.scheduler.usecases.ports import Work
from services.scheduler.usecases.ticket_events import tell
from shared.contracts.intake import RequestReceived
from shared.contracts.scheduler import TicketIssued


async def issue_ticket(event: RequestReceived, work: Work) -> None:
    """Issue exactly one ticket for a request that belongs to an event.

    None is due where no ticketed booth offers the service. A request that was withdrawn before it
    came here gets its number all the same, void: the outcome must not depend on the order.
    Raises Refused: other_programme; waits for an event that is not known yet.
    """
    if event.event_id is None:
        return
    scheduled = await work.awaited(event.event_id)
    if scheduled.plan.programme_id != event.programme_id:
        raise Refused("other_programme", "the event belongs to another programme")
    case = await work.case(event.case_id)
    if case.received:
        return
    [line] = await work.lines(event.event_id, [event.service])
    if not line.offered:
        work.keep(case.receive(None))
        return
    line = line.issue()
    ticket = _ticket(event, line, work)
    work.publish(tell(TicketIssued, ticket), version=ticket.version)
    work.keep(case.receive(ticket.id))
    if case.withdrawn:
        line, ticket = line.skip(ticket.number), ticket.void()
    work.keep(line, ticket)


def _ticket(event: RequestReceived, line: Line, work: Work) -> Ticket:
    return Ticket(
        event_id=line.event_id,
        programme_id=event.programme_id,
        service=line.service,
        number=line.issued,
        case_id=event.case_id,
        channel=event.channel,
        region_code=event.region_code,
        issued_at=work.now(),
    )
