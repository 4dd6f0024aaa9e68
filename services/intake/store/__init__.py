"""Intake's documents: programmes, cases, persons apart from them, and copies of events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.intake.domain import Case, Person, PlannedEvent, Programme
from services.intake.store.documents import (
    from_case,
    from_event,
    from_programme,
    to_case,
    to_event,
    to_programme,
)
from services.intake.store.persons import opened, sealed
from services.intake.usecases import Place
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.messaging.errors import PredecessorMissing
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Database, translated
from shared.mongo.migrations import Index

PROGRAMMES = "programmes"
CASES = "cases"
PERSONS = "persons"
EVENTS = "events"

COLLECTIONS = (PROGRAMMES, CASES, PERSONS, EVENTS)
INDEXES = (
    Index(CASES, (("tracking", 1),), unique=True),
    Index(CASES, (("programme_id", 1), ("within", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("state", 1), ("_id", 1))),
    Index(CASES, (("programme_id", 1), ("within", 1), ("event_id", 1), ("_id", 1))),
)


class IntakeWork:
    """`usecases.Work` on the documents of one unit."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._unit = uow

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        return self._unit.cause

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        return self._unit.now()

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        document = await self._unit.get(PROGRAMMES, programme_id)
        return to_programme(document) if document else None

    async def event(self, event_id: str) -> PlannedEvent | None:
        """Return our copy of an event."""
        document = await self._unit.get(EVENTS, event_id)
        return to_event(document) if document else None

    async def case(self, case_id: str) -> Case | None:
        """Return a case."""
        document = await self._unit.get(CASES, case_id)
        return to_case(document) if document else None

    async def case_of(self, case_id: str) -> Case:
        """Return a case; the message at hand waits where it is not there yet."""
        case = await self.case(case_id)
        if case is None:
            raise PredecessorMissing(CASES, case_id)
        return case

    def keep_programme(self, programme: Programme) -> None:
        """Store a programme."""
        self._unit.put(PROGRAMMES, from_programme(programme))

    def keep_event(self, event: PlannedEvent) -> None:
        """Store our copy of an event."""
        self._unit.put(EVENTS, from_event(event))

    def keep_case(self, case: Case) -> None:
        """Store a case."""
        self._unit.put(CASES, from_case(case))

    def keep_person(self, case_id: str, person: Person) -> None:
        """Store who a new case is about, apart from it."""
        self._unit.put(PERSONS, {"_id": case_id, "version": 1, **sealed(person)})

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Have an event sent."""
        self._unit.publish(event, version=version, occurred_at=occurred_at)


class IntakeReader:
    """`usecases.Reader`: committed documents, outside any unit. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        document = await self._one(PROGRAMMES, {"_id": programme_id})
        return to_programme(document) if document else None

    async def programmes(self) -> Sequence[Programme]:
        """Return all programmes, by id."""
        with translated():
            found = self._db[PROGRAMMES].find({}, sort=[("_id", 1)])
            return [to_programme(document) for document in await found.to_list(None)]

    async def event(self, event_id: str) -> PlannedEvent | None:
        """Return our copy of an event."""
        document = await self._one(EVENTS, {"_id": event_id})
        return to_event(document) if document else None

    async def case(self, case_id: str) -> Case | None:
        """Return a case."""
        document = await self._one(CASES, {"_id": case_id})
        return to_case(document) if document else None

    async def case_by_code(self, tracking: str) -> Case | None:
        """Return the case whose code has this hash."""
        document = await self._one(CASES, {"tracking": tracking})
        return to_case(document) if document else None

    async def cases(self, place: Place) -> Sequence[Case]:
        """Return cases, oldest first."""
        with translated():
            found = self._db[CASES].find(_query(place), sort=[("_id", 1)], limit=place.limit)
            return [to_case(document) for document in await found.to_list(None)]

    async def person(self, case_id: str) -> Person | None:
        """Return who a case is about."""
        document = await self._one(PERSONS, {"_id": case_id})
        return opened(document) if document else None

    async def _one(self, collection: str, query: dict[str, Any]) -> dict[str, Any] | None:
        with translated():
            return await self._db[collection].find_one(query)


def _query(place: Place) -> dict[str, Any]:
    query: dict[str, Any] = {
        "programme_id": place.programme_id,
        "$or": [{"within": region} for region in sorted(place.regions)],
    }
    if place.state is not None:
        query["state"] = place.state.value
    if place.event_id is not None:
        query["event_id"] = place.event_id
    if place.after is not None:
        query["_id"] = {"$gt": place.after}
    return query
