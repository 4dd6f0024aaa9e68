"""Programmes over HTTP, to read: what `GET` answers is what is taken to publish."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.intake.api.fields import ComplaintDays
from services.intake.api.programmes import ProgrammePath
from services.intake.api.rights import programme_of
from services.intake.domain import DataUse, LineOrder, Programme, ServicePoint
from services.intake.domain.survey import SurveyQuestion
from services.intake.usecases import Reader
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import provided
from shared.web.guard import CallerDep

_READERS: Final = Rule(set(Role) - {Role.CHANNEL})
RULES: Final[RouteRules] = {
    "GET /api/programmes": _READERS,
    "GET /api/programmes/{programme_id}": _READERS,
}


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
    complaint_days: ComplaintDays


router = APIRouter(prefix="/api/programmes")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


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
        complaint_days=dict(programme.complaint_days),
    )
