"""What other services tell: events, tickets, and the way of papers."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.intake.domain import Case, Fact, PlannedEvent, Refused, Ticket
from services.intake.usecases.case_events import keep
from services.intake.usecases.ports import Work
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
    TicketCalled,
    TicketEvent,
    TicketServed,
)

JOB_FACTS: Final[Mapping[type[JobEvent], Fact]] = {
    JobAssigned: Fact.JOB_ASSIGNED,
    PapersCollected: Fact.PAPERS_COLLECTED,
    PapersHandedIn: Fact.PAPERS_HANDED_IN,
    DocumentCollected: Fact.DOCUMENT_COLLECTED,
    DeliveryReported: Fact.DELIVERY_REPORTED,
    DeliveryConfirmed: Fact.DELIVERY_CONFIRMED,
}
"""What each of courier's events says of a case."""


async def copy_event(event: EventScheduled, work: Work) -> None:
    """Keep an event if it is newer than our copy."""
    version = _cause(work).version
    known = await work.event(event.event_id)
    if known is not None and known.version >= version:
        return
    work.keep_event(
        PlannedEvent(
            id=event.event_id,
            version=version,
            programme_id=event.programme_id,
            name=event.name,
            place=event.place,
            region_code=event.region_code,
            on=event.on,
            services=_services(event.booths),
            ticketed=_services(booth for booth in event.booths if booth.ticketed),
        )
    )


def _services(booths: Iterable[BoothPlan]) -> frozenset[str]:
    return frozenset(code for booth in booths for code in booth.services)


async def note_ticket(event: TicketEvent, work: Work) -> None:
    """Keep what happened to a ticket; a booth that has served it has taken the request in."""
    case = await _case(event, work)
    at = _cause(work).occurred_at
    ticket = Ticket(
        id=event.ticket_id,
        event_id=event.event_id,
        number=event.number,
        since=at,
        called_at=at if isinstance(event, TicketCalled) else None,
        served_at=at if isinstance(event, TicketServed) else None,
    )
    keep(case, case.note_ticket(ticket), work)


async def note_job(event: JobEvent, work: Work) -> None:
    """Keep how far an agent has come."""
    case = await _case(event, work)
    keep(case, case.note(JOB_FACTS[type(event)], _cause(work).occurred_at), work)


async def note_failure(event: DeliveryFailed, work: Work) -> None:
    """Keep that an agent could not hand the document over."""
    case = await _case(event, work)
    keep(case, case.note_failure(event.attempt, _cause(work).occurred_at), work)


async def _case(event: TicketEvent | JobEvent, work: Work) -> Case:
    case = await work.case_of(event.case_id)
    if case.programme_id != event.programme_id:
        raise Refused("foreign_programme", "programme_id: the request is another programme's")
    return case


def _cause(work: Work) -> Envelope:
    if work.cause is None:
        raise RuntimeError("only an event has a time of its own")
    return work.cause
