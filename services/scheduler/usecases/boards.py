"""What the screens of an event show: which numbers its booths called last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.scheduler.domain import (
    LATEST,
    Counter,
    Programme,
    ScheduledEvent,
    Ticket,
    TicketState,
)
from services.scheduler.usecases.ports import Reader

_NOT_CALLED = frozenset({TicketState.WAITING, TicketState.SENT})


@dataclass(frozen=True, slots=True)
class Call:
    """A number that a booth called last at a time: for the first time, or again."""

    booth_id: str
    service: str
    label: str
    at: datetime

    @property
    def id(self) -> str:
        """Return what tells this call from all others."""
        return f"{self.service}-{self.label}-{int(self.at.timestamp() * 1000)}"


@dataclass(frozen=True, slots=True)
class Called:
    """An event with the calls of its booths, the newest first. No person stands in it."""

    event: ScheduledEvent
    names: Mapping[str, str]
    calls: tuple[Call, ...]

    def last(self, booth_id: str = "") -> tuple[Call, ...]:
        """Return the calls that are shown large: of all booths, or of one."""
        return tuple(one for one in self.calls if booth_id in {"", one.booth_id})[:LATEST]

    def by_booth(self) -> Mapping[str, Call]:
        """Return the last call of each booth that has called anybody."""
        return {one.booth_id: one for one in reversed(self.calls)}

    def times(self, service: str) -> list[datetime]:
        """Return when its last calls for a service were."""
        return [one.at for one in self.calls if one.service == service]


async def called_at(event_id: str, reader: Reader) -> Called | None:
    """Return the calls of an event; None where there is no such event."""
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        return None
    programme = await reader.get(Programme, event.plan.programme_id)
    counters = await reader.counters(event_id)
    tickets = await reader.many(Ticket, [one for counter in counters for one in counter.latest])
    calls = [
        call
        for counter in counters
        if event.plan.booth(counter.booth_id) is not None
        for one in counter.latest
        if (call := _call(counter, tickets.get(one))) is not None
    ]
    calls.sort(key=lambda call: (call.at, call.booth_id), reverse=True)
    return Called(event, programme.names if programme else {}, tuple(calls))


def _call(counter: Counter, ticket: Ticket | None) -> Call | None:
    """Return the last call of a ticket by a booth; None where it is that booth's no longer."""
    if ticket is None or ticket.called_at is None or ticket.state in _NOT_CALLED:
        return None
    if ticket.booth_id != counter.booth_id:
        return None
    return Call(counter.booth_id, ticket.service, ticket.label, ticket.called_at)
