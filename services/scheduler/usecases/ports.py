"""What the use cases and routes need from outside."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from services.scheduler.domain import (
    Agency,
    Arrival,
    Booth,
    Conflict,
    Counter,
    Lease,
    Line,
    Plan,
    ScheduledEvent,
    Tally,
    Ticket,
)
from shared.auth.roles import Grant

T = TypeVar("T")


Allow = Callable[[Plan, Booth | None], None]
"""Raises where the caller has no right to the event so planned, or to this booth of it."""


class Reader(Protocol):
    """What lists and pages read: committed data, outside any unit."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
        ...

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those that are there, by their ids."""
        ...

    async def events(
        self,
        programme_id: str,
        *,
        first: date | None,
        last: date | None,
        grants: Sequence[Grant],
        limit: int,
    ) -> list[ScheduledEvent]:
        """Return a programme's events that any of the grants reaches, by day, at most `limit`."""
        ...

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        ...

    async def waiting(self, line: Line, most: int) -> list[int]:
        """Return the numbers of the first who wait in a line, by number, at most so many."""
        ...

    async def unserved(self, line: Line, most: int) -> list[int]:
        """Return the numbers of those who ended unserved, lowest first, at most so many."""
        ...

    async def tallies(self, event_id: str) -> list[Tally]:
        """Return who walked up, by booth and service."""
        ...

    async def agencies(self, programme_id: str) -> list[Agency]:
        """Return the agencies of a programme, by id."""
        ...

    async def leases(self, event_id: str) -> list[Lease]:
        """Return what devices have leased of an event, by device."""
        ...

    async def conflicts(self, event_id: str) -> list[Conflict]:
        """Return what of devices' stories does not agree, by kind; two hundred at most."""
        ...

    async def counters(self, event_id: str) -> list[Counter]:
        """Return the counters of an event's booths that have called anybody."""
        ...

    async def floor_revisions(self, event_ids: Iterable[str]) -> dict[str, int]:
        """Return for each event a number that rises with each call, and each recall."""
        ...

    async def arrival(self, code: str) -> Arrival | None:
        """Return who came with this code, whichever the event."""
        ...

    async def current(self, event_id: str, booth_id: str) -> Ticket | None:
        """Return the ticket that a booth called last."""
        ...


class Clock(Protocol):
    """The time."""

    def __call__(self) -> datetime:
        """Return the time, aware, UTC."""
        ...


class Holidays(Protocol):
    """The national calendar."""

    def on(self, day: date) -> str | None:
        """Return the name of the public holiday or collective leave day; None where there is none.

        Islamic feasts and collective leave of years without a decree are estimates.
        """
        ...
