"""Batches on documents in memory: what belongs in, and hand-overs that are noted and undone."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from services.intake.domain import (
    Case,
    CasePapers,
    Fact,
    Outcome,
    Paper,
    PaperKind,
    Party,
    Refused,
    Resident,
    Restriction,
    State,
    Step,
)
from services.intake.domain.batch import Batch, Collector
from services.intake.usecases import take_step
from services.intake.usecases.batches import (
    HANDED_OVER,
    Wanted,
    hand_over,
    make_batch,
    mark_printed,
    note_handed_over,
    undo_hand_over,
    waiting_to_print,
)
from shared.testing.bench import Bench
from tests.unit.intake.sample import CASE, SATURDAY, at_event, bench, everybody, reader, record

OTHER: Final = "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c11"
THIRD: Final = "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c12"
TODAY: Final = date(2023, 3, 11)
POWER: Final = Paper(
    "file-1", PaperKind.POWER_OF_ATTORNEY, "image/jpeg", 1, "0" * 64, SATURDAY, "agus"
)
MINUTE: Final = timedelta(minutes=1)


def anywhere(*_: str) -> None:
    """Let everybody print."""


async def issue(work: Bench, case_id: str) -> None:
    await work.run(lambda uow: take_step(case_id, Step.ISSUE, uow, allow=everybody))


async def office(*issued: str) -> Bench:
    """Return a bench with these requests issued."""
    work = bench()
    work.clock.now = SATURDAY
    for case_id in issued:
        await record(work, at_event(case_id=case_id, tracking=case_id.ljust(64, "0")))
        await issue(work, case_id)
    return work


async def make(
    work: Bench, batch_id: str = "batch-1", limit: int = 40, **changed: Any
) -> list[str]:
    wanted = Wanted(batch_id, "botram", "32.16.18", "KIA", limit)
    wanted = replace(wanted, **changed)
    found = await waiting_to_print(wanted, reader(work))
    made = await work.run(lambda uow: make_batch(wanted, found, uow, allow=anywhere))
    ids: list[str] = made["case_ids"]
    return ids


async def mark(work: Bench, on: date = TODAY, failed: tuple[str, ...] = ()) -> None:
    await work.run(lambda uow: mark_printed("batch-1", on, failed, uow, allow=anywhere))


async def give(work: Bench, who: Collector = Collector.APPLICANT, paper: str | None = None) -> None:
    await work.run(lambda uow: hand_over("batch-1", CASE, who, paper, uow, allow=everybody))


async def undo(work: Bench) -> None:
    await work.run(lambda uow: undo_hand_over("batch-1", CASE, uow, allow=everybody))


async def case_of(work: Bench, case_id: str = CASE) -> Case:
    case = await work.get(Case, case_id)
    assert case is not None
    return case


async def printed(*issued: str) -> Bench:
    """Return a bench with a printed batch."""
    work = await office(*(issued or (CASE,)))
    await make(work)
    await mark(work)
    return work


async def test_a_batch_takes_the_oldest_that_are_issued_and_each_is_in_one() -> None:
    work = await office(CASE, OTHER, THIRD)
    await record(work, at_event(case_id="0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c13"))

    assert await make(work, limit=2) == [CASE, OTHER]
    assert await make(work, "batch-2") == [THIRD]
    with pytest.raises(Refused, match="no_case_to_print"):
        await make(work, "batch-3")

    assert [one.case_ids for one in await work.all(Batch)] == [(CASE, OTHER), (THIRD,)]
    assert (await case_of(work)).batch_id == "batch-1"


async def test_two_lists_of_candidates_do_not_share_a_case() -> None:
    work = await office(CASE, OTHER)
    wanted = Wanted("batch-2", "botram", "32.16.18", "KIA", 40)
    await make(work, limit=1)
    stale = [CASE, OTHER]
    made = await work.run(lambda uow: make_batch(wanted, stale, uow, allow=anywhere))
    assert made["case_ids"] == [OTHER]


async def test_of_another_region_or_service_or_of_nothing_printed_there_is_no_batch() -> None:
    work = await office(CASE)
    changes: tuple[dict[str, Any], ...] = ({"region_code": "32.16.06"}, {"service": "KK"})
    for changed in changes:
        with pytest.raises(Refused, match="no_case_to_print"):
            await make(work, **changed)
    with pytest.raises(Refused, match="nothing_to_print"):
        await make(work, service="IKD")
    with pytest.raises(Refused, match="service_not_offered"):
        await make(work, service="SIM")


async def test_who_stopped_the_processing_holds_up_nobody_else() -> None:
    work = await office(CASE, OTHER)
    resident_id = (await case_of(work)).parties[Party.APPLICANT]
    resident = await work.get(Resident, resident_id)
    assert resident is not None
    work.keep(replace(resident, restriction=Restriction(SATURDAY, "sri", "Permintaan warga")))
    assert await make(work) == [OTHER]


async def test_what_failed_to_print_is_let_go_of_and_printed_again() -> None:
    work = await office(CASE, OTHER)
    await make(work)
    with pytest.raises(Refused, match="not_in_batch"):
        await mark(work, failed=(THIRD,))
    with pytest.raises(Refused, match="day_over"):
        await mark(work, on=TODAY - timedelta(days=1))

    await mark(work, failed=(CASE,))

    with pytest.raises(Refused, match="printed_already"):
        await mark(work)
    with pytest.raises(Refused, match="not_in_batch"):
        await give(work)
    assert await make(work, "batch-2") == [CASE]


async def test_a_hand_over_closes_the_case_an_hour_later_with_its_own_time() -> None:
    work = await printed()
    await give(work)
    assert (await case_of(work)).state is State.ISSUED
    with pytest.raises(Refused, match="collected_already"):
        await give(work)
    (timer,) = [one for one in work.timers if one.name == HANDED_OVER]
    assert timer.due == SATURDAY + timedelta(hours=1)

    work.clock.now += timedelta(hours=2)
    await work.fire(note_handed_over, work.due(HANDED_OVER, CASE))

    case = await case_of(work)
    assert (case.outcome, case.facts[Fact.HANDED_OVER]) == (Outcome.HANDED_OVER, SATURDAY)
    assert work.types[-1] == "request_closed"


async def test_it_is_undone_within_an_hour_and_noted_again() -> None:
    work = await printed()
    with pytest.raises(Refused, match="not_collected"):
        await undo(work)
    await give(work)
    overtaken = work.due(HANDED_OVER, CASE)
    work.clock.now += timedelta(hours=1)
    await undo(work)

    assert not await work.fire(note_handed_over, overtaken)
    assert [one.name for one in work.timers if one.name == HANDED_OVER] == []
    assert (await case_of(work)).state is State.ISSUED

    await give(work)
    work.clock.now += timedelta(hours=1) + MINUTE
    with pytest.raises(Refused, match="undo_too_late"):
        await undo(work)


async def test_what_is_closed_meanwhile_is_neither_undone_nor_closed_twice() -> None:
    work = await printed()
    await give(work)
    work.clock.now += MINUTE
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    with pytest.raises(Refused, match="closed"):
        await undo(work)
    await work.fire(note_handed_over, work.due(HANDED_OVER, CASE))
    assert (await case_of(work)).outcome is Outcome.CANCELLED


async def test_a_proxy_shows_a_power_of_attorney_that_is_bound_to_the_request() -> None:
    work = await printed()
    for paper in (None, "file-1"):
        with pytest.raises(Refused, match="power_of_attorney_needed"):
            await give(work, Collector.PROXY, paper)
    work.keep(CasePapers(CASE, (replace(POWER, kind=PaperKind.FAMILY_CARD),), version=1))
    with pytest.raises(Refused, match="power_of_attorney_needed"):
        await give(work, Collector.PROXY, "file-1")
    work.keep(CasePapers(CASE, (POWER,), version=2))

    await give(work, Collector.PROXY, "file-1")

    batch = await work.get(Batch, "batch-1")
    assert batch is not None
    collected = batch.collected[CASE]
    assert (collected.collector, collected.power_of_attorney) == (Collector.PROXY, "file-1")


async def test_nothing_is_handed_over_before_it_is_printed() -> None:
    work = await office(CASE)
    await make(work)
    with pytest.raises(Refused, match="not_printed"):
        await give(work)
