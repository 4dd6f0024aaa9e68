"""An event in its envelope: the one form that outbox, bus and deferred messages share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contracts.envelope import Envelope

EXCHANGE = "jemput.events"
"""Topic exchange of the published language: the routing key is the event's type."""

ADDRESSED = "jemput.addressed"
"""The routing key is the name of one queue: releases, replays and retries.

A topic exchange, although no pattern is ever bound: only there do rights by routing key hold.
"""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`body` is the payload as JSON; exchange and key are its address."""

    envelope: Envelope
    body: bytes
    exchange: str = EXCHANGE
    routing_key: str = ""

    @property
    def key(self) -> str:
        """The routing key: the event's type unless it is addressed to one queue."""
        return self.routing_key or self.envelope.type


def to_document(message: Message) -> Document:
    """Return the message as one flat document under its message id."""
    e = message.envelope
    return {
        "_id": e.id,
        "type": e.type,
        "source": e.source,
        "aggregate_id": e.aggregate_id,
        "version": e.version,
        "correlation_id": e.correlation_id,
        "causation_id": e.causation_id,
        # Text, because MongoDB cuts times to milliseconds and an event must leave as it was made.
        "occurred_at": e.occurred_at.isoformat(),
        "recorded_at": e.recorded_at.isoformat(),
        "actor": e.actor,
        "body": message.body,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
    }


def from_document(document: Document) -> Message:
    """Return the message that `to_document` made this of."""
    envelope = Envelope(
        id=document["_id"],
        type=document["type"],
        source=document["source"],
        aggregate_id=document["aggregate_id"],
        version=document["version"],
        correlation_id=document["correlation_id"],
        causation_id=document["causation_id"],
        occurred_at=datetime.fromisoformat(document["occurred_at"]),
        recorded_at=datetime.fromisoformat(document["recorded_at"]),
        actor=document["actor"],
    )
    return Message(envelope, bytes(document["body"]), document["exchange"], document["routing_key"])


def read_document(document: Document) -> tuple[Message | None, str]:
    """Return the message, or None and the reason why it cannot be read."""
    try:
        return from_document(document), ""
    except KeyError as missing:
        return None, f"field {missing.args[0]} is missing"
    except (TypeError, ValueError) as wrong:
        return None, f"a field cannot be read ({type(wrong).__name__})"


def unreadable_because(deferred: Document) -> str:
    """Return why a deferred message cannot be read; empty where it can."""
    for field in ("waits_in", "waits_for"):
        if not isinstance(deferred.get(field), str):
            return f"field {field} cannot be read"
    return read_document(deferred)[1]


def inbox_id_of_message(message_id: str) -> str:
    """Return the inbox id of a message. Ids of messages and of commands never meet."""
    return f"message:{message_id}"


def inbox_id_of_command(command_id: str) -> str:
    """Return the inbox id of a command."""
    return f"command:{command_id}"
