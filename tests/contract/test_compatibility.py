"""What a published version may become, and how far into an event the comparison looks."""

from typing import Any

import pytest

from shared.contracts.compatibility import Break, compare
from tests.contract.shapes import NULL, NUMBER, TEXT, event, one

ALLOWED = {
    "nothing": (event(f=TEXT), event(f=TEXT), []),
    "optional field added": (event(f=TEXT), event(f=TEXT, g=TEXT), ["g"]),
    "optional field with a default added": (event(), event(g={**NUMBER, "default": 0}), ["g"]),
    "optional nullable field added": (event(), event(g={"anyOf": [TEXT, NULL]}), ["g"]),
    "optional field added inside a value": (
        one(**event(("a",), a=TEXT)),
        one(**event(("a",), a=TEXT, b=TEXT)),
        ["f.b"],
    ),
    "optional field added inside elements": (
        one(type="array", items=event()),
        one(type="array", items=event(b=TEXT)),
        ["f[].b"],
    ),
    "optional field added behind null": (
        one(anyOf=[event(), NULL]),
        one(anyOf=[event(b=TEXT), NULL]),
        ["f.b"],
    ),
    "optional field added in one of two alternatives": (
        one(anyOf=[TEXT, event()]),
        one(anyOf=[TEXT, event(b=TEXT)]),
        ["f.b"],
    ),
    "other words": (
        {**event(f={**TEXT, "title": "F", "description": "One."}), "title": "E"},
        {**event(f={**TEXT, "title": "G", "description": "Two."}), "title": "H"},
        [],
    ),
    "another example": (
        event(f={**TEXT, "examples": ["a"]}),
        event(f={**TEXT, "examples": ["b"]}),
        [],
    ),
    "marked as going away": (event(f=TEXT), event(f={**TEXT, "deprecated": True}), []),
    "fields in another order": (event(f=TEXT, g=NUMBER), event(g=NUMBER, f=TEXT), []),
    "alternatives in another order": (
        one(anyOf=[TEXT, NUMBER, NULL]),
        one(anyOf=[NULL, NUMBER, TEXT]),
        [],
    ),
    "one listed value said as a constant": (
        one(type="string", enum=["a"]),
        one(type="string", const="a"),
        [],
    ),
    "null said as a type": (one(anyOf=[TEXT, NULL]), one(type=["null", "string"]), []),
}


@pytest.mark.parametrize(("old", "new", "additions"), ALLOWED.values(), ids=ALLOWED)
def test_allowed(old: dict[str, Any], new: dict[str, Any], additions: list[str]) -> None:
    verdict = compare(old, new)

    assert verdict.breaks == []
    assert verdict.additions == additions


def test_a_nested_class_may_be_renamed_but_not_changed() -> None:
    inner = event(("a",), a=TEXT)
    old = {**one(**{"$ref": "#/$defs/Inner"}), "$defs": {"Inner": inner}}
    renamed = {**one(**{"$ref": "#/$defs/Other"}), "$defs": {"Other": inner}}
    changed = {**renamed, "$defs": {"Other": event(("a",), a=NUMBER)}}

    assert compare(old, renamed).breaks == []
    assert compare(old, changed).breaks == [Break("f.a", "type changed from string to integer")]


def test_a_nested_class_is_judged_wherever_it_is_used() -> None:
    def two(inner: dict[str, Any]) -> dict[str, Any]:
        use = {"$ref": "#/$defs/Inner"}
        return {**event(("f", "g"), f=use, g=use), "$defs": {"Inner": inner}}

    verdict = compare(two(event(a=TEXT)), two(event()))

    assert [found.field for found in verdict.breaks] == ["f.a", "g.a"]


def test_a_value_that_contains_itself_is_judged_once() -> None:
    def tree(leaf: dict[str, Any]) -> dict[str, Any]:
        node = event(leaf=leaf, child={"anyOf": [{"$ref": "#/$defs/Node"}, NULL]})
        return {**one(**{"$ref": "#/$defs/Node"}), "$defs": {"Node": node}}

    assert compare(tree(TEXT), tree(TEXT)).breaks == []
    assert [found.field for found in compare(tree(TEXT), tree(NUMBER)).breaks] == ["f.leaf"]


def test_every_break_is_told_at_once() -> None:
    verdict = compare(event(f=TEXT, g=TEXT), event(("h",), f=NUMBER, h=TEXT))

    assert [found.field for found in verdict.breaks] == ["f", "g", "h"]


def test_a_field_called_like_a_keyword_is_still_a_field() -> None:
    old, new = event(title=TEXT, description=TEXT), event(title=NUMBER, description=NUMBER)

    assert [found.field for found in compare(old, new).breaks] == ["title", "description"]
