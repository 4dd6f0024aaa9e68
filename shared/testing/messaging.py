"""A service's messaging in memory, for component tests: the real kernel, no server, no socket.

    async with memory_messaging("courier") as messaging:
        client = messaging.client(DEFINITION)

        receipt = await messaging.deliver(RequestReceived(...))
        headers = messaging.headers("admin", "botram", "32.16")
        answer = await client.put(path, json=..., headers=headers)
        assert messaging.published == [JobOpened(...), JobAssigned(...)]

Everything is wired as `assemble` does it in production; only database, bus and broker are not
there. Nothing happens by itself: what was committed is published, what waits for a predecessor is
taken up, and timers that are due by the test's clock fire, when `deliver` or `settle` runs.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from shared.auth.revocations import Revocations
from shared.auth.tokens import Verifier
from shared.contracts import CATALOGUE, Event
from shared.messaging.bus import AmqpBus
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.delivery import Delivery as RealDelivery
from shared.messaging.firing import Timers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import ADDRESSED, Document, Message
from shared.messaging.metrics import CommitMetrics, ConsumerMetrics, OutboxMetrics, TimerMetrics
from shared.messaging.outbox import DEFAULT_LIMIT, OutboxRelay
from shared.messaging.subscriber import ConsumingBroker
from shared.messaging.sweeper import Sweeper
from shared.messaging.task_queue import MAX_COMMANDS
from shared.messaging.topology import DEAD
from shared.messaging.wire import DETAIL, REASON, properties
from shared.mongo.client import Client, Database
from shared.mongo.outbox import MongoOutbox
from shared.mongo.revocations import RevocationWatch
from shared.observability.health import Health
from shared.runtime.assemble import ServiceDefinition, application, consumer_of, context_of
from shared.runtime.commands import Commands
from shared.runtime.messaging import PURPOSE, Messaging
from shared.testing.bus import MemoryBus, Sent
from shared.testing.callers import Callers, StandingClock, service_client
from shared.testing.counts import MemoryCounts
from shared.testing.delivery import Delivery
from shared.testing.documents import MemoryDatabase
from shared.testing.memory import Memory, MemoryDeferred, MemoryOutbox, MemoryStore
from shared.testing.messages import message_of
from shared.testing.timers import MemoryTimers


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivered message."""

    acknowledged: bool
    dead: str | None = None
    """The reason for which it was dead-lettered."""
    detail: str = ""
    retry_later: bool = False
    """It will be tried again."""


class MemoryMessaging(Callers):
    """One instance of a service on fakes."""

    def __init__(
        self,
        service: str,
        clock: StandingClock,
        memory: Memory,
        limit: int,
        collections: Collections | None = None,
        max_commands: int = MAX_COMMANDS,
    ) -> None:
        super().__init__(clock)
        self.service = service
        self.memory = memory
        self.registry = CollectorRegistry()
        self.store = MemoryStore(memory)
        self.outbox = MemoryOutbox(memory)
        self.deferred_store = MemoryDeferred(memory, queue=f"{service}.{PURPOSE}")
        self.timer_store = MemoryTimers(memory, queue=f"{service}.{PURPOSE}")
        self.bus = MemoryBus()
        self.health = Health()
        metrics = OutboxMetrics(self.registry)
        self.relay = OutboxRelay(self.outbox, self.deferred_store, self.bus, metrics, limit=limit)
        self.timer_metrics = TimerMetrics(self.registry)
        self.sweeper = Sweeper(self.timer_store, self.bus, self.timer_metrics)
        self.commit = GroupCommit(
            self.store,
            self.relay,
            CommitMetrics(self.registry),
            source=service,
            clock=clock,
            collections=collections,
            max_commands=max_commands,
        )
        self.messaging = self._as_messaging()
        self._consumers: list[Consumer] = []
        self._revocations: list[Revocations] = []
        self._replayed = 0

    def _as_messaging(self) -> Messaging:
        return Messaging(
            service=self.service,
            client=cast("Client", None),
            database=self.database,
            outbox=cast("MongoOutbox", self.outbox),
            relay=self.relay,
            commit=self.commit,
            bus=cast("AmqpBus", self.bus),
            broker=ConsumingBroker("amqp://nowhere.invalid/", self.service),
            consumer_metrics=ConsumerMetrics(self.registry),
            sweeper=self.sweeper,
            timers=Timers(self.service, self.timer_store, self.timer_metrics, self.clock),
            clock=self.clock,
            counts=MemoryCounts(self.memory),
        )

    @property
    def database(self) -> Database:
        """Return the database as readers see it: `find`, `find_one` and `count_documents`."""
        return cast("Database", MemoryDatabase(self.memory))

    @property
    def published(self) -> list[Event]:
        """Return what was committed to be published, in order, as events."""
        return [
            CATALOGUE[message.envelope.type].model_validate_json(message.body)
            for message in self.messages
        ]

    @property
    def messages(self) -> list[Message]:
        """Return what was committed to be published, in order, with its envelopes."""
        return [message for changes in self.store.committed for message in changes.messages]

    def documents(self, collection: str) -> list[Document]:
        """Return what a collection holds, in order of ids."""
        return self.memory.copies(collection)

    def consumer(self, refused: type[Exception], purpose: str = PURPOSE) -> Consumer:
        """Return a consumer, as `Messaging.consumer`; `deliver` finds it by its types."""
        consumer = self.messaging.consumer(refused, purpose)
        self._consumers.append(consumer)
        return consumer

    def commands(self, refused: type[Exception]) -> Commands:
        """Return what runs commands, as `Messaging.commands`."""
        return self.messaging.commands(refused)

    async def deliver(
        self,
        event: Event,
        *,
        version: int = 1,
        id: str | None = None,  # noqa: A002 - the envelope's own word
        occurred_at: datetime | None = None,
        causation_id: str | None = None,
    ) -> Receipt:
        """Have an event come in on this service's queue; return when it is settled.

        The same `id` again is the same message again.
        """
        now = self.clock()
        message = message_of(
            event,
            occurred_at or now,
            id_=id,
            version=version,
            recorded_at=now,
            causation_id=causation_id,
        )
        return await self.hand_in(message)

    async def hand_in(self, message: Message) -> Receipt:
        """Have a message come in, once more too, and take up what waited for it."""
        receipt = await self._hand_in(Delivery(message.body, properties(message)))
        await self.settle()
        return receipt

    async def _hand_in(self, delivery: Delivery) -> Receipt:
        before = len(self.bus.sent)
        await self._reader_of(delivery).receive(cast("RealDelivery", delivery))
        forwarded = [sent for sent in self.bus.sent[before:] if sent.message is None]
        return _receipt(delivery, forwarded)

    def _reader_of(self, delivery: Delivery) -> Consumer:
        for consumer in self._consumers:
            if consumer.handles(delivery.type or ""):
                return consumer
        return self._consumers[0]

    async def settle(self) -> None:
        """Publish the outbox, release what is no longer deferred and fire what is due.

        Until nothing moves.
        """
        while True:
            await self._one_round()
            released = [s for s in self.bus.sent[self._replayed :] if s.exchange == ADDRESSED]
            self._replayed = len(self.bus.sent)
            if not released:
                return
            for sent in released:
                await self._hand_in(Delivery(sent.letter.body, sent.letter.properties))

    async def _one_round(self) -> None:
        relay = self.relay
        await relay.flushed()
        while await relay._round():  # noqa: SLF001 - a timer's work, done when the test asks
            continue
        relay._in_hand.clear()  # noqa: SLF001 - as after a pause: nothing is on its way
        await self.sweeper.stand()
        while await self.sweeper.round():
            continue

    def app(self, definition: ServiceDefinition, *, secure_cookies: bool = False) -> FastAPI:
        """Return the service as `assemble` makes it in production, its queue read by `deliver`."""
        prefix = f"/{definition.name}"
        context = context_of(definition, self.messaging, self.health, self.registry, prefix)
        self._consumers.append(consumer_of(definition, self.messaging))
        self._revocations.append(context.revocations)
        verifier = Verifier({self._key.kid: self._key.public}, self.clock, context.revocations)
        return application(
            definition,
            context,
            definition.http_interface(context),
            verifier,
            secure_cookies=secure_cookies,
        )

    def client(
        self, definition: ServiceDefinition, *, secure_cookies: bool = False
    ) -> httpx.AsyncClient:
        """Return a client of such an application; it opens no socket.

        Its paths are relative to the service's prefix; what lies at the root is `HOST` and a path.
        """
        app = self.app(definition, secure_cookies=secure_cookies)
        return service_client(app, definition.name)

    async def look(self) -> None:
        """Read what was revoked, as every process does each few seconds."""
        for revocations in self._revocations:
            await RevocationWatch(self.messaging.database, revocations, self.clock).look()


@asynccontextmanager
async def memory_messaging(
    service: str,
    *,
    clock: StandingClock | None = None,
    memory: Memory | None = None,
    outbox_limit: int = DEFAULT_LIMIT,
    collections: Collections | None = None,
    max_commands: int = MAX_COMMANDS,
) -> AsyncIterator[MemoryMessaging]:
    """Run messaging in memory until the end of the block."""
    standing = clock or StandingClock()
    messaging = MemoryMessaging(
        service, standing, memory or Memory(standing), outbox_limit, collections, max_commands
    )
    committing = asyncio.create_task(messaging.commit.run())
    try:
        yield messaging
        await messaging.relay.flushed()
    finally:
        committing.cancel()
        with suppress(asyncio.CancelledError):
            await committing


def _receipt(delivery: Delivery, forwarded: Sequence[Sent]) -> Receipt:
    for sent in forwarded:
        notes = sent.letter.properties.headers or {}
        if sent.exchange == DEAD:
            return Receipt(delivery.acknowledged, str(notes[REASON]), str(notes[DETAIL]))
        return Receipt(delivery.acknowledged, retry_later=True)
    return Receipt(delivery.acknowledged)
