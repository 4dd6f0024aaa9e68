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


@dataclass(frozen=True, slots=True)
class Post:
    """One message to send."""

    message: Message
    exchange: str
    key: str


@dataclass(frozen=True, slots=True)
class Window:
    """What was measured between two messages: seconds on the clock and of a processor."""

    seconds: float
    processor: float


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
    queue: AbstractQueue, warm: int, count: int, processor: Callable[[], float] = lambda: 0.0
) -> Window:
    """Acknowledge `warm + count` messages; return what passed while the last `count` came.

    `processor` says how many seconds of a processor the measured process has used so far.
    """
    seen, start, end = 0, (0.0, 0.0), (0.0, 0.0)
    done = asyncio.Event()

    async def take(message: AbstractIncomingMessage) -> None:
        nonlocal seen, start, end
        await message.ack()
        seen += 1
        if seen == warm:
            start = (time.perf_counter(), processor())
        elif seen == warm + count:
            end = (time.perf_counter(), processor())
            done.set()

    tag = await queue.consume(take)
    async with asyncio.timeout(_GIVE_UP):
        await done.wait()
    await queue.cancel(tag)
    return Window(end[0] - start[0], end[1] - start[1])
