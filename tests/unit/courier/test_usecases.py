"""What courier does with what it hears and with what agents report."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.courier.domain import Area, Job, JobState, Programme, Refused, Step
from services.courier.store import COLLECTIONS, CourierReader
from services.courier.usecases import (
    WAITING_PAGE,
    SettleAreas,
    confirm_receipt,
    copy_programme,
    note_issued,
    open_job,
    report_step,
    serve_area,
    settle_area,
    withdraw_job,
)
from shared.auth.roles import Forbidden
from shared.contracts.courier import (
    DeliveryConfirmed,
    DeliveryFailed,
    FailureReason,
    JobAssigned,
    JobOpened,
    JobWithdrawn,
)
from shared.contracts.intake import CloseOutcome
from shared.messaging.errors import Missing, PredecessorMissing
from shared.messaging.unit_of_work import UnitOfWork
from shared.testing.bench import Bench
from shared.testing.callers import NOW
from tests.unit.courier.sample import (
    AGENT,
    PLACE,
    VILLAGE,
    closed,
    confirmed,
    issued,
    job,
    programme,
    received,
)

PAMOR = Programme("halo_pamor", 1, "HALO PAMOR", "Disdukcapil Kota Bekasi", "32.75")


AREA_ID = Area.key("halo_pamor", PLACE)


def office(*kept: object) -> Bench:
    return Bench(COLLECTIONS, *kept)


def served(agent_id: str = AGENT) -> Bench:
    return office(Area("halo_pamor", PLACE, 1, agent_id))


async def state_of(bench: Bench, job_id: str = "case-1") -> JobState:
    return (await the_job(bench, job_id)).state


async def the_job(bench: Bench, job_id: str = "case-1") -> Job:
    found = await bench.get(Job, job_id)
    assert found is not None
    return found


def versions(bench: Bench) -> list[int]:
    return [message.envelope.version for message in bench.messages]


async def report(bench: Bench, step: Step, job_id: str = "case-1", **how: Any) -> str:
    how.setdefault("allow", anybody)
    return str(
        await bench.run(lambda uow: report_step(job_id, step, AGENT, uow, **how), actor=AGENT)
    )


async def put_in_charge(bench: Bench, agent_id: str, waiting: Sequence[str] = ()) -> int:
    return int(
        await bench.run(lambda uow: serve_area("halo_pamor", PLACE, agent_id, uow, waiting=waiting))
    )


def anybody(_: Job) -> None:
    return


async def test_a_programme_is_copied_when_it_is_newer() -> None:
    bench = office()
    await bench.handle(copy_programme, programme(name="second"), version=2)
    await bench.handle(copy_programme, programme(name="late first"), version=1)
    await bench.handle(copy_programme, programme(name="second again"), version=2)
    assert [one.name for one in await bench.all(Programme)] == ["second"]
    await bench.handle(copy_programme, programme(name="third"), version=3)
    assert [one.version for one in await bench.all(Programme)] == [3]


async def test_a_request_where_an_agent_serves_becomes_an_assigned_job() -> None:
    bench = served()
    await bench.handle(open_job, received())
    assert (await the_job(bench)) == job(opened_at=NOW).assign(AGENT)
    (opened, assigned), (first, second) = bench.published, versions(bench)
    facts = {
        "job_id": "case-1",
        "case_id": "case-1",
        "programme_id": "halo_pamor",
        "service": "KK",
        "channel": "agent",
        "region_code": VILLAGE,
        "rw": "005",
    }
    assert (opened, first) == (JobOpened(**facts, pick_up=True, deliver=True), 1)
    assert (assigned, second) == (JobAssigned(**facts, agent_id=AGENT), 2)


async def test_a_request_where_nobody_serves_waits_in_its_area() -> None:
    bench = office()
    await bench.handle(open_job, received())
    assert (await the_job(bench)) == job(opened_at=NOW)
    assert await bench.all(Area) == []
    assert bench.types == ["job_opened"]


@pytest.mark.parametrize(
    ("village", "rw", "programme_id"),
    [("32.75.01.1002", "005", "halo_pamor"), (VILLAGE, "006", "halo_pamor"), (VILLAGE, "005", "x")],
)
async def test_an_agent_serves_one_rw_of_one_village_of_one_programme(
    village: str, rw: str, programme_id: str
) -> None:
    bench = served()
    await bench.handle(open_job, received(region_code=village, rw=rw, programme_id=programme_id))
    assert await state_of(bench) is JobState.OPEN


async def test_a_request_with_nothing_to_carry_is_no_job() -> None:
    bench = served()
    await bench.handle(open_job, received(pick_up=False, deliver=False, rw=None))
    assert (await bench.all(Job), bench.published) == ([], [])


async def test_a_request_that_is_known_is_no_second_job() -> None:
    bench = served()
    await bench.handle(open_job, received())
    await bench.handle(open_job, received(rw="006"))
    assert bench.types == ["job_opened", "job_assigned"]


async def test_a_request_without_rw_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        await office().handle(open_job, received(rw=None))
    assert refused.value.reason == "no_rw"


async def test_who_begins_to_serve_an_area_gets_what_waits_there() -> None:
    bench = office(PAMOR)
    for case in ("case-1", "case-2", "case-3"):
        await bench.handle(open_job, received(case))
    await bench.handle(withdraw_job, closed("case-2"))
    assert await put_in_charge(bench, AGENT, ["case-1", "case-2", "case-3"]) == 2
    states = {one.id: one.state for one in await bench.all(Job)}
    assert states == {
        "case-1": JobState.ASSIGNED,
        "case-2": JobState.WITHDRAWN,
        "case-3": JobState.ASSIGNED,
    }
    assert await put_in_charge(bench, "agent-2") == 0
    assert (await the_job(bench)).agent_id == AGENT


async def test_an_area_does_not_grow_with_what_waits_there() -> None:
    bench = office(PAMOR)
    await put_in_charge(bench, AGENT)
    await bench.run(_vacant)
    before = len(repr(bench.memory.copies("areas")))
    for number in range(1000):
        await bench.handle(open_job, received(f"case-{number}"))
    assert len(repr(bench.memory.copies("areas"))) == before
    assert len(await bench.all(Job)) == 1000


async def _vacant(uow: UnitOfWork) -> None:
    area = await uow.require(Area, AREA_ID)
    uow.add(replace(area, version=area.version + 1, agent_id=None))


async def test_what_was_too_many_for_the_command_is_assigned_page_by_page() -> None:
    bench = office(PAMOR)
    for number in range(2 * WAITING_PAGE + 7):
        await bench.handle(open_job, received(f"case-{number}"))
    reader = CourierReader(bench.database, COLLECTIONS)
    assert await put_in_charge(bench, AGENT, await reader.waiting("halo_pamor", PLACE)) == 100
    settle = SettleAreas(reader, bench, bench.clock)
    assert [await settle.look() for _ in range(3)] == [WAITING_PAGE, 7, 0]
    assert {one.agent_id for one in await bench.all(Job)} == {AGENT}


async def test_an_area_is_looked_at_until_nobody_can_have_read_it_before() -> None:
    bench = office(PAMOR)
    await put_in_charge(bench, AGENT)
    settle = SettleAreas(CourierReader(bench.database, COLLECTIONS), bench, bench.clock)
    bench.keep(job())  # by an instance that read the area before it had an agent
    assert await settle.look() == 1
    assert await settle.look() == 0
    assert [area.unsettled_since for area in await bench.all(Area)] == [NOW]
    bench.clock.advance(minutes=2)
    assert await settle.look() == 0
    assert [area.unsettled_since for area in await bench.all(Area)] == [None]


async def test_an_area_of_an_unknown_programme_is_missing() -> None:
    with pytest.raises(Missing):
        await put_in_charge(office(), AGENT)


async def test_an_issued_document_is_noted_once() -> None:
    bench = office(job())
    await bench.handle(note_issued, issued())
    await bench.handle(note_issued, issued())
    noted = await the_job(bench)
    assert (noted.document_issued, noted.version) == (True, 2)
    assert bench.published == []


async def test_a_document_that_is_fetched_concerns_nobody_here() -> None:
    await office().handle(note_issued, issued(deliver=False))


async def test_what_comes_before_its_request_waits_for_it() -> None:
    for handled in (
        office().handle(note_issued, issued()),
        office().handle(confirm_receipt, confirmed()),
        office().handle(withdraw_job, closed()),
    ):
        with pytest.raises(PredecessorMissing) as missing:
            await handled
        assert (missing.value.collection, missing.value.id) == ("jobs", "case-1")


async def test_the_recipients_word_after_the_agents_ends_the_job() -> None:
    bench = office(job(state=JobState.DELIVERY_REPORTED, agent_id=AGENT))
    await bench.handle(confirm_receipt, confirmed())
    await bench.handle(confirm_receipt, confirmed())
    assert await state_of(bench) is JobState.DONE
    (event,), (version,) = bench.published, versions(bench)
    assert isinstance(event, DeliveryConfirmed)
    assert (event.agent_id, version) == (AGENT, 2)


async def test_the_recipients_word_before_the_agents_is_remembered() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    bench = office(carried)
    await bench.handle(confirm_receipt, confirmed())
    assert bench.types == []
    state = await report(bench, Step.DELIVER)
    assert state == "done"
    assert bench.types == ["delivery_reported", "delivery_confirmed"]


@pytest.mark.parametrize("agent_first", [True, False])
@pytest.mark.parametrize("later", [timedelta(minutes=-5), timedelta(seconds=30)])
async def test_a_delivery_is_dated_by_the_later_word_whichever_comes_first(
    *, agent_first: bool, later: timedelta
) -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    bench = office(carried)
    at = NOW + later

    if agent_first:
        await report(bench, Step.DELIVER, occurred_at=at)
    await bench.handle(confirm_receipt, confirmed())
    if not agent_first:
        await report(bench, Step.DELIVER, occurred_at=at)
    assert isinstance(bench.published[-1], DeliveryConfirmed)
    assert bench.messages[-1].envelope.occurred_at == max(at, NOW)


@pytest.mark.parametrize(
    "outcome", [CloseOutcome.REJECTED, CloseOutcome.CANCELLED, CloseOutcome.HANDED_OVER]
)
async def test_a_request_that_ended_otherwise_withdraws_its_job(outcome: CloseOutcome) -> None:
    bench = office(job())
    await bench.handle(withdraw_job, closed(outcome=outcome))
    await bench.handle(withdraw_job, closed(outcome=outcome))
    assert await state_of(bench) is JobState.WITHDRAWN
    (event,), (version,) = bench.published, versions(bench)
    assert isinstance(event, JobWithdrawn)
    assert version == 2


async def test_a_request_that_ended_by_its_delivery_changes_nothing() -> None:
    await office().handle(withdraw_job, closed(outcome=CloseOutcome.DELIVERED))


async def test_a_job_that_is_done_stays_done_however_its_request_ends() -> None:
    bench = office(job(state=JobState.DONE, deliver=False))
    await bench.handle(withdraw_job, closed(outcome=CloseOutcome.HANDED_OVER, deliver=False))
    assert await state_of(bench) is JobState.DONE
    assert bench.published == []


async def test_a_closed_request_with_nothing_to_carry_waits_for_no_job() -> None:
    await office().handle(withdraw_job, closed(pick_up=False, deliver=False))


async def test_the_steps_of_a_job_are_published() -> None:
    bench = served()
    await bench.handle(open_job, received())
    await bench.handle(note_issued, issued())
    happened = NOW
    for step in (Step.COLLECT_PAPERS, Step.HAND_IN_PAPERS, Step.COLLECT_DOCUMENT):
        await report(bench, step, occurred_at=happened)
    assert bench.types[2:] == ["papers_collected", "papers_handed_in", "document_collected"]
    assert versions(bench) == [1, 2, 4, 5, 6]
    assert [message.envelope.occurred_at for message in bench.messages[2:]] == [happened] * 3


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW + timedelta(seconds=31), "in_the_future"),
        (NOW - timedelta(seconds=1), "before_opened"),
    ],
)
async def test_a_step_at_an_impossible_time_is_refused(at: datetime, reason: str) -> None:
    bench = served()
    await bench.handle(open_job, received())
    with pytest.raises(Refused) as refused:
        await report(bench, Step.COLLECT_PAPERS, occurred_at=at)
    assert refused.value.reason == reason
    assert await state_of(bench) is JobState.ASSIGNED


async def test_a_job_that_does_not_know_its_opening_takes_older_steps() -> None:
    bench = office(job().assign(AGENT))
    old = NOW - timedelta(days=400)
    await report(bench, Step.COLLECT_PAPERS, occurred_at=old)
    assert await state_of(bench) is JobState.PAPERS_COLLECTED


async def test_a_failed_delivery_says_why_and_which() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT)
    bench = office(carried)
    for reason in (FailureReason.NOBODY_HOME, None):
        await report(bench, Step.FAIL, reason=reason)
    told = [event for event in bench.published if isinstance(event, DeliveryFailed)]
    assert [(event.reason, event.attempt) for event in told] == [("nobody_home", 1), ("other", 2)]


async def test_a_step_of_an_unknown_job_is_missing() -> None:
    with pytest.raises(Missing):
        await report(office(), Step.DELIVER, "case-9")


async def test_who_may_not_see_a_job_does_no_step_of_it() -> None:
    def refuse(_: Job) -> None:
        raise Forbidden("elsewhere")

    bench = office(job().assign(AGENT))
    with pytest.raises(Forbidden):
        await report(bench, Step.COLLECT_PAPERS, allow=refuse)
    assert (await the_job(bench)).version == 2


async def test_an_area_that_nobody_serves_gives_its_jobs_to_nobody() -> None:
    bench = Bench(COLLECTIONS, job())
    assert await bench.run(lambda uow: settle_area("halo_pamor", PLACE, ["case-1"], uow)) == 0
    assert [one.state for one in await bench.all(Job)] == [JobState.OPEN]
