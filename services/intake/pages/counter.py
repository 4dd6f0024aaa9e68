"""Konter: the counter of an event, which goes on without uplink.

Here a script carries: without one there is no uplink to go on without. The page is the same for
every operator of an event and holds nobody's data; what is written down is sealed in the browser
(static/konter-gudang.js) and sent as a visit (`api/visits.py`) when it can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.intake.domain import PlannedEvent, Programme, local_day
from services.intake.domain.counter import COUNTER_DAYS, KIT_SHAPE, Counted, counter_open
from services.intake.domain.person import NAME_LIMIT
from services.intake.domain.visit import VISIT_PEOPLE, VISIT_REQUESTS, counted_at
from services.intake.usecases import Clock, Reader
from services.intake.usecases.counters import event_within
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Caller, Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import gathered
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import NotFound

COUNTER: Final = "/konter"
EVENT: Final = f"{COUNTER}/acara"
WORKER: Final = f"{COUNTER}/penjaga.js"
"""The service worker: what lies below `COUNTER/` is what it may answer for."""
RULES: Final[RouteRules] = {
    f"GET {COUNTER}": Rule({Role.OPERATOR, Role.SUPERVISOR}),
    f"GET {EVENT}/{{event_id}}": Rule({Role.OPERATOR}),
    f"GET {WORKER}": PUBLIC,
}
SHOWN: Final = 50
"""Events that are listed, the nearest first."""
LOOKED_AT: Final = 200
"""Of the caller's programmes, before his regions are held against them."""

MOST: Final = {"people": VISIT_PEOPLE, "requests": VISIT_REQUESTS}
"""Of one visit."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the pages work with."""

    reader: Reader
    pages: Pages
    clock: Clock


@dataclass(frozen=True, slots=True)
class AtEvent:
    """An event, and what its counters have sent so far."""

    event: PlannedEvent
    programme: Programme
    laptops: Sequence[Counted]
    serves: bool
    """Whoever looks may open the counter."""

    @property
    def visits(self) -> int:
        """Return how many visits the office has of them."""
        return sum(one.visits for one in self.laptops)

    @property
    def cases(self) -> int:
        """Return how many cases."""
        return sum(one.cases for one in self.laptops)


ShelfDep = Annotated[Shelf, Depends(gathered(Shelf))]


@router.get(COUNTER)
async def show_events(request: Request, caller: CallerDep, shelf: ShelfDep) -> Response:
    """List the events whose counters the caller may open or look at, with what came of each."""
    return shelf.pages.render(request, "konter_acara.html", events=await _events(caller, shelf))


async def _events(caller: Caller, shelf: Shelf) -> Sequence[AtEvent]:
    now = shelf.clock()
    programmes = {one.id: one for one in await shelf.reader.find(Programme)}
    since = (now - timedelta(days=COUNTER_DAYS + 1)).date()
    mine = sorted(id_ for id_ in programmes if caller.belongs_to(id_))
    near = await shelf.reader.events_since(since, LOOKED_AT, mine)
    shown = [event for event in near if _reaches(caller, event, caller.acting)][:SHOWN]
    sent = counted_at(await shelf.reader.counter_visits([event.id for event in shown]))
    return [
        AtEvent(
            event,
            programmes[event.programme_id],
            sent.get(event.id, ()),
            _serves(caller, event, local_day(now, programmes[event.programme_id].time_zone)),
        )
        for event in shown
    ]


def _serves(caller: Caller, event: PlannedEvent, today: date) -> bool:
    return counter_open(today, event.on) and _reaches(caller, event, {Role.OPERATOR})


def _reaches(caller: Caller, event: PlannedEvent, roles: frozenset[Role] | set[Role]) -> bool:
    return caller.may(roles, programme=event.programme_id, region=event.region_code)


@router.get(f"{EVENT}/{{event_id}}")
async def show_counter(
    request: Request, event_id: Annotated[AggregateId, Path()], caller: CallerDep, shelf: ShelfDep
) -> Response:
    """Show the counter of an event; from then on the browser has it."""
    event = await event_within(event_id, shelf.reader, allow=allowed_region(caller))
    if event is None:
        raise NotFound("event")
    words = shelf.pages.texts.below("counter.word")
    return shelf.pages.render(
        request,
        "konter.html",
        event=event,
        account=caller.subject,
        words=words,
        most=MOST,
        shape=KIT_SHAPE,
        name_limit=NAME_LIMIT,
    )


@router.get(WORKER)
async def show_worker(shelf: ShelfDep) -> Response:
    """Return the script that answers for the counter's pages where the office does not."""
    return shelf.pages.assets.answer("penjaga.js")
