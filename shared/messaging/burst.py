"""Many publishes in one write, each confirmed by itself.

aiormq publishes one message at a time: a lock, a timer and a write to the socket for each. The
parcels of a batch are ready together, so they leave together: their frames are joined, the timer
is one, and only the confirms stay single. It enrols them in aiormq's own books (`confirmations`,
`message_id_delivery_tag`), exactly as `Channel.basic_publish` does in the pinned version, so that
aiormq's reader settles them; `tests/integration/test_kernel_bus.py` holds that.
"""

import asyncio
from collections.abc import Sequence

import aiormq
from aiormq.abc import ChannelFrame, ConfirmationFrameType
from aiormq.exceptions import AMQPError
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from shared.messaging.wire import Letter

Confirm = asyncio.Future[ConfirmationFrameType]


def fits(channel: aiormq.Channel, letter: Letter) -> bool:
    """Return whether a body travels in one frame; a longer one is for aiormq to split."""
    return 0 < len(letter.body) < channel.max_content_size


async def burst(channel: aiormq.Channel, letters: Sequence[Letter], *, within: float) -> list[bool]:
    """Publish letters that fit, mandatory; return of each whether the broker has it on disk.

    What is not confirmed in `within` seconds counts as not published; it may be there all the
    same. Raises AMQPError, OSError, TimeoutError or RuntimeError where nothing can leave.
    """
    if not letters:
        return []
    payload = b"".join(_frames(channel.number, letter) for letter in letters)
    async with asyncio.timeout(within):
        confirms = await _written(channel, letters, payload)
    _, late = await asyncio.wait(confirms, timeout=within)
    for confirm in late:
        confirm.cancel()
    _forget(channel, letters)
    return [_acknowledged(confirm) for confirm in confirms]


async def _written(
    channel: aiormq.Channel, letters: Sequence[Letter], payload: bytes
) -> list[Confirm]:
    # Tags count what the broker sees: nobody else may publish between enrolment and write.
    async with channel.lock:
        first = channel.delivery_tag + 1
        confirms = [_enrolled(channel, letter) for letter in letters]
        try:
            await channel.write_queue.put(ChannelFrame(payload, should_close=False))
        except BaseException:
            # The broker has seen none of them, so their tags are free again.
            for tag in range(first, channel.delivery_tag + 1):
                channel.confirmations.pop(tag, None)
            channel.delivery_tag = first - 1
            _forget(channel, letters)
            raise
    return confirms


def _enrolled(channel: aiormq.Channel, letter: Letter) -> Confirm:
    channel.delivery_tag += 1
    confirm: Confirm = channel.create_future()
    channel.confirmations[channel.delivery_tag] = confirm
    if letter.properties.message_id:
        channel.message_id_delivery_tag[letter.properties.message_id] = channel.delivery_tag
    return confirm


def _frames(number: int, letter: Letter) -> bytes:
    publish = Basic.Publish(exchange=letter.exchange, routing_key=letter.key, mandatory=True)
    header = ContentHeader(body_size=len(letter.body), properties=letter.properties)
    frames = (publish, header, ContentBody(letter.body))
    return b"".join(marshal(frame, number) for frame in frames)


def _forget(channel: aiormq.Channel, letters: Sequence[Letter]) -> None:
    """Strike them from the book of returns; what is returned names a message by its id."""
    for letter in letters:
        channel.message_id_delivery_tag.pop(letter.properties.message_id or "", None)


def _acknowledged(confirm: Confirm) -> bool:
    if not confirm.done() or confirm.cancelled():
        return False
    error = confirm.exception()
    if error is not None and not isinstance(error, AMQPError | OSError | RuntimeError):
        raise error
    return error is None and isinstance(confirm.result(), Basic.Ack)
