"""Whether the process lives and whether it can do its work: `/healthz` and `/readyz`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol

CHECK_TIMEOUT: Final = 2.0
"""Seconds a check may take before it counts as failed."""
TICK: Final = 0.5
"""Seconds between two looks at the event loop."""
STALLED_AFTER: Final = 10.0
"""Seconds without a look before the process counts as dead."""

Check = Callable[[], Awaitable[str | None]]
"""Looks at one resource: None when it is well, else the reason; an exception counts as failed."""


class Gauge(Protocol):
    """Takes the lag as a metric."""

    def set(self, value: float, /) -> None:
        """Remember the newest value."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of `/readyz`: whether work may come, and the result of each check."""

    ready: bool
    checks: dict[str, str]


@dataclass(frozen=True, slots=True)
class Liveness:
    """The answer of `/healthz`: whether the event loop turns; lag in seconds, None if unwatched."""

    live: bool
    lag: float | None


class Health:
    """The checks of one process, its lag, and the word that it is stopping."""

    def __init__(
        self, *, timeout: float = CHECK_TIMEOUT, timer: Callable[[], float] = monotonic
    ) -> None:
        self._timeout = timeout
        self._timer = timer
        self._checks: dict[str, tuple[Check, bool]] = {}
        self._running: asyncio.Task[Readiness] | None = None
        self._seen: float | None = None
        self._lag = 0.0
        self.stopping = asyncio.Event()
        """Set once the process drains: streams end, nothing new is begun."""

    def add(self, name: str, check: Check, *, degrades: bool = False) -> None:
        """Add a check; one that `degrades` is reported and does not make the process unready."""
        if name in self._checks:
            raise ValueError(f"two checks are called {name}")
        self._checks[name] = (check, degrades)

    def drain(self) -> None:
        """Be unready from now on, whatever the checks find; called first at a graceful stop."""
        self.stopping.set()

    async def readiness(self) -> Readiness:
        """Run all checks at once; callers that come meanwhile share the answer."""
        if self.stopping.is_set():
            return Readiness(ready=False, checks={"stopping": "the process is draining"})
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._look())
        found = await asyncio.shield(self._running)
        return Readiness(found.ready and not self.stopping.is_set(), found.checks)

    async def _look(self) -> Readiness:
        names = list(self._checks)
        reasons = await asyncio.gather(*(self._ask(self._checks[name][0]) for name in names))
        ready, checks = True, {}
        for name, reason in zip(names, reasons, strict=True):
            degrades = self._checks[name][1]
            ready = ready and (reason is None or degrades)
            checks[name] = f"degraded: {reason}" if reason and degrades else reason or "ok"
        return Readiness(ready, checks)

    async def _ask(self, check: Check) -> str | None:
        task = asyncio.create_task(_run(check))
        done, _ = await asyncio.wait({task}, timeout=self._timeout)
        if not done:
            # Not awaited: a check that ignores its cancellation must not hold up the answer.
            task.cancel()
            task.add_done_callback(_forget)
            return f"no answer within {self._timeout:g} s"
        if task.cancelled():
            return "failed: CancelledError"
        error = task.exception()
        return task.result() if error is None else f"failed: {type(error).__name__}"

    async def watch(self, gauge: Gauge | None = None) -> None:
        """Measure, until cancelled, how late the event loop comes to what is due."""
        self._seen = self._timer()
        while True:
            await asyncio.sleep(TICK)
            now = self._timer()
            self._lag = max(0.0, now - self._seen - TICK)
            self._seen = now
            if gauge is not None:
                gauge.set(self._lag)

    def liveness(self) -> Liveness:
        """Dead when the loop has not come round for STALLED_AFTER seconds."""
        if self._seen is None:
            return Liveness(live=True, lag=None)
        late = max(0.0, self._timer() - self._seen - TICK)
        return Liveness(late < STALLED_AFTER, max(late, self._lag))


async def _run(check: Check) -> str | None:
    return await check()


def _forget(task: asyncio.Task[str | None]) -> None:
    if not task.cancelled():
        task.exception()
