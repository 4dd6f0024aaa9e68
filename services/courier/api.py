"""Courier over HTTP: who carries where, what is to be carried, and what an agent reports."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, BeforeValidator, Field

from services.courier.domain import Area, Deed, Job, JobState, Place, Programme, Step
from services.courier.usecases import (
    JobFilter,
    JobPage,
    Reader,
    allowed,
    give_job,
    note_read,
    report_step,
    serve_area,
)
from shared.audit.looks import KeptReads
from shared.auth.roles import Caller, Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.courier import AgentId, FailureReason
from shared.contracts.event import AggregateId, Moment, ProgrammeId, TypedNeighbourhoodUnit
from shared.contracts.text import Reason, dotted_region
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import Commands, CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

_READERS: Final = Rule({Role.AGENT, Role.ADMIN, Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE})
RULES: Final[RouteRules] = {
    "PUT /api/areas/{programme_id}/{village}/{rw}": Rule({Role.ADMIN}),
    "GET /api/jobs": _READERS,
    "GET /api/jobs/{job_id}": _READERS,
    "POST /api/jobs/{job_id}/assign": Rule({Role.ADMIN, Role.OPERATOR, Role.SUPERVISOR}),
    "POST /api/jobs/{job_id}/steps": Rule({Role.AGENT}),
    "GET /api/programmes": Rule({Role.ADMIN, Role.PLANNER, Role.SERVICE}),
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

_OWN_ONLY: Final = frozenset({Role.AGENT})
"""Roles whose grants show only the caller's own jobs."""
_STAFF: Final = frozenset({Role.ADMIN, Role.OPERATOR, Role.SUPERVISOR})
"""People of the office: what they look at is noted. Agents see their own jobs alone."""
PAGE: Final = 200
"""Jobs in one answer at most."""

VillageCode = Annotated[
    str,
    BeforeValidator(dotted_region),
    Field(pattern=r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}$"),
    Reason("the code of a village, such as 32.75.01.1001"),
]
Village = Annotated[VillageCode, Path(examples=["32.75.01.1001"])]
Rw = Annotated[TypedNeighbourhoodUnit, Path()]
JobPath = Annotated[AggregateId, Path()]


class AreaBody(Body):
    """Who carries in an RW."""

    agent_id: AgentId


class AssignBody(Body):
    """Who carries a job from now on."""

    agent_id: AgentId


class StepBody(Body):
    """What an agent reports. `occurred_at` is when it happened, where that was earlier."""

    step: Step
    reason: FailureReason | None = None
    occurred_at: Moment | None = None


class JobAnswer(BaseModel):
    """A job as its agent sees it here: names and addresses come from intake alone."""

    job_id: str
    programme_id: str
    service: str
    village: str
    rw: str
    state: JobState
    agent_id: str | None
    pick_up: bool
    deliver: bool
    document_issued: bool
    attempts: int


class ProgrammeAnswer(BaseModel):
    """Courier's copy of a programme."""

    programme_id: str
    name: str
    owner: str
    version: int


router = APIRouter(prefix="/api")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
KeptDep = Annotated[KeptReads, Depends(provided(KeptReads))]


@router.put("/areas/{programme_id}/{village}/{rw}")
async def put_area(
    programme_id: Annotated[ProgrammeId, Path()],
    village: Village,
    rw: Rw,
    body: AreaBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> dict[str, int]:
    """Put an agent in charge of an RW; of the jobs that wait there up to 100 are assigned now."""
    caller.require(programme=programme_id, region=village)
    place = Place(village, rw)
    waiting = await reader.waiting(programme_id, place)
    outcome = await commands.run(
        lambda uow: serve_area(programme_id, place, body.agent_id, uow, waiting=waiting),
        sent=sent,
        key=Area.key(programme_id, place),
    )
    return {"assigned": outcome.answer}


@router.get("/jobs")
async def list_jobs(
    caller: CallerDep,
    reader: ReaderDep,
    commands: CommandsDep,
    kept: KeptDep,
    programme_id: Annotated[ProgrammeId, Query()],
    state: Annotated[JobState | None, Query()] = None,
    ended: Annotated[bool | None, Query()] = None,
    agent_id: Annotated[AgentId | None, Query()] = None,
    after: Annotated[AggregateId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> list[JobAnswer]:
    """Return jobs, oldest first: an agent's own, and all in the regions of other roles.

    `ended=false` are those that somebody has yet to carry; `agent_id` is who carries them; `after`
    is the last `job_id` of the page before.
    """
    page = JobPage(limit, state=state, ended=ended, carrier=agent_id, after=after)
    found = await reader.jobs(_job_filter(caller, programme_id), page)
    if caller.reach(programme_id, caller.acting & _STAFF):
        said = page.words(len(found))
        await _note_read(Deed.JOBS_LISTED, programme_id, caller, commands, kept, *said)
    return [_answer(job) for job in found]


@router.get("/jobs/{job_id}")
async def get_job(
    job_id: JobPath, caller: CallerDep, reader: ReaderDep, commands: CommandsDep, kept: KeptDep
) -> JobAnswer:
    """Return one job: to an agent his own, to others what their region covers."""
    job = await reader.get(Job, job_id)
    if job is None:
        raise NotFound("job")
    _require_visible(caller, job)
    if caller.may(caller.acting & _STAFF, programme=job.programme_id, region=job.place.village):
        await _note_read(Deed.JOB_READ, job_id, caller, commands, kept)
    return _answer(job)


@router.post("/jobs/{job_id}/steps")
async def post_step(
    job_id: JobPath, body: StepBody, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> dict[str, str]:
    """Report a step of one's own job."""
    outcome = await commands.run(
        lambda uow: _step(job_id, body, caller, uow), sent=sent, key=job_id
    )
    return {"state": outcome.answer}


@router.post("/jobs/{job_id}/assign")
async def post_assign(
    job_id: JobPath, body: AssignBody, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> dict[str, str]:
    """Give a job to another agent, with what the former one holds."""
    outcome = await commands.run(
        lambda uow: give_job(job_id, body.agent_id, uow, allow=allowed(caller)),
        sent=sent,
        key=job_id,
    )
    return {"state": outcome.answer}


@router.get("/programmes")
async def list_programmes(caller: CallerDep, reader: ReaderDep) -> list[ProgrammeAnswer]:
    """Return the programmes that courier knows and the caller holds a grant in."""
    return [
        ProgrammeAnswer(programme_id=p.id, name=p.name, owner=p.owner, version=p.version)
        for p in await reader.find(Programme)
        if caller.belongs_to(p.id)
    ]


async def _step(job_id: str, body: StepBody, caller: Caller, uow: UnitOfWork) -> str:
    happened: datetime | None = body.occurred_at
    return await report_step(
        job_id,
        body.step,
        caller.subject,
        uow,
        allow=allowed(caller),
        reason=body.reason,
        occurred_at=happened,
    )


async def _note_read(
    deed: Deed, about: str, caller: Caller, commands: Commands, kept: KeptReads, *said: str
) -> None:
    """Have a look noted before it is answered, unless it was lately. Raises Unavailable."""
    subject, read = caller.subject, (caller.subject, deed.value, about, *said)
    await kept.keep(read, about, lambda uow: note_read(deed, about, subject, uow, *said), commands)


def _job_filter(caller: Caller, programme_id: str) -> JobFilter:
    caller.regions(programme_id)  # refuses another tenant
    return JobFilter(
        programme_id,
        regions=caller.reach(programme_id, caller.acting - _OWN_ONLY),
        own_regions=caller.reach(programme_id, _OWN_ONLY),
        agent_id=caller.subject,
    )


def _require_visible(caller: Caller, job: Job) -> None:
    """Refuse a job that the caller's list would not show."""
    where = {"programme": job.programme_id, "region": job.place.village}
    if caller.may(caller.acting - _OWN_ONLY, **where):
        return
    caller.require(**where)
    if job.agent_id != caller.subject:
        raise Forbidden("an agent sees his own jobs")


def _answer(job: Job) -> JobAnswer:
    return JobAnswer(
        job_id=job.id,
        programme_id=job.programme_id,
        service=job.service,
        village=job.place.village,
        rw=job.place.rw,
        state=job.state,
        agent_id=job.agent_id,
        pick_up=job.pick_up,
        deliver=job.deliver,
        document_issued=job.document_issued,
        attempts=job.attempts,
    )
