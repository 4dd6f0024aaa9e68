"""Who waits: one line per event and service, a ticket for every place in it.

A line alone decides which number comes next and who is called next, so two booths that call at the
same moment change the same document and one of them has to decide again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.scheduler.domain.refusal import Refused

MAX_NUMBER: Final = 100_000
"""Tickets in one line at most, as the contract has it."""


class TicketState(StrEnum):
    """How far the holder of a ticket has come."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    VOID = "void"
    """The request was withdrawn before the ticket was called."""


def ticket_id(event_id: str, service: str, number: int) -> str:
    """Return the id of a ticket, which is its place in a line."""
    return f"{event_id}/{service}/{number}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a line. `region_code` is where the applicant lives, as the request says."""

    event_id: str
    programme_id: str
    service: str
    number: int
    case_id: str
    channel: str
    region_code: str
    issued_at: datetime
    version: int = 1
    state: TicketState = TicketState.WAITING
    booth_id: str | None = None

    @property
    def id(self) -> str:
        """Return the ticket's id."""
        return ticket_id(self.event_id, self.service, self.number)

    def call(self, booth_id: str) -> "Ticket":
        """Ask for the holder at a booth. Which ticket is to be called, its line decides."""
        called = TicketState.CALLED
        return replace(self, version=self.version + 1, state=called, booth_id=booth_id)

    def serve(self, booth_id: str) -> "Ticket":
        """Note that the booth has done its part.

        Raises Refused: not_called, already_served, void, other_booth.
        """
        match self.state:
            case TicketState.WAITING:
                raise Refused("not_called", "no booth has called this ticket yet")
            case TicketState.SERVED:
                raise Refused("already_served", "this ticket was served")
            case TicketState.VOID:
                raise Refused("void", "the request was withdrawn")
            case TicketState.CALLED if self.booth_id != booth_id:
                raise Refused("other_booth", "another booth called this ticket")
        return replace(self, version=self.version + 1, state=TicketState.SERVED)

    def void(self) -> "Ticket":
        """Take a waiting ticket out of its line."""
        return replace(self, version=self.version + 1, state=TicketState.VOID)


@dataclass(frozen=True, slots=True)
class Line:
    """The line of one service at one event.

    Numbers run from 1 to `issued`. Those up to `passed` were called or are void; of those above,
    each waits unless its ticket is void. The line lists none of them: its document would grow with
    everybody who cancels. `offered` is False while no ticketed booth has the service: then no
    number is given out.
    """

    event_id: str
    service: str
    version: int = 0
    offered: bool = False
    issued: int = 0
    called: int = 0
    served: int = 0
    void: int = 0
    passed: int = 0

    @property
    def id(self) -> str:
        """Return the line's id."""
        return self.key(self.event_id, self.service)

    @staticmethod
    def key(event_id: str, service: str) -> str:
        """Return the id of a line."""
        return f"{event_id}/{service}"

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return self.issued - self.called - self.void

    def offer(self) -> "Line":
        """Let numbers be given out from now on."""
        return replace(self, version=self.version + 1, offered=True)

    def withdraw(self) -> "Line":
        """Give out no more numbers. Raises Refused: tickets_issued."""
        if self.issued:
            said = f"booths: {self.issued} people hold tickets for {self.service}"
            raise Refused("tickets_issued", said)
        return replace(self, version=self.version + 1, offered=False)

    def move(self, reason: str, field: str) -> "Line":
        """Follow the event to another place or time. Refused for that reason once tickets exist.

        Written although nothing in it changes, so that an issue at the same moment is decided
        again.
        """
        if self.issued:
            said = f"{field}: {self.issued} people hold tickets for {self.service}"
            raise Refused(reason, said)
        return replace(self, version=self.version + 1)

    def issue(self) -> "Line":
        """Give out the next number, which is then `issued`. Raises Refused: line_full."""
        if self.issued == MAX_NUMBER:
            raise Refused("line_full", f"{MAX_NUMBER} tickets were issued")
        return replace(self, version=self.version + 1, issued=self.issued + 1)

    def call(self, number: int) -> "Line":
        """Call the lowest number that waits. Raises Refused: nobody_waiting."""
        if not self.waiting:
            raise Refused("nobody_waiting", "the line is empty")
        return replace(self, version=self.version + 1, called=self.called + 1, passed=number)

    def pass_void(self, head: int) -> "Line":
        """Remember that every number below `head`, the lowest that waits, is behind the line."""
        return replace(self, version=self.version + 1, passed=head - 1)

    def serve(self) -> "Line":
        """Count a holder who was served."""
        return replace(self, version=self.version + 1, served=self.served + 1)

    def skip(self) -> "Line":
        """Count a waiting ticket that became void."""
        return replace(self, version=self.version + 1, void=self.void + 1)


@dataclass(frozen=True, slots=True)
class Case:
    """What is known here of a request, whichever of its messages came first.

    Once `received`, it is settled whether it has a ticket: `ticket_id` None means that none was
    due, because people simply walk up for that service.
    """

    id: str
    version: int = 0
    received: bool = False
    withdrawn: bool = False
    ticket_id: str | None = None

    def receive(self, ticket_id: str | None) -> "Case":
        """Settle which ticket the request has."""
        return replace(self, version=self.version + 1, received=True, ticket_id=ticket_id)

    def withdraw(self) -> "Case":
        """Note that the request was cancelled or rejected."""
        return replace(self, version=self.version + 1, withdrawn=True)


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter of a booth: which ticket it called last."""

    event_id: str
    booth_id: str
    version: int = 0
    ticket_id: str | None = None

    @property
    def id(self) -> str:
        """Return the counter's id."""
        return self.key(self.event_id, self.booth_id)

    @staticmethod
    def key(event_id: str, booth_id: str) -> str:
        """Return the id of a booth's counter."""
        return f"{event_id}/{booth_id}"

    def call(self, ticket_id: str) -> "Counter":
        """Turn to the next ticket, whether or not the last one was served."""
        return replace(self, version=self.version + 1, ticket_id=ticket_id)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people walked up to a booth without tickets for one service."""

    event_id: str
    booth_id: str
    service: str
    version: int = 0
    visitors: int = 0

    @property
    def id(self) -> str:
        """Return the tally's id."""
        return self.key(self.event_id, self.booth_id, self.service)

    @staticmethod
    def key(event_id: str, booth_id: str, service: str) -> str:
        """Return the id of what is counted at a booth without tickets."""
        return f"{event_id}/{booth_id}/{service}"

    def add(self, visitors: int) -> "Tally":
        """Count more people."""
        return replace(self, version=self.version + 1, visitors=self.visitors + visitors)
