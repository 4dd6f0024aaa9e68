"""What every contender is fed from and timed at."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

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
_GIVE_UP = 240.0


@dataclass(frozen=True, slots=True)
class Post:
    """One message to send."""

    message: Message
    exchange: str
    key: str


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
    gate = asyncio.Semaphore(_IN_FLIGHT)
    exchanges: dict[str, AbstractExchange] = {}

    async def one(post: Post) -> None:
        async with gate:
            await exchanges[post.exchange].publish(post.message, post.key)

    ready = list(posts)
    for name in {post.exchange for post in ready}:
        exchanges[name] = await channel.get_exchange(name, ensure=False)
    started = time.perf_counter()
    await asyncio.gather(*[one(post) for post in ready])
    return time.perf_counter() - started


async def drained(queue: AbstractQueue, count: int) -> float:
    """Return the seconds from the first to the last of `count` messages, each acknowledged."""
    seen, first, done = 0, 0.0, asyncio.Event()

    async def take(message: AbstractIncomingMessage) -> None:
        nonlocal seen, first
        await message.ack()
        first = first or time.perf_counter()
        seen += 1
        if seen == count:
            done.set()

    tag = await queue.consume(take)
    async with asyncio.timeout(_GIVE_UP):
        await done.wait()
    took = time.perf_counter() - first
    await queue.cancel(tag)
    return took
