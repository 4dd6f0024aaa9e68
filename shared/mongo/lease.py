"""One instance at a time, by the server's clock: a document that names who leads and until when.

A lease keeps instances from getting in each other's way; it does not prove anything. One that was
asleep may still believe that it leads. What must not happen twice rests on a transaction that then
fails: it writes the document of the lease, found by `mine`, or deletes what was worked off.
"""

import time
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection

from shared.messaging.message import Document
from shared.mongo.client import translated

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = ""


class MongoLease:
    """The lease under one id, as one instance sees it. Methods may raise Unavailable."""

    def __init__(
        self,
        leases: AsyncCollection[dict[str, Any]],
        id_: str,
        owner: str,
        seconds: float,
    ) -> None:
        self._leases = leases
        self._id = id_
        self._owner = owner
        self._seconds = seconds
        self._renewed = -seconds
        self.epoch = 0
        """How often the lead had changed hands when this instance last led."""

    @property
    def mine(self) -> Document:
        """Return the query that finds the document while nobody else has led since."""
        return {"_id": self._id, "owner": self._owner, "epoch": self.epoch}

    async def prepare(self, **more: object) -> None:
        """Make the document where there is none yet, with whatever else it is to hold."""
        first = {"owner": _NOBODY, "epoch": 0, "until": _EPOCH, **more}
        with translated():
            await self._leases.update_one({"_id": self._id}, {"$setOnInsert": first}, upsert=True)

    async def hold(self) -> bool:
        """Take or renew the lease; whether this instance leads. The server is asked at times."""
        if time.monotonic() - self._renewed < self._seconds / 3:
            return True
        asked = time.monotonic()
        free = [{"owner": self._owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]
        mine = {"$eq": ["$owner", self._owner]}
        held = {
            "epoch": {"$cond": [mine, "$epoch", {"$add": ["$epoch", 1]}]},
            "owner": self._owner,
            "until": {"$add": ["$$NOW", int(self._seconds * 1000)]},
        }
        with translated():
            lease: Document | None = await self._leases.find_one_and_update(
                {"_id": self._id, "$or": free},
                [{"$set": held}],
                return_document=ReturnDocument.AFTER,
            )
        if lease is None:
            self.lose()
            return False
        self.epoch, self._renewed = lease["epoch"], asked
        return True

    def lose(self) -> None:
        """Ask anew the next time: somebody else was seen to lead."""
        self._renewed = -self._seconds

    async def resign(self) -> None:
        """Give the lease back, so that another instance goes on at once."""
        self.lose()
        with translated():
            await self._leases.update_one(
                {"_id": self._id, "owner": self._owner}, {"$set": {"until": _EPOCH}}
            )
