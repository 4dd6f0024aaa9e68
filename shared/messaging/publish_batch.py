"""Many publishes in one write, each confirmed by itself.

aiormq publishes one message at a time: a lock, a timer and a write to the socket for each. The
messages of a batch are ready together, so they leave together: their frames are joined, the timer
is one, and only the confirms stay single. It enrols them in aiormq's own books (`confirmations`,
`message_id_delivery_tag`), exactly as `Channel.basic_publish` does in the pinned version, so that
aiormq's reader settles them; `tests/integration/test_kernel_bus.py` holds that.
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

from shared.messaging.wire import RawMessage

Confirm = asyncio.Future[ConfirmationFrameType]

_UNSENDABLE = (TypeError, ValueError, OverflowError, struct.error)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """A message as it stands in aiormq's books."""

    tag: int
    message_id: str
    confirm: Confirm


def fits(channel: aiormq.Channel, letter: RawMessage) -> bool:
    """Return whether a body travels in one frame; a longer one is for aiormq to split."""
    return 0 < len(letter.body) < channel.max_content_size


async def publish_batch(
    channel: aiormq.Channel, letters: Sequence[RawMessage], *, within: float
) -> list[bool]:
    """Publish letters that fit, mandatory; return of each whether the broker has it on disk.

    What cannot be encoded, and what is not confirmed in `within` seconds, counts as not published;
    the latter may be there all the same. Raises AMQPError, OSError, TimeoutError or RuntimeError
    where nothing can leave; TimeoutError also where nothing at all was answered.
    """
    frames = [_frames(channel.number, letter) for letter in letters]
    leaving = [letter for letter, encoded in zip(letters, frames, strict=True) if encoded]
    if not leaving:
        return [False] * len(letters)
    async with asyncio.timeout(within):
        enrolled = await _written(channel, leaving, b"".join(frames))
    _, late = await asyncio.wait([one.confirm for one in enrolled], timeout=within)
    for confirm in late:
        confirm.cancel()
    _forget(channel, enrolled)
    if len(late) == len(enrolled):
        raise TimeoutError
    acknowledged = iter([_acknowledged(one.confirm) for one in enrolled])
    return [bool(encoded) and next(acknowledged) for encoded in frames]


async def _written(
    channel: aiormq.Channel, letters: Sequence[RawMessage], payload: bytes
) -> list[_Enrolled]:
    # Tags count what the broker sees: nobody else may publish between enrolment and write.
    async with channel.lock:
        enrolled = [_enrolled(channel, letter) for letter in letters]
        try:
            await channel.write_queue.put(ChannelFrame(payload, should_close=False))
        except BaseException:
            # The broker has seen none of them, so their tags are free again.
            for one in enrolled:
                channel.confirmations.pop(one.tag, None)
            channel.delivery_tag = enrolled[0].tag - 1
            _forget(channel, enrolled)
            raise
    return enrolled


def _enrolled(channel: aiormq.Channel, letter: RawMessage) -> _Enrolled:
    channel.delivery_tag += 1
    one = _Enrolled(
        channel.delivery_tag, letter.properties.message_id or "", channel.create_future()
    )
    channel.confirmations[one.tag] = one.confirm
    channel.message_id_delivery_tag[one.message_id] = one.tag
    return one


def _frames(number: int, letter: RawMessage) -> bytes:
    """Return a publish's frames; empty where the letter holds what AMQP cannot carry."""
    publish = Basic.Publish(exchange=letter.exchange, routing_key=letter.key, mandatory=True)
    header = ContentHeader(body_size=len(letter.body), properties=letter.properties)
    try:
        frames = (publish, header, ContentBody(letter.body))
        return b"".join(marshal(frame, number) for frame in frames)
    except _UNSENDABLE:
        # One that can never leave must not keep the others.
        about = {"event_type": letter.properties.message_type}
        _log.exception("a message cannot be encoded", extra=about)
        return b""


def _forget(channel: aiormq.Channel, enrolled: Sequence[_Enrolled]) -> None:
    """Strike them from the book of returns, unless the same id has been sent anew."""
    for one in enrolled:
        if channel.message_id_delivery_tag.get(one.message_id) == one.tag:
            del channel.message_id_delivery_tag[one.message_id]


def _acknowledged(confirm: Confirm) -> bool:
    """Return whether it was: a lost channel leaves an error in it, even a cancellation as one."""
    if not confirm.done() or confirm.cancelled() or confirm.exception() is not None:
        return False
    return isinstance(confirm.result(), Basic.Ack)
