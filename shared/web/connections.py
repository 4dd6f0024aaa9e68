"""Limits of the HTTP server on what comes before the guard: heads, slow clients, connections.

uvicorn with httptools limits none of them: a head of any size is kept in memory, and a request that
never ends keeps its connection. At the limit of connections the one that has waited longest for a
request is closed, so half-open connections do not keep others out; where all are at work the new
one is answered 503.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.web.scopekeys import MORE_TIME

LINGER: Final = 1.0
"""Seconds in which a refused client may still send, unread, so that it sees the answer."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process takes; `proxies` are addresses or networks, `*` for all."""

    head_bytes: int = 16 * 1024
    head_seconds: float = 10.0
    """From the connection, or from a further request's first byte, to the end of its head."""
    body_seconds: float = 30.0
    """From the end of the head to the end of the body."""
    upload_seconds: float = 600.0
    """The same for a file whose sender may send it: 20 MiB at 280 kbit/s."""
    connections: int = 900
    """Open at once; a process may hold 1024 files by default."""
    connections_per_client: int = 100
    """Open at once from one address. Reverse proxies are exempt: they speak for many."""
    proxies: Collection[str] = ()


def networks(texts: Collection[str]) -> tuple[Network, ...]:
    """Return the networks; ValueError where a text is neither an address nor a network."""
    return tuple(ip_network(text, strict=False) for text in texts)


def within(host: str, among: Collection[Network]) -> bool:
    """Return whether the address lies in one of the networks."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in among)


class Connections:
    """The open connections of one server, by client and by what they are at."""

    def __init__(self, limits: Limits, refused: Callable[[str], None] = lambda _: None) -> None:
        self.limits = limits
        self.refused = refused
        """Called with why a client was refused: head_too_large, too_slow, too_many."""
        self.waiting: dict[LimitedProtocol, None] = {}
        """Waiting for the head of a request, longest first."""
        self._by_client: Counter[str] = Counter()
        self._all_proxies = "*" in limits.proxies
        self._proxies = networks([text for text in limits.proxies if text != "*"])

    def enter(self, host: str) -> bool:
        """Count a connection; False where there is no room and none that can be closed."""
        limits = self.limits
        if not self._is_proxy(host) and self._by_client[host] >= limits.connections_per_client:
            room = self._close_longest(host)
        else:
            room = self._by_client.total() < limits.connections or self._close_longest(None)
        if room:
            self._by_client[host] += 1
        return room

    def leave(self, host: str) -> None:
        """Count it no more."""
        self._by_client[host] -= 1
        if not self._by_client[host]:
            del self._by_client[host]

    def _is_proxy(self, host: str) -> bool:
        return self._all_proxies or within(host, self._proxies)

    def _close_longest(self, host: str | None) -> bool:
        found = next((one for one in self.waiting if host in (None, one.host)), None)
        if found is None:
            return False
        self.refused("too_many")
        found.give_way()
        return True


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, held to the limits."""

    shared: ClassVar[Connections]

    host = ""
    _entered = False
    _refused = False
    _in_head = True
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _parsing = False
    _wanted: float | None = None
    """Seconds that were asked for while what had come was parsed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection and give its first request a time."""
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self._entered = self.shared.enter(self.host)
        if not self._entered:
            self._refuse(b"503 Service Unavailable", "too_many")
            return
        self.shared.waiting[self] = None
        self._arm(self.shared.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on what comes, of a head no more than the limit."""
        # Most requests come whole: they are over before a timer would have been of use.
        self._parsing = True
        try:
            self._hand_on(data)
        finally:
            self._parsing = False
        if self._wanted is not None:
            self._arm(self._wanted)

    def _hand_on(self, data: bytes) -> None:
        while data and self._in_head and not self._refused:
            room = self.shared.limits.head_bytes - self._head_bytes
            if room <= 0:
                self._refuse(b"431 Request Header Fields Too Large", "head_too_large")
                return
            if self._timer is None and self._wanted is None:
                self._arm(self.shared.limits.head_seconds)
            self._head_bytes += min(room, len(data))
            piece, data = data[:room], data[room:]
            super().data_received(piece)
            if self.transport.is_closing():
                return
        if data and not self._refused:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        """Give the body its time."""
        self._in_head = False
        self.shared.waiting.pop(self, None)
        self._arm(self.shared.limits.body_seconds)
        self.scope[MORE_TIME] = self._more_time  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Await the next head."""
        self._disarm()
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Count as waiting from here on."""
        super().on_response_complete()
        if self._entered and self._in_head and not self.pipeline:
            self.shared.waiting[self] = None

    def _more_time(self) -> None:
        """Give a body the time of an upload; of one that is complete nothing is awaited."""
        if not self._in_head:
            self._arm(self.shared.limits.upload_seconds)

    def give_way(self) -> None:
        """Close, for another connection to have the place."""
        self._leave()
        self.transport.close()

    def _leave(self) -> None:
        self._disarm()
        self.shared.waiting.pop(self, None)
        if self._entered:
            self._entered = False
            self.shared.leave(self.host)

    def _arm(self, seconds: float) -> None:
        if self._parsing:
            self._wanted = seconds
            return
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        self._wanted = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.cycle is not None and self.cycle.response_started and not self._in_head:
            self.shared.refused("too_slow")
            self.transport.close()
        else:
            self._refuse(b"408 Request Timeout", "too_slow")

    def _refuse(self, status: bytes, reason: str) -> None:
        """Answer before any application, read nothing more of use, and close."""
        self._refused = True
        self.shared.refused(reason)
        self.shared.waiting.pop(self, None)
        self._disarm()
        if self.cycle is not None and not self.cycle.response_complete:
            # An application that awaits the rest of the body learns that the client left.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)


def limited(connections: Connections) -> type[Any]:
    """Return the protocol class of one server."""
    return type("BoundProtocol", (LimitedProtocol,), {"shared": connections})
