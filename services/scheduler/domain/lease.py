"""What a device may do without uplink: numbers of its own, and whom its booth calls by itself."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduler.domain.booth import Booth
from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import block_lane

MAX_WANTED: Final = 100
"""Unused numbers that a device has of one line at most; so many as a stretch of a lane holds."""
MIN_BLOCK: Final = 10
"""Numbers in a block at least: a lane of a line is made for each."""
MAX_BLOCKS: Final = 120
"""Blocks of a device in which numbers are unused."""
MAX_DEVICES: Final = 120
"""Devices whose leases run at one event: forty-five booths, their gates, and what stands in."""
MAX_ENDED: Final = 880
"""Devices whose leases have ended that are listed; what others tell counts too."""
LEASE_BEFORE: Final = timedelta(hours=36)
"""Before an event's closing: where it is may have no uplink."""
LEASE_AFTER: Final = timedelta(hours=3)
"""After the closing: who waits is still served."""
MERGE_DAYS: Final = 7
"""Days after an event within which is taken in what happened there."""
MAX_STOOD: Final = 60
"""Booths at which one device stood; an event has no more."""
REMEMBERED: Final = timedelta(hours=1)
CLOCK_OFF: Final = timedelta(minutes=5)
"""From here on a device's clock is called wrong."""
CLOCK_OFF_SECONDS: Final = int(CLOCK_OFF.total_seconds())


class LeaseEnd(StrEnum):
    """Why a lease ended before its time."""

    GIVEN_BACK = "given_back"
    TAKEN_BACK = "taken_back"
    """By a supervisor: this device gets none at the event any more."""
    REVOKED = "revoked"
    """With the session or the account that had it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of a line that one device alone gives out. `used`: of which a ticket is known."""

    service: str
    first: int
    size: int
    leased_at: datetime
    letter: str = ""
    used: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """Return the last number."""
        return self.first + self.size - 1

    @property
    def left(self) -> int:
        """Return how many numbers nobody has, as far as is known here."""
        return self.size - len(self.used)

    def has(self, service: str, number: int) -> bool:
        """Return whether a number is of this block."""
        return self.service == service and self.first <= number <= self.last

    def place_of(self, joined_at: datetime) -> int:
        """Return the place in the lane of this block of somebody who joined then."""
        return (joined_at - self.leased_at) // timedelta(microseconds=1)

    def lane(self, *, priority: bool) -> str:
        """Return the lane of those who have its numbers."""
        return block_lane(self.first, priority=priority)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease: an account, in one of its sessions, on a device at an event."""

    event_id: str
    device: str
    account: str
    session: str | None = None
    signed_at: datetime | None = None
    """When the token was issued with which it is asked for."""

    @property
    def access(self) -> tuple[str, ...]:
        """Return what can be revoked: the account, and the session where it has one."""
        return (self.account, self.session) if self.session else (self.account,)


@dataclass(frozen=True, slots=True)
class Lease:
    """What one device has of an event. `clock_ahead`: seconds, when it was last heard of."""

    event_id: str
    device: str
    account: str
    until: datetime
    heard_at: datetime
    version: int = 0
    session: str | None = None
    signed_at: datetime | None = None
    """When the token was issued with which it was asked for."""
    booth_id: str | None = None
    booths: tuple[Booth, ...] = ()
    """Where it stood, as that was planned then: its calls count, whatever is planned since."""
    services: tuple[str, ...] = ()
    """Lines in which it may hold somebody."""
    blocks: tuple[Block, ...] = ()
    clock_ahead: int = 0
    ended: LeaseEnd | None = None
    ended_at: datetime | None = None
    since: datetime | None = None
    """When the device leased first; None: before that was kept."""

    @property
    def id(self) -> str:
        """Return the lease's id."""
        return self.key(self.event_id, self.device)

    @staticmethod
    def key(event_id: str, device: str) -> str:
        """Return the id of a lease."""
        return f"{event_id}/{device}"

    def over_at(self) -> datetime:
        """Return when it ends or has ended."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def runs(self, now: datetime) -> bool:
        """Return whether the device may go on by itself."""
        return now < self.over_at()

    @property
    def clock_off(self) -> bool:
        """Return whether the device's clock was wrong when it was last heard of."""
        return abs(self.clock_ahead) >= CLOCK_OFF_SECONDS

    def revoked_by(self, access_id: str, at: datetime) -> bool:
        """Return whether it ends by the revocation of a session or an account then."""
        if self.ended is not None:
            return False
        whole = access_id == self.account and (self.signed_at is None or self.signed_at <= at)
        return whole or access_id == self.session

    def require_sender(self, account: str, now: datetime) -> None:
        """Refuse to take in what another account tells while the lease runs: other_account.

        Afterwards anybody who works there may, from the papers that people hold.
        """
        if self.account != account and self.runs(now):
            raise Refused("other_account", "the lease of another account, which tells it itself")

    def require(self, account: str) -> None:
        """Refuse where it is not this account's to have: other_account, lease_ended."""
        if self.account != account:
            raise Refused("other_account", "another account has leased for this device")
        if self.ended is LeaseEnd.TAKEN_BACK:
            raise Refused("lease_ended", "a supervisor has taken this device's lease back")

    def renewed(self, holder: Holder, until: datetime, now: datetime, ahead: int) -> "Lease":
        """Run on, in the session of now."""
        return replace(
            self,
            version=self.version + 1,
            until=until,
            heard_at=now,
            session=holder.session,
            signed_at=holder.signed_at,
            clock_ahead=ahead,
            ended=None,
            ended_at=None,
        )

    def booth(self, booth_id: str) -> Booth | None:
        """Return a booth at which it stood, with all the services that it has had meanwhile."""
        return next((booth for booth in self.booths if booth.id == booth_id), None)

    def at_booth(self, booth: Booth | None, services: Collection[str]) -> "Lease":
        """Stand at a booth, with these lines in which somebody is held."""
        moved = replace(
            self, booth_id=booth.id if booth else None, services=tuple(sorted(services))
        )
        if booth is None:
            return moved
        others = tuple(one for one in self.booths if one.id != booth.id)
        stood = (*others, booth.and_before(self.booth(booth.id)))
        return replace(moved, booths=stood[-MAX_STOOD:])

    def end(self, why: LeaseEnd, now: datetime) -> "Lease":
        """End before its time; what is taken back stays so."""
        why = self.ended if self.ended is LeaseEnd.TAKEN_BACK else why
        ended_at = self.ended_at or now
        return replace(self, version=self.version + 1, ended=why, ended_at=ended_at, services=())

    def unused(self, service: str) -> int:
        """Return how many numbers of a line it has that nobody has, as far as is known here."""
        return sum(block.left for block in self.blocks if block.service == service)

    def missing(self, service: str, wanted: int) -> int:
        """Return how many more numbers of a line are due to a device that wants to have so many.

        Blocks do not get small: nothing is added while half of them are there. Raises Refused:
        too_many_blocks.
        """
        left = self.unused(service)
        if 2 * left > wanted:
            return 0
        if len(self.blocks) >= MAX_BLOCKS:
            said = f"numbers: this device has {MAX_BLOCKS} blocks with unused numbers"
            raise Refused("too_many_blocks", said)
        return max(MIN_BLOCK, wanted - left) if wanted else 0

    def with_block(self, block: Block) -> "Lease":
        """Have one more block of numbers."""
        return replace(self, blocks=(*self.blocks, block))

    def block_of(self, service: str, number: int) -> Block:
        """Return the block of a number. Raises Refused: not_leased."""
        found = next((block for block in self.blocks if block.has(service, number)), None)
        if found is None:
            raise Refused("not_leased", "numbers: this device never had one, or it is used up")
        return found

    def using(self, service: str, number: int) -> "Lease":
        """Know that somebody has one of the numbers. A block that is used up is not kept."""
        block = self.block_of(service, number)
        used = replace(block, used=tuple(sorted({*block.used, number})))
        after = tuple(used if one == block else one for one in self.blocks)
        return replace(self, blocks=tuple(one for one in after if one.left))

    def heard(self, now: datetime, ahead: int) -> "Lease":
        """Note that the device has told something."""
        return replace(
            self,
            version=self.version + 1,
            heard_at=now,
            clock_ahead=ahead,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """What was leased by an account or in a session, to be ended when that is revoked."""

    id: str
    version: int = 0
    leases: tuple[tuple[str, datetime], ...] = ()
    """Each with the end of its time."""
    forget_at: datetime | None = None

    def with_lease(self, lease: Lease, now: datetime) -> "Access":
        """Know of one more, and of none whose time is over."""
        others = ((id_, until) for id_, until in self.leases if id_ != lease.id and until > now)
        leases = (*others, (lease.id, lease.until))
        forget_at = max(until for _, until in leases) + REMEMBERED
        return Access(self.id, self.version + 1, leases, forget_at)

    def revoked(self, at: datetime) -> "Access":
        """Have what is leased at the same moment decided again."""
        forget_at = max(self.forget_at or at, at + REMEMBERED)
        return replace(self, version=self.version + 1, forget_at=forget_at)


@dataclass(frozen=True, slots=True)
class Devices:
    """Which devices have leases of an event, under its id; `ended`: whose do not run any more."""

    id: str
    version: int = 0
    devices: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()

    def with_one(self, device: str) -> "Devices":
        """Know of one whose lease runs. Raises Refused: too_many_devices."""
        if device in self.devices:
            return self
        ended = tuple(one for one in self.ended if one != device)
        if len(self.devices) >= MAX_DEVICES:
            raise Refused("too_many_devices", f"{MAX_DEVICES} devices have leases of this event")
        devices = (*self.devices, device)
        return replace(self, version=self.version + 1, devices=devices, ended=ended)

    def without(self, device: str) -> "Devices":
        """Know that the lease of one has ended: another device may lease."""
        if device not in self.devices:
            return self
        devices = tuple(one for one in self.devices if one != device)
        ended = (*self.ended, device)[-MAX_ENDED:]
        return replace(self, version=self.version + 1, devices=devices, ended=ended)


def merge_open(today: date, event_on: date) -> bool:
    """Return whether what happened at an event is still taken in."""
    return (today - event_on).days <= MERGE_DAYS
