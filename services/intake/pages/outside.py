"""Another system is asked from the page of a case, and asked again where it stayed silent."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Refused
from services.intake.domain.outside import System
from services.intake.pages.desk import DESK
from services.intake.pages.desk_case import CASE, CaseDeskDep, CasePath, case_page
from services.intake.usecases import allowed_case
from services.intake.usecases.outside import ask_again, ask_outside, send_kept
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UseCase

OUTSIDE: Final = f"{CASE}/luar"
RULES: Final[RouteRules] = {f"POST {OUTSIDE}": Rule({Role.OPERATOR})}

router = APIRouter(include_in_schema=False)


@router.post(OUTSIDE)
async def ask(
    at: CaseDeskDep,
    case_id: CasePath,
    aksi: Annotated[Literal["kirim", "lagi"], Form()],
    sistem: Annotated[System, Form()],
) -> Response:
    """Ask a system, or send once more what it has not answered. A form sent twice asks once."""
    await at.one(case_id)
    allow, errand_id = allowed_case(at.desk.caller), new_id()
    uses: dict[str, UseCase] = {
        "kirim": lambda uow: ask_outside(
            case_id, sistem, errand_id, uow, systems=at.systems, allow=allow
        ),
        "lagi": lambda uow: ask_again(case_id, uow, systems=at.systems, allow=allow),
    }
    try:
        kept = await at.desk.form.command(at.commands, uses[aksi], f"{aksi} {sistem}", case_id)
    except Refused as refused:
        return await case_page(at, await at.one(case_id), refused=refused)
    if not kept.duplicate:
        await send_kept(kept.answer, at.systems, at.commands)
    to = at.desk.pages.at(f"{DESK}/{case_id}?selesai=luar")
    return RedirectResponse(to, status_code=303)
