"""Every value that a schema lets through, with its path, for checks that look at all of them."""

from collections.abc import Iterator

from shared.contracts.schema import Schema, resolved


def values(root: Schema) -> Iterator[tuple[str, Schema]]:
    """Each value a body may hold and its dotted path, `[]` for elements, `{}` under free keys.

    A union yields each alternative; containers are yielded before what they hold.
    """
    yield from _below(root, "", root)


def _below(root: Schema, path: str, part: Schema) -> Iterator[tuple[str, Schema]]:
    part = resolved(root, part)
    alternatives = part.get("anyOf") or part.get("oneOf")
    if alternatives:
        for one in alternatives:
            yield from _below(root, path, one)
        return
    yield path, part
    for name, inner in part.get("properties", {}).items():
        yield from _below(root, f"{path}.{name}".removeprefix("."), inner)
    for keyword, inbox_id in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(part.get(keyword), dict):
            yield from _below(root, path + inbox_id, part[keyword])
    for inner in part.get("prefixItems", []):
        yield from _below(root, f"{path}[]", inner)
