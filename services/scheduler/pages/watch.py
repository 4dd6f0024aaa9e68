"""Perangkat: what devices have leased of an event, and what of their stories does not agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from services.scheduler.domain import Holder, Lease, Line, Programme, ScheduledEvent
from services.scheduler.domain.lease import MERGE_DAYS
from services.scheduler.pages.choice import ClockDep, PagesDep, ReaderDep, events_of_today
from services.scheduler.usecases import (
    Clock,
    Reader,
    allowed,
    end_lease,
    sides_of,
    supervising,
    visible,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.runtime import Commands, built, form_sent, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import Conflict, NotFound

WATCH: Final = "/perangkat"
EVENT: Final = f"{WATCH}/{{event_id}}"
SUPERVISORS: Final = Rule({Role.SUPERVISOR})
RULES: Final[RouteRules] = dict.fromkeys(
    (f"GET {WATCH}", f"GET {EVENT}", f"POST {EVENT}"), SUPERVISORS
)
NAMED: Final = 8
"""The last signs of a device's id, by which the page names it."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A lease as it is shown, with whom it holds: label and until when."""

    lease: Lease
    runs: bool
    held: Sequence[tuple[str, datetime]]

    @property
    def state(self) -> str:
        """Return how the lease stands, below `watch.runs`."""
        if self.lease.ended is not None:
            return self.lease.ended.value
        return "runs" if self.runs else "over"


@dataclass(frozen=True, slots=True)
class Watch:
    """An event that a supervisor looks at, and what its page works with."""

    event_id: Annotated[AggregateId, Path()]
    caller: CallerDep
    request: Request
    pages: Annotated[Pages, Depends(provided(Pages))]
    reader: Annotated[Reader, Depends(provided(Reader))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    clock: Annotated[Clock, Depends(provided(Clock))]

    async def page(self, taken: str = "", *, wrong: bool = False) -> Response:
        """Return the page; `taken`: the device whose lease was just taken back."""
        event = await self.reader.get(ScheduledEvent, self.event_id)
        if event is None:
            raise NotFound("event")
        event = visible(event, self.caller)
        programme = await self.reader.get(Programme, event.plan.programme_id)
        names: Mapping[str, str] = programme.names if programme else {}
        conflicts, more = await sides_of(event, self.reader)
        return self.pages.render(
            self.request,
            "perangkat.html",
            status=409 if wrong else 200,
            event=event,
            devices=await self._devices(event),
            conflicts=conflicts,
            more=more,
            taken=taken,
            wrong=wrong,
            named=NAMED,
            new_key=new_id,
            name=lambda code: self.pages.texts.service(code, names),
        )

    async def take_back(self, device: str) -> None:
        """End a device's lease. Raises NotFound, Forbidden, and Conflict where it cannot be."""
        holder = Holder(self.event_id, device, self.caller.subject)
        allow, supervises = allowed(self.caller), supervising(self.caller)
        await self.commands.run(
            lambda uow: end_lease(holder, uow, allow=allow, supervises=supervises),
            sent=await form_sent(self.request, self.caller, f"ambil {device}"),
            key=self.event_id,
        )

    async def _devices(self, event: ScheduledEvent) -> list[Device]:
        """Return the devices, those first whose leases run, by when they were heard of last."""
        now = self.clock()
        leases = await self.reader.leases(event.id)
        lines = await self.reader.lines(event.id, event.plan.ticketed_services)
        found = [Device(one, one.runs(now), _held(one, lines, now)) for one in leases]
        return sorted(found, key=lambda one: (one.runs, one.lease.heard_at), reverse=True)


def _held(lease: Lease, lines: Sequence[Line], now: datetime) -> list[tuple[str, datetime]]:
    return [
        (f"{line.letter}{held.number}", held.until)
        for line in lines
        for held in line.held(lease.device, now)
    ]


WatchDep = Annotated[Watch, Depends(built(Watch))]


@router.get(WATCH)
async def show_events(
    request: Request, caller: CallerDep, pages: PagesDep, reader: ReaderDep, clock: ClockDep
) -> Response:
    """List the events whose devices lease or still tell, the latest first."""
    found = [
        event async for event, _ in events_of_today(reader, caller, clock(), days_before=MERGE_DAYS)
    ]
    found.sort(key=lambda event: (event.plan.on, event.id), reverse=True)
    return pages.render(request, "perangkat_acara.html", events=found)


@router.get(EVENT)
async def show_devices(watch: WatchDep, hasil: UUID | None = None) -> Response:
    """Show an event's devices and conflicts. `hasil`: whose lease was just taken back."""
    return await watch.page(taken=str(hasil or ""))


@router.post(EVENT)
async def post_taking(watch: WatchDep, perangkat: Annotated[UUID, Form()]) -> Response:
    """Take a device's lease back."""
    try:
        await watch.take_back(str(perangkat))
    except Conflict:
        return await watch.page(wrong=True)
    way = f"{WATCH}/{watch.event_id}?hasil={perangkat}"
    return RedirectResponse(watch.pages.at(way), status_code=303)
