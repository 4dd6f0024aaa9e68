"""What courier publishes: the way of papers from a home to the office and back."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.audit import AuditHead
from shared.contracts.event import (
    AggregateId,
    Channel,
    Event,
    NeighbourhoodUnit,
    ProgrammeId,
    RegionCode,
    ServiceCode,
)

AgentId = Annotated[
    AggregateId,
    Field(description="An account, not a name.", examples=["0190f3c2-1c11-7aa0-b1a4-6f0e2d9c3b71"]),
]


class JobEvent(Event):
    """What every fact about a job says of it. A job is the carrying for one case."""

    aggregate_field: ClassVar[str] = "job_id"
    correlation_field: ClassVar[str] = "case_id"

    job_id: Annotated[AggregateId, Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"])]
    case_id: Annotated[AggregateId, Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"])]
    programme_id: Annotated[ProgrammeId, Field(examples=["halo_pamor"])]
    service: ServiceCode
    channel: Annotated[Channel, Field(examples=["agent"])]
    region_code: Annotated[
        RegionCode, Field(description="Village of domicile.", examples=["32.75.01.1001"])
    ]
    rw: NeighbourhoodUnit


class JobOpened(JobEvent):
    """Papers have to be carried; nobody may have been found for it yet."""

    type: ClassVar[str] = "courier.job_opened.v1"

    pick_up: bool = Field(examples=[True])
    deliver: bool = Field(examples=[True])


class JobAssigned(JobEvent):
    """The agent of the applicant's RW has the job."""

    type: ClassVar[str] = "courier.job_assigned.v1"

    agent_id: AgentId


class PapersCollected(JobEvent):
    """The agent holds the papers, taken at the applicant's home."""

    type: ClassVar[str] = "courier.papers_collected.v1"

    agent_id: AgentId


class PapersHandedIn(JobEvent):
    """The office holds the papers, brought by the agent."""

    type: ClassVar[str] = "courier.papers_handed_in.v1"

    agent_id: AgentId


class DocumentCollected(JobEvent):
    """The agent holds the issued document, taken at a service point."""

    type: ClassVar[str] = "courier.document_collected.v1"

    agent_id: AgentId


class DeliveryReported(JobEvent):
    """The agent says the document was handed over; the recipient has not confirmed it here."""

    type: ClassVar[str] = "courier.delivery_reported.v1"

    agent_id: AgentId


class FailureReason(StrEnum):
    """Why a hand-over at a home did not happen."""

    NOBODY_HOME = "nobody_home"
    ADDRESS_NOT_FOUND = "address_not_found"
    REFUSED = "refused"
    PAPERS_MISSING = "papers_missing"
    OTHER = "other"


class DeliveryFailed(JobEvent):
    """The agent came and could not hand the document over; it will be tried again."""

    type: ClassVar[str] = "courier.delivery_failed.v1"

    agent_id: AgentId
    reason: FailureReason = Field(examples=[FailureReason.NOBODY_HOME])
    attempt: int = Field(ge=1, le=1000, examples=[1])


class DeliveryConfirmed(JobEvent):
    """Agent and recipient agree: the document is where it belongs."""

    type: ClassVar[str] = "courier.delivery_confirmed.v1"

    agent_id: AgentId


class JobWithdrawn(JobEvent):
    """The request was closed otherwise: nothing is to be carried any more."""

    type: ClassVar[str] = "courier.job_withdrawn.v1"


class AuditHeadPublished(AuditHead):
    """The hash of an audit trail's newest block: kept elsewhere, it shows if one was altered."""

    type: ClassVar[str] = "courier.audit_head_published.v1"


EVENTS: tuple[type[Event], ...] = (
    JobOpened,
    JobAssigned,
    PapersCollected,
    PapersHandedIn,
    DocumentCollected,
    DeliveryReported,
    DeliveryFailed,
    DeliveryConfirmed,
    JobWithdrawn,
    AuditHeadPublished,
)
