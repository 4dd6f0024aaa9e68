"""Ends that come late, twice, by the clock or from afar: whatever the order, the same remains."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from services.scheduler.domain import (
    Act,
    Case,
    OfferKind,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
)
from services.scheduler.usecases import (
    EVENT_OVER,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    cancel_event,
    issue_ticket,
    note_event_over,
    send_on,
    void_ticket,
)
from shared.contracts.scheduler import TicketAssigned, TicketEnded
from shared.messaging.message import Message
from shared.testing.bench import Bench
from tests.unit.scheduler.sample import DAY, SETU, booth, closed, plan, received
from tests.unit.scheduler.test_closing import (
    BOOTHS,
    after_closing,
    arrive,
    at_setu,
    call,
    close,
    ended,
    line,
    put,
    run_out,
)
from tests.unit.scheduler.test_leases import field
from tests.unit.scheduler.test_usecases import anybody, stored

CODE = "K7QW3ZTM"
OFFERS = (OfferKind.SERVICE_POINT,)
Step = Callable[[Bench], Any]


async def _close(work: Bench) -> None:
    await close(work)
    await run_out(work)


async def _of_gate(work: Bench) -> None:
    asked = received("case-gate").model_copy(update={"arrival_code": CODE})
    await work.handle(issue_ticket, asked)


async def _alone(work: Bench) -> None:
    await work.handle(issue_ticket, received("case-alone"))


async def _withdrawn(work: Bench) -> None:
    await work.handle(void_ticket, closed("case-alone"))


async def _day(*steps: Step) -> Bench:
    """An event with one who came through the gate, after its closing, and what then happens."""
    work = await at_setu()
    wanted = Wanted(("KIA",))
    await work.run(lambda uow: admit(SETU, wanted, CODE, uow, allow=anybody))
    after_closing(work)
    for step in steps:
        await step(work)
    return work


async def _outcome(work: Bench) -> list[object]:
    """Return all that stays of the tickets, the line and the cases."""
    tickets = [
        (one.number, one.case_id, one.state, one.offers, one.version, one.channel)
        for one in await work.all(Ticket)
    ]
    kept = await line(work)
    told = sorted((one.number, one.told, one.offers) for one in ended(work))
    return [tickets, kept.states, kept.lanes, kept.issued, await work.all(Case), told]


@pytest.mark.parametrize("order", list(permutations((_close, _of_gate, _alone))))
async def test_a_request_before_or_after_its_line_was_closed_ends_alike(
    order: Sequence[Step],
) -> None:
    work = await _day(*order)
    again = await _day(*order, _alone, _of_gate)

    tickets = await work.all(Ticket)
    assert [(one.number, one.case_id) for one in tickets] == [(1, "case-gate"), (2, "case-alone")]
    assert {(one.state, one.offers) for one in tickets} == {(TicketState.UNSERVED, OFFERS)}
    assert {one.told for one in ended(work)} == {True}
    expected = await _outcome(await _day(_of_gate, _alone, _close))
    assert [await _outcome(work), await _outcome(again)] == [expected, expected]


async def test_a_request_for_whom_was_not_served_is_told_of_his_end_and_offers() -> None:
    work = await _day(_close, _of_gate)
    [told] = [one for one in work.published if isinstance(one, TicketAssigned)]
    assert (told.case_id, told.end, told.offers) == ("case-gate", "unserved", ("service_point",))
    before = await _day(_of_gate, _close)
    [told] = [one for one in before.published if isinstance(one, TicketAssigned)]
    assert (told.end, told.offers) == (None, ())


async def test_history_that_is_brought_in_later_is_nobody_who_was_left_unserved() -> None:
    work = await _day(_close)
    before = await line(work)
    work.clock.now += timedelta(days=1)
    await _alone(work)
    assert (await line(work)).states == before.states
    assert [case.ticket_id for case in await work.all(Case)] == [None]
    await _of_gate(work)
    assert [one.case_id for one in await work.all(Ticket)] == ["case-gate"]


async def test_a_late_request_that_was_withdrawn_ends_alike_in_both_orders() -> None:
    one = await _outcome(await _day(_close, _alone, _withdrawn))
    other = await _outcome(await _day(_close, _withdrawn, _alone))
    assert one == other


async def test_whose_own_number_ended_unserved_has_the_gates_that_is_told_later() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    at.work.clock.now = (await stored(at.work, ScheduledEvent, SETU)).closes_at
    await close(at.work)
    await _of_gate(at.work)
    assert (await at.ticket(11)).state is TicketState.UNSERVED
    await at.tell(at.issue(1, code=CODE, ago=3600))
    assert (await stored(at.work, Case, "case-gate")).ticket_id == (await at.ticket(1)).id
    assert (await at.ticket(1)).case_id == "case-gate"


async def test_the_end_of_a_day_comes_also_where_the_clock_is_behind() -> None:
    work = await at_setu()
    await arrive(work)
    work.clock.now = (await stored(work, ScheduledEvent, SETU)).over_at - timedelta(minutes=1)
    assert await work.fire(note_event_over, work.due(EVENT_OVER, SETU))
    assert (await line(work)).closed


async def test_an_event_that_was_planned_before_there_were_ends_gets_one_when_it_is_put_again() -> (
    None
):
    work = await at_setu()
    [timer] = [one for one in work.timers if one.name == EVENT_OVER]
    await work.run(lambda uow: uow.clear_timer(EVENT_OVER, SETU))
    again = replace((await stored(work, ScheduledEvent, SETU)).plan)
    await put(work, again)
    [anew] = [one for one in work.timers if one.name == EVENT_OVER]
    assert anew.due == timer.due


async def test_an_end_that_is_due_stays_so_when_a_plan_is_put_again() -> None:
    work = await at_setu()
    await arrive(work)
    due = work.due(EVENT_OVER, SETU)
    work.clock.now = (await stored(work, ScheduledEvent, SETU)).over_at
    await put(work, replace(plan(*BOOTHS), name="BOTRAM Setu, Cijengkol"))
    assert await work.fire(note_event_over, due)
    assert (await line(work)).closed


def _ends(work: Bench) -> list[Message]:
    return [one for one in work.messages if one.envelope.type == TicketEnded.type]


async def test_what_is_closed_at_midnight_ended_on_the_events_day_and_was_told_to_nobody() -> None:
    work = await at_setu()
    await arrive(work)
    event = await stored(work, ScheduledEvent, SETU)
    work.clock.now = event.over_at + timedelta(hours=3)
    await work.fire(note_event_over, work.due(EVENT_OVER, SETU))
    await run_out(work)
    [at] = [one.envelope.occurred_at for one in _ends(work)]
    assert at == event.over_at - timedelta(microseconds=1)
    assert event.is_on(at)
    assert [(one.offers, one.told) for one in ended(work)] == [(("service_point",), False)]


async def test_a_line_that_a_clerk_closed_ended_then_and_its_people_were_told() -> None:
    work = await _day(_close)
    assert [one.envelope.occurred_at for one in _ends(work)] == [work.clock.now]
    assert [one.told for one in ended(work)] == [True]


async def test_who_waits_for_a_cancelled_event_has_ways_and_was_told_by_nobody() -> None:
    work = await at_setu()
    await arrive(work)
    await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody))
    await run_out(work)
    assert [(one.offers, one.told) for one in ended(work)] == [(("service_point",), False)]


async def test_a_line_that_opens_anew_knows_nothing_of_who_closed_it() -> None:
    work = await at_setu()
    after_closing(work)
    await close(work)
    assert (await line(work)).told
    await put(work, replace(plan(*BOOTHS), on=DAY + timedelta(days=7)))
    assert not (await line(work)).told


async def test_what_took_place_is_not_cancelled() -> None:
    work = await at_setu()
    after_closing(work)
    with pytest.raises(Refused, match="event_over"):
        await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody))
    assert not (await stored(work, ScheduledEvent, SETU)).cancelled


async def test_an_event_that_was_cancelled_is_so_after_its_closing_too() -> None:
    work = await at_setu()
    await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody))
    after_closing(work)
    assert await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody)) == 2


@pytest.mark.parametrize("cancelled_first", [False, True])
async def test_whom_a_booth_sends_is_served_although_the_event_is_cancelled(
    cancelled_first: bool,  # noqa: FBT001
) -> None:
    work = await at_setu()
    await put(work, plan(booth("loket-1", "KIA"), booth("loket-2", "KIA")))
    await arrive(work)
    await call(work)
    cancel, send = (
        partial(cancel_event, SETU, allow=anybody),
        partial(send_on, TicketAt(SETU, "KIA", 1, "loket-1"), "loket-2", allow=anybody),
    )
    for step in (cancel, send) if cancelled_first else (send, cancel):
        await work.run(step)
    assert await call(work, "loket-2") == 1
    at = TicketAt(SETU, "KIA", 1, "loket-2")
    await work.run(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody))
    with pytest.raises(Refused, match="cancelled"):
        await work.run(lambda uow: call_next(SETU, "loket-2", uow, allow=anybody))
