"""What courier does with what it hears and with what agents report."""

from datetime import datetime, timedelta

import pytest

from services.courier.domain import Area, Job, JobState, Place, Programme, Refused, Step
from services.courier.usecases import (
    confirm_receipt,
    copy_programme,
    note_issued,
    open_job,
    report_step,
    serve_area,
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
from tests.unit.courier.fake import NOW, FakeWork
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


def served(agent_id: str = AGENT) -> dict[tuple[str, Place], Area]:
    return {("halo_pamor", PLACE): Area("halo_pamor", PLACE, 1, agent_id)}


def anybody(_: Job) -> None:
    return


async def test_a_programme_is_copied_when_it_is_newer() -> None:
    work = FakeWork().caused_by(2)
    await copy_programme(programme(name="second"), work)
    await copy_programme(programme(name="late first"), work.caused_by(1))
    await copy_programme(programme(name="second again"), work.caused_by(2))
    assert work.programmes["halo_pamor"].name == "second"
    await copy_programme(programme(name="third"), work.caused_by(3))
    assert work.programmes["halo_pamor"].version == 3


async def test_a_request_where_an_agent_serves_becomes_an_assigned_job() -> None:
    work = FakeWork(areas=served())
    await open_job(received(), work)
    assert work.jobs["case-1"] == job(opened_at=NOW).assign(AGENT)
    (opened, first, _), (assigned, second, _) = work.published
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
    work = FakeWork()
    await open_job(received(), work)
    assert work.jobs["case-1"] == job(opened_at=NOW)
    assert work.areas["halo_pamor", PLACE].waiting == ("case-1",)
    assert work.events == ["job_opened"]


@pytest.mark.parametrize(
    ("village", "rw", "programme_id"),
    [("32.75.01.1002", "005", "halo_pamor"), (VILLAGE, "006", "halo_pamor"), (VILLAGE, "005", "x")],
)
async def test_an_agent_serves_one_rw_of_one_village_of_one_programme(
    village: str, rw: str, programme_id: str
) -> None:
    work = FakeWork(areas=served())
    await open_job(received(region_code=village, rw=rw, programme_id=programme_id), work)
    assert work.jobs["case-1"].state is JobState.OPEN


async def test_a_request_with_nothing_to_carry_is_no_job() -> None:
    work = FakeWork(areas=served())
    await open_job(received(pick_up=False, deliver=False, rw=None), work)
    assert (work.jobs, work.published) == ({}, [])


async def test_a_request_that_is_known_is_no_second_job() -> None:
    work = FakeWork(areas=served())
    await open_job(received(), work)
    await open_job(received(rw="006"), work)
    assert work.events == ["job_opened", "job_assigned"]


async def test_a_request_without_rw_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        await open_job(received(rw=None), FakeWork())
    assert refused.value.reason == "no_rw"


async def test_who_begins_to_serve_an_area_gets_what_waits_there() -> None:
    work = FakeWork(programmes={"halo_pamor": PAMOR})
    for case in ("case-1", "case-2", "case-3"):
        await open_job(received(case), work)
    await withdraw_job(closed("case-2"), work)
    assert await serve_area("halo_pamor", PLACE, AGENT, work) == 2
    states = {id_: one.state for id_, one in work.jobs.items()}
    assert states == {
        "case-1": JobState.ASSIGNED,
        "case-2": JobState.WITHDRAWN,
        "case-3": JobState.ASSIGNED,
    }
    assert work.areas["halo_pamor", PLACE].waiting == ()
    assert await serve_area("halo_pamor", PLACE, "agent-2", work) == 0
    assert work.jobs["case-1"].agent_id == AGENT


async def test_an_area_of_an_unknown_programme_is_missing() -> None:
    with pytest.raises(Missing):
        await serve_area("halo_pamor", PLACE, AGENT, FakeWork())


async def test_an_issued_document_is_noted_once() -> None:
    work = FakeWork(jobs={"case-1": job()})
    await note_issued(issued(), work)
    await note_issued(issued(), work)
    assert (work.jobs["case-1"].document_issued, work.jobs["case-1"].version) == (True, 2)
    assert work.published == []


async def test_a_document_that_is_fetched_concerns_nobody_here() -> None:
    await note_issued(issued(deliver=False), FakeWork())


async def test_what_comes_before_its_request_waits_for_it() -> None:
    for handled in (
        note_issued(issued(), FakeWork()),
        confirm_receipt(confirmed(), FakeWork()),
        withdraw_job(closed(), FakeWork()),
    ):
        with pytest.raises(PredecessorMissing) as missing:
            await handled
        assert (missing.value.collection, missing.value.id) == ("jobs", "case-1")


async def test_the_recipients_word_after_the_agents_ends_the_job() -> None:
    work = FakeWork(jobs={"case-1": job(state=JobState.DELIVERY_REPORTED, agent_id=AGENT)})
    await confirm_receipt(confirmed(), work)
    await confirm_receipt(confirmed(), work)
    assert work.jobs["case-1"].state is JobState.DONE
    ((event, version, _),) = work.published
    assert isinstance(event, DeliveryConfirmed)
    assert (event.agent_id, version) == (AGENT, 2)


async def test_the_recipients_word_before_the_agents_is_remembered() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    work = FakeWork(jobs={"case-1": carried})
    await confirm_receipt(confirmed(), work)
    assert work.events == []
    state = await report_step("case-1", Step.DELIVER, AGENT, work, allow=anybody)
    assert state == "done"
    assert work.events == ["delivery_reported", "delivery_confirmed"]


@pytest.mark.parametrize("agent_first", [True, False])
@pytest.mark.parametrize("later", [timedelta(minutes=-5), timedelta(seconds=30)])
async def test_a_delivery_is_dated_by_the_later_word_whichever_comes_first(
    *, agent_first: bool, later: timedelta
) -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    work = FakeWork(jobs={"case-1": carried}).caused_by(4)
    at = NOW + later

    async def report() -> None:
        await report_step("case-1", Step.DELIVER, AGENT, work, allow=anybody, occurred_at=at)

    if agent_first:
        await report()
    await confirm_receipt(confirmed(), work)
    if not agent_first:
        await report()
    event, _, dated = work.published[-1]
    assert isinstance(event, DeliveryConfirmed)
    assert dated == max(at, NOW)


@pytest.mark.parametrize(
    "outcome", [CloseOutcome.REJECTED, CloseOutcome.CANCELLED, CloseOutcome.HANDED_OVER]
)
async def test_a_request_that_ended_otherwise_withdraws_its_job(outcome: CloseOutcome) -> None:
    work = FakeWork(jobs={"case-1": job()})
    await withdraw_job(closed(outcome=outcome), work)
    await withdraw_job(closed(outcome=outcome), work)
    assert work.jobs["case-1"].state is JobState.WITHDRAWN
    ((event, version, _),) = work.published
    assert isinstance(event, JobWithdrawn)
    assert version == 2


async def test_a_request_that_ended_by_its_delivery_changes_nothing() -> None:
    await withdraw_job(closed(outcome=CloseOutcome.DELIVERED), FakeWork())


async def test_a_job_that_is_done_stays_done_however_its_request_ends() -> None:
    work = FakeWork(jobs={"case-1": job(state=JobState.DONE, deliver=False)})
    await withdraw_job(closed(outcome=CloseOutcome.HANDED_OVER, deliver=False), work)
    assert work.jobs["case-1"].state is JobState.DONE
    assert work.published == []


async def test_a_closed_request_with_nothing_to_carry_waits_for_no_job() -> None:
    await withdraw_job(closed(pick_up=False, deliver=False), FakeWork())


async def test_the_steps_of_a_job_are_published() -> None:
    work = FakeWork(areas=served())
    await open_job(received(), work)
    await note_issued(issued(), work)
    happened = NOW
    for step in (Step.COLLECT_PAPERS, Step.HAND_IN_PAPERS, Step.COLLECT_DOCUMENT):
        await report_step("case-1", step, AGENT, work, allow=anybody, occurred_at=happened)
    assert work.events[2:] == ["papers_collected", "papers_handed_in", "document_collected"]
    assert [version for _, version, _ in work.published] == [1, 2, 4, 5, 6]
    assert [moment for *_, moment in work.published[2:]] == [happened] * 3


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW + timedelta(seconds=31), "in_the_future"),
        (NOW - timedelta(seconds=1), "before_opened"),
    ],
)
async def test_a_step_at_an_impossible_time_is_refused(at: datetime, reason: str) -> None:
    work = FakeWork(areas=served())
    await open_job(received(), work)
    with pytest.raises(Refused) as refused:
        await report_step("case-1", Step.COLLECT_PAPERS, AGENT, work, allow=anybody, occurred_at=at)
    assert refused.value.reason == reason
    assert work.jobs["case-1"].state is JobState.ASSIGNED


async def test_a_job_that_does_not_know_its_opening_takes_older_steps() -> None:
    work = FakeWork(jobs={"case-1": job().assign(AGENT)})
    old = NOW - timedelta(days=400)
    await report_step("case-1", Step.COLLECT_PAPERS, AGENT, work, allow=anybody, occurred_at=old)
    assert work.jobs["case-1"].state is JobState.PAPERS_COLLECTED


async def test_a_failed_delivery_says_why_and_which() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT)
    work = FakeWork(jobs={"case-1": carried})
    for reason in (FailureReason.NOBODY_HOME, None):
        await report_step("case-1", Step.FAIL, AGENT, work, allow=anybody, reason=reason)
    told = [event for event, _, _ in work.published if isinstance(event, DeliveryFailed)]
    assert [(event.reason, event.attempt) for event in told] == [("nobody_home", 1), ("other", 2)]


async def test_a_step_of_an_unknown_job_is_missing() -> None:
    with pytest.raises(Missing):
        await report_step("case-9", Step.DELIVER, AGENT, FakeWork(), allow=anybody)


async def test_who_may_not_see_a_job_does_no_step_of_it() -> None:
    def refuse(_: Job) -> None:
        raise Forbidden("elsewhere")

    work = FakeWork(jobs={"case-1": job().assign(AGENT)})
    with pytest.raises(Forbidden):
        await report_step("case-1", Step.COLLECT_PAPERS, AGENT, work, allow=refuse)
    assert work.jobs["case-1"].version == 2
