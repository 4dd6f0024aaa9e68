"""Many acknowledgements in one frame, and none of a message that is not settled."""

import asyncio
from itertools import pairwise
from typing import cast

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.acknowledge import Acknowledger, Acknowledgers
from tests.size import examples


class Broker:
    """A channel as RabbitMQ keeps it: a tag that is not outstanding closes it."""

    def __init__(self, delivered: int) -> None:
        self.outstanding = set(range(1, delivered + 1))
        self.settled: set[int] = set()
        self.frames: list[tuple[int, bool]] = []
        self.closed = False
        self.is_closed = False

    async def basic_ack(self, tag: int, *, multiple: bool, wait: bool) -> None:
        """Take the acknowledgement as the broker does."""
        assert not wait
        if self.closed:
            raise ChannelInvalidStateError
        assert tag in self.outstanding, f"unknown delivery tag {tag}"
        covered = {one for one in self.outstanding if one == tag or (multiple and one < tag)}
        assert covered <= self.settled, f"{covered - self.settled} not settled"
        self.outstanding -= covered
        self.frames.append((tag, multiple))


async def settle(broker: Broker, turns: list[list[int]]) -> None:
    """Settle these tags, each list in one turn of the loop."""
    acknowledger = Acknowledger(cast("AbstractChannel", broker))
    for tag in sorted(broker.outstanding):
        acknowledger.delivered(tag)
    for tags in turns:
        for tag in tags:
            broker.settled.add(tag)
            acknowledger.settle(tag)
        await acknowledger.flushed()


async def test_what_is_settled_together_is_one_frame() -> None:
    broker = Broker(5)
    await settle(broker, [[1, 2, 3], [4, 5]])
    assert broker.frames == [(3, True), (5, True)]


async def test_what_is_settled_beyond_a_gap_goes_alone() -> None:
    broker = Broker(5)
    await settle(broker, [[1, 3, 5]])
    assert broker.frames == [(1, True), (3, False), (5, False)]
    assert broker.outstanding == {2, 4}


async def test_a_gap_that_closes_names_no_tag_twice() -> None:
    broker = Broker(4)
    await settle(broker, [[3], [1, 2], [4]])
    assert broker.frames == [(3, False), (2, True), (4, True)]


async def test_a_closed_channel_is_survived() -> None:
    broker = Broker(1)
    broker.closed = True
    await settle(broker, [[1]])
    assert broker.outstanding == {1}


async def test_two_queues_on_one_channel_share_their_acknowledgements() -> None:
    """Tags of a channel alternate between its queues: apart, each queue would see gaps only."""
    broker = Broker(1000)
    channel = cast("AbstractChannel", broker)
    shared = Acknowledgers()
    for tag in range(1, 1001):
        shared.of(channel).delivered(tag)
    for batch in range(0, 1000, 100):
        for queue in (0, 1):
            for tag in range(batch + 1 + queue, batch + 101, 2):
                broker.settled.add(tag)
                shared.of(channel).settle(tag)
        await shared.of(channel).flushed()
    assert len(broker.frames) == 10
    assert broker.outstanding == set()


async def test_a_message_that_is_held_for_long_leaves_nothing_behind_it() -> None:
    broker = Broker(5000)
    acknowledger = Acknowledger(cast("AbstractChannel", broker))
    acknowledger.delivered(1)
    for tag in range(2, 5001):
        broker.settled.add(tag)
        acknowledger.delivered(tag)
        acknowledger.settle(tag)
        await acknowledger.flushed()
    assert broker.outstanding == {1}
    assert (list(acknowledger._open), acknowledger._settled) == ([1], [])


async def test_a_tag_that_nobody_announced_is_never_covered() -> None:
    broker = Broker(3)
    acknowledger = Acknowledger(cast("AbstractChannel", broker))
    broker.settled |= {1, 3}
    for tag in (1, 3):
        acknowledger.delivered(tag)
        acknowledger.settle(tag)
    await acknowledger.flushed()
    assert broker.outstanding == {2}


async def test_a_closed_channel_is_forgotten_when_another_opens() -> None:
    shared, first, second = Acknowledgers(), Broker(1), Broker(1)
    before = shared.of(cast("AbstractChannel", first))
    first.is_closed = True
    shared.of(cast("AbstractChannel", second))
    assert len(shared._of) == 1
    assert shared.of(cast("AbstractChannel", first)) is not before


@settings(deadline=None, max_examples=examples(200))
@given(order=st.permutations(range(1, 13)), cuts=st.lists(st.integers(0, 11), max_size=5))
def test_any_order_of_settling_acknowledges_all(order: list[int], cuts: list[int]) -> None:
    edges = sorted({0, *cuts, len(order)})
    turns = [order[start:end] for start, end in pairwise(edges)]
    broker = Broker(12)
    asyncio.run(settle(broker, turns))
    assert broker.outstanding == set()
