"""What a booth does with a ticket: serve, hold, let go, undo and the rest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.scheduler.domain import (
    ASKED,
    AT_BOOTH,
    Act,
    Refused,
    ScheduledEvent,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.domain.history import require_after_last_step
from services.scheduler.usecases.calls import NO_SHOW, counter_of, policy_of, wait_for
from services.scheduler.usecases.closing import end_later, kinds_of
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.ticket_events import (
    answer,
    ended_event,
    reverted_event,
    served_event,
)
from services.scheduler.usecases.waiting import (
    follow,
    let_wait_elsewhere,
    line_of,
    place,
    take,
    void_withdrawn,
)
from shared.contracts.scheduler import TicketEnd, TicketEvent
from shared.messaging.errors import Missing
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

_ENDS: Final = {Act.LEAVE: TicketEnd.LEFT, Act.NO_SHOW: TicketEnd.NO_SHOW}


@dataclass(frozen=True, slots=True)
class TicketAt:
    """A ticket as the booth names it that does something with it."""

    event_id: str
    service: str
    number: int
    booth_id: str

    @property
    def id(self) -> str:
        """Return the ticket's id."""
        return ticket_id(self.event_id, self.service, self.number)


async def act_on(at: TicketAt, act: Act, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Do something with a ticket at the booth that called it; who waits can leave at any of them.

    The booth may have called others since: who comes late is served late. Raises Missing, and
    Refused: not_offered, not_called, already_served, transferred, left, no_show, void,
    other_booth, not_now.
    """
    event, known = await found(at, uow, allow)
    if known.state not in AT_BOOTH:
        require_offered(event, at.booth_id, at.service)
    return answer(await carry_out(act, known, at.booth_id, event, uow))


async def carry_out(
    act: Act,
    known: Ticket,
    booth_id: str,
    event: ScheduledEvent,
    uow: UnitOfWork,
    at: datetime | None = None,
) -> Ticket:
    """Do something with a ticket, now or when it was done without uplink. Raises as `act_on`.

    Who does not come once his line is closed ends unserved, with what he is offered.
    """
    line, when = await line_of(known, uow), at or uow.now()
    if act is Act.NO_SHOW and line.closed_by(when):
        kinds = await kinds_of(event, line, uow)
        ticket = known.absent_at_closing(booth_id, kinds, when)
    else:
        ticket = known.act(act, booth_id, when)
    if known.state is TicketState.WAITING:
        await take(known, uow)
        line = line.let_go(known)
    if known.state is TicketState.SENT:
        uow.add((await counter_of(known.event_id, known.booth_id or "", uow)).clear(known.id))
    await _follow(ticket, uow)
    uow.add(line.forget(ticket.number).counted(known, ticket))
    await await_holder(ticket, event, uow)
    if act is Act.SERVE:
        told: TicketEvent | None = served_event(ticket, booth_id)
    elif ticket.state is TicketState.UNSERVED:
        told = ended_event(ticket, "", TicketEnd.UNSERVED, told=line.told)
    elif act in _ENDS:
        told = ended_event(ticket, booth_id, _ENDS[act])
    else:
        told = None
    if told is not None:
        uow.publish(told, version=ticket.version, occurred_at=at)
    return ticket


async def _follow(ticket: Ticket, uow: UnitOfWork) -> None:
    """Keep a ticket. Who is asked for by a booth that has called on since is held up nowhere."""
    await follow(ticket, uow)
    if ticket.state in ASKED and ticket.booth_id is not None:
        counter = await counter_of(ticket.event_id, ticket.booth_id, uow)
        if counter.ticket_id != ticket.id:
            await let_wait_elsewhere(ticket, uow)


async def note_no_show(timer: Timer, uow: UnitOfWork) -> None:
    """Note that the holder of a ticket did not come; nothing where he did."""
    known = await uow.get(Ticket, timer.key)
    if known is None or known.state not in ASKED:
        return
    event = await uow.require(ScheduledEvent, known.event_id)
    await carry_out(Act.NO_SHOW, known, known.booth_id or "", event, uow)


async def rejoin(at: TicketAt, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Let a no-show who came after all wait behind those who walked in.

    Raises Missing, and Refused: not_gone, not_offered, cancelled, not_its_day, closed.
    """
    event, known = await found(at, uow, allow)
    require_offered(event, at.booth_id, at.service)
    event.require_today(uow.now())
    line = await line_of(known, uow)
    line.require_open()
    ticket = known.rejoin(*line.joining(uow.now()))
    await place(ticket, uow)
    uow.add(ticket, line.join(ticket, known))
    return answer(ticket)


async def undo(at: TicketAt, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Take back what this booth did with a ticket last, within two minutes.

    Raises Missing, and Refused: nothing_to_undo, undo_too_late, other_booth, not_offered.
    """
    event, done = await found(at, uow, allow)
    if done.booth_id is None:
        require_offered(event, at.booth_id, at.service)
    elif done.booth_id != at.booth_id:
        raise Refused("other_booth", "another booth did it")
    ticket = done.undo(uow.now())
    await take_back(done, ticket, at.booth_id, event, uow)
    if ticket.state is TicketState.WAITING:
        ticket = await _waits_again(ticket, uow)
    return answer(ticket)


async def take_back(
    done: Ticket, ticket: Ticket, booth_id: str, event: ScheduledEvent, uow: UnitOfWork
) -> None:
    """Take back what was done with a ticket, and tell it."""
    await _put_back(done, ticket, booth_id, uow)
    await await_holder(ticket, event, uow)
    told = reverted_event(done, booth_id, await line_of(done, uow))
    if told is not None and done.before is not None:
        uow.publish(told, version=ticket.version, occurred_at=done.before.at)


async def _waits_again(ticket: Ticket, uow: UnitOfWork) -> Ticket:
    """End a ticket whose request was withdrawn meanwhile, or later one whose line was closed."""
    line = await line_of(ticket, uow)
    if line.closed:
        await end_later(line, uow)
    return await void_withdrawn(ticket, uow)


async def _put_back(done: Ticket, ticket: Ticket, booth_id: str, uow: UnitOfWork) -> None:
    """Have the line, the place and the counter of a ticket as they were before what was done."""
    await _follow(ticket, uow)
    line = await line_of(done, uow)
    if ticket.state is not TicketState.WAITING:
        uow.add(line.counted(done, ticket))
    elif done.state is TicketState.CALLED:
        uow.add(line.uncall(done, ticket))
    else:
        uow.add(line.take_back(ticket).counted(done, ticket))
    if ticket.state is TicketState.WAITING:
        await place(ticket, uow)
    if ticket.state is TicketState.SENT:
        counter = await counter_of(ticket.event_id, ticket.booth_id or "", uow)
        uow.add(counter.clear(done.id).expect(done.id, first=True))
    elif ticket.state not in AT_BOOTH:
        uow.add((await counter_of(ticket.event_id, booth_id, uow)).clear(done.id))


async def await_holder(ticket: Ticket, event: ScheduledEvent, uow: UnitOfWork) -> None:
    """Wait for the holder of a ticket that was called, as long as the policy says."""
    policy = await policy_of(event, uow)
    if ticket.state in ASKED and policy.patience(ticket) is not None:
        await wait_for(ticket, policy, uow)
    elif policy.no_show_minutes is not None:
        await uow.clear_timer(NO_SHOW, ticket.id)


async def found(at: TicketAt, uow: UnitOfWork, allow: Allow) -> tuple[ScheduledEvent, Ticket]:
    """Return the event and the ticket that a booth names. Raises Missing and Forbidden."""
    event = await uow.require(ScheduledEvent, at.event_id)
    allow(event.plan, event.plan.booth(at.booth_id))
    ticket = await uow.get(Ticket, at.id)
    if ticket is None:
        raise Missing("number: nobody has it in the line of this service")
    if uow.in_history:
        require_after_last_step(ticket, uow.now())
    return event, ticket


def require_offered(event: ScheduledEvent, booth_id: str, service: str) -> None:
    """Refuse where a booth has no line for a service: not_offered. Raises Missing without it."""
    booth = event.plan.booth(booth_id)
    if booth is None:
        raise Missing("booth")
    if not booth.has_line(service):
        raise Refused("not_offered", f"service: booth {booth_id} has no line for it")
