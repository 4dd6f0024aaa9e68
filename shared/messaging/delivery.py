"""A delivered message, and the decoding of what the broker sends before its body.

pamqp refuses some properties that RabbitMQ carries, for example a timestamp in microseconds. Such
a message must not end the connection, because every message that is prefetched beside it would be
delivered again. Its properties are replaced by `UNDECODABLE`, and its body stays as it is.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiormq.abc import AbstractChannel
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from shared.messaging.frames import plain_header

UNDECODABLE = "x-jemput-undecodable"
"""Header in place of properties that could not be decoded; its value is the kind of error."""

_SIZE = struct.Struct(">xxxxQ")
_TAG = struct.Struct(">QB")


@dataclass(frozen=True, slots=True)
class DeliverMethod:
    """The arguments of `basic.deliver`."""

    consumer_tag: str
    delivery_tag: int
    redelivered: bool
    exchange: str
    routing_key: str


class Delivery:
    """One message of a consumer, with the channel on which it is acknowledged."""

    __slots__ = (
        "app_id",
        "body",
        "channel",
        "content_type",
        "correlation_id",
        "delivery_tag",
        "exchange",
        "headers",
        "message_id",
        "redelivered",
        "routing_key",
        "timestamp",
        "type",
        "user_id",
    )

    def __init__(
        self,
        method: DeliverMethod,
        properties: Basic.Properties,
        body: bytes,
        channel: AbstractChannel,
    ) -> None:
        self.body = body
        self.channel = channel
        self.delivery_tag = method.delivery_tag
        self.redelivered = method.redelivered
        self.exchange = method.exchange
        self.routing_key = method.routing_key
        self.content_type: str | None = properties.content_type
        self.message_id: str | None = properties.message_id
        self.type: str | None = properties.message_type
        self.correlation_id: str | None = properties.correlation_id
        self.timestamp: datetime | None = properties.timestamp
        self.app_id: str | None = properties.app_id
        self.user_id: str | None = properties.user_id
        self.headers: Mapping[str, Any] = properties.headers or {}


Receive = Callable[[Delivery], object]
"""Takes a message of a consumer. It must return at once."""


def decode_deliver(payload: bytes) -> DeliverMethod:
    """Decode a `basic.deliver` method frame."""
    tag, at = _short(payload, 4)
    number, flags = _TAG.unpack_from(payload, at)
    exchange, at = _short(payload, at + _TAG.size)
    key, _ = _short(payload, at)
    return DeliverMethod(tag, number, bool(flags & 1), exchange, key)


def _short(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return payload[at + 1 : end].decode(), end


def decode_header(payload: bytes) -> ContentHeader:
    """Decode a content header. What cannot be decoded gives a header that states it."""
    if (plain := plain_header(payload)) is not None:
        return plain
    header = ContentHeader()
    try:
        header.unmarshal(payload)
    except Exception as error:  # noqa: BLE001 - whatever pamqp raises, a producer chose the bytes
        return ContentHeader(
            body_size=_SIZE.unpack_from(payload)[0], properties=_rest(header, error)
        )
    return header


def _rest(header: ContentHeader, error: Exception) -> Basic.Properties:
    # pamqp decodes in a fixed order and keeps what came before the fault.
    known = header.properties
    return Basic.Properties(
        message_id=known.message_id if isinstance(known.message_id, str) else None,
        headers={UNDECODABLE: type(error).__name__},
    )
