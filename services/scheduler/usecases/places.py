"""Where somebody stands in the lines that he waits in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.scheduler.domain import (
    Arrival,
    Line,
    Stretch,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.usecases.ports import Reader

Places = Sequence[tuple[int, int]]
"""Places with the numbers of those who wait there, in order."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits in a line, by lane, as it was read."""

    line: Line
    lanes: Mapping[str, Places]


async def waiting_in(event_id: str, service: str, reader: Reader) -> Waiting:
    """Return who waits in a line."""
    [line] = await reader.lines(event_id, [service])
    lanes = dict[str, Places]()
    for name, lane in line.lanes.items():
        ids = [Stretch.key(event_id, service, name, index) for index in lane.stretches]
        found = await reader.many(Stretch, ids) if lane.waiting else {}
        lanes[name] = [one for id_ in ids if id_ in found for one in found[id_].waiting]
    return Waiting(line, lanes)


async def ahead_of(ticket: Ticket, waiting: Waiting, reader: Reader) -> int:
    """Return how many who joined before him wait.

    Some who joined later may be called before him, as the programme's policy allows.
    """
    kept = sum(turn < ticket.turn for turn in waiting.line.kept)
    return kept + sum(
        [
            await _ahead_in(name, ticket, places, waiting.line, reader)
            for name, places in waiting.lanes.items()
        ]
    )


async def _ahead_in(name: str, ticket: Ticket, places: Places, line: Line, reader: Reader) -> int:
    if name == ticket.lane:
        return sum(place < ticket.place for place, _ in places)
    opens_at = line.lanes[name].opens_at
    if opens_at is not None:
        # Who booked a time has joined at it, all of one lane at the same.
        return len(places) if opens_at <= ticket.joined_at else 0
    return await _joined_before(ticket, places, reader)


async def _joined_before(ticket: Ticket, places: Places, reader: Reader) -> int:
    """Return how many of a lane joined before somebody: they stand in that order."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        id_ = ticket_id(ticket.event_id, ticket.service, places[middle][1])
        other = await reader.get(Ticket, id_)
        if other is not None and other.turn < ticket.turn:
            low = middle + 1
        else:
            high = middle
    return low


async def tickets_of(arrival: Arrival, reader: Reader) -> list[Ticket]:
    """Return the tickets of an arrival, those first that are called or wait."""
    found = await reader.many(Ticket, arrival.tickets)
    ordered = [found[one] for one in arrival.tickets if one in found]
    return sorted(ordered, key=lambda ticket: ticket.state in _OVER)


_OVER = frozenset(
    {
        TicketState.SERVED,
        TicketState.TRANSFERRED,
        TicketState.LEFT,
        TicketState.NO_SHOW,
        TicketState.VOID,
        TicketState.UNSERVED,
    }
)
