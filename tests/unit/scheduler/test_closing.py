"""The end of a line and of an event: who waits is offered other ways, and nothing else changes."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from services.scheduler.api.fields import LAST_DAY
from services.scheduler.domain import (
    Act,
    Arrival,
    Booth,
    Line,
    Offer,
    OfferKind,
    Plan,
    Programme,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
)
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import (
    ABSENT,
    EVENT_OVER,
    LINE_OVER,
    NO_SHOW,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    cancel_event,
    close_line,
    copy_programme,
    issue_ticket,
    note_absent,
    note_event_over,
    note_line_over,
    note_no_show,
    offers_of,
    record_visit,
    rejoin,
    schedule_event,
    transfer,
    undo,
    void_ticket,
)
from shared.auth.roles import Forbidden
from shared.contracts.intake import LineOrder
from shared.contracts.scheduler import EventScheduled, TicketEnded, TicketReverted
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UseCase
from shared.testing.bench import Bench
from shared.testing.callers import StandingClock
from tests.unit.scheduler.sample import (
    DAY,
    HEALTH,
    SETU,
    UNIT,
    booth,
    closed,
    plan,
    programme,
    published,
    received,
)
from tests.unit.scheduler.test_usecases import Calendar, anybody, held, stored

BOOTHS = (booth("loket-1", "KIA", "KK"), booth("loket-2", "KIA"), HEALTH)
NEXT = "botram-2023-03-18-tambun"


async def at_setu(*offers: Offer) -> Bench:
    """The event of the sample, with a booth for KIA and KK and one for KIA alone."""
    work = Bench(COLLECTIONS, programme(), clock=StandingClock())
    await put(work, replace(plan(*BOOTHS), offers=offers or (UNIT,)))
    return work


async def put(work: Bench, asked: Plan, event_id: str = SETU) -> dict[str, object]:
    answer: dict[str, object] = await work.run(
        lambda uow: schedule_event(event_id, asked, uow, allow=anybody, holidays=Calendar())
    )
    return answer


async def admitted(work: Bench, wanted: Wanted) -> dict[str, object]:
    """Have somebody come for one service; return his ticket."""
    code = f"K7QW{len(await work.all(Arrival)):04}"
    answer = await work.run(lambda uow: admit(SETU, wanted, code, uow, allow=anybody))
    given: dict[str, object] = answer["tickets"][0]
    return given


async def arrive(work: Bench, *services: str, people: int = 1) -> None:
    for _ in range(people):
        for service in services or ("KIA",):
            await admitted(work, Wanted((service,)))


async def call(work: Bench, booth_id: str = "loket-1") -> int | None:
    found = await work.run(lambda uow: call_next(SETU, booth_id, uow, allow=anybody))
    return int(found["number"]) if found else None


def after_closing(work: Bench) -> None:
    work.clock.now = work.clock.now.replace(hour=4, minute=30)


async def close(work: Bench, service: str = "KIA") -> dict[str, object]:
    answer: dict[str, object] = await work.run(
        lambda uow: close_line(SETU, service, uow, allow=anybody)
    )
    return answer


async def run_out(work: Bench, service: str = "KIA") -> int:
    """Fire the timer of a closed line until it is not set again; return how often."""
    key, times = f"{SETU}/{service}", 0
    while any((one.name, one.key) == (LINE_OVER, key) for one in work.timers):
        assert await work.fire(note_line_over, work.due(LINE_OVER, key))
        times += 1
    return times


async def line(work: Bench, service: str = "KIA") -> Line:
    return await stored(work, Line, f"{SETU}/{service}")


def ended(work: Bench) -> list[TicketEnded]:
    return [event for event in work.published if isinstance(event, TicketEnded)]


async def test_whoever_is_left_at_closing_gets_an_offer_before_he_leaves() -> None:
    work = await at_setu()
    await arrive(work, people=3)
    await call(work)
    after_closing(work)

    answer = await close(work)
    assert (answer["waiting"], [one["kind"] for one in answer["offers"]]) == (2, ["service_point"])  # type: ignore[attr-defined]
    assert await run_out(work) == 1

    found = await work.all(Ticket)
    assert [one.state for one in found] == [
        TicketState.CALLED,
        TicketState.UNSERVED,
        TicketState.UNSERVED,
    ]
    assert {one.offers for one in found[1:]} == {(OfferKind.SERVICE_POINT,)}
    assert [(one.number, one.end, one.offers, one.booth_id) for one in ended(work)] == [
        (2, "unserved", ("service_point",), None),
        (3, "unserved", ("service_point",), None),
    ]
    kept = await line(work)
    assert (kept.closed, kept.waiting, kept.count(TicketState.UNSERVED)) == (True, 0, 2)
    at = TicketAt(SETU, "KIA", 1, "loket-1")
    await work.run(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody))
    assert (await line(work)).served == 1


async def test_many_are_told_a_hundred_at_a_time_and_each_once() -> None:
    work = await at_setu()
    await arrive(work, people=230)
    after_closing(work)
    await close(work)
    first = work.due(LINE_OVER, f"{SETU}/KIA")
    assert await run_out(work) == 3
    assert not await work.fire(note_line_over, first)

    assert sorted(one.number for one in ended(work)) == list(range(1, 231))
    assert (await line(work)).states == {TicketState.WAITING: 0, TicketState.UNSERVED: 230}


async def test_a_line_is_closed_from_the_closing_on_and_twice_is_once() -> None:
    work = await at_setu()
    await arrive(work)
    before = held(work)
    with pytest.raises(Refused, match="not_closing_yet"):
        await close(work)
    assert held(work) == before
    after_closing(work)
    await close(work)
    await run_out(work)
    once = held(work)
    assert (await close(work))["waiting"] == 0
    assert held(work) == once
    with pytest.raises(Missing):
        await close(work, "IKD")


async def test_a_line_is_closed_by_whoever_may_act_at_each_of_its_booths() -> None:
    work = await at_setu()
    after_closing(work)

    def first_booth(_: Plan, asked: Booth | None) -> None:
        if asked is None or asked.id != "loket-1":
            raise Forbidden("not that one")

    before = held(work)
    for service in ("KIA", "IKD"):
        with pytest.raises(Forbidden):
            await work.run(lambda uow: close_line(SETU, service, uow, allow=first_booth))  # noqa: B023
    assert held(work) == before
    await work.run(lambda uow: close_line(SETU, "KK", uow, allow=first_booth))
    assert (await line(work, "KK")).closed


async def test_in_a_closed_line_nobody_joins_or_is_called_any_more() -> None:
    work = await at_setu()
    await arrive(work, people=3)
    await arrive(work, "KK")
    assert [await call(work), await call(work, "loket-2")] == [1, 2]
    absent = TicketAt(SETU, "KIA", 1, "loket-1")
    await work.run(lambda uow: act_on(absent, Act.NO_SHOW, uow, allow=anybody))
    after_closing(work)
    await close(work)

    assert await call(work, "loket-2") is None
    assert (await work.run(lambda uow: call_next(SETU, "loket-1", uow, allow=anybody)))[
        "service"
    ] == "KK"
    refused: list[UseCase] = [
        lambda uow: rejoin(absent, uow, allow=anybody),
        lambda uow: transfer(TicketAt(SETU, "KK", 1, "loket-1"), "KIA", uow, allow=anybody),
        lambda uow: admit(SETU, Wanted(("KIA",)), "K7QW3ZTM", uow, allow=anybody),
    ]
    before = held(work)
    for use_case in refused:
        with pytest.raises(Refused, match="closed"):
            await work.run(use_case)
    assert held(work) == before
    await run_out(work)
    assert [one.number for one in ended(work) if one.end == "unserved"] == [3]


async def test_a_call_that_is_undone_after_all_were_told_is_told_too() -> None:
    work = await at_setu()
    await arrive(work)
    after_closing(work)
    await call(work)
    await close(work)
    assert await run_out(work) == 0
    at = TicketAt(SETU, "KIA", 1, "loket-1")
    await work.run(lambda uow: undo(at, uow, allow=anybody))
    assert await run_out(work) == 1
    assert (await stored(work, Ticket, at.id)).state is TicketState.UNSERVED
    for act in (Act.SERVE, Act.LEAVE):
        with pytest.raises(Refused, match="unserved"):
            await work.run(lambda uow: act_on(at, act, uow, allow=anybody))  # noqa: B023


async def test_who_withdrew_meanwhile_is_void_and_not_unserved() -> None:
    work = await at_setu()
    for case in ("case-1", "case-2"):
        await work.handle(issue_ticket, received(case))
    after_closing(work)
    await close(work)
    await work.handle(void_ticket, closed("case-1"))
    await run_out(work)
    assert [one.case_id for one in ended(work)] == ["case-2"]
    await work.handle(void_ticket, closed("case-2"))
    assert (await line(work)).states[TicketState.UNSERVED] == 1


async def test_what_nobody_closed_is_closed_when_the_day_ends() -> None:
    work = await at_setu()
    await arrive(work, "KIA", "KK")
    [timer] = [one for one in work.timers if one.name == EVENT_OVER]
    event = await stored(work, ScheduledEvent, SETU)
    assert timer.due == event.over_at == event.opens_at + timedelta(hours=15)
    work.clock.now = timer.due
    await work.fire(note_event_over, work.due(EVENT_OVER, SETU))
    assert [await run_out(work, one) for one in ("KIA", "KK")] == [1, 1]
    assert len(ended(work)) == 2


async def test_an_event_that_was_moved_ends_on_its_new_day_and_a_past_one_by_nobody() -> None:
    work = await at_setu()
    before = work.due(EVENT_OVER, SETU)
    await put(work, replace(plan(*BOOTHS), on=DAY + timedelta(days=7)))
    assert not await work.fire(note_event_over, before)
    [timer] = [one for one in work.timers if one.name == EVENT_OVER]
    assert timer.due.date() == DAY + timedelta(days=7)
    await put(work, replace(plan(*BOOTHS), on=DAY - timedelta(days=7)))
    assert not [one for one in work.timers if one.name == EVENT_OVER]


async def test_an_event_that_nobody_came_to_is_open_again_on_the_day_it_was_moved_to() -> None:
    work = await at_setu()
    work.clock.now = (await stored(work, ScheduledEvent, SETU)).over_at
    await work.fire(note_event_over, work.due(EVENT_OVER, SETU))
    assert (await line(work)).closed
    await put(work, replace(plan(*BOOTHS), on=DAY + timedelta(days=7)))
    work.clock.advance(days=6, hours=10)
    await arrive(work)
    assert await call(work) == 1


async def test_the_last_day_that_can_be_planned_ends_too() -> None:
    work = await at_setu()
    await put(work, replace(plan(*BOOTHS), on=LAST_DAY))
    [timer] = [one for one in work.timers if one.name == EVENT_OVER]
    assert timer.due.date() == LAST_DAY


async def test_of_a_cancelled_event_everybody_who_waits_gets_an_offer_at_once() -> None:
    work = await at_setu()
    await arrive(work, people=300)
    version = await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody))
    await run_out(work)

    assert version == 2
    told = [one for one in work.published if isinstance(one, EventScheduled)]
    assert [one.cancelled for one in told] == [False, True]
    assert len([one for one in ended(work) if one.offers]) == 300
    assert not work.timers
    once = held(work)
    assert await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody)) == 2
    assert held(work) == once


async def test_of_a_cancelled_event_nothing_is_to_be_had_any_more() -> None:
    work = await at_setu()
    await arrive(work)
    await work.run(lambda uow: cancel_event(SETU, uow, allow=anybody))
    before = held(work)
    booked = Wanted(("KIA",), booked_for=time(10))
    refused: list[UseCase] = [
        lambda uow: admit(SETU, Wanted(("KIA",)), "K7QW3ZTM", uow, allow=anybody),
        lambda uow: admit(SETU, booked, "K7QW3ZTM", uow, allow=anybody),
        lambda uow: call_next(SETU, "loket-1", uow, allow=anybody),
        lambda uow: record_visit(SETU, "puskesmas", "HEALTH_CHECK", 1, uow, allow=anybody),
        lambda uow: schedule_event(SETU, plan(), uow, allow=anybody, holidays=Calendar()),
    ]
    for use_case in refused:
        with pytest.raises(Refused, match="cancelled"):
            await work.run(use_case)
    assert held(work) == before


async def offered(work: Bench, service: str) -> list[Offer]:
    event = await stored(work, ScheduledEvent, SETU)
    return await offers_of(event, service, work)


async def test_what_is_offered_is_what_event_and_programme_have_for_the_service() -> None:
    afternoon = Offer(
        OfferKind.AFTERNOON_BOOTH, "Gerai 3", None, time(13), time(15), services=("KIA",)
    )
    work = await at_setu(afternoon, Offer(OfferKind.NEXT_EVENT, event_id=NEXT), UNIT)
    assert [one.kind for one in await offered(work, "KK")] == ["service_point"]
    later = replace(plan(booth("loket-1", "KIA")), on=date(2023, 3, 18))
    await put(work, later, NEXT)

    [first, second, third] = await offered(work, "KIA")
    assert (first.kind, first.on, first.opens) == ("afternoon_booth", DAY, time(13))
    assert (second.place, second.on) == (later.place, later.on)
    assert (second.opens, second.closes) == (later.opens, later.closes)
    assert third == UNIT
    await work.run(lambda uow: cancel_event(NEXT, uow, allow=anybody))
    assert len(await offered(work, "KIA")) == 2


async def test_an_event_before_this_one_or_of_another_programme_is_no_offer() -> None:
    work = await at_setu(Offer(OfferKind.NEXT_EVENT, event_id=NEXT))
    answer = await put(work, replace(plan(*BOOTHS), name="BOTRAM", offers=()))
    assert [one["reason"] for one in answer["warnings"]] == ["no_offer"]  # type: ignore[attr-defined]
    event = await stored(work, ScheduledEvent, SETU)
    other = replace(event, id=NEXT)
    for plan_ in (
        replace(event.plan, on=DAY),
        replace(event.plan, on=DAY - timedelta(days=1)),
        replace(event.plan, on=DAY + timedelta(days=1), programme_id="halo_pamor"),
    ):
        assert not replace(other, plan=plan_).serves_who_missed(event, "KIA")
    assert replace(other, plan=replace(event.plan, on=date(2023, 4, 1))).serves_who_missed(
        event, "KIA"
    )


async def test_whatsapp_and_couriers_are_offered_where_the_programme_runs_them() -> None:
    work = await at_setu()
    told = published(services=("KIA", "KK"))
    runs = told.model_copy(
        update={
            "channels": ("event", "whatsapp"),
            "at_home": ("KK",),
        }
    )
    await work.handle(copy_programme, runs, version=2)
    assert [one.kind for one in await offered(work, "KIA")] == ["service_point", "whatsapp"]
    assert [one.kind for one in await offered(work, "KK")][1:] == ["whatsapp", "courier"]
    assert [one.kind for one in await offered(work, "HEALTH_CHECK")] == ["service_point"]
    await work.handle(copy_programme, told, version=3)
    assert [one.kind for one in await offered(work, "KK")] == ["service_point"]
    assert not (await stored(work, Programme, "botram")).whatsapp


async def test_who_would_wait_in_vain_is_warned_with_what_he_can_do_instead() -> None:
    work = await at_setu()
    work.clock.now = work.clock.now.replace(hour=2, minute=0)
    await arrive(work, people=60)
    for _ in range(20):
        assert await call(work, "loket-2")
        work.clock.advance(minutes=4)

    last = await admitted(work, Wanted(("KIA",)))
    assert last["waiting"] == 40
    assert last["warning"] == {
        "probability": 0.99,
        "closes_at": "2023-03-11T04:30:00+00:00",
        "offers": [
            {
                "kind": "service_point",
                "place": "Kantor Kecamatan Setu",
                "on": None,
                "opens": None,
                "closes": None,
                "event_id": None,
            }
        ],
    }
    for wanted in (Wanted(("KK",)), Wanted(("KIA",), booked_for=time(11))):
        assert (await admitted(work, wanted))["warning"] is None
    assert (await admitted(work, Wanted(("KIA",), booked_for=time(9))))["warning"]


async def act(work: Bench, act: Act, number: int = 1) -> Ticket:
    """Do something at the first booth with a ticket of KIA; return it."""
    at = TicketAt(SETU, "KIA", number, "loket-1")
    await work.run(lambda uow: act_on(at, act, uow, allow=anybody))
    return await stored(work, Ticket, at.id)


async def closed_with_two_called(*, started: bool = False) -> Bench:
    """Two people were called to a booth before the line was closed, one waited."""
    work = await at_setu()
    await arrive(work, people=3)
    assert [await call(work), await call(work)] == [1, 2]
    if started:
        await act(work, Act.START)
    after_closing(work)
    await close(work)
    await run_out(work)
    return work


async def test_who_was_called_and_does_not_come_is_unserved_at_closing_and_offered() -> None:
    work = await closed_with_two_called()
    ticket = await act(work, Act.NO_SHOW)

    assert (ticket.state, ticket.offers) == (TicketState.UNSERVED, (OfferKind.SERVICE_POINT,))
    last = ended(work)[-1]
    assert (last.number, last.end, last.told, last.offers) == (
        1,
        "unserved",
        True,
        ("service_point",),
    )
    states = (await line(work)).states
    assert (states[TicketState.UNSERVED], states.get(TicketState.NO_SHOW, 0)) == (2, 0)


async def test_the_same_is_so_where_the_clock_notes_it() -> None:
    work = await at_setu()
    told = published(services=("KIA", "KK"))
    await work.handle(
        copy_programme, told.model_copy(update={"line": LineOrder(no_show_minutes=5)}), version=2
    )
    await arrive(work)
    after_closing(work)
    await call(work)
    await close(work)
    at = f"{SETU}/KIA/1"
    due = work.due(NO_SHOW, at)
    work.clock.advance(minutes=5)
    await work.fire(note_no_show, due)
    assert (await stored(work, Ticket, at)).state is TicketState.UNSERVED


async def test_who_is_being_served_at_closing_is_served_on_and_who_comes_late_is_served() -> None:
    work = await closed_with_two_called(started=True)
    assert [(await act(work, Act.SERVE, number)).state for number in (1, 2)] == [
        TicketState.SERVED,
        TicketState.SERVED,
    ]
    assert [one.number for one in ended(work)] == [3]


async def test_a_no_show_before_the_closing_stays_one_and_after_it_can_be_undone() -> None:
    work = await at_setu()
    await arrive(work, people=2)
    assert [await call(work), await call(work)] == [1, 2]
    assert (await act(work, Act.NO_SHOW)).state is TicketState.NO_SHOW
    after_closing(work)
    await close(work)
    assert (await stored(work, Ticket, f"{SETU}/KIA/1")).state is TicketState.NO_SHOW
    assert (await act(work, Act.NO_SHOW, 2)).state is TicketState.UNSERVED

    at = TicketAt(SETU, "KIA", 2, "loket-1")
    await work.run(lambda uow: undo(at, uow, allow=anybody))

    back = await stored(work, Ticket, at.id)
    assert (back.state, back.offers) == (TicketState.CALLED, ())
    [told] = [one for one in work.published if isinstance(one, TicketReverted)]
    assert (told.reverted, told.offered) == ("unserved", True)
    assert (await act(work, Act.SERVE, 2)).state is TicketState.SERVED


async def test_a_call_undone_after_the_closing_cannot_be_undone_as_what_a_booth_did() -> None:
    work = await closed_with_two_called()
    third = TicketAt(SETU, "KIA", 3, "loket-1")
    with pytest.raises(Refused, match="nothing_to_undo"):
        await work.run(lambda uow: undo(third, uow, allow=anybody))


async def test_who_never_came_is_unserved_when_the_day_is_over_and_nobody_else() -> None:
    work = await at_setu()
    await arrive(work, people=130)
    for _ in range(120):
        await call(work)
    await act(work, Act.START, 110)
    await act(work, Act.HOLD, 111)
    event = await stored(work, ScheduledEvent, SETU)
    work.clock.now = event.over_at
    await work.fire(note_event_over, work.due(EVENT_OVER, SETU))
    await run_out(work)
    key, times = f"{SETU}/KIA", 0
    while any((one.name, one.key) == (ABSENT, key) for one in work.timers):
        assert await work.fire(note_absent, work.due(ABSENT, key))
        times += 1

    states = {state: n for state, n in (await line(work)).states.items() if n}
    assert (times, states) == (
        2,
        {TicketState.UNSERVED: 129, TicketState.SERVING: 1},
    )
    assert sorted(one.number for one in ended(work)) == [
        *range(1, 110),
        *range(111, 131),
    ]
    assert {one.offers for one in ended(work)} == {("service_point",)}
    last = work.messages[-1].envelope.occurred_at
    assert last == event.over_at - timedelta(microseconds=1)
    assert (await act(work, Act.SERVE, 110)).state is TicketState.SERVED
