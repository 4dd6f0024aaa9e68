"""Keeps `published/` and the page of events in step with the classes, and refuses what breaks.

Nothing that was published disappears: a schema that gains a field leaves its former self in
`history/`, an example that changes leaves its former self beside the new one, both numbered from 1.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.contracts import archive
from shared.contracts.asyncapi import document
from shared.contracts.compatibility import Break, compare
from shared.contracts.consumers import Subscriptions, subscriptions
from shared.contracts.event import Event
from shared.contracts.page import with_table
from shared.contracts.schema import MissingExampleError, example_of, schema_of

Catalogue = Mapping[str, type[Event]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie: the generated folder, the page, and the folder of the services."""

    published: Path
    readme: Path
    services: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: `changes` are the files that differ, with the text they should have.

    With `refusals`, one sentence each, nothing may be written.
    """

    changes: Mapping[Path, str]
    refusals: tuple[str, ...]


def plan(catalogue: Catalogue, places: Places) -> Plan:
    """Hold the classes against the published files, without touching any."""
    try:
        refusals = tuple(dict.fromkeys(_refusals(catalogue, places.published)))
        if refusals:
            return Plan({}, refusals)
        wanted = _wanted(catalogue, places, subscriptions(places.services))
    except (OSError, ValueError) as error:
        return Plan({}, (str(error),))
    return Plan({path: text for path, text in wanted.items() if _text(path) != text}, ())


def write(changes: Mapping[Path, str]) -> None:
    """Write the changes of a plan, in its order: what is archived comes first."""
    for path, text in changes.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def refusals_of(event: type[Event], published: Path) -> Iterator[str]:
    """Why this class may not be published as what it calls itself, one sentence for each reason."""
    try:
        example = example_of(event)
    except MissingExampleError as error:
        yield f"{event.type}: {error}"
        return
    yield from _example_refusals(event, example)
    for file in archive.example_files(published, event.type):
        yield from _unreadable(event, file.name, _loaded(file))
    for file in archive.schema_files(published, event.type):
        for broken in compare(_loaded(file), schema_of(event)).breaks:
            yield _sentence(event.type, broken)


def _refusals(catalogue: Catalogue, published: Path) -> Iterator[str]:
    yield from archive.disorder(published, catalogue.keys())
    for event in catalogue.values():
        yield from refusals_of(event, published)


def _example_refusals(event: type[Event], example: dict[str, Any]) -> Iterator[str]:
    unreadable = list(_unreadable(event, "the stated example", example))
    yield from unreadable
    if not unreadable:
        written = event.model_validate_json(_json(example)).model_dump(mode="json")
        for name in (name for name in example if written.get(name) != example[name]):
            wording = repr(written.get(name))
            yield f"{event.type}: field {name}: the example would be written as {wording}"


def _unreadable(event: type[Event], source: str, body: Any) -> Iterator[str]:
    try:
        event.model_validate_json(_json(body))
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            field = ".".join(str(part) for part in error["loc"])
            yield f"{event.type}: field {field}: {source} is refused: {error['msg']}"


def _sentence(event_type: str, broken: Break) -> str:
    stem, _, version = event_type.rpartition(".v")
    where = f"field {broken.field}" if broken.field else "the event"
    following = f"{stem}.v{int(version) + 1}"
    return f"{event_type}: {where}: {broken.reason}. Publish {following} beside it instead."


def _wanted(catalogue: Catalogue, places: Places, declared: Subscriptions) -> dict[Path, str]:
    events = tuple(catalogue.values())
    page = places.readme.read_text(encoding="utf-8")
    wanted: dict[Path, str] = {}
    for event in events:
        wanted |= _archived(event, places.published)
    for event in events:
        wanted[archive.schema_file(places.published, event.type)] = _json(schema_of(event))
        wanted[archive.example_file(places.published, event.type)] = _json(example_of(event))
    wanted[places.published / archive.ASYNCAPI] = _json(document(events, declared))
    wanted[places.readme] = with_table(page, events, declared)
    return wanted


def _archived(event: type[Event], published: Path) -> dict[Path, str]:
    """The current files that are about to be replaced by others of another content."""
    kept: dict[Path, str] = {}
    schema = archive.schema_file(published, event.type)
    example = archive.example_file(published, event.type)
    if schema.exists() and compare(_loaded(schema), schema_of(event)).additions:
        kept[archive.next_archived_schema(published, event.type)] = schema.read_text("utf-8")
    if example.exists() and _loaded(example) != example_of(event):
        kept[archive.next_archived_example(published, event.type)] = example.read_text("utf-8")
    return kept


def _loaded(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: no JSON: {error}") from error


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
