"""One hop, done by the bare broker, by us and by what one would take instead.

A hop: take an event off a durable quorum queue; in one MongoDB transaction (majority) remember that
it was seen, change state and write an outbox record; publish the follow-up event, persistent and
confirmed, to a bound quorum queue; clear the record; acknowledge. Each contender starts from a
filled queue and is timed at the sink, from the first message to the last.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
from aio_pika import Message as AmqpMessage
from pymongo import MongoClient

from deploy.local.stack import Stack
from shared.contracts.courier import JobOpened
from shared.contracts.envelope import Envelope, new_id
from shared.contracts.intake import RequestReceived
from shared.messaging.message import EXCHANGE, Message
from shared.messaging.wire import properties
from shared.runtime.start import utc_now
from tests.benchmarks.bus import Post, drained, quorum_queue, send_all

PEERS = "bench.peers"
DUPLICATES = 0.05
HOT = 0.10
_CONSUMERS = 500
_HERE = Path(__file__).parent


class Bench:
    """One run's servers and size."""

    def __init__(self, stack: Stack, amqp_url: str, mongo_url: str, events: int) -> None:
        self.stack = stack
        self.amqp_url = amqp_url
        self.mongo_url = mongo_url
        self.events = events

    async def raw(self) -> float:
        """Return the ceiling: confirmed publish and acknowledged consume, no work between."""
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(_CONSUMERS)
            queue = await quorum_queue(channel, "bench.raw", PEERS, "raw")
            sending = await send_all(channel, self._bodies("raw"))
            return self.events / (sending + await drained(queue, self.events))

    async def ours(self) -> float:
        """Return courier's rate: the service as it is deployed, metrics on.

        5 % of the events come twice and 10 % fall on one RW, whose document they all change.
        """
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(_CONSUMERS)
            await (await channel.get_queue("courier.events")).purge()
            sink = await quorum_queue(channel, "bench.ours", EXCHANGE, JobOpened.type)
            await send_all(channel, _requests(self.events))
            with _service(self.stack):
                return self.events / await drained(sink, self.events)

    async def faststream(self) -> float:
        """Return the rate of FastStream as its documentation shows it, one message at a time."""
        return await self._peer("faststream", [sys.executable, "peer_faststream.py"])

    async def celery_prefork(self) -> float:
        """Return the rate of Celery with two processes."""
        return await self._peer("celery", _celery("prefork", 2))

    async def celery_threads(self) -> float:
        """Return the rate of Celery with 32 threads."""
        return await self._peer("celery", _celery("threads", 32))

    async def _peer(self, name: str, command: list[str]) -> float:
        with MongoClient[dict[str, object]](self.mongo_url) as client:
            client.drop_database(f"bench_{name}")
            for collection in ("inbox", "state", "outbox"):
                client[f"bench_{name}"].create_collection(collection)
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(_CONSUMERS)
            await quorum_queue(channel, f"bench.{name}", PEERS, name)
            sink = await quorum_queue(channel, f"bench.{name}.out", PEERS, f"{name}.out")
            await self._feed(name, channel)
            with _program(command, self.amqp_url, self.mongo_url):
                return self.events / await drained(sink, self.events)

    async def _feed(self, name: str, channel: aio_pika.abc.AbstractChannel) -> None:
        if name != "celery":
            await send_all(channel, self._bodies(name))
            return
        feed = [sys.executable, "peer_celery.py", str(self.events)]
        with _program(feed, self.amqp_url, self.mongo_url) as feeding:
            await asyncio.to_thread(feeding.wait, 120)

    def _bodies(self, key: str) -> Iterator[Post]:
        for _ in range(self.events):
            event = {"id": str(uuid.uuid4()), "service": "KIA", "district": "32.16.05"}
            body = json.dumps(event).encode()
            message = AmqpMessage(body, delivery_mode=2, content_type="application/json")
            yield Post(message, PEERS, key)


def _requests(count: int) -> list[Post]:
    chance = random.Random(938)
    fresh = [_request(chance) for _ in range(count)]
    posts = fresh + chance.sample(fresh, int(count * DUPLICATES))
    chance.shuffle(posts)
    return posts


def _request(chance: random.Random) -> Post:
    hot = chance.random() < HOT
    other = f"32.75.{chance.randint(2, 12):02}.{chance.randint(1001, 1400)}"
    event = RequestReceived(
        case_id=new_id(),
        programme_id="halo_pamor",
        service="KIA",
        channel="agent",
        region_code="32.75.01.1001" if hot else other,
        rw="005" if hot else f"{chance.randint(1, 99):03}",
        pick_up=True,
        deliver=True,
    )
    now = utc_now()
    envelope = Envelope(
        new_id(), event.type, "intake", event.case_id, 1, event.case_id, None, now, now
    )
    said = properties(Message(envelope, b""))
    message = AmqpMessage(
        event.model_dump_json().encode(),
        headers=said.headers,
        content_type=said.content_type,
        delivery_mode=2,
        correlation_id=said.correlation_id,
        message_id=said.message_id,
        timestamp=said.timestamp,
        type=said.message_type,
        app_id=said.app_id,
    )
    return Post(message, EXCHANGE, event.type)


@contextmanager
def _service(stack: Stack) -> Iterator[None]:
    stack.start("courier")
    try:
        yield
    finally:
        stack.stop()


@contextmanager
def _program(
    command: list[str], amqp_url: str, mongo_url: str
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"BENCH_AMQP_URL": amqp_url, "BENCH_MONGO_URL": mongo_url}
    program = subprocess.Popen(
        command,
        cwd=_HERE,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield program
    finally:
        program.terminate()
        program.wait(20)


def _celery(pool: str, size: int) -> list[str]:
    return [
        sys.executable, "-m", "celery", "-A", "peer_celery", "worker", "-P", pool, "-c", str(size),
        "-l", "ERROR", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
