"""What scheduler keeps, and the queries of its lists.

A line is found by event and service and a ticket by its place in a line, so that whatever has to be
decided reads documents it can name.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from services.scheduler.domain import (
    Access,
    Agency,
    Arrival,
    Awaited,
    Case,
    Conflict,
    Counter,
    Devices,
    LateEntry,
    Lease,
    Line,
    Programme,
    ScheduledEvent,
    Stretch,
    Tally,
    Ticket,
    TicketState,
)
from shared.audit.kept import TRAIL, TRAIL_INDEXES
from shared.auth.roles import Grant
from shared.files.evidence import EVIDENCE
from shared.files.kept import FILE_INDEXES, RAW_FILES, FileReader
from shared.files.stored import FILES
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS
from shared.mongo.migrations import Index
from shared.mongo.regions import within
from shared.mongo.revocations import REVOCATION_INDEX

ACCESSES = "lease_accesses"
AGENCIES = "agencies"
CONFLICTS = "late_conflicts"
ARRIVALS = "arrivals"
EVENTS = "events"
TALLIES = "tallies"
TICKETS = "tickets"
LISTED_CONFLICTS = 200

COLLECTIONS = Collections(
    Collection("programmes", Programme),
    Collection(AGENCIES, Agency),
    Collection(EVENTS, ScheduledEvent, label="event"),
    Collection("lines", Line),
    Collection("stretches", Stretch),
    Collection(TICKETS, Ticket),
    Collection("cases", Case),
    Collection(ARRIVALS, Arrival),
    Collection("awaited_codes", Awaited),
    Collection("counters", Counter),
    Collection(TALLIES, Tally),
    Collection("device_leases", Lease),
    Collection("lease_devices", Devices),
    Collection(ACCESSES, Access, derived=lambda access: {"forgotten": access.forget_at}),
    Collection("late_entries", LateEntry),
    Collection(CONFLICTS, Conflict),
    EVIDENCE,
    *TRAIL,
    FILES,
    REVOCATIONS,
    raw=RAW_FILES,
)
INDEXES = (
    *FILE_INDEXES,
    REVOCATION_INDEX,
    *TRAIL_INDEXES,
    Index(EVENTS, (("plan.programme_id", 1), ("plan.on", 1), ("_id", 1))),
    Index(AGENCIES, (("programme_id", 1), ("_id", 1))),
    Index(ARRIVALS, (("code", 1),)),
    Index(TALLIES, (("event_id", 1),)),
    # Written once a ticket, when a line is closed before it: calls do not touch it.
    Index(
        TICKETS,
        (("event_id", 1), ("service", 1), ("number", 1)),
        partial={"state": TicketState.UNSERVED.value},
    ),
    Index(CONFLICTS, (("event_id", 1), ("_id", 1))),
    Index(ACCESSES, (("forgotten", 1),), expire_after=0),
)


class SchedulerReader(FileReader):
    """`usecases.Reader`. Every method may raise Unavailable."""

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
        reached = {"$or": [_reached(grant) for grant in grants]}
        query = {"plan.programme_id": programme_id, **_between(first, last), **reached}
        by_day = (("plan.on", 1), ("_id", 1))
        return await self.find(ScheduledEvent, query, sort=by_day, limit=limit)

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        wanted = list(services)
        ids = [Line.key(event_id, service) for service in wanted]
        found = {line.service: line for line in await self.find(Line, {"_id": {"$in": ids}})}
        return [found.get(service, Line(event_id, service)) for service in wanted]

    async def waiting(self, line: Line, most: int) -> list[int]:
        """Return the numbers of the first who wait in a line, by number, at most so many.

        One stretch after the other is read, and none once there are enough.
        """
        numbers = [number for _, number in line.kept]
        for id_ in _stretches(line):
            if len(numbers) >= most:
                break
            stretch = await self.get(Stretch, id_)
            numbers += [number for _, number in stretch.waiting] if stretch else []
        return sorted(numbers[:most])

    async def unserved(self, line: Line, most: int) -> list[int]:
        """Return the numbers of those who ended unserved, lowest first, at most so many."""
        query = {
            "event_id": line.event_id,
            "service": line.service,
            "state": TicketState.UNSERVED.value,
        }
        found = await self.find(Ticket, query, sort=(("number", 1),), limit=most)
        return [ticket.number for ticket in found]

    async def tallies(self, event_id: str) -> list[Tally]:
        """Return who walked up, by booth and service."""
        return await self.find(Tally, {"event_id": event_id})

    async def agencies(self, programme_id: str) -> list[Agency]:
        """Return the agencies of a programme, by id."""
        return await self.find(Agency, {"programme_id": programme_id}, sort=(("_id", 1),))

    async def leases(self, event_id: str) -> list[Lease]:
        """Return what devices have leased of an event, by device."""
        known = await self.get(Devices, event_id) or Devices(event_id)
        ids = [Lease.key(event_id, device) for device in known.devices]
        return await self.find(Lease, {"_id": {"$in": ids}}, sort=(("_id", 1),))

    async def conflicts(self, event_id: str) -> list[Conflict]:
        """Return what of devices' stories does not agree, by kind; two hundred at most."""
        of = {"event_id": event_id}
        return await self.find(Conflict, of, sort=(("_id", 1),), limit=LISTED_CONFLICTS)

    async def counters(self, event_id: str) -> list[Counter]:
        """Return the counters of an event's booths that have called anybody."""
        return await self.find(Counter, _below(event_id))

    async def floor_revisions(self, event_ids: Iterable[str]) -> dict[str, int]:
        """Return for each event a number that rises with each call, and each recall."""
        return {event_id: await self._revision(event_id) for event_id in event_ids}

    async def _revision(self, event_id: str) -> int:
        event = await self.get(ScheduledEvent, event_id)
        lines = await self.find(Line, _below(event_id))
        kept = [event, *await self.counters(event_id), *lines]
        return sum(one.version for one in kept if one is not None)

    async def arrival(self, code: str) -> Arrival | None:
        """Return who came with this code, whichever the event: the last one who did."""
        newest = (("arrived_at", -1),)
        found = await self.find(Arrival, {"code": code}, sort=newest, limit=1)
        return found[0] if found else None

    async def current(self, event_id: str, booth_id: str) -> Ticket | None:
        """Return the ticket that a booth called last."""
        counter = await self.get(Counter, Counter.key(event_id, booth_id))
        if counter is None or counter.ticket_id is None:
            return None
        return await self.get(Ticket, counter.ticket_id)


def _below(event_id: str) -> dict[str, Any]:
    """Return what finds all whose id begins with the event's: "0" follows "/"."""
    return {"_id": {"$gte": f"{event_id}/", "$lt": f"{event_id}0"}}


def _stretches(line: Line) -> Iterator[str]:
    """Yield the ids of the stretches in which somebody may wait, the booked ones last, by time."""
    here = [(name, lane) for name, lane in line.lanes.items() if lane.waiting]
    for name, lane in sorted(here, key=lambda one: (one[1].opens_at is not None, one[0])):
        for index in lane.stretches:
            yield Stretch.key(line.event_id, line.service, name, index)


def _reached(grant: Grant) -> dict[str, Any]:
    place = within("plan.region_code", [grant.region])
    return place if grant.agency is None else {**place, "plan.booths.agency_id": grant.agency}


def _between(first: date | None, last: date | None) -> dict[str, Any]:
    ends = {"$gte": first, "$lte": last}
    given = {name: day.isoformat() for name, day in ends.items() if day is not None}
    return {"plan.on": given} if given else {}
