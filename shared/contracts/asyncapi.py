"""The whole published language as one AsyncAPI 3.0.0 document, for partners and their tools.

Payloads are AsyncAPI schema objects (JSON Schema draft 7 with a few extras), so nested definitions
move to the components and the document needs no file beside it.
"""

from collections.abc import Sequence
from typing import Any

from shared.contracts.consumers import Subscriptions, consumers_of
from shared.contracts.event import Event
from shared.contracts.schema import Schema, example_of, meaning_of, producer_of, schema_of
from shared.contracts.text import identifier, token

EXCHANGE = "jemput.events"
MAX_BODY_BYTES = 256 * 1024
HEADERS = "CloudEventsHeaders"

_BINDING = "0.3.0"
_GUARANTEES = f"""\
Facts that Jemput's services publish. Each type is its own channel; the type is also the routing
key on the topic exchange `{EXCHANGE}`, the AMQP property `type` and the header `ce-type`.

What a reader can rely on:

- **At least once.** A published event is not lost, and it may come more than once: drop what has a
  `message_id` that was handled before.
- **No global order.** Events of one aggregate (`ce-subject`) carry a growing number in
  `ce-sequence`; apply what is newer than what you have. Gaps are normal, as a reader sees only the
  types it asked for.
- **Unknown fields must be ignored.** Inside a version only optional fields are added; anything
  else is a new type that ends in the next version, published beside the old one.
- **No personal data.** No name, number, address or contact of a person is in any body or header.
- **At most {MAX_BODY_BYTES // 1024} KiB** of body, JSON in UTF-8.

`ce-time` is when it happened and `ce-recordedtime` when it became known: work done without signal
and imports bring old facts late.
"""
_PROPERTIES = {
    "message_id": "Same as ce-id; the key to drop duplicates by.",
    "type": "The event type, same as the routing key.",
    "correlation_id": "The thread that the event belongs to: the case where there is one.",
    "timestamp": "When it was recorded, in whole seconds.",
    "app_id": "The service that publishes it.",
    "content_type": "application/json",
    "delivery_mode": "2: survives a restart of the broker.",
}


def document(events: Sequence[type[Event]], declared: Subscriptions) -> dict[str, Any]:
    """One document over all events, with the services that read each as `x-consumers`."""
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {event.type: _channel(event, declared) for event in events},
        "operations": {f"send.{event.type}": _operation(event) for event in events},
        "components": {
            "messages": {event.type: _message(event) for event in events},
            "schemas": {HEADERS: headers_schema(), **_schemas(events)},
            "securitySchemes": {"account": {"type": "userPassword"}},
        },
    }


def headers_schema() -> Schema:
    """The headers of every event: CloudEvents 1.0 attributes, each with the prefix `ce-`."""
    instant = {"type": "string", "format": "date-time"}
    opaque = {
        "type": "string",
        "pattern": identifier("._:/-"),
        "minLength": 1,
        "maxLength": 120,
    }
    properties = {
        "ce-specversion": {"type": "string", "const": "1.0"},
        "ce-id": {**opaque, "description": "Unique for ever; a repeat is a duplicate."},
        "ce-type": {**opaque, "description": "The event type."},
        "ce-source": {"type": "string", "pattern": "^jemput/[a-z]+$"},
        "ce-time": {**instant, "description": "When it happened (RFC 3339)."},
        "ce-recordedtime": {**instant, "description": "When it became known (RFC 3339)."},
        "ce-subject": {**opaque, "description": "The aggregate this is a fact about."},
        "ce-sequence": {
            "type": "string",
            "pattern": "^[0-9]{1,15}$",
            "description": "Version of the aggregate, a decimal number: compare as a number.",
        },
        "ce-actor": {
            "type": "string",
            "pattern": token("A-Za-z", "._:-"),
            "maxLength": 64,
            "description": "Who did it: a pseudonymous account id, or the service by its own rule.",
        },
        "ce-causationid": {**opaque, "description": "The ce-id of what led to this, if any."},
    }
    required = [name for name in properties if name != "ce-causationid"]
    return {"type": "object", "properties": properties, "required": required}


def _info() -> dict[str, Any]:
    return {
        "title": "Jemput events",
        "version": "1.0.0",
        "description": _GUARANTEES,
        "license": {"name": "Apache-2.0"},
        "x-amqp-properties": _PROPERTIES,
        "x-max-body-bytes": MAX_BODY_BYTES,
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ. Every reader has an account and queues of its own.",
        "variables": {
            "host": {"default": "localhost", "description": "The office's broker."},
            "port": {"default": "5672"},
        },
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    }


def _channel(event: type[Event], declared: Subscriptions) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": event.type,
        "title": event.__name__,
        "description": meaning_of(event),
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
        "bindings": {
            "amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}
        },
        "x-producer": producer_of(event.type),
        "x-consumers": list(consumers_of(event.type, declared)),
    }


def _operation(event: type[Event]) -> dict[str, Any]:
    channel = f"#/channels/{event.type}"
    amqp = {"deliveryMode": 2, "timestamp": True, "bindingVersion": _BINDING}
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{event.type}"}],
        "summary": meaning_of(event),
        "tags": [{"name": producer_of(event.type)}],
        "bindings": {"amqp": amqp},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": meaning_of(event),
        "contentType": "application/json",
        "headers": _headers_of(event),
        "payload": {"$ref": f"#/components/schemas/{event.type}"},
        "correlationId": {
            "location": f"$message.payload#/{event.correlation_field}",
            "description": "The AMQP property correlation_id says the same.",
        },
        "bindings": {"amqp": {"messageType": event.type, "bindingVersion": _BINDING}},
        "examples": [_example(event)],
    }


def _headers_of(event: type[Event]) -> Schema:
    own = {
        "ce-type": {"const": event.type},
        "ce-source": {"const": f"jemput/{producer_of(event.type)}"},
    }
    return {
        "type": "object",
        "allOf": [{"$ref": f"#/components/schemas/{HEADERS}"}, {"properties": own}],
    }


def _example(event: type[Event]) -> dict[str, Any]:
    payload = example_of(event)
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "0190f3c2-7a52-7d10-8c33-5b1e9f0a2d47",
        "ce-type": event.type,
        "ce-source": f"jemput/{producer_of(event.type)}",
        "ce-time": "2023-03-11T02:15:00Z",
        "ce-recordedtime": "2023-03-11T02:15:02Z",
        "ce-subject": payload[event.aggregate_field],
        "ce-sequence": "1",
        "ce-actor": "op-17",
        "ce-causationid": "0190f3c2-7a4f-7b02-9d61-c47a08e3b95f",
    }
    return {"name": "whole", "headers": headers, "payload": payload}


def _schemas(events: Sequence[type[Event]]) -> dict[str, Schema]:
    """Event bodies by type, and the values inside them by producer and class name."""
    schemas: dict[str, Schema] = {}
    for event in events:
        prefix = f"#/components/schemas/{producer_of(event.type)}."
        body = _pointing(schema_of(event), prefix)
        for name, definition in body.pop("$defs", {}).items():
            schemas[f"{producer_of(event.type)}.{name}"] = definition
        # Without its own identity the body's references resolve from the root of the document.
        schemas[event.type] = {
            name: part for name, part in body.items() if name not in ("$schema", "$id")
        }
    return schemas


def _pointing(part: Any, prefix: str) -> Any:
    if isinstance(part, list):
        return [_pointing(one, prefix) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: value.replace("#/$defs/", prefix, 1) if name == "$ref" else _pointing(value, prefix)
        for name, value in part.items()
    }
