"""Counting what the archive has: one instance at a time, woken by what comes in."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.reporting.domain import NONE, Fact, Totals, fold
from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.unit_of_work import Clock

PAGE: Final = 2_000
"""Facts in one transaction at most."""

_MEASURE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 2.0
"""After so long without new rows the work list is looked at anyway."""
READ_ANEW_SECONDS: Final = 60.0
"""Between two looks for events whose type was unknown when they came: older code beside this may
go on archiving such."""
_PAUSE: Final = 0.5
_GATHER: Final = 0.25
"""Between two rounds: a trickle is counted together, and a page that is live is fresh enough."""
_OVERDUE: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not counted yet, and since when.

    Apart are what waits for its programme's zone (`unknown`) and for newer code (`unread`).
    """

    count: int
    oldest: datetime | None
    unknown: int
    oldest_unknown: datetime | None
    unread: int = 0
    oldest_unread: datetime | None = None


class Ledger(Protocol):
    """The work list and the totals, as one instance writes them."""

    async def prepare(self) -> None:
        """Make what has to be there before anything is counted."""
        ...

    async def read_anew(self) -> None:
        """Have events counted whose type was unknown when they came, where it is known now."""
        ...

    async def lead(self) -> bool:
        """Take or renew the lease; whether this instance counts."""
        ...

    async def resign(self) -> None:
        """Give the lease back."""
        ...

    async def zones(self) -> Mapping[str, str]:
        """Return the zone of every programme that is known, by its id."""
        ...

    async def take(self, programmes: Sequence[str], limit: int) -> Sequence[Fact]:
        """Return facts of these programmes that are not counted yet."""
        ...

    async def fold(self, facts: Sequence[Fact], totals: Totals, events: Sequence[str]) -> None:
        """Add to the totals and take the facts off the work list, both or neither."""
        ...

    def arrivals(self) -> AbstractAsyncContextManager[Callable[[float], Awaitable[None]]]:
        """Watch the work list: what is yielded returns at a new row, or after so many seconds."""
        ...

    async def waiting(self, programmes: Sequence[str]) -> Waiting:
        """Return what is on the work list."""
        ...


class Figures(Protocol):
    """What is measured of the counting."""

    def leads(self, *, yes: bool) -> None:
        """Tell whether this instance counts."""
        ...

    def folded(self, facts: int, seconds: float) -> None:
        """Tell of one transaction."""
        ...

    def missing(self, waiting: Waiting, now: datetime) -> None:
        """Tell what is not counted yet."""
        ...


class Projector:
    """Counts what is on the work list, as long as it holds the lease."""

    def __init__(self, ledger: Ledger, figures: Figures, clock: Clock) -> None:
        self._ledger = ledger
        self._figures = figures
        self._clock = clock
        self._measured = -_MEASURE_SECONDS
        self._read = -READ_ANEW_SECONDS
        self.waiting = Waiting(0, None, 0, None)

    async def run(self) -> None:
        """Count until cancelled. What goes wrong is logged and tried again; nothing is lost."""
        try:
            while True:
                try:
                    await self._turn()
                except (Unavailable, Conflict) as away:
                    _log.warning("counting pauses", extra={"reason": type(away).__name__})
                except Exception:  # noqa: BLE001 - one bad turn must not end the service
                    _log.exception("counting failed and is tried again")
                await asyncio.sleep(_PAUSE)
        finally:
            with suppress(Unavailable):
                await self._ledger.resign()

    async def _turn(self) -> None:
        await self._ledger.prepare()
        while await self._leads():
            # Watched before it is looked at: what comes in between is not slept through.
            async with self._ledger.arrivals() as arrived:
                while not await self.round():
                    await arrived(_LOOK_SECONDS)
            while await self._round_and_rest():
                continue
        await self._measure(list(await self._ledger.zones()))

    async def _round_and_rest(self) -> bool:
        counted = await self.round()
        if counted:
            await asyncio.sleep(_GATHER)
        return counted

    async def _leads(self) -> bool:
        leads = await self._ledger.lead()
        self._figures.leads(yes=leads)
        return leads

    async def round(self) -> bool:
        """Count one page; whether there was any.

        Raises Conflict where another instance counts, and Unavailable.
        """
        if not await self._leads():
            raise Conflict("another instance counts")
        await self._read_anew()
        zones = await self._ledger.zones()
        facts = await self._ledger.take(list(zones), PAGE)
        if facts:
            began = time.perf_counter()
            await self._ledger.fold(facts, fold(facts, zones), _events(facts))
            self._figures.folded(len(facts), time.perf_counter() - began)
            await failpoint("projection.folded")
        await self._measure(list(zones))
        return bool(facts)

    async def _read_anew(self) -> None:
        if time.monotonic() - self._read < READ_ANEW_SECONDS:
            return
        await self._ledger.read_anew()
        self._read = time.monotonic()

    async def _measure(self, programmes: Sequence[str]) -> None:
        if time.monotonic() - self._measured < _MEASURE_SECONDS:
            return
        self._measured = time.monotonic()
        self.waiting = await self._ledger.waiting(programmes)
        self._figures.missing(self.waiting, self._clock())

    async def check(self) -> str | None:
        """Say for `/readyz` what is wrong where something has not been counted for a minute."""
        oldest = self.waiting.oldest
        if oldest is None or (self._clock() - oldest).total_seconds() < _OVERDUE:
            return None
        return f"{self.waiting.count} events are archived and not counted"


def _events(facts: Sequence[Fact]) -> list[str]:
    return sorted({fact.event_id for fact in facts} - {NONE})
