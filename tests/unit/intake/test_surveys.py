"""The satisfaction survey: once, about what is closed, sealed here; scores leave without a case."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.intake.domain import Case, Party, Person, Refused, Resident, ResidentKey, Step
from services.intake.domain.survey import (
    COMMENT_LIMIT,
    SCALE,
    Answers,
    Element,
    Survey,
    SurveyQuestion,
    SurveyWay,
    require_same_words,
)
from services.intake.usecases import erase_resident, restrict, take_step
from services.intake.usecases.surveys import (
    answer_survey,
    comment_on,
    enter_survey,
    may_answer,
)
from shared.auth.roles import Forbidden
from shared.contracts.intake import SurveyAnswered
from shared.sealing.seal import Unsealable
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    NIK,
    VAULT,
    at_event,
    bench,
    everybody,
    reader,
    record,
)

KNOWS = SurveyQuestion("tahu_selesai", "Tahukah Anda?", ("Tidak", "Kurang", "Tahu", "Pasti"))
ASKING = replace(BOTRAM, survey_questions=(KNOWS,))
ALL = dict.fromkeys(Element, 4)
SAID = "Petugas Budi Contoh ramah sekali"


async def closed(*kept: object) -> Bench:
    """A closed request of somebody, in a programme with a question of its own."""
    work = bench(ASKING, *kept)
    await record(work, at_event(person=Person("Siti Contoh", NIK)))
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    return work


async def answer(work: Bench, scores: Any, comment: str = "", by: str = "resident") -> None:
    answers = Answers(scores, comment)
    await work.run(
        lambda uow: answer_survey(CASE, answers, SurveyWay.PAGE, uow, vault=VAULT), actor=by
    )


async def refused(work: Bench, scores: Any, comment: str = "") -> str:
    with pytest.raises(Refused) as found:
        await answer(work, scores, comment)
    return found.value.reason


async def case_of(work: Bench) -> Case:
    case = await work.get(Case, CASE)
    assert case is not None
    return case


def told(work: Bench) -> list[SurveyAnswered]:
    return [one for one in work.published if isinstance(one, SurveyAnswered)]


async def test_answers_are_kept_with_the_case_and_their_scores_leave_without_it() -> None:
    work = await closed()
    await answer(work, {Element.U3: 2, "tahu_selesai": 1}, SAID)

    kept = await work.get(Survey, CASE)
    assert kept is not None
    assert (kept.scores, kept.way, kept.by) == ({"U3": 2, "tahu_selesai": 1}, "page", "resident")
    assert await comment_on(await case_of(work), reader(work), VAULT) == SAID
    (event,) = told(work)
    assert {(one.question, one.score) for one in event.scores} == {("U3", 2), ("tahu_selesai", 1)}
    assert (event.programme_id, event.service) == ("botram", "KIA")
    message = work.messages[-1]
    resident = (await work.all(Resident))[0].id
    sent = f"{message.envelope} {message.body.decode()}"
    for secret in (CASE, resident, "Budi", "32.16", "botram-2023"):
        assert secret not in sent, secret
    kept_here = {name: of for name, of in work.memory.collections.items() if name != "outbox"}
    assert event.survey_id not in str(kept_here), "it leads to no case here either"


async def test_its_time_is_the_beginning_of_the_day_in_the_programmes_zone() -> None:
    work = await closed()
    work.clock.now = datetime(2023, 3, 31, 17, 30, tzinfo=UTC)  # 00.30 on 1 April in Bekasi
    await answer(work, ALL)
    (event,) = told(work)
    assert event.answered_on == date(2023, 4, 1)
    assert work.messages[-1].envelope.occurred_at == datetime(2023, 3, 31, 17, 0, tzinfo=UTC)


async def test_the_first_answers_stand() -> None:
    work = await closed()
    await answer(work, {"U1": 1})
    assert await refused(work, {"U1": 4}) == "survey_answered"
    kept = await work.get(Survey, CASE)
    assert kept is not None
    assert kept.scores == {"U1": 1}
    assert len(told(work)) == 1


async def test_what_goes_on_is_not_asked_about() -> None:
    work = bench(ASKING)
    await record(work, at_event(person=Person("Siti Contoh", NIK)))
    assert not await may_answer(await case_of(work), reader(work))
    assert await refused(work, ALL) == "not_closed"


@pytest.mark.parametrize(
    ("scores", "comment", "reason"),
    [
        ({}, SAID, "nothing_answered"),
        ({"U1": 0}, "", "score_malformed"),
        ({"U1": 5}, "", "score_malformed"),
        ({"U10": 4}, "", "question_unknown"),
        ({"lain": 4}, "", "question_unknown"),
        ({"U1": 4}, "x" * (COMMENT_LIMIT + 1), "comment_malformed"),
        ({"U1": 4}, "satu\x00dua", "comment_malformed"),
    ],
)
async def test_what_cannot_be_counted_is_refused(
    scores: dict[str, int], comment: str, reason: str
) -> None:
    work = await closed()
    assert await refused(work, scores, comment) == reason
    assert (await work.all(Survey), told(work)) == ([], [])


async def test_the_longest_text_and_every_score_are_taken() -> None:
    for score in SCALE:
        work = await closed()
        await answer(work, {"U1": score, **dict.fromkeys(Element, score)}, "x" * COMMENT_LIMIT)
        assert len(told(work)[0].scores) == len(Element)


async def test_while_the_processing_is_stopped_nothing_is_answered() -> None:
    work = await closed()
    (resident,) = await work.all(Resident)
    await work.run(lambda uow: restrict(resident.id, "Permintaan", uow, allow=everybody))
    assert not await may_answer(await case_of(work), reader(work))
    assert await refused(work, ALL) == "restricted"


async def test_with_its_resident_what_he_answered_is_forgotten_and_what_was_counted_stays() -> None:
    work = await closed()
    await answer(work, ALL, SAID)
    (resident,) = await work.all(Resident)
    await work.run(lambda uow: erase_resident(resident.id, uow))

    kept = await work.get(Survey, CASE)
    assert kept is not None
    assert (kept.scores, kept.comment, kept.erased) == ({}, {}, True)
    assert await comment_on(await case_of(work), reader(work), VAULT) == ""
    assert len(told(work)) == 1
    assert not await may_answer(await case_of(work), reader(work))


async def test_about_an_erased_resident_nothing_is_answered() -> None:
    work = await closed()
    (resident,) = await work.all(Resident)
    await work.run(lambda uow: erase_resident(resident.id, uow))
    assert not await may_answer(await case_of(work), reader(work))
    assert await refused(work, ALL) == "erased"


async def test_whoever_is_about_to_be_erased_is_given_nothing_more() -> None:
    work = await closed()
    (resident,) = await work.all(Resident)
    work.keep(resident.leave())
    assert not await may_answer(await case_of(work), reader(work))
    assert await refused(work, ALL) == "erased"


async def test_an_erasure_at_the_same_moment_is_seen_by_the_residents_version() -> None:
    work = await closed()
    (before,) = await work.all(Resident)
    await answer(work, ALL)
    (after,) = await work.all(Resident)
    assert after == replace(before, version=before.version + 1)


async def test_the_text_opens_for_its_case_and_resident_alone() -> None:
    work = await closed()
    await answer(work, {"U1": 4}, SAID)
    kept, (key,) = await work.get(Survey, CASE), await work.all(ResidentKey)
    assert kept is not None
    assert SAID not in str(work.memory.collections)
    with pytest.raises(Unsealable):
        VAULT.open(key, "survey.another", kept.comment)


async def test_paper_is_entered_by_who_may_work_on_the_case() -> None:
    work = await closed()

    def nobody(**_: Any) -> None:
        raise Forbidden("no")

    def entered(allow: Any) -> Any:
        answers = Answers({"U2": 3})
        return lambda uow: enter_survey(CASE, answers, uow, vault=VAULT, allow=allow)

    with pytest.raises(Forbidden):
        await work.run(entered(nobody))
    await work.run(entered(everybody), actor="budi-1")
    kept = await work.get(Survey, CASE)
    assert kept is not None
    assert (kept.way, kept.by, kept.scores) == ("paper", "budi-1", {"U2": 3})


async def test_only_what_is_open_to_answer_is_offered() -> None:
    work = await closed()
    assert await may_answer(await case_of(work), reader(work))
    await answer(work, {"U1": 4})
    assert not await may_answer(await case_of(work), reader(work))
    alone = replace(await case_of(work), id="another", parties={})
    assert Party.APPLICANT not in alone.parties
    assert not await may_answer(alone, reader(work))


def test_a_question_keeps_its_words() -> None:
    again = replace(KNOWS, text="Kapan selesai?")
    other = replace(KNOWS, code="kapan", text="Kapan selesai?")
    require_same_words([KNOWS], [KNOWS, other])
    require_same_words([KNOWS], [])
    with pytest.raises(Refused) as found:
        require_same_words([KNOWS], [again])
    assert found.value.reason == "question_reworded"
    with pytest.raises(Refused):
        ASKING.succeeded_by(replace(ASKING, survey_questions=(again,)))
