"""The way out to RabbitMQ: persistent, mandatory, confirmed, and never on a consumer's channel.

Publishing has a connection of its own, because a publish that closes its channel would cancel the
handlers that run on it. It speaks to aiormq below aio-pika's exchange object: one object and one
wait for the socket less per message.
"""

import asyncio
from typing import Protocol, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection
from aiormq.exceptions import AMQPError, ChannelNotFoundEntity
from pamqp.commands import Basic

from shared.messaging.errors import NotPublished
from shared.messaging.parcel import Parcel
from shared.messaging.wire import Letter, properties

CONFIRM_TIMEOUT = 15.0
"""Seconds to wait for a confirm. The message may still have arrived: that is a duplicate."""

HEARTBEAT = 15
"""Seconds; a connection is taken for dead after about three times this."""

_PAUSE = 1.0


class Bus(Protocol):
    """Where parcels are published."""

    @property
    def connected(self) -> bool:
        """Return whether a publish has a chance."""
        ...

    async def publish(self, parcel: Parcel) -> None:
        """Return when the broker has it on disk. Raises NotPublished."""
        ...

    async def forward(self, letter: Letter) -> None:
        """Send on what was received, readable or not. Raises NotPublished."""
        ...


class AmqpBus:
    """The real bus."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None

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
            self._url,
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

    async def publish(self, parcel: Parcel) -> None:
        """Return when the broker has it on disk. Raises NotPublished."""
        await self._send(parcel.body, parcel.exchange, parcel.key, properties(parcel))

    async def forward(self, letter: Letter) -> None:
        """Send on what was received, readable or not. Raises NotPublished."""
        await self._send(letter.body, letter.exchange, letter.key, letter.properties)

    async def _send(self, body: bytes, exchange: str, key: str, said: Basic.Properties) -> None:
        if self._channel is None or not self.connected:
            raise NotPublished("not connected")
        try:
            channel = cast("aiormq.Channel", await self._channel.get_underlay_channel())
            confirmation = await channel.basic_publish(
                body,
                exchange=exchange,
                routing_key=key,
                properties=said,
                mandatory=True,
                timeout=CONFIRM_TIMEOUT,
                wait=False,
            )
        except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise NotPublished(type(error).__name__) from error
        except asyncio.CancelledError as error:
            if _ours():
                raise
            # aiormq cancels the confirms of a channel that is lost.
            raise NotPublished("channel lost") from error
        if not isinstance(confirmation, Basic.Ack):
            raise NotPublished("returned or refused")

    async def close(self) -> None:
        """Close the connection; later publishes raise NotPublished."""
        if self._connection is not None:
            await self._connection.close()


def _ours() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
