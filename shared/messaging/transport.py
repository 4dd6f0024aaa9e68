"""AMQP connections that read frames on one buffer and survive what pamqp cannot decode.

aiormq reads three times from the socket and runs two tasks for each frame, and one message whose
properties pamqp cannot decode ends the connection. Here the frames of a whole read are split at
once. Deliveries to a consumer of ours go straight to it; every other frame goes on to aiormq, byte
for byte, except for content headers that it could not decode. The hook is aiormq's own
`transport_factory`, so only the connections of these two classes are changed.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, cast

import aio_pika
import aiormq
from aio_pika import RobustChannel
from aio_pika.robust_queue import RobustQueue
from aiormq.abc import AbstractChannel
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from aiormq.exceptions import AMQPError
from pamqp.commands import Basic
from pamqp.constants import FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD
from pamqp.frame import marshal
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat
from yarl import URL

from shared.messaging.delivery import (
    UNDECODABLE,
    DeliverMethod,
    Delivery,
    Receive,
    decode_deliver,
    decode_header,
)
from shared.messaging.hosts import MultiHostConnection

_DELIVER = Basic.Deliver.index.to_bytes(4, "big")
_HEARTBEAT = marshal(Heartbeat(), 0)
_BEAT_EVERY = 1.0
_READ = 262_144
_OVERHEAD = 8
"""Bytes of a frame around its payload: type, channel, length and the end mark."""


@dataclass(slots=True)
class _Incoming:
    """A delivery whose frames are still coming in."""

    method: DeliverMethod
    receive: Receive
    channel: AbstractChannel
    header: ContentHeader | None = None
    parts: list[bytes] = field(default_factory=list)
    missing: int = 0


FindConsumer = Callable[[int, str], tuple[Receive, AbstractChannel] | None]


class FrameReader:
    """Stands in for the StreamReader of a connection: aiormq calls `at_eof` and `readexactly`."""

    def __init__(self, stream: asyncio.StreamReader, find: FindConsumer) -> None:
        self._stream = stream
        self._find = find
        self._buffer = b""
        self._passed = bytearray()
        self._incoming: dict[int, _Incoming] = {}
        self._beat = 0.0

    def at_eof(self) -> bool:
        """Return whether nothing more will come."""
        return not self._passed and self._stream.at_eof()

    async def readexactly(self, size: int) -> bytes:
        """Return the next bytes of the frames that are aiormq's to read."""
        while len(self._passed) < size:
            data = await self._stream.read(_READ)
            if not data:
                raise asyncio.IncompleteReadError(bytes(self._passed), size)
            self.feed(data)
        taken = bytes(self._passed[:size])
        del self._passed[:size]
        return taken

    def feed(self, data: bytes) -> None:
        """Split what came in into frames, deliver ours and pass the others on."""
        buffer = self._buffer + data if self._buffer else data
        at, end, delivered = 0, len(buffer), False
        while end - at >= _OVERHEAD:
            stop = at + _OVERHEAD + int.from_bytes(buffer[at + 3 : at + 7], "big")
            if buffer[at] > _OVERHEAD:
                # Not a frame: the broker refuses our protocol version. aiormq reports that.
                stop = end
            elif stop > end:
                break
            if self._take(buffer, at, stop):
                delivered = True
            else:
                self._pass(buffer, at, stop)
            at = stop
        self._buffer = buffer[at:]
        if delivered:
            self._keep_alive()

    def _take(self, buffer: bytes, at: int, stop: int) -> bool:
        """Take a frame that belongs to a delivery of ours."""
        kind, channel = buffer[at], buffer[at + 1] << 8 | buffer[at + 2]
        if buffer[stop - 1] != FRAME_END:
            return False
        if kind == FRAME_METHOD:
            if not buffer.startswith(_DELIVER, at + 7):
                return False
            return self._begin(channel, decode_deliver(buffer[at + 7 : stop - 1]))
        incoming = self._incoming.get(channel)
        if incoming is None:
            return False
        if kind == FRAME_HEADER:
            incoming.header = decode_header(buffer[at + 7 : stop - 1])
            incoming.missing = incoming.header.body_size
        elif kind == FRAME_BODY:
            incoming.parts.append(buffer[at + 7 : stop - 1])
            incoming.missing -= stop - at - _OVERHEAD
        if incoming.missing <= 0:
            self._finish(channel, incoming)
        return True

    def _begin(self, channel: int, method: DeliverMethod) -> bool:
        found = self._find(channel, method.consumer_tag)
        if found is None:
            return False
        self._incoming[channel] = _Incoming(method, *found)
        return True

    def _finish(self, channel: int, incoming: _Incoming) -> None:
        del self._incoming[channel]
        parts = incoming.parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        said = incoming.header.properties if incoming.header else Basic.Properties()
        incoming.receive(Delivery(incoming.method, said, body, incoming.channel))

    def _pass(self, buffer: bytes, at: int, stop: int) -> None:
        if buffer[at] == FRAME_HEADER and buffer[stop - 1] == FRAME_END:
            header = decode_header(buffer[at + 7 : stop - 1])
            if UNDECODABLE in (header.properties.headers or {}):
                self._passed += marshal(header, buffer[at + 1] << 8 | buffer[at + 2])
                return
        self._passed += buffer[at:stop]

    def _keep_alive(self) -> None:
        """Show aiormq that the broker lives: it sees nothing of the deliveries taken here."""
        now = time.monotonic()
        if now - self._beat > _BEAT_EVERY:
            self._beat = now
            self._passed += _HEARTBEAT


class _Transport(TransportFactory):
    """aiormq's transport, read by a FrameReader."""

    def __init__(self, url: URL, find: FindConsumer) -> None:
        self._plain = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        self._find = find

    async def create(
        self, url: URL, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self._plain.create(url, **options)
        return cast("asyncio.StreamReader", FrameReader(reader, self._find)), writer


class DirectQueue(RobustQueue):
    """A queue whose messages go straight to their receiver.

    aio-pika does not restore its consumer; `Subscriber.restore` does.
    """

    _confirmed: tuple[AbstractChannel, str] | None = None
    refused = ""
    """Why the broker refused the last attempt to consume."""

    @property
    def consuming(self) -> bool:
        """Return whether the broker has confirmed a consumer and has not cancelled it since."""
        if self._confirmed is None:
            return False
        channel, tag = self._confirmed
        # aiormq forgets the tag when the broker sends `basic.cancel`.
        return not channel.is_closed and tag in cast("aiormq.Channel", channel).consumers

    async def consume(  # type: ignore[override] # fewer options than aio-pika's
        self, callback: Receive, *, within: float | None = None, **_options: object
    ) -> str:
        """Start consuming. A refusal is kept in `refused`: it must not end the process."""
        tag = f"{self.name}.{token_hex(6)}"
        channel = await self.channel.get_underlay_channel()
        receivers = self._connection.receivers
        receivers[tag] = callback
        try:
            await channel.basic_consume(
                self.name, cast("Any", callback), consumer_tag=tag, timeout=within
            )
        except (AMQPError, OSError, RuntimeError, TimeoutError) as error:
            self.refused = f"the broker refused to let us consume: {type(error).__name__}"
            receivers.pop(tag, None)
        else:
            if self._confirmed is not None:
                receivers.pop(self._confirmed[1], None)
            self._confirmed, self.refused = (channel, tag), ""
        return tag

    async def probe(self, within: float) -> None:
        """Raise ChannelNotFoundEntity where the queue is not there. Closes no channel of ours."""
        transport = self._connection.transport
        if transport is None:
            raise ConnectionError
        probe = await cast("aiormq.Connection", transport.connection).channel(timeout=within)
        try:
            await probe.queue_declare(self.name, passive=True, timeout=within)
        finally:
            await probe.close()

    async def stop(self, within: float) -> None:
        """Cancel the consumer."""
        if self._confirmed is not None and self.consuming:
            channel, tag = self._confirmed
            await channel.basic_cancel(tag, timeout=within)

    @property
    def _connection(self) -> "DirectConnection":
        return cast("DirectConnection", self.channel._connection)  # type: ignore[attr-defined] # noqa: SLF001


class DirectChannel(RobustChannel):
    """A channel whose queues are direct ones."""

    QUEUE_CLASS = DirectQueue


class DirectConnection(MultiHostConnection):
    """A robust connection that reads its own frames."""

    CHANNEL_CLASS = DirectChannel

    def __init__(self, url: URL, *args: Any, **options: Any) -> None:
        super().__init__(url, *args, **options)
        self.receivers: dict[str, Receive] = {}
        """Who takes the messages of a consumer, by its tag."""
        self.kwargs["transport_factory"] = _Transport(self.url, self._consumer)

    def _consumer(self, number: int, tag: str) -> tuple[Receive, AbstractChannel] | None:
        receive = self.receivers.get(tag)
        if receive is None or self.transport is None:
            return None
        channel = cast("aiormq.Connection", self.transport.connection).channels.get(number)
        return (receive, channel) if channel is not None else None


class ReadingConnection(aio_pika.Connection):
    """A plain connection that survives what pamqp cannot decode."""

    def __init__(self, url: URL, *args: Any, **options: Any) -> None:
        super().__init__(url, *args, **options)
        self.kwargs["transport_factory"] = _Transport(self.url, lambda _number, _tag: None)
