"""A booth has done its part."""

from typing import Any

from services.scheduler.domain import ticket_id
from services.scheduler.usecases.ports import Allow, Work
from services.scheduler.usecases.ticket_events import answer, tell
from shared.contracts.scheduler import TicketServed
from shared.messaging.errors import Missing


async def serve_ticket(
    event_id: str, service: str, number: int, booth_id: str, work: Work, *, allow: Allow
) -> dict[str, Any]:
    """Note that the holder of a ticket was served by the booth that called it.

    The booth may have called others since: who comes late is served late. Raises Missing, and
    Refused: not_called, already_served, void, other_booth.
    """
    event = await work.scheduled(event_id)
    if event is None:
        raise Missing("event")
    allow(event.plan)
    ticket = await work.ticket(ticket_id(event_id, service, number))
    if ticket is None:
        raise Missing("ticket")
    served = ticket.serve(booth_id)
    [line] = await work.lines(event_id, [service])
    work.keep(served, line.serve())
    work.publish(tell(TicketServed, served, booth_id=booth_id), version=served.version)
    return answer(served)
