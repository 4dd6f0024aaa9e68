"""Pages that stay current: a fragment is rendered anew and sent whenever something has changed.

Every event is the whole fragment, so a browser that was away has missed nothing. Its id is a hash
of the content: what a browser shows already is not sent again. `static/live.js` is the other end.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import ceil
from typing import Final

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from shared.auth.revocations import Revocations
from shared.auth.roles import Caller
from shared.limits.clients import line_of
from shared.observability.health import Gauge
from shared.web.problems import TooManyRequests, Unavailable
from shared.web.scopekeys import CALLER

STREAM_LIMIT: Final = 200
"""Open streams of one process; one more is answered 503."""
SHARE: Final = 60
"""Open streams of one caller in one process, a screen for each booth of an event; one more is
answered 429. Who has not signed in is counted by his address."""
HEARTBEAT: Final = 15.0
"""Seconds after which an idle stream sends a heartbeat. Who has not taken what was sent
after two of them loses his place."""
STRANGERS: Final = 0.75
"""Part of the places that those may hold together who have not signed in; one more is a 503."""
PACE: Final = 1.0
"""Seconds between two events of one stream at least."""
RETRY: Final = 3000
"""Milliseconds a browser waits before it comes back."""

_NOT_SIGNED_IN: Final = "/"
"""Before the address of who has not signed in: no account's id has a slash."""

Render = Callable[[], Awaitable[str]]
"""Renders the fragment as it is now."""


class Changes:
    """Wakes every stream when something has changed."""

    def __init__(self) -> None:
        self._revision = 0
        self._next = asyncio.Event()

    @property
    def revision(self) -> int:
        """How often something has changed."""
        return self._revision

    def bump(self) -> None:
        """Something has changed."""
        self._revision += 1
        self._next.set()
        self._next = asyncio.Event()

    async def beyond(self, revision: int) -> None:
        """Return once something has changed since that revision."""
        while self._revision <= revision:
            await self._next.wait()


@dataclass(frozen=True, slots=True)
class Timing:
    """How a stream keeps time, in seconds."""

    heartbeat: float = HEARTBEAT
    pace: float = PACE


class Streams:
    """All open streams of one process; nobody holds more than `share` of its places.

    A screen that cannot have one polls.
    """

    def __init__(
        self,
        *,
        stopping: asyncio.Event,
        clock: Callable[[], datetime],
        gauge: Gauge,
        limit: int = STREAM_LIMIT,
        share: int = SHARE,
        timing: Timing | None = None,
        revocations: Revocations | None = None,
    ) -> None:
        self.revocations = revocations or Revocations()
        self.stopping = stopping
        self.timing = timing or Timing()
        self._clock = clock
        self._gauge = gauge
        self._limit = limit
        self._share = share
        self._open: Counter[str] = Counter()

    def stream(
        self, request: Request, render: Render, changes: Changes, until: datetime | None = None
    ) -> "LiveResponse":
        """The answer to an EventSource: the fragment at once, and again after each change.

        It ends when the process stops, at `until`, the moment the caller's token expires, and
        within a heartbeat after his access was revoked.
        """
        left = None if until is None else (until - self._clock()).total_seconds()
        shown = request.headers.get("last-event-id", "")
        caller = _caller(request)
        source = _Source(render, changes, shown, left, caller)
        return LiveResponse(self, source, caller.subject if caller else _stranger(request))

    def enter(self, subject: str) -> None:
        """Count one more of this caller.

        Raises Unavailable when there are too many or the process stops, TooManyRequests when the
        caller alone has too many.
        """
        if self.stopping.is_set() or self._full(subject):
            raise Unavailable("no room for another live stream; poll instead")
        if self._open[subject] >= self._share:
            detail = f"{self._share} live streams are open already; close one, or poll"
            raise TooManyRequests(detail, retry_after=ceil(self.timing.heartbeat))
        self._count(subject, 1)

    def _full(self, subject: str) -> bool:
        if subject.startswith(_NOT_SIGNED_IN):
            strangers = (many for who, many in self._open.items() if who.startswith(_NOT_SIGNED_IN))
            if sum(strangers) >= self._limit * STRANGERS:
                return True
        return self._open.total() >= self._limit

    def leave(self, subject: str) -> None:
        """Count one less."""
        self._count(subject, -1)

    def _count(self, subject: str, change: int) -> None:
        self._open[subject] += change
        if not self._open[subject]:
            del self._open[subject]
        self._gauge.set(self._open.total())


class LiveResponse(EventSourceResponse):
    """One stream; it takes its place when it begins and gives it back however it ends."""

    def __init__(self, streams: Streams, source: "_Source", subject: str) -> None:
        self._events = source.events(streams)
        super().__init__(self._events, headers={"X-Accel-Buffering": "no"})
        self._streams = streams
        self._subject = subject

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the browser leaves or stops reading, the process stops or the time is up."""
        self._streams.enter(self._subject)
        try:
            await super().__call__(scope, receive, self._in_time(send))
        finally:
            self._streams.leave(self._subject)
            await self._events.aclose()

    def _in_time(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            try:
                async with asyncio.timeout(2 * self._streams.timing.heartbeat):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        return sent


@dataclass(slots=True)
class _Source:
    render: Render
    changes: Changes
    shown: str
    left: float | None
    caller: Caller | None

    async def events(self, streams: Streams) -> AsyncGenerator[bytes]:
        yield format_sse_event(retry=RETRY, comment="jemput")
        ends = None if self.left is None else asyncio.get_running_loop().time() + self.left
        while not self._revoked(streams):
            seen = self.changes.revision
            fragment = await self.render()
            digest = sha256(fragment.encode()).hexdigest()[:16]
            if digest != self.shown:
                self.shown = digest
                yield format_sse_event(data_str=fragment, id=digest)
            # A storm of changes is one event a second, and the last of them is always shown.
            if await _over(streams.stopping, streams.timing.pace, ends):
                return
            while not await self._changed(seen, streams, ends):
                if streams.stopping.is_set() or _past(ends) or self._revoked(streams):
                    return
                yield format_sse_event(comment="still here")

    def _revoked(self, streams: Streams) -> bool:
        return self.caller is not None and streams.revocations.ended(self.caller)

    async def _changed(self, seen: int, streams: Streams, ends: float | None) -> bool:
        change = asyncio.ensure_future(self.changes.beyond(seen))
        stop = asyncio.ensure_future(streams.stopping.wait())
        try:
            await asyncio.wait(
                {change, stop},
                timeout=_at_most(streams.timing.heartbeat, ends),
                return_when=asyncio.FIRST_COMPLETED,
            )
            return change.done() and not stop.done()
        finally:
            change.cancel()
            stop.cancel()


def _stranger(request: Request) -> str:
    return _NOT_SIGNED_IN + line_of(request.client.host if request.client else "")


def _caller(request: Request) -> Caller | None:
    caller = request.scope.get(CALLER)
    return caller if isinstance(caller, Caller) else None


async def _over(stopping: asyncio.Event, seconds: float, ends: float | None) -> bool:
    """Wait so long, unless it is over before; whether it is over."""
    try:
        async with asyncio.timeout(_at_most(seconds, ends)):
            await stopping.wait()
    except TimeoutError:
        return _past(ends)
    return True


def _at_most(seconds: float, ends: float | None) -> float:
    return seconds if ends is None else max(0.0, min(seconds, _left(ends)))


def _past(ends: float | None) -> bool:
    return ends is not None and _left(ends) <= 0


def _left(ends: float) -> float:
    return ends - asyncio.get_running_loop().time()
