"""Holding the totals against the archive: everything is counted again and compared."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.reporting.domain import Difference, Fact, Totals, differences, fold

Say = Callable[[str], None]


class Moment(Protocol):
    """The archive and the totals at one moment."""

    def counted(self, programme_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Pages of what has been counted of a programme."""
        ...

    async def totals(self, programme_id: str) -> Totals:
        """Return a programme's counters."""
        ...


class Archive(Protocol):
    """What can be counted again."""

    async def programmes(self) -> Mapping[str, str]:
        """Return the zone of every programme that is known, by its id."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Moment]:
        """Everything as it was at one moment."""
        ...


@dataclass(frozen=True, slots=True)
class Recount:
    """What came of counting a programme again."""

    programme_id: str
    events: int
    counters: int
    differences: tuple[Difference, ...]


async def recount(archive: Archive, programme_id: str, zone: str, say: Say) -> Recount:
    """Count what a programme's totals stand on again, from the archive, and compare.

    Both are read at the same moment, so more events may go on coming in. Raises Unavailable.
    """
    events, counted = 0, Totals()
    async with archive.snapshot() as moment:
        kept = await moment.totals(programme_id)
        async for page in moment.counted(programme_id):
            fold(page, {programme_id: zone}, counted)
            events += len(page)
            say(f"{programme_id}: {events} events counted again")
    found = tuple(differences(counted, kept))
    return Recount(programme_id, events, len(kept), found)
