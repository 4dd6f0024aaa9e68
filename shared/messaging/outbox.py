"""From the committed row to the confirmed publish, whatever dies in between.

A row is written in the transaction of the change that it announces and deleted after the broker's
confirm; as long as it is there it is unpublished. The instance that wrote it publishes it from
memory at once. What that did not reach is found again by owner, never by a watermark over ids or
times: transactions do not commit in the order of their ids. An instance owns its rows while its
lease runs (the server's clock); the rows of an instance whose lease has run out are adopted by
another. An instance that comes back after a long pause publishes twice at worst; consumers drop
duplicates.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from shared.messaging.bus import Bus
from shared.messaging.errors import Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.message import Message
from shared.messaging.metrics import OutboxMetrics
from shared.messaging.store import Backlog, DeferredStore, OutboxStore

LEASE_SECONDS = 10.0
"""An instance that has not renewed for so long is taken for dead."""

DEFAULT_LIMIT = 50_000
"""Rows that may wait while RabbitMQ is unavailable before commands are refused."""

_BATCH = 128
"""Messages that leave in one write."""
_BATCHES_IN_FLIGHT = 16
_PROBE = 1
"""Rows tried at a time while the broker takes nothing: each try stays in a buffer till it does."""
_PAGE = 500
_ROUND_SECONDS = 1.0
"""Between two looks at what other instances left; own news wakes the relay at once."""
_RENEWALS = 5
"""In the time of a lease, each with a measurement: the database is asked five times."""
_ROUNDS_BLIND = 5
"""Rounds after which the relay looks without one: a commit whose answer got lost gives none."""

_log = logging.getLogger(__name__)


class OutboxRelay:
    """Publishes what this instance committed, and what dead instances left."""

    def __init__(
        self,
        store: OutboxStore,
        deferred_store: DeferredStore,
        bus: Bus,
        metrics: OutboxMetrics,
        *,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._store = store
        self._deferred = deferred_store
        self._bus = bus
        self._metrics = metrics
        self._limit = limit
        self._pending = 0
        self._in_hand: set[str] = set()
        self._confirmed: list[str] = []
        self._cleared: set[str] = set()
        self._looked_at = ""
        self._overlooked = True
        """Rows may be ours that nobody has in hand. Looking costs, so it is done for a reason."""
        self._rounds_since_look = 0
        self._something_confirmed = asyncio.Event()
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(_BATCHES_IN_FLIGHT)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """Return whether so much waits that no further command is accepted."""
        return self._pending >= self._limit

    @property
    def stalled(self) -> bool:
        """Return whether the broker is connected and takes nothing."""
        return self._bus.connected and not self._bus.answering

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Publish what has just been committed; never blocks."""
        self._pending += len(messages)
        if not messages or not self._bus.connected or self.stalled:
            # The rows are committed: the relay's next round finds them.
            self._overlooked = self._overlooked or bool(messages)
            return
        # The relay may have found a row before its commit was answered here.
        fresh = [message for message in messages if message.envelope.id not in self._in_hand]
        self._in_hand.update(message.envelope.id for message in fresh)
        self._keep(asyncio.create_task(self._publish_all(fresh, "direct")))

    def wake(self) -> None:
        """Have the next round begin now: a predecessor may have come, or the broker be back."""
        self._overlooked = True
        self._wake.set()

    async def run(self) -> None:
        """Relay, adopt, release and clear until cancelled; no error of one round ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._clear())
            group.create_task(self._rounds())
            group.create_task(self._watch())

    async def flushed(self) -> None:
        """Wait until everything taken in hand is confirmed and cleared, or left to the relay."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._clear_confirmed()

    async def retire(self) -> None:
        """Give this instance's rows free for others."""
        await self._store.retire()

    async def _watch(self) -> None:
        """Renew the lease and measure, however long a publish takes meanwhile."""
        while True:
            await self._survived(self._check_in)
            await asyncio.sleep(LEASE_SECONDS / _RENEWALS)

    async def _rounds(self) -> None:
        while not await self._survived(self._store.reread):  # noqa: ASYNC110 - a retry
            await asyncio.sleep(_ROUND_SECONDS)
        while True:
            if not await self._survived(self._all_pages):
                await asyncio.sleep(_ROUND_SECONDS)
            cleared, self._cleared = self._cleared, set()
            await self._pause()
            self._in_hand -= cleared

    async def _survived(self, step: Callable[[], Awaitable[object]]) -> bool:
        """Do a step; where it fails, record it in metric and log instead of ending the process."""
        try:
            await step()
        except Unavailable as unavailable:
            self._metrics.failed.labels(unavailable.reason).inc()
            return False
        except Exception as error:  # noqa: BLE001 - logged; a round's fault ends no process
            self._metrics.failed.labels("fault").inc()
            _log.exception("the relay goes on", extra={"reason": type(error).__name__})
            return False
        return True

    async def _all_pages(self) -> None:
        while await self._round():
            continue

    async def _pause(self) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_ROUND_SECONDS):
                await self._wake.wait()

    async def _round(self) -> bool:
        """Do one round; return whether there is more to publish than it took."""
        if await self._deferred.release(_PAGE):
            self._overlooked = True
            await failpoint("deferred.released")
        if await self._store.adopt():
            self._overlooked = True
            await failpoint("relay.adopted")
        return self._must_look() and await self._publish_stranded()

    def _must_look(self) -> bool:
        """Return whether to look for rows that are not in hand: for a reason, or now and then."""
        if not self._bus.connected:
            return False
        self._rounds_since_look += 1
        if not self._overlooked and not self._looked_at and self._rounds_since_look < _ROUNDS_BLIND:
            return False
        self._rounds_since_look = 0
        return True

    async def _publish_stranded(self) -> bool:
        """Publish own rows that are not in hand: a failed publish, an adopted or released row.

        Page by page, and what fails is tried again only when all others have had their turn: rows
        that no queue wants hold up nobody. Return whether there are more pages.
        """
        # Before the look: what fails from now on is a reason for another.
        stalled = self.stalled
        self._overlooked = stalled
        page = _PROBE if stalled else _PAGE
        rows = await self._store.mine(page, self._looked_at)
        more = len(rows) == _PAGE
        self._looked_at = rows[-1].envelope.id if more else ""
        stranded = [row for row in rows if row.envelope.id not in self._in_hand]
        self._in_hand.update(row.envelope.id for row in stranded)
        await self._publish_all(stranded, "relay")
        await self._clear_confirmed()
        return more

    async def _publish_all(self, messages: Sequence[Message], path: str) -> None:
        chunks = [messages[at : at + _BATCH] for at in range(0, len(messages), _BATCH)]
        await asyncio.gather(*[self._publish(chunk, path) for chunk in chunks])

    async def _publish(self, messages: Sequence[Message], path: str) -> None:
        confirmed: set[str] = set()
        try:
            async with self._places:
                confirmed = await self._sent(messages)
        finally:
            ids = [message.envelope.id for message in messages]
            self._in_hand.difference_update(set(ids).difference(confirmed))
            self._overlooked = self._overlooked or len(confirmed) < len(ids)
            self._pending = max(0, self._pending - len(confirmed))
            self._metrics.published.labels(path).inc(len(confirmed))
            self._metrics.unconfirmed.inc(len(ids) - len(confirmed))
            self._confirmed.extend(confirmed)
            self._something_confirmed.set()

    async def _sent(self, messages: Sequence[Message]) -> set[str]:
        for _ in messages:
            await failpoint("publish.before")
        confirmed = await self._bus.publish_all(messages)
        for _ in confirmed:
            await failpoint("publish.after")
        return confirmed

    async def _clear(self) -> None:
        while True:
            await self._something_confirmed.wait()
            if not await self._survived(self._clear_confirmed):
                await asyncio.sleep(_ROUND_SECONDS)

    async def _clear_confirmed(self) -> None:
        """Delete confirmed rows, as many at once as have come together."""
        self._something_confirmed.clear()
        ids, self._confirmed = self._confirmed, []
        if not ids:
            return
        try:
            await self._store.clear(ids)
        except Exception:
            self._confirmed.extend(ids)
            self._something_confirmed.set()
            raise
        # Still in hand for a round: a read of what a majority has may show them until then.
        self._cleared.update(ids)
        await failpoint("clear.after")

    async def _check_in(self) -> None:
        await self._store.renew(LEASE_SECONDS)
        outbox, deferred = await self._store.backlog(), await self._deferred.backlog()
        self._pending = outbox.count
        self._metrics.pending.set(outbox.count)
        self._metrics.oldest.set(_age(outbox))
        self._metrics.deferred.set(deferred.count)
        self._metrics.deferred_oldest.set(_age(deferred))
        self._metrics.unreadable.set(await self._store.unreadable())

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _age(backlog: Backlog) -> float:
    if backlog.oldest is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - backlog.oldest).total_seconds())
