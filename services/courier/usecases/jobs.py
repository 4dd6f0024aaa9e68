"""A job from the request to its end, by events and by what its agent reports."""

from collections.abc import Callable
from datetime import UTC, datetime

from services.courier.domain import Area, Deed, Job, Place, Refused, Step
from services.courier.usecases.job_events import assign, job_event, publish_if_done, step_event
from shared.audit.trail import note
from shared.contracts.courier import FailureReason, JobAssigned, JobOpened, JobWithdrawn
from shared.contracts.event import CLOCKS_APART
from shared.contracts.intake import (
    CloseOutcome,
    DocumentIssued,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.unit_of_work import UnitOfWork


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
        opened_at=_happened_at(uow),
    )
    opened = job_event(JobOpened, job, pick_up=job.pick_up, deliver=job.deliver)
    uow.publish(opened, version=job.version)
    area = await uow.get(Area, Area.key(job.programme_id, job.place))
    if area is None or area.agent_id is None:
        uow.add(job)
    else:
        assign(job, area.agent_id, uow)


async def note_issued(event: DocumentIssued, uow: UnitOfWork) -> None:
    """Let the agent know that there is a document to bring."""
    if event.deliver:
        job = await uow.require(Job, event.case_id)
        _keep_changed(job, job.issue_document(), uow)


async def confirm_receipt(event: ReceiptConfirmed, uow: UnitOfWork) -> None:
    """Record the recipient's confirmation; with the agent's report the job is done."""
    job = await uow.require(Job, event.case_id)
    confirmed = job.confirm_receipt(_happened_at(uow))
    _keep_changed(job, confirmed, uow)
    if confirmed is not job:
        publish_if_done(confirmed, uow)


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
        uow.publish(job_event(JobWithdrawn, withdrawn), version=withdrawn.version)


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
    uow.publish(step_event(done, step, reason), version=done.version, occurred_at=occurred_at)
    if step is Step.DELIVER:
        publish_if_done(done, uow)
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
        uow.publish(job_event(JobAssigned, given, agent_id=agent_id), version=given.version)
        note(Deed.JOB_GIVEN, job_id, uow, agent_id)
    return given.state.value


def _happened_at(uow: UnitOfWork) -> datetime:
    """Return the time of the event at hand, or now for a command."""
    return uow.cause.occurred_at if uow.cause else uow.now()


def _require_possible(job: Job, occurred_at: datetime | None, uow: UnitOfWork) -> None:
    if occurred_at is None:
        return
    if occurred_at > uow.now() + CLOCKS_APART:
        raise Refused("in_the_future", "occurred_at: it has not happened yet")
    job.require_after_opening(occurred_at)


def _keep_changed(before: Job, after: Job, uow: UnitOfWork) -> None:
    if after is not before:
        uow.add(after)
