"""Who is next, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.scheduler.domain.ticket import Ticket


class Turn(StrEnum):
    """Why somebody is next."""

    ORDER = "order"
    PRIORITY = "priority"
    """Before his turn."""
    RECALL = "recall"
    """He was called before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is next in a line, and why. `since`: the longest wait in the line began then."""

    ticket: Ticket
    turn: Turn
    since: tuple[datetime, int]
