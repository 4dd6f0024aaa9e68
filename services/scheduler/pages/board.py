"""Papan: the screens of an event, which show the numbers that were called last.

Public: a screen stands unattended in a field, and an account that is signed in there would be
anybody's. It shows what is called out loud anyhow: numbers, services and booths.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from services.scheduler.usecases import Called, Clock, Reader, called_at
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.event import AggregateId
from shared.contracts.scheduler import BoothId
from shared.messaging.errors import Unavailable
from shared.runtime import gathered
from shared.web.live import Changes, Streams
from shared.web.pages import Pages
from shared.web.problems import NotFound
from shared.web.watched import Watched

BOARD: Final = "/papan"
EVENT: Final = f"{BOARD}/{{event_id}}"
RULES: Final[RouteRules] = dict.fromkeys(
    (f"GET {EVENT}", f"GET {EVENT}/isi", f"GET {EVENT}/arus"), PUBLIC
)
FRESH: Final = timedelta(seconds=1)
"""For how long calls that were read are shown to whoever asks, where no screen is watched."""
KEPT: Final = 64
"""Events whose calls a process keeps at hand; those asked for longest ago go first."""

router = APIRouter(include_in_schema=False)
EventIdPath = Annotated[AggregateId, Path()]
At = Annotated[BoothId | None, Query()]
"""The booth of a screen that stands at one; None: it shows them all."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Calls as they were read, at which revision of whose signal, and when."""

    called: Called
    changes: Changes
    revision: int
    at: datetime


class Boards:
    """The calls of events, read once for all screens, and again when a booth has called."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._read: OrderedDict[str, _Read] = OrderedDict()
        self._reading = asyncio.Lock()
        self.watched = Watched(reader.floor_revisions)
        """Wakes the screens of an event."""

    async def of(self, event_id: str) -> Called:
        """Return an event's calls, or as they last were while MongoDB is away.

        Raises NotFound, and Unavailable where they have never been read.
        """
        async with self._reading:
            known, changes = self._read.get(event_id), self.watched.changes(event_id)
            if known is not None and self._holds(known, changes):
                return known.called
            try:
                return await self._read_anew(event_id, changes)
            except Unavailable:
                if known is None:
                    raise
                # Who asks next need not wait for MongoDB too; all look again once it is back.
                self._keep(event_id, _Read(known.called, changes, changes.revision, self._clock()))
                return known.called

    async def _read_anew(self, event_id: str, changes: Changes) -> Called:
        revision = changes.revision
        called = await called_at(event_id, self._reader)
        if called is None:
            raise NotFound("event")
        self._keep(event_id, _Read(called, changes, revision, self._clock()))
        return called

    def _holds(self, known: _Read, changes: Changes) -> bool:
        # A signal that was made anew has watched nothing yet: then the time alone counts.
        if known.changes is changes and changes.revision:
            return known.revision == changes.revision
        return self._clock() - known.at < FRESH

    def _keep(self, event_id: str, read: _Read) -> None:
        self._read[event_id] = read
        self._read.move_to_end(event_id)
        if len(self._read) > KEPT:
            self._read.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Screens:
    """What the pages work with."""

    pages: Pages
    boards: Boards
    streams: Streams

    async def values(self, event_id: str, booth_id: str | None) -> dict[str, Any]:
        """Return what `papan_isi.html` is filled with. Raises NotFound."""
        called = await self.boards.of(event_id)
        booth = called.event.plan.booth(booth_id) if booth_id else None
        if booth_id and booth is None:
            raise NotFound("booth")
        return {
            "event": called.event,
            "booth": booth,
            "last": called.last(booth_id or ""),
            "by_booth": called.by_booth(),
            "name": lambda code: self.pages.texts.service(code, called.names),
        }

    async def fragment(self, event_id: str, booth_id: str | None) -> str:
        """Return the part of a screen that changes."""
        return self.pages.fragment("papan_isi.html", **await self.values(event_id, booth_id))


ScreensDep = Annotated[Screens, Depends(gathered(Screens))]


@router.get(EVENT)
async def show_board(
    request: Request, event_id: EventIdPath, screens: ScreensDep, gerai: At = None
) -> Response:
    """Show what an event's booths called last, or one booth."""
    values = await screens.values(event_id, gerai)
    return screens.pages.render(request, "papan.html", **values)


@router.get(f"{EVENT}/isi")
async def show_calls(event_id: EventIdPath, screens: ScreensDep, gerai: At = None) -> Response:
    """Return the part that changes, for a screen without a stream."""
    return HTMLResponse(await screens.fragment(event_id, gerai))


@router.get(f"{EVENT}/arus")
async def stream_calls(
    request: Request, event_id: EventIdPath, screens: ScreensDep, gerai: At = None
) -> Response:
    """Send the part that changes, whenever a booth calls."""
    await screens.values(event_id, gerai)
    changes = screens.boards.watched.changes(event_id)
    return screens.streams.stream(request, lambda: screens.fragment(event_id, gerai), changes)
