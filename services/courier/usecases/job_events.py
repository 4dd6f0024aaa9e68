"""The events about a job, and the changes that always publish one."""

from services.courier.domain import Job, JobState, Step
from shared.contracts.courier import (
    DeliveryConfirmed,
    DeliveryFailed,
    DeliveryReported,
    DocumentCollected,
    FailureReason,
    JobAssigned,
    JobEvent,
    PapersCollected,
    PapersHandedIn,
)
from shared.messaging.unit_of_work import UnitOfWork

_STEP_EVENTS: dict[Step, type[JobEvent]] = {
    Step.COLLECT_PAPERS: PapersCollected,
    Step.HAND_IN_PAPERS: PapersHandedIn,
    Step.COLLECT_DOCUMENT: DocumentCollected,
    Step.DELIVER: DeliveryReported,
}


def job_event(event: type[JobEvent], job: Job, **more: object) -> JobEvent:
    """Return an event of this type about a job."""
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


def step_event(job: Job, step: Step, reason: FailureReason | None) -> JobEvent:
    """Return the event of a reported step."""
    if step is Step.FAIL:
        why = reason or FailureReason.OTHER
        return job_event(
            DeliveryFailed, job, agent_id=job.agent_id, reason=why, attempt=job.attempts
        )
    return job_event(_STEP_EVENTS[step], job, agent_id=job.agent_id)


def assign(job: Job, agent_id: str, uow: UnitOfWork) -> None:
    """Give a job to an agent."""
    assigned = job.assign(agent_id)
    uow.add(assigned)
    uow.publish(job_event(JobAssigned, assigned, agent_id=agent_id), version=assigned.version)


def publish_if_done(job: Job, uow: UnitOfWork) -> None:
    """Publish the end of a job that agent and recipient have both confirmed."""
    if job.state is JobState.DONE:
        event = job_event(DeliveryConfirmed, job, agent_id=job.agent_id)
        uow.publish(event, version=job.version, occurred_at=job.delivered_at)
