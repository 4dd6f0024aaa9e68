"""What the metrics are told in the background, for the alerts: nothing here changes anything."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from shared.messaging.errors import Unavailable

EVERY: Final = 30.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Late:
    """How many cases of a programme last longer in their state than its SOP allows."""

    late: int
    escalated: int
    """Of them, those whose second time has passed too."""


class LateReader(Protocol):
    """Counts what is late."""

    async def programme_ids(self) -> list[str]:
        """Return the ids of all programmes."""
        ...

    async def late_in(self, programme_id: str) -> Late:
        """Return what is late in a programme now."""
        ...


class LateFigures(Protocol):
    """Where metrics are told."""

    def late(self, programme_id: str, found: Late) -> None:
        """Tell what is late in a programme."""
        ...


class WatchLate:
    """Tells the metrics what is late, programme by programme; the timers note it."""

    def __init__(self, reader: LateReader, figures: LateFigures) -> None:
        self._reader = reader
        self._figures = figures

    async def look(self) -> None:
        """Tell what is late now. Raises Unavailable."""
        for programme_id in await self._reader.programme_ids():
            self._figures.late(programme_id, await self._reader.late_in(programme_id))


class Watch:
    """Looks again and again, until cancelled."""

    def __init__(self, looks: Collection[Callable[[], Awaitable[None]]]) -> None:
        self._looks = looks

    async def run(self) -> None:
        """Look every EVERY seconds."""
        while True:
            for look in self._looks:
                with suppress(Unavailable):  # the database's own alerts tell of it
                    await look()
            await asyncio.sleep(EVERY)
