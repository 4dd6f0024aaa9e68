"""Data pribadi: what is held of residents, why, on what basis, how long, and what they may ask.

UU 27/2022 article 21. Open to everybody; it names no person and reads nothing about any.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.intake.usecases import DATA_PAGE, KnownProgrammes
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import provided
from shared.web.pages import Pages
from shared.web.problems import NotFound

_OF_ONE: Final = f"{DATA_PAGE}/{{programme_id}}"
RULES: Final[RouteRules] = {f"GET {DATA_PAGE}": PUBLIC, f"GET {_OF_ONE}": PUBLIC}

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ProgrammesDep = Annotated[KnownProgrammes, Depends(provided(KnownProgrammes))]


@router.get(DATA_PAGE)
async def show_programmes(request: Request, pages: PagesDep, known: ProgrammesDep) -> Response:
    """List the programmes, each with its own page."""
    programmes = sorted((await known.all()).values(), key=lambda one: one.name)
    return pages.render(request, "data_pribadi.html", programmes=programmes, programme=None)


@router.get(_OF_ONE)
async def show_programme(
    programme_id: str, request: Request, pages: PagesDep, known: ProgrammesDep
) -> Response:
    """Show what one programme does with data. Raises NotFound."""
    programme = (await known.all()).get(programme_id)
    if programme is None:
        raise NotFound("programme")
    return pages.render(request, "data_pribadi.html", programmes=[], programme=programme)
