"""What scheduler does with events and commands, on a unit of work in memory."""

from datetime import UTC, date, datetime

import pytest

from services.scheduler.domain import Booth, Plan, Refused, TicketState
from services.scheduler.usecases import (
    call_next,
    copy_programme,
    issue_ticket,
    record_visit,
    schedule_event,
    serve_ticket,
    void_ticket,
)
from shared.auth.roles import Forbidden
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
from tests.unit.scheduler.fake import FakeWork
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


async def schedule(work: FakeWork, asked: Plan, weekday: int | None = None) -> dict[str, object]:
    return await schedule_event(
        SETU, asked, work, allow=anybody, holidays=Calendar(), weekday=weekday
    )


async def at_setu(*booths: Booth) -> FakeWork:
    """An event with these booths."""
    work = FakeWork(programmes={"botram": programme()})
    await schedule(work, plan(*booths))
    return work


async def call(work: FakeWork, booth_id: str = "loket-1") -> tuple[str, int] | None:
    found = await call_next(SETU, booth_id, work, allow=anybody)
    return (found["service"], found["number"]) if found else None


async def serve(work: FakeWork, number: int, booth_id: str = "loket-1") -> str:
    found = await serve_ticket(SETU, "KIA", number, booth_id, work, allow=anybody)
    return str(found["state"])


async def test_a_newer_programme_replaces_our_copy_and_an_older_one_does_not() -> None:
    work = FakeWork()
    await copy_programme(published(name="BOTRAM"), work.caused_by(2))
    await copy_programme(published(name="older"), work.caused_by(1))
    await copy_programme(published(name="twice"), work.caused_by(2))
    assert work.programmes["botram"].name == "BOTRAM"

    await copy_programme(published(name="newer", services=["KK"]), work.caused_by(3))

    copied = work.programmes["botram"]
    assert (copied.name, copied.version, copied.services) == ("newer", 3, ("KK",))
    assert (copied.region_code, copied.time_zone) == ("32.16", "Asia/Jakarta")


async def test_an_event_is_published_whole() -> None:
    work = await at_setu(booth("loket-1", "KIA"), HEALTH)

    assert work.published == [
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
    work.kept.clear()

    answer = await schedule(work, plan())

    assert answer == {"version": 1, "warnings": []}
    assert work.kept == []
    assert len(work.published) == 1


async def test_a_change_raises_the_version_and_is_told() -> None:
    work = await at_setu()

    answer = await schedule(work, plan(name="BOTRAM Setu II"))

    assert answer["version"] == 2
    assert [version for _, version in work.published] == [1, 2]


async def test_an_unusual_day_is_a_warning() -> None:
    work = FakeWork(programmes={"botram": programme()})

    holiday = await schedule(work, plan(on=date(2023, 8, 17)), weekday=5)

    assert holiday["warnings"] == [
        {"reason": "weekday_differs", "detail": "2023-08-17 is a Thursday, not a Saturday"},
        {"reason": "holiday", "detail": "Hari Kemerdekaan"},
    ]
    assert SETU in work.events


async def test_an_event_needs_its_programme_and_the_right_to_it() -> None:
    work = FakeWork()
    with pytest.raises(Missing, match="programme"):
        await schedule(work, plan())
    with pytest.raises(Forbidden):
        await schedule_event(SETU, plan(), work, allow=nobody, holidays=Calendar())
    assert work.kept == []


async def test_who_may_not_touch_an_event_cannot_take_it_over() -> None:
    """The right to the new region is not the right to the old one."""
    work = await at_setu()

    def in_tambun(asked: Plan) -> None:
        if asked.region_code != "32.16.06":
            raise Forbidden("not here")

    with pytest.raises(Forbidden):
        await schedule_event(
            SETU, plan(region_code="32.16.06"), work, allow=in_tambun, holidays=Calendar()
        )
    assert work.events[SETU].version == 1


async def test_an_event_moves_to_another_region_only_before_the_first_ticket() -> None:
    work = await at_setu(booth("loket-1", "KIA"))
    await schedule(work, plan(booth("loket-1", "KIA"), region_code="32.16.06"))
    await issue_ticket(received("case-1", "KIA"), work)

    with pytest.raises(Refused, match="region_fixed"):
        await schedule(work, plan(booth("loket-1", "KIA"), region_code="32.16.18"))

    assert work.events[SETU].plan.region_code == "32.16.06"


async def test_a_line_that_people_stand_in_cannot_be_taken_away() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    await issue_ticket(received("case-1", "KIA"), work)

    await schedule(work, plan(booth("loket-9", "KIA")))
    with pytest.raises(Refused, match="tickets_issued"):
        await schedule(work, plan(booth("loket-1", "KK")))

    assert work.events[SETU].version == 2


async def test_a_service_that_nobody_asked_for_can_go_and_come_back() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    await schedule(work, plan(booth("loket-1", "KK")))
    await issue_ticket(received("case-1", "KIA"), work)
    assert work.tickets == {}

    await schedule(work, plan(booth("loket-1", "KIA", "KK")))
    await issue_ticket(received("case-2", "KIA"), work)

    assert list(work.tickets) == [f"{SETU}/KIA/1"]


async def test_numbers_count_up_per_service() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"))
    for case, service in [("a", "KIA"), ("b", "KK"), ("c", "KIA")]:
        await issue_ticket(received(case, service), work)

    issued = [event for event in work.events_out if isinstance(event, TicketIssued)]

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
    work = await at_setu()

    for _ in range(3):
        await issue_ticket(received("case-1"), work)

    assert list(work.tickets) == [f"{SETU}/KIA/1"]
    assert work.held_lines[SETU, "KIA"].issued == 1


async def test_a_request_of_no_event_is_no_business_of_ours() -> None:
    work = await at_setu()
    work.kept.clear()

    await issue_ticket(received("case-1", event_id=None), work)
    await void_ticket(closed("case-1", event_id=None), work)

    assert work.kept == []


async def test_a_request_waits_for_its_event() -> None:
    with pytest.raises(PredecessorMissing) as missing:
        await issue_ticket(received("case-1"), FakeWork())

    assert (missing.value.collection, missing.value.id) == ("events", SETU)


async def test_a_request_of_another_programme_is_refused() -> None:
    work = await at_setu()

    with pytest.raises(Refused, match="other_programme"):
        await issue_ticket(received("case-1", programme_id="sregep"), work)

    assert work.cases == {}


async def test_no_ticket_is_due_where_people_walk_up() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))

    await issue_ticket(received("case-1", "IKD"), work)
    await schedule(work, plan(booth("loket-1", "KIA"), booth("loket-2", "IKD")))
    await issue_ticket(received("case-1", "IKD"), work)

    assert work.cases["case-1"].ticket_id is None
    assert work.tickets == {}


@pytest.mark.parametrize("first", ["request", "closing"])
async def test_a_withdrawn_request_is_skipped_whichever_message_comes_first(first: str) -> None:
    work = await at_setu()
    if first == "request":
        await issue_ticket(received("case-1"), work)
        await void_ticket(closed("case-1"), work)
    else:
        await void_ticket(closed("case-1"), work)
        await issue_ticket(received("case-1"), work)
    await void_ticket(closed("case-1"), work)
    await issue_ticket(received("case-2"), work)

    line = work.held_lines[SETU, "KIA"]
    assert (line.issued, line.void, line.waiting) == (2, 1, 1)
    assert work.tickets[f"{SETU}/KIA/1"].state is TicketState.VOID
    assert work.tickets[f"{SETU}/KIA/1"].version == 2
    assert [type(event) for event in work.events_out] == [EventScheduled] + [TicketIssued] * 2
    assert await call(work) == ("KIA", 2)
    assert await call(work) is None


@pytest.mark.parametrize("outcome", [CloseOutcome.HANDED_OVER, CloseOutcome.DELIVERED])
async def test_a_finished_request_keeps_its_place(outcome: CloseOutcome) -> None:
    work = await at_setu()
    await issue_ticket(received("case-1"), work)

    await void_ticket(closed("case-1", outcome), work)

    assert await call(work) == ("KIA", 1)


async def test_a_ticket_that_was_called_is_not_voided() -> None:
    work = await at_setu()
    await issue_ticket(received("case-1"), work)
    await call(work)

    await void_ticket(closed("case-1", CloseOutcome.REJECTED), work)

    assert work.held_lines[SETU, "KIA"].void == 0
    assert await serve(work, 1) == "served"


async def test_closing_a_request_without_a_ticket_does_nothing_to_a_line() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "IKD", ticketed=False))
    await issue_ticket(received("case-1", "IKD"), work)

    await void_ticket(closed("case-1", service="IKD"), work)

    assert work.cases["case-1"].withdrawn
    assert (SETU, "IKD") not in work.held_lines


async def test_a_booth_calls_who_has_waited_longest_for_one_of_its_services() -> None:
    work = await at_setu(booth("loket-1", "KIA", "KK"), booth("loket-2", "IKD"))
    arrivals = ["KK", "IKD", "KIA", "KIA", "KK", "IKD"]
    for number, service in enumerate(arrivals):
        await issue_ticket(received(f"case-{number}", service), work)

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
    await issue_ticket(received("case-1"), work)

    found = await call_next(SETU, "loket-1", work, allow=anybody)

    assert found == {
        "ticket_id": f"{SETU}/KIA/1",
        "service": "KIA",
        "number": 1,
        "state": "called",
        "case_id": "case-1",
        "booth_id": "loket-1",
    }
    called, version = work.published[-1]
    assert isinstance(called, TicketCalled)
    assert (called.booth_id, called.case_id, version) == ("loket-1", "case-1", 2)


async def test_who_did_not_come_does_not_hold_up_the_line_and_is_served_late() -> None:
    work = await at_setu()
    for number in range(3):
        await issue_ticket(received(f"case-{number}"), work)
    assert [await call(work), await call(work)] == [("KIA", 1), ("KIA", 2)]

    assert await serve(work, 2) == "served"
    assert await serve(work, 1) == "served"

    line = work.held_lines[SETU, "KIA"]
    assert (line.called, line.served, line.waiting) == (2, 2, 1)
    told = [(e.number, v) for e, v in work.published if isinstance(e, TicketServed)]
    assert told == [(2, 3), (1, 3)]


async def test_a_booth_serves_its_own_calls_only() -> None:
    work = await at_setu(booth("loket-1", "KIA"), booth("loket-2", "KIA"))
    await issue_ticket(received("case-1"), work)
    await call(work, "loket-2")

    with pytest.raises(Refused, match="other_booth"):
        await serve(work, 1)
    with pytest.raises(Missing, match="ticket"):
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

    first = await record_visit(SETU, "puskesmas", "HEALTH_CHECK", 4, work, allow=anybody)
    second = await record_visit(SETU, "puskesmas", "HEALTH_CHECK", 3, work, allow=anybody)

    assert work.tallies["puskesmas", "HEALTH_CHECK"].visitors == 7
    assert work.published[-2:] == [(visit(first, 4), 1), (visit(second, 3), 1)]
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
        await record_visit(SETU, booth_id, service, 1, work, allow=anybody)

    assert refused.value.reason == reason  # type: ignore[attr-defined]
    assert work.tallies == {}


async def test_nothing_is_done_without_the_right_to_the_event_or_without_the_event() -> None:
    work = await at_setu()
    await issue_ticket(received("case-1"), work)
    work.kept.clear()

    for allow, event_id, expected in ((nobody, SETU, Forbidden), (anybody, "other", Missing)):
        with pytest.raises(expected):
            await call_next(event_id, "loket-1", work, allow=allow)
        with pytest.raises(expected):
            await serve_ticket(event_id, "KIA", 1, "loket-1", work, allow=allow)
        with pytest.raises(expected):
            await record_visit(event_id, "puskesmas", "HEALTH_CHECK", 1, work, allow=allow)
    assert work.kept == []


async def test_every_fact_of_a_ticket_says_the_same_of_it() -> None:
    work = await at_setu()
    await issue_ticket(received("case-1"), work)
    await call(work)
    await serve(work, 1)

    told = [event for event in work.events_out if isinstance(event, TicketEvent)]

    assert [type(event) for event in told] == [TicketIssued, TicketCalled, TicketServed]
    common = TicketEvent.model_fields
    assert len({tuple(getattr(event, name) for name in common) for event in told}) == 1
