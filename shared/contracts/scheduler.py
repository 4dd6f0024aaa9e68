"""What scheduler publishes: events, and the line of people waiting at their booths."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.audit import AuditHead
from shared.contracts.event import (
    AggregateId,
    Channel,
    Event,
    Moment,
    Part,
    ProgrammeId,
    PublicText,
    RegionCode,
    ServiceCode,
)
from shared.contracts.text import Reason, token

EventId = Annotated[AggregateId, Field(examples=["botram-2023-03-11-setu"])]
CaseId = Annotated[AggregateId, Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"])]
BoothId = Annotated[
    str,
    Field(pattern=token("a-z", "_-"), max_length=40, examples=["disdukcapil-kia-1"]),
    Reason(
        "a booth id has 1 to 40 of a-z 0-9 _ -, begins with a letter, and has no nine digits "
        "without a letter between them"
    ),
]
AgencyId = Annotated[
    str,
    Field(
        pattern=token("a-z", "_-"),
        max_length=40,
        description="As grants name the agency.",
        examples=["dinkes"],
    ),
    Reason(
        "an agency id has 1 to 40 of a-z 0-9 _ -, begins with a letter, and has no nine digits "
        "without a letter between them"
    ),
]
TicketId = Annotated[AggregateId, Field(examples=["botram-2023-03-11-setu/KIA/17"])]

ArrivalId = Annotated[AggregateId, Field(examples=["botram-2023-03-11-setu/K7QW3ZTM"])]


class BoothPlan(Part):
    """A booth of one agency at an event."""

    booth_id: BoothId
    agency: Annotated[PublicText, Field(examples=["Disdukcapil Kabupaten Bekasi"])]
    agency_id: AgencyId | None = None
    services: tuple[ServiceCode, ...] = Field(min_length=1, max_length=10)
    ticketed: bool = Field(
        description="False where people simply walk up, as at an information stand.",
        examples=[True],
    )


class EventScheduled(Event):
    """An event with its place, hours and booths, whole, as it stands from now on."""

    type: ClassVar[str] = "scheduler.event_scheduled.v1"
    aggregate_field: ClassVar[str] = "event_id"
    correlation_field: ClassVar[str] = "event_id"

    event_id: EventId
    programme_id: ProgrammeId
    name: Annotated[PublicText, Field(examples=["BOTRAM Setu"])]
    place: Annotated[PublicText, Field(examples=["Stadion Mini Desa Cijengkol"])]
    region_code: RegionCode
    on: date = Field(description="In the programme's zone.", examples=["2023-03-11"])
    opens_at: Moment = Field(examples=["2023-03-11T02:00:00Z"])
    closes_at: Moment = Field(examples=["2023-03-11T04:30:00Z"])
    booths: tuple[BoothPlan, ...] = Field(min_length=1, max_length=60)
    cancelled: bool = Field(
        default=False, description="It does not take place, for good.", examples=[False]
    )


class TicketEvent(Event):
    """What every fact about a ticket says of it."""

    aggregate_field: ClassVar[str] = "ticket_id"
    correlation_field: ClassVar[str] = "thread_id"

    ticket_id: TicketId
    event_id: EventId
    programme_id: ProgrammeId
    thread_id: Annotated[
        AggregateId,
        Field(
            description="The case where there is one, or else the arrival.",
            examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"],
        ),
    ]
    case_id: CaseId | None = Field(
        default=None, description="Null while nobody has been asked who holds the ticket."
    )
    arrival_id: ArrivalId | None = None
    service: ServiceCode
    channel: Channel | None = None
    region_code: RegionCode | None = Field(
        default=None, description="Where the applicant lives, as the request says."
    )
    number: int = Field(
        ge=1,
        le=100_000,
        description="Of the line of this event and service; given out once, with gaps.",
        examples=[17],
    )
    letter: str | None = Field(
        default=None,
        pattern="^[A-Z]{1,2}$",
        description="Of the line; people read it before the number, such as A17.",
        examples=["A"],
    )


class TicketIssued(TicketEvent):
    """Somebody has a place in a line: by a request, or at the gate before anybody was asked."""

    type: ClassVar[str] = "scheduler.ticket_issued.v1"


class TicketEnd(StrEnum):
    """How a ticket ended that was not served."""

    LEFT = "left"
    NO_SHOW = "no_show"
    TRANSFERRED = "transferred"
    """Its holder got a number in the line of another service."""
    UNSERVED = "unserved"
    """The line was closed before it was called."""


class OfferKind(StrEnum):
    """Another way to the same service."""

    AFTERNOON_BOOTH = "afternoon_booth"
    SERVICE_POINT = "service_point"
    NEXT_EVENT = "next_event"
    WHATSAPP = "whatsapp"
    COURIER = "courier"


Offers = Annotated[
    tuple[OfferKind, ...],
    Field(
        max_length=20,
        description="Other ways that are open to its holder, where the line was closed before him.",
        examples=[[OfferKind.NEXT_EVENT]],
    ),
]


class TicketAssigned(TicketEvent):
    """A ticket of the gate, perhaps called and served already, belongs to a request from now on."""

    type: ClassVar[str] = "scheduler.ticket_assigned.v1"

    called_at: Moment | None = Field(default=None, examples=["2023-03-11T02:17:00Z"])
    served_at: Moment | None = Field(default=None, examples=["2023-03-11T02:21:00Z"])
    end: TicketEnd | None = Field(
        default=None,
        description="How it ended, where it had ended before it was assigned.",
        examples=[TicketEnd.UNSERVED],
    )
    offers: Offers = ()


Seconds = Annotated[int, Field(ge=0, le=100 * 86_400, examples=[754])]


class TicketCalled(TicketEvent):
    """A booth asked for the holder of this ticket."""

    type: ClassVar[str] = "scheduler.ticket_called.v1"

    booth_id: BoothId
    issued_at: Moment = Field(examples=["2023-03-11T02:05:00Z"])
    waited_seconds: Annotated[
        Seconds, Field(description="Since it was issued, or since the time that was booked.")
    ]


class TicketServed(TicketEvent):
    """A booth has done its part for the holder of this ticket."""

    type: ClassVar[str] = "scheduler.ticket_served.v1"

    booth_id: BoothId
    served_seconds: Annotated[
        Seconds, Field(description="Since the booth began, or called where that was not said.")
    ]


class TicketEnded(TicketEvent):
    """The holder of this ticket waits no more, and was not served."""

    type: ClassVar[str] = "scheduler.ticket_ended.v1"

    booth_id: BoothId | None = None
    end: TicketEnd = Field(examples=[TicketEnd.LEFT])
    offers: Offers = ()
    told: bool = Field(
        default=False,
        description="Somebody at a booth closed the line, who tells its holder of the offers.",
        examples=[True],
    )


class TicketFact(StrEnum):
    """What was told of a ticket and can be taken back."""

    CALLED = "called"
    SERVED = "served"
    LEFT = "left"
    NO_SHOW = "no_show"


class TicketReverted(TicketEvent):
    """What was told last of this ticket is taken back; it occurred when that did."""

    type: ClassVar[str] = "scheduler.ticket_reverted.v1"

    booth_id: BoothId | None = None
    reverted: TicketFact = Field(examples=[TicketFact.SERVED])
    seconds: Annotated[
        int,
        Field(
            ge=0,
            le=100 * 86_400,
            description="The seconds that the fact taken back stated; 0 where it has none.",
            examples=[312],
        ),
    ]


class VisitRecorded(Event):
    """People were served at a booth without tickets: a count, nobody is named."""

    type: ClassVar[str] = "scheduler.visit_recorded.v1"
    aggregate_field: ClassVar[str] = "visit_id"
    correlation_field: ClassVar[str] = "event_id"

    visit_id: Annotated[AggregateId, Field(examples=["0190f3c2-9d10-7b4e-8d8e-2f2d7a1c9e55"])]
    event_id: EventId
    programme_id: ProgrammeId
    booth_id: BoothId
    service: Annotated[ServiceCode, Field(examples=["HEALTH_CHECK"])]
    region_code: Annotated[RegionCode, Field(description="Where the event stands.")]
    visitors: int = Field(ge=1, le=1000, examples=[4])


class AuditHeadPublished(AuditHead):
    """The hash of an audit trail's newest block: kept elsewhere, it shows if one was altered."""

    type: ClassVar[str] = "scheduler.audit_head_published.v1"


EVENTS: tuple[type[Event], ...] = (
    EventScheduled,
    TicketIssued,
    TicketAssigned,
    TicketCalled,
    TicketServed,
    TicketEnded,
    TicketReverted,
    VisitRecorded,
    AuditHeadPublished,
)
