# ruff: noqa: S101 - a suite of tests: it asserts, by names and plain numbers
"""What every bus must do; the fake and the real one pass it.

A subclass gives the fixture `bus`, a bus with a queue bound to `message`'s type and none to
`STRAY`, and `arrived`, which returns the ids of so many messages that the queue holds.
"""

from dataclasses import replace

import pytest

from shared.messaging.bus import Bus
from shared.messaging.errors import NotPublished
from shared.messaging.message import Message

STRAY = "nobody.wants_it.v1"
_LONG = 200 * 1024
"""Bytes: more than one frame of 128 KiB, less than a consumer's limit."""


class BusContract:
    """The suite."""

    def message(self, id_: str) -> Message:
        """Return a message that the queue takes."""
        raise NotImplementedError

    async def arrived(self, count: int) -> list[str]:
        """Return the message ids that the queue holds, in order."""
        raise NotImplementedError

    async def test_one_is_published(self, bus: Bus) -> None:
        """And is there when `publish` returns."""
        await bus.publish(self.message("m1"))
        assert await self.arrived(1) == ["m1"]

    async def test_what_no_queue_wants_is_told(self, bus: Bus) -> None:
        """By an error, and nothing else is hindered."""
        with pytest.raises(NotPublished):
            await bus.publish(replace(self.message("m1"), routing_key=STRAY))
        await bus.publish(self.message("m2"))
        assert await self.arrived(1) == ["m2"]

    async def test_many_leave_together(self, bus: Bus) -> None:
        """All are confirmed, and arrive once each, in order."""
        ids = [f"m{number:03}" for number in range(300)]
        assert await bus.publish_all([self.message(id_) for id_ in ids]) == set(ids)
        assert await self.arrived(len(ids)) == ids

    async def test_among_many_only_the_unwanted_is_left(self, bus: Bus) -> None:
        """Who is returned does not take the others with him."""
        mixed = [self.message("m1"), replace(self.message("m2"), routing_key=STRAY)]
        assert await bus.publish_all([*mixed, self.message("m3")]) == {"m1", "m3"}
        assert await self.arrived(2) == ["m1", "m3"]

    async def test_a_long_one_travels_among_many(self, bus: Bus) -> None:
        """Though its body needs more frames than one; so does an empty one, which needs none."""
        bodies = {"m1": b"{}", "m2": b"x" * _LONG, "m3": b"", "m4": b"{}"}
        messages = [replace(self.message(id_), body=body) for id_, body in bodies.items()]
        assert await bus.publish_all(messages) == set(bodies)
        assert sorted(await self.arrived(4)) == sorted(bodies)

    async def test_none_of_none(self, bus: Bus) -> None:
        """Nothing to publish is nothing published."""
        assert await bus.publish_all([]) == set()

    async def test_only_a_long_one(self, bus: Bus) -> None:
        """With nobody to travel with."""
        long = replace(self.message("m1"), body=b"x" * _LONG)
        assert await bus.publish_all([long]) == {"m1"}
        assert await self.arrived(1) == ["m1"]
