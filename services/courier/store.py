"""What courier keeps, and the queries of its lists."""

from typing import Any

from services.courier.domain import ENDED, Area, Job, JobState, Place, Programme
from services.courier.usecases import WAITING_PAGE, JobFilter, JobPage
from shared.audit.kept import TRAIL, TRAIL_INDEXES
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader
from shared.mongo.regions import within
from shared.mongo.revocations import REVOCATION_INDEX

JOBS = "jobs"
AREAS = "areas"
CARRIED = [state.value for state in JobState if state not in ENDED]

COLLECTIONS = Collections(
    Collection(JOBS, Job),
    Collection(AREAS, Area),
    Collection("programmes", Programme),
    *TRAIL,
    REVOCATIONS,
)
INDEXES = (
    REVOCATION_INDEX,
    *TRAIL_INDEXES,
    Index(JOBS, (("agent_id", 1), ("state", 1), ("_id", 1))),
    Index(JOBS, (("programme_id", 1), ("state", 1), ("_id", 1))),
    Index(JOBS, (("programme_id", 1), ("place.village", 1), ("_id", 1))),
    Index(
        JOBS,
        (("place.village", 1), ("place.rw", 1), ("_id", 1)),
        partial={"state": JobState.OPEN.value},
    ),
    Index(AREAS, (("unsettled_since", 1),), partial={"unsettled_since": {"$gt": ""}}),
)


class CourierReader(MongoReader):
    """`usecases.Reader`. Every method may raise Unavailable."""

    async def jobs(self, job_filter: JobFilter, page: JobPage) -> list[Job]:
        """Return a page of the jobs that fit, oldest first."""
        query = {**_query(job_filter), **_page(page)}
        return await self.find(Job, query, limit=page.limit)

    async def carried(self, agent_id: str, limit: int) -> list[Job]:
        """Return the jobs of an agent that have not ended, at most `limit`, oldest first."""
        query = {"agent_id": agent_id, "state": {"$in": CARRIED}}
        return await self.find(Job, query, limit=limit)

    async def waiting(self, programme_id: str, place: Place) -> list[str]:
        """Return the ids of the oldest open jobs of an RW, at most `WAITING_PAGE`."""
        where = {"place.village": place.village, "place.rw": place.rw}
        query = {"programme_id": programme_id, **where, "state": JobState.OPEN.value}
        return [job.id for job in await self.find(Job, query, limit=WAITING_PAGE)]

    async def unsettled(self) -> list[Area]:
        """Return areas where open jobs are to be looked for."""
        return await self.find(Area, {"unsettled_since": {"$gt": ""}}, limit=WAITING_PAGE)


def _query(job_filter: JobFilter) -> dict[str, Any]:
    # A part for grants that are not there is left out, or no index could serve the other alone.
    parts = []
    if job_filter.regions:
        parts.append(within("place.village", job_filter.regions))
    if job_filter.own_regions:
        own = within("place.village", job_filter.own_regions)
        parts.append({"agent_id": job_filter.agent_id, **own})
    return {"programme_id": job_filter.programme_id, "$or": parts}


def _page(page: JobPage) -> dict[str, Any]:
    # Beside what somebody may see, never in its place: both have to hold.
    wanted = [state for state in JobState if page.state in (None, state)]
    if page.ended is not None:
        wanted = [state for state in wanted if (state in ENDED) is page.ended]
    query: dict[str, Any] = {}
    if len(wanted) < len(JobState):
        query["state"] = {"$in": [state.value for state in wanted]}
    if page.carrier is not None:
        query["agent_id"] = page.carrier
    if page.after is not None:
        query["_id"] = {"$gt": page.after}
    return query
