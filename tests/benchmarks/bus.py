"""What every contender is fed from and timed at."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import aio_pika
from aio_pika import Message
from aio_pika.abc import (
    AbstractChannel,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
)
from pamqp.common import Arguments

QUORUM: Arguments = {"x-queue-type": "quorum"}
_IN_FLIGHT = 500
_SLICE = 3000
_GIVE_UP = 240.0
LONG_ENOUGH = 20.0
"""Seconds that a round measures, where there are events for so long."""


@dataclass(frozen=True, slots=True)
class Post:
    """One message to send."""

    message: Message
    exchange: str
    key: str


@dataclass(frozen=True, slots=True)
class Size:
    """How many events one round of a contender takes.

    `warm` come before it is timed. Then it is timed for `LONG_ENOUGH` seconds and at least `least`
    events; `count` are there for that.
    """

    warm: int
    least: int
    count: int

    @property
    def all(self) -> int:
        """Return how many there are together."""
        return self.warm + self.count


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one contender."""

    events: int
    seconds: float
    processor: float = 0.0
    """Seconds of a processor that our own process used for them."""

    @property
    def rate(self) -> float:
        """Return the events a second."""
        return self.events / self.seconds


async def quorum_queue(
    channel: AbstractChannel, name: str, exchange: str, key: str
) -> AbstractQueue:
    """Return an empty durable quorum queue, bound."""
    where = await channel.declare_exchange(exchange, aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(name, durable=True, arguments=QUORUM)
    await queue.bind(where, key)
    await queue.purge()
    return queue


async def send_all(channel: AbstractChannel, posts: Iterable[Post]) -> float:
    """Publish with confirms, as many at once as pays, and return the seconds it took."""
    exchanges: dict[str, AbstractExchange] = {}
    took, rest = 0.0, iter(posts)
    while some := list(islice(rest, _SLICE)):
        for name in {post.exchange for post in some} - exchanges.keys():
            exchanges[name] = await channel.get_exchange(name, ensure=False)
        took += await _send(exchanges, some)
    return took


async def _send(exchanges: dict[str, AbstractExchange], posts: Iterable[Post]) -> float:
    gate = asyncio.Semaphore(_IN_FLIGHT)

    async def one(post: Post) -> None:
        async with gate:
            await exchanges[post.exchange].publish(post.message, post.key)

    started = time.perf_counter()
    await asyncio.gather(*[one(post) for post in posts])
    return time.perf_counter() - started


async def drained(
    queue: AbstractQueue, size: Size, processor: Callable[[], float] = lambda: 0.0
) -> Measured:
    """Acknowledge the warm-up, then measure what comes.

    `processor` says how many seconds of a processor the measured process has used so far.
    """
    seen, start = 0, (0.0, 0.0)
    done: asyncio.Future[Measured] = asyncio.get_running_loop().create_future()

    async def take(message: AbstractIncomingMessage) -> None:
        nonlocal seen, start
        await message.ack()
        seen, now = seen + 1, time.perf_counter()
        if seen == size.warm:
            start = (now, processor())
        events, seconds = seen - size.warm, now - start[0]
        enough = events >= size.least and seconds >= LONG_ENOUGH
        if (enough or events == size.count) and not done.done():
            done.set_result(Measured(events, seconds, processor() - start[1]))

    tag = await queue.consume(take)
    async with asyncio.timeout(_GIVE_UP):
        measured = await done
    await queue.cancel(tag)
    return measured
