"""What intake publishes of complaints: that they came, were resolved, were opened again."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.event import AggregateId, Event, ProgrammeId
from shared.contracts.text import Reason


class ComplaintKind(StrEnum):
    """What a complaint is."""

    INFORMATION = "information"
    SERVICE = "service"
    SUPERVISION = "supervision"
    ASPIRATION = "aspiration"


class ComplaintEvent(Event):
    """What every fact about a complaint says: nothing of who, where, or about whom."""

    aggregate_field: ClassVar[str] = "complaint_id"
    correlation_field: ClassVar[str] = "complaint_id"

    complaint_id: AggregateId = Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c11"])
    programme_id: ProgrammeId
    kind: ComplaintKind = Field(examples=[ComplaintKind.SERVICE])
    month: Annotated[
        str,
        Field(
            pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$",
            description="In which it came, in the programme's zone: it is counted under it.",
            examples=["2023-03"],
        ),
        Reason("a month is written 2023-03"),
    ]


class ComplaintReceived(ComplaintEvent):
    """A complaint or a wish came."""

    type: ClassVar[str] = "intake.complaint_received.v1"


class ComplaintResolved(ComplaintEvent):
    """It was answered and is closed."""

    type: ClassVar[str] = "intake.complaint_resolved.v1"

    within_deadline: bool = Field(
        description="It was answered on or before its last day.", examples=[True]
    )


class ComplaintReopened(ComplaintEvent):
    """It is opened again after it was closed: what was told of its end counts no more."""

    type: ClassVar[str] = "intake.complaint_reopened.v1"

    within_deadline: bool = Field(
        description="As it was told when it was resolved.", examples=[True]
    )


EVENTS: tuple[type[ComplaintEvent], ...] = (ComplaintReceived, ComplaintResolved, ComplaintReopened)
