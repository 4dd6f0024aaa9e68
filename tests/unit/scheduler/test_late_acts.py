"""What a booth did without uplink between a call and its end, told late and in any order."""

import random
from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any, Final

import pytest

from services.scheduler.domain import (
    Act,
    Claim,
    ConflictKind,
    LateAct,
    LateCall,
    LateEnd,
    LateEntry,
    LateStep,
    Policy,
    TicketState,
)
from services.scheduler.usecases import NO_SHOW, note_no_show
from shared.contracts.scheduler import TicketServed
from tests.size import examples
from tests.unit.scheduler.sample import SETU
from tests.unit.scheduler.test_leases import Field, field

PEOPLE: Final = 3
ALLOWED: Final = {
    TicketState.CALLED: (LateStep.RECALL, LateStep.START, LateStep.HOLD),
    TicketState.RECALLED: (LateStep.RECALL, LateStep.START, LateStep.HOLD),
    TicketState.SERVING: (LateStep.HOLD,),
    TicketState.ON_HOLD: (LateStep.RESUME,),
}
"""What a booth's page lets be done."""
SHAPES: Final = ("state", "booth_id", "called_at", "started_at", "before", "offers", "version")


async def _held(people: int = 1, policy: Policy | None = None) -> Field:
    """People, whom the device of a booth holds."""
    at = await field(policy)
    await at.admit(people)
    await at.lease("d1", booth_id="kia-1", hold=people)
    at.work.clock.advance(minutes=30)
    return at


def _acts(at: Field, *steps: tuple[str, float]) -> tuple[LateAct, ...]:
    return tuple(LateAct(LateStep(step), at.claim(ago)) for step, ago in steps)


def _tellings(whole: LateCall) -> list[LateCall]:
    """Return all that a device may have told of a call on the way to all of it."""
    begun = replace(whole, end=None, ended=None)
    grown = [replace(begun, acts=whole.acts[:n]) for n in range(len(whole.acts) + 1)]
    return [*grown, whole] if whole.end else grown


@pytest.mark.parametrize("end", [None, *LateEnd])
async def test_whichever_telling_comes_first_a_call_ends_as_it_did(end: LateEnd | None) -> None:
    found = set()
    for order in permutations(range(5 if end else 4)):
        at = await _held()
        acts = _acts(at, ("recall", 500), ("start", 400), ("hold", 300))
        whole = replace(at.called(1, "kia-1", end, ago=600), acts=acts)
        whole = replace(whole, ended=at.claim(100) if end else None)
        tellings = _tellings(whole)
        for which in (*order, *order[::-1]):
            [answer] = await at.tell(tellings[which], device="d1")
            assert (answer["outcome"] != "refused", answer["conflicts"]) == (True, [])
        [again] = await at.tell(tellings[-1], device="d1")
        assert again["outcome"] == "known"
        found.add(await _shape(at))

    [shape] = found
    [ticket] = shape[0]
    assert ticket[0] == (TicketState.ON_HOLD if end is None else TicketState(end.value))
    assert shape[3] == ((300,) if end is LateEnd.SERVED else ())


async def _shape(at: Field) -> Any:
    """How everything stands, however it was told."""
    tickets = [await at.ticket(number) for number in range(1, (await at.line()).issued + 1)]
    line, entries = await at.line(), await at.work.all(LateEntry)
    served = (one.served_seconds for one in at.work.published if isinstance(one, TicketServed))
    return (
        tuple(tuple(getattr(one, name) for name in SHAPES) for one in tickets),
        (*sorted((state, n) for state, n in line.states.items() if n), line.called),
        tuple(sorted((one.said, one.acts, one.end, one.ended_at) for one in entries)),
        tuple(sorted(served)),
        tuple(sorted(Counter(at.work.types).items())),
        tuple(sorted(number for _, number in line.recalls)),
    )


def _day(at: Field, seed: random.Random) -> list[LateCall]:
    """Return what a booth did with three people, one after the other, as its page allows it."""
    ago, calls = 1500.0, []
    for number in range(1, PEOPLE + 1):
        call, state, acts = at.called(number, "kia-1", ago=ago), TicketState.CALLED, list[LateAct]()
        for _ in range(seed.randrange(5)):
            ago -= seed.uniform(1, 60)
            acts.append(LateAct(seed.choice(ALLOWED[state]), at.claim(ago)))
            state = acts[-1].step.state
        ago -= seed.uniform(1, 60)
        ends = [LateEnd.SERVED, LateEnd.LEFT, None]
        ends += [LateEnd.NO_SHOW] if state is not TicketState.SERVING else []
        end = seed.choice(ends)
        ended = at.claim(ago) if end else None
        entry = f"call-{number}"
        calls.append(replace(call, entry_id=entry, acts=tuple(acts), end=end, ended=ended))
        ago -= seed.uniform(0, 60)
    return calls


@pytest.mark.parametrize("number", range(examples(60)))
async def test_any_order_and_repetition_of_what_is_told_gives_the_same(number: int) -> None:
    policy = (Policy(), Policy(recall_after=2), Policy(priority_every=3))[number % 3]
    at, seed = await _held(PEOPLE, policy), random.Random(number)
    day = _day(at, seed)
    await at.tell(*day, device="d1")
    once = await _shape(at)

    again, seed = await _held(PEOPLE, policy), random.Random(number)
    same = _day(again, seed)
    stories = [one for call in same for one in _tellings(call)] * 2
    seed.shuffle(stories)
    while stories:
        size = seed.choice((1, 2, 5))
        await again.tell(*stories[:size], device="d1")
        stories = stories[size:]

    assert await _shape(again) == once
    assert not await again.conflicts()
    await again.tell(*same, device="d1")
    assert await _shape(again) == once


async def test_who_is_being_served_is_served_since_then_and_no_no_show_of_the_clock() -> None:
    at = await _held(policy=Policy(no_show_minutes=3))
    whole = at.called(1, "kia-1", ago=600)
    await at.tell(whole, device="d1")
    at.work.clock.advance(minutes=4)
    await at.work.fire(note_no_show, at.work.due(NO_SHOW, f"{SETU}/KIA/1"))
    assert (await at.ticket(1)).state is TicketState.NO_SHOW

    acts = _acts(at, ("start", 500))
    [answer] = await at.tell(replace(whole, acts=acts), device="d1")
    ticket = await at.ticket(1)
    assert (answer["conflicts"], ticket.state) == ([], TicketState.SERVING)
    assert ticket.started_at == acts[0].claim.at
    assert at.work.types[-1] == "ticket_reverted"
    await at.tell(replace(whole, acts=acts, end=LateEnd.SERVED, ended=at.claim(100)), device="d1")
    [served] = [one for one in at.work.published if isinstance(one, TicketServed)]
    assert served.served_seconds == 400


async def test_a_recall_alone_brings_nobody_back() -> None:
    at = await _held(policy=Policy(no_show_minutes=3))
    whole = at.called(1, "kia-1", ago=600)
    await at.tell(whole, device="d1")
    at.work.clock.advance(minutes=4)
    await at.work.fire(note_no_show, at.work.due(NO_SHOW, f"{SETU}/KIA/1"))
    told = replace(whole, acts=_acts(at, ("recall", 500)))
    [answer] = await at.tell(told, device="d1")

    assert ((await at.ticket(1)).state, answer["conflicts"]) == (TicketState.NO_SHOW, [])


async def test_who_was_noted_as_left_by_another_booth_was_there_where_one_says_so() -> None:
    at = await _held()
    await at.act(Act.LEAVE, 1, "kia-2")
    whole = replace(at.called(1, "kia-1", ago=600), acts=_acts(at, ("hold", 500)))
    [answer] = await at.tell(whole, device="d1")

    assert (answer["conflicts"], (await at.ticket(1)).state) == ([], TicketState.ON_HOLD)


@pytest.mark.parametrize("act", [Act.HOLD, Act.RECALL])
async def test_what_the_booth_did_since_with_uplink_stays(act: Act) -> None:
    at = await _held()
    whole = at.called(1, "kia-1", ago=600)
    await at.tell(whole, device="d1")
    await at.act(act, 1, "kia-1")
    before = await at.ticket(1)
    [answer] = await at.tell(replace(whole, acts=_acts(at, ("start", 500))), device="d1")

    assert (await at.ticket(1), answer["conflicts"]) == (before, ["newer"])
    assert ConflictKind.NEWER in await at.conflicts()


async def test_what_the_office_did_too_without_an_answer_is_no_conflict() -> None:
    at = await _held()
    whole = at.called(1, "kia-1", ago=600)
    await at.tell(whole, device="d1")
    await at.act(Act.START, 1, "kia-1")
    [answer] = await at.tell(replace(whole, acts=_acts(at, ("start", 500))), device="d1")

    assert (answer["conflicts"], (await at.ticket(1)).state) == ([], TicketState.SERVING)


async def test_of_a_call_that_the_office_made_a_story_begins_with_what_was_done_first() -> None:
    at = await _held()
    assert await at.call("kia-1", "d1") == 1
    at.work.clock.advance(minutes=10)
    whole = replace(at.called(1, "kia-1", ago=300), acts=_acts(at, ("start", 300), ("hold", 200)))
    [answer] = await at.tell(whole, device="d1")

    assert (answer["conflicts"], (await at.ticket(1)).state) == ([], TicketState.ON_HOLD)
    assert (await at.line()).called == 1


@pytest.mark.parametrize(
    "steps", [(("hold", 500),), (("start", 501),), (("recall", 550), ("start", 500))]
)
async def test_what_was_told_otherwise_before_is_refused(
    steps: tuple[tuple[str, float], ...],
) -> None:
    at = await _held()
    whole = replace(at.called(1, "kia-1", ago=600), acts=_acts(at, ("start", 500)))
    await at.tell(whole, device="d1")
    before = (await at.ticket(1), await at.line(), await at.work.all(LateEntry))
    [answer] = await at.tell(replace(whole, acts=_acts(at, *steps)), device="d1")

    assert (answer["reason"], answer["detail"].partition(":")[0]) == ("entry_changed", "entry_id")
    assert (await at.ticket(1), await at.line(), await at.work.all(LateEntry)) == before


async def test_a_step_was_neither_before_the_one_before_it_nor_is_it_still_to_come() -> None:
    at = await _held()
    now = at.work.clock()
    whole = at.called(1, "kia-1", ago=600)
    steps = (("start", 5000.0), ("hold", -5000.0))
    acts = tuple(LateAct(LateStep(step), at.claim(ago)) for step, ago in steps)
    await at.tell(replace(whole, acts=acts), device="d1")

    [entry] = await at.work.all(LateEntry)
    assert [one.happened_at for one in entry.acts] == [whole.claim.at, now]
    again = tuple(LateAct(one.step, Claim(one.claim.at, 40)) for one in acts)
    [answer] = await at.tell(replace(whole, acts=again), device="d1")
    assert answer["outcome"] == "known", "the same, although the clock was put right meanwhile"
    ended = replace(whole, acts=acts, end=LateEnd.SERVED, ended=at.claim(5000))
    await at.tell(ended, device="d1")
    [entry] = await at.work.all(LateEntry)
    assert entry.ended_at == now


async def test_what_was_told_of_somebody_thought_gone_is_done_once_he_has_come() -> None:
    at = await _held()
    await at.act(Act.LEAVE, 1, "kia-2")
    acts = _acts(at, ("recall", 500), ("start", 400))
    whole = replace(at.called(1, "kia-1", ago=600), acts=acts)
    [first] = await at.tell(replace(whole, acts=acts[:1]), device="d1")
    assert (first["conflicts"], (await at.ticket(1)).state) == (["ended"], TicketState.LEFT)
    await at.tell(whole, device="d1")

    ticket = await at.ticket(1)
    assert (ticket.state, ticket.called_at) == (TicketState.SERVING, acts[0].claim.at)
