"""What pages and answers read: committed documents, outside any unit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.reporting.domain import By, Cell, EventPlan, Period, Programme, Totals
from services.reporting.store import copies
from services.reporting.store.names import (
    EVENTS,
    PROGRAMMES,
    REVISIONS,
    STATE,
    THE_STATE,
    TOTALS,
    generation_of,
    key_of,
    keys,
    keys_between,
    totals_of,
)
from services.reporting.usecases.reports import Revision, Scope
from shared.mongo.client import Database, translated
from shared.mongo.regions import below

MAX_EVENTS = 200
"""Events in one list at most, the newest."""


class Reader:
    """`usecases.reports.Reader`. Every method may raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def programmes(self) -> list[Programme]:
        """Return our copies of all programmes."""
        with translated():
            found = await self._db[PROGRAMMES].find({}, sort=[("_id", 1)]).to_list(None)
        return [copies.programme(document) for document in found]

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        with translated():
            found = await self._db[PROGRAMMES].find_one({"_id": programme_id})
        return copies.programme(found) if found else None

    async def event(self, event_id: str) -> EventPlan | None:
        """Return our copy of an event."""
        with translated():
            found = await self._db[EVENTS].find_one({"_id": event_id})
        return copies.event(found) if found else None

    async def events(self, scopes: Sequence[Scope]) -> list[EventPlan]:
        """Return events that any of the scopes covers, newest first, at most MAX_EVENTS."""
        with translated():
            found = self._db[EVENTS].find(
                {"$or": [_covered(scope) for scope in scopes]},
                sort=[("on", -1), ("_id", 1)],
                limit=MAX_EVENTS,
            )
            return [copies.event(document) for document in await found.to_list(None)]

    async def names(self, event_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those events that we know, by id."""
        with translated():
            found = self._db[EVENTS].find({"_id": {"$in": list(event_ids)}}, {"name": 1})
            return {document["_id"]: document["name"] for document in await found.to_list(None)}

    async def event_totals(self, programme_id: str, event_id: str) -> Totals:
        """Return every counter of one event."""
        return await self._totals(lambda current: keys(current, programme_id, event_id))

    async def totals(self, programme_id: str, by: By, period: Period) -> Totals:
        """Return a programme's counters of these days, along one split."""
        first, last = period.first.isoformat(), period.last.isoformat()
        return await self._totals(
            lambda current: keys_between(first, last, current, programme_id, "", by)
        )

    async def event_sums(self, events: Sequence[EventPlan]) -> Totals:
        """Return the counters of these events that split nothing."""
        sums = [Cell(event.programme_id, event.id, By.ALL, "", "-") for event in events]
        return await self._totals(lambda current: {"$in": [key_of(current, cell) for cell in sums]})

    async def revisions(self, event_ids: Iterable[str]) -> dict[str, Revision]:
        """Return how often and when last the figures of these events changed."""
        with translated():
            current = await self._current()
            found = self._db[REVISIONS].find({"_id": {"$in": list(event_ids)}})
            return {
                document["_id"]: Revision(current, document["revision"], document["updated_at"])
                for document in await found.to_list(None)
            }

    async def _totals(self, within: Any) -> Totals:
        with translated():
            query: Mapping[str, Any] = {"_id": within(await self._current())}
            return totals_of(await self._db[TOTALS].find(query).to_list(None))

    async def _current(self) -> int:
        return generation_of(await self._db[STATE].find_one({"_id": THE_STATE}))


def _covered(scope: Scope) -> dict[str, Any]:
    """Return the query of what lies in a scope; regions are covered segment by segment."""
    query: dict[str, Any] = {}
    if scope.programme_id is not None:
        query["programme_id"] = scope.programme_id
    if scope.region_code is not None:
        query["$or"] = below("region_code", scope.region_code)
    return query
