"""A ticket: how far its holder has come, and what a booth may do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduler.domain.offer import OfferKind
from services.scheduler.domain.refusal import Refused

UNDO_WITHIN: Final = timedelta(minutes=2)
"""How long what was done with a ticket can be undone."""
WALK_IN: Final = "walk_in"
PRIORITY: Final = "priority"
KEPT: Final = "kept"
"""Lanes of a line; those of booked tickets are named by their time."""
_BLOCK: Final = ":"


def block_lane(first: int, *, priority: bool) -> str:
    """Return the lane of those who got numbers of a device's block, which begins with `first`."""
    return f"{PRIORITY if priority else WALK_IN}{_BLOCK}{first}"


def of_block(lane: str) -> bool:
    """Return whether a lane is one of a device's block."""
    return _BLOCK in lane


def before_others(lane: str) -> bool:
    """Return whether who waits in a lane may be called before his turn."""
    return lane.partition(_BLOCK)[0] == PRIORITY


class TicketState(StrEnum):
    """How far the holder of a ticket has come."""

    WAITING = "waiting"
    CALLED = "called"
    RECALLED = "recalled"
    """Called again: he did not come, or another booth has sent him."""
    SERVING = "serving"
    ON_HOLD = "on_hold"
    """Set aside by the booth, which goes on with him later."""
    SENT = "sent"
    """On the way to another booth, which takes him next."""
    SERVED = "served"
    TRANSFERRED = "transferred"
    """Goes on in the line of another service, under another number."""
    LEFT = "left"
    NO_SHOW = "no_show"
    UNSERVED = "unserved"
    """Still waited when his line was closed, or did not come to it any more; was offered others."""
    VOID = "void"
    """The request was withdrawn before the ticket was called."""


class Act(StrEnum):
    """What a booth does with a ticket that it has called."""

    START = "start"
    RECALL = "recall"
    HOLD = "hold"
    RESUME = "resume"
    SERVE = "serve"
    LEAVE = "leave"
    NO_SHOW = "no_show"


ASKED: Final = frozenset({TicketState.CALLED, TicketState.RECALLED})
"""States in which a booth asks for the holder, who has not come yet."""
_HERE: Final = ASKED | {TicketState.SERVING}
AT_BOOTH: Final = _HERE | {TicketState.ON_HOLD}
"""States in which a ticket is the business of the booth that called it."""
_ALLOWED: Final[Mapping[Act, tuple[frozenset[TicketState], TicketState]]] = {
    Act.START: (ASKED, TicketState.SERVING),
    Act.RECALL: (ASKED, TicketState.RECALLED),
    Act.HOLD: (_HERE, TicketState.ON_HOLD),
    Act.RESUME: (frozenset({TicketState.ON_HOLD}), TicketState.SERVING),
    Act.SERVE: (AT_BOOTH, TicketState.SERVED),
    Act.LEAVE: (AT_BOOTH | {TicketState.WAITING, TicketState.SENT}, TicketState.LEFT),
    Act.NO_SHOW: (ASKED | {TicketState.SENT, TicketState.ON_HOLD}, TicketState.NO_SHOW),
}
"""From which states an act is allowed, and what it leads to."""
_OVER: Final = {
    TicketState.WAITING: ("not_called", "no booth has called this ticket yet"),
    TicketState.SENT: ("other_booth", "the ticket was sent to another booth"),
    TicketState.SERVED: ("already_served", "this ticket was served"),
    TicketState.TRANSFERRED: ("transferred", "the holder waits for another service now"),
    TicketState.LEFT: ("left", "the holder has left"),
    TicketState.NO_SHOW: ("no_show", "the holder did not come, and has to join again"),
    TicketState.UNSERVED: ("unserved", "the line was closed before this ticket was served"),
    TicketState.VOID: ("void", "the request was withdrawn"),
}


def ticket_id(event_id: str, service: str, number: int) -> str:
    """Return the id of a ticket, which is its place in a line."""
    return f"{event_id}/{service}/{number}"


@dataclass(frozen=True, slots=True)
class Before:
    """How a ticket stood before what was done with it last, and when that was."""

    at: datetime
    state: TicketState
    booth_id: str | None
    called_at: datetime | None
    started_at: datetime | None
    channel: str | None = None
    region_code: str | None = None
    """What was told of the ticket then, so that the same is taken back."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a line. Without a case nobody has been asked yet who holds it.

    `region_code` is where the applicant lives, as the request says.
    `joined_at` is his place in the order: when he came, or the time that he booked.
    """

    event_id: str
    programme_id: str
    service: str
    number: int
    case_id: str | None
    channel: str | None
    region_code: str | None
    issued_at: datetime
    joined_at: datetime
    lane: str = WALK_IN
    place: int = 0
    """Counted from 0 in its lane; in that of a device's block microseconds since it was leased."""
    version: int = 1
    state: TicketState = TicketState.WAITING
    booth_id: str | None = None
    called_at: datetime | None = None
    started_at: datetime | None = None
    in_order: bool = True
    """False: called before his turn."""
    before: Before | None = None
    arrival_id: str | None = None
    """Who came through the gate with it."""
    offers: tuple[OfferKind, ...] = ()
    """What was offered to the holder, who was not served."""
    letter: str = ""
    """Its line's."""
    held: bool = False
    """A booth's device held it once, which happens once in a ticket's life."""

    @property
    def label(self) -> str:
        """Return what people read on the paper and the board."""
        return f"{self.letter}{self.number}"

    @property
    def has_priority(self) -> bool:
        """Return whether the holder may be called before his turn."""
        return before_others(self.lane)

    @property
    def came_late(self) -> bool:
        """Return whether a device gave it out without uplink."""
        return of_block(self.lane)

    @property
    def served_at(self) -> datetime | None:
        """Return when a booth had done its part; None where none has."""
        return self.before.at if self.before and self.state is TicketState.SERVED else None

    @property
    def id(self) -> str:
        """Return the ticket's id."""
        return ticket_id(self.event_id, self.service, self.number)

    @property
    def turn(self) -> tuple[datetime, int]:
        """Return what decides between two tickets of a line: the lower one is earlier."""
        return self.joined_at, self.number

    def call(self, booth_id: str, now: datetime, *, in_order: bool = True) -> "Ticket":
        """Ask for the holder at a booth. Which ticket is to be called, its line decides."""
        again = self.called_at is not None
        state = TicketState.RECALLED if again else TicketState.CALLED
        return replace(
            self._changed(state, now), booth_id=booth_id, called_at=now, in_order=in_order
        )

    def can(self, act: Act) -> bool:
        """Return whether the booth whose business the ticket is can do this now."""
        return self.state in _ALLOWED[act][0]

    @property
    def can_rejoin(self) -> bool:
        """Return whether the holder has lost his place and may join again."""
        return self.state is TicketState.NO_SHOW

    @property
    def undo_until(self) -> datetime | None:
        """Return until when what was done last can be undone; None: not at all."""
        if self.before is None or self.ended_by_closing:
            return None
        return self.before.at + UNDO_WITHIN

    def can_undo(self, now: datetime) -> bool:
        """Return whether what was done last can still be undone."""
        return self.undo_until is not None and now <= self.undo_until

    def act(self, act: Act, booth_id: str, now: datetime) -> "Ticket":
        """Do something with a ticket at the booth that called it.

        Raises Refused: not_called, already_served, transferred, left, no_show, void, other_booth,
        not_now.
        """
        allowed, state = _ALLOWED[act]
        self._require(act, allowed, booth_id)
        changed = replace(self._changed(state, now), booth_id=booth_id)
        if act is Act.START or (act is Act.SERVE and self.started_at is None):
            start = now if act is Act.START else self.called_at
            return replace(changed, started_at=start)
        return replace(changed, called_at=now) if act is Act.RECALL else changed

    def _require(self, act: Act, allowed: frozenset[TicketState], booth_id: str) -> None:
        if self.state not in allowed:
            said = f"the ticket is {self.state.value}: {act.value} is not possible"
            raise Refused(*_OVER.get(self.state, ("not_now", said)))
        if self.state in AT_BOOTH and self.booth_id != booth_id:
            raise Refused("other_booth", "another booth called this ticket")

    def send(self, booth_id: str, to_booth: str, now: datetime) -> "Ticket":
        """Send the holder on to another booth with the same service. Raises Refused as `act`."""
        self._require(Act.HOLD, AT_BOOTH, booth_id)
        sent = replace(self._changed(TicketState.SENT, now), booth_id=to_booth, started_at=None)
        return replace(sent, before=None)

    def transfer(self, booth_id: str, now: datetime) -> "Ticket":
        """End here, because the holder goes on for another service. Raises Refused as `act`."""
        self._require(Act.HOLD, AT_BOOTH, booth_id)
        return replace(self._changed(TicketState.TRANSFERRED, now), before=None)

    def rejoin(self, lane: str, place: int, joined_at: datetime) -> "Ticket":
        """Wait anew, behind those who wait. Raises Refused: not_gone."""
        if not self.can_rejoin:
            raise Refused("not_gone", f"the ticket is {self.state.value}: it keeps its place")
        waits = replace(self._changed(TicketState.WAITING, joined_at), before=None, booth_id=None)
        return replace(waits, lane=lane, place=place, joined_at=joined_at, called_at=None)

    def undo(self, now: datetime) -> "Ticket":
        """Return to how it stood before what was done last.

        Raises Refused: nothing_to_undo, undo_too_late.
        """
        if self.undo_until is None:
            raise Refused("nothing_to_undo", "what was done last with this ticket cannot be undone")
        if not self.can_undo(now):
            raise Refused("undo_too_late", "it was done more than two minutes ago")
        return self.as_before()

    def as_before(self) -> "Ticket":
        """Return to how it stood before what was done last, however long ago that was."""
        if self.before is None:
            return self
        return replace(
            self,
            version=self.version + 1,
            state=self.before.state,
            booth_id=self.before.booth_id,
            called_at=self.before.called_at,
            started_at=self.before.started_at,
            before=None,
            offers=(),
        )

    def hold(self) -> "Ticket":
        """Let a booth's device call the holder without asking."""
        return replace(self, version=self.version + 1, held=True)

    def assign(self, case_id: str, channel: str, region_code: str) -> "Ticket":
        """Let it be the ticket of a request that was recorded after it was given out."""
        return replace(
            self,
            version=self.version + 1,
            case_id=case_id,
            channel=channel,
            region_code=region_code,
        )

    def end_unserved(self, offers: tuple[OfferKind, ...], at: datetime) -> "Ticket":
        """End because the line is closed, with what the holder is offered instead.

        No booth can undo it. A call from before it that is told later takes it back.
        """
        return replace(self._changed(TicketState.UNSERVED, at), offers=offers)

    def absent_at_closing(
        self, booth_id: str, offers: tuple[OfferKind, ...], at: datetime
    ) -> "Ticket":
        """End because the holder does not come to a booth that called him, the line being closed.

        Unlike a no-show he cannot join again. The booth can undo it. Raises Refused as `act`.
        """
        absent = self.act(Act.NO_SHOW, booth_id, at)
        return replace(absent, state=TicketState.UNSERVED, offers=offers)

    @property
    def ended_by_closing(self) -> bool:
        """Return whether the closing ended it while its holder waited."""
        waited = self.before is not None and self.before.state is TicketState.WAITING
        return self.state is TicketState.UNSERVED and waited

    @property
    def did_not_come(self) -> bool:
        """Return whether a booth called the holder in vain, before the closing or by then."""
        ends = {TicketState.NO_SHOW, TicketState.UNSERVED}
        return self.state in ends and not self.ended_by_closing

    @property
    def ended_uncalled(self) -> bool:
        """Return whether it ended while its holder waited, and can wait again."""
        ended = self.state in {TicketState.UNSERVED, TicketState.LEFT}
        return ended and self.before is not None and self.before.state is TicketState.WAITING

    def void(self) -> "Ticket":
        """Take a waiting ticket out of its line."""
        return replace(self, version=self.version + 1, state=TicketState.VOID, before=None)

    def _changed(self, state: TicketState, now: datetime) -> "Ticket":
        before = Before(
            now,
            self.state,
            self.booth_id,
            self.called_at,
            self.started_at,
            self.channel,
            self.region_code,
        )
        return replace(self, version=self.version + 1, state=state, before=before)
