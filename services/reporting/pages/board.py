"""The figures of events as the part of the page that changes, made once for all who look on."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from services.reporting.pages.view import view
from services.reporting.usecases.reports import (
    Known,
    Reader,
    Revision,
    event_report,
    known_event,
)
from shared.messaging.errors import Unavailable
from shared.web.live import Changes
from shared.web.pages import Pages
from shared.web.problems import NotFound

TEMPLATE: Final = "angka.html"
LOOK_SECONDS: Final = 1.0
"""How often it is looked whether figures that somebody watches have changed."""
_KEPT: Final = 64

_Stamp = tuple[Revision | None, int, int]


class Board:
    """Renders figures, and wakes the streams of an event when they have changed."""

    def __init__(self, pages: Pages, reader: Reader) -> None:
        self._pages = pages
        self._reader = reader
        self._made: OrderedDict[str, tuple[_Stamp, str]] = OrderedDict()
        self._making = asyncio.Lock()
        self._watched: WeakValueDictionary[str, Changes] = WeakValueDictionary()

    def changes(self, event_id: str) -> Changes:
        """Return the signal of an event's changes, for as long as somebody holds it."""
        return self._watched.setdefault(event_id, Changes())

    async def values(self, known: Known) -> dict[str, Any]:
        """Return what the template of the figures is filled with."""
        report = await event_report(known, self._reader)
        return view(report, self._pages.texts)

    async def fragment(self, event_id: str) -> str:
        """Return the figures as they are now, or as they last were while MongoDB is away.

        Raises NotFound, and Unavailable where they have never been made.
        """
        async with self._making:
            try:
                return await self._fragment(event_id)
            except Unavailable:
                if event_id in self._made:
                    return self._made[event_id][1]
                raise

    async def _fragment(self, event_id: str) -> str:
        known = await known_event(event_id, self._reader)
        if known is None:
            raise NotFound("event")
        revision = (await self._reader.revisions([event_id])).get(event_id)
        stamp = (revision, known.plan.version, known.programme.version)
        if event_id not in self._made or self._made[event_id][0] != stamp:
            made = self._pages.fragment(TEMPLATE, **await self.values(known))
            self._made[event_id] = (stamp, made)
        self._made.move_to_end(event_id)
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return self._made[event_id][1]

    async def follow(self) -> None:
        """Look, until cancelled, at what is watched; whichever instance counted it."""
        seen: dict[str, Revision | None] = {}
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                seen = await self._look(seen)
            except Unavailable:
                continue

    async def _look(self, seen: Mapping[str, Revision | None]) -> dict[str, Revision | None]:
        watched = dict(self._watched)
        if not watched:
            return {}
        found = await self._reader.revisions(watched)
        for event_id, changes in watched.items():
            # The first look wakes too: figures may have changed since the stream showed them.
            if event_id not in seen or seen[event_id] != found.get(event_id):
                changes.bump()
        return {event_id: found.get(event_id) for event_id in watched}
