"""What intake publishes: programmes, and the life of a request."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field

from shared.contracts import complaints
from shared.contracts.audit import AuditHead
from shared.contracts.event import (
    AggregateId,
    Channel,
    Event,
    Moment,
    NeighbourhoodUnit,
    Part,
    ProgrammeId,
    PublicText,
    RegionCode,
    ServiceCode,
    Slug,
)
from shared.contracts.text import Reason, gate_code, token

AccessId = Annotated[
    AggregateId,
    Field(
        description="Pseudonymous id of an account or of one session of it, never a name; of a "
        "machine its name, of one token of a machine the token's id.",
        examples=["a-2m7k3q9xw4tz8v5b"],
    ),
]
CaseId = Annotated[AggregateId, Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"])]
EventId = Annotated[AggregateId, Field(examples=["botram-2023-03-11-setu"])]
TimeZone = Annotated[
    str,
    Field(
        pattern=r"^Asia/(Jakarta|Pontianak|Makassar|Jayapura)$",
        description="IANA zone in which the programme counts its days; never changes.",
    ),
    Reason("Asia/Jakarta, Asia/Pontianak, Asia/Makassar or Asia/Jayapura"),
]
GATE_CODE: Final = r"^[BCDFGHJKMNPQRTVWXYZ][2-9BCDFGHJKMNPQRTVWXYZ]{7}$"
ArrivalCode = Annotated[
    str,
    Field(
        pattern=GATE_CODE,
        description="Given out with the tickets of those who came together; random.",
        examples=["K7QW3ZTM"],
    ),
    Reason("a code of the gate has 8 letters and digits, without vowels, 0 and 1"),
]
TypedArrivalCode = Annotated[ArrivalCode, BeforeValidator(gate_code)]
"""A code as people type it: "k7qw 3ztm" is K7QW3ZTM. For HTTP bodies, not for events."""
Language = Annotated[
    str,
    Field(pattern=r"^[a-z]{2,3}$"),
    Reason("an ISO 639 language code such as id or su"),
]


class Deliverable(StrEnum):
    """What a resident holds in the end."""

    CARD = "card"
    PDF = "pdf"
    APP = "app"


class CatalogueService(Part):
    """One service a programme offers."""

    code: ServiceCode
    name: Annotated[PublicText, Field(examples=["Kartu Identitas Anak"])]
    deliverable: Deliverable = Field(examples=[Deliverable.CARD])


class CalendarExceptions(Part):
    """Days on which the programme's calendar differs from the national one."""

    closed: tuple[date, ...] = Field(default=(), max_length=400, examples=[["2023-08-15"]])
    open: tuple[date, ...] = Field(default=(), max_length=400, examples=[["2023-04-26"]])


class ServiceWeight(Part):
    """How many calls in turn a booth gives one of its services."""

    service: ServiceCode
    weight: int = Field(ge=1, le=100, examples=[2])


class LineOrder(Part):
    """In which order the lines of a programme's events are called; left out: by joining alone."""

    priority_every: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description="Of so many calls at most one goes to somebody with priority before his turn.",
        examples=[4],
    )
    recall_after: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Who did not come is called again after so many more numbers.",
        examples=[5],
    )
    no_show_minutes: int | None = Field(
        default=None,
        ge=1,
        le=240,
        description="Who has not come so long after his last call is a no-show.",
        examples=[15],
    )
    weights: tuple[ServiceWeight, ...] = Field(default=(), max_length=100)


class SurveyQuestion(Part):
    """A question of the satisfaction survey that this programme asks beside the nine elements."""

    code: Annotated[Slug, Field(examples=["tahu_selesai"])]
    wording: Annotated[PublicText, Field(examples=["Tahukah Anda kapan dokumen Anda selesai?"])]


class ProgrammePublished(Event):
    """A programme, whole, as it stands from now on: a programme is data, not code."""

    type: ClassVar[str] = "intake.programme_published.v1"
    aggregate_field: ClassVar[str] = "programme_id"
    correlation_field: ClassVar[str] = "programme_id"

    programme_id: ProgrammeId
    name: Annotated[PublicText, Field(examples=["BOTRAM"])]
    owner: Annotated[PublicText, Field(examples=["Disdukcapil Kabupaten Bekasi"])]
    region_code: Annotated[RegionCode, Field(examples=["32.16"])]
    time_zone: Annotated[TimeZone, Field(examples=["Asia/Jakarta"])]
    languages: tuple[Language, ...] = Field(min_length=1, max_length=10, examples=[["id"]])
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=20, examples=[["event"]])
    services: tuple[CatalogueService, ...] = Field(min_length=1, max_length=100)
    standard_working_days: int | None = Field(
        ge=0,
        le=365,
        description="Service standard in working days; null where the programme states none.",
        examples=[3],
    )
    calendar: CalendarExceptions
    line: LineOrder = LineOrder()
    at_home: tuple[ServiceCode, ...] = Field(
        default=(),
        max_length=100,
        description="Services for which papers are fetched at home and documents brought.",
        examples=[["KK"]],
    )
    copied_from: ProgrammeId | None = Field(default=None, examples=["botram_2023"])
    survey_questions: tuple[SurveyQuestion, ...] = Field(default=(), max_length=3)


class CaseEvent(Event):
    """What every fact about a request says of it, so that a reader needs no other source."""

    aggregate_field: ClassVar[str] = "case_id"
    correlation_field: ClassVar[str] = "case_id"

    case_id: CaseId
    programme_id: ProgrammeId
    service: ServiceCode
    channel: Channel
    region_code: Annotated[
        RegionCode,
        Field(description="Where the applicant lives now, by declaration; never read off a NIK."),
    ]
    event_id: EventId | None = None


class RequestReceived(CaseEvent):
    """A request was recorded; nothing has been decided yet."""

    type: ClassVar[str] = "intake.request_received.v1"

    rw: NeighbourhoodUnit | None = Field(
        default=None, description="Given only where somebody has to come to the door."
    )
    pick_up: bool = Field(description="Papers are to be fetched at home.", examples=[True])
    deliver: bool = Field(description="The document is to be brought home.", examples=[True])
    arrival_code: ArrivalCode | None = Field(
        default=None, description="What the applicant was given at the event's gate."
    )
    due_on: date | None = Field(
        default=None,
        description="Last day for issue by the programme's service standard, in its own zone.",
        examples=["2023-03-15"],
    )


class RequestVerified(CaseEvent):
    """The requirements are complete; the office works on it."""

    type: ClassVar[str] = "intake.request_verified.v1"


class DocumentIssued(CaseEvent):
    """The document exists and waits for its holder."""

    type: ClassVar[str] = "intake.document_issued.v1"

    deliver: bool = Field(
        description="It is to be brought home rather than fetched.", examples=[True]
    )


class ReceiptConfirmed(CaseEvent):
    """The recipient said that the document arrived."""

    type: ClassVar[str] = "intake.receipt_confirmed.v1"


class CloseOutcome(StrEnum):
    """How a request ended."""

    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class RequestClosed(CaseEvent):
    """The request is finished, for one of the stated reasons."""

    type: ClassVar[str] = "intake.request_closed.v1"

    outcome: CloseOutcome = Field(examples=[CloseOutcome.HANDED_OVER])
    pick_up: bool = Field(description="As when it was received.", examples=[False])
    deliver: bool = Field(description="As when it was received.", examples=[False])
    within_standard: bool | None = Field(
        default=None,
        description="The document was issued on or before the due day; null where none was issued "
        "or no standard is stated.",
        examples=[True],
    )


class SurveyScore(Part):
    """What one question of a survey was given."""

    question: Annotated[
        str,
        Field(
            pattern=f"^(U[1-9]|{token('a-z', '_')[1:-1]})$",
            max_length=40,
            description="An element of PermenPANRB 14/2017, U1 to U9, or a question that the "
            "programme asks besides.",
            examples=["U3"],
        ),
        Reason("U1 to U9, or the code of a question of the programme's own"),
    ]
    score: int = Field(ge=1, le=4, examples=[4])


class SurveyAnswered(Event):
    """Somebody answered the satisfaction survey; about which request stands nowhere."""

    type: ClassVar[str] = "intake.survey_answered.v1"
    aggregate_field: ClassVar[str] = "survey_id"
    correlation_field: ClassVar[str] = "survey_id"

    survey_id: Annotated[
        AggregateId,
        Field(
            description="Random, and kept nowhere else: it leads to no request.",
            examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"],
        ),
    ]
    programme_id: ProgrammeId
    service: ServiceCode
    answered_on: date = Field(
        description="The day in the programme's zone; the event's time is its beginning.",
        examples=["2023-03-15"],
    )
    scores: tuple[SurveyScore, ...] = Field(
        min_length=1, max_length=12, description="What was left out counts nowhere."
    )


class AccessKind(StrEnum):
    """What was taken back."""

    ACCOUNT = "account"
    SESSION = "session"
    MACHINE = "machine"
    TOKEN = "token"  # noqa: S105 - a kind
    """One token of a machine."""


class AccessRevoked(Event):
    """Tokens of this account, session or machine that were issued up to then count no more."""

    type: ClassVar[str] = "intake.access_revoked.v1"
    aggregate_field: ClassVar[str] = "access_id"
    correlation_field: ClassVar[str] = "access_id"

    access_id: AccessId = Field(examples=["0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"])
    kind: AccessKind = Field(examples=[AccessKind.TOKEN])
    revoked_at: Moment = Field(examples=["2023-03-11T02:15:00Z"])
    until: Moment | None = Field(
        default=None,
        description="Until when this has to be remembered: no token that it ends lives longer. "
        "Null: an hour.",
        examples=["2024-03-12T02:15:00Z"],
    )


class AuditHeadPublished(AuditHead):
    """The hash of an audit trail's newest block: kept elsewhere, it shows if one was altered."""

    type: ClassVar[str] = "intake.audit_head_published.v1"


EVENTS: tuple[type[Event], ...] = (
    ProgrammePublished,
    RequestReceived,
    RequestVerified,
    DocumentIssued,
    ReceiptConfirmed,
    RequestClosed,
    *complaints.EVENTS,
    SurveyAnswered,
    AccessRevoked,
    AuditHeadPublished,
)
