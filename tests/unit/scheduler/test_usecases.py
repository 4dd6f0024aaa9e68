"""What scheduler does with events and commands, on the unit of work over a store in memory."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.scheduler.domain import (
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
    call_next,
    copy_programme,
    issue_ticket,
    record_visit,
    schedule_event,
    serve_ticket,
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
from shared.testing.bench import Bench
from shared.testing.messaging import NOW, StandingClock
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


def anybody(_: Plan) -> None:
    return


def nobody(_: Plan) -> None:
    raise Forbidden("not here")


class RunningClock(StandingClock):
    """Every look at it finds it a second later."""

    def __call__(self) -> datetime:
        """Return the time."""
        self.advance(seconds=1)
        return self.now


def office(*kept: object) -> Bench:
    return Bench(COLLECTIONS, *kept, clock=RunningClock(NOW))


async def schedule(
    bench: Bench, asked: Plan, weekday: int | None = None, allow: Allow = anybody
) -> dict[str, Any]:
    found: dict[str, Any] = await bench.run(
        lambda uow: schedule_event(
            SETU, asked, uow, allow=allow, holidays=Calendar(), weekday=weekday
        )
    )
    return found


async def at_setu(*booths: Booth) -> Bench:
    """An event with these booths."""
    bench = office(programme())
    await schedule(bench, plan(*booths))
    return bench


async def called(
    bench: Bench, booth_id: str = "loket-1", event_id: str = SETU, allow: Allow = anybody
) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await bench.run(
        lambda uow: call_next(event_id, booth_id, uow, allow=allow)
    )
    return found


async def call(bench: Bench, booth_id: str = "loket-1") -> tuple[str, int] | None:
    found = await called(bench, booth_id)
    return (found["service"], found["number"]) if found else None


async def serve(
    bench: Bench,
    number: int,
    booth_id: str = "loket-1",
    event_id: str = SETU,
    allow: Allow = anybody,
) -> str:
    found = await bench.run(
        lambda uow: serve_ticket(event_id, "KIA", number, booth_id, uow, allow=allow)
    )
    return str(found["state"])


async def walk_up(
    bench: Bench,
    visitors: int,
    booth_id: str = "puskesmas",
    service: str = "HEALTH_CHECK",
    event_id: str = SETU,
    allow: Allow = anybody,
) -> str:
    return str(
        await bench.run(
            lambda uow: record_visit(event_id, booth_id, service, visitors, uow, allow=allow)
        )
    )


async def kia(bench: Bench) -> Line:
    found = await bench.get(Line, Line.key(SETU, "KIA"))
    assert found is not None
    return found


async def event_at_setu(bench: Bench) -> ScheduledEvent:
    found = await bench.get(ScheduledEvent, SETU)
    assert found is not None
    return found


async def ids(bench: Bench, kept: type[Any]) -> list[str]:
    return [one.id for one in await bench.all(kept)]


def told(bench: Bench) -> list[tuple[Event, int]]:
    """What was published, each with its version."""
    versions = (message.envelope.version for message in bench.messages)
    return list(zip(bench.published, versions, strict=True))


def stored(bench: Bench) -> str:
    """Everything that is stored, to compare."""
    return repr(sorted(bench.memory.collections.items()))


async def test_a_newer_programme_replaces_our_copy_and_an_older_one_does_not() -> None:
    bench = office()
    await bench.handle(copy_programme, published(name="BOTRAM"), version=2)
    await bench.handle(copy_programme, published(name="older"), version=1)
    await bench.handle(copy_programme, published(name="twice"), version=2)
    assert [one.name for one in await bench.all(Programme)] == ["BOTRAM"]

    await bench.handle(copy_programme, published(name="newer", services=["KK"]), version=3)

    (copied,) = await bench.all(Programme)
    assert (copied.name, copied.version, copied.services) == ("newer", 3, ("KK",))
    assert (copied.region_code, copied.time_zone) == ("32.16", "Asia/Jakarta")


async def test_an_event_is_published_whole() -> None:
    bench = await at_setu(booth("loket-1", "KIA"), HEALTH)

    assert told(bench) == [
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
    bench = await at_setu()
    before = stored(bench)

    answer = await schedule(bench, plan())

    assert answer == {"version": 1, "warnings": []}
    assert stored(bench) == before
    assert len(bench.published) == 1


async def test_a_change_raises_the_version_and_is_told() -> None:
    bench = await at_setu()

    answer = await schedule(bench, plan(name="BOTRAM Setu II"))

    assert answer["version"] == 2
    assert [version for _, version in told(bench)] == [1, 2]


async def test_an_unusual_day_is_a_warning() -> None:
    bench = office(programme())

    holiday = await schedule(bench, plan(on=date(2023, 8, 17)), weekday=5)

    assert holiday["warnings"] == [
        {"reason": "weekday_differs", "detail": "2023-08-17 is a Thursday, not a Saturday"},
        {"reason": "holiday", "detail": "Hari Kemerdekaan"},
    ]
    assert await ids(bench, ScheduledEvent) == [SETU]


async def test_an_event_needs_its_programme_and_the_right_to_it() -> None:
    bench = office()
    with pytest.raises(Missing, match="programme"):
        await schedule(bench, plan())
    with pytest.raises(Forbidden):
        await schedule(bench, plan(), allow=nobody)
    assert await bench.all(ScheduledEvent) == []


async def test_who_may_not_touch_an_event_cannot_take_it_over() -> None:
    """The right to the new region is not the right to the old one."""
    bench = await at_setu()

    def in_tambun(asked: Plan) -> None:
        if asked.region_code != "32.16.06":
            raise Forbidden("not here")

    with pytest.raises(Forbidden):
        await schedule(bench, plan(region_code="32.16.06"), allow=in_tambun)
    assert (await event_at_setu(bench)).version == 1


async def test_an_event_moves_to_another_region_only_before_the_first_ticket() -> None:
    bench = await at_setu(booth("loket-1", "KIA"))
    await schedule(bench, plan(booth("loket-1", "KIA"), region_code="32.16.06"))
    await bench.handle(issue_ticket, received("case-1", "KIA"))

    with pytest.raises(Refused, match="region_fixed"):
        await schedule(bench, plan(booth("loket-1", "KIA"), region_code="32.16.18"))

    assert (await event_at_setu(bench)).plan.region_code == "32.16.06"


async def test_a_line_that_people_stand_in_cannot_be_taken_away() -> None:
    bench = await at_setu(booth("loket-1", "KIA", "KK"))
    await bench.handle(issue_ticket, received("case-1", "KIA"))

    await schedule(bench, plan(booth("loket-9", "KIA")))
    with pytest.raises(Refused, match="tickets_issued"):
        await schedule(bench, plan(booth("loket-1", "KK")))

    assert (await event_at_setu(bench)).version == 2


async def test_a_service_that_nobody_asked_for_can_go_and_come_back() -> None:
    bench = await at_setu(booth("loket-1", "KIA", "KK"))
    await schedule(bench, plan(booth("loket-1", "KK")))
    await bench.handle(issue_ticket, received("case-1", "KIA"))
    assert await bench.all(Ticket) == []

    await schedule(bench, plan(booth("loket-1", "KIA", "KK")))
    await bench.handle(issue_ticket, received("case-2", "KIA"))

    assert await ids(bench, Ticket) == [f"{SETU}/KIA/1"]


async def test_numbers_count_up_per_service() -> None:
    bench = await at_setu(booth("loket-1", "KIA", "KK"))
    for case, service in [("a", "KIA"), ("b", "KK"), ("c", "KIA")]:
        await bench.handle(issue_ticket, received(case, service))

    issued = [event for event in bench.published if isinstance(event, TicketIssued)]

    assert [(t.case_id, t.service, t.number) for t in issued] == [
        ("a", "KIA", 1),
        ("b", "KK", 1),
        ("c", "KIA", 2),
    ]
    assert issued[2] == TicketIssued(
        ticket_id=f"{SETU}/KIA/2",
        event_id=SETU,
        programme_id="botram",
        case_id="c",
        service="KIA",
        channel="event",
        region_code="32.16.18.2001",
        number=2,
    )


async def test_a_case_gets_one_ticket() -> None:
    bench = await at_setu()

    for _ in range(3):
        await bench.handle(issue_ticket, received("case-1"))

    assert await ids(bench, Ticket) == [f"{SETU}/KIA/1"]
    assert (await kia(bench)).issued == 1


async def test_a_request_of_no_event_is_no_business_of_ours() -> None:
    bench = await at_setu()
    before = stored(bench)

    await bench.handle(issue_ticket, received("case-1", event_id=None))
    await bench.handle(void_ticket, closed("case-1", event_id=None))

    assert stored(bench) == before


async def test_a_request_waits_for_its_event() -> None:
    with pytest.raises(PredecessorMissing) as missing:
        await office().handle(issue_ticket, received("case-1"))

    assert (missing.value.collection, missing.value.id) == ("events", SETU)


async def test_a_request_of_another_programme_is_refused() -> None:
    bench = await at_setu()

    with pytest.raises(Refused, match="other_programme"):
        await bench.handle(issue_ticket, received("case-1", programme_id="sregep"))

    assert await bench.all(Case) == []


async def test_no_ticket_is_due_where_people_walk_up() -> None:
    bench = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))

    await bench.handle(issue_ticket, received("case-1", "IKD"))
    await schedule(bench, plan(booth("loket-1", "KIA"), booth("loket-2", "IKD")))
    await bench.handle(issue_ticket, received("case-1", "IKD"))

    (case,) = await bench.all(Case)
    assert case.ticket_id is None
    assert await bench.all(Ticket) == []


@pytest.mark.parametrize("first", ["request", "closing"])
async def test_a_withdrawn_request_is_skipped_whichever_message_comes_first(first: str) -> None:
    bench = await at_setu()
    if first == "request":
        await bench.handle(issue_ticket, received("case-1"))
        await bench.handle(void_ticket, closed("case-1"))
    else:
        await bench.handle(void_ticket, closed("case-1"))
        await bench.handle(issue_ticket, received("case-1"))
    await bench.handle(void_ticket, closed("case-1"))
    await bench.handle(issue_ticket, received("case-2"))

    line = await kia(bench)
    assert (line.issued, line.void, line.waiting) == (2, 1, 1)
    first_ticket, _ = await bench.all(Ticket)
    assert (first_ticket.state, first_ticket.version) == (TicketState.VOID, 2)
    assert [type(event) for event in bench.published] == [EventScheduled] + [TicketIssued] * 2
    assert await call(bench) == ("KIA", 2)
    assert await call(bench) is None


@pytest.mark.parametrize("outcome", [CloseOutcome.HANDED_OVER, CloseOutcome.DELIVERED])
async def test_a_finished_request_keeps_its_place(outcome: CloseOutcome) -> None:
    bench = await at_setu()
    await bench.handle(issue_ticket, received("case-1"))

    await bench.handle(void_ticket, closed("case-1", outcome))

    assert await call(bench) == ("KIA", 1)


async def test_a_ticket_that_was_called_is_not_voided() -> None:
    bench = await at_setu()
    await bench.handle(issue_ticket, received("case-1"))
    await call(bench)

    await bench.handle(void_ticket, closed("case-1", CloseOutcome.REJECTED))

    assert (await kia(bench)).void == 0
    assert await serve(bench, 1) == "served"


async def test_closing_a_request_without_a_ticket_does_nothing_to_a_line() -> None:
    bench = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))
    await bench.handle(issue_ticket, received("case-1", "IKD"))

    await bench.handle(void_ticket, closed("case-1", service="IKD"))

    (case,) = await bench.all(Case)
    assert case.withdrawn
    assert await ids(bench, Line) == [f"{SETU}/KIA"]


async def test_a_booth_calls_who_has_waited_longest_for_one_of_its_services() -> None:
    bench = await at_setu(booth("loket-1", "KIA", "KK"), booth("loket-2", "IKD"))
    arrivals = ["KK", "IKD", "KIA", "KIA", "KK", "IKD"]
    for number, service in enumerate(arrivals):
        await bench.handle(issue_ticket, received(f"case-{number}", service))

    assert [await call(bench) for _ in range(5)] == [
        ("KK", 1),
        ("KIA", 1),
        ("KIA", 2),
        ("KK", 2),
        None,
    ]
    assert await call(bench, "loket-2") == ("IKD", 1)


async def test_a_call_is_told_with_its_booth() -> None:
    bench = await at_setu()
    await bench.handle(issue_ticket, received("case-1"))

    found = await called(bench)

    assert found == {
        "ticket_id": f"{SETU}/KIA/1",
        "service": "KIA",
        "number": 1,
        "state": "called",
        "case_id": "case-1",
        "booth_id": "loket-1",
    }
    event, version = told(bench)[-1]
    assert isinstance(event, TicketCalled)
    assert (event.booth_id, event.case_id, version) == ("loket-1", "case-1", 2)


async def test_who_did_not_come_does_not_hold_up_the_line_and_is_served_late() -> None:
    bench = await at_setu()
    for number in range(3):
        await bench.handle(issue_ticket, received(f"case-{number}"))
    assert [await call(bench), await call(bench)] == [("KIA", 1), ("KIA", 2)]

    assert await serve(bench, 2) == "served"
    assert await serve(bench, 1) == "served"

    line = await kia(bench)
    assert (line.called, line.served, line.waiting) == (2, 2, 1)
    served = [(e.number, v) for e, v in told(bench) if isinstance(e, TicketServed)]
    assert served == [(2, 3), (1, 3)]


async def test_a_booth_serves_its_own_calls_only() -> None:
    bench = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "KIA"))
    await bench.handle(issue_ticket, received("case-1"))
    await call(bench, "loket-2")

    with pytest.raises(Refused, match="other_booth"):
        await serve(bench, 1)
    with pytest.raises(Missing, match="ticket"):
        await serve(bench, 2)
    assert await serve(bench, 1, "loket-2") == "served"


async def test_nobody_is_called_to_a_booth_without_tickets() -> None:
    bench = await at_setu()

    with pytest.raises(Refused, match="no_tickets"):
        await call(bench, "puskesmas")
    with pytest.raises(Missing, match="booth"):
        await call(bench, "loket-7")


async def test_people_who_walk_up_are_counted() -> None:
    bench = await at_setu()

    first = await walk_up(bench, 4)
    second = await walk_up(bench, 3)

    assert [tally.visitors for tally in await bench.all(Tally)] == [7]
    assert told(bench)[-2:] == [(visit(first, 4), 1), (visit(second, 3), 1)]
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
    bench = await at_setu()

    with pytest.raises((Refused, Missing)) as refused:
        await walk_up(bench, 1, booth_id, service)

    assert refused.value.reason == reason  # type: ignore[attr-defined]
    assert await bench.all(Tally) == []


async def test_nothing_is_done_without_the_right_to_the_event_or_without_the_event() -> None:
    bench = await at_setu()
    await bench.handle(issue_ticket, received("case-1"))
    before = stored(bench)

    for allow, event_id, expected in ((nobody, SETU, Forbidden), (anybody, "other", Missing)):
        with pytest.raises(expected):
            await called(bench, event_id=event_id, allow=allow)
        with pytest.raises(expected):
            await serve(bench, 1, event_id=event_id, allow=allow)
        with pytest.raises(expected):
            await walk_up(bench, 1, event_id=event_id, allow=allow)
    assert stored(bench) == before


async def test_every_fact_of_a_ticket_says_the_same_of_it() -> None:
    bench = await at_setu()
    await bench.handle(issue_ticket, received("case-1"))
    await call(bench)
    await serve(bench, 1)

    facts = [event for event in bench.published if isinstance(event, TicketEvent)]

    assert [type(event) for event in facts] == [TicketIssued, TicketCalled, TicketServed]
    common = TicketEvent.model_fields
    assert len({tuple(getattr(event, name) for name in common) for event in facts}) == 1
