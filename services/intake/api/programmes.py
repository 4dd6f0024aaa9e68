"""Programmes over HTTP: a document to publish."""

from datetime import date
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictInt, model_validator

from services.intake.api.fields import ComplaintDays, TimeOfDay, require_region
from services.intake.api.rights import allowed_programme
from services.intake.api.standing import Standing
from services.intake.domain import (
    CalendarExceptions,
    CatalogueService,
    DataUse,
    Deliverable,
    LineOrder,
    OpenHours,
    Programme,
    ServicePoint,
)
from services.intake.domain.survey import OWN_QUESTIONS, SurveyQuestion
from services.intake.usecases import Regions, publish_programme
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import (
    Channel,
    ProgrammeId,
    PublicText,
    ServiceCode,
    Slug,
    TypedRegionCode,
)
from shared.contracts.intake import Language, TimeZone
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields

RULES: Final[RouteRules] = {"PUT /api/programmes/{programme_id}": Rule({Role.ADMIN})}

MAX_SERVICES: Final = 100
MAX_CHANNELS: Final = 20
MAX_EXCEPTIONS: Final = 400
MAX_RECIPIENTS: Final = 20
MAX_POINTS: Final = 200
_WEEK: Final = 7
MAX_RETENTION: Final = 36_500
"""Days: a hundred years."""

MAX_A_DAY: Final = 100
"""The highest limit of requests of one person in a day."""

Days = Annotated[tuple[date, ...], Field(max_length=MAX_EXCEPTIONS)]
ProgrammePath = Annotated[ProgrammeId, Path()]


class ServiceBody(Body):
    """One service of the catalogue."""

    code: ServiceCode
    name: PublicText
    deliverable: Deliverable
    home: bool = True
    child: bool = False
    """It is about a child: specific data (UU 27/2022, article 4).

    A request names a guardian, else it warns.
    """


class CalendarBody(Body):
    """Days on which the programme differs from the national calendar."""

    closed: Days = ()
    open: Days = ()

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if set(self.closed) & set(self.open):
            raise Unfit("a day is open or closed, not both")
        return self


class DataUseBody(Body):
    """What residents' data are used for and on what basis, in Bahasa Indonesia, for residents.

    What is left out is said in the words that hold for every programme.
    """

    purpose: PublicText | None = None
    basis: PublicText | None = None
    recipients: Annotated[tuple[PublicText, ...], Field(max_length=MAX_RECIPIENTS)] = ()
    contact: PublicText | None = None


class OpenHoursBody(Body):
    """When a point is open on one day of the week, 1 for Monday."""

    weekday: Annotated[int, Field(ge=1, le=_WEEK)]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise Unfit("a point closes after it opens")
        return self


class ServicePointBody(Body):
    """Where residents reach the programme; what nobody has stated is left out."""

    name: PublicText
    region_code: TypedRegionCode
    place: PublicText | None = None
    online: bool = False
    hours: Annotated[tuple[OpenHoursBody, ...], Field(max_length=2 * _WEEK)] = ()
    services: Annotated[tuple[ServiceCode, ...], Field(max_length=MAX_SERVICES)] = ()
    source: PublicText | None = None

    def point(self) -> ServicePoint:
        """Return the point that this describes."""
        hours = tuple(OpenHours(**one.model_dump()) for one in self.hours)
        return ServicePoint(
            self.name,
            self.region_code,
            self.place,
            self.online,
            hours,
            self.services,
            self.source,
        )


class LineOrderBody(Body):
    """In which order the lines of its events are called; left out: by joining alone.

    `priority_every`: of so many calls at most one goes to somebody with priority before his turn.
    `recall_after`: so many numbers. `weights`: calls in turn of each service at a booth.
    """

    priority_every: Annotated[StrictInt, Field(ge=2, le=100)] | None = None
    recall_after: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    no_show_minutes: Annotated[StrictInt, Field(ge=1, le=240)] | None = None
    weights: Annotated[
        dict[ServiceCode, Annotated[StrictInt, Field(ge=1, le=100)]],
        Field(max_length=MAX_SERVICES),
    ] = Field(default_factory=dict)


class SurveyQuestionBody(Body):
    """A question of the satisfaction survey. `answers`: the words for 1, 2, 3 and 4."""

    code: Slug
    text: PublicText
    answers: tuple[PublicText, PublicText, PublicText, PublicText]


ServicePoints = Annotated[tuple[ServicePointBody, ...], Field(max_length=MAX_POINTS)]
SurveyQuestions = Annotated[tuple[SurveyQuestionBody, ...], Field(max_length=OWN_QUESTIONS)]


class ProgrammeBody(Standing, Body):
    """A programme, whole, as it shall stand from now on."""

    name: PublicText
    owner: PublicText
    region_code: TypedRegionCode
    time_zone: TimeZone
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=10)]
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=MAX_CHANNELS)]
    services: Annotated[tuple[ServiceBody, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    standard_working_days: Annotated[int, Field(ge=0, le=365)] | None
    pick_up_and_delivery: bool
    calendar: CalendarBody = CalendarBody()
    retention_days: Annotated[int, Field(ge=1, le=MAX_RETENTION)] | None = None
    """Days after the last of a person's cases was closed; then he may be erased. Null: never."""
    data_use: DataUseBody = DataUseBody()
    requests_per_person_and_day: Annotated[int, Field(ge=1, le=MAX_A_DAY)] | None = None
    """By the NIK of who asks, in the programme's zone. Null: any number."""
    service_points: ServicePoints = ()
    line: LineOrderBody = LineOrderBody()
    complaint_days: ComplaintDays = Field(default_factory=dict)
    survey_questions: SurveyQuestions = ()
    """What the satisfaction survey asks beside its nine elements."""

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        codes = [service.code for service in self.services]
        if len(set(codes)) < len(codes) or len(set(self.channels)) < len(self.channels):
            raise Unfit("a service or a channel is listed twice")
        if len({one.code for one in self.survey_questions}) < len(self.survey_questions):
            raise Unfit("a question of the survey is listed twice")
        return self

    def require_places(self, regions: Regions) -> None:
        """Raise InvalidFields for a region that nobody knows, or a point's service."""
        require_region(regions, self.region_code, "/region_code")
        offered = {service.code for service in self.services}
        for number, point in enumerate(self.service_points):
            at = f"/service_points/{number}"
            require_region(regions, point.region_code, f"{at}/region_code")
            if not offered.issuperset(point.services):
                reason = "the programme does not offer one of them"
                raise InvalidFields(FieldError(f"{at}/services", reason))

    def programme(self, programme_id: str) -> Programme:
        """Return the programme that this describes."""
        services = (
            CatalogueService(
                service.code, service.name, service.deliverable, service.home, service.child
            )
            for service in self.services
        )
        return Programme(
            id=programme_id,
            name=self.name,
            owner=self.owner,
            region_code=self.region_code,
            time_zone=self.time_zone,
            languages=self.languages,
            channels=self.channels,
            services=tuple(services),
            standard_working_days=self.standard_working_days,
            pick_up_and_delivery=self.pick_up_and_delivery,
            calendar=CalendarExceptions(
                frozenset(self.calendar.closed), frozenset(self.calendar.open)
            ),
            retention_days=self.retention_days,
            data_use=DataUse(**self.data_use.model_dump()),
            requests_per_person_and_day=self.requests_per_person_and_day,
            service_points=tuple(one.point() for one in self.service_points),
            line=LineOrder(**self.line.model_dump()),
            complaint_days=self.complaint_days,
            survey_questions=tuple(
                SurveyQuestion(**one.model_dump()) for one in self.survey_questions
            ),
        )


class PublishedAnswer(BaseModel):
    """A programme's version after the command."""

    programme_id: str
    version: int


router = APIRouter(prefix="/api/programmes")
RegionsDep = Annotated[Regions, Depends(provided(Regions))]


@router.put("/{programme_id}")
async def put_programme(
    programme_id: ProgrammePath,
    body: ProgrammeBody,
    caller: CallerDep,
    commands: CommandsDep,
    regions: RegionsDep,
    sent: SentDep,
) -> PublishedAnswer:
    """Publish a programme; the same content again changes nothing. What `GET` answers is taken."""
    body.require_places(regions)
    wanted = body.programme(programme_id)
    allow = allowed_programme(caller)
    outcome = await commands.run(
        lambda uow: publish_programme(wanted, uow, allow=allow, stated=body.stated),
        sent=sent,
        key=programme_id,
    )
    allow(wanted)  # a replay too: the token may be another one by now
    return PublishedAnswer(programme_id=programme_id, version=outcome.answer)
