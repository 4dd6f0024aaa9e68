"""Counts that the processes of a service share: one small document for each window."""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import UpdateOne

from shared.limits.counts import Addition
from shared.mongo.client import Database, translated

COUNTS: Final = "counts"


class MongoCounts:
    """`limits.counts.Counts` in a service's own database; a TTL index removes what is past."""

    def __init__(self, database: Database) -> None:
        self._counts = database[COUNTS]

    async def of(self, buckets: Sequence[str]) -> Mapping[str, int]:
        """Return the counts there are. Raises Unavailable."""
        with translated():
            found = self._counts.find({"_id": {"$in": list(buckets)}})
            return {one["_id"]: int(one["n"]) for one in await found.to_list(None)}

    async def add(self, additions: Sequence[Addition]) -> None:
        """Add to counts. Raises Unavailable; then some may have been added."""
        writes = [
            UpdateOne(
                {"_id": one.bucket},
                {"$inc": {"n": one.times}, "$set": {"until": one.until}},
                upsert=True,
            )
            for one in additions
        ]
        if writes:
            with translated():
                await self._counts.bulk_write(writes, ordered=False)
