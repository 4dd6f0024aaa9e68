"""A look at somebody, or at what may show him, is kept before it is answered."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request

from shared.messaging.unit_of_work import Clock, UseCase
from shared.runtime.commands import ANSWER_WITHIN, Commands
from shared.web.guard import asks_for_person
from shared.web.problems import Unavailable

AGAIN: Final = timedelta(minutes=10)
"""How long a list or a job that shows no person is not noted again for the same account."""
_REMEMBERED: Final = 10_000
"""Reads that a process remembers at most; the oldest are noted again."""


class KeptReads:
    """What this process has kept of reads a short while ago; who asks again is noted once.

    Each process has its own. What is said of a read is part of it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, ...], datetime] = {}

    async def keep(
        self, read: tuple[str, ...], about: str, kept: UseCase, commands: Commands
    ) -> None:
        """Have a look that shows no person kept, unless it was lately. Raises Unavailable."""
        if self._lately(read):
            return
        await keep_read(about, kept, commands)
        self._note(read)

    def _lately(self, read: tuple[str, ...]) -> bool:
        """Return whether this read was kept less than AGAIN ago."""
        at = self._kept.get(read)
        return at is not None and abs(self._clock() - at) < AGAIN

    def _note(self, read: tuple[str, ...]) -> None:
        """Remember that this read is kept, committed."""
        self._kept.pop(read, None)
        self._kept[read] = self._clock()
        if len(self._kept) > _REMEMBERED:
            del self._kept[next(iter(self._kept))]


async def keep_look(request: Request, about: str, kept: UseCase, commands: Commands) -> None:
    """Count a look against its account's limit and have the use case keep it, committed on return.

    `about` is what is looked at. Raises TooManyRequests for an account that has looked at too many,
    and Unavailable.
    """
    asks_for_person(request, about)
    await keep_read(about, kept, commands)


async def keep_read(about: str, kept: UseCase, commands: Commands) -> None:
    """Have the use case keep what is read, where it shows no person. Raises Unavailable."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await commands.run_own(kept, key=f"look:{about}")
    except TimeoutError:
        raise Unavailable("the look cannot be kept") from None
