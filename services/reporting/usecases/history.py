"""Giving a new consumer its history: archived events, oldest first, as they once came.

A message leaves with its own bytes, id, times and source; only the address is new. What the
consumer has had already it knows by the id, so a stretch that is sent twice does no harm, and
whoever starts this again goes on where it stopped.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.messaging.errors import NotPublished
from shared.messaging.message import ADDRESSED, Message

PAGE: Final = 500
"""Archived events read at once; after each page the place is kept."""
WINDOW: Final = 200
"""Messages on their way to the broker at once."""
OVERLAP: Final = timedelta(minutes=2)
"""How far a new start steps back: events are not committed in the order of their times, and a
transaction lives a minute at most."""

_TRIES: Final = 30
_PAUSE: Final = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the archive somebody stands."""

    archived_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent where. `types` empty: all; `since` by the time of archiving."""

    queue: str
    types: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order has come; `sent` counts what the broker has confirmed, doubles too."""

    place: Place | None = None
    sent: int = 0


class Archive(Protocol):
    """The archive as it is sent, and how far each order has come."""

    async def progress(self, order: Order) -> Progress:
        """Return how far an order has come; nowhere where it is new."""
        ...

    async def keep(self, order: Order, progress: Progress) -> None:
        """Remember how far an order has come."""
        ...

    async def page(
        self, order: Order, after: Place | None, limit: int
    ) -> Sequence[tuple[Place, Message]]:
        """Return what was archived after a place, oldest first."""
        ...


class Bus(Protocol):
    """Where messages are published."""

    async def publish(self, message: Message) -> None:
        """Return when the broker has it on disk. Raises NotPublished."""
        ...


async def send_history(archive: Archive, bus: Bus, order: Order, say: Say) -> Progress:
    """Send what an order asks for, up to what is archived now.

    Raises NotPublished where the broker takes nothing for half a minute, and Unavailable; the
    place reached is kept, and the same order goes on from there.
    """
    progress = await archive.progress(order)
    if progress.place is not None:
        say(f"going on after {progress.sent} events")
        progress = replace(progress, place=_stepped_back(progress.place))
    while page := await archive.page(order, progress.place, PAGE):
        for begin in range(0, len(page), WINDOW):
            window = page[begin : begin + WINDOW]
            await asyncio.gather(*[_send(bus, order.queue, message) for _, message in window])
        progress = Progress(page[-1][0], progress.sent + len(page))
        await archive.keep(order, progress)
        say(f"{progress.sent} events sent, the last archived at {page[-1][0].archived_at}")
    return progress


def _stepped_back(place: Place) -> Place:
    return Place(place.archived_at - OVERLAP, "")


async def _send(bus: Bus, queue: str, message: Message) -> None:
    addressed = replace(message, exchange=ADDRESSED, routing_key=queue)
    for attempt in range(1, _TRIES + 1):
        try:
            await bus.publish(addressed)
        except NotPublished:
            if attempt == _TRIES:
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return
