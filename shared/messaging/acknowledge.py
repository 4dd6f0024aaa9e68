"""Acknowledgements, many in one frame.

Messages of a batch are settled together, and mostly in the order in which they came. One frame
that says "up to and including this one" spares the broker and us a frame for each of them. It
never covers a message that is still open: those beyond an open one are acknowledged one by one.

Delivery tags count the messages of a channel, whichever queue they came from, so all consumers of
a channel share one Acknowledger. It remembers open messages only, at most the prefetch.
"""

import asyncio
import logging

from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError

_log = logging.getLogger(__name__)


class Acknowledger:
    """The open messages of one channel; tags count up from 1 on each channel."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel
        self._newest = 0
        self._open: dict[int, None] = {}
        """Tags in the order of delivery."""
        self._settled: list[int] = []
        self._flush: asyncio.Task[None] | None = None

    def delivered(self, tag: int) -> None:
        """Note that a message came in. Call it in the order of delivery."""
        # A tag that nobody announced is not ours to acknowledge: it stays open.
        self._open.update(dict.fromkeys(range(self._newest + 1, tag + 1)))
        self._newest = tag

    def settle(self, tag: int) -> None:
        """Have a message acknowledged, with all that are settled in this turn of the loop."""
        self._open.pop(tag, None)
        self._settled.append(tag)
        if self._flush is None:
            self._flush = asyncio.create_task(self._send())

    async def flushed(self) -> None:
        """Wait until what was settled has been handed to the socket."""
        if self._flush is not None:
            await self._flush

    async def _send(self) -> None:
        # The other messages of the batch are settled in this same turn.
        await asyncio.sleep(0)
        self._flush = None
        settled, self._settled = sorted(self._settled), []
        oldest = next(iter(self._open), self._newest + 1)
        covered = [tag for tag in settled if tag < oldest]
        try:
            # Without waiting for the socket: a lost acknowledgement is a duplicate, no more.
            if covered:
                await self.channel.basic_ack(covered[-1], multiple=True, wait=False)
            for tag in settled[len(covered) :]:
                await self.channel.basic_ack(tag, multiple=False, wait=False)
        except (AMQPError, OSError, RuntimeError):
            _log.info("acknowledgements lost; the messages will come again")


class Acknowledgers:
    """One Acknowledger for each open channel of a connection."""

    def __init__(self) -> None:
        self._of: dict[AbstractChannel, Acknowledger] = {}

    def of(self, channel: AbstractChannel) -> Acknowledger:
        """Return the channel's own, the same for every consumer on it."""
        found = self._of.get(channel)
        if found is None:
            self._of = {c: one for c, one in self._of.items() if not c.is_closed}
            found = self._of[channel] = Acknowledger(channel)
        return found
