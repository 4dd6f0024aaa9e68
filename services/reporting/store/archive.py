"""The archive: what a unit writes into it, and the ways to read it through."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from services.reporting.domain import Fact, Totals
from services.reporting.store.names import (
    ARCHIVE,
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
from services.reporting.usecases.archive import ArchivedEvent, Uncounted
from shared.messaging.collections import Collection
from shared.messaging.errors import Unavailable
from shared.messaging.message import Document, Message, from_document, to_document
from shared.mongo.client import Client, translated

PAGE = 1000
"""Archived events read at once."""

_SNAPSHOT_TOO_OLD = 239


_COUNTED = {"body": 0}


class ArchiveCollection(Collection[ArchivedEvent]):
    """Archived events: the envelope beside the payload, and a time that ranges can be asked of."""

    def encode(self, kept: ArchivedEvent) -> Document:
        """Return the document of an archived event."""
        envelope = to_document(Message(kept.envelope, b""))
        del envelope["body"]
        return {
            "_id": envelope.pop("_id"),
            "version": 1,
            "programme_id": kept.programme_id,
            "type": kept.envelope.type,
            "archived_at": kept.archived_at,
            "envelope": envelope,
            "payload": kept.payload,
            "body": kept.body,
        }

    def decode(self, document: Document) -> ArchivedEvent:
        """Return the archived event of a document."""
        return ArchivedEvent(
            message_of(document).envelope,
            document["programme_id"],
            document["archived_at"],
            document["payload"],
            bytes(document["body"]),
        )


class UncountedCollection(Collection[Uncounted]):
    """The work list of the projector."""

    def encode(self, kept: Uncounted) -> Document:
        """Return the document of a row; its time stays a time, for the age of the oldest."""
        return {**super().encode(kept), "since": kept.since}


def message_of(document: Mapping[str, Any]) -> Message:
    """Return an archived event as a message: its own envelope, and the body that is kept."""
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


async def zones_of(database: Any, session: Any = None) -> dict[str, str]:
    """Return the zone of every programme that we know, by its id."""
    found = database[PROGRAMMES].find({}, {"time_zone": 1}, session=session)
    return {document["_id"]: document["time_zone"] for document in await found.to_list(None)}


async def facts_by_id(
    archive: Any, ids: Iterable[str], session: AsyncClientSession | None = None
) -> list[Fact]:
    """Return these archived events as far as they are counted."""
    found = archive.find({"_id": {"$in": list(ids)}}, _COUNTED, session=session)
    return [fact_of(document) for document in await found.to_list(None)]


class Archive:
    """The archive of one service, to be counted from again."""

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self._db = durable(client, database)

    async def programmes(self) -> dict[str, str]:
        """Return the zone of every programme that we know, by its id. Raises Unavailable."""
        with translated():
            return await zones_of(self._db)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """Everything as it was at one moment, while more goes on being written.

        Raises Unavailable, also where reading takes longer than the server keeps a moment
        (`minSnapshotHistoryWindowInSeconds`, five minutes unless set otherwise).
        """
        try:
            with translated():
                async with self._client.start_session(snapshot=True) as session:
                    yield Snapshot(self._client.get_database(self._db.name), session)
        except Unavailable as error:
            cause = error.__cause__
            if isinstance(cause, OperationFailure) and cause.code == _SNAPSHOT_TOO_OLD:
                raise Unavailable("reading took longer than a snapshot lives") from error
            raise

    async def heads(self, event_type: str) -> AsyncIterator[tuple[int, str]]:
        """Yield number and hash of each block that a trail has published. Raises Unavailable."""
        query = {"programme_id": None, "type": event_type}
        with translated():
            async for found in self._db[ARCHIVE].find(query, {"payload": 1}, sort=[("_id", 1)]):
                yield found["payload"]["number"], found["payload"]["head"]

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

    def __init__(self, database: Any, session: AsyncClientSession) -> None:
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
    database: Any, programme_id: str, session: AsyncClientSession | None
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
    rows: Any, ids: Sequence[str], prefix: str, session: AsyncClientSession | None = None
) -> set[str]:
    with translated():
        wanted = [prefix + id_ for id_ in ids]
        found = rows.find({"_id": {"$in": wanted}}, {"_id": 1}, session=session)
        return {row["_id"].removeprefix(prefix) for row in await found.to_list(None)}
