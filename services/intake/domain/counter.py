"""What a counter claims that went on without uplink, beside what the office knows itself.

A laptop's clock proves nothing: the office's time of arrival counts, and the claim is kept beside
it. That a visit belongs to an event's day is known from the event, not from the laptop.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.intake.domain.catalogue import Catalogue, Entry
from services.intake.domain.programme import ONLINE, CatalogueService, PlannedEvent, Programme

AT_COUNTER: Final = "event"
"""The channel of what a counter takes."""
AT_DOOR: Final = "agent"
"""That of what an agent takes at somebody's door."""

KIT_SHAPE: Final = 3
"""Counted up with every change of what a laptop takes along, or of what its page keeps."""
COUNTER_DAYS: Final = 7
"""Days after an event within which what its counters wrote down is still taken."""
CLOCK_OFF: Final = timedelta(minutes=5)
"""From here on a laptop's clock is called wrong."""


_PREFIX, _COUNT = "[0-9A-HJKMNP-TV-Z]{4}", "[0-9]{3,5}"
NUMBER: Final = f"{_PREFIX}-{_COUNT}"
"""The pattern of the number on a counter's receipt, such as `7K2M-003`: its laptop's, counted."""
_NUMBER: Final = re.compile(f"({_PREFIX})[- ]?({_COUNT})")
_ALIKE: Final = str.maketrans("OIL", "011")
"""Signs that no number has, and what was meant by them."""


def read_number(typed: str) -> str | None:
    """Return the number of a counter's receipt as it is kept, however it is typed; None: none."""
    found = _NUMBER.fullmatch(typed.strip().upper().translate(_ALIKE))
    return "-".join(found.groups()) if found else None


@dataclass(frozen=True, slots=True)
class CounterClaim:
    """What a laptop says of an entry: which one it is, the number on its paper, and when it was.

    `clock_ahead`: seconds that its clock was ahead when it last heard the office before that.
    """

    device: str
    number: str
    claimed_at: datetime
    clock_ahead: int = 0

    @property
    def prefix(self) -> str:
        """Return with what the numbers of this laptop begin."""
        return self.number.partition("-")[0]

    @property
    def happened_at(self) -> datetime:
        """Return when it was, with the laptop's clock put right as far as it was known."""
        try:
            return self.claimed_at - timedelta(seconds=self.clock_ahead)
        except OverflowError:
            return self.claimed_at

    @property
    def clock_off(self) -> bool:
        """Return whether the laptop's clock was wrong."""
        return clock_off(self.clock_ahead)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the office has of one laptop at an event."""

    device: str
    prefix: str
    """With which the numbers on its receipts begin."""
    visits: int
    cases: int
    last_at: datetime
    clock_ahead: int
    """Of its newest visit."""

    @property
    def clock_off(self) -> bool:
        """Return whether the laptop's clock was wrong at its newest visit."""
        return clock_off(self.clock_ahead)


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked for in one place; without a catalogue a service by its name."""

    service: CatalogueService
    entry: Entry | None = None

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.entry.name if self.entry else self.service.name


def offered_at(
    event: PlannedEvent, programme: Programme, catalogue: Catalogue | None
) -> Iterator[Offer]:
    """Yield what counters of an event take: what it has a booth for and the channel promises."""
    offers = offered_in(AT_COUNTER, programme, catalogue)
    yield from (one for one in offers if one.service.code in event.services)


def offered_in(channel: str, programme: Programme, catalogue: Catalogue | None) -> Iterator[Offer]:
    """Yield what can be asked for in a channel of a programme."""
    for service in programme.services:
        entries = catalogue.entries_of(service.code) if catalogue else ()
        yield from (Offer(service, one) for one in entries if one.taken_in(channel))
        if not entries:
            yield Offer(service)


def office_channels(programme: Programme) -> list[str]:
    """Return the channels whose requests are written down at the office.

    The others are elsewhere: at an event, by the resident himself, by an agent.
    """
    return sorted({*programme.channels} - {AT_COUNTER, ONLINE, AT_DOOR})


def clock_off(ahead: int) -> bool:
    """Return whether a clock that was so many seconds ahead is called wrong."""
    return abs(ahead) >= CLOCK_OFF.total_seconds()


def counter_open(today: date, event_on: date) -> bool:
    """Return whether an event's counters may still be set up, and what they send is its day's."""
    return (today - event_on).days <= COUNTER_DAYS


def counted_as(arrived_on: date, event_on: date) -> date:
    """Return the day on which what a counter sends counts as asked for.

    Within COUNTER_DAYS after the event it is the event's own day; later nothing is put back.
    """
    late = arrived_on > event_on
    return event_on if late and counter_open(arrived_on, event_on) else arrived_on
