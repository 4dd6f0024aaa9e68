"""The figures of events as the part of the page that changes, made once for all who look on."""

import asyncio
from collections import OrderedDict
from typing import Any, Final

from services.reporting.pages.view import view
from services.reporting.usecases.reports import (
    Known,
    Reader,
    Revision,
    event_report,
    known_event,
)
from shared.messaging.errors import Unavailable
from shared.web.pages import Pages
from shared.web.problems import NotFound
from shared.web.watched import Watched

TEMPLATE: Final = "angka.html"
_KEPT: Final = 64

_Stamp = tuple[Revision | None, int, int]


class Board:
    """Renders figures, once for all who look on."""

    def __init__(self, pages: Pages, reader: Reader) -> None:
        self._pages = pages
        self._reader = reader
        self._made: OrderedDict[str, tuple[_Stamp, str]] = OrderedDict()
        self._making = asyncio.Lock()
        self.watched = Watched(reader.revisions)
        """Wakes the streams of an event when its figures have changed."""

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
