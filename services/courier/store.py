"""Courier's documents: jobs, areas and the copies of programmes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.courier.domain import Area, Job, JobState, Place, Programme
from services.courier.usecases import JobFilter
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.messaging.errors import PredecessorMissing
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Database, translated
from shared.mongo.migrations import Index
from shared.mongo.regions import within

JOBS = "jobs"
AREAS = "areas"
PROGRAMMES = "programmes"

COLLECTIONS = (JOBS, AREAS, PROGRAMMES)
INDEXES = (
    Index(JOBS, (("agent_id", 1), ("state", 1), ("_id", 1))),
    Index(JOBS, (("programme_id", 1), ("state", 1), ("_id", 1))),
    Index(JOBS, (("programme_id", 1), ("village", 1), ("_id", 1))),
)


class CourierWork:
    """`usecases.Work` on the documents of one unit."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._unit = uow

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        return self._unit.cause

    def now(self) -> datetime:
        """Return the time by the service's clock."""
        return self._unit.now()

    async def job(self, job_id: str) -> Job | None:
        """Return a job."""
        document = await self._unit.get(JOBS, job_id)
        return _job(document) if document else None

    async def job_of(self, case_id: str) -> Job:
        """Return the job of a case; the message at hand waits where it is not there yet."""
        job = await self.job(case_id)
        if job is None:
            raise PredecessorMissing(JOBS, case_id)
        return job

    async def area(self, programme_id: str, place: Place) -> Area:
        """Return an area, empty where nothing is known of it."""
        document = await self._unit.get(AREAS, Area.key(programme_id, place))
        return _area(document) if document else Area(programme_id, place)

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        document = await self._unit.get(PROGRAMMES, programme_id)
        return _programme(document) if document else None

    def keep_job(self, job: Job) -> None:
        """Store a job."""
        self._unit.put(JOBS, _job_document(job))

    def keep_area(self, area: Area) -> None:
        """Store an area."""
        self._unit.put(AREAS, _area_document(area))

    def keep_programme(self, programme: Programme) -> None:
        """Store our copy of a programme."""
        self._unit.put(PROGRAMMES, _programme_document(programme))

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Have an event sent."""
        self._unit.publish(event, version=version, occurred_at=occurred_at)


class CourierReader:
    """`usecases.Reader`: committed documents, outside any unit. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def job(self, job_id: str) -> Job | None:
        """Return a job."""
        with translated():
            document = await self._db[JOBS].find_one({"_id": job_id})
        return _job(document) if document else None

    async def jobs(self, job_filter: JobFilter, *, state: JobState | None, limit: int) -> list[Job]:
        """Return the jobs in sight, oldest first, at most `limit`."""
        query = (
            _in_sight(job_filter)
            if state is None
            else {**_in_sight(job_filter), "state": state.value}
        )
        with translated():
            found = self._db[JOBS].find(query, sort=[("_id", 1)], limit=limit)
            return [_job(document) for document in await found.to_list(None)]

    async def programmes(self) -> list[Programme]:
        """Return our copies of all programmes."""
        with translated():
            found = self._db[PROGRAMMES].find({}, sort=[("_id", 1)])
            return [_programme(document) for document in await found.to_list(None)]


def _in_sight(job_filter: JobFilter) -> dict[str, Any]:
    # A part for grants that are not there is left out, or no index could serve the other alone.
    parts = []
    if job_filter.regions:
        parts.append(within("village", job_filter.regions))
    if job_filter.own_regions:
        parts.append({"agent_id": job_filter.agent_id, **within("village", job_filter.own_regions)})
    return {"programme_id": job_filter.programme_id, "$or": parts}


def _job(document: Mapping[str, Any]) -> Job:
    return Job(
        id=document["_id"],
        version=document["version"],
        programme_id=document["programme_id"],
        service=document["service"],
        channel=document["channel"],
        place=Place(document["village"], document["rw"]),
        pick_up=document["pick_up"],
        deliver=document["deliver"],
        state=JobState(document["state"]),
        agent_id=document["agent_id"],
        document_issued=document["document_issued"],
        receipt_confirmed=document["receipt_confirmed"],
        attempts=document["attempts"],
        opened_at=_moment(document, "opened_at"),
        reported_at=_moment(document, "reported_at"),
        receipt_at=_moment(document, "receipt_at"),
    )


def _job_document(job: Job) -> dict[str, Any]:
    return {
        "_id": job.id,
        "version": job.version,
        "programme_id": job.programme_id,
        "service": job.service,
        "channel": job.channel,
        "village": job.place.village,
        "rw": job.place.rw,
        "pick_up": job.pick_up,
        "deliver": job.deliver,
        "state": job.state.value,
        "agent_id": job.agent_id,
        "document_issued": job.document_issued,
        "receipt_confirmed": job.receipt_confirmed,
        "attempts": job.attempts,
        "opened_at": _text(job.opened_at),
        "reported_at": _text(job.reported_at),
        "receipt_at": _text(job.receipt_at),
    }


def _moment(document: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time, None where a job was stored before this was kept."""
    text = document.get(name)
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    # Text, because MongoDB cuts times to milliseconds and words are held against each other.
    return moment.isoformat() if moment else None


def _area(document: Mapping[str, Any]) -> Area:
    return Area(
        programme_id=document["programme_id"],
        place=Place(document["village"], document["rw"]),
        version=document["version"],
        agent_id=document["agent_id"],
        waiting=tuple(document["waiting"]),
    )


def _area_document(area: Area) -> dict[str, Any]:
    return {
        "_id": area.id,
        "version": area.version,
        "programme_id": area.programme_id,
        "village": area.place.village,
        "rw": area.place.rw,
        "agent_id": area.agent_id,
        "waiting": list(area.waiting),
    }


def _programme(document: Mapping[str, Any]) -> Programme:
    return Programme(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        owner=document["owner"],
        region_code=document["region_code"],
    )


def _programme_document(programme: Programme) -> dict[str, Any]:
    return {
        "_id": programme.id,
        "version": programme.version,
        "name": programme.name,
        "owner": programme.owner,
        "region_code": programme.region_code,
    }
