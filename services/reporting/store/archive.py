"""The archive: what a unit writes into it, and the ways to read it through."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import OperationFailure

from services.reporting.domain import EventPlan, Fact, Programme, Totals
from services.reporting.store import copies
from services.reporting.store.names import (
    ARCHIVE,
    EVENTS,
    PROGRAMMES,
    REFOLDED,
    STATE,
    THE_STATE,
    TOTALS,
    UNFOLDED,
    durable,
    generation_of,
    keys,
    totals_of,
)
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.messaging.errors import Unavailable
from shared.messaging.message import Document, Message, from_document, to_document
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Client, translated

PAGE = 1000
"""Archived events read at once."""

_SNAPSHOT_TOO_OLD = 239


class ReportingWork:
    """`usecases.archive.Work` on the documents of one unit."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._unit = uow

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        return self._unit.cause

    def archive(self, event: Event) -> None:
        """Store the event at hand with its envelope and bytes, and put it on the work list."""
        cause, body = self._unit.cause, self._unit.body
        if cause is None or body is None:
            raise ValueError("only what came as a message is archived")
        now = self._unit.now()
        document = archived(Message(cause, body), event, now)
        self._unit.put(ARCHIVE, document)
        programme_id = document["programme_id"]
        if programme_id is not None:
            row = {"_id": cause.id, "version": 1, "programme_id": programme_id, "since": now}
            self._unit.put(UNFOLDED, row)

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        document = await self._unit.get(PROGRAMMES, programme_id)
        return copies.programme(document) if document else None

    async def event(self, event_id: str) -> EventPlan | None:
        """Return our copy of an event."""
        document = await self._unit.get(EVENTS, event_id)
        return copies.event(document) if document else None

    def keep_programme(self, programme: Programme) -> None:
        """Store our copy of a programme."""
        self._unit.put(PROGRAMMES, copies.programme_document(programme))

    def keep_event(self, event: EventPlan) -> None:
        """Store our copy of an event."""
        self._unit.put(EVENTS, copies.event_document(event))


def archived(message: Message, event: Event, now: datetime) -> Document:
    """Return an event as the archive keeps it.

    `payload` holds the fields that the contract knows, to count and to look at; `body` the bytes as
    they came, with whatever else a newer producer put into them.
    """
    envelope = to_document(message)
    return {
        "_id": envelope.pop("_id"),
        "version": 1,
        "programme_id": getattr(event, "programme_id", None),
        "type": message.envelope.type,
        "archived_at": now,
        "body": envelope.pop("body"),
        "envelope": envelope,
        "payload": event.model_dump(mode="json"),
    }


def message_of(document: Mapping[str, Any]) -> Message:
    """Return an archived event as it came: the same bytes in the same envelope."""
    whole = {**document["envelope"], "_id": document["_id"], "body": document["body"]}
    return from_document(whole)


def fact_of(document: Mapping[str, Any]) -> Fact:
    """Return an archived event as far as it is counted."""
    return Fact(
        id=document["_id"],
        type=document["type"],
        programme_id=document["programme_id"],
        occurred_at=datetime.fromisoformat(document["envelope"]["occurred_at"]),
        payload=document["payload"],
    )


async def facts_by_id(
    archive: Any, ids: Iterable[str], session: AsyncIOMotorClientSession | None = None
) -> list[Fact]:
    """Return these archived events as far as they are counted."""
    found = archive.find({"_id": {"$in": list(ids)}}, _COUNTED, session=session)
    return [fact_of(document) for document in await found.to_list(None)]


_COUNTED = {"body": 0}


class Archive:
    """The archive of one service, to be counted from again."""

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self._db = durable(client, database)

    async def programmes(self) -> dict[str, str]:
        """Return the zone of every programme that we know, by its id. Raises Unavailable."""
        with translated():
            return await copies.zones(self._db)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """Everything as it was at one moment, while more goes on being written.

        Raises Unavailable, also where reading takes longer than the server keeps a moment
        (`minSnapshotHistoryWindowInSeconds`, five minutes unless set otherwise).
        """
        try:
            with translated():
                async with await self._client.start_session(snapshot=True) as session:
                    yield Snapshot(self._client.get_database(self._db.name), session)
        except OperationFailure as error:
            if error.code == _SNAPSHOT_TOO_OLD:
                raise Unavailable("reading took longer than a snapshot lives") from error
            raise

    async def counted_before(
        self, programme_id: str, generation: int
    ) -> AsyncIterator[Sequence[Fact]]:
        """Pages of what had been counted when the rebuild of this generation began.

        Whatever was counted since is noted as refolded in the transaction that takes it off the
        work list: what stands in neither was counted before. Raises Unavailable.
        """
        async for page in _pages(self._db, programme_id, None):
            ids = [fact.id for fact in page]
            # In this order: what moves from the one to the other meanwhile is seen at least once.
            skipped = await _present(self._db[UNFOLDED], ids, "")
            skipped |= await _present(self._db[REFOLDED], ids, f"{generation}|")
            yield [fact for fact in page if fact.id not in skipped]


class Snapshot:
    """The archive and the totals at one moment."""

    def __init__(self, database: Any, session: AsyncIOMotorClientSession) -> None:
        self._db = database
        self._session = session

    async def counted(self, programme_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Pages of what has been counted of a programme."""
        async for page in _pages(self._db, programme_id, self._session):
            ids = [fact.id for fact in page]
            waiting = await _present(self._db[UNFOLDED], ids, "", self._session)
            yield [fact for fact in page if fact.id not in waiting]

    async def totals(self, programme_id: str) -> Totals:
        """Return a programme's counters, its events' included."""
        state = await self._db[STATE].find_one({"_id": THE_STATE}, session=self._session)
        query = {"_id": keys(generation_of(state), programme_id)}
        found = self._db[TOTALS].find(query, session=self._session)
        return totals_of(await found.to_list(None))


async def _pages(
    database: Any, programme_id: str, session: AsyncIOMotorClientSession | None
) -> AsyncIterator[Sequence[Fact]]:
    last = ""
    while True:
        query = {"programme_id": programme_id, "_id": {"$gt": last}}
        with translated():
            found = database[ARCHIVE].find(
                query, _COUNTED, sort=[("_id", 1)], limit=PAGE, session=session
            )
            page = [fact_of(document) for document in await found.to_list(None)]
        if not page:
            return
        yield page
        last = page[-1].id


async def _present(
    rows: Any, ids: Sequence[str], prefix: str, session: AsyncIOMotorClientSession | None = None
) -> set[str]:
    with translated():
        wanted = [prefix + id_ for id_ in ids]
        found = rows.find({"_id": {"$in": wanted}}, {"_id": 1}, session=session)
        return {row["_id"].removeprefix(prefix) for row in await found.to_list(None)}
