"""What does not agree, with both sides of it and their times, as a supervisor looks at it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.scheduler.domain import (
    Arrival,
    Conflict,
    ConflictKind,
    LateEntry,
    Lease,
    ScheduledEvent,
    Ticket,
)
from services.scheduler.domain.late import LISTED_CONFLICTS
from services.scheduler.usecases.ports import Reader


@dataclass(frozen=True, slots=True)
class Sides:
    """A conflict: what devices told on one side, and on the other what stands at the office.

    `stands`: the ticket as it is now, or the one for which its holders are at another booth.
    `since`: when the code was given with an uplink, the lease ended, or the event closed.
    """

    conflict: Conflict
    told: tuple[LateEntry, ...]
    subject: str
    """The number or the code as people read it; empty: it is about the device alone."""
    stands: tuple[Ticket, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    entries: Mapping[str, LateEntry]
    tickets: Mapping[str, Ticket]
    arrivals: Mapping[str, Arrival]
    leases: Mapping[str, Lease]


async def sides_of(event: ScheduledEvent, reader: Reader) -> tuple[list[Sides], bool]:
    """Return an event's conflicts, the latest first, and whether there are more than it lists."""
    found = await reader.conflicts(event.id)
    listed = sorted(found[:LISTED_CONFLICTS], key=lambda one: one.first_at, reverse=True)
    known = await _known(event.id, listed, reader)
    return [_sides(one, event, known) for one in listed], len(found) > LISTED_CONFLICTS


async def _known(event_id: str, conflicts: Sequence[Conflict], reader: Reader) -> _Known:
    subjects = [one.subject for one in conflicts]
    names = {name for one in conflicts for name in one.entries}
    entries = await reader.many(LateEntry, [f"{event_id}/{name}" for name in sorted(names)])
    tickets = await reader.many(Ticket, subjects)
    codes = [Arrival.key(event_id, one) for one in subjects]
    theirs = [one.arrival_id for one in tickets.values() if one.arrival_id is not None]
    arrivals = await reader.many(Arrival, [*codes, *theirs])
    elsewhere = await reader.many(Ticket, _others(arrivals.values(), tickets))
    leases = await reader.many(Lease, [Lease.key(event_id, one) for one in subjects])
    return _Known(entries, {**tickets, **elsewhere}, arrivals, leases)


def _others(arrivals: Iterable[Arrival], tickets: Mapping[str, Ticket]) -> list[str]:
    return sorted({id_ for arrival in arrivals for id_ in arrival.at if id_ not in tickets})


def _sides(conflict: Conflict, event: ScheduledEvent, known: _Known) -> Sides:
    told = sorted(_told(conflict, known), key=lambda one: one.happened_at)
    ticket = known.tickets.get(conflict.subject)
    if conflict.kind is ConflictKind.SAME_CODE:
        arrival = known.arrivals.get(Arrival.key(event.id, conflict.subject))
        return Sides(conflict, tuple(told), conflict.subject, since=_given(arrival, conflict, told))
    since = _since(conflict, event, known)
    label = ticket.label if ticket else ""
    return Sides(conflict, tuple(told), label, tuple(_stands(conflict, ticket, known)), since)


def _given(
    arrival: Arrival | None, conflict: Conflict, told: Sequence[LateEntry]
) -> datetime | None:
    """Return when a code was given with an uplink; None where a device's story tells it first."""
    if arrival is None or len(told) < conflict.stories:
        return None
    first = any(entry.happened_at == arrival.arrived_at for entry in told)
    return None if first else arrival.arrived_at


def _told(conflict: Conflict, known: _Known) -> Iterator[LateEntry]:
    keys = (f"{conflict.event_id}/{name}" for name in conflict.entries)
    return (known.entries[key] for key in keys if key in known.entries)


def _stands(conflict: Conflict, ticket: Ticket | None, known: _Known) -> Iterator[Ticket]:
    """Yield the tickets on the other side; where the holders have gone on since, their own."""
    if ticket is None:
        return
    arrival = known.arrivals.get(ticket.arrival_id or "")
    at = arrival.at if arrival and conflict.kind is ConflictKind.TWO_BOOTHS else ()
    others = [known.tickets[one] for one in at if one != ticket.id and one in known.tickets]
    yield from others or [ticket]


def _since(conflict: Conflict, event: ScheduledEvent, known: _Known) -> datetime | None:
    if conflict.kind is ConflictKind.AFTER_CLOSING:
        return event.closes_at
    lease = known.leases.get(Lease.key(event.id, conflict.subject))
    return lease.over_at() if lease and conflict.kind is ConflictKind.AFTER_LEASE else None
