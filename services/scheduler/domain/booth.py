"""What is kept of a booth's work: its counter, and who walked up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from services.scheduler.domain.policy import Policy
from services.scheduler.domain.refusal import Refused

MAX_SENT = 50
"""Who is on the way to one booth at most."""
LATEST = 4
"""Calls that a booth's screen shows: who looked away finds his number."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter of a booth: which ticket it called last, whom others sent, whose turn it is."""

    event_id: str
    booth_id: str
    version: int = 0
    ticket_id: str | None = None
    sent: tuple[str, ...] = ()
    """Tickets that other booths have sent here, the first one first."""
    turns: Mapping[str, int] = field(default_factory=dict)
    """Calls of each service in this round of turns by weight."""
    latest: tuple[str, ...] = ()
    """Tickets that it called last, each once, the newest first."""

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
        sent = tuple(one for one in self.sent if one != ticket_id)
        latest = (ticket_id, *(one for one in self.latest if one != ticket_id))[:LATEST]
        changed = replace(self, ticket_id=ticket_id, sent=sent, latest=latest)
        return replace(changed, version=self.version + 1)

    def expect(self, ticket_id: str, *, first: bool = False) -> "Counter":
        """Take somebody whom another booth has sent, before anybody else of the line.

        Raises Refused: too_many_sent.
        """
        if len(self.sent) >= MAX_SENT:
            raise Refused("too_many_sent", f"{MAX_SENT} people are on the way to this booth")
        sent = (ticket_id, *self.sent) if first else (*self.sent, ticket_id)
        return replace(self, version=self.version + 1, sent=sent)

    def clear(self, ticket_id: str) -> "Counter":
        """Have nothing to do with this ticket, at the counter or on its way here."""
        left = None if self.ticket_id == ticket_id else self.ticket_id
        sent, latest = (
            tuple(one for one in listed if one != ticket_id) for listed in (self.sent, self.latest)
        )
        changed = replace(self, ticket_id=left, sent=sent, latest=latest)
        return replace(changed, version=self.version + 1)

    def in_turn(
        self, waiting: Collection[str], policy: Policy, own: Mapping[str, int]
    ) -> frozenset[str]:
        """Return which of the services that somebody waits for may be called by their weights."""
        if not policy.weighted(own):
            return frozenset(waiting)
        left = {s for s in waiting if self.turns.get(s, 0) < policy.weight(s, own)}
        return frozenset(left or waiting)

    def took(
        self, service: str, waiting: Collection[str], policy: Policy, own: Mapping[str, int]
    ) -> "Counter":
        """Count a call for a service; where every turn was taken, a new round begins with it."""
        if not policy.weighted(own):
            return self
        over = all(self.turns.get(s, 0) >= policy.weight(s, own) for s in waiting)
        before = {} if over else self.turns
        return replace(self, turns={**before, service: before.get(service, 0) + 1})


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
