"""What intake hears of a ticket's end: in any order and twice, the newest version counts."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from services.intake.domain import Case, Deliverable, NextStep, PlannedEvent, next_step
from services.intake.usecases import copy_event, note_ticket
from shared.contracts.scheduler import (
    TicketAssigned,
    TicketCalled,
    TicketEnded,
    TicketEvent,
    TicketIssued,
    TicketReverted,
    TicketServed,
)
from tests.unit.intake.bus import scheduled, ticket
from tests.unit.intake.sample import CASE, EVENT, bench, event_case, later

Told = tuple[type[TicketEvent], Mapping[str, Any]]
ISSUED: Told = (TicketIssued, {})
CALLED: Told = (TicketCalled, {})
SERVED: Told = (TicketServed, {})
NO_SHOW: Told = (TicketEnded, {"end": "no_show"})
LEFT: Told = (TicketEnded, {"end": "left"})
UNSERVED: Told = (TicketEnded, {"end": "unserved", "offers": ["next_event", "whatsapp"]})
BACK: Told = (TicketReverted, {"reverted": "no_show", "seconds": 0})
LATE: Told = (TicketAssigned, {"end": "unserved", "offers": ["next_event", "whatsapp"]})


async def heard(told: list[tuple[int, Told]]) -> Case:
    """Return a case after these messages, each with its version."""
    work = bench(event_case())
    for version, (kind, more) in told:
        message = ticket(kind, event_case(), **more)
        await work.handle(note_ticket, message, version=version, occurred_at=later(version))
    kept = await work.get(Case, CASE)
    assert kept is not None
    return kept


@pytest.mark.parametrize(
    ("story", "step", "offers"),
    [
        ((ISSUED, UNSERVED), NextStep.NOT_SERVED, ("next_event", "whatsapp")),
        ((ISSUED, LATE), NextStep.NOT_SERVED, ("next_event", "whatsapp")),
        ((ISSUED, LEFT), NextStep.LEFT, ()),
        ((ISSUED, CALLED, NO_SHOW), NextStep.NO_SHOW, ()),
        ((ISSUED, CALLED, NO_SHOW, BACK), NextStep.NUMBER_CALLED, ()),
        ((ISSUED, CALLED, NO_SHOW, CALLED), NextStep.NUMBER_CALLED, ()),
        ((ISSUED, CALLED, NO_SHOW, UNSERVED), NextStep.NOT_SERVED, ("next_event", "whatsapp")),
        ((ISSUED, CALLED, NO_SHOW, BACK, SERVED), NextStep.PROCESSING, ()),
        ((ISSUED, CALLED, (TicketEnded, {"end": "transferred"})), NextStep.TICKET_TO_COME, ()),
    ],
)
async def test_the_newest_that_was_told_counts_in_any_order(
    story: tuple[Told, ...], step: NextStep, offers: tuple[str, ...]
) -> None:
    for order in permutations(enumerate(story, start=1)):
        case = await heard([*order, order[0]])
        assert next_step(case, Deliverable.CARD) is step, order
        assert case.ticket is not None
        assert case.ticket.offers == offers


async def test_a_cancelled_event_is_kept_and_whoever_waits_for_it_is_told() -> None:
    work = bench(event_case())
    await work.handle(copy_event, scheduled(cancelled=True), version=3)
    await work.handle(copy_event, scheduled(), version=2)
    event = await work.get(PlannedEvent, EVENT)
    assert event is not None
    assert event.cancelled
    for told in ([], [(1, ISSUED)], [(1, ISSUED), (2, UNSERVED)]):
        assert next_step(await heard(told), Deliverable.CARD, event) is NextStep.EVENT_CANCELLED
