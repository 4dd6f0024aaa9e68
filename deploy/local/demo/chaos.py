"""Power cuts on the way: services are killed and started again while the day goes on."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from deploy.local.demo.day import Say
from deploy.local.stack import Stack

_SHORTEST, _LONGEST = 1.0, 3.0
_DARK = 0.3


class Chaos:
    """Kills one service after the other; `kills` counts them by name."""

    def __init__(self, stack: Stack, chance: random.Random, say: Say) -> None:
        self._stack = stack
        self._chance = chance
        self._say = say
        self.kills: Counter[str] = Counter()

    @asynccontextmanager
    async def raging(self) -> AsyncIterator[None]:
        """Kill services until the end of the block, and leave them all running."""
        over = asyncio.Event()
        task = asyncio.create_task(self._rage(over))
        try:
            yield
        finally:
            over.set()
            await task

    async def _rage(self, over: asyncio.Event) -> None:
        victims = victims_of(list(self._stack.ports), self._chance)
        while not await _within(over, self._chance.uniform(_SHORTEST, _LONGEST)):
            service = next(victims)
            self._stack.kill(service)
            self.kills[service] += 1
            self._say(f"  killed {service}")
            await _within(over, _DARK)
            self._stack.start(service)
            await asyncio.to_thread(self._stack.await_ready, [service])


def victims_of(services: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Yield services without end, by rounds: each dies once before any dies again."""
    while True:
        yield from chance.sample(services, len(services))


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
