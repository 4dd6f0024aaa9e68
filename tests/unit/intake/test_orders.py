"""Any permutation and duplication of what is said of a case ends in the same case.

Commands are decisions, taken once and in their own order, wherever among the messages they fall;
messages come in any order and as often as they like. What may differ is the number of the stored
document's version (a later word that says nothing new changes nothing), and the time written on an
event that more than one fact leads to: it is told when the first of them comes in.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import Case, Outcome, Refused, Stage, Step, Ticket
from services.intake.usecases import (
    confirm_receipt,
    note_failure,
    note_job,
    note_ticket,
    take_step,
)
from shared.contracts.courier import DeliveryFailed, DocumentCollected
from shared.contracts.scheduler import TicketAssigned, TicketCalled
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.size import examples
from tests.unit.intake.bus import CARRYING, QUEUEING, job, ticket
from tests.unit.intake.sample import CASE, bench, event_case, everybody, home_case, later

Deed = Callable[[Bench], Awaitable[object]]


def said(event: Any, handle: Callable[[Any, Any], Awaitable[None]], minute: int) -> Deed:
    """Return one message coming in; its own time is its own, whenever it comes."""

    async def deed(work: Bench) -> None:
        await work.handle(handle, event, occurred_at=later(minute))

    return deed


def decided(step: Step, minute: int) -> Deed:
    """Return an operator's decision; one that the case is not ready for changes nothing."""

    async def deed(work: Bench) -> None:
        work.clock.now = later(minute)
        try:
            await work.run(lambda uow: take_step(CASE, step, uow, allow=everybody))
        except Refused:
            return

    return deed


async def received(work: Bench) -> None:
    """Take the recipient's word, which comes when the agent has been there."""
    work.clock.now = later(95)
    try:
        await work.run(lambda uow: confirm_receipt(CASE, uow))
    except (Refused, Missing):
        return


def told_of_home() -> list[Deed]:
    """Return everything that courier says of the case from home to home."""
    case = home_case()
    carried = [said(job(event, case), note_job, 10 * n) for n, event in enumerate(CARRYING, 1)]
    failed = [said(job(DeliveryFailed, case, attempt=n), note_failure, 40 + n) for n in (1, 2, 3)]
    return carried + failed


def told_of_event() -> list[Deed]:
    """Return everything that scheduler says of two tickets of the case at the event."""
    case = event_case()
    first = [said(ticket(event, case), note_ticket, 5 * n) for n, event in enumerate(QUEUEING, 1)]
    again = [
        said(ticket(event, case, ticket_id="next/KIA/3", number=3), note_ticket, 60 + n)
        for n, event in enumerate(QUEUEING, 1)
    ]
    return first + again


def by_id(ticket: Ticket) -> str:
    return ticket.id


async def outcome_of(case: Case, deeds: Sequence[Deed]) -> tuple[Case, set[tuple[object, ...]]]:
    """Return what is left of a case, and what was told by type, aggregate, version and payload."""
    work = bench(case)
    for deed in deeds:
        await deed(work)
    told = [
        (m.envelope.type, m.envelope.aggregate_id, m.envelope.version, m.body)
        for m in work.messages
    ]
    assert len(set(told)) == len(told)
    kept = await work.get(Case, case.id)
    assert kept is not None
    return replace(kept, version=0, tickets=tuple(sorted(kept.tickets, key=by_id))), set(told)


def shuffled(messages: Sequence[Deed]) -> st.SearchStrategy[list[Deed]]:
    """Return every message at least once, in any order, some of them again."""
    again = st.lists(st.sampled_from(messages), max_size=6)
    return again.flatmap(lambda more: st.permutations([*messages, *more]))


def interleaved(decisions: Sequence[Deed], messages: Sequence[Deed]) -> st.SearchStrategy[Any]:
    """Return messages in any order with the decisions, in their own, anywhere among them."""
    places = st.lists(
        st.integers(0, len(messages)), min_size=len(decisions), max_size=len(decisions)
    )

    def merge(drawn: tuple[list[Deed], list[int]]) -> list[Deed]:
        merged = list(drawn[0])
        for offset, (place, deed) in enumerate(zip(sorted(drawn[1]), decisions, strict=True)):
            merged.insert(place + offset, deed)
        return merged

    return st.tuples(shuffled(messages), places).map(merge)


HOME = told_of_home()
AT_EVENT = told_of_event()
WORKED = [decided(Step.VERIFY, 33), decided(Step.ISSUE, 35)]
FETCHED = said(job(DocumentCollected, home_case()), note_job, 36)
RECEIVED = [decided(Step.ISSUE, 35), FETCHED, received]
GIVEN_UP = [decided(Step.VERIFY, 33), decided(Step.CANCEL, 34)]


@settings(max_examples=examples(80), deadline=None)
@given(deeds=shuffled(HOME))
async def test_courier_in_any_order(deeds: list[Deed]) -> None:
    assert await outcome_of(home_case(), deeds) == await outcome_of(home_case(), HOME)


@settings(max_examples=examples(80), deadline=None)
@given(deeds=shuffled(AT_EVENT))
async def test_scheduler_in_any_order(deeds: list[Deed]) -> None:
    assert await outcome_of(event_case(), deeds) == await outcome_of(event_case(), AT_EVENT)


@settings(max_examples=examples(80), deadline=None)
@given(deeds=interleaved(WORKED, HOME))
async def test_a_delivery_with_the_offices_decisions_anywhere_among_it(deeds: list[Deed]) -> None:
    expected = await outcome_of(home_case(), [*WORKED, *HOME])

    assert await outcome_of(home_case(), deeds) == expected
    assert expected[0].outcome is Outcome.DELIVERED


@settings(max_examples=examples(80), deadline=None)
@given(deeds=interleaved(GIVEN_UP, HOME))
async def test_a_case_given_up_stays_given_up(deeds: list[Deed]) -> None:
    assert await outcome_of(home_case(), deeds) == await outcome_of(home_case(), [*GIVEN_UP, *HOME])


@settings(max_examples=examples(80), deadline=None)
@given(deeds=interleaved(RECEIVED, HOME))
async def test_a_recipients_word_before_or_after_the_agents(deeds: list[Deed]) -> None:
    expected = await outcome_of(home_case(), [*RECEIVED, *HOME])

    assert await outcome_of(home_case(), deeds) == expected


async def test_a_ticket_of_the_gate_tells_what_was_done_before_it_was_the_cases() -> None:
    """Its holder was called and served first, and the request recorded then."""
    case = event_case()
    moments = {"called_at": later(-9), "served_at": later(-4)}
    work = bench(case)
    await work.handle(note_ticket, ticket(TicketAssigned, case, **moments))

    kept = await work.get(Case, case.id)
    assert kept is not None
    assert kept.reached[Stage.VERIFIED] == later(0)
    assert kept.ticket is not None
    assert (kept.ticket.number, kept.ticket.called_at) == (17, later(-9))


async def test_a_ticket_that_nobody_has_asked_for_yet_concerns_no_case() -> None:
    case = event_case()
    work = bench(case)
    await work.handle(
        note_ticket, ticket(TicketCalled, case, case_id=None, thread_id="gate/K7QW3ZTM")
    )

    assert await work.get(Case, case.id) == case
