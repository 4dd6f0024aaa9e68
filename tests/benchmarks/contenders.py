"""One hop, done by the bare broker, by us and by what one would take instead; see README.md.

Each contender starts from a filled queue and is timed at the sink, from the end of its warm-up to
the last message.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aio_pika
import httpx
from aio_pika import Message as AmqpMessage
from aio_pika.abc import AbstractChannel
from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient

from deploy.local import ports
from deploy.local.stack import Stack
from shared.contracts.courier import JobOpened
from shared.contracts.envelope import Envelope, new_id
from shared.contracts.intake import RequestReceived
from shared.messaging.message import EXCHANGE, Message
from shared.messaging.wire import properties
from shared.runtime.start import utc_now
from tests.benchmarks.bus import Measured, Post, Size, drained, quorum_queue, send_all

PEERS = "bench.peers"
DUPLICATES = 0.05
HOT = 0.10
_CONSUMERS = 500
_HERE = Path(__file__).parent
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What two instances on one database cost each other."""

    rate: float
    batches: int
    conflicts: int
    redecided: int
    """Units that were decided again."""


class Bench:
    """The servers of one run."""

    def __init__(self, stack: Stack, amqp_url: str, mongo_url: str) -> None:
        self.stack = stack
        self.amqp_url = amqp_url
        self.mongo_url = mongo_url

    async def raw(self, size: Size) -> Measured:
        """Measure the ceiling: confirmed publish and acknowledged consume, no work between."""
        async with self._channel() as channel:
            queue = await quorum_queue(channel, "bench.raw", PEERS, "raw")
            await send_all(channel, _bodies("raw", size.warm))
            sending = await send_all(channel, _bodies("raw", size.count))
            drain = await drained(queue, Size(size.warm, size.count, size.count))
            return Measured(size.count, sending + drain.seconds)

    async def ours(self, size: Size) -> Measured:
        """Measure courier: the service as it is deployed, metrics on, its database empty.

        5 % of the events come twice and 10 % fall on one RW, whose document they all read.
        """
        self._forget()
        async with self._channel() as channel:
            await (await channel.get_queue("courier.events")).purge()
            sink = await quorum_queue(channel, "bench.ours", EXCHANGE, JobOpened.type)
            await send_all(channel, _requests(size.all))
            with _service(self.stack) as pid:
                return await drained(sink, size, lambda: _processor(pid))

    async def two_instances(self, size: Size) -> Conflicts:
        """Measure two couriers on one queue and one database: how often they meet a conflict."""
        self._forget()
        async with self._channel() as channel:
            await (await channel.get_queue("courier.events")).purge()
            sink = await quorum_queue(channel, "bench.ours", EXCHANGE, JobOpened.type)
            await send_all(channel, _requests(size.all))
            with _pair(self.stack) as urls:
                measured = await drained(sink, size)
                return conflicts(measured.rate, [_metrics(url) for url in urls])

    async def faststream(self, size: Size) -> Measured:
        """Measure FastStream as its documentation shows it, one message at a time."""
        return await self._peer("faststream", [sys.executable, "peer_faststream.py"], size)

    async def celery_prefork(self, size: Size) -> Measured:
        """Measure Celery with two processes."""
        return await self._peer("celery", _celery("prefork", 2), size)

    async def celery_threads(self, size: Size) -> Measured:
        """Measure Celery with 32 threads."""
        return await self._peer("celery", _celery("threads", 32), size)

    async def _peer(self, name: str, command: list[str], size: Size) -> Measured:
        with MongoClient[dict[str, object]](self.mongo_url) as client:
            client.drop_database(f"bench_{name}")
            for collection in ("inbox", "state", "outbox"):
                client[f"bench_{name}"].create_collection(collection)
        async with self._channel() as channel:
            await quorum_queue(channel, f"bench.{name}", PEERS, name)
            sink = await quorum_queue(channel, f"bench.{name}.out", PEERS, f"{name}.out")
            await self._feed(name, channel, size)
            with _program(command, self.amqp_url, self.mongo_url):
                return await drained(sink, size)

    async def _feed(self, name: str, channel: AbstractChannel, size: Size) -> None:
        if name != "celery":
            await send_all(channel, _bodies(name, size.all))
            return
        feed = [sys.executable, "peer_celery.py", str(size.all)]
        with _program(feed, self.amqp_url, self.mongo_url) as feeding:
            await asyncio.to_thread(feeding.wait, 120)

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(_CONSUMERS)
            yield channel

    def _forget(self) -> None:
        """Empty courier's database, so that every round begins with the same one."""
        with MongoClient[dict[str, object]](self.mongo_url) as client:
            database = client[self.stack.database("courier")]
            for name in database.list_collection_names():
                database[name].delete_many({})


def _processor(pid: int) -> float:
    """Return how many seconds of a processor a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _bodies(key: str, count: int) -> Iterator[Post]:
    for _ in range(count):
        event = {"id": str(uuid.uuid4()), "service": "KIA", "district": "32.16.05"}
        body = json.dumps(event).encode()
        yield Post(AmqpMessage(body, delivery_mode=2, content_type="application/json"), PEERS, key)


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
        new_id(), event.type, "intake", event.case_id, 1, event.case_id, None, now, now, "bench"
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
        user_id=said.user_id,
    )
    return Post(message, EXCHANGE, event.type)


@contextmanager
def _service(stack: Stack) -> Iterator[int]:
    pid = stack.start("courier").pid
    assert pid is not None
    try:
        yield pid
    finally:
        stack.stop()


@contextmanager
def _pair(stack: Stack) -> Iterator[list[str]]:
    """Run two couriers; where each answers."""
    port = next(ports.free())
    first = stack.start("courier")
    try:
        stack.start("courier", {"COURIER_HTTP_PORT": str(port)})
        yield [stack.direct("courier"), f"http://127.0.0.1:{port}"]
    finally:
        first.terminate()
        stack.stop()


def _metrics(url: str) -> str:
    return httpx.get(f"{url}/metrics", timeout=10).text


def conflicts(rate: float, metrics: Sequence[str]) -> Conflicts:
    """Return what the instances counted since their start, added up."""
    total: Counter[str] = Counter()
    for text in metrics:
        for family in text_string_to_metric_families(text):
            total.update(
                {sample.name: sample.value for sample in family.samples if not sample.labels}
            )
    return Conflicts(
        rate,
        round(total["jemput_commit_batch_size_count"]),
        round(total["jemput_commit_conflicts_total"]),
        round(total["jemput_commit_units_redecided_total"]),
    )


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
        start_new_session=True,
    )
    try:
        yield program
    finally:
        # At once and with its children: what it has not done yet is dropped with its queue.
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def _celery(pool: str, size: int) -> list[str]:
    return [
        sys.executable, "-m", "celery", "-A", "peer_celery", "worker", "-P", pool, "-c", str(size),
        "-l", "ERROR", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
