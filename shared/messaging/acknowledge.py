"""Acknowledgements, many in one frame.

Messages of a batch are settled together, and mostly in the order in which they came. One frame
that says "up to and including this one" spares the broker and us a frame for each of them. It
never covers a message that is not settled: it reaches only as far as every tag has been settled,
and what was settled beyond a gap is acknowledged by itself.
"""

import asyncio
import logging

from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError

_log = logging.getLogger(__name__)


class Acknowledger:
    """Settled tags of one channel; tags count up from 1 on each channel."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel
        self._reached = 0
        self._settled: set[int] = set()
        self._alone: set[int] = set()
        self._flush: asyncio.Task[None] | None = None

    def settle(self, tag: int) -> None:
        """Have a message acknowledged, with all that are settled in this turn of the loop."""
        self._settled.add(tag)
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
        reached = upto = self._reached
        while upto + 1 in self._settled or upto + 1 in self._alone:
            upto += 1
        beyond = sorted(tag for tag in self._settled if tag > upto)
        # A tag that was acknowledged by itself is unknown by now, and naming it closes the channel.
        newest = max((tag for tag in self._settled if tag <= upto), default=0)
        self._reached, self._settled = upto, set()
        # Step by step: a message that is held for long leaves many behind its gap.
        self._alone.difference_update(range(reached + 1, upto + 1))
        self._alone.update(beyond)
        try:
            # Without waiting for the socket: a lost acknowledgement is a duplicate, no more.
            if newest:
                await self.channel.basic_ack(newest, multiple=True, wait=False)
            for tag in beyond:
                await self.channel.basic_ack(tag, multiple=False, wait=False)
        except (AMQPError, OSError, RuntimeError):
            _log.info("acknowledgements lost; the messages will come again")
