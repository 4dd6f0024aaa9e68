"""Counts in memory: what `shared.mongo.counts` does, held by the same suite."""

from collections.abc import Mapping, Sequence

from shared.limits.counts import Addition
from shared.testing.memory import Memory

COUNTS = "counts"


class MemoryCounts:
    """`limits.counts.Counts` over a `Memory` that instances of one service share."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def of(self, buckets: Sequence[str]) -> Mapping[str, int]:
        """Return the counts there are. Raises Unavailable."""
        self._memory.reachable()
        held = self._memory.collections[COUNTS]
        return {bucket: int(held[bucket]["n"]) for bucket in buckets if bucket in held}

    async def add(self, additions: Sequence[Addition]) -> None:
        """Add to counts. Raises Unavailable."""
        self._memory.reachable()
        held = self._memory.collections[COUNTS]
        for one in additions:
            before = held.get(one.bucket, {"n": 0})["n"]
            held[one.bucket] = {"_id": one.bucket, "n": before + one.times, "until": one.until}
