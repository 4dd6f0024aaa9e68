"""Cases by the number on a counter's receipt, which may be all that their resident has."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Case
from services.intake.domain.counter import read_number
from services.intake.pages.desk import DESK, DeskDep, Row
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule

NUMBER: Final = f"{DESK}/nomor"
_OFFICE: Final = Rule({Role.OPERATOR, Role.SUPERVISOR})
RULES: Final[RouteRules] = {f"GET {NUMBER}": _OFFICE, f"POST {NUMBER}": _OFFICE}
_MOST: Final = 40
"""Characters of what is looked at; a number has ten."""

router = APIRouter(include_in_schema=False)


@router.post(NUMBER)
async def find_number(
    desk: DeskDep, nomor: Annotated[str, Form(max_length=_MOST)] = ""
) -> Response:
    """Go to the cases of this number. What is none stands in no address: it may be a NIK."""
    number = read_number(nomor)
    if number is None:
        return _shown(desk, wrong=True)
    return RedirectResponse(desk.pages.at(f"{NUMBER}?nomor={number}"), status_code=303)


@router.get(NUMBER)
async def show_number(
    desk: DeskDep, nomor: Annotated[str, Query(max_length=_MOST)] = ""
) -> Response:
    """Show the cases of the visits with this number, within reach; one alone is gone to."""
    number = read_number(nomor)
    if number is None:
        return _shown(desk, wrong=bool(nomor))
    programmes = await desk.programmes()
    visits = await desk.reader.visits_numbered(number, list(programmes))
    ids = [id_ for visit in visits for id_ in visit.case_ids]
    known = await desk.reader.many(Case, ids) if ids else {}
    cases = [one for one in (known.get(id_) for id_ in ids) if one and _reaches(desk, one)]
    if len(cases) == 1:
        return RedirectResponse(desk.pages.at(f"{DESK}/{cases[0].id}"), status_code=303)
    rows = [desk.row(one, programmes[one.programme_id]) for one in cases]
    return _shown(desk, number=number, rows=rows)


def _shown(
    desk: DeskDep, *, number: str = "", rows: Sequence[Row] = (), wrong: bool = False
) -> Response:
    return desk.pages.render(
        desk.request, "meja_nomor.html", number=number, rows=rows, malformed=wrong
    )


def _reaches(desk: DeskDep, case: Case) -> bool:
    return desk.caller.may(
        desk.caller.acting, programme=case.programme_id, region=case.office_region
    )
