"""The documents of one unit of work."""

from collections.abc import Iterable
from datetime import datetime

from services.scheduler.domain import (
    Case,
    Counter,
    Line,
    Programme,
    ScheduledEvent,
    Tally,
    Ticket,
    ticket_id,
)
from services.scheduler.store.documents import (
    CASES,
    COUNTERS,
    EVENTS,
    LINES,
    PROGRAMMES,
    TALLIES,
    TICKETS,
    case_of,
    counter_id,
    counter_of,
    document_of,
    event_of,
    line_id,
    line_of,
    programme_of,
    tally_id,
    tally_of,
    ticket_of,
)
from services.scheduler.usecases.ports import Thing
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.messaging.errors import PredecessorMissing
from shared.messaging.unit_of_work import UnitOfWork


class SchedulerWork:
    """`usecases.Work` on the documents of one unit."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._unit = uow

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        return self._unit.cause

    def now(self) -> datetime:
        """Return the time."""
        return self._unit.now()

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        document = await self._unit.get(PROGRAMMES, programme_id)
        return programme_of(document) if document else None

    async def scheduled(self, event_id: str) -> ScheduledEvent | None:
        """Return an event."""
        document = await self._unit.get(EVENTS, event_id)
        return event_of(document) if document else None

    async def awaited(self, event_id: str) -> ScheduledEvent:
        """Return an event; the message at hand waits where it is not there yet."""
        event = await self.scheduled(event_id)
        if event is None:
            raise PredecessorMissing(EVENTS, event_id)
        return event

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        # One after the other: what the batch holds already is then read without giving way to the
        # other units, which would change the line meanwhile and have this one decided again.
        return [await self._line(event_id, service) for service in services]

    async def _line(self, event_id: str, service: str) -> Line:
        document = await self._unit.get(LINES, line_id(event_id, service))
        return line_of(document) if document else Line(event_id, service)

    async def ticket(self, ticket_id: str) -> Ticket | None:
        """Return a ticket."""
        document = await self._unit.get(TICKETS, ticket_id)
        return ticket_of(document) if document else None

    async def heads(self, lines: Iterable[Line]) -> list[Ticket]:
        """Return the tickets that are called next, of the lines where somebody waits.

        A line and its tickets are not read at one instant: between the two another instance may
        have called the head. It then wrote the line too, so that what is decided on such a reading
        meets a newer version and is decided again.
        """
        heads = ((line, line.head) for line in lines)
        ids = (ticket_id(line.event_id, line.service, head) for line, head in heads if head)
        found = [await self.ticket(id_) for id_ in ids]
        return [ticket for ticket in found if ticket is not None]

    async def case(self, case_id: str) -> Case:
        """Return what is known of a case."""
        document = await self._unit.get(CASES, case_id)
        return case_of(document) if document else Case(case_id)

    async def counter(self, event_id: str, booth_id: str) -> Counter:
        """Return the counter of a booth."""
        document = await self._unit.get(COUNTERS, counter_id(event_id, booth_id))
        return counter_of(document) if document else Counter(event_id, booth_id)

    async def tally(self, event_id: str, booth_id: str, service: str) -> Tally:
        """Return who walked up to a booth for a service."""
        document = await self._unit.get(TALLIES, tally_id(event_id, booth_id, service))
        return tally_of(document) if document else Tally(event_id, booth_id, service)

    def keep(self, *things: Thing) -> None:
        """Store these."""
        for thing in things:
            self._unit.put(*document_of(thing))

    def publish(self, event: Event, *, version: int) -> None:
        """Have an event sent."""
        self._unit.publish(event, version=version)
