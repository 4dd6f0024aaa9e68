"""A body stays under 256 KiB because every value in it has an end."""

import importlib
import json
import math
from typing import Any

import pytest

from shared.contracts import CATALOGUE, Event
from shared.contracts.asyncapi import MAX_BODY_BYTES
from shared.contracts.schema import Schema, resolved, schema_of
from tests.contract.walk import values

FORMATS = {"date": 12, "date-time": 34}
BYTES_OF_ONE_CHARACTER = 6
"""JSON writes a control character as a backslash, a u and four digits."""


def endless(value: Schema) -> bool:
    """Whether this value alone, whatever it holds, can grow without end."""
    kind = value.get("type")
    if "enum" in value or "const" in value:
        return False
    if kind == "array":
        return "maxItems" not in value
    if kind in ("integer", "number"):
        bounds = {"maximum", "exclusiveMaximum"}, {"minimum", "exclusiveMinimum"}
        return not all(value.keys() & either for either in bounds)
    return kind == "string" and math.isinf(_text_bytes(value))


def largest(root: Schema, part: Schema) -> float:
    """Bytes of the longest compact JSON that the schema lets through, known fields only."""
    part = resolved(root, part)
    if "anyOf" in part:
        return max(largest(root, one) for one in part["anyOf"])
    if "enum" in part or "const" in part:
        return max(len(json.dumps(one)) for one in part.get("enum", [part.get("const")]))
    return _by_type(root, part)


def _by_type(root: Schema, part: Schema) -> float:
    match part.get("type"):
        case "object":
            inner = part["properties"].items()
            return 2 + sum(len(name) + 4 + largest(root, value) for name, value in inner)
        case "array":
            each = 1 + largest(root, part["items"])
            return 2 + float(part.get("maxItems", math.inf)) * each
        case "string":
            return _text_bytes(part)
        case "integer" if not endless(part):
            return max(len(str(part["minimum"])), len(str(part["maximum"])))
        case "boolean" | "null":
            return 5
    return math.inf


def _text_bytes(part: Schema) -> float:
    known = FORMATS.get(part.get("format", ""))
    if known is not None:
        return known
    lengths = [float(part.get("maxLength", math.inf)) * BYTES_OF_ONE_CHARACTER]
    if "pattern" in part:
        lengths.append(_pattern_bytes(part["pattern"]))
    return 2 + min(lengths)


def _pattern_bytes(pattern: str) -> float:
    """The longest text a pattern lets through; endless unless anchored at both ends."""
    # The parser of the standard library knows; to write a second one would be the larger risk.
    parser: Any = importlib.import_module("re._parser")
    width = parser.parse(pattern).getwidth()[1]
    whole = pattern.startswith("^") and pattern.endswith("$")
    return float(width * BYTES_OF_ONE_CHARACTER) if whole and width < MAX_BODY_BYTES else math.inf


def test_every_value_has_an_end() -> None:
    found = {
        (event_type, path)
        for event_type, event in CATALOGUE.items()
        for path, value in values(schema_of(event))
        if endless(value)
    }

    assert not found


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_the_longest_body_fits(event: type[Event]) -> None:
    schema = schema_of(event)

    assert largest(schema, schema) <= MAX_BODY_BYTES


@pytest.mark.parametrize(
    "value",
    [
        {"type": "string"},
        {"type": "string", "minLength": 1},
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "string", "pattern": "[a-z]{1,9}"},
        {"type": "string", "format": "uri"},
        {"type": "integer"},
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": {"type": "boolean"}},
    ],
)
def test_what_has_no_end_is_found(value: Schema) -> None:
    assert endless(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"type": "boolean"}, 5),
        ({"type": "string", "format": "date"}, 12),
        ({"type": "string", "enum": ["ab", "abcd"]}, 6),
        ({"type": "string", "maxLength": 10}, 62),
        ({"type": "string", "pattern": "^[0-9]{3}$", "maxLength": 10}, 20),
        ({"type": "integer", "minimum": 0, "maximum": 1000}, 4),
        ({"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}, 12),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 10}, 62),
        ({"type": "object", "properties": {"a": {"type": "boolean"}}}, 12),
    ],
)
def test_sizes_by_hand(value: Schema, size: int) -> None:
    assert not endless(value)
    assert largest(value, value) == size


def test_many_bounded_values_together_are_too_much() -> None:
    text = {"type": "string", "maxLength": 200}
    rows = {"type": "array", "maxItems": 300, "items": text}

    assert largest(rows, rows) > MAX_BODY_BYTES
