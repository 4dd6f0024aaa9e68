"""Publishing to RabbitMQ: persistent, mandatory, confirmed, and never on a consumer's channel.

Publishing has a connection of its own, because a publish that closes its channel would cancel the
handlers that run on it. It speaks to aiormq below aio-pika's exchange object: one object and one
wait for the socket less per message.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection
from aiormq.exceptions import AMQPError, ChannelNotFoundEntity
from pamqp.commands import Basic

from shared.messaging.errors import NotPublished
from shared.messaging.hosts import CONNECT_TIMEOUT, connection_class, urls_of
from shared.messaging.message import Message
from shared.messaging.publish_batch import fits, publish_batch
from shared.messaging.wire import RawMessage, properties

CONFIRM_TIMEOUT = 15.0
"""Seconds to wait for a confirm. The message may still have arrived: that is a duplicate."""

HEARTBEAT = 15
"""Seconds; a connection is taken for dead after about three times this."""

_PAUSE = 1.0
_BROKEN = (AMQPError, OSError, TimeoutError, RuntimeError)


class Bus(Protocol):
    """Where messages are published."""

    @property
    def connected(self) -> bool:
        """Return whether a publish has a chance."""
        ...

    @property
    def answering(self) -> bool:
        """Return whether the broker answered the last publishes, be it with a no.

        Short of memory or disk it stops reading what publishers send, and the connection stands.
        """
        ...

    async def publish(self, message: Message) -> None:
        """Return when the broker has it on disk. Raises NotPublished."""
        ...

    async def publish_all(self, messages: Sequence[Message]) -> set[str]:
        """Return the ids of those that the broker has on disk, when nothing is open any more."""
        ...

    async def forward(self, copy: RawMessage) -> None:
        """Send on what was received, readable or not. Raises NotPublished."""
        ...


class AmqpBus:
    """The real bus."""

    def __init__(self, url: str, name: str, user: str | None = None) -> None:
        """Publish as the broker's `user` of the login; None: as the source of each message.

        The broker refuses a name that is not the login's, unless that may impersonate.
        """
        self._urls = urls_of(url)
        self._name = name
        self._user = user
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self.answering = True

    @property
    def connected(self) -> bool:
        """Return whether connection and channel are open."""
        return (
            self._connection is not None
            and self._connection.connected.is_set()
            and self._channel is not None
            and not self._channel.is_closed
        )

    async def connect(self) -> None:
        """Keep trying until the broker is there; reconnects by itself afterwards."""
        while self._channel is None:
            try:
                self._connection = self._connection or await self._connected()
                self._channel = await self._connection.channel(
                    publisher_confirms=True, on_return_raises=True
                )
            except (AMQPError, OSError, RuntimeError):
                await asyncio.sleep(_PAUSE)

    async def _connected(self) -> AbstractRobustConnection:
        return await aio_pika.connect_robust(
            self._urls[0],
            timeout=CONNECT_TIMEOUT,
            connection_class=connection_class(self._urls),
            client_properties={"connection_name": f"{self._name}.publisher"},
            heartbeat=HEARTBEAT,
            reconnect_interval=1,
        )

    async def queue_exists(self, name: str) -> bool:
        """Return whether a queue is there, so that consuming it can begin."""
        if self._connection is None or not self.connected:
            return False
        try:
            async with self._connection.channel() as channel:
                await channel.get_queue(name, ensure=True)
        except (ChannelNotFoundEntity, AMQPError, OSError, RuntimeError):
            return False
        return True

    async def publish(self, message: Message) -> None:
        """Return when the broker has it on disk. Raises NotPublished."""
        await self.forward(self._copy(message))

    async def publish_all(self, messages: Sequence[Message]) -> set[str]:
        """Return the ids of those that the broker has on disk, when nothing is open any more."""
        try:
            channel = await self._open_channel()
            copies = {message.envelope.id: self._copy(message) for message in messages}
            together = {id_: one for id_, one in copies.items() if fits(channel, one)}
            sent = await publish_batch(channel, list(together.values()), within=CONFIRM_TIMEOUT)
        except (NotPublished, *_BROKEN) as error:
            self.answering = not isinstance(error, TimeoutError)
            return set()
        self.answering = True
        confirmed = {id_ for id_, acknowledged in zip(together, sent, strict=True) if acknowledged}
        for id_ in copies.keys() - together.keys():
            with suppress(NotPublished):
                await self.forward(copies[id_])
                confirmed.add(id_)
        return confirmed

    async def forward(self, copy: RawMessage) -> None:
        """Send on what was received, readable or not. Raises NotPublished."""
        try:
            channel = await self._open_channel()
            self._sign(copy)
            confirmation = await channel.basic_publish(
                copy.body,
                exchange=copy.exchange,
                routing_key=copy.key,
                properties=copy.properties,
                mandatory=True,
                timeout=CONFIRM_TIMEOUT,
                wait=False,
            )
        except _BROKEN as error:
            raise NotPublished(type(error).__name__) from error
        except asyncio.CancelledError as error:
            if _ours():
                raise
            # aiormq cancels the confirms of a channel that is lost.
            raise NotPublished("channel lost") from error
        if not isinstance(confirmation, Basic.Ack):
            raise NotPublished("returned or refused")

    def _copy(self, message: Message) -> RawMessage:
        copy = RawMessage(message.body, properties(message), message.exchange, message.key)
        self._sign(copy)
        return copy

    def _sign(self, copy: RawMessage) -> None:
        if self._user is not None:
            copy.properties.user_id = self._user

    async def _open_channel(self) -> aiormq.Channel:
        if self._channel is None or not self.connected:
            raise NotPublished("not connected")
        return cast("aiormq.Channel", await self._channel.get_underlay_channel())

    async def close(self) -> None:
        """Close the connection; later publishes raise NotPublished."""
        if self._connection is not None:
            await self._connection.close()


def _ours() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
