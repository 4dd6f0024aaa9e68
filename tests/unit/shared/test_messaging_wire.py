"""Messages on the wire, and the reason for which a message cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic

from shared.contracts.envelope import Envelope
from shared.messaging.errors import Malformed
from shared.messaging.message import Message, from_document, to_document
from shared.messaging.wire import MAX_VERSION, properties, read, redirect, split_type
from shared.testing.delivery import Delivery

OCCURRED = datetime(2023, 3, 11, 2, 0, 0, 123456, tzinfo=UTC)
RECORDED = datetime(2023, 3, 11, 2, 5, tzinfo=UTC)
ENVELOPE = Envelope(
    id="m1",
    type="intake.request_received.v1",
    source="intake",
    aggregate_id="case-1",
    version=7,
    correlation_id="case-1",
    causation_id="m0",
    occurred_at=OCCURRED,
    recorded_at=RECORDED,
    actor="service:test",
)
PARCEL = Message(ENVELOPE, b'{"case_id":"case-1"}')


def delivery(body: bytes = PARCEL.body, **changed: Any) -> Delivery:
    """The message as delivered, with properties changed; `headers` are laid over."""
    said = properties(PARCEL)
    headers = {**(said.headers or {}), **changed.pop("headers", {})}
    said.headers = {name: value for name, value in headers.items() if value is not ...}
    for name, value in changed.items():
        setattr(said, name, value)
    return Delivery(body, said)


def test_a_parcel_travels_as_a_cloud_event_in_binary_mode() -> None:
    said = properties(PARCEL)
    assert said.headers == {
        "ce-specversion": "1.0",
        "ce-id": "m1",
        "ce-type": "intake.request_received.v1",
        "ce-source": "jemput/intake",
        "ce-time": "2023-03-11T02:00:00.123456+00:00",
        "ce-recordedtime": "2023-03-11T02:05:00+00:00",
        "ce-subject": "case-1",
        "ce-sequence": "7",
        "ce-actor": "service:test",
        "ce-causationid": "m0",
    }
    assert said.content_type == "application/json"
    assert said.delivery_mode == 2
    assert (said.message_id, said.correlation_id) == ("m1", "case-1")
    assert (said.message_type, said.app_id) == ("intake.request_received.v1", "intake")
    assert said.timestamp == RECORDED


def test_what_was_caused_by_nothing_says_nothing_of_a_cause() -> None:
    said = properties(replace(PARCEL, envelope=replace(ENVELOPE, causation_id=None)))
    assert "ce-causationid" not in (said.headers or {})
    assert read(Delivery(PARCEL.body, said)).envelope.causation_id is None


_names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40)
_moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_envelopes = st.builds(
    Envelope,
    id=_names,
    type=_names,
    source=_names,
    aggregate_id=_names,
    version=st.integers(1, MAX_VERSION),
    correlation_id=_names,
    causation_id=st.none() | _names,
    occurred_at=_moments,
    recorded_at=_moments,
    actor=_names,
)


@given(_envelopes, st.binary(max_size=200))
def test_what_is_sent_is_what_is_read(envelope: Envelope, body: bytes) -> None:
    message = Message(envelope, body)
    assert read(Delivery(body, properties(message))) == message


@given(_envelopes, st.binary(max_size=200), st.sampled_from(["", "courier.events"]))
def test_what_is_kept_is_what_was_made(envelope: Envelope, body: bytes, key: str) -> None:
    message = Message(envelope, body, "jemput.addressed", key)
    assert from_document(to_document(message)) == message
    assert message.key == (key or envelope.type)


def test_a_time_in_another_zone_is_read_as_the_same_moment() -> None:
    local = OCCURRED.astimezone(timezone(timedelta(hours=9)))
    found = read(delivery(headers={"ce-time": local.isoformat()}))
    assert found.envelope.occurred_at == OCCURRED
    assert found.envelope.occurred_at.tzinfo is UTC


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_json_is_read(kind: str) -> None:
    assert read(delivery(content_type=kind)).body == PARCEL.body


def test_a_body_of_the_greatest_size_is_read() -> None:
    assert len(read(delivery(b" " * 262_144)).body) == 262_144


@pytest.mark.parametrize(
    ("message", "reason", "detail"),
    [
        (delivery(b" " * 262_145), "too_large", "262145 bytes, at most 262144"),
        (delivery(content_type=None), "content_type", "only application/json is read"),
        (delivery(content_type="text/plain"), "content_type", "only application/json is read"),
        (
            delivery(content_type="application/cloudevents+json"),
            "content_type",
            "only application/json is read",
        ),
    ],
)
def test_what_is_no_json_of_a_fair_size_is_malformed(
    message: Delivery, reason: str, detail: str
) -> None:
    with pytest.raises(Malformed) as failed:
        read(message)
    assert (failed.value.reason, failed.value.detail) == (reason, detail)


@pytest.mark.parametrize(
    "header", ["ce-source", "ce-subject", "ce-sequence", "ce-time", "ce-recordedtime", "ce-actor"]
)
def test_a_missing_header_is_named(header: str) -> None:
    with pytest.raises(Malformed) as failed:
        read(delivery(headers={header: ...}))
    assert failed.value.reason == "envelope"
    assert failed.value.detail == f"header {header} is missing"


@pytest.mark.parametrize(
    "changed",
    [
        {"message_id": None},
        {"message_id": ""},
        {"message_type": None},
        {"correlation_id": None},
        {"headers": {"ce-subject": 7}},
        {"headers": {"ce-subject": ""}},
        {"headers": {"ce-source": None}},
        {"headers": {"ce-causationid": 7}},
        {"headers": {"ce-sequence": "many"}},
        {"headers": {"ce-sequence": "0"}},
        {"headers": {"ce-sequence": "-1"}},
        {"headers": {"ce-sequence": 2**63}},
        {"headers": {"ce-sequence": 2**62}},
        {"headers": {"ce-sequence": 2**31}},
        {"headers": {"ce-source": "x" * 256}},
        {"headers": {"ce-subject": "\N{SNOWMAN}" * 86}},
        {"headers": {"ce-time": "1999-12-31T23:59:59+00:00"}},
        {"headers": {"ce-time": "9999-12-31T23:59:59+00:00"}},
        {"headers": {"ce-sequence": "9" * 5000}},
        {"headers": {"ce-sequence": 1.5}},
        {"headers": {"ce-sequence": None}},
        {"headers": {"ce-time": "yesterday"}},
        {"headers": {"ce-time": "2023-03-11T02:00:00"}},
        {"headers": {"ce-time": "0001-01-01T00:00:00+14:00"}},
        {"headers": {"ce-recordedtime": 1678500000}},
    ],
)
def test_an_unreadable_attribute_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as failed:
        read(delivery(**changed))
    assert failed.value.reason == "envelope"
    assert failed.value.detail == "an attribute of the envelope cannot be read"


def test_a_version_may_come_as_a_number() -> None:
    assert read(delivery(headers={"ce-sequence": 7})).envelope.version == 7


def test_a_message_is_addressed_anew_with_all_that_is_its_own() -> None:
    came = delivery(headers={"x-jemput-attempt": 1, "x-death": [{"count": 3}], "foreign": "x"})
    letter = redirect(came, "jemput.dead", "courier.events", {"x-jemput-reason": "payload"})
    assert (letter.exchange, letter.key, letter.body) == (
        "jemput.dead",
        "courier.events",
        PARCEL.body,
    )
    expected = {**(properties(PARCEL).headers or {}), "x-jemput-attempt": 1}
    assert letter.properties.headers == {**expected, "x-jemput-reason": "payload"}
    assert letter.properties.delivery_mode == 2
    assert letter.properties.message_id == "m1"
    assert letter.properties.message_type == "intake.request_received.v1"
    assert letter.properties.correlation_id == "case-1"
    assert letter.properties.timestamp == RECORDED
    assert letter.properties.app_id == "intake"
    assert letter.properties.content_type == "application/json"


def test_a_note_that_is_none_takes_the_old_one_away() -> None:
    came = delivery(headers={"x-jemput-attempt": 4})
    letter = redirect(came, "jemput.addressed", "courier.events", {"x-jemput-attempt": None})
    assert "x-jemput-attempt" not in (letter.properties.headers or {})


def test_headers_that_would_burst_a_frame_stay_behind() -> None:
    came = delivery(headers={"ce-long": "x" * 1025, **{f"ce-{n}": "y" * 1024 for n in range(99)}})
    letter = redirect(came, "jemput.dead", "courier.events", {"x-jemput-reason": "envelope"})
    headers = letter.properties.headers or {}
    assert "ce-long" not in headers
    assert len(headers) == 51
    assert headers["ce-subject"] == "case-1"
    assert headers["x-jemput-reason"] == "envelope"


def test_nothing_of_an_unreadable_message_is_needed_to_dead_letter_it() -> None:
    letter = redirect(Delivery(b"\xff", Basic.Properties()), "jemput.dead", "courier.events", {})
    assert (letter.body, letter.properties.headers) == (b"\xff", {})


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("intake.request_received.v1", ("intake.request_received", 1)),
        ("intake.request_received.v12", ("intake.request_received", 12)),
        ("intake.request_received", None),
        ("intake.request_received.v", None),
        ("intake.request_received.v12345", None),
        ("Intake.request_received.v1", None),
        ("intake.v1", None),
        ("", None),
    ],
)
def test_an_event_type_has_a_name_and_a_version(
    type_: str, expected: tuple[str, int] | None
) -> None:
    assert split_type(type_) == expected


def test_notes_that_could_not_travel_on_are_left_behind() -> None:
    """A frame that overflows, or that cannot be encoded, would end the connection."""
    odd = {
        "ce-latin": b"\xe9",
        "ce-double": 1.5,
        "ce-huge": 2**64,
        "ce-wide": "\N{PILE OF POO}" * 300,
        "ce-count": 7,
    }
    letter = redirect(delivery(headers=odd), "jemput.dead", "desk.events", {})
    assert odd.keys() & (letter.properties.headers or {}).keys() == {"ce-count"}
