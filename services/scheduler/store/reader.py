"""Committed documents, outside any unit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.scheduler.domain import Line, Programme, ScheduledEvent, Tally, Ticket
from services.scheduler.store.documents import (
    COUNTERS,
    EVENTS,
    LINES,
    PROGRAMMES,
    TALLIES,
    TICKETS,
    Document,
    counter_id,
    event_of,
    line_id,
    line_of,
    programme_of,
    tally_of,
    ticket_of,
)
from shared.auth.roles import EVERYWHERE
from shared.mongo.client import Database, translated
from shared.mongo.regions import below

_BY_ID: Final = (("_id", 1),)


class SchedulerReader:
    """`usecases.Reader` on the database. Every method raises Unavailable while that is away."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def event(self, event_id: str) -> ScheduledEvent | None:
        """Return an event."""
        document = await self._one(EVENTS, event_id)
        return event_of(document) if document else None

    async def events(
        self,
        programme_id: str,
        *,
        first: date | None,
        last: date | None,
        regions: Iterable[str],
        limit: int,
    ) -> list[ScheduledEvent]:
        """Return a programme's events in these regions (`*`: all), by day, at most `limit`."""
        query = {"programme_id": programme_id, **_between(first, last), **_within(set(regions))}
        found = await self._all(EVENTS, query, [("on", 1), ("_id", 1)], limit)
        return [event_of(document) for document in found]

    async def lines(self, event_id: str, services: Iterable[str]) -> list[Line]:
        """Return the lines of these services, in their order, new where there are none yet."""
        wanted = list(services)
        ids = [line_id(event_id, service) for service in wanted]
        rows = await self._all(LINES, {"_id": {"$in": ids}})
        found = {row["service"]: line_of(row) for row in rows}
        return [found.get(service, Line(event_id, service)) for service in wanted]

    async def tallies(self, event_id: str) -> list[Tally]:
        """Return who walked up, by booth and service."""
        found = await self._all(TALLIES, {"event_id": event_id})
        return [tally_of(document) for document in found]

    async def current(self, event_id: str, booth_id: str) -> Ticket | None:
        """Return the ticket that a booth called last."""
        counter = await self._one(COUNTERS, counter_id(event_id, booth_id))
        if counter is None:
            return None
        document = await self._one(TICKETS, counter["ticket_id"])
        return ticket_of(document) if document else None

    async def programmes(self) -> list[Programme]:
        """Return our copies of all programmes."""
        return [programme_of(document) for document in await self._all(PROGRAMMES, {})]

    async def _one(self, collection: str, id_: str) -> Document | None:
        with translated():
            return await self._db[collection].find_one({"_id": id_})

    async def _all(
        self,
        collection: str,
        query: Mapping[str, Any],
        sort: Sequence[tuple[str, int]] = _BY_ID,
        limit: int = 0,
    ) -> list[Document]:
        with translated():
            found = self._db[collection].find(query, sort=list(sort), limit=limit)
            return await found.to_list(None)


def _between(first: date | None, last: date | None) -> dict[str, Any]:
    ends = {"$gte": first, "$lte": last}
    given = {name: day.isoformat() for name, day in ends.items() if day is not None}
    return {"on": given} if given else {}


def _within(regions: set[str]) -> dict[str, Any]:
    if EVERYWHERE in regions:
        return {}
    return {"$or": [part for region in sorted(regions) for part in below("region_code", region)]}
