"""Calls without uplink that are told after their line was closed, replanned, or ended otherwise."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from services.scheduler.domain import (
    Act,
    Awaited,
    Booth,
    Case,
    Claim,
    ConflictKind,
    LateCall,
    LateEnd,
    LateEntry,
    LateIssue,
    Lease,
    Plan,
    ScheduledEvent,
    TicketState,
)
from services.scheduler.domain.arrival import MAX_AWAITED
from services.scheduler.usecases import (
    TicketAt,
    act_on,
    issue_ticket,
    merge,
    schedule_event,
    send_on,
    undo,
)
from shared.auth.roles import Forbidden
from shared.contracts.scheduler import TicketFact, TicketReverted
from shared.testing.bench import Bench
from tests.unit.scheduler.sample import SETU, booth, plan, received
from tests.unit.scheduler.test_closing import close, run_out
from tests.unit.scheduler.test_leases import Field, field
from tests.unit.scheduler.test_usecases import Calendar, anybody, stored

ENDS = (None, *LateEnd)


async def _held(people: int = 1) -> Field:
    """People, whom the device of a booth holds."""
    at = await field()
    await at.admit(people)
    await at.lease("d1", booth_id="kia-1", hold=people)
    return at


async def _at_closing(at: Field) -> None:
    at.work.clock.now = (await stored(at.work, ScheduledEvent, SETU)).closes_at


async def _closed(at: Field) -> None:
    await close(at.work)
    await run_out(at.work)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("order", [*permutations(range(3)), (2, 1, 2, 0, 1)])
async def test_a_call_before_the_closing_counts_whichever_is_told_first(
    order: tuple[int, ...], end: LateEnd | None
) -> None:
    at = await _held()
    await _at_closing(at)
    whole = at.called(1, "kia-1", end, ago=600)
    begun = replace(whole, end=None, ended=None)
    steps = (
        lambda: _closed(at),
        lambda: at.tell(begun, device="d1"),
        lambda: at.tell(whole, device="d1"),
    )
    for step in order:
        await steps[step]()

    ticket, line = await at.ticket(1), await at.line()
    reached = TicketState.CALLED if end is None else TicketState(end.value)
    assert (ticket.state, ticket.booth_id) == (reached, "kia-1")
    assert {state: n for state, n in line.states.items() if n} == {reached: 1}
    assert (line.called, line.waiting, ticket.offers) == (1, 0, ())
    assert not await at.conflicts()


async def test_the_end_that_is_taken_back_is_so_where_and_when_it_was_told() -> None:
    at = await _held()
    await _at_closing(at)
    await _closed(at)
    told = at.work.messages[-1].envelope
    at.work.clock.advance(minutes=20)

    await at.tell(at.called(1, "kia-1", LateEnd.SERVED, ago=1800), device="d1")

    assert at.work.types[-3:] == ["ticket_reverted", "ticket_called", "ticket_served"]
    [back] = [one for one in at.work.published if isinstance(one, TicketReverted)]
    assert (back.reverted, back.booth_id, back.offered) == (TicketFact.UNSERVED, None, True)
    assert at.work.messages[-3].envelope.occurred_at == told.occurred_at


async def test_a_call_after_the_closing_counts_and_is_told() -> None:
    at = await _held()
    await _at_closing(at)
    await _closed(at)
    at.work.clock.advance(minutes=20)

    [answer] = await at.tell(at.called(1, "kia-1", LateEnd.SERVED, ago=600), device="d1")

    assert (await at.ticket(1)).state is TicketState.SERVED
    assert answer["conflicts"] == ["after_closing"]
    assert (await at.conflicts())[ConflictKind.AFTER_CLOSING].booths == ("kia-1",)


async def test_no_booth_undoes_that_somebody_was_not_served() -> None:
    at = await _held()
    await _at_closing(at)
    await _closed(at)

    with pytest.raises(Exception, match="nothing_to_undo"):
        await at.work.run(lambda uow: undo(TicketAt(SETU, "KIA", 1, "kia-1"), uow, allow=anybody))


@pytest.mark.parametrize("end", [LateEnd.SERVED, LateEnd.LEFT])
async def test_who_was_noted_as_left_by_another_booth_was_served_where_one_says_so(
    end: LateEnd,
) -> None:
    at = await _held()
    await at.act(Act.LEAVE, 1, "kia-2")

    [answer] = await at.tell(at.called(1, "kia-1", end), device="d1")

    assert answer["conflicts"] == []
    assert (await at.ticket(1)).state.value == end.value
    assert (await at.line()).count(TicketState(end.value)) == 1


async def test_a_no_show_on_the_way_to_the_booth_that_served_him_is_served() -> None:
    at = await _held()
    at.work.clock.advance(minutes=46)
    assert await at.call("kia-2") == 1
    there = TicketAt(SETU, "KIA", 1, "kia-2")
    await at.work.run(lambda uow: send_on(there, "kia-1", uow, allow=anybody))
    await at.act(Act.NO_SHOW, 1, "kia-1")

    [answer] = await at.tell(at.called(1, "kia-1", LateEnd.SERVED, ago=600), device="d1")

    assert answer["conflicts"] == []
    assert (await at.ticket(1)).state is TicketState.SERVED
    line = await at.line()
    assert (line.served, line.count(TicketState.SENT, TicketState.NO_SHOW)) == (1, 0)
    assert await at.call("kia-1") is None, "nobody is on the way any more"


async def test_how_a_call_ended_is_taken_in_although_the_clock_was_put_right_meanwhile() -> None:
    at = await _held()
    at.work.clock.advance(minutes=5)
    begun = LateCall("e1", "kia-1", "KIA", 1, at.claim(200, ahead=0))
    await at.tell(begun, device="d1")
    zone = (await stored(at.work, ScheduledEvent, SETU)).closes_at.astimezone().tzinfo
    again = Claim(begun.claim.at.astimezone(zone), 40)
    ended = replace(begun, claim=again, end=LateEnd.SERVED, ended=at.claim(60, ahead=40))

    [answer] = await at.tell(ended, device="d1")

    assert answer["outcome"] == "merged"
    ticket = await at.ticket(1)
    assert (ticket.state, ticket.called_at) == (TicketState.SERVED, begun.claim.at)
    [entry] = await at.work.all(LateEntry)
    assert (entry.clock_ahead, entry.happened_at) == (0, begun.claim.at)
    assert entry.ended_at == at.work.clock() - timedelta(seconds=60)


async def _replan(work: Bench, *booths: Booth) -> None:
    asked = plan(*booths)
    await work.run(lambda uow: schedule_event(SETU, asked, uow, allow=anybody, holidays=Calendar()))


@pytest.mark.parametrize("kept", [(), (booth("kia-1", "KK"),)])
async def test_a_booth_that_was_planned_away_meanwhile_tells_whom_it_served(
    kept: tuple[Booth, ...],
) -> None:
    at = await _held()
    await _replan(at.work, booth("kia-2"), booth("kk", "KK"), *kept)
    stories = (
        at.called(1, "kia-1", LateEnd.SERVED),
        at.called(1, "kia-9", LateEnd.SERVED),
        at.called(1, "kk", LateEnd.SERVED),
    )

    answers = await at.tell(*stories, device="d1")

    assert [one.get("reason") for one in answers] == [None, "unknown_booth", "not_offered"]
    assert (await at.ticket(1)).state is TicketState.SERVED


async def test_a_device_of_an_agency_tells_of_its_booth_also_when_that_is_anothers_now() -> None:
    at = await field()
    await _replan(at.work, replace(booth("kia-1"), agency_id="dinkes"), booth("kia-2"))
    await at.admit(2)
    await at.lease("d1", booth_id="kia-1", hold=2)
    await _replan(at.work, booth("kia-2"), booth("kk", "KK"))
    own, others = at.called(1, "kia-1", LateEnd.SERVED), at.called(2, "kia-2", LateEnd.SERVED)

    def of_agency(_: Plan, where: Booth | None) -> None:
        if where is None or where.agency_id != "dinkes":
            raise Forbidden("not at that booth")

    async def tell(*stories: LateCall) -> Any:
        lease = Lease.key(SETU, "d1")
        return await at.work.run(lambda uow: merge(lease, "siti", stories, uow, allow=of_agency))

    answers = await tell(others, own)
    assert [one.get("reason", one["outcome"]) for one in answers] == ["forbidden", "merged"]
    assert (await at.ticket(1)).state is TicketState.SERVED
    assert (await at.ticket(2)).state is TicketState.WAITING
    with pytest.raises(Forbidden):
        await tell(others)


async def test_a_conflict_counts_all_its_stories_and_names_some() -> None:
    at = await field()
    await at.lease("gate-1", {"KIA": 30})
    for number in range(1, 15):
        await at.tell(at.issue(number, code="K7QW3ZTM"), device="gate-1")
    found = (await at.conflicts())[ConflictKind.SAME_CODE]

    assert (found.stories, len(found.entries)) == (14, 10)


async def _asked(at: Field, case_id: str, service: str = "KIA") -> None:
    asked = received(case_id, service).model_copy(update={"arrival_code": "K7QW3ZTM"})
    await at.work.handle(issue_ticket, asked)


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_a_request_has_one_number_also_where_a_second_gate_tells_its_code(
    order: tuple[int, ...],
) -> None:
    at = await field()
    await at.lease("gate-1", {"KK": 10})
    await at.lease("gate-2", {"KIA": 10})
    family = LateIssue("e1", "K7QW3ZTM", (("KK", 1),), at.claim())
    steps = (
        lambda: at.tell(family, device="gate-1"),
        lambda: at.tell(at.issue(1, code="K7QW3ZTM"), device="gate-2"),
        lambda: _asked(at, "case-1"),
    )
    for step in order:
        await steps[step]()

    case = await stored(at.work, Case, "case-1")
    assert case.ticket_id == (await at.ticket(1)).id
    assert [await at.call("kia-1"), await at.call("kia-2")] == [1, None]


async def test_who_has_a_gates_number_keeps_it_when_another_gate_tells_his_code() -> None:
    at = await field()
    await at.lease("gate-1", {"KIA": 10})
    await at.lease("gate-2", {"KIA": 10})
    await _asked(at, "case-1")
    await _asked(at, "case-2")
    await at.tell(at.issue(1, code="K7QW3ZTM"), device="gate-1")
    await at.tell(at.issue(11, code="K7QW3ZTM"), device="gate-2")

    assert [(await at.ticket(n)).case_id for n in (1, 11)] == ["case-1", "case-2"]
    assert (await at.line()).count(TicketState.VOID) == 2
    assert [one.cases for one in await at.work.all(Awaited)] == [()]


async def test_nobody_who_waits_for_a_gate_is_forgotten_for_those_who_come_later() -> None:
    awaited = Awaited("code/KIA")
    for number in range(MAX_AWAITED + 1):
        awaited = awaited.with_case(f"case-{number}")

    assert (len(awaited.cases), awaited.cases[0]) == (MAX_AWAITED, "case-0")


@pytest.mark.parametrize("late", [LateEnd.SERVED, LateEnd.NO_SHOW])
async def test_who_was_noted_as_absent_after_the_closing_is_as_his_booth_tells_later(
    late: LateEnd,
) -> None:
    at = await _held()
    begun = at.called(1, "kia-1", ago=60)
    await at.tell(begun, device="d1")
    await _at_closing(at)
    await _closed(at)
    at.work.clock.advance(minutes=10)
    ticket = await at.ticket(1)
    by_booth = TicketAt(SETU, "KIA", 1, "kia-1")
    await at.work.run(lambda uow: act_on(by_booth, Act.NO_SHOW, uow, allow=anybody))
    assert (await at.ticket(1)).state is TicketState.UNSERVED

    ended = replace(begun, end=late, ended=at.claim(60))
    [answer] = await at.tell(ended, device="d1")

    reached = TicketState.SERVED if late is LateEnd.SERVED else TicketState.UNSERVED
    ticket = await at.ticket(1)
    assert (ticket.state, answer["conflicts"]) == (reached, [])
    assert bool(ticket.offers) is (reached is TicketState.UNSERVED)
    line = await at.line()
    assert {state: n for state, n in line.states.items() if n} == {reached: 1}


async def test_a_no_show_that_is_told_is_unserved_where_it_was_after_the_closing_alone() -> None:
    for ago, reached in ((1200, TicketState.NO_SHOW), (60, TicketState.UNSERVED)):
        at = await _held()
        whole = at.called(1, "kia-1")
        await at.tell(whole, device="d1")
        await _at_closing(at)
        await _closed(at)
        at.work.clock.advance(minutes=10)
        ended = replace(whole, end=LateEnd.NO_SHOW, ended=at.claim(ago))
        await at.tell(ended, device="d1")
        assert (await at.ticket(1)).state is reached
