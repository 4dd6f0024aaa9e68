"""A second person's word at the desk that an issued document is the right one all the same."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from services.intake.domain import MAX_REASON, Refused, WhyRight
from services.intake.pages.desk import DESK
from services.intake.pages.desk_case import CASE, CaseDeskDep, CasePath, case_page
from services.intake.usecases import allowed_case, confirm_document
from services.intake.usecases.reasons import says_why
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId

DOCUMENT: Final = f"{CASE}/dokumen"
RULES: Final[RouteRules] = {f"POST {DOCUMENT}": Rule({Role.OPERATOR, Role.SUPERVISOR})}

router = APIRouter(include_in_schema=False)


@router.post(DOCUMENT)
async def confirm(
    at: CaseDeskDep,
    case_id: CasePath,
    berkas: Annotated[AggregateId, Form()],
    sebab: Annotated[WhyRight, Form()],
    penjelasan: Annotated[str, Form(max_length=MAX_REASON * 2)] = "",
) -> Response:
    """Let a document pass that is not plainly right, after a fresh sign-in."""
    case = await at.one(case_id)
    said = " ".join(penjelasan.split())
    if not says_why(said):
        wrong = Refused("explanation_malformed", "penjelasan: why it is right")
        return await case_page(at, case, refused=wrong)
    if (asking := await at.desk.form.asks("pastikan")) is not None:
        return asking
    allow = allowed_case(at.desk.caller)
    try:
        await at.desk.form.run(
            at.commands,
            lambda uow: confirm_document(case_id, berkas, sebab, said, uow, allow=allow),
            f"confirm {berkas} {sebab} {said}",
            case_id,
        )
    except Refused as refused:
        return await case_page(at, await at.one(case_id), refused=refused)
    to = at.desk.pages.at(f"{DESK}/{case_id}?selesai=pastikan")
    return at.desk.form.done(RedirectResponse(to, status_code=303))
