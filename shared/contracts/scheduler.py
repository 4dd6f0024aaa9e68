"""What scheduler publishes: events, and the line of people waiting at their booths."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

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


class TicketEvent(Event):
    """What every fact about a ticket says of it."""

    aggregate_field: ClassVar[str] = "ticket_id"
    correlation_field: ClassVar[str] = "case_id"

    ticket_id: TicketId
    event_id: EventId
    programme_id: ProgrammeId
    case_id: CaseId
    service: ServiceCode
    channel: Channel
    region_code: Annotated[
        RegionCode, Field(description="Where the applicant lives, as the request says.")
    ]
    number: int = Field(
        ge=1,
        le=100_000,
        description="Place in the line of this event and service; given out once.",
        examples=[17],
    )


class TicketIssued(TicketEvent):
    """A request has its place in a line."""

    type: ClassVar[str] = "scheduler.ticket_issued.v1"


class TicketCalled(TicketEvent):
    """A booth asked for the holder of this ticket."""

    type: ClassVar[str] = "scheduler.ticket_called.v1"

    booth_id: BoothId


class TicketServed(TicketEvent):
    """A booth has done its part for the holder of this ticket."""

    type: ClassVar[str] = "scheduler.ticket_served.v1"

    booth_id: BoothId


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


EVENTS: tuple[type[Event], ...] = (
    EventScheduled,
    TicketIssued,
    TicketCalled,
    TicketServed,
    VisitRecorded,
)
