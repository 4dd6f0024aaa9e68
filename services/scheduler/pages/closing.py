"""After the closing: who is left in a booth's lines, what they are offered, and the line's end."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from services.scheduler.domain import Line, ScheduledEvent, TicketState
from services.scheduler.pages.booth import BOOTH, Counter, CounterDep, NotDone
from services.scheduler.pages.choice import FLOOR, OPERATORS
from services.scheduler.usecases import allowed, close_line, offers_of
from shared.auth.roles import Forbidden
from shared.auth.rules import RouteRules
from shared.contracts.envelope import new_id
from shared.contracts.event import ServiceCode
from shared.web.problems import NotFound

CLOSING: Final = f"{BOOTH}/tutup"
RULES: Final[RouteRules] = {f"GET {CLOSING}": OPERATORS, f"POST {CLOSING}": OPERATORS}
SHOWN: Final = 100
"""Numbers of those who are left, at most."""

router = APIRouter(include_in_schema=False)


@router.get(CLOSING)
async def show_closing(counter: CounterDep, hasil: ServiceCode | None = None) -> Response:
    """Show who is left. `hasil`: the service whose line was just closed."""
    return await _page(counter, done=hasil or "")


@router.post(CLOSING)
async def post_closing(counter: CounterDep, layanan: Annotated[ServiceCode, Form()]) -> Response:
    """Close the line of a service."""
    event, booth = await counter.found()
    if layanan not in booth.services:
        return await _page(counter, wrong="not_offered")
    try:
        await counter.run(
            lambda uow: close_line(event.id, layanan, uow, allow=allowed(counter.caller)),
            f"tutup {layanan}",
            event.id,
        )
    except NotDone as refused:
        return await _page(counter, wrong=refused.reason)
    way = f"{FLOOR}/{event.id}/{booth.id}/tutup?hasil={layanan}"
    return RedirectResponse(counter.pages.at(way), status_code=303)


async def _page(counter: Counter, *, done: str = "", wrong: str = "") -> Response:
    event, booth = await counter.found()
    if not booth.ticketed:
        raise NotFound("line")
    lines = await counter.reader.lines(event.id, booth.services)
    return counter.pages.render(
        counter.request,
        "tutup.html",
        status=409 if wrong else 200,
        event=event,
        booth=booth,
        place=f"{FLOOR}/{event.id}/{booth.id}",
        over=event.cancelled or counter.clock() >= event.closes_at,
        ends=[await _end(line, event, counter) for line in lines],
        done=done,
        wrong=wrong,
        new_key=new_id,
        name=await counter.names(event),
    )


async def _end(line: Line, event: ScheduledEvent, counter: Counter) -> dict[str, Any]:
    """Return how a line stands, with the first of those who are left in it."""
    return {
        "service": line.service,
        "letter": line.letter,
        "closed": line.closed,
        "waiting": line.waiting,
        "numbers": await counter.reader.waiting(line, SHOWN),
        "unserved": line.count(TicketState.UNSERVED),
        "gone": await _gone(line, counter),
        "offers": await offers_of(event, line.service, counter.reader),
        "may_close": _may_close(line.service, event, counter),
    }


async def _gone(line: Line, counter: Counter) -> list[int]:
    """Return the numbers of the first who ended unserved; nothing is read where nobody did."""
    if not line.count(TicketState.UNSERVED):
        return []
    return await counter.reader.unserved(line, SHOWN)


def _may_close(service: str, event: ScheduledEvent, counter: Counter) -> bool:
    """Return whether the caller may act at each booth of a line."""
    try:
        for booth in event.plan.with_line(service):
            allowed(counter.caller)(event.plan, booth)
    except Forbidden:
        return False
    return True
