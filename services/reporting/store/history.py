"""The archive as it is sent to new consumers, and how far each has come."""

from collections.abc import Mapping
from typing import Any

from services.reporting.store.archive import message_of
from services.reporting.store.names import ARCHIVE, CURSORS, durable
from services.reporting.usecases.history import Order, Place, Progress
from shared.messaging.message import Message
from shared.mongo.client import Client, translated


class HistoryStore:
    """`usecases.history.Archive`. Every method may raise Unavailable."""

    def __init__(self, client: Client, database: str) -> None:
        self._db = durable(client, database)

    async def progress(self, order: Order) -> Progress:
        """Return how far an order has come; nowhere where it is new."""
        with translated():
            found = await self._db[CURSORS].find_one({"_id": _id(order)})
        return Progress(Place(found["archived_at"], found["id"]), found["sent"]) if found else _NEW

    async def keep(self, order: Order, progress: Progress) -> None:
        """Remember how far an order has come."""
        if progress.place is None:
            return
        reached = {
            "archived_at": progress.place.archived_at,
            "id": progress.place.id,
            "sent": progress.sent,
        }
        with translated():
            await self._db[CURSORS].update_one({"_id": _id(order)}, {"$set": reached}, upsert=True)

    async def forget(self, order: Order) -> None:
        """Forget how far an order has come."""
        with translated():
            await self._db[CURSORS].delete_one({"_id": _id(order)})

    async def page(
        self, order: Order, after: Place | None, limit: int
    ) -> list[tuple[Place, Message]]:
        """Return what was archived after a place, oldest first."""
        sort = [("archived_at", 1), ("_id", 1)]
        with translated():
            found = self._db[ARCHIVE].find(
                _query(order, after), {"payload": 0}, sort=sort, limit=limit
            )
            documents = await found.to_list(None)
        return [(Place(d["archived_at"], d["_id"]), message_of(d)) for d in documents]


_NEW = Progress()


def _id(order: Order) -> str:
    since = order.since.isoformat() if order.since else ""
    return "|".join((order.queue, ",".join(sorted(order.types)), since))


def _query(order: Order, after: Place | None) -> Mapping[str, Any]:
    query: dict[str, Any] = {"type": {"$in": list(order.types)}} if order.types else {}
    if after is not None:
        # A range on the first key of the index, and inside its first moment on the second.
        query["archived_at"] = {"$gte": after.archived_at}
        query["$or"] = [{"archived_at": {"$gt": after.archived_at}}, {"_id": {"$gt": after.id}}]
    elif order.since is not None:
        query["archived_at"] = {"$gte": order.since}
    return query
