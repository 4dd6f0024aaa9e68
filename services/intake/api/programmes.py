"""Programmes over HTTP: a document to publish, to copy and to read."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictInt, model_validator

from services.intake.api.fields import require_region
from services.intake.api.rights import allowed_programme, programme_of
from services.intake.api.service_points import MAX_SERVICES, ServicePoints
from services.intake.api.standing import Standing
from services.intake.api.survey_questions import SurveyQuestions
from services.intake.domain import (
    CalendarExceptions,
    CatalogueService,
    DataUse,
    Deliverable,
    LineOrder,
    Programme,
    ServicePoint,
)
from services.intake.domain.survey import SurveyQuestion
from services.intake.usecases import (
    Reader,
    Regions,
    publish_programme,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import (
    Channel,
    ProgrammeId,
    PublicText,
    ServiceCode,
    TypedRegionCode,
)
from shared.contracts.intake import Language, TimeZone
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields

_READERS: Final = Rule(set(Role) - {Role.CHANNEL})

RULES: Final[RouteRules] = {
    "PUT /api/programmes/{programme_id}": Rule({Role.ADMIN}),
    "GET /api/programmes": _READERS,
    "GET /api/programmes/{programme_id}": _READERS,
}

MAX_CHANNELS: Final = 20
MAX_EXCEPTIONS: Final = 400
MAX_RECIPIENTS: Final = 20
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
            survey_questions=tuple(one.question() for one in self.survey_questions),
        )


class PublishedAnswer(BaseModel):
    """A programme's version after the command."""

    programme_id: str
    version: int


class ProgrammeAnswer(BaseModel):
    """A programme as it stands."""

    programme_id: str
    version: int
    name: str
    owner: str
    region_code: str
    time_zone: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    services: tuple[dict[str, Any], ...]
    standard_working_days: int | None
    pick_up_and_delivery: bool
    calendar: dict[str, list[date]]
    retention_days: int | None
    data_use: DataUse
    service_points: tuple[ServicePoint, ...]
    line: LineOrder
    survey_questions: tuple[SurveyQuestion, ...]
    copied_from: str | None
    catalogue_version: int | None
    sop_version: int | None
    requests_per_person_and_day: int | None


router = APIRouter(prefix="/api/programmes")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
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


@router.get("")
async def list_programmes(caller: CallerDep, reader: ReaderDep) -> list[ProgrammeAnswer]:
    """Return the programmes in which the caller holds a grant."""
    found = await reader.find(Programme)
    return [answered(programme) for programme in found if caller.belongs_to(programme.id)]


@router.get("/{programme_id}")
async def get_programme(
    programme_id: ProgrammePath, caller: CallerDep, reader: ReaderDep
) -> ProgrammeAnswer:
    """Return one programme."""
    return answered(await programme_of(programme_id, caller, reader))


def answered(programme: Programme) -> ProgrammeAnswer:
    """Return a programme as it is read."""
    return ProgrammeAnswer(
        programme_id=programme.id,
        version=programme.version,
        name=programme.name,
        owner=programme.owner,
        region_code=programme.region_code,
        time_zone=programme.time_zone,
        languages=programme.languages,
        channels=programme.channels,
        services=tuple(asdict(service) for service in programme.services),
        standard_working_days=programme.standard_working_days,
        pick_up_and_delivery=programme.pick_up_and_delivery,
        calendar={
            "closed": sorted(programme.calendar.closed),
            "open": sorted(programme.calendar.open),
        },
        retention_days=programme.retention_days,
        data_use=programme.data_use,
        service_points=programme.service_points,
        line=programme.line,
        survey_questions=programme.survey_questions,
        copied_from=programme.copied_from,
        catalogue_version=programme.catalogue_version,
        sop_version=programme.sop_version,
        requests_per_person_and_day=programme.requests_per_person_and_day,
    )
