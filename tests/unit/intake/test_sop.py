"""SOPs: what they may say, how their times are counted, and what comes of them in a case."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

import pytest

from services.intake.domain import (
    CalendarExceptions,
    Case,
    Programme,
    Refused,
    State,
    Step,
)
from services.intake.domain.sop import Passing, Sop, StateRule, StepRule
from services.intake.domain.time_in_state import Allowed, OfficeTime, Opening, Unit
from services.intake.gateways import KeptCatalogues
from services.intake.usecases import (
    copy_programme,
    publish_programme,
    record_request,
    take_step,
)
from services.intake.usecases.sop import publish_sop, publish_sop_if_missing
from services.intake.usecases.state_time import STATE_TIME, note_state_time
from shared.auth.roles import Forbidden
from shared.messaging.errors import Missing
from shared.messaging.message import Message
from shared.messaging.unit_of_work import UnitOfWork
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    BOTRAM,
    CASE,
    HALO_PAMOR,
    LOOKUPS,
    SATURDAY,
    SETU,
    VAULT,
    Closed,
    at_event,
    at_home,
    bench,
    everybody,
    reader,
    record,
)
from tests.unit.intake.sop_sample import (
    HOURS,
    ISSUED,
    PAMOR_WITH_SOP,
    RECEIVED,
    VERIFIED,
    WITH_SOP,
    days,
    sop,
    steps,
)

FRIDAY_TWO: Final = datetime(2023, 3, 10, 7, tzinfo=UTC)
"""14.00 in Bekasi."""
MONDAY_ENDS: Final = datetime(2023, 3, 13, 17, tzinfo=UTC)
TUESDAY_ENDS: Final = MONDAY_ENDS + timedelta(days=1)
HOUR: Final = timedelta(hours=1)


def anybody(_: Programme) -> None:
    """Let everybody publish."""


def nobody(_: Programme) -> None:
    """Let nobody publish."""
    raise Forbidden("no")


async def publish(work: Bench, wanted: Sop, allow: Any = anybody) -> int:
    version: int = await work.run(lambda uow: publish_sop(wanted, uow, allow=allow))
    return version


async def office(*more: object) -> Bench:
    """Return a bench at the time of the event, with an SOP and a request under it."""
    work = bench(WITH_SOP, sop(), *more)
    work.clock.now = SATURDAY
    await record(work, at_event())
    return work


async def fire(work: Bench, message: Message | None = None, closed: Iterable[date] = ()) -> None:
    """Have the case's timer fire at its time."""
    handler = partial(note_state_time, holidays=Closed(tuple(closed)))
    await work.fire(handler, message or work.due(STATE_TIME, CASE))


async def case_of(work: Bench) -> Case:
    case = await work.get(Case, CASE)
    assert case is not None
    return case


async def step(work: Bench, wanted: Step, roles: frozenset[str] = frozenset({"operator"})) -> None:
    """Take a step as somebody with these roles."""

    def allow(**asked: Any) -> None:
        if not roles.intersection(asked["roles"]):
            raise Forbidden("no")

    await work.run(lambda uow: take_step(CASE, wanted, uow, allow=allow))


# What an SOP may say.


def changed(rule: StateRule, **more: Any) -> Sop:
    """Return the SOP with one state said otherwise."""
    said = replace(rule, **more)
    rest = [one for one in sop().states if one.state is not rule.state]
    return sop(states=(said, *rest))


@pytest.mark.parametrize(
    ("wanted", "reason", "field"),
    [
        (sop(opening=Opening(time(15), time(8))), "opening_reversed", "opening"),
        (sop(states=(replace(RECEIVED, state=State.CLOSED),)), "state_without_wait", "closed"),
        (changed(RECEIVED, steps=steps(Step.HAND_OVER)), "step_impossible", "received: hand_over"),
        (changed(RECEIVED, steps=steps(Step.CANCEL)), "no_way_out", "states: received"),
        (changed(VERIFIED, steps=steps(Step.CANCEL)), "no_way_out", "states: verified"),
        (changed(ISSUED, steps=steps(Step.CANCEL)), "no_way_out", "states: issued"),
        (
            changed(VERIFIED, steps=(StepRule(Step.ISSUE, ("auditor",)),)),
            "role_impossible",
            "verified: issue",
        ),
        (changed(VERIFIED, time=None, escalation=days(1)), "escalation_without_time", "verified"),
        (changed(VERIFIED, time=days(1, "agent")), "nobody_told", "verified: tell"),
        (
            changed(VERIFIED, time=Passing(Allowed(4, Unit.WORKING_HOURS), "head")),
            "no_opening",
            "opening",
        ),
        (changed(VERIFIED, time=days(3)), "longer_than_standard", "states: 4 working days"),
    ],
)
def test_a_broken_sop_is_refused_by_field_and_reason(wanted: Sop, reason: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        wanted.require_fit(BOTRAM)
    assert refused.value.reason == reason
    assert field in refused.value.detail


def test_what_fits_is_taken_and_who_brings_needs_the_recipients_word() -> None:
    sop(opening=HOURS).require_fit(BOTRAM)
    sop("halo_pamor").require_fit(HALO_PAMOR)
    counter_only = sop("halo_pamor", states=(replace(ISSUED, steps=steps(Step.HAND_OVER)),))
    counter_only.require_fit(BOTRAM)
    with pytest.raises(Refused, match="confirm_receipt"):
        counter_only.require_fit(HALO_PAMOR)


# How time is counted.


@pytest.mark.parametrize(
    ("allowed", "since", "end"),
    [
        (Allowed(4, Unit.WORKING_HOURS), FRIDAY_TWO, datetime(2023, 3, 13, 3, tzinfo=UTC)),
        (Allowed(1, Unit.WORKING_HOURS), FRIDAY_TWO, FRIDAY_TWO + HOUR),
        (Allowed(1, Unit.WORKING_HOURS), SATURDAY, datetime(2023, 3, 13, 1, 30, tzinfo=UTC)),
        (Allowed(16, Unit.WORKING_HOURS), SATURDAY, datetime(2023, 3, 14, 8, 30, tzinfo=UTC)),
        (Allowed(4, Unit.CLOCK_HOURS), FRIDAY_TWO, FRIDAY_TWO + 4 * HOUR),
        (Allowed(1, Unit.WORKING_DAYS), SATURDAY, MONDAY_ENDS),
        (Allowed(1, Unit.WORKING_DAYS), MONDAY_ENDS, TUESDAY_ENDS),
        (Allowed(3, Unit.WORKING_DAYS), SATURDAY, MONDAY_ENDS + timedelta(days=2)),
    ],
)
def test_time_is_counted_as_the_office_works(
    allowed: Allowed, since: datetime, end: datetime
) -> None:
    work = OfficeTime("Asia/Jakarta", Closed(), CalendarExceptions(), HOURS)
    assert allowed.end(since, work) == end
    assert since < allowed.soonest(since, "Asia/Jakarta") <= end


def test_closed_and_open_days_of_the_programme_count() -> None:
    monday, sunday = date(2023, 3, 13), date(2023, 3, 12)
    shut = OfficeTime("Asia/Jakarta", Closed(), CalendarExceptions(frozenset({monday})), HOURS)
    opened = OfficeTime("Asia/Jakarta", Closed(), CalendarExceptions(open=frozenset({sunday})))
    assert Allowed(1, Unit.WORKING_DAYS).end(SATURDAY, shut) == TUESDAY_ENDS
    assert Allowed(1, Unit.WORKING_DAYS).end(SATURDAY, opened) == MONDAY_ENDS - timedelta(days=1)
    assert Allowed(1, Unit.WORKING_HOURS).end(SATURDAY, shut) == datetime(
        2023, 3, 14, 1, 30, tzinfo=UTC
    )


# Publication.


async def test_an_sop_counts_from_its_publication_and_the_same_again_changes_nothing() -> None:
    work = bench()

    versions = [await publish(work, sop()) for _ in range(2)]
    versions.append(await publish(work, changed(VERIFIED, time=days(1))))

    programme = await work.get(Programme, "botram")
    assert versions == [1, 1, 2]
    assert programme is not None
    assert (programme.sop_version, programme.version) == (2, 3)
    assert [one.id for one in await work.all(Sop)] == ["botram:1", "botram:2"]
    assert "supervisor" not in str(work.messages[-1].body)


async def test_who_may_not_publish_leaves_nothing_and_a_broken_one_neither() -> None:
    work = bench()

    with pytest.raises(Forbidden):
        await publish(work, sop(), nobody)
    with pytest.raises(Refused):
        await publish(work, changed(VERIFIED, time=days(9)))
    with pytest.raises(Missing):
        await publish(work, sop("unheard_of"))

    assert (await work.all(Sop), work.published) == ([], [])


async def test_what_is_shipped_never_takes_the_place_of_an_offices_own() -> None:
    work = bench()

    async def shipped(wanted: Sop) -> int | None:
        version: int | None = await work.run(
            lambda uow: publish_sop_if_missing(wanted, uow, allow=anybody)
        )
        return version

    assert await shipped(changed(VERIFIED, time=days(9))) is None
    assert await publish(work, changed(VERIFIED, time=None)) == 1
    assert await shipped(sop()) == 1
    assert len(await work.all(Sop)) == 1


async def test_a_programme_published_again_keeps_its_sop_and_a_copy_has_one() -> None:
    work = bench(WITH_SOP, sop())
    await work.run(
        lambda uow: publish_programme(replace(BOTRAM, name="BOTRAM 2"), uow, allow=anybody)
    )
    for _ in range(2):
        await work.run(
            lambda uow: copy_programme("botram", "sregep", "SREGEP", "Kesra", uow, allow=anybody)
        )
    kept = {one.id: one.sop_version for one in await work.all(Programme)}
    assert kept == {"botram": 1, "halo_pamor": None, "sregep": 1}
    assert await work.get(Sop, "sregep:1") == sop("sregep")


# Who may do what.


async def test_a_step_is_for_the_roles_that_the_sop_names_in_this_state() -> None:
    only = replace(RECEIVED, steps=steps(Step.VERIFY, Step.ISSUE, roles=("supervisor",)))
    work = bench(WITH_SOP, sop(states=(only,)))
    await record(work, at_event())

    with pytest.raises(Forbidden):
        await step(work, Step.VERIFY)
    with pytest.raises(Refused, match="step_not_in_sop"):
        await step(work, Step.REJECT)
    await step(work, Step.VERIFY, frozenset({"supervisor"}))
    # Nothing is said of what follows, so it is as without an SOP.
    with pytest.raises(Forbidden):
        await step(work, Step.REJECT, frozenset({"supervisor"}))
    await step(work, Step.REJECT)
    assert (await case_of(work)).state is State.CLOSED


async def test_without_an_sop_operators_do_every_step_and_supervisors_none() -> None:
    work = bench()
    await record(work, at_event())

    with pytest.raises(Forbidden):
        await step(work, Step.ISSUE, frozenset({"supervisor"}))
    await step(work, Step.ISSUE)

    case = await case_of(work)
    assert (case.state, case.waits, case.sop_version) == (State.ISSUED, None, None)
    assert [one.name for one in work.timers] == []


async def test_a_running_case_ends_under_the_version_it_was_opened_under() -> None:
    work = await office()
    stricter = replace(RECEIVED, steps=steps(Step.VERIFY, roles=("supervisor",)), time=days(3))
    await publish(work, sop(states=(stricter,)))

    await fire(work)
    await step(work, Step.ISSUE)

    case = await case_of(work)
    assert (case.state, case.sop_version) == (State.ISSUED, 1)


# Time in a state.


async def test_a_time_that_passes_is_told_to_the_supervisor_and_a_second_one_to_the_head() -> None:
    work = await office()
    seen = []
    for _ in range(6):
        if all(timer.name != STATE_TIME for timer in work.timers):
            break
        await fire(work)
        waits = (await case_of(work)).waits
        assert waits is not None
        seen.append((waits.late_since, waits.escalated_at, waits.told))

    assert seen == [
        (None, None, ()),  # Sunday's end: the calendar says Monday
        (MONDAY_ENDS, None, ("supervisor",)),
        (MONDAY_ENDS, TUESDAY_ENDS, ("supervisor", "head")),
    ]
    assert work.types == ["request_received"]


async def test_a_day_of_leave_that_is_decreed_meanwhile_counts() -> None:
    work = await office()
    monday = [date(2023, 3, 13)]
    await fire(work, closed=monday)
    await fire(work, closed=monday)
    waits = (await case_of(work)).waits
    assert waits is not None
    assert waits.late_since == TUESDAY_ENDS


async def test_a_new_state_has_its_own_time_and_one_without_ends_it() -> None:
    work = await office()
    await fire(work)
    await fire(work)
    work.clock.now = MONDAY_ENDS + HOUR
    await step(work, Step.VERIFY)

    waits = (await case_of(work)).waits
    assert waits is not None
    assert (waits.since, waits.late_since, waits.told) == (work.clock.now, None, ())
    (timer,) = [one for one in work.timers if one.name == STATE_TIME]
    assert timer.due == MONDAY_ENDS + timedelta(days=3)

    await step(work, Step.ISSUE)
    assert (await case_of(work)).waits is None
    assert [one.name for one in work.timers] == []


async def test_a_timer_that_comes_after_the_state_has_changed_does_nothing() -> None:
    work = await office()
    overtaken = work.due(STATE_TIME, CASE)
    await step(work, Step.VERIFY)
    before = await case_of(work)

    await fire(work, overtaken)

    assert await case_of(work) == before
    assert [one.name for one in work.timers] == ["request_overdue", STATE_TIME]


async def test_what_is_booked_begins_with_the_events_day() -> None:
    work = bench(WITH_SOP, sop(), replace(SETU, on=date(2023, 3, 18)))
    work.clock.now = SATURDAY
    await record(work, at_event())
    waits = (await case_of(work)).waits
    assert waits is not None
    assert waits.since == datetime(2023, 3, 17, 17, tzinfo=UTC)


async def test_a_broken_document_of_one_programme_stops_no_other() -> None:
    work = await office(PAMOR_WITH_SOP, sop("halo_pamor"))
    other = "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c11"
    await record(work, at_home(case_id=other))
    work.memory.collections["sops"]["halo_pamor:1"]["states"] = "nonsense"
    handler = partial(note_state_time, holidays=Closed())

    with pytest.raises(ValueError, match="states"):
        await work.fire(handler, work.due(STATE_TIME, other))
    await fire(work)
    await fire(work)

    waits = (await case_of(work)).waits
    assert waits is not None
    assert waits.late_since == MONDAY_ENDS


async def test_a_step_that_the_next_state_lacks_is_refused_the_second_time() -> None:
    work = await office()
    await work.run(lambda uow: take_step(CASE, Step.VERIFY, uow, allow=everybody))
    with pytest.raises(Refused, match="step_not_in_sop"):
        await work.run(lambda uow: take_step(CASE, Step.VERIFY, uow, allow=everybody))


async def test_a_recording_reads_the_sop_once_in_a_process() -> None:
    work = bench(WITH_SOP, sop())
    work.clock.now = SATURDAY
    kept = KeptCatalogues(reader(work))
    await record(work, at_event(), catalogues=kept)
    work.memory.collections["sops"].clear()  # nothing is left to be read
    await record(work, at_event(case_id="case-2", tracking="b" * 64), catalogues=kept)
    first, second = [await work.get(Case, one) for one in (CASE, "case-2")]
    assert first is not None
    assert second is not None
    assert first.waits == second.waits
    assert first.waits is not None


async def test_an_sop_of_the_same_batch_is_read_through_it() -> None:
    work = bench(BOTRAM)
    work.clock.now = SATURDAY
    new, how = at_event(), dict[str, Any](lookups=LOOKUPS, vault=VAULT, allow=everybody)

    async def both(uow: UnitOfWork) -> None:
        await publish_sop(sop(), uow, allow=anybody)
        kept = KeptCatalogues(reader(work))
        await record_request(new, uow, holidays=Closed(), catalogues=kept, **how)

    await work.run(both)
    assert (await case_of(work)).waits is not None
