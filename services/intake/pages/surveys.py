"""Survei kepuasan: who has a closed request's code answers once, on a page or a part of it.

The code is proved as on the tracking page, which gives a pass: no address names a request.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Case, Refused
from services.intake.domain.survey import COMMENT_LIMIT, SurveyWay
from services.intake.pages.survey_form import SurveyForm, asked, typed, wrong_at
from services.intake.pages.tracking import TRACK, Tracking, TrackingDep, cut, standing, unknown
from services.intake.usecases import RESIDENT, Tracked, Vault
from services.intake.usecases.surveys import answer_survey
from shared.auth.rules import PUBLIC, RouteRules
from shared.messaging.task import fingerprint_of
from shared.runtime import Commands, FingerprintKey, Sent, gathered
from shared.sealing.masterkeys import UnknownMasterKey
from shared.web.problems import Conflict, Unavailable

SURVEY: Final = f"{TRACK}/survei"
RULES: Final[RouteRules] = {f"GET {SURVEY}": PUBLIC, f"POST {SURVEY}": PUBLIC}
_REFUSALS: Final = frozenset({"survey_answered", "not_closed", "restricted", "erased"})
"""What the tracking page says instead of asking, below `survey.refused`; all else is `other`."""

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Answering:
    """What keeping the answers works with."""

    commands: Commands
    vault: Vault
    fingerprints: FingerprintKey

    async def keep(self, case: Case, form: SurveyForm) -> None:
        """Keep the answers; the same form sent twice is one.

        Raises Refused, Conflict and Unavailable.
        """
        answers, key = form.answers, self.fingerprints.secret
        content = fingerprint_of(key, "survey", case.id, *form.content)
        sent = Sent(content, content, actor=RESIDENT, action=f"POST {SURVEY}")
        try:
            await self.commands.run(
                lambda uow: answer_survey(case.id, answers, SurveyWay.PAGE, uow, vault=self.vault),
                sent=sent,
                key=case.id,
            )
        except Conflict as conflict:
            raise Refused(str(conflict.members.get("reason")), conflict.detail) from None
        except UnknownMasterKey as missing:
            raise Unavailable("a key is not here", retry_after=30) from missing


@router.get(SURVEY)
async def back_to_code(parts: TrackingDep) -> Response:
    """Go to where the code is asked for."""
    return RedirectResponse(parts.pages.at(TRACK), status_code=303)


@router.post(SURVEY)
async def take_survey(
    request: Request,
    parts: TrackingDep,
    answering: Annotated[Answering, Depends(gathered(Answering))],
    kode: Typed = "",
    tanda: Typed = "",
    aksi: Typed = "",
) -> Response:
    """Ask, or keep what was answered. Raises TooManyRequests after too many wrong codes."""
    code, shown = cut(kode), cut(tanda)
    one = await parts.found(request, code, shown)
    if one is None:
        return unknown(request, parts, code, shown)
    if aksi != "kirim":
        return _asked(request, parts, one) if one.takes_survey else _over(request, parts, one)
    form = typed(await request.form())
    try:
        await answering.keep(one.case, form)
    except Refused as refused:
        if refused.reason in _REFUSALS:
            return standing(request, parts, one, wrong=f"survey.refused.{refused.reason}")
        return _asked(request, parts, one, form, refused)
    after = await parts.of_pass(parts.passes(one.case, parts.clock()))
    return standing(request, parts, after or one, noted="survey.thanks")


def _over(request: Request, parts: Tracking, one: Tracked) -> Response:
    reason = "not_closed" if one.case.outcome is None else "other"
    return standing(request, parts, one, wrong=f"survey.refused.{reason}")


def _asked(
    request: Request,
    parts: Tracking,
    one: Tracked,
    form: SurveyForm | None = None,
    refused: Refused | None = None,
) -> Response:
    return parts.pages.render(
        request,
        "survei.html",
        status=422 if refused else 200,
        tracked=one,
        questions=asked(one.programme, parts.pages.texts),
        form=form or SurveyForm(),
        wrong=wrong_at(refused) if refused else None,
        tanda=parts.passes(one.case, parts.clock()),
        limit=COMMENT_LIMIT,
    )
