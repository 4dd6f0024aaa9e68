"""Work at the desk: claims and returns as rules, and on documents in memory."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import (
    CLAIMED_FOR,
    Case,
    Fact,
    Fault,
    NextStep,
    PaperStanding,
    Refused,
    Returned,
    ReturnedItem,
    Step,
    next_step,
)
from services.intake.domain.checklist import Checklist
from services.intake.domain.desk_work import (
    answered,
    claimed,
    decided,
    possible_steps,
    released,
    require_free,
    resubmitted,
    sent_back,
    worked,
)
from services.intake.domain.programme import Deliverable
from services.intake.usecases import (
    CLAIM_OVER,
    CaseFilter,
    claim_case,
    claim_next,
    note_claim_over,
    release_claim,
    resubmit,
    return_case,
    take_step,
)
from shared.auth.roles import Forbidden
from shared.testing.bench import Bench
from tests.unit.intake.catalogue_sample import WITH_CATALOGUE, catalogue
from tests.unit.intake.sample import (
    CASE,
    SATURDAY,
    at_event,
    bench,
    event_case,
    everybody,
    home_case,
    later,
    reader,
    record,
)

KIA = catalogue().entries[0]
CARD = ReturnedItem("family_card", Fault.UNREADABLE)
PHOTO = ReturnedItem("photo", Fault.MISSING)


def refusal(call: Any) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.reason


def nobody(**_: Any) -> None:
    raise Forbidden("no")


def test_a_claim_is_one_officers_for_a_while() -> None:
    case = claimed(event_case(), "siti", later(1))
    end = later(1) + CLAIMED_FOR
    assert case.claim is not None
    assert (case.claim.by, case.claim.until, case.version) == ("siti", end, 2)
    assert refusal(lambda: claimed(case, "budi", end - timedelta(seconds=1))) == "claimed"
    assert claimed(case, "budi", end).claim != case.claim
    require_free(case, "siti", later(2))
    require_free(case, "budi", end)
    again = claimed(case, "siti", later(11))
    assert again.claim is not None
    assert (again.claim.at, again.claim.until) == (later(1), later(11) + CLAIMED_FOR)


def test_work_renews_ones_own_claim_alone_and_the_end_of_the_case_ends_it() -> None:
    case = claimed(event_case(), "siti", later(1))
    renewed = worked(case, "siti", later(20))
    assert renewed.claim is not None
    assert renewed.claim.until == later(20) + CLAIMED_FOR
    assert worked(case, "agent-1", later(20)) is case
    assert worked(event_case(), "siti", later(20)).claim is None
    closed = case.step(Step.CANCEL, later(2))
    assert worked(closed, "siti", later(2)).claim is None
    assert refusal(lambda: claimed(closed, "siti", later(3))) == "closed"
    assert released(released(case)).version == case.version + 1


def test_only_steps_that_are_open_and_lead_further_are_offered() -> None:
    case = event_case()
    assert possible_steps(case, "siti", later(1)) == (
        Step.VERIFY,
        Step.ISSUE,
        Step.REJECT,
        Step.CANCEL,
    )
    issued = case.step(Step.ISSUE, later(1))
    assert possible_steps(issued, "siti", later(2)) == (Step.HAND_OVER, Step.CANCEL)
    assert possible_steps(case.step(Step.CANCEL, later(1)), "siti", later(2)) == ()
    brought = home_case().step(Step.ISSUE, later(1)).note(Fact.DOCUMENT_COLLECTED, later(2))
    carried = brought.note_carrier("agus")
    assert Step.CONFIRM_RECEIPT in possible_steps(carried, "siti", later(3))
    assert Step.CONFIRM_RECEIPT not in possible_steps(carried, "agus", later(3))
    assert Step.HAND_OVER not in possible_steps(carried, "siti", later(3))


def test_a_return_opens_what_it_names_and_nothing_else() -> None:
    case = sent_back(claimed(event_case(), "siti", later(1)), KIA, [CARD], "siti", later(2))
    assert case.returned == Returned((CARD,), "siti", later(2))
    assert case.claim is None
    kinds = {kind.kind for one in KIA.requirements for kind in one.any_of}
    lines = Checklist("case").lines(KIA, kinds, case.returned)
    assert [line.standing for line in lines] == [PaperStanding.RETURNED] + [
        PaperStanding.PRESENT
    ] * (len(lines) - 1)
    assert [line.fault for line in lines][:2] == [Fault.UNREADABLE, None]
    assert next_step(case, Deliverable.CARD) is NextStep.CORRECT_PAPERS


def test_a_return_is_over_with_its_last_paper_by_word_or_by_a_decision() -> None:
    case = sent_back(event_case(), KIA, [CARD, PHOTO], "siti", later(2))
    first = answered(case, ["photo"])
    assert first.returned is not None
    assert first.returned.items == (CARD,)
    assert answered(first, ["birth_note"]) is first
    assert answered(first, ["family_card"]).returned is None
    assert answered(event_case(), ["family_card"]).version == 1
    assert resubmitted(case).returned is None
    assert decided(case, Step.VERIFY).returned is None
    assert decided(case, Step.CONFIRM_RECEIPT) is case
    assert refusal(lambda: resubmitted(event_case())) == "not_returned"


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([], "nothing_returned"),
        ([ReturnedItem("unheard_of", Fault.MISSING)], "requirement_unknown"),
        ([CARD, CARD], "requirement_twice"),
    ],
)
def test_what_no_catalogue_asks_for_is_not_returned(items: list[Any], reason: str) -> None:
    assert refusal(lambda: sent_back(event_case(), KIA, items, "siti", later(1))) == reason


def test_a_case_is_returned_once_open_and_not_issued() -> None:
    back = sent_back(event_case(), KIA, [CARD, PHOTO], "siti", later(2))
    with pytest.raises(Refused) as twice:
        sent_back(back, KIA, [CARD], "budi", later(3))
    assert twice.value.reason == "returned_already"
    assert twice.value.detail.endswith("waits for: family_card, photo")
    issued = event_case().step(Step.ISSUE, later(1))
    assert refusal(lambda: sent_back(issued, KIA, [CARD], "siti", later(2))) == "already_issued"
    closed = event_case().step(Step.CANCEL, later(1))
    assert refusal(lambda: sent_back(closed, KIA, [CARD], "siti", later(2))) == "closed"
    held = claimed(event_case(), "budi", later(1))
    assert refusal(lambda: sent_back(held, KIA, [CARD], "siti", later(2))) == "claimed"


def office() -> Bench:
    work = bench(WITH_CATALOGUE, catalogue())
    work.clock.now = SATURDAY
    return work


async def claim(work: Bench, who: str) -> None:
    await work.run(lambda uow: claim_case(CASE, uow, allow=everybody), actor=who)


async def case_of(work: Bench) -> Case:
    case = await work.get(Case, CASE)
    assert case is not None
    return case


def timers(work: Bench) -> list[str]:
    return [timer.name for timer in work.timers if timer.name == CLAIM_OVER]


async def test_a_claims_timer_moves_with_the_work_and_goes_with_the_claim() -> None:
    work = office()
    await record(work, at_event())
    await claim(work, "siti")
    early = work.due(CLAIM_OVER, CASE)
    work.clock.advance(minutes=20)
    await work.run(lambda uow: take_step(CASE, Step.VERIFY, uow, allow=everybody), actor="siti")
    work.clock.advance(minutes=15)

    assert not await work.fire(note_claim_over, early)
    held = (await case_of(work)).claim
    assert held is not None
    assert held.until == SATURDAY + timedelta(minutes=50)
    # A message that comes before its time does nothing.
    assert await work.fire(note_claim_over, work.due(CLAIM_OVER, CASE))
    assert (await case_of(work)).claim == held

    await claim(work, "siti")
    work.clock.advance(minutes=30)
    assert await work.fire(note_claim_over, work.due(CLAIM_OVER, CASE))
    assert (await case_of(work)).claim is None


async def test_a_closed_or_returned_case_leaves_no_claim_and_no_timer() -> None:
    work = office()
    await record(work, at_event())
    await claim(work, "siti")
    assert timers(work) == [CLAIM_OVER]
    await work.run(lambda uow: return_case(CASE, [CARD], uow, allow=everybody), actor="siti")
    assert ((await case_of(work)).claim, timers(work)) == (None, [])
    await work.run(lambda uow: resubmit(CASE, uow, allow=everybody), actor="budi")
    await claim(work, "budi")
    await work.run(lambda uow: take_step(CASE, Step.REJECT, uow, allow=everybody), actor="budi")
    assert ((await case_of(work)).claim, timers(work)) == (None, [])


async def test_ending_anothers_claim_needs_a_right_of_its_own_while_it_lasts() -> None:
    work = office()
    await record(work, at_event())
    await claim(work, "siti")

    async def let_go(who: str, others: Any) -> None:
        await work.run(
            lambda uow: release_claim(CASE, uow, allow=everybody, allow_others=others), actor=who
        )

    with pytest.raises(Forbidden):
        await let_go("budi", nobody)
    await let_go("siti", nobody)
    assert (await case_of(work)).claim is None
    await claim(work, "siti")
    work.clock.advance(minutes=31)
    await let_go("budi", nobody)
    assert (await case_of(work)).claim is None


async def test_the_next_is_the_first_that_is_free() -> None:
    work = office()
    for id_ in ("a-1", "a-2", "a-3"):
        await record(work, at_event(case_id=id_))
    ids = ["a-1", "a-2", "a-3"]

    async def take(who: str) -> Any:
        return await work.run(lambda uow: claim_next(ids, uow, allow=everybody), actor=who)

    await work.run(lambda uow: take_step("a-1", Step.CANCEL, uow, allow=everybody))
    assert [await take("siti"), await take("budi"), await take("agus")] == ["a-2", "a-3", None]


async def test_an_importers_fact_of_the_past_waits_for_nobody() -> None:
    work = office()
    await record(work, at_event())
    work.clock.advance(minutes=5)
    await claim(work, "siti")
    earlier = SATURDAY + timedelta(minutes=1)
    await work.run(
        lambda uow: take_step(CASE, Step.VERIFY, uow, allow=everybody, occurred_at=earlier)
    )
    with pytest.raises(Refused) as refused:
        await work.run(lambda uow: take_step(CASE, Step.ISSUE, uow, allow=everybody))
    assert refused.value.reason == "claimed"


async def test_lists_tell_free_held_and_returned_cases_apart() -> None:
    work = office()
    for id_ in ("a-1", "a-2", "a-3"):
        await record(work, at_event(case_id=id_))
    await work.run(lambda uow: claim_case("a-1", uow, allow=everybody), actor="siti")
    await work.run(lambda uow: return_case("a-2", [CARD], uow, allow=everybody))
    every = CaseFilter("botram", frozenset({"32.16"}), None, None, None, None, 9)
    at = work.clock()

    async def ids(**asked: Any) -> list[str]:
        found = await reader(work).cases(replace(every, **asked))
        assert await reader(work).count_cases(replace(every, **asked)) == len(found)
        return [case.id for case in found]

    assert await ids(free_at=at) == ["a-2", "a-3"]
    assert await ids(free_at=at + CLAIMED_FOR) == ["a-1", "a-2", "a-3"]
    assert await ids(held_by="siti") == ["a-1"]
    assert (await ids(returned=True), await ids(returned=False)) == (["a-2"], ["a-1", "a-3"])
    assert (await ids(service="KK"), await ids(service="KIA", returned=True)) == ([], ["a-2"])
