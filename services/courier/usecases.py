"""What courier does, and what it needs for that."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from services.courier.domain import Area, Job, JobState, Place, Programme, Refused, Step
from shared.contracts.courier import (
    DeliveryConfirmed,
    DeliveryFailed,
    DeliveryReported,
    DocumentCollected,
    FailureReason,
    JobAssigned,
    JobEvent,
    JobOpened,
    JobWithdrawn,
    PapersCollected,
    PapersHandedIn,
)
from shared.contracts.event import CLOCKS_APART
from shared.contracts.intake import (
    CloseOutcome,
    DocumentIssued,
    ProgrammePublished,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.copies import keep_newest, published_version
from shared.messaging.errors import Unavailable
from shared.messaging.unit_of_work import UnitOfWork, UseCase

T = TypeVar("T")

WAITING_PAGE = 100
"""Waiting jobs that one unit of work assigns."""

SETTLE_SECONDS = 2.0
"""Between two looks for open jobs of areas that have an agent."""

_STEP_EVENTS: dict[Step, type[JobEvent]] = {
    Step.COLLECT_PAPERS: PapersCollected,
    Step.HAND_IN_PAPERS: PapersHandedIn,
    Step.COLLECT_DOCUMENT: DocumentCollected,
    Step.DELIVER: DeliveryReported,
}


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of one programme somebody may see.

    All of `regions`, and in `own_regions` those that `agent_id` carries. `*` stands for everywhere.
    """

    programme_id: str
    regions: frozenset[str]
    own_regions: frozenset[str]
    agent_id: str


class OwnCommands(Protocol):
    """Runs what the service does by its own rule."""

    async def run_own(self, use_case: UseCase, *, key: str) -> Any:
        """Run a use case in a unit of work; return its answer."""
        ...


class Reader(Protocol):
    """What routes read: committed data, outside any unit of uow."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
        ...

    async def jobs(self, job_filter: JobFilter, *, state: JobState | None, limit: int) -> list[Job]:
        """Return the jobs that fit, oldest first, at most `limit`."""
        ...

    async def waiting(self, programme_id: str, place: Place) -> list[str]:
        """Return the ids of the oldest open jobs of an RW, at most `WAITING_PAGE`."""
        ...

    async def unsettled(self) -> list[Area]:
        """Return areas where open jobs are to be looked for."""
        ...


async def copy_programme(event: ProgrammePublished, uow: UnitOfWork) -> None:
    """Keep our copy of a programme up to date."""
    version = published_version(uow)
    copy = Programme(event.programme_id, version, event.name, event.owner, event.region_code)
    await keep_newest(copy, uow)


async def open_job(event: RequestReceived, uow: UnitOfWork) -> None:
    """Open a job for a request that asked for pick-up or delivery, and find its agent."""
    if not (event.pick_up or event.deliver):
        return
    if await uow.get(Job, event.case_id) is not None:
        return
    if event.rw is None:
        raise Refused("no_rw", "pick-up and delivery need the RW of domicile")
    job = Job(
        id=event.case_id,
        version=1,
        programme_id=event.programme_id,
        service=event.service,
        channel=event.channel,
        place=Place(event.region_code, event.rw),
        pick_up=event.pick_up,
        deliver=event.deliver,
        opened_at=_told_at(uow),
    )
    opened = _about(JobOpened, job, pick_up=job.pick_up, deliver=job.deliver)
    uow.publish(opened, version=job.version)
    area = await uow.get(Area, Area.key(job.programme_id, job.place))
    if area is None or area.agent_id is None:
        uow.add(job)
    else:
        _assign(job, area.agent_id, uow)


async def serve_area(
    programme_id: str, place: Place, agent_id: str, uow: UnitOfWork, *, waiting: Sequence[str] = ()
) -> int:
    """Put an agent in charge of an RW and give the agent these waiting jobs; return how many.

    More may wait than a unit should write; `settle_area` assigns the others.
    """
    await uow.require(Programme, programme_id)
    area = await _area(programme_id, place, uow)
    uow.add(area.served_by(agent_id, uow.now()))
    return await _assign_open(waiting, agent_id, uow)


async def settle_area(
    programme_id: str, place: Place, waiting: Sequence[str], uow: UnitOfWork
) -> int:
    """Give open jobs of an RW to its agent; return how many. Without any the area is settled."""
    area = await _area(programme_id, place, uow)
    if area.agent_id is None:
        return 0
    assigned = await _assign_open(waiting, area.agent_id, uow)
    settled = area.settle(uow.now())
    if not waiting and settled is not area:
        uow.add(settled)
    return assigned


class SettleAreas:
    """Assigns the open jobs of areas that have an agent.

    They were too many for the command, or were opened while the area got its agent.
    """

    def __init__(
        self, reader: Reader, commands: OwnCommands, clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._commands = commands
        self._clock = clock

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            try:
                assigned = await self.look()
            except Unavailable:
                assigned = 0
            await asyncio.sleep(0 if assigned else SETTLE_SECONDS)

    async def look(self) -> int:
        """Assign a page of jobs for each area where some may wait; return how many."""
        return sum([await self._settle(area) for area in await self._reader.unsettled()])

    async def _settle(self, area: Area) -> int:
        waiting = await self._reader.waiting(area.programme_id, area.place)
        if not waiting and area.settle(self._clock()) is area:
            return 0
        assigned = await self._commands.run_own(
            lambda uow: settle_area(area.programme_id, area.place, waiting, uow), key=area.id
        )
        return int(assigned)


async def _area(programme_id: str, place: Place, uow: UnitOfWork) -> Area:
    return await uow.get(Area, Area.key(programme_id, place)) or Area(programme_id, place)


async def _assign_open(job_ids: Sequence[str], agent_id: str, uow: UnitOfWork) -> int:
    jobs = [await uow.require(Job, job_id) for job_id in job_ids]
    still_open = [job for job in jobs if job.state is JobState.OPEN]
    for job in still_open:
        _assign(job, agent_id, uow)
    return len(still_open)


async def note_issued(event: DocumentIssued, uow: UnitOfWork) -> None:
    """Let the agent know that there is a document to bring."""
    if event.deliver:
        job = await uow.require(Job, event.case_id)
        _keep_changed(job, job.issue_document(), uow)


async def confirm_receipt(event: ReceiptConfirmed, uow: UnitOfWork) -> None:
    """Take the recipient's word; with the agent's own the job is done."""
    job = await uow.require(Job, event.case_id)
    confirmed = job.confirm_receipt(_told_at(uow))
    _keep_changed(job, confirmed, uow)
    if confirmed is not job:
        _publish_if_done(confirmed, uow)


async def withdraw_job(event: RequestClosed, uow: UnitOfWork) -> None:
    """End the job of a request that was closed otherwise than by its delivery."""
    if event.outcome is CloseOutcome.DELIVERED:
        return
    if not (event.pick_up or event.deliver):
        return
    job = await uow.require(Job, event.case_id)
    withdrawn = job.withdraw()
    _keep_changed(job, withdrawn, uow)
    if withdrawn is not job:
        uow.publish(_about(JobWithdrawn, withdrawn), version=withdrawn.version)


async def report_step(
    job_id: str,
    step: Step,
    agent_id: str,
    uow: UnitOfWork,
    *,
    allow: Callable[[Job], None],
    reason: FailureReason | None = None,
    occurred_at: datetime | None = None,
) -> str:
    """Do what an agent reports and return the state that the job is in now.

    `allow` raises where the caller has no right to this job. Raises Missing, and Refused where
    the step is out of order, or `occurred_at` lies ahead (in_the_future) or before the job.
    """
    job = await uow.require(Job, job_id)
    allow(job)
    _require_possible(job, occurred_at, uow)
    done = job.step(step, agent_id, (occurred_at or uow.now()).astimezone(UTC))
    uow.add(done)
    uow.publish(_reported(done, step, reason), version=done.version, occurred_at=occurred_at)
    if step is Step.DELIVER:
        _publish_if_done(done, uow)
    return done.state.value


async def give_job(
    job_id: str, agent_id: str, uow: UnitOfWork, *, allow: Callable[[Job], None]
) -> str:
    """Give a job to another agent, whatever the former one holds; return the job's state.

    `allow` raises where the caller has no right to this job. Raises Missing, and Refused where
    the job has ended.
    """
    job = await uow.require(Job, job_id)
    allow(job)
    given = job.give_to(agent_id)
    if given is not job:
        uow.add(given)
        uow.publish(_about(JobAssigned, given, agent_id=agent_id), version=given.version)
    return given.state.value


def _told_at(uow: UnitOfWork) -> datetime:
    """Return when that happened which is being handled."""
    return uow.cause.occurred_at if uow.cause else uow.now()


def _require_possible(job: Job, occurred_at: datetime | None, uow: UnitOfWork) -> None:
    if occurred_at is None:
        return
    if occurred_at > uow.now() + CLOCKS_APART:
        raise Refused("in_the_future", "occurred_at: it has not happened yet")
    job.require_after_opening(occurred_at)


def _assign(job: Job, agent_id: str, uow: UnitOfWork) -> None:
    assigned = job.assign(agent_id)
    uow.add(assigned)
    uow.publish(_about(JobAssigned, assigned, agent_id=agent_id), version=assigned.version)


def _keep_changed(before: Job, after: Job, uow: UnitOfWork) -> None:
    if after is not before:
        uow.add(after)


def _publish_if_done(job: Job, uow: UnitOfWork) -> None:
    if job.state is JobState.DONE:
        event = _about(DeliveryConfirmed, job, agent_id=job.agent_id)
        uow.publish(event, version=job.version, occurred_at=job.delivered_at)


def _reported(job: Job, step: Step, reason: FailureReason | None) -> JobEvent:
    if step is Step.FAIL:
        why = reason or FailureReason.OTHER
        return _about(DeliveryFailed, job, agent_id=job.agent_id, reason=why, attempt=job.attempts)
    return _about(_STEP_EVENTS[step], job, agent_id=job.agent_id)


def _about(event: type[JobEvent], job: Job, **more: object) -> JobEvent:
    facts = {
        "job_id": job.id,
        "case_id": job.id,
        "programme_id": job.programme_id,
        "service": job.service,
        "channel": job.channel,
        "region_code": job.place.village,
        "rw": job.place.rw,
    }
    return event.model_validate({**facts, **more})
