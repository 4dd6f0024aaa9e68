"""From a queue to the use cases: FastStream takes messages in, group commit settles them.

One FastStream subscriber reads a service's queue. It decodes nothing and injects nothing, because
that costs more than the work itself; the body goes straight from bytes into the contract's class.
Acknowledgement is ours: a message is acknowledged after its batch is committed, put off with a
growing pause when it fails, and laid aside with a reason when it cannot succeed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, cast

import aiormq
from aio_pika import IncomingMessage
from aiormq.exceptions import AMQPError
from faststream import AckPolicy
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from pydantic import ValidationError

from shared.contracts import CATALOGUE, Event
from shared.messaging.acknowledge import Acknowledger
from shared.messaging.bus import HEARTBEAT, Bus
from shared.messaging.errors import Locked, Malformed, NotPublished, Rejected, refusals
from shared.messaging.failpoints import failpoint
from shared.messaging.group_commit import GroupCommit, Outcome, Task
from shared.messaging.message import EXCHANGE, Message
from shared.messaging.metrics import ConsumerMetrics
from shared.messaging.topology import DEAD, RETRY_SECONDS, retry_exchange
from shared.messaging.unit_of_work import Clock, UnitOfWork
from shared.messaging.wire import (
    ATTEMPT,
    DETAIL,
    DIED_AT,
    QUEUE,
    REASON,
    read,
    redirect,
    split_type,
)

PREFETCH = 300
"""Messages one instance holds unacknowledged; about four batches under load."""

W = TypeVar("W")
E = TypeVar("E", bound=Event)
Handler = Callable[[E, W], Awaitable[None]]

_log = logging.getLogger(__name__)
_LOST = (AMQPError, OSError, RuntimeError, TimeoutError)
_CANCEL_WITHIN = 5.0
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Route(Generic[W]):
    event: type[Event]
    handle: Callable[[Event, W], Awaitable[None]]
    key: Callable[[Event], str]


def consuming_broker(url: str, name: str, prefetch: int = PREFETCH) -> RabbitBroker:
    """Return the broker that only consumes. It waits for a RabbitMQ that is away."""
    return RabbitBroker(
        f"{url}{'&' if '?' in url else '?'}heartbeat={HEARTBEAT}&name={name}.consumer",
        default_channel=Channel(prefetch_count=prefetch),
        ack_policy=AckPolicy.MANUAL,
        apply_types=False,
        decoder=_undecoded,
        fail_fast=False,
        graceful_timeout=0,
        logger=None,
        reconnect_interval=1,
    )


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    return message


class Consumer(Generic[W]):
    """One queue of a service and the handlers of the types that come in on it."""

    def __init__(
        self,
        queue: str,
        *,
        broker: RabbitBroker,
        bus: Bus,
        commit: GroupCommit,
        metrics: ConsumerMetrics,
        work: Callable[[UnitOfWork], W],
        refused: type[Exception],
        clock: Clock,
    ) -> None:
        self.queue = queue
        self._bus = bus
        self._commit = commit
        self._metrics = metrics
        self._work = work
        self._refused = refused
        self._clock = clock
        self._acknowledger: Acknowledger | None = None
        self._routes: dict[str, _Route[W]] = {}
        self._subscriber = broker.subscriber(
            RabbitQueue(queue, queue_type=QueueType.QUORUM, declare=False), no_reply=True
        )
        self._subscriber(self._deliver)

    @property
    def types(self) -> frozenset[str]:
        """Return the event types that have a handler."""
        return frozenset(self._routes)

    @property
    def consuming(self) -> bool:
        """Return whether messages can come in: not only a connection, but an open consumer."""
        subscriber = self._subscriber
        return (
            subscriber.running
            and subscriber._queue_obj is not None  # noqa: SLF001 - no public way (0.7.8)
            and not subscriber._queue_obj.channel.is_closed  # noqa: SLF001
        )

    def on(
        self, event: type[E], key: Callable[[E], str] | None = None
    ) -> Callable[[Handler[E, W]], Handler[E, W]]:
        """Register the handler of one type. Events with the same key are handled in order.

        The key is the aggregate that the handler changes, by default the event's own.
        """

        def register(handle: Handler[E, W]) -> Handler[E, W]:
            self._routes[event.type] = _Route(
                event,
                cast("Callable[[Event, W], Awaitable[None]]", handle),
                cast("Callable[[Event], str]", key) if key else _aggregate,
            )
            return handle

        return register

    def on_every(self, handle: Handler[Event, W]) -> Handler[Event, W]:
        """Register one handler for every type of the published language."""
        for event in CATALOGUE.values():
            self._routes[event.type] = _Route(event, handle, _aggregate)
        return handle

    async def cancel(self) -> None:
        """Stop deliveries before anything else stops; what was delivered is still handled."""
        subscriber = self._subscriber
        queue, tag = subscriber._queue_obj, subscriber._consumer_tag  # noqa: SLF001
        if queue is not None and tag is not None and not queue.channel.is_closed:
            subscriber._consumer_tag = None  # noqa: SLF001
            # A broker that goes down at this moment delivers nothing more either.
            with suppress(*_LOST):
                await queue.cancel(tag, timeout=_CANCEL_WITHIN)

    async def _deliver(self, delivered: RabbitMessage) -> None:
        raw = delivered.raw_message
        kind = raw.type if raw.type and raw.type in CATALOGUE else _UNKNOWN
        self._metrics.count(self._metrics.received, kind)
        await failpoint("consume.received")
        try:
            message = read(raw)
            outcome = await self._commit.submit(self._task(message, raw))
        except Rejected as rejected:
            await self._dead_letter(raw, kind, rejected.reason, rejected.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is not lost
            await self._retry_later(raw, kind, error)
        else:
            self._count(message, outcome)
        await failpoint("consume.before_ack")
        await self._acknowledge(raw)

    async def _acknowledge(self, raw: IncomingMessage) -> None:
        try:
            channel = cast("aiormq.Channel", raw.channel)
        except _LOST:
            # The channel is gone and with it the right to acknowledge: the message comes again.
            return
        if self._acknowledger is None or self._acknowledger.channel is not channel:
            self._acknowledger = Acknowledger(channel)
        self._acknowledger.settle(raw.delivery_tag or 0)
        await self._acknowledger.flushed()
        await failpoint("consume.after_ack")

    def _task(self, message: Message, raw: IncomingMessage) -> Task:
        route = self._routes.get(message.envelope.type) or self._no_route(message.envelope.type)
        if raw.exchange == EXCHANGE and raw.routing_key != message.envelope.type:
            # The broker lets a service write only keys of its own name; the type must not get by.
            raise Malformed("envelope", "the type is not the routing key")
        try:
            event = route.event.__pydantic_validator__.validate_json(message.body)
        except ValidationError as invalid:
            raise Malformed("payload", _fields(invalid)) from invalid
        run = partial(self._run, route.handle, event)
        return Task(run, message.envelope.id, route.key(event), message)

    async def _run(
        self, handle: Callable[[Event, W], Awaitable[None]], event: Event, uow: UnitOfWork
    ) -> None:
        with refusals(self._refused):
            await handle(event, self._work(uow))

    def _no_route(self, type_: str) -> _Route[W]:
        """Raise Malformed with the reason why nobody here reads this type."""
        split = split_type(type_)
        if split is None:
            raise Malformed("unknown_type", "not shaped like an event type")
        if type_ in CATALOGUE:
            raise Malformed("unhandled_type", f"{self.queue} has no handler for {type_}")
        name, version = split
        if any(known.startswith(f"{name}.v") for known in CATALOGUE):
            raise Malformed("unknown_version", f"{name} is not read in version {version}")
        raise Malformed("unknown_type", "not in the published language")

    def _count(self, message: Message, outcome: Outcome) -> None:
        how = "duplicate" if outcome.duplicate else "deferred" if outcome.deferred else "new"
        self._metrics.count(self._metrics.processed, message.envelope.type, how)
        waited = (self._clock() - message.envelope.recorded_at).total_seconds()
        self._metrics.latency.observe(max(0.0, waited))

    async def _retry_later(self, raw: IncomingMessage, kind: str, error: Exception) -> None:
        """Send the message where it waits for its next attempt, or aside after the last one."""
        attempt = _attempt(raw)
        name = type(error).__name__
        # The message of an exception may quote a payload; its type and place do not.
        about = {"event_type": kind, "reason": name, "message_id": raw.message_id}
        _log.warning("attempt failed", extra=about, exc_info=error)
        self._metrics.failed.labels(kind, name).inc()
        if isinstance(error, Locked):
            # No fault of the message, and soon over: this attempt does not count.
            await self._forward(raw, retry_exchange(RETRY_SECONDS[0]), {ATTEMPT: attempt})
        elif attempt < len(RETRY_SECONDS):
            await self._forward(raw, retry_exchange(RETRY_SECONDS[attempt]), {ATTEMPT: attempt + 1})
        else:
            await self._dead_letter(raw, kind, "attempts_exhausted", name)
            return
        self._metrics.retried.labels(kind).inc()
        await failpoint("retry.published")

    async def _dead_letter(self, raw: IncomingMessage, kind: str, reason: str, detail: str) -> None:
        """Lay the message aside with its reason, for an operator to look at."""
        about = {"event_type": kind, "reason": reason, "message_id": raw.message_id}
        _log.warning("dead letter", extra=about)
        died = self._clock().isoformat(timespec="seconds")
        notes = {REASON: reason, DETAIL: detail[:500], DIED_AT: died, QUEUE: self.queue}
        await self._forward(raw, DEAD, notes)
        self._metrics.dead.labels(kind, reason).inc()
        await failpoint("dead_letter.published")

    async def _forward(
        self, raw: IncomingMessage, exchange: str, notes: Mapping[str, str | int | None]
    ) -> None:
        letter = redirect(raw, exchange, self.queue, notes)
        while True:
            try:
                await self._bus.forward(letter)
            except NotPublished:
                # Held unacknowledged until the broker takes it, or redelivered if it never does.
                await asyncio.sleep(1)
            else:
                return


def _aggregate(event: Event) -> str:
    return event.aggregate_id


def _attempt(raw: IncomingMessage) -> int:
    attempt = raw.headers.get(ATTEMPT, 0)
    return attempt if isinstance(attempt, int) and attempt >= 0 else 0


def _fields(invalid: ValidationError) -> str:
    """Return which fields are wrong and why, without what stood in them."""
    errors = invalid.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in error['loc']) or 'body'}: {error['type']}"
        for error in errors[:10]
    )
