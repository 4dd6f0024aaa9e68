"""The gate: tickets before anybody is asked a name, and the requests that are recorded later."""

import secrets
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from services.scheduler.domain import WARNED_FROM, Arrival, Line, Refused, ScheduledEvent, Ticket
from services.scheduler.domain.arrival import CODE_LENGTH, CODE_LETTERS, CODE_SIGNS
from services.scheduler.usecases.calls import policy_of
from services.scheduler.usecases.offers import offers_of, told
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import ticket_event
from services.scheduler.usecases.waiting import lines_of, place
from shared.contracts.scheduler import TicketIssued
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people who come through the gate want. `booked_for`: when they are to come, if later."""

    services: tuple[str, ...]
    priority: bool = False
    booked_for: time | None = None


def new_code() -> str:
    """Return a code that nobody can guess, to be typed by people."""
    rest = (secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH - 1))
    return secrets.choice(CODE_LETTERS) + "".join(rest)


async def admit(
    event_id: str, wanted: Wanted, code: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Give people a ticket for each service that they want; return their code and numbers.

    Who will probably be called only after the closing is warned, with what he can do instead.
    Raises Missing, and Refused: cancelled, not_its_day (unless they book), closed, not_in_hours,
    not_offered, line_full.
    """
    event = await uow.require(ScheduledEvent, event_id)
    allow(event.plan, None)
    now = uow.now()
    event.require_open(now, booked=wanted.booked_for is not None)
    given = []
    for line in await lines_of(event_id, wanted.services, uow):
        if not line.has_booth:
            raise Refused("not_offered", f"services: no booth has a line for {line.service}")
        warning = await warning_of(line, event, wanted, uow)
        given.append((await _give(line, event, code, wanted, uow), line.waiting, warning))
    ids = tuple(ticket.id for ticket, _, _ in given)
    uow.add(Arrival(event_id, code, now, ids, wanted.priority))
    return {"code": code, "tickets": [given_answer(*one) for one in given]}


async def _give(
    line: Line, event: ScheduledEvent, code: str, wanted: Wanted, uow: UnitOfWork
) -> Ticket:
    line = line.issue()
    booked = event.booked_at(wanted.booked_for) if wanted.booked_for else None
    place_at = line.joining(uow.now(), priority=wanted.priority, booked=booked)
    ticket = gate_ticket(event, line, line.last_number, code, uow.now(), place_at)
    await enter(line, ticket, uow)
    return ticket


def gate_ticket(
    event: ScheduledEvent,
    line: Line,
    number: int,
    code: str,
    issued_at: datetime,
    place_at: tuple[str, int, datetime],
) -> Ticket:
    """Return a ticket of the gate, whose holder nobody has asked yet."""
    lane, at, joined_at = place_at
    return Ticket(
        event_id=event.id,
        programme_id=event.plan.programme_id,
        service=line.service,
        number=number,
        letter=line.letter,
        case_id=None,
        channel=None,
        region_code=None,
        issued_at=issued_at,
        joined_at=joined_at,
        lane=lane,
        place=at,
        arrival_id=Arrival.key(event.id, code),
    )


async def enter(line: Line, ticket: Ticket, uow: UnitOfWork) -> None:
    """Let somebody wait in a line who has got a ticket of it, and tell it."""
    await place(ticket, uow)
    uow.add(ticket, line.join(ticket))
    issued = ticket_event(TicketIssued, ticket)
    uow.publish(issued, version=ticket.version, occurred_at=ticket.issued_at)


async def warning_of(
    line: Line, event: ScheduledEvent, wanted: Wanted, uow: UnitOfWork
) -> dict[str, Any] | None:
    """Return how likely people are called only after the closing, and what they can do instead.

    None: it is not so likely, cannot be said yet, or they come later, at a time that they booked.
    """
    now, policy = uow.now(), await policy_of(event, uow)
    if wanted.booked_for is not None and event.booked_at(wanted.booked_for) > now:
        return None
    ahead = line.ahead(policy, now, priority=wanted.priority)
    chance = line.pace.later_than(event.closes_at - now, ahead)
    if chance is None or chance < WARNED_FROM:
        return None
    offers = told(await offers_of(event, line.service, uow))
    closes = event.closes_at.isoformat()
    return {"probability": round(chance, 2), "closes_at": closes, "offers": offers}


def given_answer(ticket: Ticket, before: int, warning: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the gate says of a ticket that it gave."""
    return {
        "ticket_id": ticket.id,
        "service": ticket.service,
        "number": ticket.number,
        "label": ticket.label,
        "waiting": before,
        "warning": warning,
    }
