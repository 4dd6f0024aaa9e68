"""Outbox and deferred messages as collections; leases by the server's clock."""

from collections.abc import Sequence

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from shared.messaging.errors import Conflict
from shared.messaging.message import (
    ADDRESSED,
    Document,
    Message,
    from_document,
    inbox_id_of_message,
    read_document,
    to_document,
    unreadable_because,
)
from shared.messaging.store import Backlog
from shared.mongo.client import Client, Database, translated
from shared.mongo.store import DEFERRED, INBOX, INSTANCES, OUTBOX
from shared.mongo.unreadable import UNREADABLE, move_back, set_aside

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
            while True:
                found = self._db[OUTBOX].find(query, sort=[("_id", 1)], limit=limit)
                rows = [(row, *read_document(row)) for row in await found.to_list(None)]
                unreadable = [(row, reason) for row, message, reason in rows if message is None]
                if not unreadable:
                    return [message for _, message, _ in rows if message]
                await set_aside(self._db, OUTBOX, unreadable)

    async def reread(self) -> int:
        """Move rows from `unreadable` back that this version can read; return how many."""
        with translated():
            return await move_back(self._db, self._owner)

    async def unreadable(self) -> int:
        """Return how many documents lie in `unreadable`."""
        with translated():
            return await self._db[UNREADABLE].count_documents({}, limit=_COUNT_LIMIT)

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
        message = read_document(oldest)[0] if oldest else None
        return Backlog(count, message.envelope.recorded_at if message else None)


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

        They are published again, to this service's queue alone, so their inbox records go.
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
        waiting = await self._readable(waiting)
        wanted: dict[str, set[str]] = {}
        for document in waiting:
            wanted.setdefault(document["waits_in"], set()).add(document["waits_for"])
        there = set()
        for collection, ids in wanted.items():
            found = self._db[collection].find({"_id": {"$in": list(ids)}}, {"_id": 1})
            there |= {(collection, document["_id"]) for document in await found.to_list(None)}
        return [d for d in waiting if (d["waits_in"], d["waits_for"]) in there]

    async def _readable(self, waiting: list[Document]) -> list[Document]:
        reasons = [(document, unreadable_because(document)) for document in waiting]
        unreadable = [(document, reason) for document, reason in reasons if reason]
        if unreadable:
            await set_aside(self._db, DEFERRED, unreadable)
        return [document for document, reason in reasons if not reason]

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
            self._client.start_session() as session,
            await session.start_transaction(write_concern=WriteConcern("majority")),
        ):
            chosen = {"_id": {"$in": ids}}
            taken = await self._db[DEFERRED].delete_many(chosen, session=session)
            if taken.deleted_count != len(ids):
                # Released meanwhile, perhaps even handled: its new inbox record must not go.
                raise Conflict("released by another instance")
            inbox = {"_id": {"$in": [inbox_id_of_message(id_) for id_ in ids]}}
            await self._db[INBOX].delete_many(inbox, session=session)
            await self._db[OUTBOX].insert_many(rows, session=session)

    async def backlog(self) -> Backlog:
        """Return how many wait and since when."""
        with translated():
            count = await self._db[DEFERRED].count_documents({}, limit=_COUNT_LIMIT)
            oldest = await self._db[DEFERRED].find_one({}, sort=[("since", 1)])
        return Backlog(count, oldest["since"] if oldest else None)
