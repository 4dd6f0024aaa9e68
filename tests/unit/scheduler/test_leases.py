"""Devices without uplink: what they lease, what they tell later, and what does not agree."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

import pytest

from services.scheduler.domain import (
    HELD_CHOICES,
    MAX_HELD,
    MAX_WANTED,
    Act,
    Case,
    Claim,
    Conflict,
    ConflictKind,
    Holder,
    LateCall,
    LateEnd,
    LateEntry,
    LateIssue,
    Lease,
    LeaseEnd,
    Line,
    Policy,
    Refused,
    Ticket,
    TicketState,
)
from services.scheduler.domain.lease import MAX_BLOCKS, MAX_DEVICES, Devices
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import (
    NO_SHOW,
    LeaseWanted,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    end_lease,
    end_revoked,
    issue_ticket,
    merge,
    note_no_show,
    schedule_event,
    take_lease,
    undo,
)
from shared.contracts.intake import AccessKind, AccessRevoked
from shared.contracts.scheduler import TicketCalled, TicketIssued, TicketServed
from shared.testing.bench import Bench
from shared.testing.callers import StandingClock
from tests.unit.scheduler.sample import SETU, booth, plan, programme, received
from tests.unit.scheduler.test_usecases import Calendar, anybody, stored

GATE: Final = "gate"
"""What devices are called here; the API takes UUIDs alone."""


class Field:
    """An event with two booths of one line, and devices at its gate and booths."""

    def __init__(self, work: Bench) -> None:
        self.work = work
        self.ids = count(1)

    async def lease(
        self,
        device: str = GATE,
        numbers: dict[str, int] | None = None,
        *,
        account: str = "siti",
        session: str | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        """A device leases."""
        signed = self.work.clock() if session else None
        holder = Holder(SETU, device, account, session, signed)
        wanted = LeaseWanted(numbers or {}, **how)
        found: dict[str, Any] = await self.work.run(
            lambda uow: take_lease(holder, wanted, uow, allow=anybody)
        )
        return found

    async def tell(
        self, *stories: LateIssue | LateCall, device: str = GATE, account: str = "siti"
    ) -> list[dict[str, Any]]:
        """A device tells what happened."""
        found: list[dict[str, Any]] = await self.work.run(
            lambda uow: merge(Lease.key(SETU, device), account, stories, uow, allow=anybody)
        )
        return found

    def issue(self, number: int, *, code: str = "", ago: float = 60, **more: Any) -> LateIssue:
        """A gate gave somebody a number of KIA, so many seconds ago."""
        which = next(self.ids)
        code = code or f"K{which:07d}"
        return LateIssue(f"e{which}", code, (("KIA", number),), self.claim(ago), **more)

    def called(
        self, number: int, booth_id: str, end: LateEnd | None = None, *, ago: float = 60
    ) -> LateCall:
        """A booth called somebody, and was done with him half a minute later."""
        ended = self.claim(ago - 30) if end else None
        return LateCall(f"e{next(self.ids)}", booth_id, "KIA", number, self.claim(ago), end, ended)

    def claim(self, ago: float = 60, ahead: int = 0) -> Claim:
        """A time that a device says, with a clock that is so far ahead."""
        return Claim(self.work.clock() + timedelta(seconds=ahead - ago), ahead)

    async def admit(self, times: int = 1, *, priority: bool = False) -> None:
        """People come through a gate with uplink."""
        wanted = Wanted(("KIA",), priority=priority)
        for _ in range(times):
            code = f"C{next(self.ids):07d}"
            await self.work.run(partial(admit, SETU, wanted, code, allow=anybody))

    async def call(self, booth_id: str, device: str | None = None) -> int | None:
        """A booth with uplink calls."""
        found = await self.work.run(
            lambda uow: call_next(SETU, booth_id, uow, allow=anybody, device=device)
        )
        return found["number"] if found else None

    async def act(self, act: Act, number: int, booth_id: str) -> None:
        """A booth with uplink does something with a ticket."""
        at = TicketAt(SETU, "KIA", number, booth_id)
        await self.work.run(lambda uow: act_on(at, act, uow, allow=anybody))

    async def end(self, device: str, account: str, *, supervises: bool = False) -> None:
        """Somebody ends a lease."""
        holder = Holder(SETU, device, account)
        await self.work.run(
            lambda uow: end_lease(holder, uow, allow=anybody, supervises=lambda _: supervises)
        )

    async def ticket(self, number: int) -> Ticket:
        """How a ticket stands."""
        return await stored(self.work, Ticket, f"{SETU}/KIA/{number}")

    async def line(self) -> Line:
        """How the line stands."""
        return await stored(self.work, Line, f"{SETU}/KIA")

    async def conflicts(self) -> dict[ConflictKind, Conflict]:
        """What does not agree."""
        return {one.kind: one for one in await self.work.all(Conflict)}


async def field(policy: Policy | None = None) -> Field:
    """The event, an hour before it closes."""
    known = replace(programme(), line=policy or Policy())
    work = Bench(COLLECTIONS, known, clock=StandingClock())
    asked = plan(booth("kia-1"), booth("kia-2"), booth("kk", "KK"))
    await work.run(lambda uow: schedule_event(SETU, asked, uow, allow=anybody, holidays=Calendar()))
    return Field(work)


async def test_two_gates_and_the_uplink_have_numbers_of_their_own() -> None:
    at = await field()
    await at.admit(2)
    first = await at.lease("gate-1", {"KIA": 20})
    second = await at.lease("gate-2", {"KIA": 30, "KK": 10})
    await at.admit()

    assert first["blocks"] == [
        {"service": "KIA", "letter": "A", "first": 3, "last": 22, "used": []}
    ]
    assert [(b["service"], b["letter"], b["first"], b["last"]) for b in second["blocks"]] == [
        ("KIA", "A", 23, 52),
        ("KK", "B", 1, 10),
    ]
    assert [one.number for one in await at.work.all(Ticket)] == [1, 2, 53]
    assert ((await at.line()).issued, (await at.line()).last_number) == (3, 53)


async def test_a_device_that_asks_again_gets_nothing_more_until_half_is_used() -> None:
    at = await field()
    first = await at.lease(numbers={"KIA": 20})
    assert (await at.lease(numbers={"KIA": 20}))["blocks"] == first["blocks"]
    for number in range(1, 10):
        await at.tell(at.issue(number))
    assert len((await at.lease(numbers={"KIA": 20}))["blocks"]) == 1
    await at.tell(at.issue(10))

    blocks = (await at.lease(numbers={"KIA": 20}))["blocks"]

    assert [(one["first"], one["last"]) for one in blocks] == [(1, 20), (21, 30)]
    assert blocks[0]["used"] == list(range(1, 11))


async def test_no_gate_has_more_unused_numbers_than_the_limit() -> None:
    at = await field()
    for _ in range(200):
        await at.lease(numbers={"KIA": MAX_WANTED})

    assert (await stored(at.work, Lease, f"{SETU}/{GATE}")).unused("KIA") == MAX_WANTED
    assert (await at.line()).last_number == MAX_WANTED


async def test_who_came_without_uplink_waits_since_he_came() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(minutes=10)
    await at.admit()
    at.work.clock.advance(minutes=10)
    told = [at.issue(2, ago=900), at.issue(1, ago=1000)]

    answers = await at.tell(*told)

    assert [one["outcome"] for one in answers] == ["merged", "merged"]
    assert [await at.call("kia-1") for _ in "abc"] == [1, 2, 11]
    issued = [one for one in at.work.messages if one.envelope.type == TicketIssued.type]
    now = at.work.clock()
    assert [now - one.envelope.occurred_at for one in issued[1:]] == [
        timedelta(seconds=900),
        timedelta(seconds=1000),
    ]
    entry = await stored(at.work, LateEntry, f"{SETU}/{GATE}/{told[0].entry_id}")
    assert (entry.claimed_at, entry.arrived_at) == (told[0].claim.at, now)
    assert entry.by == "siti"


async def test_a_number_told_at_once_is_answered_as_at_the_gate_once() -> None:
    at = await field()
    at.work.clock.now = at.work.clock.now.replace(hour=2, minute=0)
    await at.admit(60)
    await at.lease(numbers={"KIA": 10})
    for _ in range(20):
        assert await at.call("kia-1")
        at.work.clock.advance(minutes=4)
    story = at.issue(61, ago=0)
    [answer] = await at.tell(story)
    [given] = answer["tickets"]

    assert (given["label"], given["waiting"]) == ("A61", 40)
    assert given["warning"]["probability"] > 0.9
    assert "tickets" not in (await at.tell(story))[0]


async def test_priority_of_a_gate_without_uplink_counts() -> None:
    at = await field(Policy(priority_every=2))
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(minutes=10)
    await at.tell(at.issue(1, ago=300), at.issue(2, ago=200, priority=True))

    assert [await at.call("kia-1") for _ in "ab"] == [2, 1]


async def test_a_story_told_twice_or_late_changes_nothing_more() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    story = at.issue(1)
    await at.tell(story)
    await at.call("kia-1")
    before = (await at.ticket(1), await at.line(), len(at.work.messages))
    at.work.clock.advance(minutes=9)

    assert [one["outcome"] for one in await at.tell(story, story)] == ["known", "known"]
    assert (await at.ticket(1), await at.line(), len(at.work.messages)) == before
    other = replace(story, priority=True)
    assert (await at.tell(other))[0]["reason"] == "entry_changed"


@pytest.mark.parametrize(
    ("number", "reason"), [(11, "not_leased"), (0, "not_leased"), (1, "number_taken")]
)
async def test_a_number_that_is_not_the_gates_or_is_given_is_refused_alone(
    number: int, reason: str
) -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    await at.tell(at.issue(1))

    answers = await at.tell(at.issue(number), at.issue(3))

    assert [(one["outcome"], one.get("reason")) for one in answers] == [
        ("refused", reason),
        ("merged", None),
    ]
    assert [one.number for one in await at.work.all(Ticket)] == [1, 3]
    assert (await at.line()).waiting == 2


async def test_one_code_at_two_gates_gives_both_numbers_and_a_conflict() -> None:
    at = await field()
    await at.lease("gate-1", {"KIA": 10})
    await at.lease("gate-2", {"KIA": 10})
    first, second = at.issue(1, code="K7QW3ZTM"), at.issue(11, code="K7QW3ZTM")
    await at.tell(first, device="gate-1")
    await at.tell(second, device="gate-2")

    found = (await at.conflicts())[ConflictKind.SAME_CODE]
    assert found.subject == "K7QW3ZTM"
    assert found.entries == (f"gate-1/{first.entry_id}", f"gate-2/{second.entry_id}")
    assert await at.call("kia-1") == 1
    assert await at.call("kia-2") is None, "they are at one booth at a time"


@pytest.mark.parametrize("called", [False, True])
async def test_a_request_recorded_before_its_gate_is_heard_takes_over_the_gates_number(
    called: bool,  # noqa: FBT001
) -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(minutes=5)
    asked = received("case-1").model_copy(update={"arrival_code": "K7QW3ZTM"})
    await at.work.handle(issue_ticket, asked)
    if called:
        assert await at.call("kia-1") == 11
    await at.tell(at.issue(1, code="K7QW3ZTM"))

    own, gates = await at.ticket(11), await at.ticket(1)
    case = await stored(at.work, Case, "case-1")
    if called:
        assert (own.state, gates.case_id) == (TicketState.CALLED, None)
        assert case.ticket_id == own.id
    else:
        assert (own.state, gates.case_id, gates.channel) == (TicketState.VOID, "case-1", "event")
        assert case.ticket_id == gates.id
        assert at.work.types[-2:] == ["ticket_issued", "ticket_assigned"]
        assert [await at.call("kia-1"), await at.call("kia-1")] == [1, None]


async def test_one_code_has_an_end() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 100})
    told = [at.issue(number, code="K7QW3ZTM") for number in range(1, 22)]
    answers = await at.tell(*told)

    assert [one.get("reason") for one in answers] == [None] * 20 + ["arrival_full"]
    assert (await at.line()).issued == 20


async def test_two_booths_of_one_line_share_who_waits_and_nobody_else_calls_them() -> None:
    at = await field()
    await at.admit(7)
    one = await at.lease("d1", booth_id="kia-1", hold=3)
    two = await at.lease("d2", booth_id="kia-2", hold=3)

    assert [t["number"] for t in one["held"]] == [1, 2, 3]
    assert [t["number"] for t in two["held"]] == [4, 5, 6]
    assert [await at.call("kia-1"), await at.call("kia-2")] == [7, None]
    assert [await at.call("kia-1", "d1"), await at.call("kia-2", "d2")] == [1, 4]


async def test_a_device_holds_as_many_as_it_asks_for_and_the_next_when_one_is_called() -> None:
    at = await field()
    await at.admit(4)
    await at.lease("d1", booth_id="kia-1", hold=2)
    assert await at.call("kia-1", "d1") == 1
    again = await at.lease("d1", booth_id="kia-1", hold=2)

    assert [t["number"] for t in again["held"]] == [2, 3]
    less = await at.lease("d1", booth_id="kia-1", hold=0)
    assert less["held"] == []
    assert await at.call("kia-2") == 2


async def test_whom_a_silent_device_held_is_called_by_others_after_45_minutes() -> None:
    at = await field()
    await at.admit(2)
    await at.lease("d1", booth_id="kia-1", hold=2)
    at.work.clock.advance(minutes=44)
    assert await at.call("kia-2") is None
    at.work.clock.advance(minutes=1)
    assert await at.call("kia-2") == 1

    assert (await at.lease("d1", booth_id="kia-1", hold=2))["held"] == [], "held once in a life"
    assert await at.call("kia-2") == 2


async def test_a_booth_that_rests_holds_nobody_longer_for_being_heard_of() -> None:
    at = await field()
    await at.admit(1)
    for _ in range(5):
        await at.lease("d1", booth_id="kia-1", hold=2)
        at.work.clock.advance(minutes=9)

    assert await at.call("kia-2") == 1


async def test_who_is_held_is_passed_by_no_more_than_the_bound() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    await at.admit(HELD_CHOICES + 5)
    passed = 0
    while (number := await at.call("kia-2")) != 1:
        assert number is not None
        await at.act(Act.SERVE, number, "kia-2")
        await at.lease("d1", booth_id="kia-1", hold=1)
        passed += 1

    assert passed <= HELD_CHOICES
    assert passed > HELD_CHOICES // 4


async def test_calls_without_uplink_are_counted_and_told_as_they_were() -> None:
    at = await field()
    await at.admit(2)
    await at.lease("d1", booth_id="kia-1", hold=2)
    at.work.clock.advance(minutes=10)
    stories = [at.called(1, "kia-1", LateEnd.SERVED, ago=500), at.called(2, "kia-1", ago=60)]
    await at.tell(*stories, device="d1")

    line = await at.line()
    assert (line.served, line.count(TicketState.CALLED), line.called) == (1, 1, 2)
    [first, _] = [one for one in at.work.published if isinstance(one, TicketCalled)]
    assert first.waited_seconds == 100
    [served] = [one for one in at.work.published if isinstance(one, TicketServed)]
    assert served.served_seconds == 30
    told = at.work.messages[-1].envelope
    assert told.occurred_at == at.work.clock() - timedelta(seconds=60)
    assert not await at.conflicts()


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0), (0, 0, 1, 1)])
async def test_how_a_call_ended_may_be_told_before_after_and_again(order: tuple[int, ...]) -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    at.work.clock.advance(minutes=5)
    whole = at.called(1, "kia-1", LateEnd.SERVED)
    stories = (replace(whole, end=None, ended=None), whole)
    for which in order:
        await at.tell(stories[which], device="d1")

    ticket = await at.ticket(1)
    assert (ticket.state, ticket.called_at) == (TicketState.SERVED, whole.claim.at)
    assert at.work.types[-2:] == ["ticket_called", "ticket_served"]
    assert (await at.tell(replace(whole, end=LateEnd.LEFT), device="d1"))[0]["reason"] == (
        "entry_changed"
    )


async def test_a_ticket_that_two_booths_called_stays_with_the_first_that_told() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    await at.lease("d2", booth_id="kia-2")
    at.work.clock.advance(minutes=46)
    assert await at.call("kia-2", "d2") == 1
    await at.act(Act.SERVE, 1, "kia-2")
    before = (await at.ticket(1), await at.line())

    [answer] = await at.tell(at.called(1, "kia-1", LateEnd.SERVED, ago=600), device="d1")

    assert (answer["outcome"], answer["conflicts"]) == ("merged", ["called_twice"])
    assert (await at.ticket(1), await at.line()) == before
    assert (await at.conflicts())[ConflictKind.CALLED_TWICE].booths == ("kia-1", "kia-2")


async def test_who_left_meanwhile_has_left_and_the_call_is_a_conflict() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    await at.act(Act.LEAVE, 1, "kia-2")

    [answer] = await at.tell(at.called(1, "kia-1"), device="d1")

    assert answer["conflicts"] == ["called_twice"]
    assert (await at.ticket(1)).state is TicketState.LEFT


async def test_what_a_booth_did_later_with_uplink_is_not_taken_back() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    await at.call("kia-1", "d1")
    at.work.clock.advance(minutes=5)
    await at.act(Act.START, 1, "kia-1")

    [answer] = await at.tell(at.called(1, "kia-1", LateEnd.LEFT, ago=120), device="d1")

    assert answer["conflicts"] == ["newer"]
    assert (await at.ticket(1)).state is TicketState.SERVING


async def test_who_was_served_without_uplink_is_no_no_show() -> None:
    at = await field(Policy(no_show_minutes=3))
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=1)
    await at.call("kia-1", "d1")
    at.work.clock.advance(minutes=4)
    await at.work.fire(note_no_show, at.work.due(NO_SHOW, f"{SETU}/KIA/1"))
    assert (await at.ticket(1)).state is TicketState.NO_SHOW

    await at.tell(at.called(1, "kia-1", LateEnd.SERVED, ago=120), device="d1")

    assert (await at.ticket(1)).state is TicketState.SERVED
    assert at.work.types[-2:] == ["ticket_reverted", "ticket_served"]
    assert ((await at.line()).served, (await at.line()).count(TicketState.NO_SHOW)) == (1, 0)


async def test_a_counter_keeps_whom_it_called_since() -> None:
    at = await field()
    await at.admit(2)
    await at.lease("d1", booth_id="kia-1", hold=1)
    at.work.clock.advance(minutes=5)
    late = at.called(1, "kia-1", ago=120)
    assert await at.call("kia-1") == 2
    await at.tell(late, device="d1")

    found = await at.work.run(
        lambda uow: undo(TicketAt(SETU, "KIA", 2, "kia-1"), uow, allow=anybody)
    )
    assert found["state"] == "waiting"
    assert (await at.ticket(1)).state is TicketState.CALLED


async def test_a_number_that_was_typed_wrong_is_refused_and_told_anew() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10}, booth_id="kia-1")
    call = at.called(1, "kia-1", LateEnd.SERVED, ago=50)
    assert [one.get("reason") for one in await at.tell(call)] == ["unknown_ticket"]
    other = replace(call, entry_id="other", booth_id="kk")
    assert (await at.tell(other))[0]["reason"] == "not_offered"
    assert (await at.tell(replace(other, booth_id="none")))[0]["reason"] == "unknown_booth"

    told = await at.tell(at.issue(1, ago=60), call)

    assert [one["outcome"] for one in told] == ["merged", "merged"]
    assert (await at.ticket(1)).state is TicketState.SERVED


@pytest.mark.parametrize("ahead", [86_400, -86_400])
async def test_a_clock_that_is_a_day_off_is_put_right_and_told(ahead: int) -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10}, clock_ahead=ahead)
    at.work.clock.advance(minutes=10)
    story = replace(at.issue(1), claim=at.claim(ago=60, ahead=ahead))
    await at.tell(story)

    assert (await at.ticket(1)).joined_at == at.work.clock() - timedelta(seconds=60)
    assert (await at.conflicts())[ConflictKind.CLOCK].subject == GATE
    assert (await stored(at.work, Lease, f"{SETU}/{GATE}")).clock_off


@pytest.mark.parametrize("off", [-86_400, 86_400, -(10**9)])
async def test_a_time_that_cannot_be_is_the_nearest_that_can(off: int) -> None:
    at = await field()
    begun = at.work.clock()
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(minutes=10)
    now = at.work.clock()
    await at.tell(replace(at.issue(1), claim=Claim(now + timedelta(seconds=off))))

    assert (await at.ticket(1)).joined_at == (begun if off < 0 else now)
    assert ConflictKind.CLOCK in await at.conflicts()


async def test_a_lease_ends_with_its_session_and_its_booths_people_are_free() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", {"KIA": 10}, booth_id="kia-1", hold=1, session="s1")
    assert await at.call("kia-2") is None
    at.work.clock.advance(minutes=5)
    await at.work.handle(end_revoked, _revoked("s1", at.work.clock()))

    lease = await stored(at.work, Lease, f"{SETU}/d1")
    assert (lease.ended, lease.runs(at.work.clock())) == (LeaseEnd.REVOKED, False)
    assert await at.call("kia-2") == 1
    # Who has one of its numbers is let in all the same: from the paper, by whoever works there.
    at.work.clock.advance(minutes=5)
    told = await at.tell(at.issue(2), device="d1", account="budi")
    assert told[0]["conflicts"] == ["after_lease"]
    assert await at.call("kia-2") == 2


@pytest.mark.parametrize(
    ("who", "ends"), [("s1", True), ("siti", True), ("s2", False), ("budi", False)]
)
async def test_a_revocation_ends_what_was_leased_by_it_alone(who: str, ends: bool) -> None:  # noqa: FBT001
    at = await field()
    await at.lease("d1", booth_id="kia-1", session="s1")
    await at.work.handle(end_revoked, _revoked(who, at.work.clock()))

    assert ((await stored(at.work, Lease, f"{SETU}/d1")).ended is not None) is ends


async def test_what_was_leased_anew_is_not_ended_by_a_revocation_of_before() -> None:
    at = await field()
    await at.lease("d1", booth_id="kia-1", session="s1")
    old = at.work.clock()
    at.work.clock.advance(minutes=1)
    await at.lease("d1", booth_id="kia-1", session="s2")
    await at.work.handle(end_revoked, _revoked("siti", old))
    await at.work.handle(end_revoked, _revoked("s1", old))

    assert (await stored(at.work, Lease, f"{SETU}/d1")).ended is None


async def test_who_was_revoked_a_moment_ago_leases_nothing() -> None:
    at = await field()
    await at.work.handle(end_revoked, _revoked("s1", at.work.clock()))
    with pytest.raises(Refused, match="access_revoked"):
        await at.lease("d1", booth_id="kia-1", session="s1")
    await at.work.handle(end_revoked, _revoked("siti", at.work.clock()))
    with pytest.raises(Refused, match="access_revoked"):
        await at.lease("d1", booth_id="kia-1", session="s2")
    at.work.clock.advance(seconds=1)
    await at.lease("d1", booth_id="kia-1", session="s3")


async def test_a_supervisor_takes_a_devices_lease_back_for_the_whole_event() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", {"KIA": 10}, booth_id="kia-1", hold=1)
    with pytest.raises(Refused, match="other_account"):
        await at.end("d1", "rina")
    await at.end("d1", "rina", supervises=True)

    assert await at.call("kia-2") == 1
    with pytest.raises(Refused, match="lease_ended"):
        await at.lease("d1", {"KIA": 10})
    assert (await at.tell(at.issue(2), device="d1"))[0]["outcome"] == "merged"


async def test_who_gives_a_lease_back_may_take_it_again() -> None:
    at = await field()
    await at.lease("d1", {"KIA": 10}, booth_id="kia-1")
    await at.end("d1", "siti")
    assert (await stored(at.work, Lease, f"{SETU}/d1")).ended is LeaseEnd.GIVEN_BACK

    assert len((await at.lease("d1", {"KIA": 10}))["blocks"]) == 1
    assert (await stored(at.work, Lease, f"{SETU}/d1")).ended is None


async def test_a_lease_is_its_accounts_while_it_runs() -> None:
    at = await field()
    await at.lease("d1", {"KIA": 10})
    with pytest.raises(Refused, match="other_account"):
        await at.lease("d1", {"KIA": 10}, account="budi")
    with pytest.raises(Refused, match="other_account"):
        await at.tell(at.issue(1), device="d1", account="budi")
    at.work.clock.advance(hours=10)

    assert (await at.tell(at.issue(1), device="d1", account="budi"))[0]["outcome"] == "merged"


@pytest.mark.parametrize(
    ("hours", "numbers", "hold", "reason"),
    [
        (-40, {"KIA": 10}, 0, "too_early"),
        (-20, {}, 1, "not_its_day"),
        (1.6, {"KIA": 10}, 0, "closed"),
        (4.6, {}, 0, "closed"),
    ],
)
async def test_a_lease_has_its_time(
    hours: float, numbers: dict[str, int], hold: int, reason: str
) -> None:
    """The event is from 9 to 11.30; the clock stands at its hour, by the office's time alone."""
    at = await field()
    at.work.clock.now = datetime.fromisoformat("2023-03-11T03:00:00+00:00")
    at.work.clock.advance(hours=hours)
    with pytest.raises(Refused, match=reason):
        await at.lease(numbers=numbers, booth_id="kia-1", hold=hold)
    assert await at.work.all(Lease) == []
    assert (await at.line()).last_number == 0


async def test_a_number_given_after_the_closing_counts_and_is_told() -> None:
    at = await field()
    at.work.clock.now = datetime.fromisoformat("2023-03-11T04:20:00+00:00")
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(minutes=30)
    await at.tell(at.issue(1, ago=60))

    assert list(await at.conflicts()) == [ConflictKind.AFTER_CLOSING]
    assert await at.call("kia-1") == 1


async def test_what_happened_is_taken_in_for_a_week() -> None:
    at = await field()
    await at.lease(numbers={"KIA": 10})
    at.work.clock.advance(days=7)
    assert (await at.tell(at.issue(1)))[0]["outcome"] == "merged"
    at.work.clock.advance(days=1)
    with pytest.raises(Refused, match="merge_too_late"):
        await at.tell(at.issue(2))


async def test_devices_and_blocks_have_an_end() -> None:
    at = await field()
    at.work.keep(Devices(SETU, 1, tuple(f"d{n}" for n in range(MAX_DEVICES))))
    with pytest.raises(Refused, match="too_many_devices"):
        await at.lease("one-more", {"KIA": 10})
    await at.lease("d1", {"KIA": 10})
    lease = await stored(at.work, Lease, f"{SETU}/d1")
    many = tuple(replace(lease.blocks[0], first=1000 + n, service="KK") for n in range(MAX_BLOCKS))
    at.work.keep(replace(lease, blocks=many))
    with pytest.raises(Refused, match="too_many_blocks"):
        await at.lease("d1", {"KIA": 10})


async def test_a_line_has_no_numbers_left_for_a_block() -> None:
    at = await field()
    at.work.keep(replace(await at.line(), numbered=99_995, version=9))
    with pytest.raises(Refused, match="line_full"):
        await at.lease(numbers={"KIA": 10})
    await at.admit(5)
    with pytest.raises(Refused, match="line_full"):
        await at.admit()


async def test_a_device_that_goes_to_another_booth_holds_nobody_of_the_line_before() -> None:
    at = await field()
    await at.admit(1)
    await at.lease("d1", booth_id="kia-1", hold=MAX_HELD)
    await at.lease("d1", booth_id="kk", hold=MAX_HELD)

    assert await at.call("kia-2") == 1


async def test_no_document_grows_with_what_is_told() -> None:
    at = await field()
    for n in range(12):
        await at.lease(numbers={"KIA": 100})
        await at.tell(*(at.issue(n * 100 + k, ago=30) for k in range(1, 51)))
        await at.tell(*(at.issue(n * 100 + k, ago=30) for k in range(51, 101)))
        while await at.call("kia-1"):
            pass

    line, lease = await at.line(), await stored(at.work, Lease, f"{SETU}/{GATE}")
    assert (line.issued, line.lanes, line.holds) == (1200, {}, {})
    assert lease.blocks == ()


def _revoked(id_: str, at: datetime) -> AccessRevoked:
    kind = AccessKind.SESSION if id_.startswith("s") and id_ != "siti" else AccessKind.ACCOUNT
    return AccessRevoked(access_id=id_, kind=kind, revoked_at=at)
