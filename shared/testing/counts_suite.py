# ruff: noqa: S101, D102 - a suite of tests: it asserts, by names and plain numbers
"""What every store of counts must do; run against the fake and against MongoDB."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from shared.limits.counts import Addition, Counts, Tries
from shared.limits.rates import Rate

LATER = datetime(2199, 1, 1, tzinfo=UTC)
"""The real server forgets by its own clock."""
RATE = Rate.parse("3/minute")
WHO = [(RATE, "192.0.2.1")]


class Shared(Protocol):
    """Counts of one service as its processes see them."""

    def process(self) -> Counts:
        """Return the counts as one more process sees them."""
        ...

    async def documents(self) -> list[dict[str, Any]]:
        """Return everything that is kept."""
        ...


class Moved:
    """A clock that a test moves; it begins with a window, far from now."""

    def __init__(self) -> None:
        self.now = LATER

    def __call__(self) -> datetime:
        return self.now


class CountsContract:
    """Counts are added up over processes, and forgotten by windows."""

    async def test_what_nobody_counted_is_missing(self, shared: Shared) -> None:
        assert await shared.process().of(["a/1"]) == {}
        assert await shared.process().of([]) == {}
        await shared.process().add([])

    async def test_processes_add_up(self, shared: Shared) -> None:
        one, two = shared.process(), shared.process()
        await one.add([Addition("a/1", 2, LATER), Addition("b/1", 1, LATER)])
        await two.add([Addition("a/1", 3, LATER)])
        assert await one.of(["a/1", "b/1", "c/1"]) == {"a/1": 5, "b/1": 1}

    async def test_additions_at_the_same_moment_all_count(self, shared: Shared) -> None:
        processes = [shared.process() for _ in range(3)]
        each = [Addition("a/1", 1, LATER)]
        await asyncio.gather(*(one.add(each) for one in processes for _ in range(20)))
        assert await processes[0].of(["a/1"]) == {"a/1": 60}

    async def test_wrong_tries_at_two_processes_stop_a_third(self, shared: Shared) -> None:
        clock = Moved()
        one, two, three = (Tries(shared.process(), clock, b"key") for _ in range(3))
        for tries in (one, two, one):
            assert await tries.waits(WHO) is None
            await tries.count(WHO)
        waits = await three.waits(WHO)
        assert waits is not None
        assert 1 <= waits <= 2 * RATE.seconds
        assert await three.waits([(RATE, "192.0.2.2")]) is None
        clock.now += timedelta(seconds=waits)
        assert await three.waits(WHO) is None

    async def test_another_key_or_another_rate_counts_apart(self, shared: Shared) -> None:
        clock = Moved()
        for _ in range(3):
            await Tries(shared.process(), clock, b"key").count(WHO)
        assert await Tries(shared.process(), clock, b"other").waits(WHO) is None
        tries = Tries(shared.process(), clock, b"key")
        assert await tries.waits([(Rate.parse("4/hour"), WHO[0][1])]) is None

    async def test_to_ask_writes_nothing_and_nothing_tells_who_is_counted(
        self, shared: Shared
    ) -> None:
        tries = Tries(shared.process(), Moved(), b"key")
        await tries.waits(WHO)
        assert await shared.documents() == []
        await tries.count(WHO)
        (kept,) = await shared.documents()
        assert "192.0.2.1" not in str(kept)
        assert kept["until"] == LATER + 2 * timedelta(minutes=1)
