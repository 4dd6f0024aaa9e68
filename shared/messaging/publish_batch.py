"""Many publishes in one write, each confirmed by itself.

aiormq publishes one message at a time: a lock, a timer and a write to the socket for each. The
messages of a batch are ready together, so they leave together: their frames are joined, the timer
is one, and only the confirms stay single. It registers them in aiormq's own tables
(`confirmations`, `message_id_delivery_tag`), exactly as `Channel.basic_publish` does in
the pinned version, so that aiormq's reader settles them;
`tests/integration/test_kernel_bus.py` holds that.
"""

import asyncio
import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import aiormq
from aiormq.abc import ChannelFrame, ConfirmationFrameType
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from shared.messaging.frames import plain_publish
from shared.messaging.wire import RawMessage

Confirm = asyncio.Future[ConfirmationFrameType]

_UNSENDABLE = (TypeError, ValueError, OverflowError, struct.error)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Registered:
    """A message as aiormq has registered it."""

    tag: int
    message_id: str
    confirm: Confirm


def fits(channel: aiormq.Channel, message: RawMessage) -> bool:
    """Return whether a body travels in one frame; a longer one is for aiormq to split."""
    return 0 < len(message.body) < channel.max_content_size


async def publish_batch(
    channel: aiormq.Channel, messages: Sequence[RawMessage], *, within: float
) -> list[bool]:
    """Publish messages that fit, mandatory; return of each whether the broker has it on disk.

    What cannot be encoded, and what is not confirmed in `within` seconds, counts as not published;
    the latter may be there all the same. Raises AMQPError, OSError, TimeoutError or RuntimeError
    where nothing can leave; TimeoutError also where nothing at all was answered.
    """
    frames = [_frames(channel.number, message) for message in messages]
    leaving = [message for message, encoded in zip(messages, frames, strict=True) if encoded]
    if not leaving:
        return [False] * len(messages)
    async with asyncio.timeout(within):
        registered = await _written(channel, leaving, b"".join(frames))
    _, late = await asyncio.wait([one.confirm for one in registered], timeout=within)
    for confirm in late:
        confirm.cancel()
    _forget(channel, registered)
    if len(late) == len(registered):
        raise TimeoutError
    acknowledged = iter([_acknowledged(one.confirm) for one in registered])
    return [bool(encoded) and next(acknowledged) for encoded in frames]


async def _written(
    channel: aiormq.Channel, messages: Sequence[RawMessage], payload: bytes
) -> list[_Registered]:
    # Tags count what the broker sees: nobody else may publish between registration and write.
    async with channel.lock:
        registered = [_registered(channel, message) for message in messages]
        try:
            await channel.write_queue.put(ChannelFrame(payload, should_close=False))
        except BaseException:
            # The broker has seen none of them, so their tags are free again.
            for one in registered:
                channel.confirmations.pop(one.tag, None)
            channel.delivery_tag = registered[0].tag - 1
            _forget(channel, registered)
            raise
    return registered


def _registered(channel: aiormq.Channel, message: RawMessage) -> _Registered:
    channel.delivery_tag += 1
    one = _Registered(
        channel.delivery_tag, message.properties.message_id or "", channel.create_future()
    )
    channel.confirmations[one.tag] = one.confirm
    channel.message_id_delivery_tag[one.message_id] = one.tag
    return one


def _frames(number: int, message: RawMessage) -> bytes:
    """Return a publish's frames; empty where the message holds what AMQP cannot carry."""
    said = message.properties
    plain = plain_publish(number, message.exchange, message.key, said, message.body)
    if plain is not None:
        return plain
    publish = Basic.Publish(exchange=message.exchange, routing_key=message.key, mandatory=True)
    header = ContentHeader(body_size=len(message.body), properties=said)
    try:
        frames = (publish, header, ContentBody(message.body))
        return b"".join(marshal(frame, number) for frame in frames)
    except _UNSENDABLE:
        # One that can never leave must not keep the others.
        about = {"event_type": message.properties.message_type}
        _log.exception("a message cannot be encoded", extra=about)
        return b""


def _forget(channel: aiormq.Channel, registered: Sequence[_Registered]) -> None:
    """Remove them from the table of returns, unless the same id has been sent anew."""
    for one in registered:
        if channel.message_id_delivery_tag.get(one.message_id) == one.tag:
            del channel.message_id_delivery_tag[one.message_id]


def _acknowledged(confirm: Confirm) -> bool:
    """Return whether it was: a lost channel leaves an error in it, even a cancellation as one."""
    if not confirm.done() or confirm.cancelled() or confirm.exception() is not None:
        return False
    return isinstance(confirm.result(), Basic.Ack)
