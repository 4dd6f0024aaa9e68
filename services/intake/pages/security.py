"""Catatan keamanan: what was noticed about accounts, for those who look after them."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.intake.usecases import Reader, is_told
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages

SECURITY: Final = "/keamanan"
RULES: Final[RouteRules] = {f"GET {SECURITY}": Rule({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})}
RECORDS: Final = 200
"""Records that are looked at for the page, the newest; those within reach are shown."""

router = APIRouter(include_in_schema=False)


@router.get(SECURITY)
async def show_records(
    request: Request,
    caller: CallerDep,
    pages: Annotated[Pages, Depends(provided(Pages))],
    reader: Annotated[Reader, Depends(provided(Reader))],
) -> Response:
    """Show what was noticed, newest first."""
    found = await reader.security_records(RECORDS)
    records = [one for one in found if is_told(caller, one.grants)]
    return pages.render(request, "keamanan.html", records=records)
