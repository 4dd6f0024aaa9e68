"""The satisfaction survey about a closed case: answered once, by whatever way the answers come.

Text stays here, sealed; scores leave as an event that names neither case nor person.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Final

from services.intake.domain import (
    Case,
    Party,
    Programme,
    Refused,
    Resident,
    ResidentKey,
    local_day,
)
from services.intake.domain.calendar import ZONES
from services.intake.domain.survey import Answers, Survey, SurveyWay, require_closed
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.ports import Reader, Vault
from services.intake.usecases.restriction import require_processing
from shared.contracts.envelope import new_id
from shared.contracts.intake import SurveyAnswered, SurveyScore
from shared.messaging.unit_of_work import UnitOfWork

_FIELD: Final = "comment"


async def answer_survey(
    case_id: str, answers: Answers, way: SurveyWay, uow: UnitOfWork, *, vault: Vault
) -> None:
    """Keep the answers about a closed case, and publish their scores. The first stand.

    Whoever calls it has proof that they are about this case: its tracking code, the chat that the
    case came in by, or the right of `enter_survey`. Raises Missing, and Refused: `not_closed`,
    `survey_answered`, `restricted`, `erased`, and what `Answers.require` raises.
    """
    case = await uow.require(Case, case_id)
    require_closed(case)
    if await uow.get(Survey, case_id) is not None:
        raise Refused("survey_answered", "survey: it was answered; the first answers stand")
    await require_processing(case, uow)
    programme = await uow.require(Programme, case.programme_id)
    answers.require(programme.survey_questions)
    comment = await _sealed(case, answers.comment, uow, vault)
    day = local_day(uow.now(), case.time_zone)
    uow.add(Survey(case.id, day, way, uow.actor, dict(answers.scores), comment))
    _publish(case, answers.scores, uow)


async def enter_survey(
    case_id: str, answers: Answers, uow: UnitOfWork, *, vault: Vault, allow: Allow
) -> None:
    """Keep what a resident answered on paper. Raises as `answer_survey` and `allow` do."""
    require_right(await uow.require(Case, case_id), allow, backdated=False)
    await answer_survey(case_id, answers, SurveyWay.PAPER, uow, vault=vault)


async def may_answer(case: Case, reader: Reader) -> bool:
    """Return whether a survey about this case is still to be answered, and somebody is there."""
    if case.outcome is None or await reader.get(Survey, case.id) is not None:
        return False
    found = await reader.many(Resident, sorted(set(case.parties.values())))
    applicant = found.get(case.parties.get(Party.APPLICANT, ""))
    if applicant is None or applicant.gone:
        return False
    return all(one.restriction is None for one in found.values())


async def comment_on(case: Case, reader: Reader, vault: Vault) -> str:
    """Return what was said of a case in the applicant's own words; nothing where nothing was.

    Raises what the vault raises.
    """
    kept = await reader.get(Survey, case.id)
    key = await reader.get(ResidentKey, case.parties.get(Party.APPLICANT, ""))
    if kept is None or not kept.comment or key is None or key.destroyed:
        return ""
    return vault.open(key, _place(case.id), kept.comment)[_FIELD]


async def _sealed(case: Case, comment: str, uow: UnitOfWork, vault: Vault) -> Mapping[str, str]:
    """Return the text sealed with the applicant's key; refused where he is erased, text or not."""
    resident_id = case.parties.get(Party.APPLICANT, "")
    resident = await uow.get(Resident, resident_id)
    key = await uow.get(ResidentKey, resident_id)
    if resident is None or key is None or key.destroyed:
        raise Refused("erased", "resident: he has been erased, or is not here")
    uow.add(resident.sealed_for())
    return vault.seal(key, _place(case.id), {_FIELD: comment}) if comment else {}


def _publish(case: Case, scores: Mapping[str, int], uow: UnitOfWork) -> None:
    """Publish the scores under an id that stands nowhere else, and a time no finer than the day."""
    day = local_day(uow.now(), case.time_zone)
    event = SurveyAnswered(
        survey_id=new_id(),
        programme_id=case.programme_id,
        service=case.service,
        answered_on=day,
        scores=tuple(SurveyScore(question=one, score=n) for one, n in sorted(scores.items())),
    )
    begins = datetime.combine(day, time.min, ZONES[case.time_zone])
    uow.publish(event, version=1, occurred_at=begins)


def _place(case_id: str) -> str:
    return f"survey.{case_id}"
