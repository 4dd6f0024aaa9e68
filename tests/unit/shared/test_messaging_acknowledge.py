"""Many acknowledgements in one frame, and none of a message that is not settled."""

import asyncio
from itertools import pairwise
from typing import cast

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.acknowledge import Acknowledger
from tests.size import examples


class Broker:
    """A channel as RabbitMQ keeps it: a tag that is not outstanding closes it."""

    def __init__(self, delivered: int) -> None:
        self.outstanding = set(range(1, delivered + 1))
        self.settled: set[int] = set()
        self.frames: list[tuple[int, bool]] = []
        self.closed = False

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


@settings(deadline=None, max_examples=examples(200))
@given(order=st.permutations(range(1, 13)), cuts=st.lists(st.integers(0, 11), max_size=5))
def test_any_order_of_settling_acknowledges_all(order: list[int], cuts: list[int]) -> None:
    edges = sorted({0, *cuts, len(order)})
    turns = [order[start:end] for start, end in pairwise(edges)]
    broker = Broker(12)
    asyncio.run(settle(broker, turns))
    assert broker.outstanding == set()
