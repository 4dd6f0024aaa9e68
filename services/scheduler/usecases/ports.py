"""What the use cases and routes need from outside."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Protocol

from services.scheduler.domain import (
    Case,
    Counter,
    Line,
    Plan,
    Programme,
    ScheduledEvent,
    Tally,
    Ticket,
)
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event

Thing = Programme | ScheduledEvent | Line | Ticket | Case | Counter | Tally
"""What is kept."""

Allow = Callable[[Plan], None]
"""Raises where the caller has no right to the event so planned."""


class Work(Protocol):
    """One unit of work on scheduler's data; nothing is stored before it is committed."""

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        ...

    def now(self) -> datetime:
        """Return the time."""
        ...

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        ...

    async def scheduled(self, event_id: str) -> ScheduledEvent | None:
        """Return an event."""
        ...

    async def awaited(self, event_id: str) -> ScheduledEvent:
        """Return an event; the message at hand waits where it is not there yet."""
        ...

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        ...

    async def ticket(self, ticket_id: str) -> Ticket | None:
        """Return a ticket."""
        ...

    async def heads(self, lines: Iterable[Line]) -> list[Ticket]:
        """Return the tickets that are called next, of the lines where somebody waits."""
        ...

    async def case(self, case_id: str) -> Case:
        """Return what is known of a case."""
        ...

    async def counter(self, event_id: str, booth_id: str) -> Counter:
        """Return the counter of a booth."""
        ...

    async def tally(self, event_id: str, booth_id: str, service: str) -> Tally:
        """Return who walked up to a booth for a service."""
        ...

    def keep(self, *things: Thing) -> None:
        """Store these."""
        ...

    def publish(self, event: Event, *, version: int) -> None:
        """Have an event sent."""
        ...


class Reader(Protocol):
    """What lists and pages read: committed data, outside any unit."""

    async def event(self, event_id: str) -> ScheduledEvent | None:
        """Return an event."""
        ...

    async def events(
        self,
        programme_id: str,
        *,
        first: date | None,
        last: date | None,
        regions: Collection[str],
        limit: int,
    ) -> list[ScheduledEvent]:
        """Return a programme's events in these regions (`*`: all), by day, at most `limit`."""
        ...

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        ...

    async def tallies(self, event_id: str) -> list[Tally]:
        """Return who walked up, by booth and service."""
        ...

    async def current(self, event_id: str, booth_id: str) -> Ticket | None:
        """Return the ticket that a booth called last."""
        ...

    async def programmes(self) -> list[Programme]:
        """Return our copies of all programmes."""
        ...


class Holidays(Protocol):
    """The national calendar."""

    def on(self, day: date) -> str | None:
        """Return the name of the public holiday or collective leave day; None where there is none.

        Islamic feasts and collective leave of years without a decree are estimates.
        """
        ...
