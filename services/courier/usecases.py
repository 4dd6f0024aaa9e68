"""What courier does, and what it needs for that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

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
from shared.contracts.envelope import Envelope
from shared.contracts.event import CLOCKS_APART, Event
from shared.contracts.intake import (
    CloseOutcome,
    DocumentIssued,
    ProgrammePublished,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.errors import Missing

_STEP_EVENTS: dict[Step, type[JobEvent]] = {
    Step.COLLECT_PAPERS: PapersCollected,
    Step.HAND_IN_PAPERS: PapersHandedIn,
    Step.COLLECT_DOCUMENT: DocumentCollected,
    Step.DELIVER: DeliveryReported,
}


class Work(Protocol):
    """One unit of work on courier's data; nothing is stored before it is committed."""

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        ...

    def now(self) -> datetime:
        """Return the time by the service's clock, aware, UTC."""
        ...

    async def job(self, job_id: str) -> Job | None:
        """Return a job."""
        ...

    async def job_of(self, case_id: str) -> Job:
        """Return the job of a case; the message at hand waits where it is not there yet."""
        ...

    async def area(self, programme_id: str, place: Place) -> Area:
        """Return an area, empty where nothing is known of it."""
        ...

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        ...

    def keep_job(self, job: Job) -> None:
        """Store a job."""
        ...

    def keep_area(self, area: Area) -> None:
        """Store an area."""
        ...

    def keep_programme(self, programme: Programme) -> None:
        """Store our copy of a programme."""
        ...

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Have an event sent."""
        ...


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of one programme somebody may see.

    All of `regions`, and in `own_regions` those that `agent_id` carries. `*` stands for everywhere.
    """

    programme_id: str
    regions: frozenset[str]
    own_regions: frozenset[str]
    agent_id: str


class Reader(Protocol):
    """What lists show: committed data, outside any unit."""

    async def job(self, job_id: str) -> Job | None:
        """Return a job."""
        ...

    async def jobs(self, job_filter: JobFilter, *, state: JobState | None, limit: int) -> list[Job]:
        """Return the jobs in sight, oldest first, at most `limit`."""
        ...

    async def programmes(self) -> list[Programme]:
        """Return our copies of all programmes."""
        ...


async def copy_programme(event: ProgrammePublished, work: Work) -> None:
    """Keep a programme if it is newer than our copy."""
    version = work.cause.version if work.cause else 0
    known = await work.programme(event.programme_id)
    if known is None or known.version < version:
        work.keep_programme(
            Programme(event.programme_id, version, event.name, event.owner, event.region_code)
        )


async def open_job(event: RequestReceived, work: Work) -> None:
    """Open a job for a request that asked for pick-up or delivery, and find its agent."""
    if not (event.pick_up or event.deliver) or await work.job(event.case_id):
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
        opened_at=_told_at(work),
    )
    opened = _about(JobOpened, job, pick_up=job.pick_up, deliver=job.deliver)
    work.publish(opened, version=job.version)
    area = await work.area(job.programme_id, job.place)
    if area.agent_id is None:
        work.keep_area(area.wait(job.id))
        work.keep_job(job)
    else:
        _assign(job, area.agent_id, work)


async def serve_area(programme_id: str, place: Place, agent_id: str, work: Work) -> int:
    """Put an agent in charge of an RW and give him what waits there; return how many jobs."""
    if await work.programme(programme_id) is None:
        raise Missing(f"programme {programme_id}")
    area = await work.area(programme_id, place)
    waiting = [await work.job(job_id) for job_id in area.waiting]
    open_jobs = [job for job in waiting if job is not None and job.state is JobState.OPEN]
    for job in open_jobs:
        _assign(job, agent_id, work)
    work.keep_area(area.served_by(agent_id))
    return len(open_jobs)


async def note_issued(event: DocumentIssued, work: Work) -> None:
    """Let the agent know that there is a document to bring."""
    if event.deliver:
        job = await work.job_of(event.case_id)
        _keep_changed(job, job.issue_document(), work)


async def confirm_receipt(event: ReceiptConfirmed, work: Work) -> None:
    """Take the recipient's word; with the agent's own the job is done."""
    job = await work.job_of(event.case_id)
    confirmed = job.confirm_receipt(_told_at(work))
    _keep_changed(job, confirmed, work)
    if confirmed is not job:
        _publish_if_done(confirmed, work)


async def withdraw_job(event: RequestClosed, work: Work) -> None:
    """End the job of a request that was closed otherwise than by its delivery."""
    if event.outcome is CloseOutcome.DELIVERED:
        return
    if not (event.pick_up or event.deliver):
        return
    job = await work.job_of(event.case_id)
    withdrawn = job.withdraw()
    _keep_changed(job, withdrawn, work)
    if withdrawn is not job:
        work.publish(_about(JobWithdrawn, withdrawn), version=withdrawn.version)


async def report_step(
    job_id: str,
    step: Step,
    agent_id: str,
    work: Work,
    *,
    allow: Callable[[Job], None],
    reason: FailureReason | None = None,
    occurred_at: datetime | None = None,
) -> str:
    """Do what an agent reports and return the state that the job is in now.

    `allow` raises where the caller has no right to this job. Raises Missing, and Refused where
    the step is out of order, or `occurred_at` lies ahead (in_the_future) or before the job.
    """
    job = await work.job(job_id)
    if job is None:
        raise Missing("job")
    allow(job)
    _require_possible(job, occurred_at, work)
    done = job.step(step, agent_id, (occurred_at or work.now()).astimezone(UTC))
    work.keep_job(done)
    work.publish(_reported(done, step, reason), version=done.version, occurred_at=occurred_at)
    if step is Step.DELIVER:
        _publish_if_done(done, work)
    return done.state.value


async def give_job(job_id: str, agent_id: str, work: Work, *, allow: Callable[[Job], None]) -> str:
    """Give a job to another agent, whatever the former one holds; return the job's state.

    `allow` raises where the caller has no right to this job. Raises Missing, and Refused where
    the job has ended.
    """
    job = await work.job(job_id)
    if job is None:
        raise Missing("job")
    allow(job)
    given = job.give_to(agent_id)
    if given is not job:
        work.keep_job(given)
        work.publish(_about(JobAssigned, given, agent_id=agent_id), version=given.version)
    return given.state.value


def _told_at(work: Work) -> datetime:
    """Return when that happened which is being handled."""
    return work.cause.occurred_at if work.cause else work.now()


def _require_possible(job: Job, occurred_at: datetime | None, work: Work) -> None:
    if occurred_at is None:
        return
    if occurred_at > work.now() + CLOCKS_APART:
        raise Refused("in_the_future", "occurred_at: it has not happened yet")
    job.require_after_opening(occurred_at)


def _assign(job: Job, agent_id: str, work: Work) -> None:
    assigned = job.assign(agent_id)
    work.keep_job(assigned)
    work.publish(_about(JobAssigned, assigned, agent_id=agent_id), version=assigned.version)


def _keep_changed(before: Job, after: Job, work: Work) -> None:
    if after is not before:
        work.keep_job(after)


def _publish_if_done(job: Job, work: Work) -> None:
    if job.state is JobState.DONE:
        event = _about(DeliveryConfirmed, job, agent_id=job.agent_id)
        work.publish(event, version=job.version, occurred_at=job.delivered_at)


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
