"""What the kernel puts on the wire is what the document promises to partners."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from shared.contracts import CATALOGUE, Event
from shared.contracts.__main__ import here
from shared.contracts.asyncapi import EXCHANGE, MAX_BODY_BYTES, headers_schema
from shared.contracts.envelope import Envelope, new_id
from shared.contracts.schema import example_of, producer_of
from shared.messaging import message, wire

EVENTS = [pytest.param(event, id=event_type) for event_type, event in CATALOGUE.items()]
DOCUMENT: dict[str, Any] = json.loads(
    (here().published / "asyncapi.json").read_text(encoding="utf-8")
)


def envelope(event: type[Event], causation_id: str | None) -> Envelope:
    told = event.model_validate(example_of(event))
    return Envelope(
        id=new_id(),
        type=event.type,
        source=producer_of(event.type),
        aggregate_id=told.aggregate_id,
        version=7,
        correlation_id=told.correlation_id,
        causation_id=causation_id,
        occurred_at=datetime(2023, 3, 11, 2, 15, tzinfo=UTC),
        recorded_at=datetime(2023, 3, 13, 1, 0, 0, 250, tzinfo=UTC),
    )


@pytest.mark.parametrize("causation_id", [None, "0190f3c2-7a4f-7b02-9d61-c47a08e3b95f"])
@pytest.mark.parametrize("event", EVENTS)
def test_headers_are_those_of_the_document(event: type[Event], causation_id: str | None) -> None:
    sent = wire.properties(message.Message(envelope(event, causation_id), b"{}"))

    schema = {
        **DOCUMENT["components"]["messages"][event.type]["headers"],
        "components": DOCUMENT["components"],
    }
    Draft7Validator(schema, format_checker=FormatChecker()).validate(sent.headers)
    assert set(sent.headers or {}) <= headers_schema()["properties"].keys()


def test_properties_are_those_of_the_document() -> None:
    event = CATALOGUE["courier.job_opened.v1"]
    said = envelope(event, None)

    sent = wire.properties(message.Message(said, b"{}"))

    promised = DOCUMENT["info"]["x-amqp-properties"]
    assert (sent.message_id, sent.message_type) == (said.id, "courier.job_opened.v1")
    assert (sent.correlation_id, sent.app_id) == (said.correlation_id, "courier")
    assert sent.timestamp == said.recorded_at
    assert sent.content_type == promised["content_type"] == "application/json"
    assert sent.delivery_mode == 2
    assert promised["delivery_mode"].startswith("2:")


def test_exchange_key_and_limit_are_those_of_the_document() -> None:
    sent = message.Message(envelope(CATALOGUE["courier.job_opened.v1"], None), b"{}")

    assert sent.exchange == EXCHANGE
    assert sent.key == DOCUMENT["channels"]["courier.job_opened.v1"]["address"]
    assert wire.MAX_BODY == MAX_BODY_BYTES == DOCUMENT["info"]["x-max-body-bytes"] == 262144
