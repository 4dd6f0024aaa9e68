"""What a consumer tells of timers: that one has fired, was overtaken, or became a dead letter."""

import asyncio
from typing import Final

from shared.contracts.envelope import Envelope
from shared.messaging.delivery import Delivery
from shared.messaging.errors import Malformed, Unavailable
from shared.messaging.message import Message
from shared.messaging.metrics import TimerMetrics
from shared.messaging.store import TimerStore
from shared.messaging.task import Outcome
from shared.messaging.timers import is_timer, name_of
from shared.messaging.topology import OPERATOR
from shared.messaging.unit_of_work import Clock
from shared.messaging.wire import read, sender_of

_PAUSE: Final = 1.0


class Timers:
    """The timers of one service, as its consumers see them."""

    def __init__(
        self, service: str, store: TimerStore, metrics: TimerMetrics, clock: Clock
    ) -> None:
        self._service = service
        self._store = store
        self._metrics = metrics
        self._clock = clock

    def count(self, message: Message, outcome: Outcome) -> None:
        """Count a message that is settled, where it was a timer's and came for the first time."""
        envelope = message.envelope
        if not is_timer(self._service, envelope.type) or outcome.duplicate or outcome.deferred:
            return
        if not outcome.answer:
            self._metrics.overtaken.labels(name_of(envelope.type)).inc()
            return
        self._metrics.fired.labels(name_of(envelope.type)).inc()
        late = (self._clock() - envelope.occurred_at).total_seconds()
        self._metrics.late.observe(max(0.0, late))

    async def note_death(self, raw: Delivery) -> None:
        """Note a dead letter on its timer's row, before it is one; waits for the database.

        Else whoever takes the lead over might send it again, and make a second dead letter.
        """
        if not is_timer(self._service, raw.type or "") or not self._vouched_for(raw):
            return
        try:
            envelope = read(raw).envelope
        except Malformed:
            return
        while not await self._noted(envelope):  # noqa: ASYNC110 - a retry
            await asyncio.sleep(_PAUSE)

    async def _noted(self, envelope: Envelope) -> bool:
        try:
            await self._store.died(envelope)
        except Unavailable:
            return False
        return True

    def _vouched_for(self, raw: Delivery) -> bool:
        """Return whether the broker says that it is ours: nobody else may end a timer."""
        return sender_of(raw, self._service) in {self._service, OPERATOR}
