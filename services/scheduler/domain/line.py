"""Who waits: one line per event and service, and who of it is called next.

A line alone decides which number comes next and who is called next, so two booths that call at the
same moment change the same document and one of them has to decide again. Who waits in it stands in
stretches of a hundred, in lanes: in each lane the order is that of joining, and so the next of a
line is the next of one of its lanes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from services.scheduler.domain.choice import Choice, Turn
from services.scheduler.domain.holds import Held, Hold
from services.scheduler.domain.lane import Lane, priority_in, stretch_of
from services.scheduler.domain.pace import Pace
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import (
    KEPT,
    PRIORITY,
    WALK_IN,
    Ticket,
    TicketState,
    of_block,
)

MAX_NUMBER: Final = 100_000
"""Tickets in one line at most, as the contract has it."""
MAX_KEPT: Final = 20
"""Who was transferred into a line with his place and waits there, at most."""
MAX_RECALLS: Final = 100
"""Who is to be called again, at most; a booth calls one at a time, and an event has 60."""
_AN_INSTANT: Final = timedelta(microseconds=1)
_LONG_AGO: Final = 1000
"""Calls in turn since the last one out of turn, where there was none."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one service at one event.

    It lists nobody who waits in a lane: its document would grow with them. `has_booth` is False
    while no ticketed booth has the service: then no number is given out.
    """

    event_id: str
    service: str
    version: int = 0
    has_booth: bool = False
    letter: str = ""
    """With which its numbers begin, at this event no other line's."""
    issued: int = 0
    numbered: int = 0
    """The last number that was given out, to people and devices; below `issued`: not kept."""
    chosen: int = 0
    """Who was called or held, each time; never less for what was undone."""
    holds: Mapping[str, Hold] = field(default_factory=dict)
    """Whom devices of booths hold, by device."""
    called: int = 0
    """Who was called at least once, as it stands after what was undone."""
    in_order: int = _LONG_AGO
    """Calls in turn since the last one out of turn; below 0 where such calls were undone."""
    states: Mapping[TicketState, int] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    kept: tuple[tuple[datetime, int], ...] = ()
    """Who came from another line with his place: when he joined, and his number."""
    recalls: tuple[tuple[int, int], ...] = ()
    """Who is to be called again, each with the count of calls at which that is due."""
    pace: Pace = field(default_factory=Pace)
    """How fast it moves today."""
    closed: bool = False
    """Nobody joins or is called any more."""
    told: bool = False
    """A booth closed it, and tells those who wait what they are offered."""
    closed_at: datetime | None = None
    """None: it is open, or was closed before that was kept."""
    latest: datetime | None = None
    """When the last one joined: who joins later is behind, whatever an instance's clock says."""

    @property
    def id(self) -> str:
        """Return the line's id."""
        return self.key(self.event_id, self.service)

    @staticmethod
    def key(event_id: str, service: str) -> str:
        """Return the id of a line."""
        return f"{event_id}/{service}"

    def count(self, *states: TicketState) -> int:
        """Return how many tickets are in these states."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return self.count(TicketState.WAITING)

    @property
    def served(self) -> int:
        """Return how many were served."""
        return self.count(TicketState.SERVED)

    @property
    def last_number(self) -> int:
        """Return it, also where it was not kept."""
        return max(self.numbered, self.issued)

    def open(self, letter: str) -> "Line":
        """Let numbers be given out from now on, with this letter before them."""
        return replace(self._reopened(), has_booth=True, letter=letter)

    def withdraw(self) -> "Line":
        """Give out no more numbers. Raises Refused: tickets_issued."""
        if self.last_number:
            said = f"booths: {self.last_number} numbers were given out for {self.service}"
            raise Refused("tickets_issued", said)
        return replace(self, version=self.version + 1, has_booth=False)

    def move(self, reason: str, field: str) -> "Line":
        """Follow the event to another place or time. Refused for that reason once tickets exist.

        Written although nothing else in it changes, so that an issue at the same moment is decided
        again. What was closed while nobody had come is open on the new day.
        """
        if self.last_number:
            said = f"{field}: {self.last_number} numbers were given out for {self.service}"
            raise Refused(reason, said)
        return self._reopened()

    def _reopened(self) -> "Line":
        changed = replace(self, closed=False, told=False, closed_at=None)
        return replace(changed, version=self.version + 1)

    def close(self, now: datetime, *, told: bool) -> "Line":
        """Let nobody join or be called any more. `told`: by a booth, which tells who waits."""
        return replace(self, version=self.version + 1, closed=True, told=told, closed_at=now)

    def closed_by(self, at: datetime) -> bool:
        """Return whether it was closed by then."""
        return self.closed and (self.closed_at is None or at >= self.closed_at)

    def require_open(self) -> None:
        """Refuse whoever wants to join a closed line: closed."""
        if self.closed:
            raise Refused("closed", f"service: the line for {self.service} is closed")

    def ahead(self, policy: Policy, now: datetime, *, priority: bool = False) -> float:
        """Return how many are to be expected to be called before somebody who joins now.

        Who has priority is called out of turn at the latest. Before others some are called who join
        later, by the share that priority had until now and never more than the policy's bound.
        """
        waiting = len(self.kept) + sum(lane.waiting for _, lane in self.open_lanes(now))
        special, share = priority_in(self.lanes)
        if priority and policy.priority_every is not None:
            return min(waiting, (special + 1) * policy.priority_every - 1)
        return waiting + min(policy.passed_by(waiting), share * waiting)

    def issue(self, *, late: bool = False) -> "Line":
        """Give out the next number, then `last_number`. Raises Refused: closed, line_full.

        `late`: for a request that comes after its line was closed.
        """
        return self.lease(1, late=late).issue_leased()

    def lease(self, size: int, *, late: bool = False) -> "Line":
        """Give out the next numbers, up to `last_number`. Raises Refused: closed, line_full."""
        if not late:
            self.require_open()
        last = self.last_number + size
        if last > MAX_NUMBER:
            raise Refused("line_full", f"service: {MAX_NUMBER} numbers were given out")
        return replace(self, version=self.version + 1, numbered=last)

    def issue_leased(self) -> "Line":
        """Count somebody who has a number that was given out already."""
        return replace(self, version=self.version + 1, issued=self.issued + 1)

    def joining(
        self, now: datetime, *, priority: bool = False, booked: datetime | None = None
    ) -> tuple[str, int, datetime]:
        """Return lane, place and time of joining of whoever joins now.

        Who comes after the time that he booked joins as he comes, and who has priority waits in
        the order of his booking where he has one.
        """
        if booked is not None and booked > now:
            name = booked.strftime("booked-%Y%m%dT%H%MZ")
            return name, self._lane(name).joined, booked
        name = PRIORITY if priority else WALK_IN
        behind = now if self.latest is None else max(now, self.latest + _AN_INSTANT)
        return name, self._lane(name).joined, behind

    def join(self, ticket: Ticket, before: Ticket | None = None) -> "Line":
        """Let somebody wait who has the next place of his lane; `before`: who waited already."""
        lane = self._lane(ticket.lane)
        if ticket.came_late:
            return self._with_waiting(ticket.lane, 1).counted(before, ticket)
        opens_at = None if ticket.lane in {WALK_IN, PRIORITY} else ticket.joined_at
        joined = replace(lane, opens_at=opens_at, joined=lane.joined + 1, waiting=lane.waiting + 1)
        latest = self.latest if opens_at else ticket.joined_at
        line = replace(self, lanes={**self.lanes, ticket.lane: joined}, latest=latest)
        return line.counted(before, ticket)

    def keep(self, ticket: Ticket) -> "Line":
        """Let somebody wait who comes from another line with his place.

        Raises Refused: too_many_transferred.
        """
        if len(self.kept) >= MAX_KEPT:
            said = f"{MAX_KEPT} wait who were transferred to {self.service}: call them first"
            raise Refused("too_many_transferred", said)
        return self.take_back(ticket).counted(None, ticket)

    def counted(self, before: Ticket | None, after: Ticket) -> "Line":
        """Count a ticket in its new state, and not in the one before."""
        states = dict(self.states)
        if before is not None:
            states[before.state] -= 1
        states[after.state] = states.get(after.state, 0) + 1
        return replace(self, version=self.version + 1, states=states)

    def let_go(self, ticket: Ticket) -> "Line":
        """Take somebody who waits out of his lane; nobody holds him any more."""
        if ticket.lane == KEPT:
            line = replace(self, kept=tuple(one for one in self.kept if one != ticket.turn))
        else:
            line = self._with_waiting(ticket.lane, -1)
        holds = {device: hold.without(ticket.number) for device, hold in self.holds.items()}
        return replace(line, holds={device: hold for device, hold in holds.items() if hold.people})

    def take_back(self, ticket: Ticket) -> "Line":
        """Let somebody wait again at the place that he had."""
        if ticket.lane == KEPT:
            return replace(self, kept=tuple(sorted((*self.kept, ticket.turn))))
        line = self._with_waiting(ticket.lane, 1)
        lane = line.lanes[ticket.lane]
        first = min(lane.first, stretch_of(ticket))
        return replace(line, lanes={**line.lanes, ticket.lane: replace(lane, first=first)})

    def _with_waiting(self, name: str, more: int) -> "Line":
        lane = self._lane(name)
        changed = {name: replace(lane, waiting=lane.waiting + more)}
        if of_block(name) and not changed[name].waiting:
            changed = {}  # a block is used up; a line has as many as devices ask for
        others = {one: lane for one, lane in self.lanes.items() if one != name}
        return replace(self, lanes={**others, **changed})

    def emptied(self, name: str, first: int) -> "Line":
        """Remember that every stretch of a lane before this one is empty."""
        lane = self._lane(name)
        if first <= lane.first:
            return self
        return replace(self, lanes={**self.lanes, name: replace(lane, first=first)})

    def _lane(self, name: str) -> Lane:
        return self.lanes.get(name, Lane(joined=1) if of_block(name) else Lane())

    def open_lanes(self, now: datetime) -> Iterator[tuple[str, Lane]]:
        """Yield the lanes that the next one may stand in, the booked ones by their times."""
        here = {name: lane for name, lane in self.lanes.items() if lane.waiting}
        yield from ((name, lane) for name, lane in here.items() if lane.opens_at is None)
        booked = [(lane.opens_at, name) for name, lane in here.items() if lane.opens_at is not None]
        yield from ((name, here[name]) for at, name in sorted(booked) if at <= now)

    def due(self, *, nobody_else: bool) -> Iterator[int]:
        """Yield the numbers that are to be called again now; where nobody else waits, all."""
        yield from (n for at, n in self.recalls if nobody_else or at <= self.called)

    def next_of(self, heads: Iterable[Ticket], policy: Policy) -> Choice | None:
        """Return who of the first of each lane is next; None: nobody waits."""
        by_turn = sorted(heads, key=lambda ticket: ticket.turn)
        if not by_turn:
            return None
        first = by_turn[0]
        special = next((ticket for ticket in by_turn if ticket.has_priority), first)
        if special is not first and policy.may_pass(self.in_order):
            return Choice(special, Turn.PRIORITY, first.turn)
        return Choice(first, Turn.ORDER, first.turn)

    def call(self, waiting: Ticket, called: Ticket) -> "Line":
        """Call somebody who waits."""
        in_order = self.in_order + 1 if called.in_order else 0
        pace, at = self.pace, called.called_at
        late = at is None or (pace.called_at is not None and at < pace.called_at)
        if called.booth_id is not None and at is not None and not late:
            pace = pace.call(called.booth_id, waiting.joined_at, at)
        line = replace(
            self.let_go(waiting),
            called=self.called + 1,
            in_order=in_order,
            chosen=self.chosen + 1,
            pace=pace,
        )
        return line.counted(waiting, called)

    def uncall(self, called: Ticket, waiting: Ticket) -> "Line":
        """Take a call back: he waits as before, and nobody may pass more often for it."""
        in_order = self.in_order - 1 if called.in_order else self.in_order
        pace = self.pace.uncall()
        back = self.take_back(waiting)
        line = replace(back, called=self.called - 1, in_order=in_order, pace=pace)
        return line.forget(called.number).counted(called, waiting)

    def recall_later(self, number: int, policy: Policy) -> "Line":
        """Have somebody called again who did not come, where the policy says so."""
        known = any(one == number for _, one in self.recalls)
        if policy.recall_after is None or known or len(self.recalls) >= MAX_RECALLS:
            return self
        later = (self.called + policy.recall_after, number)
        return replace(self, version=self.version + 1, recalls=(*self.recalls, later))

    def forget(self, number: int) -> "Line":
        """Call a number no more for not having come."""
        return replace(self, recalls=tuple(one for one in self.recalls if one[1] != number))

    def held(self, device: str, now: datetime) -> tuple[Held, ...]:
        """Return whom a device holds."""
        hold = self.holds.get(device)
        return hold.standing(now, self.chosen) if hold else ()

    def held_elsewhere(self, device: str | None, now: datetime) -> frozenset[int]:
        """Return the numbers that other devices hold: whom nobody else calls."""
        others = (self.held(one, now) for one in self.holds if one != device)
        return frozenset(held.number for held in chain.from_iterable(others))

    def hold(self, device: str, number: int, now: datetime, until: datetime) -> "Line":
        """Let a device call somebody without asking, and nobody else until then."""
        people = (*self.held(device, now), Held(number, self.chosen, until))
        holds = {**self.holds, device: Hold(people)}
        return replace(self, version=self.version + 1, holds=holds, chosen=self.chosen + 1)

    def free(self, device: str) -> "Line":
        """Let everybody be called by anybody whom a device holds."""
        holds = {one: hold for one, hold in self.holds.items() if one != device}
        return replace(self, version=self.version + 1, holds=holds)
