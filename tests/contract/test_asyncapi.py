"""The document for partners: complete, closed in itself, and true to the schemas."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from shared.contracts import CATALOGUE, Event
from shared.contracts.__main__ import here
from shared.contracts.asyncapi import document
from shared.contracts.schema import example_of, schema_of

EVENTS = [pytest.param(event, id=event_type) for event_type, event in CATALOGUE.items()]
DOCUMENT: dict[str, Any] = json.loads(
    (here().published / "asyncapi.json").read_text(encoding="utf-8")
)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def at(pointer: str) -> Any:
    found: Any = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def validator(schema: dict[str, Any]) -> Draft7Validator:
    """A validator that resolves references into the document, as a partner's tool does."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return Draft7Validator(whole, format_checker=FormatChecker())


def message(event: type[Event]) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["messages"][event.type]
    return found


def test_is_asyncapi_3_with_the_sections_a_tool_needs() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["defaultContentType"] == "application/json"
    assert {"title", "version", "description"} <= DOCUMENT["info"].keys()


def test_the_server_is_rabbitmq_at_a_place_to_fill_in() -> None:
    (server,) = DOCUMENT["servers"].values()

    assert (server["protocol"], server["protocolVersion"]) == ("amqp", "0-9-1")
    assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])


def test_every_event_and_nothing_else_is_in_it() -> None:
    types = set(CATALOGUE)

    assert set(DOCUMENT["channels"]) == types
    assert set(DOCUMENT["components"]["messages"]) == types
    assert set(DOCUMENT["operations"]) == {f"send.{event_type}" for event_type in types}


def test_every_reference_stays_inside_and_is_answered() -> None:
    found = set(references(DOCUMENT))

    assert len(found) > len(CATALOGUE)
    for reference in found:
        assert reference.startswith("#/")
        assert isinstance(at(reference), dict)


@pytest.mark.parametrize("event", EVENTS)
def test_channel_says_exchange_and_routing_key(event: type[Event]) -> None:
    channel = DOCUMENT["channels"][event.type]

    assert channel["address"] == event.type
    assert channel["messages"] == {event.type: {"$ref": f"#/components/messages/{event.type}"}}
    assert channel["bindings"]["amqp"] == {
        "is": "routingKey",
        "exchange": {
            "name": "jemput.events",
            "type": "topic",
            "durable": True,
            "autoDelete": False,
        },
        "bindingVersion": "0.3.0",
    }
    assert channel["x-producer"] == event.type.split(".")[0]


@pytest.mark.parametrize("event", EVENTS)
def test_the_producer_sends_it_persistent(event: type[Event]) -> None:
    operation = DOCUMENT["operations"][f"send.{event.type}"]

    assert operation["action"] == "send"
    assert operation["channel"] == {"$ref": f"#/channels/{event.type}"}
    assert [at(one["$ref"]) for one in operation["messages"]] == [
        {"$ref": f"#/components/messages/{event.type}"}
    ]
    assert operation["bindings"]["amqp"]["deliveryMode"] == 2
    assert operation["tags"] == [{"name": event.type.split(".")[0]}]


@pytest.mark.parametrize("event", EVENTS)
def test_examples_fit_headers_and_payload(event: type[Event]) -> None:
    found = message(event)

    (example,) = found["examples"]
    assert example["payload"] == example_of(event)
    validator(found["payload"]).validate(example["payload"])
    validator(found["headers"]).validate(example["headers"])
    assert example["headers"]["ce-subject"] == example["payload"][event.aggregate_field]


@pytest.mark.parametrize("event", EVENTS)
def test_payload_refuses_what_the_published_schema_refuses(event: type[Event]) -> None:
    example = example_of(event)
    payload = validator(message(event)["payload"])
    own = Draft202012Validator(schema_of(event), format_checker=FormatChecker())
    odd: tuple[Any, ...] = (None, [], {"other": 1}, "\t")
    for name in example:
        for wrong in odd:
            changed = {**example, name: wrong}
            assert payload.is_valid(changed) is own.is_valid(changed)


@pytest.mark.parametrize("event", EVENTS)
def test_correlation_points_at_a_required_field(event: type[Event]) -> None:
    location = message(event)["correlationId"]["location"]

    assert location == f"$message.payload#/{event.correlation_field}"
    assert event.correlation_field in at(message(event)["payload"]["$ref"])["required"]


@pytest.mark.parametrize("event", EVENTS)
def test_message_says_type_and_content(event: type[Event]) -> None:
    found = message(event)

    assert found["contentType"] == "application/json"
    assert found["bindings"]["amqp"]["messageType"] == event.type


HEADERS = {
    "ce-specversion": "2.0",
    "ce-id": "",
    "ce-type": "intake.other_happened.v1",
    "ce-source": "jemput/scheduler",
    "ce-time": 5,
    "ce-recordedtime": None,
    "ce-subject": "two words",
    "ce-sequence": "1.5",
    "ce-actor": "Budi Santoso",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_required_and_checked(name: str) -> None:
    found = message(CATALOGUE["intake.request_received.v1"])
    good = found["examples"][0]["headers"]
    headers = validator(found["headers"])

    assert not headers.is_valid({key: value for key, value in good.items() if key != name})
    assert not headers.is_valid({**good, name: HEADERS[name]})


def test_an_event_that_nothing_led_to_has_no_causation() -> None:
    found = message(CATALOGUE["intake.request_received.v1"])
    good = found["examples"][0]["headers"]

    alone = {key: value for key, value in good.items() if key != "ce-causationid"}

    assert alone != good
    validator(found["headers"]).validate(alone)


@pytest.mark.parametrize(
    "promise",
    [
        "at least once",
        "message_id",
        "no global order",
        "unknown fields must be ignored",
        "no personal data",
        "256 kib",
    ],
)
def test_the_guarantees_are_stated(promise: str) -> None:
    assert promise in DOCUMENT["info"]["description"].lower()


def test_consumers_are_those_who_bind() -> None:
    declared = {"archive": ("#",), "clerk": ("scheduler.ticket_*", "courier.*.v1")}

    channels = document(tuple(CATALOGUE.values()), declared)["channels"]

    assert channels["courier.job_opened.v1"]["x-consumers"] == ["archive", "clerk"]
    assert channels["scheduler.ticket_issued.v1"]["x-consumers"] == ["archive"]
