"""Plain frames: read and written as pamqp does it, byte for byte, or left to it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from shared.messaging.frames import plain_header, plain_publish
from tests.size import examples

_SHORTS = st.text(max_size=60)
_TIMES = st.integers(946_684_800, 4_102_444_800).map(lambda at: datetime.fromtimestamp(at, UTC))
_PLAIN = {
    "content_type": _SHORTS,
    "headers": st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=12),
    "delivery_mode": st.integers(1, 2),
    "correlation_id": _SHORTS,
    "message_id": _SHORTS,
    "timestamp": _TIMES,
    "message_type": _SHORTS,
    "user_id": _SHORTS,
    "app_id": _SHORTS,
}
_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_FOREIGN = st.dictionaries(
    st.text(max_size=30),
    st.one_of(
        st.text(),
        _NUMBERS,
        st.booleans(),
        st.binary().map(bytearray),
        st.lists(_NUMBERS, max_size=3),
        st.dictionaries(_SHORTS, _NUMBERS, max_size=3),
        st.none(),
    ),
)


def _said(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[Basic.Properties]:
    return st.fixed_dictionaries({}, optional=options).map(lambda given: Basic.Properties(**given))


def _payload(said: Basic.Properties, size: int = 7) -> bytes:
    return marshal(ContentHeader(body_size=size, properties=said), 1)[7:-1]


def _decoded(payload: bytes) -> ContentHeader:
    header = ContentHeader()
    header.unmarshal(payload)
    return header


@settings(max_examples=examples(300))
@given(said=_said(**_PLAIN), body=st.binary(max_size=40), key=_SHORTS, channel=st.integers(1, 2047))
def test_a_publish_is_the_same_bytes(
    said: Basic.Properties, body: bytes, key: str, channel: int
) -> None:
    publish = Basic.Publish(exchange="jemput.events", routing_key=key, mandatory=True)
    frames = (publish, ContentHeader(body_size=len(body), properties=said), ContentBody(body))

    plain = plain_publish(channel, "jemput.events", key, said, body)

    assert plain == b"".join(marshal(frame, channel) for frame in frames)


@settings(max_examples=examples(300))
@given(said=_said(**{**_PLAIN, "headers": _FOREIGN, "priority": st.integers(0, 9)}))
def test_a_header_reads_the_same_or_is_left_to_pamqp(said: Basic.Properties) -> None:
    payload = _payload(said)
    expected = _decoded(payload)

    found = plain_header(payload)

    if found is None:
        assert any(not isinstance(value, str) for value in (said.headers or {}).values())
    else:
        assert found.body_size == expected.body_size
        assert dict(found.properties) == dict(expected.properties)


@settings(max_examples=examples(300))
@given(said=_said(**_PLAIN), data=st.data())
def test_damaged_bytes_read_the_same_or_are_left_to_pamqp(
    said: Basic.Properties, data: st.DataObject
) -> None:
    payload = bytearray(_payload(said))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(payload[: data.draw(st.integers(4, len(payload)))])

    found = plain_header(damaged)

    if found is not None:
        assert dict(found.properties) == dict(_decoded(damaged).properties)


def test_our_own_messages_are_plain() -> None:
    headers: dict[str, Any] = {"ce-type": "intake.request_received.v1", "x-delivery-count": 3}
    payload = _payload(Basic.Properties(content_type="application/json", headers=headers))

    found = plain_header(payload)

    assert found is not None
    assert found.properties.headers == headers


@pytest.mark.parametrize(
    "said",
    [
        Basic.Properties(priority=3),
        Basic.Properties(headers={"attempt": 1}),
        Basic.Properties(timestamp=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=7)))),
        Basic.Properties(message_id="x" * 256),
        Basic.Properties(headers={"x" * 129: "cut off by pamqp"}),
    ],
)
def test_what_is_not_plain_is_left_to_pamqp(said: Basic.Properties) -> None:
    assert plain_publish(1, "jemput.events", "key", said, b"") is None


@pytest.mark.parametrize("seconds", [2**32, 2**40, 2**63])
def test_a_time_in_other_units_is_left_to_pamqp(seconds: int) -> None:
    payload = bytearray(_payload(Basic.Properties(timestamp=datetime(2026, 1, 1, tzinfo=UTC))))
    payload[-8:] = seconds.to_bytes(8, "big")

    assert plain_header(bytes(payload)) is None
