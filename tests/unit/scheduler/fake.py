# ruff: noqa: D102 - what a method means, the Protocol says
"""A unit of work in memory, committed as it goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
from services.scheduler.usecases import Thing
from shared.contracts.envelope import Envelope, new_id
from shared.contracts.event import Event
from shared.messaging.errors import PredecessorMissing


@dataclass
class FakeWork:
    """`usecases.Work`; every look at the clock finds it a second later."""

    programmes: dict[str, Programme] = field(default_factory=dict)
    events: dict[str, ScheduledEvent] = field(default_factory=dict)
    held_lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    published: list[tuple[Event, int]] = field(default_factory=list)
    kept: list[Thing] = field(default_factory=list)
    cause: Envelope | None = None
    clock: datetime = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)

    @property
    def events_out(self) -> list[Event]:
        return [event for event, _ in self.published]

    def caused_by(self, version: int) -> "FakeWork":
        """The same data in the face of an event with this version."""
        self.cause = Envelope(
            id=new_id(),
            type="intake.programme_published.v1",
            source="intake",
            aggregate_id="botram",
            version=version,
            correlation_id="botram",
            causation_id=None,
            occurred_at=self.clock,
            recorded_at=self.clock,
        )
        return self

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    async def programme(self, programme_id: str) -> Programme | None:
        return self.programmes.get(programme_id)

    async def scheduled(self, event_id: str) -> ScheduledEvent | None:
        return self.events.get(event_id)

    async def awaited(self, event_id: str) -> ScheduledEvent:
        if event_id not in self.events:
            raise PredecessorMissing("events", event_id)
        return self.events[event_id]

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        return [self.held_lines.get((event_id, s), Line(event_id, s)) for s in services]

    async def ticket(self, ticket_id: str) -> Ticket | None:
        return self.tickets.get(ticket_id)

    async def heads(self, lines: Iterable[Line]) -> list[Ticket]:
        found = [(line, line.head) for line in lines]
        return [self.tickets[ticket_id(of.event_id, of.service, n)] for of, n in found if n]

    async def case(self, case_id: str) -> Case:
        return self.cases.get(case_id, Case(case_id))

    async def counter(self, event_id: str, booth_id: str) -> Counter:
        return self.counters.get(booth_id, Counter(event_id, booth_id))

    async def tally(self, event_id: str, booth_id: str, service: str) -> Tally:
        return self.tallies.get((booth_id, service), Tally(event_id, booth_id, service))

    def keep(self, *things: Thing) -> None:
        self.kept.extend(things)
        for thing in things:
            match thing:
                case Programme():
                    self.programmes[thing.id] = thing
                case ScheduledEvent():
                    self.events[thing.id] = thing
                case Line():
                    self.held_lines[thing.event_id, thing.service] = thing
                case Ticket():
                    self.tickets[thing.id] = thing
                case Case():
                    self.cases[thing.id] = thing
                case Counter():
                    self.counters[thing.booth_id] = thing
                case Tally():
                    self.tallies[thing.booth_id, thing.service] = thing

    def publish(self, event: Event, *, version: int) -> None:
        self.published.append((event, version))
