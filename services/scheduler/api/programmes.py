"""Scheduler's copies of programmes over HTTP."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from services.scheduler.api.parts import READERS, ReaderDep
from services.scheduler.domain import Programme
from services.scheduler.usecases import passed_by
from shared.auth.rules import RouteRules
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api")
RULES: Final[RouteRules] = {"GET /api/programmes": READERS}


class ProgrammeAnswer(BaseModel):
    """Scheduler's copy of a programme."""

    programme_id: str
    name: str
    owner: str
    version: int
    passed_by: int
    """By its policy: of those who join later, how many can be called before somebody with a hundred
    before him."""


@router.get("/programmes")
async def list_programmes(caller: CallerDep, reader: ReaderDep) -> list[ProgrammeAnswer]:
    """Return the programmes that scheduler knows and the caller holds a grant in."""
    return [
        ProgrammeAnswer(
            programme_id=p.id,
            name=p.name,
            owner=p.owner,
            version=p.version,
            passed_by=passed_by(p.line),
        )
        for p in await reader.find(Programme)
        if caller.belongs_to(p.id)
    ]
