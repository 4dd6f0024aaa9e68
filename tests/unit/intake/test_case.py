"""The life of a case: which step is allowed when, and what follows from the facts."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.intake.domain import (
    Deliverable,
    Fact,
    NextStep,
    Outcome,
    Refused,
    Stage,
    State,
    Step,
    Ticket,
    next_step,
)
from services.intake.domain.case import CARRIERS_LIMIT, Case
from services.intake.usecases.case_progress import JOB_FACTS
from tests.unit.intake.sample import EVENT, SATURDAY, SETU, event_case, home_case, later

TICKET = Ticket("t/1", EVENT, 17, later(1))
SERVED = Ticket("t/1", EVENT, 17, later(9), served_at=later(9))


def stepped(case: Case, *steps: Step) -> Case:
    for minute, step in enumerate(steps, start=1):
        case = case.step(step, later(minute))
    return case


def noted(case: Case, *facts: Fact) -> Case:
    for minute, fact in enumerate(facts, start=1):
        case = case.note(fact, later(minute))
    return case


def test_a_case_goes_from_received_to_closed() -> None:
    case = event_case()
    states = [case.state]
    for step in (Step.VERIFY, Step.ISSUE, Step.HAND_OVER):
        case = case.step(step, later(case.version))
        states.append(case.state)

    assert states == [State.RECEIVED, State.VERIFIED, State.ISSUED, State.CLOSED]
    assert case.outcome is Outcome.HANDED_OVER
    assert list(case.reached) == [Stage.RECEIVED, Stage.VERIFIED, Stage.ISSUED, Stage.CLOSED]
    assert case.version == 4


@pytest.mark.parametrize(
    ("before", "step", "reason"),
    [
        ((), Step.HAND_OVER, "not_issued"),
        ((Step.VERIFY,), Step.HAND_OVER, "not_issued"),
        ((Step.ISSUE,), Step.ISSUE, "already_issued"),
        ((Step.ISSUE,), Step.REJECT, "already_issued"),
        ((Step.REJECT,), Step.VERIFY, "closed"),
        ((Step.REJECT,), Step.ISSUE, "closed"),
        ((Step.CANCEL,), Step.REJECT, "closed"),
        ((Step.ISSUE, Step.HAND_OVER), Step.HAND_OVER, "closed"),
        ((Step.ISSUE, Step.HAND_OVER), Step.CANCEL, "closed"),
    ],
)
def test_a_step_out_of_order_is_refused(before: tuple[Step, ...], step: Step, reason: str) -> None:
    case = stepped(event_case(), *before)

    with pytest.raises(Refused) as refused:
        case.step(step, later(30))

    assert refused.value.reason == reason


def test_to_issue_says_that_the_requirements_were_met() -> None:
    case = stepped(event_case(), Step.ISSUE)

    assert case.reached[Stage.VERIFIED] == case.reached[Stage.ISSUED] == later(1)


def test_to_verify_after_a_booth_did_changes_nothing_but_the_record() -> None:
    case = event_case().note_ticket(SERVED)

    verified = case.step(Step.VERIFY, later(20))

    assert verified.reached == case.reached
    assert verified.state is State.VERIFIED


def test_an_issued_document_can_still_be_given_up() -> None:
    assert stepped(event_case(), Step.ISSUE, Step.CANCEL).outcome is Outcome.CANCELLED


def test_nothing_happens_before_the_request() -> None:
    with pytest.raises(Refused, match="before_received"):
        event_case().step(Step.VERIFY, later(-1))


def test_a_document_to_be_brought_is_given_at_the_counter_only_after_a_failed_attempt() -> None:
    issued = stepped(home_case(), Step.ISSUE)

    with pytest.raises(Refused, match="to_be_delivered"):
        issued.step(Step.HAND_OVER, later(5))
    failed = issued.note_failure(1, later(4))
    assert failed.step(Step.HAND_OVER, later(5)).outcome is Outcome.HANDED_OVER


def test_papers_at_the_office_are_taken_in() -> None:
    assert noted(home_case(), Fact.PAPERS_COLLECTED).state is State.RECEIVED
    assert noted(home_case(), Fact.PAPERS_HANDED_IN).state is State.RECEIVED


def test_a_served_ticket_is_taken_in_and_an_issued_or_called_one_is_not() -> None:
    called = (
        event_case()
        .note_ticket(TICKET)
        .note_ticket(Ticket("t/1", EVENT, 17, later(5), called_at=later(5)))
    )

    assert called.state is State.RECEIVED
    assert called.ticket == Ticket("t/1", EVENT, 17, later(1), called_at=later(5))
    assert called.note_ticket(SERVED).state is State.VERIFIED


def test_the_newest_ticket_is_the_one_that_counts() -> None:
    again = Ticket("u/3", "botram-2023-06-10", 3, later(60))

    for order in ((TICKET, again), (again, TICKET)):
        case = event_case()
        for ticket in order:
            case = case.note_ticket(ticket)
        assert case.ticket == again


def test_a_confirmed_delivery_closes_what_was_issued() -> None:
    case = stepped(home_case(), Step.ISSUE).note(Fact.DELIVERY_CONFIRMED, later(50))

    assert (case.state, case.outcome) == (State.CLOSED, Outcome.DELIVERED)
    assert case.closed_at == later(50)


def test_a_delivery_confirmed_too_early_is_kept_until_the_document_is_issued() -> None:
    early = noted(home_case(), Fact.DELIVERY_CONFIRMED)
    assert early.state is State.RECEIVED

    closed = early.step(Step.ISSUE, later(7))

    assert closed.outcome is Outcome.DELIVERED
    assert closed.closed_at == later(7)


@pytest.mark.parametrize("fact", JOB_FACTS.values())
@pytest.mark.parametrize("end", [Step.REJECT, Step.CANCEL])
def test_late_facts_never_reopen_or_change_a_closed_case(fact: Fact, end: Step) -> None:
    closed = stepped(home_case(), Step.VERIFY, end)

    after = closed.note(fact, later(90)).note_ticket(SERVED).note_failure(3, later(91))

    assert (after.state, after.outcome) == (State.CLOSED, closed.outcome)
    assert after.closed_at == closed.closed_at


def test_the_same_again_is_no_change() -> None:
    case = home_case().note(Fact.JOB_ASSIGNED, later(3)).note_failure(2, later(9))

    assert case.note(Fact.JOB_ASSIGNED, later(3)) is case
    assert case.note(Fact.JOB_ASSIGNED, later(8)) is case
    assert case.note_failure(2, later(9)) is case
    assert case.note_failure(1, later(12)) is case
    assert event_case().note_ticket(SERVED).note_ticket(SERVED).version == 2


def test_the_earliest_word_of_a_fact_stays() -> None:
    case = home_case().note(Fact.PAPERS_COLLECTED, later(8)).note(Fact.PAPERS_COLLECTED, later(3))

    assert case.facts[Fact.PAPERS_COLLECTED] == later(3)


@pytest.mark.parametrize(
    ("issued_at", "within"),
    [
        (datetime(2023, 3, 15, 16, 59, tzinfo=UTC), True),
        (datetime(2023, 3, 15, 17, 0, tzinfo=UTC), False),
    ],
)
def test_the_standard_is_kept_until_midnight_of_the_programmes_zone(
    issued_at: datetime, *, within: bool
) -> None:
    case = event_case()
    assert case.due_on == date(2023, 3, 15)
    assert case.within_standard is None

    issued = case.step(Step.ISSUE, issued_at)

    assert issued.within_standard is within
    fetched_at = datetime(2023, 4, 3, tzinfo=UTC)
    assert issued.step(Step.HAND_OVER, fetched_at).within_standard is within


def test_without_a_standard_or_a_document_there_is_nothing_to_keep() -> None:
    assert stepped(home_case(), Step.ISSUE, Step.CANCEL).within_standard is None
    assert stepped(event_case(), Step.REJECT).within_standard is None


def test_a_receipt_is_confirmed_once() -> None:
    issued = stepped(home_case(), Step.ISSUE)
    assert not issued.awaits_receipt
    fetched = noted(issued, Fact.DOCUMENT_COLLECTED)
    assert fetched.awaits_receipt

    confirmed = fetched.confirm_receipt(later(9))

    assert confirmed.reached[Stage.RECEIPT_CONFIRMED] == later(9)
    assert not confirmed.awaits_receipt
    assert confirmed.confirm_receipt(later(1)) is confirmed


def test_an_operator_takes_the_recipients_word() -> None:
    reported = noted(home_case(), Fact.ISSUED, Fact.DELIVERY_REPORTED)

    confirmed = reported.step(Step.CONFIRM_RECEIPT, later(9))

    assert confirmed == reported.confirm_receipt(later(9))
    closed = noted(confirmed, Fact.DELIVERY_CONFIRMED)
    assert closed.step(Step.CONFIRM_RECEIPT, later(11)) is closed


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (event_case(), "nothing_to_deliver"),
        (home_case(), "not_issued"),
        (stepped(home_case(), Step.ISSUE), "not_delivered_yet"),
        (noted(home_case(), Fact.ISSUED, Fact.PAPERS_HANDED_IN), "not_delivered_yet"),
        (stepped(home_case(), Step.REJECT), "closed"),
    ],
)
def test_a_receipt_needs_something_that_was_brought(case: Case, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        case.confirm_receipt(later(9))


@pytest.mark.parametrize(
    ("case", "deliverable", "told"),
    [
        (replace(event_case(), event_id=None), Deliverable.CARD, NextStep.CHECKING),
        (event_case(), Deliverable.CARD, NextStep.TICKET_TO_COME),
        (event_case().note_ticket(TICKET), Deliverable.CARD, NextStep.WAIT_FOR_NUMBER),
        (
            event_case().note_ticket(Ticket("t", EVENT, 1, SATURDAY, SATURDAY)),
            Deliverable.CARD,
            NextStep.NUMBER_CALLED,
        ),
        (event_case().note_ticket(SERVED), Deliverable.CARD, NextStep.PROCESSING),
        (stepped(event_case(), Step.ISSUE), Deliverable.CARD, NextStep.FETCH_CARD),
        (stepped(event_case(), Step.ISSUE), Deliverable.PDF, NextStep.FETCH_PDF),
        (stepped(event_case(), Step.ISSUE), Deliverable.APP, NextStep.FETCH_APP),
        (stepped(event_case(), Step.REJECT), Deliverable.APP, NextStep.REJECTED),
        (home_case(), Deliverable.PDF, NextStep.AGENT_SOUGHT),
        (noted(home_case(), Fact.JOB_ASSIGNED), Deliverable.PDF, NextStep.AGENT_COMES),
        (
            noted(home_case(), Fact.PAPERS_COLLECTED),
            Deliverable.PDF,
            NextStep.PAPERS_ON_THE_WAY,
        ),
        (
            noted(home_case(), Fact.PAPERS_COLLECTED, Fact.PAPERS_HANDED_IN),
            Deliverable.PDF,
            NextStep.PAPERS_AT_OFFICE,
        ),
        (noted(home_case(), Fact.ISSUED), Deliverable.PDF, NextStep.AGENT_FETCHES_DOCUMENT),
        (
            noted(home_case(), Fact.ISSUED, Fact.DOCUMENT_COLLECTED),
            Deliverable.PDF,
            NextStep.DOCUMENT_ON_THE_WAY,
        ),
        (
            noted(home_case(), Fact.ISSUED, Fact.DOCUMENT_COLLECTED, Fact.DELIVERY_FAILED),
            Deliverable.PDF,
            NextStep.DELIVERY_TRIED,
        ),
        (
            noted(home_case(), Fact.ISSUED, Fact.DELIVERY_FAILED, Fact.DELIVERY_REPORTED),
            Deliverable.PDF,
            NextStep.CONFIRM_RECEIPT,
        ),
        (
            noted(home_case(), Fact.ISSUED, Fact.RECEIPT_CONFIRMED),
            Deliverable.PDF,
            NextStep.RECEIPT_NOTED,
        ),
        (
            noted(home_case(), Fact.ISSUED, Fact.DELIVERY_CONFIRMED),
            Deliverable.PDF,
            NextStep.DELIVERED,
        ),
    ],
)
def test_a_resident_is_told_what_comes_next(
    case: Case, deliverable: Deliverable, told: NextStep
) -> None:
    assert next_step(case, deliverable) is told


def test_to_a_booth_without_tickets_one_walks_up() -> None:
    walk_up = replace(SETU, ticketed=frozenset({"KK"}))

    assert next_step(event_case(), Deliverable.CARD, walk_up) is NextStep.WALK_UP
    assert next_step(event_case(), Deliverable.CARD, SETU) is NextStep.TICKET_TO_COME


def test_so_many_agents_may_have_had_a_job() -> None:
    case = home_case()
    for number in range(CARRIERS_LIMIT):
        case = case.note_carrier(f"agent-{number}", number + 1)
    assert len(case.carriers) == CARRIERS_LIMIT
    assert case.note_carrier("agent-0", CARRIERS_LIMIT + 1).carrier == "agent-0"
    with pytest.raises(Refused, match="too_many_carriers"):
        case.note_carrier("agent-more", CARRIERS_LIMIT + 1)
