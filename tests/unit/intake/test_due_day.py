"""A request that nobody has issued by the end of its due day is overdue, until it is settled."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import Case, Step
from services.intake.usecases import OVERDUE, note_overdue, take_step
from shared.contracts.envelope import new_id
from shared.messaging.message import Message
from shared.testing.bench import Bench
from tests.size import examples
from tests.unit.intake.sample import (
    CASE,
    at_event,
    at_home,
    bench,
    event_case,
    everybody,
    record,
)

END = datetime(2023, 3, 15, 17, 0, tzinfo=UTC)
"""Midnight in Jakarta after Wednesday 15 March: three working days after the Saturday."""


async def recorded(work: Bench) -> Message:
    """Record the request of the event; the message of its timer."""
    await record(work, at_event())
    return work.due(OVERDUE, CASE)


async def step(work: Bench, what: Step) -> None:
    """Take an operator's step."""
    await work.run(lambda uow: take_step(CASE, what, uow, allow=everybody))


async def case_of(work: Bench) -> Case:
    """The case as it is kept."""
    found = await work.get(Case, CASE)
    assert found is not None
    return found


async def test_a_request_with_a_due_day_waits_for_its_end() -> None:
    work = bench()
    await recorded(work)
    (timer,) = work.timers
    assert (timer.name, timer.key, timer.due) == (OVERDUE, CASE, END)
    assert timer.payload == {}


async def test_where_no_standard_is_stated_nothing_waits() -> None:
    work = bench()
    await record(work, at_home())
    assert work.timers == []


async def test_at_the_end_of_its_due_day_it_is_overdue_and_nothing_is_published() -> None:
    work = bench()
    message = await recorded(work)
    told = list(work.types)
    assert await work.fire(note_overdue, message)
    assert (await case_of(work)).overdue_since == END
    assert (work.timers, work.types) == ([], told)


@pytest.mark.parametrize("settled", [Step.ISSUE, Step.REJECT, Step.CANCEL])
async def test_issued_or_closed_it_waits_no_more(settled: Step) -> None:
    work = bench()
    message = await recorded(work)
    await step(work, Step.VERIFY)
    assert len(work.timers) == 1
    await step(work, settled)
    assert work.timers == []
    assert not await work.fire(note_overdue, message)
    assert (await case_of(work)).overdue_since is None


@pytest.mark.parametrize("settled", [Step.ISSUE, Step.CANCEL])
async def test_overdue_and_then_settled_it_is_no_longer_overdue(settled: Step) -> None:
    work = bench()
    await work.fire(note_overdue, await recorded(work))
    await step(work, settled)
    assert (await case_of(work)).overdue_since is None


def test_noting_it_twice_changes_nothing() -> None:
    once = event_case().note_overdue()
    assert once.version == event_case().version + 1
    assert once.note_overdue() is once


@pytest.mark.parametrize("settled", [Step.ISSUE, Step.REJECT, Step.CANCEL])
def test_noting_it_after_it_was_settled_changes_nothing(settled: Step) -> None:
    case = event_case().step(settled, datetime(2023, 3, 20, tzinfo=UTC))
    assert case.note_overdue() is case


@settings(max_examples=examples(40), deadline=None)
@given(
    deeds=st.permutations(["fires", "fires", "issue", "verify"]),
    again=st.integers(0, 3),
)
async def test_in_any_order_with_the_offices_steps_the_same_is_shown(
    deeds: list[str], again: int
) -> None:
    work = bench()
    message = await recorded(work)
    for deed in [*deeds, deeds[again]]:
        if deed == "fires":
            await work.fire(note_overdue, message)
        elif deed == "issue" and (await case_of(work)).awaits_issue:
            await step(work, Step.ISSUE)
        elif deed == "verify":
            await step(work, Step.VERIFY)
    case = await case_of(work)
    assert (case.overdue_since, case.state.value, work.timers) == (None, "issued", [])
    assert sorted(work.types) == ["document_issued", "request_received", "request_verified"]


async def test_a_message_of_another_generation_does_nothing() -> None:
    work = bench()
    message = await recorded(work)
    envelope = message.envelope
    stale = type(envelope)(
        **{name: getattr(envelope, name) for name in envelope.__slots__} | {"id": new_id()}
    )
    assert not await work.fire(note_overdue, Message(stale, message.body))
    assert len(work.timers) == 1
