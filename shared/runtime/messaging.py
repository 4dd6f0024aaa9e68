"""One service's messaging, wired: database, outbox, group commit and RabbitMQ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from shared.limits.counts import Counts
from shared.messaging.bus import AmqpBus
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.errors import Unavailable
from shared.messaging.firing import Timers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.metrics import CommitMetrics, ConsumerMetrics, OutboxMetrics, TimerMetrics
from shared.messaging.outbox import OutboxRelay
from shared.messaging.subscriber import ConsumingBroker
from shared.messaging.sweeper import Sweeper
from shared.messaging.unit_of_work import Clock
from shared.mongo.client import Client, Database, connect
from shared.mongo.counts import MongoCounts
from shared.mongo.migrations import Index, migrate
from shared.mongo.outbox import MongoDeferred, MongoOutbox
from shared.mongo.store import MongoStore
from shared.mongo.timers import MongoTimers
from shared.observability.health import Health
from shared.runtime.commands import Commands
from shared.runtime.settings import ServiceSettings

PURPOSE = "events"
"""Purpose of the queue that a service's handlers read; `subscriptions.toml` declares it."""


@dataclass(frozen=True, slots=True)
class Messaging:
    """What a composition root hands to stores, handlers and routes."""

    service: str
    client: Client
    database: Database
    outbox: MongoOutbox
    relay: OutboxRelay
    commit: GroupCommit
    bus: AmqpBus
    broker: ConsumingBroker
    consumer_metrics: ConsumerMetrics
    sweeper: Sweeper
    timers: Timers
    clock: Clock
    counts: Counts
    apart: Mapping[str, str] = field(default_factory=dict)
    """Collections that lie in a part of the data, a database of their own."""

    def consumer(self, refused: type[Exception], purpose: str = PURPOSE) -> Consumer:
        """Return the consumer of one of this service's queues.

        `refused` is the domain's own refusal: a message it answers so becomes a dead letter.
        """
        return Consumer(
            f"{self.service}.{purpose}",
            broker=self.broker,
            bus=self.bus,
            commit=self.commit,
            metrics=self.consumer_metrics,
            timers=self.timers,
            refused=refused,
            clock=self.clock,
        )

    def commands(self, refused: type[Exception]) -> Commands:
        """Return what runs the commands that come in over HTTP."""
        return Commands(self.commit, refused)

    async def prepare(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        """Bring the database into shape and register this instance. Raises Unavailable."""
        await migrate(self.database, collections, indexes, self.apart)
        await self.outbox.renew(30)

    def watch(self, health: Health) -> None:
        """Add what messaging depends on: without MongoDB unready, without RabbitMQ degraded."""
        health.add("mongodb", self._mongodb)
        health.add("rabbitmq", self._rabbitmq, degrades=True)
        health.add("outbox", self._outbox)

    async def _mongodb(self) -> str | None:
        try:
            await self.outbox.renew(10)
        except Unavailable as away:
            return f"no primary that takes writes: {away}"
        return None

    async def _rabbitmq(self) -> str | None:
        if self.relay.stalled:
            return "takes nothing (short of memory or disk?); events wait in the outbox"
        return None if self.bus.connected else "not connected; events wait in the outbox"

    async def _outbox(self) -> str | None:
        return "at its limit; commands are refused" if self.relay.full else None


def open_messaging(
    service: str,
    settings: ServiceSettings,
    registry: CollectorRegistry,
    clock: Clock,
    collections: Collections,
) -> Messaging:
    """Wire messaging. Nothing is connected yet."""
    client = connect(settings.mongo_url)
    place = (client, settings.mongo_database, settings.instance)
    queue = f"{service}.{PURPOSE}"
    bus = AmqpBus(settings.amqp_url, service, user=service)
    outbox = MongoOutbox(*place)
    relay = OutboxRelay(
        outbox,
        MongoDeferred(*place, queue=queue),
        bus,
        OutboxMetrics(registry),
        limit=settings.outbox_limit,
    )
    timers, timer_metrics = MongoTimers(*place, queue=queue), TimerMetrics(registry)
    commit = GroupCommit(
        MongoStore(*place, apart=collections.apart),
        relay,
        CommitMetrics(registry),
        source=service,
        clock=clock,
        collections=collections,
    )
    return Messaging(
        service=service,
        client=client,
        database=client[settings.mongo_database],
        outbox=outbox,
        relay=relay,
        commit=commit,
        bus=bus,
        broker=ConsumingBroker(settings.amqp_url, service, settings.prefetch),
        consumer_metrics=ConsumerMetrics(registry),
        sweeper=Sweeper(timers, bus, timer_metrics),
        timers=Timers(service, timers, timer_metrics, clock),
        clock=clock,
        counts=MongoCounts(client[settings.mongo_database]),
        apart=collections.apart,
    )
