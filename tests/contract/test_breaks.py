"""Every kind of change that a published version may not go through, and the reason told."""

from typing import Any

import pytest

from shared.contracts.compatibility import Break, compare
from tests.contract.shapes import NULL, NUMBER, TEXT, event, one

REFUSED = "readers of the published schema may refuse what is written from now on"
UNREADABLE = "bodies already written may be refused from now on"

BREAKS = {
    "optional field removed": (
        event(f=TEXT),
        event(),
        Break("f", "removed: readers of this version count on it"),
    ),
    "required field removed": (
        event(("f",), f=TEXT),
        event(),
        Break("f", "removed: readers of this version count on it"),
    ),
    "retyped": (
        one(type="string"),
        one(type="integer"),
        Break("f", "type changed from string to integer"),
    ),
    "widened type": (
        one(type="integer"),
        one(type="number"),
        Break("f", "type changed from integer to number"),
    ),
    "type dropped": (one(type="string"), one(), Break("f", "type changed from string to any")),
    "new and required": (
        event(),
        event(("f",), f=TEXT),
        Break("f", "new and required: bodies already written lack it"),
    ),
    "newly required": (
        event(f=TEXT),
        event(("f",), f=TEXT),
        Break("f", "newly required: bodies already written may lack it"),
    ),
    "no longer required": (
        event(("f",), f=TEXT),
        event(f=TEXT),
        Break("f", f"no longer required: {REFUSED}"),
    ),
    "default changed": (
        event(f={**NUMBER, "default": 1}),
        event(f={**NUMBER, "default": 2}),
        Break("f", "default changed: a body without the field would mean two things"),
    ),
    "default dropped": (
        event(f={**NUMBER, "default": 1}),
        event(f=NUMBER),
        Break("f", "default changed: a body without the field would mean two things"),
    ),
    "default of another kind": (
        event(f={"default": 1}),
        event(f={"default": True}),
        Break("f", "default changed: a body without the field would mean two things"),
    ),
    "null removed": (
        one(anyOf=[TEXT, NULL]),
        one(type="string"),
        Break("f", f"null is no longer allowed: {UNREADABLE}"),
    ),
    "null added": (
        one(type="string"),
        one(anyOf=[TEXT, NULL]),
        Break("f", f"null is newly allowed: {REFUSED}"),
    ),
    "null added in a list of types": (
        one(type="string"),
        one(type=["string", "null"]),
        Break("f", f"null is newly allowed: {REFUSED}"),
    ),
    "alternative removed": (
        one(anyOf=[TEXT, NUMBER]),
        one(type="string"),
        Break("f", f"an alternative was removed or changed: {UNREADABLE}"),
    ),
    "alternative added": (
        one(anyOf=[TEXT, NUMBER]),
        one(anyOf=[TEXT, NUMBER, {"type": "boolean"}]),
        Break("f", f"an alternative was added or changed: {REFUSED}"),
    ),
    "changed behind null": (
        one(anyOf=[{**TEXT, "maxLength": 9}, NULL]),
        one(anyOf=[{**TEXT, "maxLength": 5}, NULL]),
        Break("f", f"maxLength changed from 9 to 5: {UNREADABLE}"),
    ),
    "changed beside a list of types": (
        one(type=["string", "null"], maxLength=9),
        one(type=["string", "null"], maxLength=5),
        Break("f", f"maxLength changed from 9 to 5: {UNREADABLE}"),
    ),
    "changed beside a union": (
        one(anyOf=[TEXT, NULL], maxLength=9),
        one(anyOf=[TEXT, NULL], maxLength=5),
        Break("f", f"maxLength changed from 9 to 5: {UNREADABLE}"),
    ),
    "changed inside a union inside a union": (
        one(anyOf=[{"anyOf": [{**TEXT, "maxLength": 9}, NULL]}, NULL]),
        one(anyOf=[{**TEXT, "maxLength": 5}, NULL]),
        Break("f", f"maxLength changed from 9 to 5: {UNREADABLE}"),
    ),
    "listed value removed": (
        one(type="string", enum=["a", "b"]),
        one(type="string", enum=["a"]),
        Break("f", f"value 'b' removed: {UNREADABLE}"),
    ),
    "listed value added": (
        one(type="string", enum=["a"]),
        one(type="string", enum=["a", "b"]),
        Break("f", f"value 'b' added: {REFUSED}"),
    ),
    "newly a list of values": (
        one(type="string"),
        one(type="string", enum=["a"]),
        Break("f", f"limited to listed values: {UNREADABLE}"),
    ),
    "no longer a list of values": (
        one(type="string", const="a"),
        one(type="string"),
        Break("f", f"no longer limited to listed values: {REFUSED}"),
    ),
    "pattern added": (
        one(type="string"),
        one(type="string", pattern="^a$"),
        Break("f", f"pattern ^a$ added: {UNREADABLE}"),
    ),
    "pattern removed": (
        one(type="string", pattern="^a$"),
        one(type="string"),
        Break("f", f"pattern ^a$ removed: {REFUSED}"),
    ),
    "pattern changed": (
        one(type="string", pattern="^a$"),
        one(type="string", pattern="^[ab]$"),
        Break("f", "pattern changed from ^a$ to ^[ab]$: old and new bodies are no longer the same"),
    ),
    "format added": (
        one(type="string"),
        one(type="string", format="date"),
        Break("f", f"format date added: {UNREADABLE}"),
    ),
    "format changed": (
        one(type="string", format="date"),
        one(type="string", format="date-time"),
        Break(
            "f", "format changed from date to date-time: old and new bodies are no longer the same"
        ),
    ),
    "maximum lowered": (
        one(type="integer", maximum=9),
        one(type="integer", maximum=5),
        Break("f", f"maximum changed from 9 to 5: {UNREADABLE}"),
    ),
    "maximum raised": (
        one(type="integer", maximum=5),
        one(type="integer", maximum=9),
        Break("f", f"maximum changed from 5 to 9: {REFUSED}"),
    ),
    "minimum raised": (
        one(type="integer", minimum=0),
        one(type="integer", minimum=1),
        Break("f", f"minimum changed from 0 to 1: {UNREADABLE}"),
    ),
    "minimum lowered": (
        one(type="integer", minimum=1),
        one(type="integer", minimum=0),
        Break("f", f"minimum changed from 1 to 0: {REFUSED}"),
    ),
    "exclusive bound added": (
        one(type="number"),
        one(type="number", exclusiveMinimum=0),
        Break("f", f"exclusiveMinimum 0 added: {UNREADABLE}"),
    ),
    "length shortened": (
        one(type="string", maxLength=200),
        one(type="string", maxLength=100),
        Break("f", f"maxLength changed from 200 to 100: {UNREADABLE}"),
    ),
    "length unbounded": (
        one(type="string", maxLength=200),
        one(type="string"),
        Break("f", f"maxLength 200 removed: {REFUSED}"),
    ),
    "fewer elements": (
        one(type="array", items=TEXT),
        one(type="array", items=TEXT, maxItems=3),
        Break("f", f"maxItems 3 added: {UNREADABLE}"),
    ),
    "elements only once": (
        one(type="array", items=TEXT),
        one(type="array", items=TEXT, uniqueItems=True),
        Break("f", f"uniqueItems True added: {UNREADABLE}"),
    ),
    "elements retyped": (
        one(type="array", items=TEXT),
        one(type="array", items=NUMBER),
        Break("f[]", "type changed from string to integer"),
    ),
    "elements no longer typed": (
        one(type="array", items=TEXT),
        one(type="array"),
        Break("f", "items changed: what is allowed inside is not the same"),
    ),
    "a pair becomes three": (
        one(type="array", prefixItems=[TEXT, TEXT]),
        one(type="array", prefixItems=[TEXT, TEXT, TEXT]),
        Break("f", "length changed from 2 to 3 elements"),
    ),
    "second of a pair retyped": (
        one(type="array", prefixItems=[TEXT, TEXT]),
        one(type="array", prefixItems=[TEXT, NUMBER]),
        Break("f[1]", "type changed from string to integer"),
    ),
    "unknown fields refused": (
        event(),
        {**event(), "additionalProperties": False},
        Break("", "additionalProperties changed: what is allowed inside is not the same"),
    ),
    "values under free keys retyped": (
        one(type="object", additionalProperties=TEXT),
        one(type="object", additionalProperties=NUMBER),
        Break("f{}", "type changed from string to integer"),
    ),
    "field of an inner value removed": (
        one(**event(inner=TEXT)),
        one(**event()),
        Break("f.inner", "removed: readers of this version count on it"),
    ),
    "another aggregate": (
        {**event(), "x-aggregate-field": "case_id"},
        {**event(), "x-aggregate-field": "job_id"},
        Break(
            "",
            "x-aggregate-field changed from case_id to job_id:"
            " old and new bodies are no longer the same",
        ),
    ),
    "a keyword nobody thought of": (
        one(type="integer", multipleOf=2),
        one(type="integer", multipleOf=3),
        Break("f", "multipleOf changed from 2 to 3: old and new bodies are no longer the same"),
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), BREAKS.values(), ids=BREAKS)
def test_refused(old: dict[str, Any], new: dict[str, Any], expected: Break) -> None:
    assert compare(old, new).breaks == [expected]
