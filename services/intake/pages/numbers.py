"""Cases by the number on a counter's receipt, which may be all that their resident has."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Case
from services.intake.domain.counter import read_number
from services.intake.pages.desk import DESK, DeskDep
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule

NUMBER: Final = f"{DESK}/nomor"
RULES: Final[RouteRules] = {f"GET {NUMBER}": Rule({Role.OPERATOR, Role.SUPERVISOR})}

router = APIRouter(include_in_schema=False)


@router.get(NUMBER)
async def show_number(desk: DeskDep, nomor: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the cases of the visits with this number, within reach; one alone is gone to."""
    number, programmes = read_number(nomor), await desk.programmes()
    visits = await desk.reader.visits_numbered(number) if number else []
    ids = [id_ for visit in visits for id_ in visit.case_ids]
    known = await desk.reader.many(Case, ids) if ids else {}
    cases = [one for one in (known.get(id_) for id_ in ids) if one and _reaches(desk, one)]
    if len(cases) == 1:
        return RedirectResponse(desk.pages.at(f"{DESK}/{cases[0].id}"), status_code=303)
    return desk.pages.render(
        desk.request,
        "meja_nomor.html",
        number=number or nomor,
        rows=[desk.row(one, programmes[one.programme_id]) for one in cases],
        right=number is not None,
    )


def _reaches(desk: DeskDep, case: Case) -> bool:
    return desk.caller.may(
        desk.caller.acting, programme=case.programme_id, region=case.office_region
    )
