"""Sends timers that are due, by one instance at a time.

The instance that leads takes due rows page by page, notes that it is sending them, and publishes
each to its service's own queue. What the broker has confirmed is the road's from then on (queue,
retries, dead letters) and is never sent again; this is noted two seconds later, when most rows are
gone because they have been handled. An instance that takes the lead over sends again what was not
noted: a double, which the inbox knows. So nothing has to be certain but the row itself.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from shared.messaging.bus import Bus
from shared.messaging.errors import Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.message import Message
from shared.messaging.metrics import TimerMetrics
from shared.messaging.store import TimerStore

PAGE: Final = 500
"""Timers on their way to the broker at once."""

_BATCH: Final = 128
"""Messages that leave in one write."""
_PROBE: Final = 1
"""Timers tried at a time while the broker takes nothing."""
_ROUND_SECONDS: Final = 0.4
_STAND_SECONDS: Final = 0.4
_MEASURE_SECONDS: Final = 5.0
_NOTED_AFTER: Final = 2.0

_log = logging.getLogger(__name__)


class Sweeper:
    """One instance's part in sending what is due."""

    def __init__(self, store: TimerStore, bus: Bus, metrics: TimerMetrics) -> None:
        self._store = store
        self._bus = bus
        self._metrics = metrics
        self._term: str | None = None
        self._taken: dict[str, Message] = {}
        """Noted as being sent, not confirmed."""
        self._confirmed: list[tuple[float, Message]] = []
        """And when; not noted as sent."""

    async def run(self) -> None:
        """Send what is due until cancelled; no error of one round ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._every(_STAND_SECONDS, self.stand))
                group.create_task(self._every(_ROUND_SECONDS, self._all_pages))
                group.create_task(self._every(_MEASURE_SECONDS, self.measure))
        finally:
            with suppress(Unavailable):
                await self._store.resign()

    async def _every(self, seconds: float, step: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await step()
            except Unavailable as away:
                _log.warning("timers wait for the database", extra={"reason": away.reason})
            except Exception as error:  # noqa: BLE001 - logged; a round's fault ends no process
                _log.exception("timers go on", extra={"reason": type(error).__name__})
            await asyncio.sleep(seconds)

    async def stand(self) -> None:
        """Take or renew the lead. It is kept while a publish waits, however long that is."""
        term = await self._store.lead()
        if term != self._term:
            # Others have sent, or will send, what was taken in an earlier term.
            self._term, self._taken, self._confirmed = term, {}, []

    async def _all_pages(self) -> None:
        while await self.round():
            continue

    async def round(self) -> bool:
        """Send one page; return whether there may be more that is due."""
        term = self._term
        if term is None or not self._bus.connected:
            return False
        await self._note_sent()
        room = PAGE if self._bus.answering else _PROBE
        if len(self._taken) < room:
            await self._take(term, room - len(self._taken))
        page = list(self._taken.values())[:room]
        await self._publish(page)
        return len(page) == PAGE and len(self._taken) < PAGE

    async def _take(self, term: str, room: int) -> None:
        taken = await self._store.take(term, room)
        if term == self._term:
            self._taken |= {message.envelope.id: message for message in taken}
        if taken:
            await failpoint("timers.taken")

    async def _publish(self, page: Sequence[Message]) -> None:
        if not page:
            return
        batches = [page[at : at + _BATCH] for at in range(0, len(page), _BATCH)]
        confirmed = set().union(*await asyncio.gather(*map(self._bus.publish_all, batches)))
        for _ in confirmed:
            await failpoint("timers.published")
        now = time.monotonic()
        sent = [self._taken.pop(id_) for id_ in confirmed if id_ in self._taken]
        self._confirmed += [(now, message) for message in sent]

    async def _note_sent(self) -> None:
        """Note what the broker has had for a while, where its row is still there."""
        before = time.monotonic() - _NOTED_AFTER
        ripe = [message for at, message in self._confirmed if at <= before]
        if ripe:
            await self._store.sent(ripe)
            self._confirmed = [(at, message) for at, message in self._confirmed if at > before]
            await failpoint("timers.noted")

    async def measure(self) -> None:
        """Tell what waits, whether or not this instance leads: there may be none that does."""
        overdue = await self._store.overdue()
        self._metrics.pending.set(overdue.pending)
        self._metrics.oldest_overdue.set(overdue.seconds)
