"""What pages and answers read: committed documents, outside any unit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.reporting.domain import By, Cell, EventPlan, Period, Totals
from services.reporting.store.names import (
    EVENTS,
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
from services.reporting.usecases.reports import Revision
from shared.auth.roles import EVERYWHERE, Grant
from shared.files.kept import FileReader
from shared.mongo.client import translated
from shared.mongo.regions import within

MAX_EVENTS = 200
"""Events in one list at most, the newest."""


class Reader(FileReader):
    """`usecases.reports.Reader`. Every method may raise Unavailable."""

    async def events(self, grants: Sequence[Grant]) -> list[EventPlan]:
        """Return events that any of the grants covers, newest first, at most MAX_EVENTS."""
        query = {"$or": [_covered(grant) for grant in grants]}
        return await self.find(EventPlan, query, sort=(("on", -1), ("_id", 1)), limit=MAX_EVENTS)

    async def names(self, event_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those events that we know, by id."""
        return await self._of_events("name", event_ids)

    async def places(self, event_ids: Iterable[str]) -> dict[str, str]:
        """Return the regions of those events that we know, by id."""
        return await self._of_events("region_code", event_ids)

    async def _of_events(self, field: str, event_ids: Iterable[str]) -> dict[str, str]:
        with translated():
            found = self._places.of(EVENTS).find({"_id": {"$in": list(event_ids)}}, {field: 1})
            return {document["_id"]: document[field] for document in await found.to_list(None)}

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
            found = self._places.of(REVISIONS).find({"_id": {"$in": list(event_ids)}})
            return {
                document["_id"]: Revision(current, document["revision"], document["updated_at"])
                for document in await found.to_list(None)
            }

    async def _totals(self, within: Any) -> Totals:
        with translated():
            query: Mapping[str, Any] = {"_id": within(await self._current())}
            return totals_of(await self._places.of(TOTALS).find(query).to_list(None))

    async def _current(self) -> int:
        return generation_of(await self._places.of(STATE).find_one({"_id": THE_STATE}))


def _covered(grant: Grant) -> dict[str, Any]:
    place = within("region_code", [grant.region])
    return place if grant.programme == EVERYWHERE else {"programme_id": grant.programme, **place}
