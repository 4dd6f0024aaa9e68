"""Small JSON Schemas to hold against each other."""

from typing import Any

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
NULL = {"type": "null"}


def event(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def one(**keywords: Any) -> dict[str, Any]:
    """An event with the single required field `f`."""
    return event(("f",), f=keywords)
