"""Lacak permohonan: how a request stands, for whoever has its code and no account.

The code comes in the body and stands in no address. Wrong codes count as those of the API do.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.intake.usecases import Catalogues, Limiter, Reader, track
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import provided
from shared.web.pages import Pages
from shared.web.problems import TooManyRequests

TRACK: Final = "/lacak"
RULES: Final[RouteRules] = {f"GET {TRACK}": PUBLIC, f"POST {TRACK}": PUBLIC}
MAX_CODE: Final = 100
"""Characters that are looked at; a code has fewer."""

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CataloguesDep = Annotated[Catalogues, Depends(provided(Catalogues))]
LimiterDep = Annotated[Limiter, Depends(provided(Limiter))]


@router.get(TRACK)
async def show_form(request: Request, pages: PagesDep) -> Response:
    """Ask for the code."""
    return pages.render(request, "lacak.html", tracked=None, error="")


@router.post(TRACK)
async def show_request(
    request: Request,
    pages: PagesDep,
    reader: ReaderDep,
    limiter: LimiterDep,
    catalogues: CataloguesDep,
    kode: Annotated[str, Form()] = "",
) -> Response:
    """Show how the request stands. Raises TooManyRequests after too many wrong codes."""
    client = request.client.host if request.client else ""
    if (seconds := await limiter.client_waits(client)) is not None:
        raise TooManyRequests("too many wrong codes", retry_after=seconds)
    code = kode.strip()[:MAX_CODE]
    tracked = await track(code, reader, catalogues) if code else None
    if tracked is not None:
        return pages.render(request, "lacak.html", tracked=tracked, error="")
    if code:
        await limiter.count_client(client)
    error = "track.unknown" if code else "tracking.empty"
    return pages.render(request, "lacak.html", status=422, tracked=None, error=error)
