"""Erasures by two, their legal limits, the papers that go with them, and retention."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import (
    ERASURE_WITHIN,
    Case,
    CasePapers,
    Erasure,
    ErasureState,
    Paper,
    PaperKind,
    Party,
    Person,
    Refused,
    Resident,
    Step,
    kept_until,
    require_all_closed,
)
from services.intake.usecases import (
    ERASURE,
    RETENTION,
    Eraser,
    approve_erasure,
    ask_erasure,
    bind_paper,
    erase_again,
    note_expired,
    note_retention_over,
    retire,
    take_step,
    told_of,
)
from shared.audit.trail import AuditEntry
from shared.files.stored import FileState, StoredFile
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    NIK,
    SATURDAY,
    VAULT,
    at_event,
    bench,
    event_case,
    everybody,
    later,
    reader,
    record,
)

SITI = Person("Siti Contoh", NIK)
KEPT = replace(BOTRAM, retention_days=365, version=2)


class Notes:
    """A list of erasures in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []

    def add(self, resident_id: str, at: Any, requested_by: str, approved_by: str) -> None:
        """Note an erasure."""
        del at
        self.lines.append((resident_id, requested_by, approved_by))


async def closed(work: Bench, **more: Any) -> str:
    """Record and close a request; return the resident."""
    await record(work, at_event(person=SITI, **more))
    case_id = more.get("case_id", CASE)
    await work.run(lambda uow: take_step(case_id, Step.CANCEL, uow, allow=everybody))
    return str((await work.all(Resident))[0].id)


async def ask(work: Bench, id_: str, by: str = "sri") -> Any:
    return await work.run(lambda uow: ask_erasure(id_, uow, allow=everybody), actor=by)


async def approve(work: Bench, id_: str, by: str = "agus") -> Any:
    return await work.run(lambda uow: approve_erasure(id_, uow, allow=everybody), actor=by)


def eraser(work: Bench, notes: Notes | None) -> Eraser:
    return Eraser(notes, reader(work).erasures_decided, work, work.clock)


async def deeds(work: Bench) -> list[str]:
    entries = sorted(await work.all(AuditEntry), key=lambda one: one.id)
    return [entry.deed for entry in entries]


async def test_one_asks_another_approves_and_the_key_is_destroyed() -> None:
    work, notes = bench(), Notes()
    id_ = await closed(work)

    asked = await ask(work, id_)
    assert (asked["state"], asked["cases"]) == ("asked", [CASE])
    approved = await approve(work, id_)
    assert approved["state"] == "approved"
    assert await eraser(work, notes).look() == 1

    assert notes.lines == [(id_, "sri", "agus")]
    case = await work.get(Case, CASE)
    assert case is not None
    assert await told_of(case, Party.APPLICANT, reader(work), VAULT) is None
    erasure = await work.get(Erasure, id_)
    assert erasure is not None
    assert erasure.state is ErasureState.DONE
    assert work.timers == []
    assert await deeds(work) == ["erasure_asked", "erasure_approved", "erased"]
    assert await eraser(work, notes).look() == 0


async def test_who_asks_does_not_approve() -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)

    with pytest.raises(Refused) as refused:
        await approve(work, id_, by="sri")

    assert refused.value.reason == "own_erasure"


async def test_nobody_approves_what_nobody_has_asked_for() -> None:
    work = bench()
    id_ = await closed(work)
    with pytest.raises(Refused) as refused:
        await approve(work, id_)
    assert refused.value.reason == "no_erasure_asked"


async def test_an_open_request_refuses_to_ask_and_to_approve() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    (resident,) = await work.all(Resident)
    with pytest.raises(Refused) as asked:
        await ask(work, resident.id)
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    await ask(work, resident.id)
    await record(work, at_event(person=SITI, service="KK", case_id="case-2"))
    with pytest.raises(Refused) as approved:
        await approve(work, resident.id)

    for refused in (asked, approved):
        assert (refused.value.reason, "1 of his" in refused.value.detail) == ("open_request", True)


async def test_a_second_question_waits_for_the_first_to_end() -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)
    with pytest.raises(Refused) as refused:
        await ask(work, id_, by="agus")
    assert refused.value.reason == "erasure_asked"


async def test_after_72_hours_it_is_over_by_the_timer_and_may_be_asked_again() -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)
    (timer,) = work.timers
    assert (timer.name, timer.key, timer.due) == (ERASURE, id_, work.clock() + ERASURE_WITHIN)
    message = work.due(ERASURE, id_)
    work.clock.now = timer.due

    with pytest.raises(Refused) as late:
        await approve(work, id_)
    assert late.value.reason == "no_erasure_asked"
    assert await work.fire(note_expired, message)

    expired = await work.get(Erasure, id_)
    assert expired is not None
    assert expired.state is ErasureState.EXPIRED
    await ask(work, id_, by="agus")
    assert (await approve(work, id_, by="sri"))["state"] == "approved"


async def test_an_expiry_after_the_approval_changes_nothing() -> None:
    decided = Erasure("r-1", "sri", SATURDAY).approved("agus", later(1))
    assert decided.expired() is decided


@pytest.mark.parametrize("again", [ask, approve])
async def test_what_is_decided_has_no_way_back(again: Any) -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)
    await approve(work, id_)

    with pytest.raises(Missing):
        await again(work, id_)


async def test_who_asks_for_something_meanwhile_becomes_another_resident() -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)
    await approve(work, id_)

    await record(work, at_event(person=SITI, case_id="case-2"))
    await eraser(work, Notes()).look()

    case = await work.get(Case, "case-2")
    assert case is not None
    told = await told_of(case, Party.APPLICANT, reader(work), VAULT)
    assert told is not None
    assert told.person == SITI


async def test_without_a_list_nothing_is_carried_out() -> None:
    work = bench()
    id_ = await closed(work)
    await ask(work, id_)
    await approve(work, id_)

    assert await eraser(work, None).look() == 0

    resident = await work.get(Resident, id_)
    assert resident is not None
    assert (resident.leaving, resident.erased_at) == (True, None)


def test_every_closed_case_lets_go_and_one_open_keeps() -> None:
    open_ = event_case()
    done = open_.step(Step.CANCEL, later(10))
    require_all_closed([done, done])
    with pytest.raises(Refused):
        require_all_closed([done, open_])
    assert kept_until([done, open_], 365) is None
    assert kept_until([], 365) is None
    last = open_.step(Step.CANCEL, later(60))
    assert kept_until([done, last], 365) == later(60) + timedelta(days=365)


def paper(id_: str) -> Paper:
    return Paper(id_, PaperKind.FAMILY_CARD, "image/png", 3, "0" * 64, SATURDAY, "agus")


def stored(id_: str, about: str = CASE) -> StoredFile:
    return StoredFile(
        id=id_,
        purpose="paper",
        about=about,
        since=SATURDAY,
        sealed_key={"key": "x"},
        state=FileState.BOUND,
    )


async def test_an_erasure_has_the_papers_frames_go_in_the_same_transaction() -> None:
    work = bench()
    id_ = await closed(work)
    other = stored("f-3", "case-9")
    work.keep(stored("f-1"), stored("f-2"), other)
    work.keep(CasePapers(CASE, (paper("f-1"), paper("f-2")), version=2))
    await ask(work, id_)
    await approve(work, id_)
    assert {one.state for one in await work.all(StoredFile)} == {FileState.BOUND}

    await eraser(work, Notes()).look()

    states = {one.id: one.state for one in await work.all(StoredFile)}
    assert states == {
        "f-1": FileState.REMOVING,
        "f-2": FileState.REMOVING,
        "f-3": FileState.BOUND,
    }
    assert await reader(work).files_going(10) == ["f-1", "f-2"]
    left = await work.get(CasePapers, CASE)
    assert left is not None
    assert (left.papers, left.erased) == ((), True)


async def test_an_erasure_again_after_a_restore_has_them_go_again() -> None:
    work = bench()
    id_ = await closed(work)
    work.keep(stored("f-1"), CasePapers(CASE, (paper("f-1"),), version=1))
    yesterday = {name: dict(held) for name, held in work.memory.collections.items()}
    await ask(work, id_)
    await approve(work, id_)
    await eraser(work, Notes()).look()
    work.memory.collections.update(yesterday)

    assert await work.run(lambda uow: erase_again(id_, uow)) is True

    assert await reader(work).files_going(10) == ["f-1"]


async def test_no_paper_is_bound_to_the_case_of_an_erased_resident() -> None:
    work = bench()
    id_ = await closed(work)
    work.keep(CasePapers(CASE, (paper("f-1"),), version=1), stored("f-1"))
    await work.run(lambda uow: erase_again(id_, uow))
    work.keep(replace(stored("f-2"), state=FileState.CHECKED))

    with pytest.raises(Refused) as refused:
        await work.run(lambda uow: bind_paper(CASE, "f-2", PaperKind.OTHER, uow, allow=everybody))

    assert refused.value.reason == "erased"


async def test_recording_sets_no_timer_of_retention_and_closing_does() -> None:
    work = bench(KEPT)
    await record(work, at_event(person=SITI))
    assert RETENTION not in {timer.name for timer in work.timers}

    work.clock.now = later(60)
    await work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))

    (resident,) = await work.all(Resident)
    (timer,) = work.timers
    due = later(60) + timedelta(days=365)
    assert (timer.name, timer.key, timer.due) == (RETENTION, resident.id, due)


async def test_where_no_retention_is_stated_no_timer_is_set() -> None:
    work = bench()
    await closed(work)
    assert work.timers == []


async def test_the_timer_decides_and_the_eraser_carries_out() -> None:
    work, notes = bench(KEPT), Notes()
    work.clock.now = later(60)
    id_ = await closed(work)
    message = work.due(RETENTION, id_)
    work.clock.now = later(60) + timedelta(days=365)

    assert await work.fire(note_retention_over, message)
    await eraser(work, notes).look()

    ((who, asked_by, _),) = notes.lines
    assert (who, asked_by) == (id_, "programme:botram")
    (resident,) = await work.all(Resident)
    assert resident.erased_at is not None


async def test_a_later_case_moves_the_end() -> None:
    work = bench(KEPT)
    work.clock.now = later(60)
    id_ = await closed(work)
    first = work.due(RETENTION, id_)
    await record(work, at_event(person=SITI, service="KK", case_id="case-2"))
    work.clock.now = later(60) + timedelta(days=365)

    # The second is open: nothing is decided, and no timer waits until it closes.
    assert await work.fire(note_retention_over, first)
    assert (await work.get(Erasure, id_), [t.name for t in work.timers]) == (
        None,
        ["request_overdue"],
    )
    await work.run(lambda uow: take_step("case-2", Step.CANCEL, uow, allow=everybody))
    (timer,) = work.timers
    assert timer.due == later(60) + timedelta(days=730)


async def test_a_timer_that_comes_too_early_is_set_anew() -> None:
    """As where a case was closed later than the one that set it last."""
    work = bench(KEPT)
    work.clock.now = later(60)
    id_ = await closed(work)
    message = work.due(RETENTION, id_)
    work.clock.now = later(60) + timedelta(days=364)

    assert await work.fire(note_retention_over, message)

    (timer,) = work.timers
    assert timer.due == later(60) + timedelta(days=365)
    assert await work.get(Erasure, id_) is None


async def test_nobody_is_retired_whose_programme_states_nothing() -> None:
    work = bench()
    id_ = await closed(work)
    assert await work.run(lambda uow: retire(id_, uow)) is False
    assert await work.run(lambda uow: retire("r-0", uow)) is False
