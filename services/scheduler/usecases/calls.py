"""A booth calls: who was sent to it, or the next of its lines by the programme's policy."""

from datetime import datetime
from typing import Any

from services.scheduler.domain import (
    ASKED,
    Booth,
    Choice,
    Counter,
    Line,
    Policy,
    Programme,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    Turn,
)
from services.scheduler.domain.history import require_after_last_step
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import answer, called_event
from services.scheduler.usecases.waiting import (
    follow,
    let_wait_elsewhere,
    line_of,
    lines_of,
    next_in,
    take,
)
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork

NO_SHOW = "no_show"
"""The timer of a ticket whose holder has not come yet."""


async def call_next(
    event_id: str, booth_id: str, uow: UnitOfWork, *, allow: Allow, device: str | None = None
) -> dict[str, Any] | None:
    """Call who is next at this booth; None: nobody waits whom it can call.

    `device`: the one that asks, which calls also those whom it holds.

    Whom another booth has sent comes first. Then a service is chosen: by the booth's weights, or
    else by the longest wait; and of its line who is next by the programme's policy. The ticket that
    the booth called before need not be served: people do not come, and the line must go on.
    Of a cancelled event only whom another booth has sent is called: he stays the booths'. Raises
    Missing, and Refused: no_tickets, cancelled, not_its_day.
    """
    event, booth = await booth_of(event_id, booth_id, uow, allow)
    policy = await policy_of(event, uow)
    counter = await counter_of(event_id, booth_id, uow)
    absent = await _absent(counter, uow)
    if absent is not None:
        await _recall_later(absent, policy, uow)
    ticket = await _next(event, booth, counter, policy, uow, device)
    if ticket is None:
        return None
    if absent is not None and absent.id != ticket.id:
        await let_wait_elsewhere(absent, uow)
    return answer(ticket)


async def _next(
    event: ScheduledEvent,
    booth: Booth,
    counter: Counter,
    policy: Policy,
    uow: UnitOfWork,
    device: str | None,
) -> Ticket | None:
    sent = await _sent(counter, uow)
    if sent is not None:
        return await _call_again(sent, counter, policy, uow)
    event.require_held()
    found = await _choices(event.id, booth, policy, uow, device)
    if not found:
        return None
    in_turn = counter.in_turn(found.keys(), policy, booth.weights)
    service = min(in_turn, key=lambda one: (found[one][1].since[0], one))
    line, choice = found[service]
    counter = counter.took(service, found.keys(), policy, booth.weights)
    if choice.turn is Turn.RECALL:
        return await _call_again(choice.ticket, counter, policy, uow)
    return await _call(line, choice, counter, policy, uow)


async def _choices(
    event_id: str, booth: Booth, policy: Policy, uow: UnitOfWork, device: str | None
) -> dict[str, tuple[Line, Choice]]:
    """Return who is next in each line of a booth, where anybody is."""
    lines = await lines_of(event_id, booth.services, uow)
    found = [await next_in(line, policy, uow, device) for line in lines]
    return {line.service: (line, choice) for line, choice in found if choice is not None}


async def _call(
    line: Line, choice: Choice, counter: Counter, policy: Policy, uow: UnitOfWork
) -> Ticket:
    if uow.in_history:
        require_after_last_step(choice.ticket, uow.now())
    in_order = choice.turn is Turn.ORDER
    ticket = choice.ticket.call(counter.booth_id, uow.now(), in_order=in_order)
    uow.add(counter.call(ticket.id))
    await _enter(line, choice.ticket, ticket, policy, uow)
    return ticket


async def _enter(
    line: Line, waiting: Ticket, called: Ticket, policy: Policy, uow: UnitOfWork
) -> None:
    await take(waiting, uow)
    await follow(called, uow)
    uow.add(line.call(waiting, called))
    uow.publish(called_event(called), version=called.version, occurred_at=called.called_at)
    await wait_for(called, policy, uow)


async def enter_late_call(
    event: ScheduledEvent, waiting: Ticket, booth_id: str, at: datetime, uow: UnitOfWork
) -> Ticket:
    """Take in that a booth called somebody without uplink; who was called since stays there."""
    policy = await policy_of(event, uow)
    counter = await counter_of(event.id, booth_id, uow)
    ticket = waiting.call(booth_id, at)
    current = await uow.get(Ticket, counter.ticket_id) if counter.ticket_id else None
    since = current is not None and current.called_at is not None and current.called_at > at
    absent = ticket if since else await _absent(counter, uow)
    await _enter(await line_of(waiting, uow), waiting, ticket, policy, uow)
    if absent is not None:
        await _recall_later(absent, policy, uow)
        await let_wait_elsewhere(absent, uow)
    if not since:
        uow.add(counter.call(ticket.id))
    return ticket


async def _call_again(known: Ticket, counter: Counter, policy: Policy, uow: UnitOfWork) -> Ticket:
    ticket = known.call(counter.booth_id, uow.now(), in_order=known.in_order)
    await follow(ticket, uow)
    line = await line_of(ticket, uow)
    uow.add(line.forget(ticket.number).counted(known, ticket), counter.call(ticket.id))
    await wait_for(ticket, policy, uow)
    return ticket


async def _absent(counter: Counter, uow: UnitOfWork) -> Ticket | None:
    """Return who was called to this counter and did not come, now that it calls on."""
    ticket = await uow.get(Ticket, counter.ticket_id) if counter.ticket_id else None
    return ticket if ticket is not None and ticket.state in ASKED else None


async def _recall_later(absent: Ticket, policy: Policy, uow: UnitOfWork) -> None:
    if absent.state is TicketState.CALLED:
        line = await line_of(absent, uow)
        later = line.recall_later(absent.number, policy)
        if later is not line:
            uow.add(later)


async def _sent(counter: Counter, uow: UnitOfWork) -> Ticket | None:
    """Return whom another booth has sent here and who has not left since; None: nobody."""
    for id_ in counter.sent:
        ticket = await uow.require(Ticket, id_)
        if ticket.state is TicketState.SENT and ticket.booth_id == counter.booth_id:
            return ticket
    return None


async def wait_for(ticket: Ticket, policy: Policy, uow: UnitOfWork) -> None:
    """Wait for the holder of a ticket as long as the policy says; in a history acts tell it."""
    if not uow.in_history and (patience := policy.patience(ticket)) is not None:
        await uow.set_timer(NO_SHOW, ticket.id, uow.now() + patience)


async def counter_of(event_id: str, booth_id: str, uow: UnitOfWork) -> Counter:
    """Return the counter of a booth, new where it has called nobody yet."""
    found = await uow.get(Counter, Counter.key(event_id, booth_id))
    return found or Counter(event_id, booth_id)


async def policy_of(event: ScheduledEvent, uow: UnitOfWork) -> Policy:
    """Return the order in which the lines of an event are called: its programme's, as it stands."""
    return (await uow.require(Programme, event.plan.programme_id)).line


async def booth_of(
    event_id: str, booth_id: str, uow: UnitOfWork, allow: Allow
) -> tuple[ScheduledEvent, Booth]:
    """Return an event and a booth of it that calls today.

    Raises Missing, and Refused: no_tickets, not_its_day.
    """
    event, booth = await ticketed_booth(event_id, booth_id, uow, allow)
    event.require_its_day(uow.now())
    return event, booth


async def ticketed_booth(
    event_id: str, booth_id: str, uow: UnitOfWork, allow: Allow
) -> tuple[ScheduledEvent, Booth]:
    """Return an event and a booth of it that calls. Raises Missing, and Refused: no_tickets."""
    event = await uow.require(ScheduledEvent, event_id)
    booth = event.plan.booth(booth_id)
    allow(event.plan, booth)
    if booth is None:
        raise Missing("booth")
    if not booth.ticketed:
        raise Refused("no_tickets", "people walk up to this booth: record visits instead")
    return event, booth
