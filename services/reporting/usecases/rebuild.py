"""Folding the whole archive anew, beside the totals in use, and taking the new ones into use.

Meanwhile events go on being archived, counted and shown. What is counted after a rebuild has begun
is noted down with it and added at the end, in the transaction that makes the new totals the ones
to read.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from services.reporting.domain import Fact, Totals, fold
from shared.messaging.errors import Conflict, Unavailable

Say = Callable[[str], None]

_TRIES: Final = 200
_LONGEST_PAUSE: Final = 0.2


class Superseded(Exception):  # noqa: N818 - reads as the decision it is
    """Another rebuild has begun since; its generation is the one that will be used."""


class Archive(Protocol):
    """What can be counted again."""

    async def programmes(self) -> Mapping[str, str]:
        """Return the zone of every programme that is known, by its id."""
        ...

    def counted_before(self, programme_id: str, generation: int) -> AsyncIterator[Sequence[Fact]]:
        """Pages of what had been counted when the rebuild of this generation began."""
        ...


class Rebuilds(Protocol):
    """A generation of totals in the making."""

    async def begin(self) -> int:
        """Begin a generation and return its number; one that was begun before is given up."""
        ...

    async def write(self, generation: int, totals: Totals) -> None:
        """Store counters of a generation that is not in use yet."""
        ...

    async def finish(self, generation: int) -> bool:
        """Add what was counted meanwhile and take the generation into use; False: once more."""
        ...

    async def give_up(self, generation: int) -> None:
        """Forget a generation that will not be used, unless it is in use already."""
        ...


async def rebuild(archive: Archive, rebuilds: Rebuilds, say: Say) -> int:
    """Return the generation that is in use now.

    Raises Superseded where another rebuild has begun since, Conflict where counting leaves no gap
    to take it into use, and Unavailable; then the totals in use stay what they were.
    """
    generation = await rebuilds.begin()
    say(f"generation {generation} begun")
    try:
        for programme_id, zone in (await archive.programmes()).items():
            await _fold_programme(archive, rebuilds, generation, programme_id, zone, say)
        await _finish(rebuilds, generation)
    except BaseException:
        # As long as it counts as begun, everything is noted down for it.
        with suppress(Unavailable):
            await rebuilds.give_up(generation)
        raise
    say(f"generation {generation} is in use")
    return generation


async def _fold_programme(
    archive: Archive, rebuilds: Rebuilds, generation: int, programme_id: str, zone: str, say: Say
) -> None:
    totals, events = Totals(), 0
    async for page in archive.counted_before(programme_id, generation):
        fold(page, {programme_id: zone}, totals)
        events += len(page)
        say(f"{programme_id}: {events} events folded")
    await rebuilds.write(generation, totals)


async def _finish(rebuilds: Rebuilds, generation: int) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            if await rebuilds.finish(generation):
                return
        except (Conflict, Unavailable):
            if attempt == _TRIES:
                raise
            # The projector writes the same document; the two part ways.
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311
