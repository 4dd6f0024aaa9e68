"""What counts as an event, and what each one has to say of itself."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import shared.contracts
from shared.contracts import CATALOGUE, Event
from shared.contracts.schema import example_of, resolved, schema_of

PARTICIPLE = r"([a-z]+ed|sent|held|given|met|lost|found|taken|begun|drawn|withdrawn|sold|built)"
GRAMMAR = re.compile(
    rf"[a-z]+\.(?P<fact>[a-z]+(_[a-z]+)*_{PARTICIPLE}(_(in|out|back|over|off))?)\.v(?P<n>[1-9][0-9]*)"
)
EVENTS = [pytest.param(event, id=event_type) for event_type, event in CATALOGUE.items()]


def declared() -> Iterator[type[Event]]:
    """Every event class that a file of shared/contracts defines, listed or not."""
    for module in pkgutil.iter_modules(shared.contracts.__path__):
        if module.name != "__main__":
            loaded = importlib.import_module(f"shared.contracts.{module.name}")
            for _, found in inspect.getmembers(loaded, inspect.isclass):
                own = found.__module__ == loaded.__name__
                if own and issubclass(found, Event) and found is not Event:
                    yield found


def test_every_typed_event_class_is_in_the_catalogue() -> None:
    typed = {event for event in declared() if "type" in vars(event)}

    assert typed == set(CATALOGUE.values())
    assert len(CATALOGUE) >= 19


def test_a_class_without_a_type_is_only_a_base_of_others() -> None:
    bases = {base for event in CATALOGUE.values() for base in event.__mro__[1:]}

    forgotten = [e.__name__ for e in declared() if "type" not in vars(e) and e not in bases]

    assert forgotten == []


def test_the_catalogue_files_each_event_under_its_own_type() -> None:
    assert {key: event.type for key, event in CATALOGUE.items()} == {key: key for key in CATALOGUE}


@pytest.mark.parametrize("event", EVENTS)
def test_type_follows_the_grammar_and_names_its_file(event: type[Event]) -> None:
    match = GRAMMAR.fullmatch(event.type)

    assert match is not None, f"{event.type}: not <producer>.<noun>_<past participle>.v<n>"
    # A producer with many events has another file beside its own: `intake_complaints.py`.
    assert event.type.split(".")[0] == event.__module__.rpartition(".")[2].partition("_")[0]
    suffix = "" if match["n"] == "1" else f"V{match['n']}"
    assert event.__name__ == match["fact"].title().replace("_", "") + suffix


@pytest.mark.parametrize(
    "event_type",
    [
        "intake.received.v1",
        "intake.receive_request.v1",
        "intake.request_receiving.v1",
        "intake.RequestReceived.v1",
        "intake.request_received",
        "intake.request_received.v0",
        "intake.request_received.1",
        "intake.public.request_received.v1",
    ],
)
def test_the_grammar_refuses(event_type: str) -> None:
    assert GRAMMAR.fullmatch(event_type) is None


@pytest.mark.parametrize("event", EVENTS)
def test_says_what_it_means(event: type[Event]) -> None:
    assert (vars(event)["__doc__"] or "").strip().endswith(".")


@pytest.mark.parametrize("name", ["aggregate_field", "correlation_field"])
@pytest.mark.parametrize("event", EVENTS)
def test_aggregate_and_thread_are_required_texts(event: type[Event], name: str) -> None:
    schema = schema_of(event)
    field = getattr(event, name)

    assert field in schema["required"]
    assert resolved(schema, schema["properties"][field])["type"] == "string"


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_tells_aggregate_and_thread(event: type[Event]) -> None:
    example = example_of(event)

    told = event.model_validate(example)

    assert told.aggregate_id == example[event.aggregate_field]
    assert told.correlation_id == example[event.correlation_field]


@pytest.mark.parametrize("event", EVENTS)
def test_frozen_all_the_way_down(event: type[Event]) -> None:
    for part in _parts(event.model_validate(example_of(event))):
        field = next(iter(type(part).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, field, getattr(part, field))


@pytest.mark.parametrize("event", EVENTS)
def test_unknown_fields_are_ignored_at_every_depth(event: type[Event]) -> None:
    example = example_of(event)
    newer = _with_unknown(example)

    assert newer != example
    assert event.model_validate_json(json.dumps(newer)) == event.model_validate(example)


def _parts(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
        for inner in vars(value).values():
            yield from _parts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _parts(inner)


def _with_unknown(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_unknown(one) for one in value]
    if isinstance(value, dict):
        inner = {name: _with_unknown(one) for name, one in value.items()}
        return {**inner, "added_by_a_later_writer": {"any": ["thing"]}}
    return value
