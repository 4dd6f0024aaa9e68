"""FastStream's subscriber with a direct way from the socket to the handler, and its restoring.

FastStream builds middlewares, contexts and a parsed message for each delivery, which costs more
than our handlers. Its subscriber stays, with `consume` replaced: it declares, starts and stops.
Nothing is dropped between the start of consuming and FastStream's `running`, because the
replacement does not ask for it.
"""

from contextlib import suppress
from functools import partial
from typing import cast

from aiormq.exceptions import AMQPError, ChannelNotFoundEntity
from faststream import AckPolicy
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

from shared.messaging.acknowledge import Acknowledgers
from shared.messaging.bus import HEARTBEAT
from shared.messaging.delivery import Receive
from shared.messaging.hosts import CONNECT_TIMEOUT, urls_of
from shared.messaging.transport import DirectConnection, DirectQueue

PREFETCH = 300
"""Messages one instance holds unacknowledged; about four batches under load."""

_LOST = (AMQPError, OSError, RuntimeError, TimeoutError)
_WITHIN = 5.0


class ConsumingBroker(RabbitBroker):
    """The connection that only consumes. It waits for a RabbitMQ that cannot be reached."""

    def __init__(self, url: str, name: str, prefetch: int = PREFETCH) -> None:
        urls = urls_of(url)
        super().__init__(
            f"{urls[0]}{'&' if '?' in url else '?'}heartbeat={HEARTBEAT}&name={name}.consumer",
            default_channel=Channel(prefetch_count=prefetch),
            ack_policy=AckPolicy.MANUAL,
            apply_types=False,
            fail_fast=False,
            graceful_timeout=0,
            logger=None,
            reconnect_interval=1,
            timeout=CONNECT_TIMEOUT,
        )
        # FastStream 0.7.8 hands these to aio-pika and has no public argument for the class.
        self._connection_kwargs["connection_class"] = partial(DirectConnection, hosts=urls)
        self.acknowledgers = Acknowledgers()
        """Shared by all consumers, since several queues may share a channel."""


class Subscriber:
    """One queue and the consumer that the broker has confirmed on it, or why there is none."""

    def __init__(
        self, broker: ConsumingBroker, queue: str, receive: Receive, *, alone: bool = False
    ) -> None:
        """`alone`: on a channel of its own that holds one message at a time."""
        self.queue = queue
        self._receive = receive
        self._subscriber = broker.subscriber(
            # aio-pika restores nothing here: `restore` does, from every cause alike.
            RabbitQueue(queue, queue_type=QueueType.QUORUM, declare=False, robust=False),
            channel=Channel(prefetch_count=1) if alone else None,
            no_reply=True,
        )
        self._subscriber(_never)
        self._subscriber.consume = receive  # type: ignore[method-assign, assignment]
        self._cancelled = False
        self._reason = "not started"

    @property
    def _queue(self) -> DirectQueue | None:
        return cast("DirectQueue | None", self._subscriber._queue_obj)  # noqa: SLF001 - no public way (0.7.8)

    @property
    def problem(self) -> str | None:
        """Return why no message can come in; None while the broker has our consumer."""
        if self._queue is None:
            return self._reason
        if self._queue.consuming:
            return None
        return self._queue.refused or self._reason

    async def restore(self) -> None:
        """Consume again where the broker has ended it, or has refused it before."""
        queue = self._queue
        if queue is None or self._cancelled or queue.consuming:
            return
        try:
            await queue.probe(_WITHIN)
            await queue.consume(self._receive, within=_WITHIN)
        except ChannelNotFoundEntity:
            self._reason = "the queue does not exist"
        except _LOST as error:
            self._reason = f"not consuming: {type(error).__name__}"

    async def cancel(self) -> None:
        """Stop deliveries; what was delivered is still handled."""
        self._cancelled = True
        self._subscriber._consumer_tag = None  # noqa: SLF001 - FastStream would cancel once more
        # A broker that goes down at this moment delivers nothing more either.
        with suppress(*_LOST):
            if self._queue is not None:
                await self._queue.stop(_WITHIN)


async def _never(_: object) -> None:
    """Stand for the handler that FastStream wants; its `consume` is replaced."""
    raise NotImplementedError
