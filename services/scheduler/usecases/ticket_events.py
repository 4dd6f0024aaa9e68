"""The fields that every event about a ticket has."""

from services.scheduler.domain import Ticket
from shared.contracts.scheduler import TicketEvent


def ticket_event(event: type[TicketEvent], ticket: Ticket, **more: object) -> TicketEvent:
    """Return an event of this type about a ticket."""
    facts = {
        "ticket_id": ticket.id,
        "event_id": ticket.event_id,
        "programme_id": ticket.programme_id,
        "case_id": ticket.case_id,
        "service": ticket.service,
        "channel": ticket.channel,
        "region_code": ticket.region_code,
        "number": ticket.number,
    }
    return event.model_validate({**facts, **more})


def answer(ticket: Ticket) -> dict[str, str | int | None]:
    """Return a ticket as plain data, as the booth that called it sees it."""
    return {
        "ticket_id": ticket.id,
        "service": ticket.service,
        "number": ticket.number,
        "state": ticket.state.value,
        "case_id": ticket.case_id,
        "booth_id": ticket.booth_id,
    }
