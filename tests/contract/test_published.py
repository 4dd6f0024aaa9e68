"""The committed schemas and examples, against the classes as they are now."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from shared.contracts import CATALOGUE, Event
from shared.contracts.__main__ import here
from shared.contracts.archive import example_file, example_files, schema_file, schema_files
from shared.contracts.compatibility import compare
from shared.contracts.publish import plan
from shared.contracts.schema import example_of, schema_of

PUBLISHED = here().published
EVENTS = [pytest.param(event, id=event_type) for event_type, event in CATALOGUE.items()]
EXAMPLES = [
    pytest.param(event, file, id=file.name)
    for event_type, event in CATALOGUE.items()
    for file in example_files(PUBLISHED, event_type)
]
SCHEMAS = [
    pytest.param(event, file, id=file.name)
    for event_type, event in CATALOGUE.items()
    for file in schema_files(PUBLISHED, event_type)
]


def load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def test_what_is_committed_is_in_step_with_the_classes() -> None:
    todo = plan(CATALOGUE, here())

    assert todo.refusals == ()
    assert [path.name for path in todo.changes] == [], "run: python -m shared.contracts"


def test_the_command_agrees_from_the_root_of_the_repository() -> None:
    root = here().services.parent

    checked = subprocess.run(
        [sys.executable, "-m", "shared.contracts", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_type_has_a_schema_and_an_example() -> None:
    for event_type in CATALOGUE:
        assert example_file(PUBLISHED, event_type).exists()
        assert schema_file(PUBLISHED, event_type).exists()


@pytest.mark.parametrize(("event", "file"), EXAMPLES)
def test_every_example_ever_published_is_read(event: type[Event], file: Path) -> None:
    body = load(file)

    read = event.model_validate_json(json.dumps(body))

    # Fields that came later have their defaults; what the example states is written back as it was.
    written = read.model_dump(mode="json")
    assert {name: written[name] for name in body} == body
    validator(schema_of(event)).validate(body)


@pytest.mark.parametrize(("event", "file"), SCHEMAS)
def test_no_schema_ever_published_is_broken(event: type[Event], file: Path) -> None:
    old = load(file)

    assert compare(old, schema_of(event)).breaks == []
    validator(old).validate(example_of(event))


@pytest.mark.parametrize("event", EVENTS)
def test_there_and_back_is_the_same_event(event: type[Event]) -> None:
    body = example_of(event)

    read = event.model_validate_json(json.dumps(body))

    assert json.loads(read.model_dump_json()) == body
    assert event.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize("event", EVENTS)
def test_schema_says_whose_it_is_and_what_it_means(event: type[Event]) -> None:
    schema = load(schema_file(PUBLISHED, event.type))

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:jemput:{event.type}"
    assert schema["title"] == event.__name__
    assert schema["description"] == event.__doc__
    assert schema["x-producer"] == event.type.split(".")[0]


@pytest.mark.parametrize("event", EVENTS)
def test_schema_lets_unknown_fields_through(event: type[Event]) -> None:
    body = {**example_of(event), "added_by_a_later_writer": 1}

    validator(schema_of(event)).validate(body)


@pytest.mark.parametrize("event", EVENTS)
def test_schema_refuses_what_the_class_refuses(event: type[Event]) -> None:
    example = example_of(event)
    for name in schema_of(event)["required"]:
        lacking = {key: value for key, value in example.items() if key != name}

        assert not validator(schema_of(event)).is_valid(lacking)
        with pytest.raises(ValueError, match=name):
            event.model_validate(lacking)


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_written_has_the_schema_of_what_is_read(event: type[Event]) -> None:
    """Compatibility is judged on one schema, so there may be only one."""
    assert event.model_json_schema(mode="serialization") == event.model_json_schema()


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FormatChecker())
