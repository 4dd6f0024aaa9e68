"""Which step may follow which, written out by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.courier.domain import SETTLES_AFTER, Area, Job, JobState, Place, Refused, Step
from shared.testing.callers import NOW
from tests.unit.courier.sample import AGENT, PLACE, job

LATER = NOW + timedelta(hours=1)
HOME_TO_HOME = [
    (Step.COLLECT_PAPERS, JobState.PAPERS_COLLECTED),
    (Step.HAND_IN_PAPERS, JobState.PAPERS_HANDED_IN),
    (Step.COLLECT_DOCUMENT, JobState.DOCUMENT_COLLECTED),
    (Step.DELIVER, JobState.DELIVERY_REPORTED),
]
FETCH_ONLY = [
    (Step.COLLECT_PAPERS, JobState.PAPERS_COLLECTED),
    (Step.HAND_IN_PAPERS, JobState.DONE),
]
BRING_ONLY = [
    (Step.COLLECT_DOCUMENT, JobState.DOCUMENT_COLLECTED),
    (Step.DELIVER, JobState.DELIVERY_REPORTED),
]
ALLOWED = {
    Step.COLLECT_PAPERS: {JobState.ASSIGNED},
    Step.HAND_IN_PAPERS: {JobState.PAPERS_COLLECTED},
    Step.COLLECT_DOCUMENT: {JobState.PAPERS_HANDED_IN},
    Step.DELIVER: {JobState.DOCUMENT_COLLECTED},
    Step.FAIL: {JobState.DOCUMENT_COLLECTED, JobState.DELIVERY_REPORTED},
}


def assigned(*, pick_up: bool = True, deliver: bool = True) -> Job:
    return job(pick_up=pick_up, deliver=deliver).assign(AGENT)


@pytest.mark.parametrize(
    ("pick_up", "deliver", "way"),
    [(True, True, HOME_TO_HOME), (True, False, FETCH_ONLY), (False, True, BRING_ONLY)],
)
def test_a_job_goes_its_way(
    *, pick_up: bool, deliver: bool, way: list[tuple[Step, JobState]]
) -> None:
    one = assigned(pick_up=pick_up, deliver=deliver).issue_document()
    for version, (step, state) in enumerate(way, start=one.version + 1):
        one = one.step(step, AGENT, NOW)
        assert (one.state, one.version) == (state, version)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.OPEN])
def test_a_step_follows_its_states_alone(step: Step, state: JobState) -> None:
    one = job(state=state, agent_id=AGENT, document_issued=True)
    if state in ALLOWED[step]:
        assert one.step(step, AGENT, NOW).version == one.version + 1
        return
    with pytest.raises(Refused) as refused:
        one.step(step, AGENT, NOW)
    assert refused.value.reason == "out_of_order"
    assert str(state) in refused.value.detail


@pytest.mark.parametrize("step", Step)
def test_only_the_agent_of_the_job_may_do_a_step(step: Step) -> None:
    for one in (job(), assigned()):
        with pytest.raises(Refused) as refused:
            one.step(step, "agent-2", NOW)
        assert refused.value.reason == "not_yours"


def test_nothing_is_fetched_where_nothing_is_to_be_fetched() -> None:
    with pytest.raises(Refused) as refused:
        assigned(pick_up=False).step(Step.COLLECT_PAPERS, AGENT, NOW)
    assert refused.value.reason == "nothing_to_pick_up"


def test_nothing_is_brought_where_nothing_is_to_be_brought() -> None:
    with pytest.raises(Refused) as refused:
        assigned(deliver=False).step(Step.COLLECT_DOCUMENT, AGENT, NOW)
    assert refused.value.reason == "nothing_to_deliver"


def test_a_document_is_not_collected_before_it_exists() -> None:
    with pytest.raises(Refused) as refused:
        assigned(pick_up=False).step(Step.COLLECT_DOCUMENT, AGENT, NOW)
    assert refused.value.reason == "not_issued"


def test_a_failed_delivery_is_counted_and_tried_again() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, version=5)
    twice = carried.step(Step.FAIL, AGENT, NOW).step(Step.FAIL, AGENT, NOW)
    assert (twice.state, twice.attempts, twice.version) == (JobState.DOCUMENT_COLLECTED, 2, 7)
    assert twice.step(Step.DELIVER, AGENT, NOW).state is JobState.DELIVERY_REPORTED


def test_a_report_that_is_taken_back_leaves_a_document_to_deliver() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT)
    back = carried.step(Step.DELIVER, AGENT, NOW).step(Step.FAIL, AGENT, NOW)
    assert (back.state, back.attempts, back.reported_at) == (JobState.DOCUMENT_COLLECTED, 1, None)
    # The receipt that was on its way meanwhile ends nothing without the agent's word.
    noted = back.confirm_receipt(NOW)
    assert noted.state is JobState.DOCUMENT_COLLECTED
    again = noted.step(Step.DELIVER, AGENT, LATER)
    assert (again.state, again.delivered_at) == (JobState.DONE, LATER)


def test_what_both_have_said_is_not_taken_back() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT)
    done = carried.step(Step.DELIVER, AGENT, NOW).confirm_receipt(NOW)
    with pytest.raises(Refused) as refused:
        done.step(Step.FAIL, AGENT, NOW)
    assert refused.value.reason == "out_of_order"
    assert done.state is JobState.DONE


def test_a_job_is_given_to_one_agent() -> None:
    one = job().assign(AGENT)
    assert (one.state, one.agent_id, one.version) == (JobState.ASSIGNED, AGENT, 2)
    with pytest.raises(Refused) as refused:
        one.assign("agent-2")
    assert refused.value.reason == "already_assigned"


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_has_not_ended_goes_to_another_agent(state: JobState) -> None:
    one = job(state=state, agent_id=None if state is JobState.OPEN else AGENT)
    if one.ended:
        with pytest.raises(Refused) as refused:
            one.give_to("agent-2")
        assert refused.value.reason == "ended"
        return
    given = one.give_to("agent-2")
    kept = JobState.ASSIGNED if state is JobState.OPEN else state
    assert (given.state, given.agent_id, given.version) == (kept, "agent-2", 2)
    assert given.give_to("agent-2") is given


def test_a_delivery_needs_the_word_of_both() -> None:
    carried = job(state=JobState.DOCUMENT_COLLECTED, agent_id=AGENT, document_issued=True)
    agent_first = carried.step(Step.DELIVER, AGENT, LATER)
    recipient_first = carried.confirm_receipt(NOW)
    for one in (agent_first, recipient_first):
        assert (one.ended, one.delivered_at) == (False, None)
    ends = [agent_first.confirm_receipt(NOW), recipient_first.step(Step.DELIVER, AGENT, LATER)]
    assert ends[0] == ends[1]
    assert (ends[0].state, ends[0].delivered_at) == (JobState.DONE, LATER)


def test_a_delivery_whose_report_has_no_time_is_dated_by_the_receipt() -> None:
    old = job(state=JobState.DELIVERY_REPORTED, agent_id=AGENT)
    assert old.confirm_receipt(NOW).delivered_at == NOW


@pytest.mark.parametrize("state", JobState)
def test_what_is_known_is_not_noted_again(state: JobState) -> None:
    once = job(state=state).issue_document()
    assert once.document_issued
    assert once.issue_document() is once
    sure = job(state=state).confirm_receipt(NOW)
    assert sure.receipt_confirmed
    assert sure.confirm_receipt(NOW) is sure


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_has_not_ended_can_be_withdrawn(state: JobState) -> None:
    one = job(state=state)
    if state in {JobState.DONE, JobState.WITHDRAWN}:
        assert one.ended
        assert one.withdraw() is one
    else:
        assert one.withdraw() == replace(one, state=JobState.WITHDRAWN, version=2)


def test_an_area_is_unsettled_until_nobody_can_have_read_it_without_its_agent() -> None:
    served = Area("halo_pamor", PLACE).served_by(AGENT, NOW)
    assert (served.agent_id, served.version, served.unsettled_since) == (AGENT, 1, NOW)
    soon = NOW + SETTLES_AFTER - timedelta(seconds=1)
    assert served.settle(soon) is served
    settled = served.settle(NOW + SETTLES_AFTER)
    assert (settled.version, settled.unsettled_since) == (2, None)
    assert settled.settle(NOW + SETTLES_AFTER) is settled


def test_the_same_rw_of_another_village_is_another_place() -> None:
    assert Place("32.75.01.1001", "005") != Place("32.75.01.1002", "005")


def test_a_refusal_says_why() -> None:
    refused = Refused("not_issued", "the document has not been issued yet")
    assert str(refused) == "not_issued: the document has not been issued yet"
