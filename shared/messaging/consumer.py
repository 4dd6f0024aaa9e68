"""From a queue to the use cases: takes messages in, settles them, and acknowledges.

The body goes straight from bytes into the contract's class. A message is acknowledged after its
batch is committed, or after a copy of it is safe elsewhere: in a retry queue with a growing
back-off when it fails, and among the dead letters with a reason when it cannot succeed.

Three kinds of message are kept from harming others:

- One whose properties cannot be decoded is a dead letter with the reason `undecodable`.
- One that has been delivered three times without an answer may be what kills its consumer. It goes
  to the queue `<queue>.suspects`, which is read one message at a time. There the broker's delivery
  limit counts for that message alone; in the queue it came from, whatever was prefetched beside it
  would be counted too.
- One of an unknown type or version waits about seven days for the code that reads it, in the same
  retry queues. `on_every` takes such a message as it is. A timer without a handler waits likewise.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from shared.contracts import Event
from shared.messaging.bus import Bus
from shared.messaging.delivery import Delivery
from shared.messaging.errors import Locked, Malformed, NotPublished, Rejected, UnknownType
from shared.messaging.failpoints import failpoint
from shared.messaging.firing import Timers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import ADDRESSED, EXCHANGE, Message
from shared.messaging.metrics import ConsumerMetrics
from shared.messaging.routes import Handler, Routes, TimerHandler, UnknownEvent
from shared.messaging.subscriber import PREFETCH, ConsumingBroker, Subscriber
from shared.messaging.task import Outcome, Task
from shared.messaging.topology import (
    DEAD,
    RETRY_SECONDS,
    SUSPECT_LIMIT,
    retry_exchange,
    suspects_queue,
)
from shared.messaging.unit_of_work import Clock
from shared.messaging.wire import (
    ATTEMPT,
    DETAIL,
    DIED_AT,
    QUEUE,
    REASON,
    SENDER,
    WAITS,
    read,
    redirect,
    require_sender,
    sender_of,
)

__all__ = ["PREFETCH", "SUSPECT_AFTER", "WAITS_FOR_CODE", "Consumer", "UnknownEvent"]

SUSPECT_AFTER = 3
"""Deliveries without an answer after which a message is handled alone."""

WAITS_FOR_CODE = 7 * 86_400 // RETRY_SECONDS[-1]
"""Times that a message of an unknown type is tried again: about seven days."""

E = TypeVar("E", bound=Event)

_log = logging.getLogger(__name__)
_UNKNOWN = "unknown"
_DELIVERIES = "x-delivery-count"
_RESTORE_EVERY = 1.0


class Consumer:
    """One queue of a service and the handlers of the types that come in on it."""

    def __init__(
        self,
        queue: str,
        *,
        broker: ConsumingBroker,
        bus: Bus,
        commit: GroupCommit,
        metrics: ConsumerMetrics,
        timers: Timers,
        refused: type[Exception],
        clock: Clock,
    ) -> None:
        self.queue = queue
        self._bus = bus
        self._commit = commit
        self._metrics = metrics
        self._timers = timers
        self._clock = clock
        self._acknowledgers = broker.acknowledgers
        self._routes = Routes(queue, refused)
        self._handling: set[asyncio.Task[None]] = set()
        self._subscribers = (
            Subscriber(broker, suspects_queue(queue), self.receive_suspect, alone=True),
            Subscriber(broker, queue, self.receive),
        )

    @property
    def queues(self) -> list[str]:
        """Return the queues that are read: the service's own and that of its suspects."""
        return [subscriber.queue for subscriber in self._subscribers]

    @property
    def types(self) -> frozenset[str]:
        """Return the event types that have a handler."""
        return self._routes.types

    def handles(self, type_: str) -> bool:
        """Return whether a type has a handler, be it a timer's."""
        return self._routes.handles(type_)

    @property
    def problem(self) -> str | None:
        """Return why messages do not come in, by queue; None while the broker has our consumers."""
        problems = {each.queue: each.problem for each in self._subscribers}
        return "; ".join(f"{queue}: {why}" for queue, why in problems.items() if why) or None

    @property
    def consuming(self) -> bool:
        """Return whether the broker has confirmed our consumers and has not cancelled them."""
        return self.problem is None

    async def keep_consuming(self) -> None:
        """Bring back consumers that the broker has ended or refused, until cancelled."""
        while True:
            for subscriber in self._subscribers:
                await subscriber.restore()
            await asyncio.sleep(_RESTORE_EVERY)

    def on(
        self, event: type[E], key: Callable[[E], str] | None = None
    ) -> Callable[[Handler[E]], Handler[E]]:
        """Register the handler of one type, as `Routes.on`."""
        return self._routes.on(event, key)

    def on_timer(self, name: str) -> Callable[[TimerHandler], TimerHandler]:
        """Register the handler of the timers of one name, as `Routes.on_timer`."""
        return self._routes.on_timer(name)

    def on_every(self, handle: Handler[Event]) -> Handler[Event]:
        """Register one handler for every event, as `Routes.on_every`."""
        return self._routes.on_every(handle)

    async def cancel(self) -> None:
        """Stop deliveries before anything else stops; what was delivered is still handled."""
        for subscriber in self._subscribers:
            await subscriber.cancel()

    def receive(self, delivery: Delivery) -> asyncio.Task[None]:
        """Take a message of the queue and begin to handle it."""
        suspect = _number(delivery, _DELIVERIES) >= SUSPECT_AFTER
        return self._begin(delivery, self._isolate if suspect else self._deliver)

    def receive_suspect(self, delivery: Delivery) -> asyncio.Task[None]:
        """Take a message that is handled alone, whatever its delivery count is."""
        last = _number(delivery, _DELIVERIES) >= SUSPECT_LIMIT
        return self._begin(delivery, self._deliver_last if last else self._deliver)

    def _begin(
        self, delivery: Delivery, handle: Callable[[Delivery], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        self._acknowledgers.of(delivery.channel).delivered(delivery.delivery_tag)
        task = asyncio.create_task(handle(delivery))
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        return task

    async def _isolate(self, delivery: Delivery) -> None:
        """Send a suspect where it is alone, before it is touched."""
        about = {"event_type": self._kind(delivery), "message_id": delivery.message_id}
        _log.warning("delivered again and again; it is handled alone", extra=about)
        await self._forward(delivery, ADDRESSED, {}, suspects_queue(self.queue))
        await self._acknowledge(delivery)

    async def _deliver_last(self, raw: Delivery) -> None:
        """Handle what the broker dead-letters if it ends this process again; note it first."""
        await self._timers.note_death(raw)
        await self._deliver(raw)

    async def _deliver(self, raw: Delivery) -> None:
        kind = self._kind(raw)
        self._metrics.count(self._metrics.received, kind)
        await failpoint("consume.received")
        try:
            message = read(raw)
            outcome = await self._commit.submit(self._task(message, raw))
        except Rejected as rejected:
            await self._dead_letter(raw, kind, rejected.reason, rejected.detail)
        except UnknownType as unknown:
            await self._wait_for_code(raw, kind, unknown)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is not lost
            await self._retry_later(raw, kind, error)
        else:
            self._count(message, outcome)
        await failpoint("consume.before_ack")
        await self._acknowledge(raw)

    async def _acknowledge(self, raw: Delivery) -> None:
        # A channel that is closed by now took the right to acknowledge: the message comes again.
        acknowledger = self._acknowledgers.of(raw.channel)
        acknowledger.settle(raw.delivery_tag)
        await acknowledger.flushed()
        await failpoint("consume.after_ack")

    def _task(self, message: Message, raw: Delivery) -> Task:
        envelope = message.envelope
        if raw.exchange == EXCHANGE and raw.routing_key != envelope.type:
            # The broker lets a service write only keys of its own name; the type must not get by.
            raise Malformed("envelope", "the type is not the routing key")
        require_sender(raw, message.envelope, self.queue)
        return self._routes.task(message)

    def _kind(self, raw: Delivery) -> str:
        return raw.type if raw.type and self._routes.knows(raw.type) else _UNKNOWN

    def _count(self, message: Message, outcome: Outcome) -> None:
        how = "duplicate" if outcome.duplicate else "deferred" if outcome.deferred else "new"
        self._metrics.count(self._metrics.processed, message.envelope.type, how)
        waited = (self._clock() - message.envelope.recorded_at).total_seconds()
        self._metrics.latency.observe(max(0.0, waited))
        self._timers.count(message, outcome)

    async def _wait_for_code(self, raw: Delivery, kind: str, unknown: UnknownType) -> None:
        """Try again later: during a rolling upgrade the producer may be newer than this code."""
        waits = _number(raw, WAITS)
        if waits >= WAITS_FOR_CODE:
            await self._dead_letter(raw, kind, unknown.reason, unknown.detail)
            return
        about = {"event_type": kind, "reason": unknown.reason, "message_id": raw.message_id}
        _log.warning("waits for newer code", extra=about)
        self._metrics.failed.labels(kind, unknown.reason).inc()
        seconds = RETRY_SECONDS[min(waits, len(RETRY_SECONDS) - 1)]
        await self._forward(raw, retry_exchange(seconds), {WAITS: waits + 1})
        self._metrics.retried.labels(kind).inc()

    async def _retry_later(self, raw: Delivery, kind: str, error: Exception) -> None:
        """Send the message to a retry queue, or to the dead letters after the last attempt."""
        attempt = _number(raw, ATTEMPT)
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

    async def _dead_letter(self, raw: Delivery, kind: str, reason: str, detail: str) -> None:
        """Send the message to the dead letters with its reason, for an operator to look at."""
        about = {"event_type": kind, "reason": reason, "message_id": raw.message_id}
        _log.warning("dead letter", extra=about)
        await self._timers.note_death(raw)
        died = self._clock().isoformat(timespec="seconds")
        notes = {REASON: reason, DETAIL: detail[:500], DIED_AT: died, QUEUE: self.queue}
        await self._forward(raw, DEAD, notes)
        self._metrics.dead.labels(kind, reason).inc()
        await failpoint("dead_letter.published")

    async def _forward(
        self, raw: Delivery, exchange: str, notes: Mapping[str, str | int | None], key: str = ""
    ) -> None:
        # It leaves here under our own name, in which the next consumer of it believes.
        sender = {SENDER: sender_of(raw, self.queue.partition(".")[0])}
        copy = redirect(raw, exchange, key or self.queue, {**notes, **sender})
        while True:
            try:
                await self._bus.forward(copy)
            except NotPublished:
                # Held unacknowledged until the broker takes it, or redelivered if it never does.
                await asyncio.sleep(1)
            else:
                return


def _number(raw: Delivery, header: str) -> int:
    """Return a counter among the headers; 0 where it is missing or makes no sense."""
    value = raw.headers.get(header, 0)
    return value if isinstance(value, int) and value >= 0 else 0
