"""Messages as AMQP 0-9-1 messages: CloudEvents attributes in properties and `ce-` headers.

There is no official binding of CloudEvents to AMQP 0-9-1; the `ce-` header names are the ones that
Knative's RabbitMQ broker uses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from pamqp.commands import Basic

from shared.contracts.envelope import Envelope
from shared.messaging.delivery import UNDECODABLE
from shared.messaging.errors import Malformed
from shared.messaging.message import Message
from shared.messaging.topology import OPERATOR

MAX_BODY = 256 * 1024
"""Bytes of a payload that a consumer accepts."""

MAX_VERSION = 2**31 - 1
"""Highest version of an aggregate that a consumer accepts. A copy keeps the newest version, so a
value no producer can reach would shut out every later one."""

ATTEMPT = "x-jemput-attempt"
REASON = "x-jemput-reason"
DETAIL = "x-jemput-detail"
DIED_AT = "x-jemput-died-at"
QUEUE = "x-jemput-queue"
SENDER = "x-jemput-sender"
"""Who published a message that its queue's own service has sent on; empty where nobody is named."""
WAITS = "x-jemput-waits"
"""How often a message of an unknown type has been sent to wait for newer code."""

PERSISTENT = 2
_INT64 = 1 << 63
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2200
"""Outside is a broken clock; at the ends of the calendar a change of zone would overflow."""
_SHORT = 255
_HEADERS_KEPT = 50
_HEADER_LENGTH = 1024
_SOURCE = "jemput/"
_VERSIONED = re.compile(r"^(?P<name>[a-z_]+\.[a-z_]+)\.v(?P<version>[0-9]{1,4})$")


class Incoming(Protocol):
    """What is read of a delivered message; `Delivery` and aio-pika's IncomingMessage fit."""

    body: bytes
    content_type: str | None
    message_id: str | None
    type: str | None
    correlation_id: str | None
    timestamp: datetime | None
    app_id: str | None
    user_id: str | None
    """The broker's user who published it: the broker refuses any other."""

    @property
    def headers(self) -> Mapping[str, Any]:
        """Return the application headers."""
        ...


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as it came, with a new address: a retry, a dead letter or a replay."""

    body: bytes
    properties: Basic.Properties
    exchange: str
    key: str


def redirect(
    message: Incoming, exchange: str, key: str, notes: Mapping[str, str | int | None]
) -> RawMessage:
    """Give a message a new address. Notes are our own headers: set, or removed with None."""
    travel = ((name, value) for name, value in message.headers.items() if _travels(name, value))
    kept = dict(islice(travel, _HEADERS_KEPT))
    headers = {name: value for name, value in {**kept, **notes}.items() if value is not None}
    said = Basic.Properties(
        content_type=message.content_type,
        headers=headers,
        delivery_mode=PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.message_id,
        timestamp=message.timestamp,
        message_type=message.type,
        app_id=message.app_id,
    )
    return RawMessage(message.body, said, exchange, key)


def _travels(header: str, value: object) -> bool:
    # The broker's own notes (x-death, x-delivery-count ...) belong to the way it came. What is too
    # long is left behind: headers travel in one frame, and one that overflows ends the connection.
    if not header.startswith(("ce-", "x-jemput-")):
        return False
    if isinstance(value, str):
        return len(value.encode()) <= _HEADER_LENGTH
    # Of the rest only whole numbers are ours, and AMQP carries no greater ones.
    return isinstance(value, int) and -_INT64 <= value < _INT64


def properties(message: Message) -> Basic.Properties:
    """Return the properties and headers under which a message travels, persistent."""
    e = message.envelope
    headers: dict[str, Any] = {
        "ce-specversion": "1.0",
        "ce-id": e.id,
        "ce-type": e.type,
        "ce-source": _SOURCE + e.source,
        "ce-time": e.occurred_at.isoformat(),
        "ce-recordedtime": e.recorded_at.isoformat(),
        "ce-subject": e.aggregate_id,
        "ce-sequence": str(e.version),
        "ce-actor": e.actor,
    }
    if e.causation_id is not None:
        headers["ce-causationid"] = e.causation_id
    return Basic.Properties(
        content_type="application/json",
        headers=headers,
        delivery_mode=PERSISTENT,
        correlation_id=e.correlation_id,
        message_id=e.id,
        timestamp=e.recorded_at,
        message_type=e.type,
        app_id=e.source,
        user_id=e.source,
    )


def read(message: Incoming) -> Message:
    """Return what a delivered message carries.

    Raises Malformed with the reason `undecodable`, `too_large`, `content_type` or `envelope`.
    """
    if (fault := message.headers.get(UNDECODABLE)) is not None:
        raise Malformed("undecodable", f"the properties cannot be decoded: {fault}"[:_SHORT])
    if len(message.body) > MAX_BODY:
        raise Malformed("too_large", f"{len(message.body)} bytes, at most {MAX_BODY}")
    if (message.content_type or "").partition(";")[0].strip() != "application/json":
        raise Malformed("content_type", "only application/json is read")
    return Message(_envelope(message), message.body)


def _envelope(message: Incoming) -> Envelope:
    headers = message.headers
    try:
        return Envelope(
            id=_text(message.message_id),
            type=_text(message.type),
            source=_text(headers["ce-source"]).removeprefix(_SOURCE),
            aggregate_id=_text(headers["ce-subject"]),
            version=_count(headers["ce-sequence"]),
            correlation_id=_text(message.correlation_id),
            causation_id=_text(cause) if (cause := headers.get("ce-causationid")) else None,
            occurred_at=_time(headers["ce-time"]),
            recorded_at=_time(headers["ce-recordedtime"]),
            actor=_text(headers["ce-actor"]),
        )
    except KeyError as missing:
        raise Malformed("envelope", f"header {missing.args[0]} is missing") from missing
    except (TypeError, ValueError, OverflowError) as wrong:
        raise Malformed("envelope", "an attribute of the envelope cannot be read") from wrong


def _text(value: object) -> str:
    # Short strings of AMQP, which some of them become again, hold 255 bytes.
    if not isinstance(value, str) or not value:
        raise ValueError
    if (len(value) if value.isascii() else len(value.encode())) > _SHORT:
        raise ValueError
    return value


def _count(value: object) -> int:
    count = int(value) if isinstance(value, str | int) else 0
    if not 0 < count <= MAX_VERSION:
        raise ValueError
    return count


def _time(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None or not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
        raise ValueError
    return moment.astimezone(UTC)


def require_sender(message: Incoming, envelope: Envelope, queue: str) -> None:
    """Check the source that a message names against who published it.

    Rights by routing key are not enough: before RabbitMQ 4.0.3 a key in the CC or BCC header passes
    them. `user_id` is checked by every broker against the connection's login. Trusted are the
    source's own user, the queue's own service (releases), and the operator. Raises Malformed with
    the reason `sender`, or `unknown_type` for what is no type at all.
    """
    if split_type(envelope.type) is None:
        raise Malformed("unknown_type", "not shaped like an event type")
    if envelope.type.partition(".")[0] != envelope.source:
        raise Malformed("sender", "the type is another producer's than the source")
    if not vouched_for(message, envelope.source, queue):
        raise Malformed("sender", "not published by its source")


def vouched_for(message: Incoming, source: str, queue: str) -> bool:
    """Return whether a message of a queue comes from its source or whom all trust."""
    owner = queue.partition(".")[0]
    return sender_of(message, owner) in {source, owner, OPERATOR}


def sender_of(message: Incoming, owner: str) -> str:
    """Return who published a message first; empty where nobody is named.

    A queue's own service sends on what it has not looked into: suspects and dead letters. It notes
    of whom it had them, and is believed by this note as nobody else is, for headers are free text.
    """
    user = message.user_id or ""
    return str(message.headers.get(SENDER, user)) if user == owner else user


def split_type(type_: str) -> tuple[str, int] | None:
    """Return name and version of an event type, or None where it is not shaped like one."""
    match = _VERSIONED.match(type_)
    return (match["name"], int(match["version"])) if match else None
