"""Survei di kertas: an operator enters what a resident answered on paper, about a closed case."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Case, Programme, Refused
from services.intake.domain.survey import COMMENT_LIMIT, Survey
from services.intake.pages.desk import DESK
from services.intake.pages.desk_case import CASE, CaseDesk, CaseDeskDep, CasePath
from services.intake.pages.survey_form import SurveyForm, asked, typed, wrong_at
from services.intake.usecases import Vault, allowed_as
from services.intake.usecases.surveys import enter_survey
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.runtime import provided
from shared.web.sealed import openable

PAPER_SURVEY: Final = f"{CASE}/survei"
_OPERATOR: Final = Rule({Role.OPERATOR})
RULES: Final[RouteRules] = {f"GET {PAPER_SURVEY}": _OPERATOR, f"POST {PAPER_SURVEY}": _OPERATOR}

router = APIRouter(include_in_schema=False)


@router.get(PAPER_SURVEY)
async def show_paper_survey(at: CaseDeskDep, case_id: CasePath) -> Response:
    """Show the questions as the paper has them."""
    case = await at.one(case_id)
    if case.outcome is None or await at.reader.get(Survey, case_id) is not None:
        return RedirectResponse(at.desk.pages.at(f"{DESK}/{case_id}"), status_code=303)
    return await _page(at, case)


@router.post(PAPER_SURVEY)
async def enter(
    at: CaseDeskDep, case_id: CasePath, vault: Annotated[Vault, Depends(provided(Vault))]
) -> Response:
    """Keep what the paper says, or show the page again with what is wrong."""
    case = await at.one(case_id)
    form = typed(await at.desk.request.form())
    allow = allowed_as(at.desk.caller, {Role.OPERATOR})
    try:
        answers = form.answers
        with openable("the person's"):
            await at.desk.form.run(
                at.commands,
                lambda uow: enter_survey(case_id, answers, uow, vault=vault, allow=allow),
                "\n".join(form.content),
                case_id,
            )
    except Refused as refused:
        return await _page(at, case, form, refused)
    return RedirectResponse(at.desk.pages.at(f"{DESK}/{case_id}?selesai=survei"), status_code=303)


async def _page(
    at: CaseDesk, case: Case, form: SurveyForm | None = None, refused: Refused | None = None
) -> Response:
    programme = await at.reader.get(Programme, case.programme_id)
    service = programme.catalogue.get(case.service) if programme else None
    texts = at.desk.pages.texts
    stands = refused is not None and f"survey.refused.{refused.reason}" in texts
    return at.desk.pages.render(
        at.desk.request,
        "meja_survei.html",
        status=409 if stands else 422 if refused else 200,
        case=case,
        service=service.name if service else case.service,
        questions=asked(programme, texts),
        form=form or SurveyForm(),
        wrong=wrong_at(refused) if refused and not stands else None,
        stands=refused.reason if refused and stands else "",
        limit=COMMENT_LIMIT,
        key=new_id(),
    )
