"""In which order a programme's lines are called: data of the programme, with bounds that follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.scheduler.domain.ticket import Ticket, TicketState


@dataclass(frozen=True, slots=True)
class Policy:
    """How the lines of a programme are called; without anything said, whoever joined first is next.

    `priority_every`: of so many calls in a line at most one goes to somebody with priority before
    his turn; never less than two, or the others would starve. None: priority changes nothing.
    `recall_after`: who was called and did not come is called again after so many more numbers.
    `no_show_minutes`: who has not come so long after his last call is a no-show; where he is called
    again, after that call.
    `weights`: how many calls in turn a booth gives each of its services; without any, the longest
    wait decides.
    """

    priority_every: int | None = None
    recall_after: int | None = None
    no_show_minutes: int | None = None
    weights: Mapping[str, int] = field(default_factory=dict)

    def may_pass(self, in_order: int) -> bool:
        """Return whether somebody may be called before his turn.

        `in_order`: how many were called in their turn since that happened last.
        """
        return self.priority_every is not None and in_order >= self.priority_every - 1

    def passed_by(self, ahead: int) -> int:
        """Return how many of those who joined later can at most be called before somebody.

        `ahead` is how many are called in their turn while he waits: all of those joined before him,
        but for calls while he was at another booth. After each call out of turn
        `priority_every - 1` follow in their turn.
        """
        if self.priority_every is None:
            return 0
        return 1 + ahead // (self.priority_every - 1)

    def patience(self, ticket: Ticket) -> timedelta | None:
        """Return after how long somebody who was called is a no-show; None: not after this call."""
        called_again = ticket.state is not TicketState.CALLED
        if self.no_show_minutes is None or (self.recall_after is not None and not called_again):
            return None
        return timedelta(minutes=self.no_show_minutes)

    def weight(self, service: str, own: Mapping[str, int]) -> int:
        """Return how many calls in turn a service has; `own` are the booth's, which come first."""
        return own.get(service, self.weights.get(service, 1))

    def weighted(self, own: Mapping[str, int]) -> bool:
        """Return whether a booth, with weights of its own or without, gives turns by weight."""
        return bool(own or self.weights)
