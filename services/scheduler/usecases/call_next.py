"""Next in one tap."""

from typing import Any

from services.scheduler.domain import Booth, Refused, Ticket
from services.scheduler.usecases.ports import Allow, Work
from services.scheduler.usecases.ticket_events import answer, tell
from shared.contracts.scheduler import TicketCalled
from shared.messaging.errors import Missing


async def call_next(
    event_id: str, booth_id: str, work: Work, *, allow: Allow
) -> dict[str, Any] | None:
    """Call the ticket that has waited longest for a service of this booth; None: nobody waits.

    Within a service that is the lowest number, across services the earliest issued. The ticket
    that the booth called before need not be served: people do not come, and the line must go on.
    Raises Missing, and Refused where the booth works without tickets.
    """
    booth = await _booth(event_id, booth_id, work, allow)
    lines = await work.lines(event_id, booth.services)
    heads = await work.heads(lines)
    if not heads:
        return None
    ticket = min(heads, key=_longest).call(booth_id)
    line = next(line for line in lines if line.service == ticket.service)
    counter = await work.counter(event_id, booth_id)
    work.keep(ticket, line.call(), counter.call(ticket.id))
    work.publish(tell(TicketCalled, ticket, booth_id=booth_id), version=ticket.version)
    return answer(ticket)


async def _booth(event_id: str, booth_id: str, work: Work, allow: Allow) -> Booth:
    event = await work.scheduled(event_id)
    if event is None:
        raise Missing("event")
    allow(event.plan)
    booth = event.plan.booth(booth_id)
    if booth is None:
        raise Missing("booth")
    if not booth.ticketed:
        raise Refused("no_tickets", "people walk up to this booth: record visits instead")
    return booth


def _longest(ticket: Ticket) -> tuple[Any, ...]:
    return ticket.issued_at, ticket.service
