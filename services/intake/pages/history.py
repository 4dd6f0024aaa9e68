"""Memasukkan riwayat: a file is checked, what it would refuse is shown, and then it is brought in.

What is done is the API's (`api/imports.py`); the page asks it and says what it says.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.intake.usecases import IMPORT, Clock, KnownProgrammes, Reader
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.runtime import gathered
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import NotFound

HISTORY: Final = "/riwayat"
RULES: Final[RouteRules] = {
    f"GET {HISTORY}": Rule({Role.IMPORTER}),
    f"GET {HISTORY}/{{programme_id}}": Rule({Role.IMPORTER}),
}
_NAMED: Final = 50
"""Events that are offered by name; any other is typed."""
_SINCE: Final = timedelta(days=400)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Bringing:
    """What the pages work with."""

    known: KnownProgrammes
    reader: Reader
    pages: Pages
    clock: Clock


BringingDep = Annotated[Bringing, Depends(gathered(Bringing))]


@router.get(HISTORY)
async def show_programmes(request: Request, caller: CallerDep, parts: BringingDep) -> Response:
    """List the programmes whose history the caller may bring in."""
    known = sorted((await parts.known.all()).values(), key=lambda one: one.name)
    mine = [one for one in known if caller.belongs_to(one.id)]
    return parts.pages.render(request, "riwayat_pilih.html", programmes=mine)


@router.get(f"{HISTORY}/{{programme_id}}")
async def show_history(
    request: Request,
    programme_id: Annotated[ProgrammeId, Path()],
    caller: CallerDep,
    parts: BringingDep,
) -> Response:
    """Show the form for a programme's history."""
    caller.regions(programme_id)
    programme = await parts.known.published(programme_id)
    if programme is None:
        raise NotFound("programme")
    since = (parts.clock() - _SINCE).date()
    events = await parts.reader.events_since(since, _NAMED, [programme_id])
    return parts.pages.render(
        request, "riwayat.html", programme=programme, events=events, largest=IMPORT.limit
    )
