"""What is learned of a case: events, tickets, the way of papers, and the end of its due day."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from services.intake.domain import Case, Fact, PlannedEvent, Refused, Ticket
from services.intake.usecases.case_events import keep
from shared.contracts.courier import (
    DeliveryConfirmed,
    DeliveryFailed,
    DeliveryReported,
    DocumentCollected,
    JobAssigned,
    JobEvent,
    PapersCollected,
    PapersHandedIn,
)
from shared.contracts.envelope import Envelope
from shared.contracts.scheduler import (
    BoothPlan,
    EventScheduled,
    TicketAssigned,
    TicketCalled,
    TicketEnded,
    TicketEvent,
    TicketServed,
)
from shared.messaging.copies import keep_newest, published_version
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

CarriedEvent = (
    JobAssigned
    | PapersCollected
    | PapersHandedIn
    | DocumentCollected
    | DeliveryReported
    | DeliveryConfirmed
)

JOB_FACTS: Final[Mapping[type[CarriedEvent], Fact]] = {
    JobAssigned: Fact.JOB_ASSIGNED,
    PapersCollected: Fact.PAPERS_COLLECTED,
    PapersHandedIn: Fact.PAPERS_HANDED_IN,
    DocumentCollected: Fact.DOCUMENT_COLLECTED,
    DeliveryReported: Fact.DELIVERY_REPORTED,
    DeliveryConfirmed: Fact.DELIVERY_CONFIRMED,
}
"""The fact that each of courier's events adds to a case."""


async def copy_event(event: EventScheduled, uow: UnitOfWork) -> None:
    """Keep an event if it is newer than our copy."""
    copy = PlannedEvent(
        id=event.event_id,
        version=published_version(uow),
        programme_id=event.programme_id,
        name=event.name,
        place=event.place,
        region_code=event.region_code,
        on=event.on,
        services=_services(event.booths),
        ticketed=_services(booth for booth in event.booths if booth.ticketed),
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        cancelled=event.cancelled,
    )
    await keep_newest(copy, uow)


def _services(booths: Iterable[BoothPlan]) -> frozenset[str]:
    return frozenset(code for booth in booths for code in booth.services)


async def note_ticket(event: TicketEvent, uow: UnitOfWork) -> None:
    """Keep what happened to a ticket; a booth that has served it has taken the request in.

    A ticket that nobody has asked for by a request yet concerns no case.
    """
    if event.case_id is None:
        return
    case = await _case(event.case_id, event, uow)
    cause = _cause(uow)
    at = cause.occurred_at
    called_at = at if isinstance(event, TicketCalled) else None
    served_at = at if isinstance(event, TicketServed) else None
    if isinstance(event, TicketAssigned):
        called_at, served_at = event.called_at, _not_before(case, event.served_at)
    over = event if isinstance(event, TicketAssigned | TicketEnded) else None
    ticket = Ticket(
        id=event.ticket_id,
        event_id=event.event_id,
        number=event.number,
        since=at,
        called_at=called_at,
        served_at=served_at,
        told=cause.version,
        end=over.end.value if over and over.end else None,
        offers=tuple(one.value for one in over.offers) if over else (),
    )
    await keep(case, case.note_ticket(ticket), uow)


def _not_before(case: Case, served_at: datetime | None) -> datetime | None:
    """Return when a request was taken in whose holder was served before it was recorded."""
    received_at = case.facts.get(Fact.RECEIVED)
    return max(served_at, received_at) if served_at and received_at else served_at


async def note_job(event: CarriedEvent, uow: UnitOfWork) -> None:
    """Keep how far an agent has come, and which agent."""
    case = await _case(event.case_id, event, uow)
    cause = _cause(uow)
    noted = case.note(JOB_FACTS[type(event)], cause.occurred_at)
    await keep(case, noted.note_carrier(event.agent_id, cause.version), uow)


async def note_failure(event: DeliveryFailed, uow: UnitOfWork) -> None:
    """Keep that an agent could not hand the document over."""
    case = await _case(event.case_id, event, uow)
    cause = _cause(uow)
    noted = case.note_failure(event.attempt, cause.occurred_at)
    await keep(case, noted.note_carrier(event.agent_id, cause.version), uow)


async def note_overdue(timer: Timer, uow: UnitOfWork) -> None:
    """Note that the due day of a request has ended; nothing where it was issued or closed."""
    case = await uow.require(Case, timer.key)
    await keep(case, case.note_overdue(), uow)


async def _case(case_id: str, event: TicketEvent | JobEvent, uow: UnitOfWork) -> Case:
    case = await uow.require(Case, case_id)
    if case.programme_id != event.programme_id:
        raise Refused("foreign_programme", "programme_id: the request is another programme's")
    return case


def _cause(uow: UnitOfWork) -> Envelope:
    if uow.cause is None:
        raise RuntimeError("only an event has a time of its own")
    return uow.cause
