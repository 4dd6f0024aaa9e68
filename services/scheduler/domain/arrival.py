"""Who came through the gate: a code, and a ticket for each service, before anybody is asked a name.

Intake's visit is what was recorded of people who came together; an arrival knows no person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import ASKED, Ticket, TicketState

CODE_LETTERS: Final = "BCDFGHJKMNPQRTVWXYZ"
"""What a code begins with: no vowel, so that it is no word, and nothing that reads as a digit."""
CODE_SIGNS: Final = "23456789" + CODE_LETTERS
CODE_LENGTH: Final = 8
MAX_TICKETS: Final = 20
"""For one code; a gate gives ten, and without uplink two may know nothing of each other."""
MAX_AWAITED: Final = 200
"""Requests for one service with one code; `MAX_TICKETS` of them can get a gate's number."""

_BUSY: Final = ASKED | {TicketState.SERVING, TicketState.SENT}
_MEANT: Final = _BUSY | {
    TicketState.WAITING,
    TicketState.ON_HOLD,
    TicketState.SERVED,
    TicketState.UNSERVED,
}
"""Tickets whose holder has asked, or would have asked, for what the request says."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """People who came together. `at` are the tickets for which a booth has called them."""

    event_id: str
    code: str
    arrived_at: datetime
    tickets: tuple[str, ...]
    """Ids of the tickets that were given out with the code, one for each service."""
    priority: bool = False
    at: tuple[str, ...] = ()
    version: int = 1
    told: tuple[str, ...] = ()
    """The stories of devices by which it is known."""

    @property
    def id(self) -> str:
        """Return the arrival's id."""
        return self.key(self.event_id, self.code)

    @staticmethod
    def key(event_id: str, code: str) -> str:
        """Return the id of an arrival."""
        return f"{event_id}/{code}"

    def may_be_called(self, ticket: Ticket) -> bool:
        """Return whether these people are not at another booth."""
        return not set(self.at) - {ticket.id}

    def follow(self, ticket: Ticket) -> "Arrival":
        """Remember whether a booth has called these people for this ticket."""
        if ticket.state not in _BUSY:
            return self.wait_elsewhere(ticket)
        return self if ticket.id in self.at else self._at((*self.at, ticket.id))

    def wait_elsewhere(self, ticket: Ticket) -> "Arrival":
        """Let other booths call these people, who did not come for this ticket."""
        left = tuple(one for one in self.at if one != ticket.id)
        return self if left == self.at else self._at(left)

    def _at(self, tickets: tuple[str, ...]) -> "Arrival":
        return replace(self, version=self.version + 1, at=tickets)

    def with_tickets(self, more: Sequence[str], told: str) -> "Arrival":
        """Hold more tickets, by the story of another gate. Raises Refused: arrival_full."""
        tickets = (*self.tickets, *more)
        if len(tickets) > MAX_TICKETS:
            raise Refused("arrival_full", f"code: {MAX_TICKETS} tickets were given for it")
        stories = (*self.told, told)
        return replace(self, version=self.version + 1, tickets=tickets, told=stories)

    def goes_on(self, gone: str, with_ticket: str) -> "Arrival":
        """Hold another ticket in place of one that was transferred."""
        tickets = tuple(with_ticket if one == gone else one for one in self.tickets)
        return replace(self, version=self.version + 1, tickets=tickets)


@dataclass(frozen=True, slots=True)
class Awaited:
    """Requests for a service with a code for which no gate has told a number of it yet.

    It may tell one later, or the code was typed wrong.
    """

    id: str
    version: int = 0
    cases: tuple[str, ...] = ()

    @staticmethod
    def key(arrival_id: str, service: str) -> str:
        """Return the id of those who wait for a gate."""
        return f"{arrival_id}/{service}"

    def with_case(self, case_id: str) -> "Awaited":
        """Know of one more. Who comes after as many as are known keeps the number of his own."""
        if len(self.cases) >= MAX_AWAITED:
            return self
        return replace(self, version=self.version + 1, cases=(*self.cases, case_id))

    def without(self, case_id: str) -> "Awaited":
        """Know that one has the gate's number."""
        cases = tuple(one for one in self.cases if one != case_id)
        return replace(self, version=self.version + 1, cases=cases)


def free_for(service: str, tickets: Sequence[Ticket]) -> Ticket | None:
    """Return the ticket of a service that no request has yet; or None.

    Whose line was closed before him keeps it: his request may be recorded only afterwards.
    """
    free = (one for one in tickets if one.service == service and one.case_id is None)
    return next((ticket for ticket in free if ticket.state in _MEANT), None)
