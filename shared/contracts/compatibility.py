"""What may change inside a published version, decided on two JSON Schemas.

Old and new run side by side, and archives are read for years. So readers of the old schema must
accept what the new class writes, and the new class must accept what the old one wrote: on the
fields that both know the two have to agree exactly, wider is as wrong as narrower. What remains is
a new optional field, and everything that only describes.
"""

from dataclasses import dataclass, field
from typing import Any

from shared.contracts.schema import Schema, resolved

UNREADABLE = "bodies already written may be refused from now on"
REFUSED = "readers of the published schema may refuse what is written from now on"

_DESCRIBING = frozenset({"title", "description", "examples", "deprecated", "$comment"})
_COMPARED_APART = frozenset(
    {"type", "enum", "const", "properties", "required", "items", "prefixItems"}
    | {"additionalProperties", "anyOf", "oneOf", "$ref", "$defs", "default"}
)
_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_NULL = {"type": "null"}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Break:
    """One reason why the new schema may not be published under the old version.

    `field` is a dotted path, `[]` for an element and `{}` for a value under a free key; empty where
    the event as a whole is meant.
    """

    field: str
    reason: str


@dataclass(slots=True)
class Verdict:
    """What a change does: `additions` are the paths of new optional fields."""

    breaks: list[Break] = field(default_factory=list)
    additions: list[str] = field(default_factory=list)


def compare(old: Schema, new: Schema) -> Verdict:
    """Judge a change from `old`, as published, to `new`."""
    comparison = _Comparison(old, new, set())
    comparison.value("", old, new)
    return comparison.verdict


class _Comparison:
    def __init__(self, old: Schema, new: Schema, entered: set[tuple[int, int]]) -> None:
        self._old_root = old
        self._new_root = new
        self._entered = entered
        self.verdict = Verdict()

    def value(self, path: str, old: Schema, new: Schema) -> None:
        old, new = resolved(self._old_root, old), resolved(self._new_root, new)
        olds, news = _alternatives(self._old_root, old), _alternatives(self._new_root, new)
        if len(olds) == len(news) == 1:
            self._plain(path, olds[0], news[0])
        else:
            self._null(path, olds, news)
            self._union(path, _without_null(olds), _without_null(news))

    def _break(self, path: str, reason: str) -> None:
        self.verdict.breaks.append(Break(path, reason))

    def _null(self, path: str, olds: list[Schema], news: list[Schema]) -> None:
        if _NULL in olds and _NULL not in news:
            self._break(path, f"null is no longer allowed: {UNREADABLE}")
        if _NULL in news and _NULL not in olds:
            self._break(path, f"null is newly allowed: {REFUSED}")

    def _union(self, path: str, olds: list[Schema], news: list[Schema]) -> None:
        if len(olds) == len(news) == 1:
            self.value(path, olds[0], news[0])
            return
        unmatched = list(news)
        for old in olds:
            fitting = next((new for new in unmatched if self._fits(path, old, new)), None)
            if fitting is None:
                self._break(path, f"an alternative was removed or changed: {UNREADABLE}")
            else:
                unmatched.remove(fitting)
        for _ in unmatched:
            self._break(path, f"an alternative was added or changed: {REFUSED}")

    def _fits(self, path: str, old: Schema, new: Schema) -> bool:
        trial = _Comparison(self._old_root, self._new_root, self._entered)
        trial.value(path, old, new)
        if not trial.verdict.breaks:
            self.verdict.additions += trial.verdict.additions
        return not trial.verdict.breaks

    def _plain(self, path: str, old: Schema, new: Schema) -> None:
        before, after = old.get("type", "any"), new.get("type", "any")
        if before != after:
            self._break(path, f"type changed from {before} to {after}")
            return
        self._listed_values(path, _listed(old), _listed(new))
        self._properties(path, old, new)
        self._elements(path, old, new)
        self._limits(path, old, new)

    def _listed_values(self, path: str, old: list[Any] | None, new: list[Any] | None) -> None:
        if old is None and new is not None:
            self._break(path, f"limited to listed values: {UNREADABLE}")
        elif old is not None and new is None:
            self._break(path, f"no longer limited to listed values: {REFUSED}")
        elif old is not None and new is not None:
            for one in (one for one in old if one not in new):
                self._break(path, f"value {one!r} removed: {UNREADABLE}")
            for one in (one for one in new if one not in old):
                self._break(path, f"value {one!r} added: {REFUSED}")

    def _properties(self, path: str, old: Schema, new: Schema) -> None:
        before, after = old.get("properties", {}), new.get("properties", {})
        # A type that contains itself is entered once; every cycle passes through properties.
        pair = (id(before), id(after))
        if pair in self._entered:
            return
        self._entered.add(pair)
        for name in before | after:
            self._property(f"{path}.{name}".removeprefix("."), name, old, new)
        self._entered.discard(pair)

    def _property(self, path: str, name: str, old: Schema, new: Schema) -> None:
        before, after = (side.get("properties", {}).get(name) for side in (old, new))
        was_required, is_required = (name in side.get("required", []) for side in (old, new))
        if after is None:
            self._break(path, "removed: readers of this version count on it")
        elif before is None and is_required:
            self._break(path, "new and required: bodies already written lack it")
        elif before is None:
            self.verdict.additions.append(path)
        else:
            self._presence(path, was=was_required, now=is_required)
            if not was_required and not is_required:
                self._default(path, before, after)
            self.value(path, before, after)

    def _presence(self, path: str, *, was: bool, now: bool) -> None:
        if now and not was:
            self._break(path, "newly required: bodies already written may lack it")
        if was and not now:
            self._break(path, f"no longer required: {REFUSED}")

    def _default(self, path: str, old: Schema, new: Schema) -> None:
        before, after = (side.get("default", _ABSENT) for side in (old, new))
        if before != after or type(before) is not type(after):
            self._break(path, "default changed: a body without the field would mean two things")

    def _elements(self, path: str, old: Schema, new: Schema) -> None:
        for keyword, inbox_id in (("items", "[]"), ("additionalProperties", "{}")):
            before, after = old.get(keyword, True), new.get(keyword, True)
            if isinstance(before, dict) and isinstance(after, dict):
                self.value(path + inbox_id, before, after)
            elif before != after:
                self._break(path, f"{keyword} changed: what is allowed inside is not the same")
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            self._break(path, f"length changed from {len(before)} to {len(after)} elements")
            return
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            self.value(f"{path}[{place}]", one, other)

    def _limits(self, path: str, old: Schema, new: Schema) -> None:
        for keyword in sorted((old.keys() | new.keys()) - _DESCRIBING - _COMPARED_APART):
            before, after = old.get(keyword), new.get(keyword)
            if before != after:
                self._break(path, _limit_reason(keyword, before, after))


def _alternatives(root: Schema, schema: Schema) -> list[Schema]:
    """The parts of a union, flat and each with what stands beside the union; else the schema."""
    schema = resolved(root, schema)
    parts = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(schema.get("type"), list):
        parts = [{"type": one} for one in schema["type"]]
    if parts is None:
        return [schema]
    beside = {name: schema[name] for name in schema.keys() - {"anyOf", "oneOf"}}
    flat = [one for part in parts for one in _alternatives(root, part)]
    return [_NULL if one.get("type") == "null" else {**beside, **one} for one in flat]


def _without_null(parts: list[Schema]) -> list[Schema]:
    return [part for part in parts if part != _NULL]


def _listed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _limit_reason(keyword: str, old: Any, new: Any) -> str:
    if old is None:
        return f"{keyword} {new} added: {UNREADABLE}"
    if new is None:
        return f"{keyword} {old} removed: {REFUSED}"
    change = f"{keyword} changed from {old} to {new}"
    if keyword in _LOWER | _UPPER:
        stricter = (new > old) is (keyword in _LOWER)
        return f"{change}: {UNREADABLE if stricter else REFUSED}"
    return f"{change}: old and new bodies are no longer the same"
