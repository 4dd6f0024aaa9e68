"""The order of a line under every policy, through the use cases: who passes whom, and how often."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain import (
    KEPT,
    Act,
    Arrival,
    Counter,
    Line,
    Policy,
    Refused,
    Stretch,
    Ticket,
    TicketState,
)
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import (
    NO_SHOW,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    note_no_show,
    rejoin,
    schedule_event,
    send_on,
    transfer,
    undo,
)
from shared.messaging.unit_of_work import UseCase
from shared.testing.bench import Bench
from shared.testing.callers import StandingClock
from tests.size import examples
from tests.unit.scheduler.sample import SETU, booth, plan, programme
from tests.unit.scheduler.test_usecases import Calendar, anybody, stored

SERVICES = ("KIA", "KK")
BOOTHS = ("both", "kia-1", "kia-2", "kk")
GONE = {TicketState.SERVED, TicketState.TRANSFERRED, TicketState.LEFT, TicketState.VOID}


@dataclass
class Day:
    """An event, and who was called before whom."""

    work: Bench
    policy: Policy
    codes: int = 0
    passed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By ticket: who joined later and was called before its holder, who could have come."""
    in_turn: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By ticket: who was called in his turn meanwhile, earlier or while its holder was away."""

    async def run(self, use_case: UseCase) -> Any:
        """Run a command; what the rules refuse changes nothing."""
        try:
            return await self.work.run(use_case)
        except Refused:
            return None

    async def admit(self, services: tuple[str, ...], how: str) -> None:
        """Somebody comes through the gate, or books."""
        self.codes += 1
        booked = time(9, 15 * int(how)) if how.isdigit() else None
        wanted = Wanted(services, priority=how == "priority", booked_for=booked)
        code = f"K{self.codes:07d}"
        await self.run(lambda uow: admit(SETU, wanted, code, uow, allow=anybody))

    async def next(self, booth_id: str) -> int:
        """Call at a booth and return the number, of somebody who must be there."""
        found = await self.work.run(lambda uow: call_next(SETU, booth_id, uow, allow=anybody))
        return int(found["number"])

    async def call(self, booth_id: str) -> None:
        """A booth calls, and it is noted who is passed."""
        before = {ticket.id: ticket for ticket in await self.work.all(Ticket)}
        busy = await self._busy()
        found = await self.run(lambda uow: call_next(SETU, booth_id, uow, allow=anybody))
        if found is None or before[found["ticket_id"]].state is not TicketState.WAITING:
            return
        called = await stored(self.work, Ticket, found["ticket_id"])
        assert called.arrival_id not in busy
        for other in before.values():
            if other.service == called.service and other.id != called.id:
                self._note(other, called, other.arrival_id in busy)

    def _note(self, other: Ticket, called: Ticket, away: bool) -> None:  # noqa: FBT001
        here = other.state is TicketState.WAITING and not away
        later = called.turn > other.turn
        if here and later and other.joined_at <= self.work.clock():
            self.passed[other.id].add(called.id)
        if called.in_order and other.state not in GONE and not (here and later):
            self.in_turn[other.id].add(called.id)

    async def _busy(self) -> set[str | None]:
        """Who is at a booth: being served, or called and not given up by the booth."""
        counters = {one.booth_id: one.ticket_id for one in await self.work.all(Counter)}
        return {
            ticket.arrival_id
            for ticket in await self.work.all(Ticket)
            if ticket.state in {TicketState.SERVING, TicketState.SENT}
            or (
                ticket.state in {TicketState.CALLED, TicketState.RECALLED}
                and counters.get(ticket.booth_id or "") == ticket.id
            )
        }

    async def act(self, kind: str, chosen: int, booth_id: str) -> None:
        """Something is done with one of the tickets at its booth."""
        tickets = await self.work.all(Ticket)
        if not tickets:
            return
        tickets.sort(key=lambda ticket: (ticket.service, ticket.number))
        one = tickets[chosen % len(tickets)]
        at = TicketAt(SETU, one.service, one.number, one.booth_id or booth_id)
        other = "KK" if one.service == "KIA" else "KIA"
        special: dict[str, UseCase] = {
            "undo": lambda uow: undo(at, uow, allow=anybody),
            "rejoin": lambda uow: rejoin(at, uow, allow=anybody),
            "send": lambda uow: send_on(at, booth_id, uow, allow=anybody),
            "transfer": lambda uow: transfer(at, other, uow, allow=anybody),
        }
        ordinary: UseCase = lambda uow: act_on(at, Act(kind), uow, allow=anybody)  # noqa: E731
        done = await self.run(special.get(kind, ordinary))
        if kind == "rejoin" and done:
            self.passed.pop(one.id, None)
            self.in_turn.pop(one.id, None)

    async def later(self, seconds: int) -> None:
        """Time passes, and timers fire."""
        self.work.clock.advance(seconds=seconds)
        for timer in self.work.timers:
            if timer.due <= self.work.clock():
                await self.work.fire(note_no_show, self.work.due(NO_SHOW, timer.key))

    async def check(self) -> None:
        """Hold what is kept against the tickets, and the passed against the bound."""
        tickets = await self.work.all(Ticket)
        for line in await self.work.all(Line):
            mine = [ticket for ticket in tickets if ticket.service == line.service]
            assert sorted(ticket.number for ticket in mine) == list(range(1, line.issued + 1))
            for state in TicketState:
                assert line.count(state) == sum(ticket.state is state for ticket in mine)
            waiting = {t.number: t for t in mine if t.state is TicketState.WAITING}
            kept = [number for _, number in line.kept]
            assert sorted(kept) == sorted(n for n, t in waiting.items() if t.lane == KEPT)
            await self._check_lanes(line, {n: t for n, t in waiting.items() if t.lane != KEPT})
        for ticket in tickets:
            ahead = len(self.in_turn[ticket.id])
            assert len(self.passed[ticket.id]) <= self.policy.passed_by(ahead), ticket

    async def _check_lanes(self, line: Line, waiting: dict[int, Ticket]) -> None:
        held = [s for s in await self.work.all(Stretch) if s.service == line.service]
        numbers = [number for stretch in held for _, number in stretch.waiting]
        assert sorted(numbers) == sorted(waiting)
        for name, lane in line.lanes.items():
            mine = [stretch for stretch in held if stretch.lane == name]
            assert lane.waiting == sum(len(stretch.waiting) for stretch in mine)
            assert all(stretch.index >= lane.first for stretch in mine if stretch.waiting)


async def day(policy: Policy) -> Day:
    """An event of two services, whose programme has this policy."""
    work = Bench(COLLECTIONS, replace(programme(), line=policy), clock=StandingClock())
    booths = [booth("both", *SERVICES), booth("kia-1", "KIA"), booth("kia-2", "KIA")]
    asked = plan(*booths, booth("kk", "KK"))
    await work.run(lambda uow: schedule_event(SETU, asked, uow, allow=anybody, holidays=Calendar()))
    return Day(work, policy)


POLICIES = st.builds(
    Policy,
    priority_every=st.sampled_from((None, 2, 3, 5)),
    recall_after=st.sampled_from((None, 1, 5)),
    no_show_minutes=st.sampled_from((None, 3)),
    weights=st.sampled_from(({}, {"KIA": 2}, {"KIA": 1, "KK": 3})),
)
STEPS = st.one_of(
    st.tuples(
        st.just("admit"),
        st.sampled_from((("KIA",), ("KIA",), ("KK",), SERVICES)),
        st.sampled_from(("walk", "walk", "priority", "1", "2")),
    ),
    st.tuples(st.just("call"), st.sampled_from(BOOTHS)),
    st.tuples(st.just("call"), st.sampled_from(BOOTHS)),
    st.tuples(
        st.sampled_from((*Act, "undo", "undo", "rejoin", "send", "transfer")),
        st.integers(0, 30),
        st.sampled_from(BOOTHS),
    ),
    st.tuples(st.just("later"), st.integers(1, 300)),
)


@settings(max_examples=examples(60), deadline=None)
@given(policy=POLICIES, steps=st.lists(STEPS, min_size=12, max_size=50))
async def test_nobody_is_passed_more_often_than_the_policy_allows(
    policy: Policy, steps: list[tuple[Any, ...]]
) -> None:
    """Whatever is done: nobody at two booths, counts conserved, and no bound exceeded."""
    today = await day(policy)
    for kind, *how in steps:
        if kind == "admit":
            await today.admit(how[0], how[1])
        elif kind == "call":
            await today.call(how[0])
        elif kind == "later":
            await today.later(how[0])
        else:
            await today.act(str(kind), how[0], how[1])
        await today.check()


RUSH = st.sampled_from(("walk", "priority", "priority", "call", "call", "call", "undo", "leave"))


@settings(max_examples=examples(60), deadline=None)
@given(every=st.sampled_from((2, 3)), steps=st.lists(RUSH, min_size=20, max_size=40))
async def test_a_rush_of_priority_at_one_booth_passes_nobody_too_often(
    every: int, steps: list[str]
) -> None:
    """Also where calls are taken back, and where those who were called leave."""
    today = await day(Policy(priority_every=every))
    await today.admit(("KIA",), "walk")
    for step in steps:
        if step in {"walk", "priority"}:
            await today.admit(("KIA",), step)
        elif step == "call":
            await today.call("kia-1")
        elif (counter := await today.work.get(Counter, f"{SETU}/kia-1")) and counter.ticket_id:
            await today.act(step, int(counter.ticket_id.rpartition("/")[2]) - 1, "kia-1")
        await today.check()


async def test_a_call_that_is_taken_back_gives_priority_nothing() -> None:
    today = await day(Policy(priority_every=2))
    for how in ("walk", "priority", "priority"):
        await today.admit(("KIA",), how)

    assert [await today.next("kia-1") for _ in range(2)] == [2, 1]
    await today.act("undo", 0, "kia-1")
    assert await today.next("kia-1") == 1


async def test_the_bound_is_reached_by_a_stream_of_priority() -> None:
    """Six with priority come behind six who walked in: of three calls one is theirs at most."""
    today = await day(Policy(priority_every=3))
    for how in ("walk", "priority"):
        for _ in range(6):
            await today.admit(("KIA",), how)
    called = [await today.next("kia-1") for _ in range(12)]

    assert called == [7, 1, 2, 8, 3, 4, 9, 5, 6, 10, 11, 12]
    assert Policy(priority_every=3).passed_by(5) == 3


async def test_who_booked_joins_at_his_time_and_not_before() -> None:
    today = await day(Policy())
    await today.admit(("KIA",), "2")
    await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    await today.call("kia-1")
    assert (await stored(today.work, Ticket, f"{SETU}/KIA/1")).state is TicketState.WAITING

    await today.later(15 * 60)
    await today.admit(("KIA",), "walk")
    await today.call("kia-2")

    assert (await stored(today.work, Counter, f"{SETU}/kia-2")).ticket_id == f"{SETU}/KIA/1"


async def test_who_booked_later_is_called_while_the_earlier_one_is_at_another_booth() -> None:
    today = await day(Policy())
    await today.admit(SERVICES, "2")
    await today.admit(("KK",), "3")
    await today.later(45 * 60)
    await today.call("kia-1")

    await today.call("kk")

    assert (await stored(today.work, Counter, f"{SETU}/kk")).ticket_id == f"{SETU}/KK/2"


async def test_who_was_sent_and_has_gone_is_expected_no_more() -> None:
    today = await day(Policy())
    await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    here, there = (TicketAt(SETU, "KIA", 1, booth_id) for booth_id in ("kia-1", "kia-2"))
    await today.work.run(lambda uow: send_on(here, "kia-2", uow, allow=anybody))

    await today.work.run(lambda uow: act_on(there, Act.NO_SHOW, uow, allow=anybody))

    assert (await stored(today.work, Counter, f"{SETU}/kia-2")).sent == ()
    await today.work.run(lambda uow: undo(there, uow, allow=anybody))
    assert (await stored(today.work, Counter, f"{SETU}/kia-2")).sent == (there.id,)


async def test_who_was_sent_is_let_go_by_a_booth_with_the_service_alone() -> None:
    today = await day(Policy())
    await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    here = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: send_on(here, "kia-2", uow, allow=anybody))

    at = TicketAt(SETU, "KIA", 1, "kk")
    with pytest.raises(Refused, match="not_offered"):
        await today.work.run(lambda uow: act_on(at, Act.LEAVE, uow, allow=anybody))


async def test_who_did_not_come_is_called_again_after_so_many_numbers_and_is_then_gone() -> None:
    today = await day(Policy(recall_after=2, no_show_minutes=3))
    for _ in range(5):
        await today.admit(("KIA",), "walk")
    called = []
    for _ in range(4):
        found = await today.work.run(lambda uow: call_next(SETU, "kia-1", uow, allow=anybody))
        called.append((found["number"], found["state"]))
        if found["number"] > 1:
            await today.act("serve", found["number"] - 1, "kia-1")

    assert called == [(1, "called"), (2, "called"), (3, "called"), (1, "recalled")]
    await today.later(181)
    assert (await stored(today.work, Ticket, f"{SETU}/KIA/1")).state is TicketState.NO_SHOW

    at = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: rejoin(at, uow, allow=anybody))
    last = [
        await today.work.run(lambda uow: call_next(SETU, "kia-2", uow, allow=anybody))
        for _ in "abc"
    ]
    assert [one["number"] for one in last] == [4, 5, 1]


async def test_who_is_to_be_called_again_is_no_no_show_before_that() -> None:
    today = await day(Policy(recall_after=2, no_show_minutes=3))
    await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    at = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: act_on(at, Act.RECALL, uow, allow=anybody))
    await today.work.run(lambda uow: undo(at, uow, allow=anybody))

    await today.later(181)

    assert (await stored(today.work, Ticket, at.id)).state is TicketState.CALLED


async def test_people_with_two_tickets_are_called_to_one_booth_at_a_time() -> None:
    today = await day(Policy())
    await today.admit(SERVICES, "walk")
    await today.admit(("KK",), "walk")
    await today.call("kia-1")
    await today.call("kk")

    assert (await stored(today.work, Counter, f"{SETU}/kk")).ticket_id == f"{SETU}/KK/2"
    await today.act("serve", 0, "kia-1")
    await today.call("kk")
    assert (await stored(today.work, Counter, f"{SETU}/kk")).ticket_id == f"{SETU}/KK/1"
    [first, _] = await today.work.all(Arrival)
    assert first.at == (f"{SETU}/KK/1",)


async def test_who_is_asked_for_once_more_by_a_booth_that_has_called_on_waits_elsewhere() -> None:
    today = await day(Policy())
    await today.admit(SERVICES, "walk")
    await today.admit(("KIA",), "walk")
    assert [await today.next("kia-1") for _ in "ab"] == [1, 2]
    at = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: act_on(at, Act.RECALL, uow, allow=anybody))

    assert await today.next("kk") == 1


@pytest.mark.parametrize("weights", [{"KIA": 1, "KK": 3}, {"KIA": 4}])
async def test_a_booth_gives_each_service_its_turns(weights: dict[str, int]) -> None:
    policy = Policy(weights=weights)
    today = await day(policy)
    for _ in range(20):
        await today.admit(("KIA",), "walk")
    for _ in range(20):
        await today.admit(("KK",), "walk")
    called = []
    for _ in range(20):
        found = await today.work.run(lambda uow: call_next(SETU, "both", uow, allow=anybody))
        called.append(found["service"])

    turns = policy.weight("KIA", {}) + policy.weight("KK", {})
    assert called[:turns].count("KIA") == policy.weight("KIA", {})
    for service in SERVICES:
        gaps = "".join("x" if one == service else "." for one in called).split("x")
        others = sum(policy.weight(one, {}) for one in SERVICES if one != service)
        assert max(map(len, gaps)) <= 2 * others


async def test_what_was_done_is_undone_within_two_minutes_and_told() -> None:
    today = await day(Policy())
    await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    at = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody))
    await today.later(120)
    await today.work.run(lambda uow: undo(at, uow, allow=anybody))

    assert (await stored(today.work, Ticket, at.id)).state is TicketState.CALLED
    reverted = today.work.messages[-1]
    assert today.work.types[-2:] == ["ticket_served", "ticket_reverted"]
    assert reverted.envelope.occurred_at == today.work.messages[-2].envelope.occurred_at
    with pytest.raises(Refused, match="nothing_to_undo"):
        await today.work.run(lambda uow: undo(at, uow, allow=anybody))
    await today.work.run(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody))
    await today.later(121)
    with pytest.raises(Refused, match="undo_too_late"):
        await today.work.run(lambda uow: undo(at, uow, allow=anybody))


async def test_a_call_is_undone_and_the_holder_is_next_again() -> None:
    today = await day(Policy())
    for _ in range(2):
        await today.admit(("KIA",), "walk")
    await today.call("kia-1")
    at = TicketAt(SETU, "KIA", 1, "kia-1")
    await today.work.run(lambda uow: undo(at, uow, allow=anybody))
    await today.check()
    assert (await stored(today.work, Counter, f"{SETU}/kia-1")).ticket_id is None

    assert await today.next("kia-2") == 1
