"""Meja: the queues of the office's cases, oldest first, and the next one of a queue to work on.

A queue shows cases and nobody's data: people stand on the page of one case (`desk_case.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Case, Fact, Programme, State
from services.intake.pages.fresh import FreshFormDep
from services.intake.usecases import CaseFilter, Clock, Reader, allowed_as, claim_next
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ProgrammeId
from shared.runtime import CommandsDep, built, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import NotFound

DESK: Final = "/meja"
RULES: Final[RouteRules] = {
    f"GET {DESK}": Rule({Role.OPERATOR, Role.SUPERVISOR}),
    f"POST {DESK}": Rule({Role.OPERATOR}),
}
PAGE: Final = 25
"""Cases on one page."""
OWN: Final = 10
"""Of the cases that one has taken, so many are shown at most."""
MOST: Final = 40
"""Characters of a service's code."""
LOOKED_AT: Final = 50
"""Cases that are tried for one who asks for the next, the oldest first."""


class Queue(StrEnum):
    """What a case waits for at the desk."""

    RECEIVED = "diterima"
    VERIFIED = "diproses"
    ISSUED = "terbit"
    RETURNED = "dikembalikan"
    """Waits for papers of its resident."""


_STATES: Final = {
    Queue.RECEIVED: State.RECEIVED,
    Queue.VERIFIED: State.VERIFIED,
    Queue.ISSUED: State.ISSUED,
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which cases are looked at."""

    programme: Programme | None
    queue: Queue
    service: str
    overdue: bool
    late: bool = False
    """Those of any queue that are too long in their state."""

    @property
    def programme_id(self) -> str:
        """Return the programme's id; empty where there is none within reach."""
        return self.programme.id if self.programme else ""

    @property
    def query(self) -> str:
        """Return it as the page's address has it."""
        late = "&terlambat=ya" if self.overdue else ""
        service = f"&layanan={self.service}" if self.service else ""
        long = "&lama=ya" if self.late else ""
        return f"?program={self.programme_id}&keadaan={self.queue}{service}{late}{long}"


@dataclass(frozen=True, slots=True)
class Row:
    """One case as a queue lists it. `held`: `mine`, `other`, or empty."""

    case: Case
    service: str
    days: int
    held: str

    @property
    def received_at(self) -> datetime:
        """Return when it came."""
        return self.case.facts[Fact.RECEIVED]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page of queues works with."""

    caller: CallerDep
    request: Request
    form: FreshFormDep
    reader: Annotated[Reader, Depends(provided(Reader))]
    pages: Annotated[Pages, Depends(provided(Pages))]
    clock: Annotated[Clock, Depends(provided(Clock))]

    async def programmes(self) -> Mapping[str, Programme]:
        """Return the programmes within reach, by id."""
        found = {one.id: one for one in await self.reader.find(Programme)}
        scopes = self.caller.scopes
        return {id_: one for id_, one in found.items() if any(g.lies_in(id_) for g in scopes)}

    def filter(self, chosen: Chosen, queue: Queue | None, limit: int = 0) -> CaseFilter:
        """Return the cases of a queue, or of none: those that are overdue in any."""
        return CaseFilter(
            programme_id=chosen.programme_id,
            regions=self.caller.regions(chosen.programme_id),
            state=_STATES.get(queue) if queue else None,
            event_id=None,
            overdue=True if chosen.overdue or queue is None else None,
            after=None,
            limit=limit,
            service=chosen.service or None,
            returned=None if queue in (None, Queue.ISSUED) else queue is Queue.RETURNED,
        )

    def too_long(self, chosen: Chosen, limit: int = 0) -> CaseFilter:
        """Return the cases of any queue whose state lasts longer than the SOP allows."""
        every = self.filter(replace(chosen, overdue=False), Queue.ISSUED, limit)
        return replace(every, state=None, late=True)

    def shown(self, chosen: Chosen, limit: int) -> CaseFilter:
        """Return the cases that are looked at."""
        if chosen.late:
            return self.too_long(chosen, limit)
        return self.filter(chosen, chosen.queue, limit)

    def row(self, case: Case, programme: Programme) -> Row:
        """Return a case as it is listed."""
        now, service = self.clock(), programme.catalogue.get(case.service)
        days = max((now - case.facts[Fact.RECEIVED]).days, 0)
        return Row(case, service.name if service else case.service, days, held_by(case, self))


DeskDep = Annotated[Desk, Depends(built(Desk))]


def held_by(case: Case, desk: Desk) -> str:
    """Return who holds a case, in the eyes of whoever looks: `mine`, `other`, or nobody."""
    if case.claim is None or not case.claim.lasts(desk.clock()):
        return ""
    return "mine" if case.claim.by == desk.caller.subject else "other"


async def chosen_of(
    desk: DeskDep,
    program: Annotated[ProgrammeId | None, Query()] = None,
    keadaan: Annotated[Queue, Query()] = Queue.RECEIVED,
    layanan: Annotated[str, Query(max_length=MOST)] = "",
    terlambat: Annotated[str, Query(max_length=2)] = "",
    lama: Annotated[str, Query(max_length=2)] = "",
) -> Chosen:
    """Return what the address asks for; without a programme the first within reach."""
    programmes = await desk.programmes()
    if program is not None:
        desk.caller.within(program)
    chosen = program or next(iter(programmes), None)
    found = programmes.get(chosen) if chosen else None
    return Chosen(found, keadaan, _service(found, layanan), terlambat == "ya", lama == "ya")


def _service(programme: Programme | None, code: str) -> str:
    return code if programme is not None and code in programme.catalogue else ""


ChosenDep = Annotated[Chosen, Depends(chosen_of)]


@router.get(DESK)
async def show_desk(
    desk: DeskDep,
    chosen: ChosenDep,
    mulai: Annotated[AggregateId | None, Query()] = None,
    kosong: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """Show one queue, and how many cases wait in each."""
    programme = chosen.programme
    if programme is None:
        return desk.pages.render(desk.request, "meja_kosong.html")
    found = await desk.reader.cases(replace(desk.shown(chosen, PAGE + 1), after=mulai))
    return desk.pages.render(
        desk.request,
        "meja.html",
        chosen=chosen,
        programmes=list((await desk.programmes()).values()),
        counts=await _counts(desk, chosen),
        late=await desk.reader.count_cases(desk.too_long(chosen)),
        rows=[desk.row(case, programme) for case in found[:PAGE]],
        mine=await _mine(desk, programme),
        more=found[PAGE - 1].id if len(found) > PAGE else "",
        nothing=kosong == "ya",
        works=may_work(desk.caller, programme.id),
        new_key=new_id,
    )


def may_work(caller: Caller, programme_id: str) -> bool:
    """Return whether the caller may take cases of a programme anywhere."""
    return any(
        grant.role is Role.OPERATOR and grant.lies_in(programme_id) for grant in caller.scopes
    )


async def _counts(desk: Desk, chosen: Chosen) -> Sequence[tuple[Queue, int]]:
    every = replace(chosen, overdue=False)
    return [(one, await desk.reader.count_cases(desk.filter(every, one))) for one in Queue]


async def _mine(desk: Desk, programme: Programme) -> Sequence[Row]:
    """Return the cases that whoever looks holds now."""
    every = Chosen(programme, Queue.RECEIVED, "", overdue=False)
    held = replace(desk.filter(every, None, OWN), overdue=None, held_by=desk.caller.subject)
    rows = [desk.row(case, programme) for case in await desk.reader.cases(held)]
    return [row for row in rows if row.held]


@router.post(DESK)
async def take_next(
    desk: DeskDep,
    commands: CommandsDep,
    program: Annotated[ProgrammeId, Form()],
    keadaan: Annotated[Queue, Form()],
    layanan: Annotated[str, Form(max_length=MOST)] = "",
    terlambat: Annotated[str, Form(max_length=2)] = "",
) -> Response:
    """Take the oldest case of a queue that nobody holds, and go to it."""
    desk.caller.within(program)
    programme = await desk.reader.get(Programme, program)
    if programme is None:
        raise NotFound("programme")
    chosen = Chosen(programme, keadaan, _service(programme, layanan), terlambat == "ya")
    wanted = replace(desk.filter(chosen, keadaan, LOOKED_AT), free_at=desk.clock())
    ids = [case.id for case in await desk.reader.cases(wanted)]
    allow = allowed_as(desk.caller, {Role.OPERATOR})
    case_id = await desk.form.run(
        commands, lambda uow: claim_next(ids, uow, allow=allow), chosen.query, f"next:{program}"
    )
    to = f"{DESK}/{case_id}" if case_id else f"{DESK}{chosen.query}&kosong=ya"
    return RedirectResponse(desk.pages.at(to), status_code=303)
