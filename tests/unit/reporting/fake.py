"""Reporting's ports as plain Python, with ways to make them fail."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from services.reporting.domain import Fact, Totals, fold
from services.reporting.usecases.history import Order, Place, Progress
from services.reporting.usecases.project import Waiting
from shared.messaging.errors import NotPublished
from shared.messaging.message import Message
from tests.unit.reporting.histories import NOW, ZONES, Told


class FakeLedger:
    """`usecases.project.Ledger`."""

    def __init__(self, *facts: Fact) -> None:
        self.rows = {fact.id: fact for fact in facts}
        self.known = dict(ZONES)
        self.leads = True
        self.resigned = 0
        self.troubles: list[Exception] = []
        """What the next looks at the work list end in."""
        self.pages: list[int] = []
        self.totals: Totals = {}
        self.events: list[str] = []
        self.news = 0

    async def prepare(self) -> None:
        """Have all that is needed."""

    async def read_anew(self) -> None:
        """Have no event of an unknown type."""

    async def lead(self) -> bool:
        """Return what was told."""
        return self.leads

    async def resign(self) -> None:
        """Count it."""
        self.resigned += 1

    async def zones(self) -> dict[str, str]:
        """Return the zones that are known."""
        return self.known

    async def take(self, programmes: Sequence[str], limit: int) -> list[Fact]:
        """Return what is on the list, or fail as told."""
        if self.troubles:
            raise self.troubles.pop(0)
        return [row for row in self.rows.values() if row.programme_id in programmes][:limit]

    async def fold(self, facts: Sequence[Fact], totals: Totals, events: Sequence[str]) -> None:
        """Add, and take off the list."""
        assert totals == fold(facts, self.known)
        for fact in facts:
            del self.rows[fact.id]
        self.pages.append(len(facts))
        fold(facts, self.known, self.totals)
        self.events += events

    @asynccontextmanager
    async def arrivals(self) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
        """Count how often news were waited for."""

        async def wait(_: float) -> None:
            self.news += 1
            if self.news >= 3:
                raise KeyboardInterrupt

        yield wait

    async def waiting(self, programmes: Sequence[str]) -> Waiting:
        """Return what is on the list; all of it since a quarter of an hour."""
        unknown = sum(row.programme_id not in programmes for row in self.rows.values())
        count, since = len(self.rows) - unknown, NOW - timedelta(minutes=15)
        return Waiting(count, since if count else None, unknown, since if unknown else None)


class FakeLetters:
    """`usecases.history.Letters`."""

    def __init__(self, *history: Told) -> None:
        self.messages = [
            (Place(NOW + timedelta(seconds=n), each.envelope.id), each.message)
            for n, each in enumerate(history)
        ]
        self.kept: dict[Order, Progress] = {}

    async def progress(self, order: Order) -> Progress:
        """Return how far an order has come."""
        return self.kept.get(order, Progress())

    async def keep(self, order: Order, progress: Progress) -> None:
        """Note how far an order has come."""
        self.kept[order] = progress

    async def page(
        self, order: Order, after: Place | None, limit: int
    ) -> list[tuple[Place, Message]]:
        """Return what comes after a place."""
        del order
        reached = (after.archived_at, after.id) if after else (NOW - timedelta(days=1), "")
        later = [one for one in self.messages if (one[0].archived_at, one[0].id) > reached]
        return later[:limit]


class FakeBus:
    """A bus that refuses the next so many messages, and for good all after so many."""

    def __init__(self, *, refusals: int = 0, room: int = 10**6) -> None:
        self.sent: list[Message] = []
        self._refusals = refusals
        self._room = room

    async def publish(self, message: Message) -> None:
        """Take a message, or not."""
        if self._refusals > 0 or len(self.sent) >= self._room:
            self._refusals -= 1
            raise NotPublished("told to")
        self.sent.append(message)
