"""Tries of clients without an account, counted by their addresses."""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from shared.limits.counts import Counted, Tries
from shared.limits.rates import Rate

LINES_PER_SITE: Final = 20
"""How many lines' tries one IPv6 site may use up together."""
_LINE: Final = 64
"""Bits of an IPv6 address that are one line's; behind it a caller may choose."""
_SITE: Final = 48
"""Bits that are one customer's with many lines (RFC 6177): all he may choose among."""


def line_of(client: str) -> str:
    """Return whose line an address is: an IPv4 address itself, the /64 of an IPv6 one."""
    address = _address(client)
    return _network(address, _LINE) if isinstance(address, IPv6Address) else str(address)


class ClientLimit:
    """At most so many wrong tries of one client in a window; right ones do not count.

    An IPv6 client is counted by its /64, and twenty times as much by its /48. Every method may
    raise Unavailable: what cannot be counted is not tried.
    """

    def __init__(self, tries: Tries, purpose: str, rate: Rate) -> None:
        self._tries = tries
        self._purpose = purpose
        self._per_line = rate
        self._per_site = rate.times(LINES_PER_SITE)

    async def waits(self, client: str) -> int | None:
        """Return the seconds that a client has to wait after too many wrong tries, or None."""
        return await self._tries.waits(self._counted(client))

    async def count(self, client: str) -> None:
        """Count a wrong try of this client."""
        await self._tries.count(self._counted(client))

    def _counted(self, client: str) -> Counted:
        return [(rate, f"{self._purpose}/client/{who}") for rate, who in self._parts(client)]

    def _parts(self, client: str) -> Counted:
        address = _address(client)
        line = (self._per_line, line_of(client))
        if not isinstance(address, IPv6Address):
            return [line]
        return [line, (self._per_site, _network(address, _SITE))]


def _address(client: str) -> object:
    try:
        address = ip_address(client)
    except ValueError:
        return "unknown"
    return getattr(address, "ipv4_mapped", None) or address


def _network(address: IPv6Address, bits: int) -> str:
    return str(IPv6Network((address, bits), strict=False))
