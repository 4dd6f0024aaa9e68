"""What the use cases and routes need from outside."""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import Protocol, TypeVar

from services.scheduler.domain import Line, Plan, ScheduledEvent, Tally, Ticket

T = TypeVar("T")

Allow = Callable[[Plan], None]
"""Raises where the caller has no right to the event so planned."""


class Reader(Protocol):
    """What lists and pages read: committed data, outside any unit."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
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


class Holidays(Protocol):
    """The national calendar."""

    def on(self, day: date) -> str | None:
        """Return the name of the public holiday or collective leave day; None where there is none.

        Islamic feasts and collective leave of years without a decree are estimates.
        """
        ...
