"""Nomor saya: how somebody's tickets stand, for whoever has the code of the gate and no account.

The code comes in the body, and in the address behind `#`, which no server is sent. Wrong codes are
counted by address; what stands here are numbers, services and booths.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from services.scheduler.domain import Arrival, Booth, Minutes, Offer, Ticket, TicketState, expected
from services.scheduler.pages.board import Boards
from services.scheduler.usecases import (
    Called,
    Clock,
    Reader,
    Waiting,
    ahead_of,
    offers_of,
    tickets_of,
    waiting_in,
)
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.intake import TypedArrivalCode
from shared.limits.clients import ClientLimit
from shared.runtime import gathered
from shared.web.pages import Pages
from shared.web.problems import TooManyRequests

PLACE: Final = "/nomor"
RULES: Final[RouteRules] = {f"GET {PLACE}": PUBLIC, f"POST {PLACE}": PUBLIC}
MAX_CODE: Final = 40
"""Signs that are looked at; a code has eight."""
FRESH: Final = timedelta(seconds=5)
"""For how long who waits in a line is not read anew."""
KEPT: Final = 256
"""Lines that a process keeps at hand."""
CODE: Final = TypeAdapter[str](TypedArrivalCode)

router = APIRouter(include_in_schema=False)


class Lines:
    """Who waits in lines, read at most every few seconds however many ask."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, Waiting]] = OrderedDict()
        self._reading = asyncio.Lock()

    async def of(self, event_id: str, service: str) -> Waiting:
        """Return who waits in a line, as of a moment ago."""
        async with self._reading:
            known = self._kept.get((event_id, service))
            if known is not None and self._clock() - known[0] < FRESH:
                return known[1]
            found = await waiting_in(event_id, service, self._reader)
            self._keep((event_id, service), found)
            return found

    def _keep(self, key: tuple[str, str], found: Waiting) -> None:
        self._kept[key] = (self._clock(), found)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ticket stands; `ahead` and `minutes` where it waits and that can be said.

    `offers`: other ways, where the line was closed before it.
    """

    ticket: Ticket
    booths: tuple[Booth, ...]
    ahead: int | None = None
    minutes: Minutes | None = None
    offers: Sequence[Offer] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """What the page works with."""

    pages: Pages
    reader: Reader
    boards: Boards
    lines: Lines
    limit: ClientLimit
    clock: Clock

    async def found(self, request: Request, typed: str) -> Arrival | None:
        """Return who came with a code. Raises TooManyRequests."""
        client = request.client.host if request.client else ""
        if (seconds := await self.limit.waits(client)) is not None:
            raise TooManyRequests("too many wrong codes", retry_after=seconds)
        arrival = await self._of(typed)
        if arrival is None and typed:
            await self.limit.count(client)
        return arrival

    async def _of(self, typed: str) -> Arrival | None:
        try:
            code = CODE.validate_python(typed)
        except ValidationError:
            return None
        return await self.reader.arrival(code)

    async def values(self, arrival: Arrival) -> dict[str, Any]:
        """Return what the page shows of an arrival."""
        called = await self.boards.of(arrival.event_id)
        tickets = await tickets_of(arrival, self.reader)
        return {
            "event": called.event,
            "today": called.event.is_on(self.clock()),
            "standings": [await self._standing(one, called) for one in tickets],
            "name": lambda code: self.pages.texts.service(code, called.names),
            "as_of": self.clock(),
        }

    async def _standing(self, ticket: Ticket, called: Called) -> Standing:
        plan = called.event.plan
        if ticket.state is TicketState.UNSERVED:
            offers = await offers_of(called.event, ticket.service, self.reader)
            return Standing(ticket, (), offers=offers)
        if ticket.state is not TicketState.WAITING:
            return Standing(ticket, tuple(b for b in plan.booths if b.id == ticket.booth_id))
        waiting = await self.lines.of(ticket.event_id, ticket.service)
        ahead = await ahead_of(ticket, waiting, self.reader)
        minutes = expected(ahead, called.times(ticket.service), self.clock())
        return Standing(ticket, plan.with_line(ticket.service), ahead, minutes)


OwnDep = Annotated[Own, Depends(gathered(Own))]


@router.get(PLACE)
async def show_form(request: Request, own: OwnDep) -> Response:
    """Ask for the code."""
    return _page(request, own, "", 200)


@router.post(PLACE)
async def show_place(request: Request, own: OwnDep, kode: Annotated[str, Form()] = "") -> Response:
    """Show how the tickets of a code stand. Raises TooManyRequests after too many wrong ones."""
    typed = kode.strip()[:MAX_CODE]
    arrival = await own.found(request, typed)
    if arrival is None:
        return _page(request, own, "unknown" if typed else "empty", 422)
    return _page(request, own, "", 200, arrival=arrival, **await own.values(arrival))


def _page(
    request: Request,
    own: Own,
    error: str,
    status: int,
    arrival: Arrival | None = None,
    **values: Any,
) -> Response:
    return own.pages.render(
        request, "nomor.html", status=status, error=error, arrival=arrival, **values
    )
