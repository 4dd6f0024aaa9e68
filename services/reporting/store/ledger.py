"""Turning the work list into totals, by one instance at a time, each row exactly once.

That a row counts once does not rest on the lease: increments and the deletion of their rows are one
transaction, and one that does not find all its rows is undone. The lease only keeps instances from
getting in each other's way. It is held in the same document that names which generation of totals
is current; every transaction here writes that document, so that a rebuild can begin and end
between two of them and never inside one.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pymongo import InsertOne, ReturnDocument, UpdateOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern

from services.reporting.domain import Fact, Totals
from services.reporting.store.archive import facts_by_id, zones_of
from services.reporting.store.names import (
    ARCHIVE,
    FIRST_GENERATION,
    REFOLDED,
    REVISIONS,
    STATE,
    THE_STATE,
    TOTALS,
    UNFOLDED,
    documents,
    durable,
)
from services.reporting.store.unread import read_anew, readable
from services.reporting.usecases.project import Waiting
from shared.messaging.errors import Conflict
from shared.messaging.message import Document
from shared.mongo.client import Client, Database, translated
from shared.mongo.lease import MongoLease

_COUNT_LIMIT = 100_000
_AWAIT_MS = 500
"""How long the server holds one query for new rows; a stop waits as long at most."""


class Ledger:
    """`usecases.project.Ledger`: the totals as one instance writes them."""

    def __init__(self, client: Client, database: str, owner: str, lease_seconds: float) -> None:
        self._client = client
        self._db = durable(client, database)
        self._lease = MongoLease(self._db[STATE], THE_STATE, owner, lease_seconds)

    async def prepare(self) -> None:
        """Make the document of state where there is none yet. Raises Unavailable."""
        await self._lease.prepare(folds=0, current=FIRST_GENERATION, previous=None, next=None)

    async def read_anew(self) -> None:
        """Have events counted whose type was unknown when they came. Raises Unavailable."""
        with translated():
            await read_anew(self._db)

    async def lead(self) -> bool:
        """Take or renew the lease; whether this instance counts. Raises Unavailable."""
        return await self._lease.hold()

    async def resign(self) -> None:
        """Give the lease back, so that another instance goes on at once. Raises Unavailable."""
        await self._lease.resign()

    async def zones(self) -> dict[str, str]:
        """Return the zone of every programme that we know, by its id. Raises Unavailable."""
        with translated():
            return await zones_of(self._db)

    async def take(self, programmes: Sequence[str], limit: int) -> list[Fact]:
        """Return facts of these programmes that are not counted yet. Raises Unavailable."""
        with translated():
            query = {"programme_id": {"$in": list(programmes)}, **readable()}
            found = await self._db[UNFOLDED].find(query, {"_id": 1}, limit=limit).to_list(None)
            return await facts_by_id(self._db[ARCHIVE], [row["_id"] for row in found])

    async def fold(self, facts: Sequence[Fact], totals: Totals, events: Sequence[str]) -> None:
        """Add to the totals and take the facts off the work list, both or neither.

        Raises Conflict where another instance leads or has counted one of them, Unavailable where
        the outcome is not known: what then is still on the list is not counted.
        """
        ids = [fact.id for fact in facts]
        async with transaction(self._client) as session:
            state = await change_state(self._db, self._lease.mine, {"$inc": {"folds": 1}}, session)
            if state is None:
                self._lease.lose()
                raise Conflict("another instance counts")
            await add(self._db, state["current"], totals, session)
            await _take_off(self._db, ids, session)
            if state["next"] is not None:
                await _note_refolded(self._db, state["next"], facts, session)
            await _revise(self._db, events, session)

    @asynccontextmanager
    async def arrivals(self) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
        """Watch the work list: what is yielded returns at a new row, or after so many seconds.

        What comes after this block was entered is not missed. Raises Unavailable.
        """
        match, project = {"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}
        inserts: list[Document] = [match, project]
        with translated():
            watched = self._db[UNFOLDED].watch(inserts, max_await_time_ms=_AWAIT_MS)
            async with await watched as stream:

                async def wait(seconds: float) -> None:
                    until = time.monotonic() + seconds
                    while await stream.try_next() is None and time.monotonic() < until:
                        continue

                yield wait

    async def waiting(self, programmes: Sequence[str]) -> Waiting:
        """Return what is on the work list, apart what waits for its programme or for code."""
        known = {"programme_id": {"$in": list(programmes)}, **readable()}
        unknown = {"programme_id": {"$nin": list(programmes)}, **readable()}
        unread = {"$nor": [readable()]}
        rows = self._db[UNFOLDED]
        with translated():
            found: list[Any] = []
            for query in (known, unknown, unread):
                found.append(await rows.count_documents(query, limit=_COUNT_LIMIT))
                found.append(await _oldest(rows, query))
        return Waiting(*found)


@asynccontextmanager
async def transaction(client: Client) -> AsyncIterator[AsyncClientSession]:
    """Run one transaction, durable on a majority. Raises Conflict and Unavailable."""
    with translated():
        async with (
            client.start_session() as session,
            await session.start_transaction(
                read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            ),
        ):
            yield session


async def change_state(
    database: Database,
    query: Document,
    change: Document | list[Document],
    session: AsyncClientSession | None = None,
) -> Document | None:
    """Return the document of state as it is after the change; None where the query did not fit."""
    return await database[STATE].find_one_and_update(
        {"_id": THE_STATE, **query},
        change,
        session=session,
        return_document=ReturnDocument.AFTER,
    )


async def add(
    database: Database, generation: int, totals: Totals, session: AsyncClientSession
) -> None:
    """Add to the counters of one generation."""
    increments = [
        UpdateOne(
            {"_id": document["_id"]},
            {"$inc": {f"n.{measure}": n for measure, n in document["n"].items()}},
            upsert=True,
        )
        for document in documents(generation, totals)
    ]
    if increments:
        await database[TOTALS].bulk_write(increments, ordered=False, session=session)


async def _take_off(database: Database, ids: Sequence[str], session: AsyncClientSession) -> None:
    taken = await database[UNFOLDED].delete_many({"_id": {"$in": list(ids)}}, session=session)
    if taken.deleted_count != len(ids):
        raise Conflict("somebody else has counted this")


async def _note_refolded(
    database: Database, generation: int, facts: Sequence[Fact], session: AsyncClientSession
) -> None:
    rows = [InsertOne({"_id": f"{generation}|{fact.id}"}) for fact in facts]
    await database[REFOLDED].bulk_write(rows, ordered=False, session=session)


async def _revise(database: Database, events: Sequence[str], session: AsyncClientSession) -> None:
    revised: dict[str, Any] = {"$inc": {"revision": 1}, "$currentDate": {"updated_at": True}}
    changes = [UpdateOne({"_id": event_id}, revised, upsert=True) for event_id in events]
    if changes:
        await database[REVISIONS].bulk_write(changes, ordered=False, session=session)


async def _oldest(rows: Any, query: Mapping[str, Any]) -> datetime | None:
    found = await rows.find_one(query, {"since": 1}, sort=[("since", 1)])
    return found["since"] if found else None
