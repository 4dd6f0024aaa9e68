"""What courier does with what it hears and with what agents report."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from services.courier.domain import (
    SETTLES_AFTER,
    Area,
    Job,
    JobState,
    Programme,
    Refused,
    Step,
)
from services.courier.store import COLLECTIONS
from services.courier.usecases import (
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
from shared.contracts.event import Event
from shared.contracts.intake import CloseOutcome
from shared.messaging.errors import Missing, PredecessorMissing
from shared.testing.bench import Bench
from shared.testing.messaging import NOW
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

T = TypeVar("T")
PAMOR = Programme("halo_pamor", 1, "HALO PAMOR", "Disdukcapil Kota Bekasi", "32.75")


def served(agent_id: str = AGENT) -> Area:
    return Area("halo_pamor", PLACE, 1, agent_id)


async def stored(work: Bench, kind: type[T], id_: str) -> T:
    """What is stored, which must be there."""
    found = await work.get(kind, id_)
    assert found is not None
    return found


def told(work: Bench) -> list[tuple[Event, int, datetime]]:
    """What was published, with versions and times."""
    envelopes = [message.envelope for message in work.messages]
    pairs = zip(work.published, envelopes, strict=True)
    return [(event, envelope.version, envelope.occurred_at) for event, envelope in pairs]


async def serve(work: Bench, agent_id: str = AGENT, *, waiting: Sequence[str] = ()) -> Any:
    """Put an agent in charge of the sample's RW."""
    return await work.run(
        lambda uow: serve_area("halo_pamor", PLACE, agent_id, uow, waiting=waiting)
    )


async def report(work: Bench, step: Step, job_id: str = "case-1", **how: Any) -> Any:
    """Report a step as the sample's agent."""
    said = {"allow": anybody, **how}
    return await work.run(lambda uow: report_step(job_id, step, AGENT, uow, **said))


def anybody(_: Job) -> None:
    return


async def test_a_programme_is_copied_when_it_is_newer() -> None:
    work = Bench(COLLECTIONS)
    await work.handle(copy_programme, programme(name="second"), version=2)
    await work.handle(copy_programme, programme(name="late first"), version=1)
    await work.handle(copy_programme, programme(name="second again"), version=2)
    assert (await stored(work, Programme, "halo_pamor")).name == "second"
    await work.handle(copy_programme, programme(name="third"), version=3)
    assert (await stored(work, Programme, "halo_pamor")).version == 3


async def test_a_request_where_an_agent_serves_becomes_an_assigned_job() -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received())
    assert (await stored(work, Job, "case-1")) == job(opened_at=NOW).assign(AGENT)
    (opened, first, _), (assigned, second, _) = told(work)
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


async def test_a_request_where_nobody_serves_waits_for_one() -> None:
    work = Bench(COLLECTIONS)
    await work.handle(open_job, received())
    assert (await stored(work, Job, "case-1")) == job(opened_at=NOW)
    assert await work.all(Area) == []
    assert work.types == ["job_opened"]


@pytest.mark.parametrize(
    ("village", "rw", "programme_id"),
    [("32.75.01.1002", "005", "halo_pamor"), (VILLAGE, "006", "halo_pamor"), (VILLAGE, "005", "x")],
)
async def test_an_agent_serves_one_rw_of_one_village_of_one_programme(
    village: str, rw: str, programme_id: str
) -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received(region_code=village, rw=rw, programme_id=programme_id))
    assert (await stored(work, Job, "case-1")).state is JobState.OPEN


async def test_a_request_with_nothing_to_carry_is_no_job() -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received(pick_up=False, deliver=False, rw=None))
    assert (await work.all(Job), work.published) == ([], [])


async def test_a_request_that_is_known_is_no_second_job() -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received())
    await work.handle(open_job, received(rw="006"))
    assert work.types == ["job_opened", "job_assigned"]


async def test_a_request_without_rw_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        await Bench(COLLECTIONS).handle(open_job, received(rw=None))
    assert refused.value.reason == "no_rw"


async def test_who_begins_to_serve_an_area_gets_what_waits_there() -> None:
    work = Bench(COLLECTIONS, PAMOR)
    for case in ("case-1", "case-2", "case-3"):
        await work.handle(open_job, received(case))
    await work.handle(withdraw_job, closed("case-2"))
    assert await serve(work, waiting=["case-1", "case-2", "case-3"]) == 2
    states = {one.id: one.state for one in await work.all(Job)}
    assert states == {
        "case-1": JobState.ASSIGNED,
        "case-2": JobState.WITHDRAWN,
        "case-3": JobState.ASSIGNED,
    }
    assert await serve(work, "agent-2", waiting=["case-1"]) == 0
    assert (await stored(work, Job, "case-1")).agent_id == AGENT


async def test_an_area_of_an_unknown_programme_is_missing() -> None:
    with pytest.raises(Missing):
        await serve(Bench(COLLECTIONS))


async def test_an_issued_document_is_noted_once() -> None:
    work = Bench(COLLECTIONS, job())
    await work.handle(note_issued, issued())
    await work.handle(note_issued, issued())
    assert (
        (await stored(work, Job, "case-1")).document_issued,
        (await stored(work, Job, "case-1")).version,
    ) == (True, 2)
    assert work.published == []


async def test_a_document_that_is_fetched_concerns_nobody_here() -> None:
    await Bench(COLLECTIONS).handle(note_issued, issued(deliver=False))


async def test_what_comes_before_its_request_waits_for_it() -> None:
    for handled in (
        Bench(COLLECTIONS).handle(note_issued, issued()),
        Bench(COLLECTIONS).handle(confirm_receipt, confirmed()),
        Bench(COLLECTIONS).handle(withdraw_job, closed()),
    ):
        with pytest.raises(PredecessorMissing) as missing:
            await handled
        assert (missing.value.collection, missing.value.id) == ("jobs", "case-1")


async def test_the_recipients_word_after_the_agents_ends_the_job() -> None:
    work = Bench(COLLECTIONS, job(state=JobState.DELIVERY_REPORTED, agent_id=AGENT))
    await work.handle(confirm_receipt, confirmed())
    await work.handle(confirm_receipt, confirmed())
    assert (await stored(work, Job, "case-1")).state is JobState.DONE
    ((event, version, _),) = told(work)
    assert isinstance(event, DeliveryConfirmed)
    assert (event.agent_id, version) == (AGENT, 2)


async def test_the_recipients_word_before_the_agents_is_remembered() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    work = Bench(COLLECTIONS, carried)
    await work.handle(confirm_receipt, confirmed())
    assert work.types == []
    state = await report(work, Step.DELIVER)
    assert state == "done"
    assert work.types == ["delivery_reported", "delivery_confirmed"]


@pytest.mark.parametrize("agent_first", [True, False])
@pytest.mark.parametrize("later", [timedelta(minutes=-5), timedelta(seconds=30)])
async def test_a_delivery_is_dated_by_the_later_word_whichever_comes_first(
    *, agent_first: bool, later: timedelta
) -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    work = Bench(COLLECTIONS, carried)
    at = NOW + later

    async def say() -> None:
        await report(work, Step.DELIVER, occurred_at=at)

    if agent_first:
        await say()
    await work.handle(confirm_receipt, confirmed())
    if not agent_first:
        await say()
    event, _, dated = told(work)[-1]
    assert isinstance(event, DeliveryConfirmed)
    assert dated == max(at, NOW)


@pytest.mark.parametrize(
    "outcome", [CloseOutcome.REJECTED, CloseOutcome.CANCELLED, CloseOutcome.HANDED_OVER]
)
async def test_a_request_that_ended_otherwise_withdraws_its_job(outcome: CloseOutcome) -> None:
    work = Bench(COLLECTIONS, job())
    await work.handle(withdraw_job, closed(outcome=outcome))
    await work.handle(withdraw_job, closed(outcome=outcome))
    assert (await stored(work, Job, "case-1")).state is JobState.WITHDRAWN
    ((event, version, _),) = told(work)
    assert isinstance(event, JobWithdrawn)
    assert version == 2


async def test_a_request_that_ended_by_its_delivery_changes_nothing() -> None:
    await Bench(COLLECTIONS).handle(withdraw_job, closed(outcome=CloseOutcome.DELIVERED))


async def test_a_job_that_is_done_stays_done_however_its_request_ends() -> None:
    work = Bench(COLLECTIONS, job(state=JobState.DONE, deliver=False))
    await work.handle(withdraw_job, closed(outcome=CloseOutcome.HANDED_OVER, deliver=False))
    assert (await stored(work, Job, "case-1")).state is JobState.DONE
    assert work.published == []


async def test_a_closed_request_with_nothing_to_carry_waits_for_no_job() -> None:
    await Bench(COLLECTIONS).handle(withdraw_job, closed(pick_up=False, deliver=False))


async def test_the_steps_of_a_job_are_published() -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received())
    await work.handle(note_issued, issued())
    happened = NOW
    for step in (Step.COLLECT_PAPERS, Step.HAND_IN_PAPERS, Step.COLLECT_DOCUMENT):
        await report(work, step, occurred_at=happened)
    assert work.types[2:] == ["papers_collected", "papers_handed_in", "document_collected"]
    assert [version for _, version, _ in told(work)] == [1, 2, 4, 5, 6]
    assert [moment for *_, moment in told(work)[2:]] == [happened] * 3


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW + timedelta(seconds=31), "in_the_future"),
        (NOW - timedelta(seconds=1), "before_opened"),
    ],
)
async def test_a_step_at_an_impossible_time_is_refused(at: datetime, reason: str) -> None:
    work = Bench(COLLECTIONS, served())
    await work.handle(open_job, received())
    with pytest.raises(Refused) as refused:
        await report(work, Step.COLLECT_PAPERS, occurred_at=at)
    assert refused.value.reason == reason
    assert (await stored(work, Job, "case-1")).state is JobState.ASSIGNED


async def test_a_job_that_does_not_know_its_opening_takes_older_steps() -> None:
    work = Bench(COLLECTIONS, job().assign(AGENT))
    old = NOW - timedelta(days=400)
    await report(work, Step.COLLECT_PAPERS, occurred_at=old)
    assert (await stored(work, Job, "case-1")).state is JobState.PAPERS_COLLECTED


async def test_a_failed_delivery_says_why_and_which() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT)
    work = Bench(COLLECTIONS, carried)
    for reason in (FailureReason.NOBODY_HOME, None):
        await report(work, Step.FAIL, reason=reason)
    failed = [event for event, _, _ in told(work) if isinstance(event, DeliveryFailed)]
    assert [(event.reason, event.attempt) for event in failed] == [("nobody_home", 1), ("other", 2)]


async def test_a_step_of_an_unknown_job_is_missing() -> None:
    with pytest.raises(Missing):
        await report(Bench(COLLECTIONS), Step.DELIVER, "case-9")


async def test_who_may_not_see_a_job_does_no_step_of_it() -> None:
    def refuse(_: Job) -> None:
        raise Forbidden("elsewhere")

    work = Bench(COLLECTIONS, job().assign(AGENT))
    with pytest.raises(Forbidden):
        await report(work, Step.COLLECT_PAPERS, allow=refuse)
    assert (await stored(work, Job, "case-1")).version == 2


async def test_an_area_is_as_large_with_a_thousand_waiting_jobs_as_with_none() -> None:
    work = Bench(COLLECTIONS, PAMOR)
    await serve(work)
    [empty] = work.memory.copies("areas")
    full = Bench(COLLECTIONS, PAMOR, *(job(id=f"case-{n}") for n in range(1000)))

    assert await serve(full, waiting=[f"case-{n}" for n in range(100)]) == 100

    assert full.memory.copies("areas") == [empty]
    assert all(not isinstance(value, list) for value in empty.values())


async def test_an_area_is_settled_when_nothing_waits_and_nobody_can_still_race() -> None:
    work = Bench(COLLECTIONS, PAMOR, job())
    await serve(work)

    async def settle(*waiting: str) -> Any:
        return await work.run(lambda uow: settle_area("halo_pamor", PLACE, waiting, uow))

    assert await settle("case-1") == 1
    assert (await stored(work, Job, "case-1")).agent_id == AGENT
    assert await settle() == 0
    assert (await work.all(Area))[0].unsettled_since == NOW
    work.clock.now += SETTLES_AFTER
    assert await settle() == 0
    assert (await work.all(Area))[0].unsettled_since is None
    version = (await work.all(Area))[0].version
    await settle()
    assert (await work.all(Area))[0].version == version


async def test_an_area_that_nobody_serves_gives_its_jobs_to_nobody() -> None:
    work = Bench(COLLECTIONS, PAMOR, job())
    assert await work.run(lambda uow: settle_area("halo_pamor", PLACE, ["case-1"], uow)) == 0
    assert (await stored(work, Job, "case-1")).state is JobState.OPEN
