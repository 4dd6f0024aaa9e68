"""Who waits in the lines of an event, read by documents that can be named."""

from collections.abc import AsyncIterator, Collection, Iterable

from services.scheduler.domain import (
    KEPT,
    Arrival,
    Case,
    Choice,
    Line,
    Policy,
    Stretch,
    Ticket,
    TicketState,
    Turn,
    ticket_id,
)
from shared.messaging.unit_of_work import UnitOfWork


async def follow(ticket: Ticket, uow: UnitOfWork) -> None:
    """Keep a ticket, and with those who hold it whether a booth has called them."""
    uow.add(ticket)
    arrival = await _arrival(ticket, uow)
    if arrival is not None and (followed := arrival.follow(ticket)) is not arrival:
        uow.add(followed)


async def let_wait_elsewhere(ticket: Ticket, uow: UnitOfWork) -> None:
    """Let other booths call those who did not come for this ticket."""
    arrival = await _arrival(ticket, uow)
    if arrival is not None and (free := arrival.wait_elsewhere(ticket)) is not arrival:
        uow.add(free)


async def _arrival(ticket: Ticket, uow: UnitOfWork) -> Arrival | None:
    return await uow.get(Arrival, ticket.arrival_id) if ticket.arrival_id else None


async def lines_of(event_id: str, services: Iterable[str], uow: UnitOfWork) -> list[Line]:
    """Return the lines of these services, in their order, new where there are none yet."""
    # One after the other: what the batch holds already is then read without giving way to the
    # other units of work, which would change the line meanwhile and have this one decided again.
    return [
        await uow.get(Line, Line.key(event_id, service)) or Line(event_id, service)
        for service in services
    ]


async def line_of(ticket: Ticket, uow: UnitOfWork) -> Line:
    """Return the line that a ticket belongs to."""
    return await uow.require(Line, Line.key(ticket.event_id, ticket.service))


async def place(ticket: Ticket, uow: UnitOfWork) -> None:
    """Put somebody who waits at his place, or back there."""
    if ticket.lane != KEPT:
        uow.add((await _stretch(ticket, uow)).take_in(ticket))


async def take(ticket: Ticket, uow: UnitOfWork) -> None:
    """Take somebody who waits from his place."""
    if ticket.lane != KEPT:
        uow.add((await _stretch(ticket, uow)).let_go(ticket))


async def void(ticket: Ticket, uow: UnitOfWork) -> Ticket:
    """Take a waiting ticket out of its line."""
    ended = ticket.void()
    await take(ticket, uow)
    uow.add(ended, (await line_of(ticket, uow)).let_go(ticket).counted(ticket, ended))
    return ended


async def void_withdrawn(ticket: Ticket, uow: UnitOfWork) -> Ticket:
    """Take a waiting ticket out of its line where its request was withdrawn meanwhile."""
    case = await uow.get(Case, ticket.case_id) if ticket.case_id else None
    return await void(ticket, uow) if case is not None and case.withdrawn else ticket


async def _stretch(ticket: Ticket, uow: UnitOfWork) -> Stretch:
    empty = Stretch.of(ticket)
    return await uow.get(Stretch, empty.id) or empty


async def first_waiting(line: Line, uow: UnitOfWork) -> list[Ticket]:
    """Return some of those who wait in a line, a hundred at most; nobody: nobody waits."""
    kept = [number for _, number in line.kept]
    for name, lane in line.lanes.items():
        for index in lane.stretches if lane.waiting and not kept else ():
            key = Stretch.key(line.event_id, line.service, name, index)
            if (stretch := await uow.get(Stretch, key)) and stretch.waiting:
                kept = [number for _, number in stretch.waiting]
                break
    return [ticket async for ticket in _tickets(line, kept, uow)]


async def next_in(
    line: Line, policy: Policy, uow: UnitOfWork, device: str | None = None
) -> tuple[Line, Choice | None]:
    """Return who is called next in a line, and the line, which knows where he stands.

    Whom a device holds nobody else calls: `device` is the one that calls.

    A line and its tickets are not read at one instant: between the two another instance may have
    called the next. It then wrote the line too, so that what is decided on such a reading meets a
    newer version and is decided again. Of a closed line only who was called before is next.
    """
    if line.closed:
        return line, await _recalled(line, uow, nobody_else=True)
    line, heads = await _heads(line, line.held_elsewhere(device, uow.now()), uow)
    recalled = await _recalled(line, uow, nobody_else=not heads)
    return line, recalled or line.next_of(heads, policy)


async def next_to_hold(line: Line, uow: UnitOfWork) -> Ticket | None:
    """Return the first in turn whom no device holds or held before; None: nobody."""
    if line.closed:
        return None
    _, heads = await _heads(line, line.held_elsewhere(None, uow.now()), uow, anew=True)
    return min(heads, key=lambda ticket: ticket.turn, default=None)


async def _heads(
    line: Line, held: Collection[int], uow: UnitOfWork, *, anew: bool = False
) -> tuple[Line, list[Ticket]]:
    """Return the first of each lane who can come. `anew`: who was not held before."""
    heads, booked = [], False
    for name, lane in list(line.open_lanes(uow.now())):
        if booked and lane.opens_at is not None:
            break  # who booked earlier comes first; the booked lanes are the last
        line, head = await _head(line, name, lane.stretches, uow, held, anew=anew)
        if head is not None:
            heads.append(head)
            booked = lane.opens_at is not None
    kept = [number for _, number in line.kept if number not in held]
    async for ticket in _free(line, kept, uow):
        if not (anew and ticket.held):
            heads.append(ticket)
            break
    return line, heads


async def _head(
    line: Line,
    name: str,
    stretches: Iterable[int],
    uow: UnitOfWork,
    held: Collection[int],
    *,
    anew: bool,
) -> tuple[Line, Ticket | None]:
    """Return the first who waits in a lane and can come; None: nobody can.

    Who is at another booth keeps his place, and is passed until he can come.
    """
    first = None
    for index in stretches:
        key = Stretch.key(line.event_id, line.service, name, index)
        stretch = await uow.get(Stretch, key)
        numbers = [number for _, number in stretch.waiting] if stretch else []
        first = index if numbers and first is None else first
        async for ticket in _free(line, [one for one in numbers if one not in held], uow):
            if not (anew and ticket.held):
                return line.emptied(name, first or 0), ticket
    return line, None


async def _free(line: Line, numbers: Iterable[int], uow: UnitOfWork) -> AsyncIterator[Ticket]:
    """Yield the tickets of those who are not at another booth."""
    async for ticket in _tickets(line, numbers, uow):
        arrival = await _arrival(ticket, uow)
        if arrival is None or arrival.may_be_called(ticket):
            yield ticket


async def _recalled(line: Line, uow: UnitOfWork, *, nobody_else: bool) -> Choice | None:
    due = list(line.due(nobody_else=nobody_else))
    async for ticket in _free(line, due, uow):
        if ticket.state is TicketState.CALLED:
            return Choice(ticket, Turn.RECALL, ticket.turn)
    return None


async def _tickets(line: Line, numbers: Iterable[int], uow: UnitOfWork) -> AsyncIterator[Ticket]:
    for number in numbers:
        yield await uow.require(Ticket, ticket_id(line.event_id, line.service, number))
