"""The events about a ticket, and how a booth is answered."""

from datetime import datetime

from services.scheduler.domain import Ticket, TicketState
from shared.contracts.scheduler import (
    TicketAssigned,
    TicketCalled,
    TicketEnd,
    TicketEnded,
    TicketEvent,
    TicketFact,
    TicketReverted,
    TicketServed,
)


def ticket_event(event: type[TicketEvent], ticket: Ticket, **more: object) -> TicketEvent:
    """Return an event of this type about a ticket."""
    facts = {
        "ticket_id": ticket.id,
        "event_id": ticket.event_id,
        "programme_id": ticket.programme_id,
        "thread_id": ticket.case_id or ticket.arrival_id,
        "case_id": ticket.case_id,
        "arrival_id": ticket.arrival_id,
        "service": ticket.service,
        "channel": ticket.channel,
        "region_code": ticket.region_code,
        "number": ticket.number,
        "letter": ticket.letter or None,
    }
    return event.model_validate({**facts, **more})


def called_event(ticket: Ticket) -> TicketEvent:
    """Return what is told of a ticket that was just called."""
    return ticket_event(
        TicketCalled,
        ticket,
        booth_id=ticket.booth_id,
        issued_at=ticket.issued_at,
        waited_seconds=_waited(ticket),
    )


def served_event(ticket: Ticket, booth_id: str) -> TicketEvent:
    """Return what is told of a ticket that was just served."""
    return ticket_event(TicketServed, ticket, booth_id=booth_id, served_seconds=_served(ticket))


def assigned_event(ticket: Ticket) -> TicketEvent:
    """Return what is told of a ticket that belongs to a request from now on."""
    unserved = ticket.state is TicketState.UNSERVED
    return ticket_event(
        TicketAssigned,
        ticket,
        called_at=ticket.called_at,
        served_at=ticket.served_at,
        end=TicketEnd.UNSERVED if unserved else None,
        offers=ticket.offers,
    )


def ended_event(
    ticket: Ticket, booth_id: str, end: TicketEnd, *, told: bool = False
) -> TicketEvent:
    """Return what is told of a ticket that ended without being served. `told`: to its holder."""
    booth = booth_id or None
    return ticket_event(
        TicketEnded, ticket, booth_id=booth, end=end, offers=ticket.offers, told=told
    )


def reverted_event(done: Ticket, booth_id: str) -> TicketEvent | None:
    """Return what takes back the last fact told of a ticket; None: nothing was told of it."""
    if done.before is None or done.state.value not in set(TicketFact):
        return None
    if done.state is TicketState.CALLED and done.before.state is not TicketState.WAITING:
        return None
    seconds = {TicketState.CALLED: _waited, TicketState.SERVED: _served}.get(done.state)
    return ticket_event(
        TicketReverted,
        done,
        booth_id=booth_id,
        channel=done.before.channel,
        region_code=done.before.region_code,
        reverted=done.state.value,
        seconds=seconds(done) if seconds else 0,
    )


def _waited(ticket: Ticket) -> int:
    return _seconds(max(ticket.joined_at, ticket.issued_at), ticket.called_at)


def _served(ticket: Ticket) -> int:
    return _seconds(ticket.started_at, ticket.before.at if ticket.before else None)


def _seconds(begin: datetime | None, end: datetime | None) -> int:
    """Return the whole seconds between two times; 0 where one is not known."""
    if begin is None or end is None:
        return 0
    return max(0, int((end - begin).total_seconds()))


def answer(ticket: Ticket) -> dict[str, str | int | None]:
    """Return a ticket as plain data, as the booth that called it sees it."""
    return {
        "ticket_id": ticket.id,
        "service": ticket.service,
        "number": ticket.number,
        "label": ticket.label,
        "state": ticket.state.value,
        "case_id": ticket.case_id,
        "arrival_id": ticket.arrival_id,
        "booth_id": ticket.booth_id,
    }
