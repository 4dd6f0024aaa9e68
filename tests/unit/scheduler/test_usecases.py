"""What scheduler does with events and commands, on the real unit of work over memory."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, TypeVar

import pytest

from services.scheduler.domain import (
    STRETCH,
    Act,
    Booth,
    Case,
    Line,
    Plan,
    Programme,
    Refused,
    ScheduledEvent,
    Tally,
    Ticket,
    TicketState,
)
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import (
    Allow,
    TicketAt,
    act_on,
    call_next,
    copy_programme,
    issue_ticket,
    record_visit,
    schedule_event,
    void_ticket,
)
from shared.auth.roles import Forbidden
from shared.contracts.event import Event
from shared.contracts.intake import CloseOutcome
from shared.contracts.scheduler import (
    BoothPlan,
    EventScheduled,
    TicketCalled,
    TicketEvent,
    TicketIssued,
    TicketServed,
    VisitRecorded,
)
from shared.messaging.errors import Missing, PredecessorMissing
from shared.messaging.message import Document
from shared.messaging.unit_of_work import UnitOfWork
from shared.testing.bench import Bench
from shared.testing.callers import StandingClock
from tests.unit.scheduler.sample import (
    DAY,
    HEALTH,
    SETU,
    booth,
    closed,
    plan,
    programme,
    published,
    received,
)


class Calendar:
    """One holiday."""

    def on(self, day: date) -> str | None:
        """The holiday, on its day."""
        return "Hari Kemerdekaan" if day == date(2023, 8, 17) else None


def anybody(_: Plan, __: Booth | None) -> None:
    return


def nobody(_: Plan, __: Booth | None) -> None:
    raise Forbidden("not here")


T = TypeVar("T")


class TickingClock(StandingClock):
    """Every look at the clock finds it a second later."""

    def __call__(self) -> datetime:
        """Return the time."""
        self.advance(seconds=1)
        return super().__call__()


async def stored(work: Bench, kind: type[T], id_: str) -> T:
    """What is stored, which must be there."""
    found = await work.get(kind, id_)
    assert found is not None
    return found


def held(work: Bench) -> dict[str, list[Document]]:
    """All that is stored."""
    return {
        name: work.memory.copies(name) for name in COLLECTIONS.names if work.memory.copies(name)
    }


def told(work: Bench) -> list[tuple[Event, int]]:
    """What was published, with versions."""
    versions = [message.envelope.version for message in work.messages]
    return list(zip(work.published, versions, strict=True))


async def schedule(work: Bench, asked: Plan, weekday: int | None = None) -> dict[str, object]:
    answer: dict[str, object] = await work.run(
        lambda uow: schedule_event(
            SETU, asked, uow, allow=anybody, holidays=Calendar(), weekday=weekday
        )
    )
    return answer


async def at_setu(*booths: Booth) -> Bench:
    """An event with these booths."""
    work = Bench(COLLECTIONS, programme(), clock=TickingClock())
    await schedule(work, plan(*booths))
    return work


async def call(work: Bench, booth_id: str = "loket-1") -> tuple[str, int] | None:
    found = await work.run(lambda uow: call_next(SETU, booth_id, uow, allow=anybody))
    return (found["service"], found["number"]) if found else None


async def serve(work: Bench, number: int, booth_id: str = "loket-1") -> str:
    at = TicketAt(SETU, "KIA", number, booth_id)
    found = await work.run(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody))
    return str(found["state"])


async def test_a_newer_programme_replaces_our_copy_and_an_older_one_does_not() -> None:
    work = Bench(COLLECTIONS, clock=TickingClock())
    await work.handle(copy_programme, published(name="BOTRAM"), version=2)
    await work.handle(copy_programme, published(name="older"), version=1)
    await work.handle(copy_programme, published(name="twice"), version=2)
    assert (await stored(work, Programme, "botram")).name == "BOTRAM"

    await work.handle(copy_programme, published(name="newer", services=["KK"]), version=3)

    copied = await stored(work, Programme, "botram")
    assert (copied.name, copied.version, copied.services) == ("newer", 3, ("KK",))
    assert (copied.region_code, copied.time_zone) == ("32.16", "Asia/Jakarta")


async def test_an_event_is_published_whole() -> None:
    work = await at_setu(booth("loket-1", "KIA"), HEALTH)

    assert told(work) == [
        (
            EventScheduled(
                event_id=SETU,
                programme_id="botram",
                name="BOTRAM Setu",
                place="Stadion Mini Desa Cijengkol",
                region_code="32.16.18",
                on=DAY,
                opens_at=datetime(2023, 3, 11, 2, 0, tzinfo=UTC),
                closes_at=datetime(2023, 3, 11, 4, 30, tzinfo=UTC),
                booths=(
                    BoothPlan(
                        booth_id="loket-1",
                        agency="Disdukcapil Kabupaten Bekasi",
                        services=("KIA",),
                        ticketed=True,
                    ),
                    BoothPlan(
                        booth_id="puskesmas",
                        agency="Dinas Kesehatan (Puskesmas)",
                        services=("HEALTH_CHECK",),
                        ticketed=False,
                    ),
                ),
            ),
            1,
        )
    ]


async def test_the_same_content_again_is_kept_and_told_to_nobody() -> None:
    work = await at_setu()
    before = held(work)

    answer = await schedule(work, plan())

    assert answer == {"version": 1, "warnings": [], "passed_by": 0}
    assert held(work) == before
    assert len(work.published) == 1


async def test_a_change_raises_the_version_and_is_told() -> None:
    work = await at_setu()

    answer = await schedule(work, plan(name="BOTRAM Setu II"))

    assert answer["version"] == 2
    assert [message.envelope.version for message in work.messages] == [1, 2]


async def test_an_unusual_day_is_a_warning() -> None:
    work = Bench(COLLECTIONS, programme(), clock=TickingClock())

    holiday = await schedule(work, plan(on=date(2023, 8, 17)), weekday=5)

    assert holiday["warnings"] == [
        {"reason": "weekday_differs", "detail": "2023-08-17 is a Thursday, not a Saturday"},
        {"reason": "holiday", "detail": "Hari Kemerdekaan"},
    ]
    assert await work.get(ScheduledEvent, SETU)


async def test_an_event_needs_its_programme_and_the_right_to_it() -> None:
    work = Bench(COLLECTIONS, clock=TickingClock())
    with pytest.raises(Missing, match="programme"):
        await schedule(work, plan())
    with pytest.raises(Forbidden):
        await work.run(
            lambda uow: schedule_event(SETU, plan(), uow, allow=nobody, holidays=Calendar())
        )
    assert held(work) == {}


async def test_who_may_not_touch_an_event_cannot_take_it_over() -> None:
    """The right to the new region is not the right to the old one."""
    work = await at_setu()

    def in_tambun(asked: Plan, _: Booth | None) -> None:
        if asked.region_code != "32.16.06":
            raise Forbidden("not here")

    with pytest.raises(Forbidden):
        await work.run(
            lambda uow: schedule_event(
                SETU, plan(region_code="32.16.06"), uow, allow=in_tambun, holidays=Calendar()
            )
        )
    assert (await stored(work, ScheduledEvent, SETU)).version == 1


async def test_an_event_moves_to_another_region_only_before_the_first_ticket() -> None:
    work = await at_setu(booth("loket-1", "KIA"))
    await schedule(work, plan(booth("loket-1", "KIA"), region_code="32.16.06"))
    await work.handle(issue_ticket, received("case-1", "KIA"))

    with pytest.raises(Refused, match="region_fixed"):
        await schedule(work, plan(booth("loket-1", "KIA"), region_code="32.16.18"))

    assert (await stored(work, ScheduledEvent, SETU)).plan.region_code == "32.16.06"


async def test_a_line_that_people_stand_in_cannot_be_taken_away() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    await work.handle(issue_ticket, received("case-1", "KIA"))

    await schedule(work, plan(booth("loket-9", "KIA")))
    with pytest.raises(Refused, match="tickets_issued"):
        await schedule(work, plan(booth("loket-1", "KK")))

    assert (await stored(work, ScheduledEvent, SETU)).version == 2


async def test_a_service_that_nobody_asked_for_can_go_and_come_back() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    await schedule(work, plan(booth("loket-1", "KK")))
    await work.handle(issue_ticket, received("case-1", "KIA"))
    assert await work.all(Ticket) == []

    await schedule(work, plan(booth("loket-1", "KIA", "KK")))
    await work.handle(issue_ticket, received("case-2", "KIA"))

    assert [ticket.id for ticket in await work.all(Ticket)] == [f"{SETU}/KIA/1"]


async def test_numbers_count_up_per_service() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    for case, service in [("a", "KIA"), ("b", "KK"), ("c", "KIA")]:
        await work.handle(issue_ticket, received(case, service))

    issued = [event for event in work.published if isinstance(event, TicketIssued)]

    assert [(t.case_id, t.service, t.number) for t in issued] == [
        ("a", "KIA", 1),
        ("b", "KK", 1),
        ("c", "KIA", 2),
    ]
    assert issued[2] == TicketIssued(
        ticket_id=f"{SETU}/KIA/2",
        event_id=SETU,
        programme_id="botram",
        thread_id="c",
        case_id="c",
        service="KIA",
        channel="event",
        region_code="32.16.18.2001",
        number=2,
        letter="A",
    )


async def test_a_case_gets_one_ticket() -> None:
    work = await at_setu()

    for _ in range(3):
        await work.handle(issue_ticket, received("case-1"))

    assert [ticket.id for ticket in await work.all(Ticket)] == [f"{SETU}/KIA/1"]
    assert (await stored(work, Line, f"{SETU}/KIA")).issued == 1


async def test_a_request_of_no_event_is_no_business_of_ours() -> None:
    work = await at_setu()
    before = held(work)

    await work.handle(issue_ticket, received("case-1", event_id=None))
    await work.handle(void_ticket, closed("case-1", event_id=None))

    assert held(work) == before


async def test_a_request_waits_for_its_event() -> None:
    with pytest.raises(PredecessorMissing) as missing:
        await Bench(COLLECTIONS).handle(issue_ticket, received("case-1"))

    assert (missing.value.collection, missing.value.id) == ("events", SETU)


async def test_a_request_of_another_programme_is_refused() -> None:
    work = await at_setu()

    with pytest.raises(Refused, match="other_programme"):
        await work.handle(issue_ticket, received("case-1", programme_id="sregep"))

    assert await work.all(Case) == []


async def test_no_ticket_is_due_where_people_walk_up() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))

    await work.handle(issue_ticket, received("case-1", "IKD"))
    await schedule(work, plan(booth("loket-1", "KIA"), booth("loket-2", "IKD")))
    await work.handle(issue_ticket, received("case-1", "IKD"))

    assert (await stored(work, Case, "case-1")).ticket_id is None
    assert await work.all(Ticket) == []


@pytest.mark.parametrize("first", ["request", "closing"])
async def test_a_withdrawn_request_is_skipped_whichever_message_comes_first(first: str) -> None:
    work = await at_setu()
    if first == "request":
        await work.handle(issue_ticket, received("case-1"))
        await work.handle(void_ticket, closed("case-1"))
    else:
        await work.handle(void_ticket, closed("case-1"))
        await work.handle(issue_ticket, received("case-1"))
    await work.handle(void_ticket, closed("case-1"))
    await work.handle(issue_ticket, received("case-2"))

    line = await stored(work, Line, f"{SETU}/KIA")
    assert (line.issued, line.count(TicketState.VOID), line.waiting) == (2, 1, 1)
    assert (await stored(work, Ticket, f"{SETU}/KIA/1")).state is TicketState.VOID
    assert (await stored(work, Ticket, f"{SETU}/KIA/1")).version == 2
    assert [type(event) for event in work.published] == [EventScheduled] + [TicketIssued] * 2
    assert await call(work) == ("KIA", 2)
    assert await call(work) is None


@pytest.mark.parametrize("outcome", [CloseOutcome.HANDED_OVER, CloseOutcome.DELIVERED])
async def test_a_finished_request_keeps_its_place(outcome: CloseOutcome) -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))

    await work.handle(void_ticket, closed("case-1", outcome))

    assert await call(work) == ("KIA", 1)


async def test_a_ticket_that_was_called_is_not_voided() -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))
    await call(work)

    await work.handle(void_ticket, closed("case-1", CloseOutcome.REJECTED))

    assert (await stored(work, Line, f"{SETU}/KIA")).count(TicketState.VOID) == 0
    assert await serve(work, 1) == "served"


async def test_closing_a_request_without_a_ticket_does_nothing_to_a_line() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))
    await work.handle(issue_ticket, received("case-1", "IKD"))

    await work.handle(void_ticket, closed("case-1", service="IKD"))

    assert (await stored(work, Case, "case-1")).withdrawn
    assert await work.get(Line, f"{SETU}/IKD") is None


async def test_a_booth_calls_who_has_waited_longest_for_one_of_its_services() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"), booth("loket-2", "IKD"))
    arrivals = ["KK", "IKD", "KIA", "KIA", "KK", "IKD"]
    for number, service in enumerate(arrivals):
        await work.handle(issue_ticket, received(f"case-{number}", service))

    assert [await call(work) for _ in range(5)] == [
        ("KK", 1),
        ("KIA", 1),
        ("KIA", 2),
        ("KK", 2),
        None,
    ]
    assert await call(work, "loket-2") == ("IKD", 1)


async def test_a_call_is_told_with_its_booth() -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))

    found = await work.run(lambda uow: call_next(SETU, "loket-1", uow, allow=anybody))

    assert found == {
        "ticket_id": f"{SETU}/KIA/1",
        "service": "KIA",
        "number": 1,
        "label": "A1",
        "state": "called",
        "case_id": "case-1",
        "arrival_id": None,
        "booth_id": "loket-1",
    }
    called, version = told(work)[-1]
    assert isinstance(called, TicketCalled)
    assert (called.booth_id, called.case_id, version) == ("loket-1", "case-1", 2)
    [ticket] = await work.all(Ticket)
    assert called.issued_at == ticket.issued_at
    assert ticket.called_at is not None
    assert called.waited_seconds == (ticket.called_at - ticket.issued_at).seconds > 0


async def test_who_did_not_come_does_not_hold_up_the_line_and_is_served_late() -> None:
    work = await at_setu()
    for number in range(3):
        await work.handle(issue_ticket, received(f"case-{number}"))
    assert [await call(work), await call(work)] == [("KIA", 1), ("KIA", 2)]

    assert await serve(work, 2) == "served"
    assert await serve(work, 1) == "served"

    line = await stored(work, Line, f"{SETU}/KIA")
    assert (line.called, line.served, line.waiting) == (2, 2, 1)
    served = [(e.number, v) for e, v in told(work) if isinstance(e, TicketServed)]
    assert served == [(2, 3), (1, 3)]


async def test_a_booth_serves_its_own_calls_only() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "KIA"))
    await work.handle(issue_ticket, received("case-1"))
    await call(work, "loket-2")

    with pytest.raises(Refused, match="other_booth"):
        await serve(work, 1)
    with pytest.raises(Missing, match="number"):
        await serve(work, 2)
    assert await serve(work, 1, "loket-2") == "served"


async def test_nobody_is_called_to_a_booth_without_tickets() -> None:
    work = await at_setu()

    with pytest.raises(Refused, match="no_tickets"):
        await call(work, "puskesmas")
    with pytest.raises(Missing, match="booth"):
        await call(work, "loket-7")


async def test_people_who_walk_up_are_counted() -> None:
    work = await at_setu()

    first = await work.run(
        lambda uow: record_visit(SETU, "puskesmas", "HEALTH_CHECK", 4, uow, allow=anybody)
    )
    second = await work.run(
        lambda uow: record_visit(SETU, "puskesmas", "HEALTH_CHECK", 3, uow, allow=anybody)
    )

    assert (await stored(work, Tally, f"{SETU}/puskesmas/HEALTH_CHECK")).visitors == 7
    assert told(work)[-2:] == [(visit(first, 4), 1), (visit(second, 3), 1)]
    assert first != second


def visit(visit_id: str, visitors: int) -> VisitRecorded:
    return VisitRecorded(
        visit_id=visit_id,
        event_id=SETU,
        programme_id="botram",
        booth_id="puskesmas",
        service="HEALTH_CHECK",
        region_code="32.16.18",
        visitors=visitors,
    )


@pytest.mark.parametrize(
    ("booth_id", "service", "reason"),
    [
        ("loket-1", "KIA", "ticketed"),
        ("puskesmas", "VACCINE", "not_offered"),
        ("loket-7", "KIA", "not_found"),
    ],
)
async def test_visits_that_do_not_fit_the_booth_are_refused(
    booth_id: str, service: str, reason: str
) -> None:
    work = await at_setu()

    with pytest.raises((Refused, Missing)) as refused:
        await work.run(lambda uow: record_visit(SETU, booth_id, service, 1, uow, allow=anybody))

    assert refused.value.reason == reason  # type: ignore[attr-defined]
    assert await work.all(Tally) == []


async def test_nothing_is_done_without_the_right_to_the_event_or_without_the_event() -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))
    before = held(work)

    for allow, event_id, expected in ((nobody, SETU, Forbidden), (anybody, "other", Missing)):
        with pytest.raises(expected):
            await work.run(partial(_call, event_id, allow))
        with pytest.raises(expected):
            await work.run(partial(_serve, event_id, allow))
        with pytest.raises(expected):
            await work.run(partial(_visit, event_id, allow))
    assert held(work) == before


async def _call(event_id: str, allow: Allow, uow: UnitOfWork) -> None:
    await call_next(event_id, "loket-1", uow, allow=allow)


async def _serve(event_id: str, allow: Allow, uow: UnitOfWork) -> None:
    at = TicketAt(event_id, "KIA", 1, "loket-1")
    await act_on(at, Act.SERVE, uow, allow=allow)


async def _visit(event_id: str, allow: Allow, uow: UnitOfWork) -> None:
    await record_visit(event_id, "puskesmas", "HEALTH_CHECK", 1, uow, allow=allow)


async def test_every_fact_of_a_ticket_says_the_same_of_it() -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))
    await call(work)
    await serve(work, 1)

    facts = [event for event in work.published if isinstance(event, TicketEvent)]

    assert [type(event) for event in facts] == [TicketIssued, TicketCalled, TicketServed]
    common = TicketEvent.model_fields
    assert len({tuple(getattr(event, name) for name in common) for event in facts}) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"on": date(2023, 3, 18)}, "day_fixed"),
        ({"opens": time(10)}, "hours_fixed"),
        ({"closes": time(12)}, "hours_fixed"),
    ],
)
async def test_an_event_keeps_its_time_once_tickets_exist(
    change: dict[str, Any], reason: str
) -> None:
    work = await at_setu()
    await schedule(work, replace(plan(), **change))
    await schedule(work, plan())
    await work.handle(issue_ticket, received("case-1"))
    before = held(work)

    with pytest.raises(Refused, match=f"{reason}: {next(iter(change))}: 1 numbers were given out"):
        await schedule(work, replace(plan(), **change))

    assert held(work) == before
    assert (await schedule(work, plan(name="BOTRAM Setu II")))["version"] == 4


@pytest.mark.parametrize("hours", [-10, 22])
async def test_nobody_is_called_on_another_day(hours: int) -> None:
    work = await at_setu()
    await work.handle(issue_ticket, received("case-1"))
    work.clock.advance(hours=hours)
    before = held(work)

    with pytest.raises(Refused, match="not_its_day"):
        await call(work)

    assert held(work) == before
    work.clock.advance(hours=-hours)
    assert await call(work) == ("KIA", 1)


@pytest.mark.parametrize("void", [0, 1, 99, 100, 101, 1000])
async def test_who_waits_behind_void_tickets_is_called(void: int) -> None:
    work = await at_setu(booth("loket-1", "KIA"))
    for number in range(void + 1):
        await work.handle(issue_ticket, received(f"case-{number}"))
    for number in range(void):
        await work.handle(void_ticket, closed(f"case-{number}"))

    assert await call(work) == ("KIA", void + 1)
    assert (await stored(work, Line, f"{SETU}/KIA")).lanes["walk_in"].first == void // STRETCH
    assert await call(work) is None


async def test_no_document_grows_with_those_who_wait() -> None:
    """Of 250 who wait a stretch holds a hundred, and the line none."""
    work = await at_setu()
    await work.handle(issue_ticket, received("case-0"))
    [short] = held(work)["lines"]
    for number in range(1, 250):
        await work.handle(issue_ticket, received(f"case-{number}"))

    [line] = held(work)["lines"]
    assert len(str(line)) - len(str(short)) < 20
    assert [len(one["waiting"]) for one in held(work)["stretches"]] == [100, 100, 50]
