"""An event class as JSON Schema, and the example that its fields state themselves."""

import inspect
from collections.abc import Mapping
from typing import Any

from shared.contracts.event import Event

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class MissingExampleError(ValueError):
    """A field states no `examples`, so that nobody could be shown the event whole."""


def producer_of(event_type: str) -> str:
    """The service that publishes it: the first word of its type."""
    return event_type.partition(".")[0]


def meaning_of(event: type[Event]) -> str:
    """What the fact is, in one paragraph without line breaks."""
    return " ".join(inspect.cleandoc(event.__doc__ or "").partition("\n\n")[0].split())


def schema_of(event: type[Event]) -> Schema:
    """The body of an event as JSON Schema 2020-12; properties it does not name are allowed.

    The fields that name aggregate and thread stand in it because readers order and group by them:
    to change one is as much a break as to change a type.
    """
    body = event.model_json_schema()
    definitions = {"$defs": body.pop("$defs")} if "$defs" in body else {}
    head = {
        "$schema": DIALECT,
        "$id": f"urn:jemput:{event.type}",
        "title": event.__name__,
        "description": inspect.cleandoc(event.__doc__ or ""),
        "x-producer": producer_of(event.type),
        "x-aggregate-field": event.aggregate_field,
        "x-correlation-field": event.correlation_field,
    }
    rest = {name: value for name, value in body.items() if name not in head}
    return {**head, **rest, **definitions}


def example_of(event: type[Event]) -> dict[str, Any]:
    """A whole body, every optional field included, from the first example of each field.

    Raises MissingExampleError, naming the field.
    """
    schema = schema_of(event)
    return {name: _example(schema, part, name) for name, part in schema["properties"].items()}


def _example(root: Schema, part: Schema, field: str) -> Any:
    if part.get("examples"):
        return part["examples"][0]
    if "$ref" in part:
        return _example(root, resolved(root, part), field)
    if "anyOf" in part:
        # Null stands last, wherever the class writes it.
        return _example(root, part["anyOf"][0], field)
    if "items" in part:
        return [_example(root, part["items"], f"{field}[]")]
    if "properties" in part:
        inner = part["properties"].items()
        return {name: _example(root, value, f"{field}.{name}") for name, value in inner}
    raise MissingExampleError(f"field {field} states no example: add examples=[...] to it")


def resolved(root: Mapping[str, Any], part: Schema) -> Schema:
    """The part with its `$ref` into `$defs` followed; what stands beside the reference wins."""
    while "$ref" in part:
        beside = {name: value for name, value in part.items() if name != "$ref"}
        part = {**root["$defs"][part["$ref"].removeprefix("#/$defs/")], **beside}
    return part
