"""Frames from the socket: one that cannot be decoded harms neither its neighbours nor aiormq."""

from datetime import UTC, datetime
from typing import Any

from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal, unmarshal
from pamqp.header import ContentHeader

from shared.messaging.delivery import UNDECODABLE, Delivery
from shared.messaging.transport import FrameReader

CHANNEL = 1
OURS = "desk.events.1"
SECONDS = datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC)
MICROSECONDS = 1_700_000_000_000_000
"""A timestamp that RabbitMQ carries and pamqp cannot decode: seconds are expected."""


def header(id_: str, *, poisoned: bool) -> bytes:
    said = Basic.Properties(message_id=id_, timestamp=SECONDS, content_type="application/json")
    frame = marshal(ContentHeader(body_size=2, properties=said), CHANNEL)
    written = int(SECONDS.timestamp()).to_bytes(8, "big")
    assert frame.count(written) == 1
    return frame.replace(written, MICROSECONDS.to_bytes(8, "big")) if poisoned else frame


def delivered(id_: str, number: int, *, poisoned: bool = False) -> bytes:
    """The three frames of a message that the broker delivers to our consumer."""
    method = Basic.Deliver(OURS, number, exchange="jemput.events", routing_key="a.b_c.v1")
    body = marshal(ContentBody(b"{}"), CHANNEL)
    return marshal(method, CHANNEL) + header(id_, poisoned=poisoned) + body


def reader(taken: list[Delivery]) -> FrameReader:
    channel: Any = object()
    stream: Any = None
    return FrameReader(stream, lambda _, tag: (taken.append, channel) if tag == OURS else None)


def test_properties_that_cannot_be_decoded_are_told_and_the_neighbours_come_in() -> None:
    taken: list[Delivery] = []
    reader(taken).feed(
        delivered("before", 1) + delivered("poison", 2, poisoned=True) + delivered("after", 3)
    )
    assert [(one.message_id, one.delivery_tag, one.body) for one in taken] == [
        ("before", 1, b"{}"),
        ("poison", 2, b"{}"),
        ("after", 3, b"{}"),
    ]
    assert [UNDECODABLE in one.headers for one in taken] == [False, True, False]


def test_frames_that_come_in_pieces_are_the_same_message() -> None:
    taken: list[Delivery] = []
    one = reader(taken)
    for byte in delivered("a", 1, poisoned=True):
        one.feed(bytes([byte]))
    assert [(each.message_id, each.body) for each in taken] == [("a", b"{}")]


async def test_what_aiormq_reads_itself_is_given_to_it_so_that_it_can_be_decoded() -> None:
    """An operator's tool gets messages one by one, by `basic.get`."""
    one = reader([])
    one.feed(header("poison", poisoned=True))
    head = await one.readexactly(7)
    rest = await one.readexactly(int.from_bytes(head[3:7], "big") + 1)
    _, channel, frame = unmarshal(head + rest)
    assert isinstance(frame, ContentHeader)
    assert (channel, frame.body_size) == (CHANNEL, 2)
    assert frame.properties.message_id == "poison"
    assert UNDECODABLE in (frame.properties.headers or {})
