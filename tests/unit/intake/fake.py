"""One unit of work on documents in memory, with what it would have published."""

from dataclasses import dataclass, field
from datetime import datetime

from services.intake.domain import Case, Person, PlannedEvent, Programme
from services.intake.store import CASES
from shared.contracts import Event
from shared.contracts.envelope import Envelope, new_id
from shared.messaging.errors import PredecessorMissing
from tests.unit.intake.sample import BOTRAM, HALO_PAMOR, SATURDAY, SETU


@dataclass
class Published:
    """An event as it would have left."""

    event: Event
    version: int
    occurred_at: datetime | None


@dataclass
class FakeWork:
    """`usecases.Work`."""

    clock: datetime = SATURDAY
    cause: Envelope | None = None
    programmes: dict[str, Programme] = field(
        default_factory=lambda: {p.id: p for p in (BOTRAM, HALO_PAMOR)}
    )
    events: dict[str, PlannedEvent] = field(default_factory=lambda: {SETU.id: SETU})
    cases: dict[str, Case] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)

    def handling(self, event: Event, occurred_at: datetime, version: int = 1) -> "FakeWork":
        """Have this event be the one at hand."""
        self.cause = Envelope(
            id=new_id(),
            type=event.type,
            source=event.type.partition(".")[0],
            aggregate_id=event.aggregate_id,
            version=version,
            correlation_id=event.correlation_id,
            causation_id=None,
            occurred_at=occurred_at,
            recorded_at=occurred_at,
        )
        return self

    def now(self) -> datetime:
        """Return the time."""
        return self.clock

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        return self.programmes.get(programme_id)

    async def event(self, event_id: str) -> PlannedEvent | None:
        """Return our copy of an event."""
        return self.events.get(event_id)

    async def case(self, case_id: str) -> Case | None:
        """Return a case."""
        return self.cases.get(case_id)

    async def case_of(self, case_id: str) -> Case:
        """Return a case, or wait for it."""
        if case_id not in self.cases:
            raise PredecessorMissing(CASES, case_id)
        return self.cases[case_id]

    def keep_programme(self, programme: Programme) -> None:
        """Store a programme."""
        self.programmes[programme.id] = programme

    def keep_event(self, event: PlannedEvent) -> None:
        """Store our copy of an event."""
        self.events[event.id] = event

    def keep_case(self, case: Case) -> None:
        """Store a case, which must have moved on."""
        known = self.cases.get(case.id)
        assert case.version > (known.version if known else 0)
        self.cases[case.id] = case

    def keep_person(self, case_id: str, person: Person) -> None:
        """Store who a case is about."""
        self.persons[case_id] = person

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Note an event."""
        self.published.append(Published(event, version, occurred_at))

    @property
    def types(self) -> list[str]:
        """Return the types that were published, in order."""
        return [published.event.type for published in self.published]
