"""What the use cases and the routes need of the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.intake.domain import Case, Person, PlannedEvent, Programme, State
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event


class Work(Protocol):
    """One unit of work on intake's data; nothing is stored before it is committed."""

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        ...

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        ...

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        ...

    async def event(self, event_id: str) -> PlannedEvent | None:
        """Return our copy of an event."""
        ...

    async def case(self, case_id: str) -> Case | None:
        """Return a case."""
        ...

    async def case_of(self, case_id: str) -> Case:
        """Return a case; the message at hand waits where it is not there yet."""
        ...

    def keep_programme(self, programme: Programme) -> None:
        """Store a programme."""
        ...

    def keep_event(self, event: PlannedEvent) -> None:
        """Store our copy of an event."""
        ...

    def keep_case(self, case: Case) -> None:
        """Store a case."""
        ...

    def keep_person(self, case_id: str, person: Person) -> None:
        """Store who a new case is about, apart from it."""
        ...

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Have an event sent."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list to read: cases of one programme that are worked in one of these regions.

    A region `*` stands for everywhere. `after` is the last case of the page before.
    """

    programme_id: str
    regions: frozenset[str]
    state: State | None
    event_id: str | None
    after: str | None
    limit: int


class Reader(Protocol):
    """What routes read: committed documents, outside any unit of work."""

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        ...

    async def programmes(self) -> Sequence[Programme]:
        """Return all programmes, by id."""
        ...

    async def event(self, event_id: str) -> PlannedEvent | None:
        """Return our copy of an event."""
        ...

    async def case(self, case_id: str) -> Case | None:
        """Return a case."""
        ...

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        ...

    async def cases(self, place: Place) -> Sequence[Case]:
        """Return cases, oldest first."""
        ...

    async def person(self, case_id: str) -> Person | None:
        """Return who a case is about."""
        ...


class Regions(Protocol):
    """Kemendagri's register of regions."""

    def known(self, code: str) -> bool:
        """Return whether there is a region with this code."""
        ...


class Limiter(Protocol):
    """How often something may be tried."""

    async def admit(self, client: str) -> int | None:
        """Count a try of this client; None, or how many seconds it has to wait."""
        ...
