"""Outbox and parking as collections; leases by the server's clock."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from shared.messaging.errors import Conflict
from shared.messaging.message import ADDRESSED, Document, Message, from_document, to_document
from shared.messaging.store import Backlog
from shared.mongo.client import Client, Database, translated
from shared.mongo.store import DEFERRED, INBOX, INSTANCES, OUTBOX

_COUNT_LIMIT = 1_000_000


class MongoOutbox:
    """The outbox of one service as one of its instances sees it."""

    def __init__(self, client: Client, database: str, owner: str) -> None:
        self._owner = owner
        self._db: Database = client.get_database(database, read_concern=ReadConcern("majority"))
        # Losing a deletion is a duplicate, which consumers know: no need to wait for a majority.
        self._cleared = self._db[OUTBOX].with_options(write_concern=WriteConcern(1))

    async def renew(self, seconds: float) -> None:
        """Say that this instance lives, until so many seconds from now by the server's clock."""
        until = {"$add": ["$$NOW", int(seconds * 1000)]}
        with translated():
            await self._db[INSTANCES].update_one(
                {"_id": self._owner}, [{"$set": {"until": until}}], upsert=True
            )

    async def retire(self) -> None:
        """Say that this instance is gone, so that others take what it leaves at once."""
        with translated():
            await self._db[INSTANCES].delete_one({"_id": self._owner})

    async def mine(self, limit: int, behind: str = "") -> list[Message]:
        """Return this instance's oldest rows behind this id, committed on a majority."""
        query = {"owner": self._owner, "_id": {"$gt": behind}}
        with translated():
            rows = self._db[OUTBOX].find(query, sort=[("_id", 1)], limit=limit)
            return [from_document(row) for row in await rows.to_list(None)]

    async def adopt(self) -> int:
        """Take over the rows of instances that are gone; return how many.

        Two that adopt at once both publish at worst.
        """
        with translated():
            owners = set(await self._db[OUTBOX].distinct("owner")) - {self._owner}
            if not owners:
                return 0
            living = self._db[INSTANCES].find({"$expr": {"$gt": ["$until", "$$NOW"]}})
            gone = owners - {instance["_id"] for instance in await living.to_list(None)}
            if not gone:
                return 0
            taken = await self._db[OUTBOX].update_many(
                {"owner": {"$in": list(gone)}}, {"$set": {"owner": self._owner}}
            )
            return int(taken.modified_count)

    async def clear(self, ids: Sequence[str]) -> None:
        """Forget rows that the broker has confirmed."""
        with translated():
            await self._cleared.delete_many({"_id": {"$in": list(ids)}})

    async def backlog(self) -> Backlog:
        """Return how many rows wait and since when, of all instances."""
        with translated():
            count = await self._db[OUTBOX].count_documents({}, limit=_COUNT_LIMIT)
            oldest = await self._db[OUTBOX].find_one({}, sort=[("_id", 1)])
        since = datetime.fromisoformat(oldest["recorded_at"]) if oldest else None
        return Backlog(count, since)


class MongoDeferred:
    """Messages of one service that wait for a named predecessor."""

    def __init__(self, client: Client, database: str, owner: str, queue: str) -> None:
        self._client = client
        self._owner = owner
        self._queue = queue
        self._looked_at = ""
        self._db: Database = client.get_database(database, read_concern=ReadConcern("majority"))

    async def release(self, limit: int) -> list[Message]:
        """Move messages whose predecessor has come back to the outbox, and return them.

        They go the whole road again, to this service's queue alone, so their marks are forgotten.
        One call looks at `limit` of them, the next at those behind, and so round and round.
        """
        with translated():
            ready = await self._ready(limit)
            if not ready:
                return []
            messages = [self._addressed(document) for document in ready]
            moved = await self._moved([document["_id"] for document in ready], messages)
        return messages if moved else []

    async def _ready(self, limit: int) -> list[Document]:
        behind = {"_id": {"$gt": self._looked_at}}
        waiting = (
            await self._db[DEFERRED].find(behind, sort=[("_id", 1)], limit=limit).to_list(None)
        )
        self._looked_at = waiting[-1]["_id"] if len(waiting) == limit else ""
        wanted: dict[str, set[str]] = {}
        for document in waiting:
            wanted.setdefault(document["waits_in"], set()).add(document["waits_for"])
        there = set()
        for collection, ids in wanted.items():
            found = self._db[collection].find({"_id": {"$in": list(ids)}}, {"_id": 1})
            there |= {(collection, document["_id"]) for document in await found.to_list(None)}
        return [d for d in waiting if (d["waits_in"], d["waits_for"]) in there]

    def _addressed(self, document: Document) -> Message:
        message = from_document(document)
        return Message(message.envelope, message.body, ADDRESSED, self._queue)

    async def _moved(self, ids: list[str], messages: list[Message]) -> bool:
        """Move them; False where another instance does so, or their last release has not left."""
        try:
            with translated():
                await self._move(ids, messages)
        except Conflict:
            return False
        return True

    async def _move(self, ids: list[str], messages: list[Message]) -> None:
        rows = [{**to_document(message), "owner": self._owner} for message in messages]
        async with (
            await self._client.start_session() as session,
            session.start_transaction(write_concern=WriteConcern("majority")),
        ):
            chosen = {"_id": {"$in": ids}}
            taken = await self._db[DEFERRED].delete_many(chosen, session=session)
            if taken.deleted_count != len(ids):
                # Released meanwhile, perhaps even handled: its new mark must not go.
                raise Conflict("released by another instance")
            await self._db[INBOX].delete_many(chosen, session=session)
            await self._db[OUTBOX].insert_many(rows, session=session)

    async def backlog(self) -> Backlog:
        """Return how many wait and since when."""
        with translated():
            count = await self._db[DEFERRED].count_documents({}, limit=_COUNT_LIMIT)
            oldest = await self._db[DEFERRED].find_one({}, sort=[("since", 1)])
        return Backlog(count, oldest["since"] if oldest else None)
