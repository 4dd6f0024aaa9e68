"""Devices without uplink over HTTP: what they lease, and what they tell later."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictBool, StrictInt, model_validator

from services.scheduler.api.arrivals import GivenAnswer
from services.scheduler.api.booths import TicketAnswer
from services.scheduler.api.parts import EventId, ReaderDep, visible_event
from services.scheduler.api.plans import MAX_SERVICES
from services.scheduler.domain import (
    MAX_HELD,
    MAX_NUMBER,
    MAX_WANTED,
    Claim,
    ConflictKind,
    Holder,
    LateAct,
    LateCall,
    LateEnd,
    LateIssue,
    LateStep,
    LateStory,
    Lease,
    LeaseEnd,
)
from services.scheduler.domain.late import MAX_STEPS
from services.scheduler.usecases import (
    Clock,
    LeaseWanted,
    allowed,
    end_lease,
    merge,
    supervising,
    take_lease,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ServiceCode
from shared.contracts.intake import TypedArrivalCode
from shared.contracts.scheduler import BoothId
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body, Unfit
from shared.web.claims import ClaimedAt, ClockAhead
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api/events/{event_id}")
_OPERATORS: Final = Rule({Role.OPERATOR, Role.AGENCY_OPERATOR})
_SUPERVISOR: Final = Rule({Role.SUPERVISOR})
RULES: Final[RouteRules] = {
    "PUT /api/events/{event_id}/leases/{device}": _OPERATORS,
    "POST /api/events/{event_id}/leases/{device}/stories": _OPERATORS,
    "DELETE /api/events/{event_id}/leases/{device}": Rule(
        {Role.OPERATOR, Role.AGENCY_OPERATOR, Role.SUPERVISOR}
    ),
    "GET /api/events/{event_id}/leases": _SUPERVISOR,
}
MAX_STORIES: Final = 50
"""Of one kind in one body."""
MAX_LINES: Final = 60
"""Lines of which one device has numbers."""

DevicePath = Annotated[
    UUID, Path(description="Made by the device, random, kept by it for the event.")
]


class LeaseBody(Body):
    """What a device wants to have: unused numbers of each line, and people held for its booth."""

    booth_id: BoothId | None = None
    numbers: Annotated[
        dict[ServiceCode, Annotated[StrictInt, Field(ge=1, le=MAX_WANTED)]],
        Field(max_length=MAX_LINES),
    ] = Field(default_factory=dict)
    hold: Annotated[StrictInt, Field(ge=0, le=MAX_HELD)] = 0
    clock_ahead: ClockAhead = 0

    @model_validator(mode="after")
    def _for_something(self) -> Self:
        if self.booth_id is None and (self.hold or not self.numbers):
            raise Unfit("a gate wants numbers, and a booth says which it is")
        return self


class BlockAnswer(BaseModel):
    """Numbers that this device alone gives out, but for those that are `used`."""

    service: str
    letter: str
    first: int
    last: int
    used: list[int]


class HeldAnswer(TicketAnswer):
    """Somebody whom this device alone calls. `priority`: he may be called before his turn.

    It does until `held_until`, or until 50 others of his line were called or held meanwhile, which
    a device without uplink cannot see.
    """

    priority: bool
    joined_at: datetime
    held_until: datetime


class LeaseAnswer(BaseModel):
    """All that a device needs to go on without uplink; nothing of any person.

    Times are the office's; a device counts from `now`, whatever its own clock says. `until` it may
    give out numbers (before `closes_at`) and end what it called, `held_until` call somebody, and no
    longer than until 50 others of his line were called or held.
    """

    event_id: str
    name: str
    on: date
    opens_at: datetime
    closes_at: datetime
    time_zone: str
    booth_id: str | None
    now: datetime
    until: datetime
    blocks: list[BlockAnswer]
    held: list[HeldAnswer]


class IssuedBody(Body):
    """A gate gave people a code that the device made, and numbers of its own."""

    entry_id: UUID
    code: TypedArrivalCode
    numbers: Annotated[
        dict[ServiceCode, Annotated[StrictInt, Field(ge=1, le=MAX_NUMBER)]],
        Field(min_length=1, max_length=MAX_SERVICES),
    ]
    priority: StrictBool = False
    claimed_at: ClaimedAt
    clock_ahead: ClockAhead = 0

    def story(self) -> LateIssue:
        """Return what it tells."""
        numbers = tuple(sorted(self.numbers.items()))
        claim = Claim(self.claimed_at, self.clock_ahead)
        return LateIssue(str(self.entry_id), self.code, numbers, claim, self.priority)


class StepBody(Body):
    """What a booth did with somebody whom it had called."""

    act: LateStep
    claimed_at: ClaimedAt


class CalledBody(Body):
    """A booth called somebody; what it did then, and how that ended, is told again with it.

    `acts`: all since the call, in their order, also those that were told before.
    """

    entry_id: UUID
    booth_id: BoothId
    service: ServiceCode
    number: Annotated[StrictInt, Field(ge=1, le=MAX_NUMBER)]
    claimed_at: ClaimedAt
    clock_ahead: ClockAhead = 0
    acts: Annotated[tuple[StepBody, ...], Field(max_length=MAX_STEPS)] = ()
    end: LateEnd | None = None
    end_claimed_at: ClaimedAt | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.end is None) != (self.end_claimed_at is None):
            raise Unfit("an end has its time, and a time of the end says which end")
        return self

    def story(self) -> LateCall:
        """Return what it tells."""
        ahead = self.clock_ahead
        return LateCall(
            entry_id=str(self.entry_id),
            booth_id=self.booth_id,
            service=self.service,
            number=self.number,
            claim=Claim(self.claimed_at, ahead),
            end=self.end,
            ended=Claim(self.end_claimed_at, ahead) if self.end_claimed_at else None,
            acts=tuple(LateAct(one.act, Claim(one.claimed_at, ahead)) for one in self.acts),
        )


class StoriesBody(Body):
    """What a device tells of what happened without uplink; each with an id that it made."""

    issued: Annotated[tuple[IssuedBody, ...], Field(max_length=MAX_STORIES)] = ()
    called: Annotated[tuple[CalledBody, ...], Field(max_length=MAX_STORIES)] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.issued and not self.called:
            raise Unfit("nothing is told")
        return self

    def stories(self) -> tuple[LateStory, ...]:
        """Return what it tells, numbers before calls."""
        return (*(one.story() for one in self.issued), *(one.story() for one in self.called))


class StoryAnswer(BaseModel):
    """Whether a story is `merged`, was `known`, or is `refused` for a reason and can be told anew.

    `detail`: what is refused of it, by the name of its field.
    `conflicts`: what of it does not agree with others; a supervisor sees it. `tickets`: of numbers
    that are merged just now, what the gate says while their holder still stands there.
    """

    entry_id: str
    outcome: str
    reason: str | None = None
    detail: str | None = None
    conflicts: list[ConflictKind] = []
    tickets: list[GivenAnswer] = []


class LeaseSeen(BaseModel):
    """A device's lease as a supervisor sees it."""

    device: str
    account: str
    booth_id: str | None
    since: datetime | None
    """When it leased first; null where that was before it was kept."""
    heard_at: datetime
    until: datetime
    ended: LeaseEnd | None
    ended_at: datetime | None
    clock_ahead: int
    clock_off: bool
    unused: Mapping[str, int]
    """Numbers of each service that it has, and of which nobody has been told."""


@router.put("/leases/{device}")
async def put_lease(
    event_id: EventId,
    device: DevicePath,
    body: LeaseBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
    clock: Annotated[Clock, Depends(provided(Clock))],
) -> LeaseAnswer:
    """Let a device go on without uplink, or longer; asked again it gets nothing more."""
    holder = Holder(event_id, str(device), caller.subject, caller.session, caller.issued_at)
    wanted = LeaseWanted(body.numbers, body.booth_id, body.hold, body.clock_ahead)
    outcome = await commands.run(
        lambda uow: take_lease(holder, wanted, uow, allow=allowed(caller)), sent=sent, key=event_id
    )
    event = await visible_event(event_id, caller, reader)
    return LeaseAnswer(
        event_id=event.id,
        name=event.plan.name,
        on=event.plan.on,
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        time_zone=event.time_zone,
        booth_id=body.booth_id,
        now=clock(),
        **outcome.answer,
    )


@router.post("/leases/{device}/stories")
async def post_stories(
    event_id: EventId,
    device: DevicePath,
    body: StoriesBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> list[StoryAnswer]:
    """Take in what happened without uplink, in any order and any number of times."""
    lease_id, stories = Lease.key(event_id, str(device)), body.stories()
    outcome = await commands.run(
        lambda uow: merge(lease_id, caller.subject, stories, uow, allow=allowed(caller)),
        sent=sent,
        key=event_id,
    )
    return [StoryAnswer.model_validate(one) for one in outcome.answer]


@router.delete("/leases/{device}", status_code=204)
async def delete_lease(
    event_id: EventId, device: DevicePath, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> None:
    """Give one's own lease back, or as a supervisor take a device's back for the whole event."""
    holder = Holder(event_id, str(device), caller.subject)
    await commands.run(
        lambda uow: end_lease(holder, uow, allow=allowed(caller), supervises=supervising(caller)),
        sent=sent,
        key=event_id,
    )


@router.get("/leases")
async def list_leases(event_id: EventId, caller: CallerDep, reader: ReaderDep) -> list[LeaseSeen]:
    """Return what devices have leased of an event, by device."""
    await visible_event(event_id, caller, reader)
    return [_lease(lease) for lease in await reader.leases(event_id)]


def _lease(lease: Lease) -> LeaseSeen:
    services = sorted({block.service for block in lease.blocks})
    return LeaseSeen(
        device=lease.device,
        account=lease.account,
        booth_id=lease.booth_id,
        since=lease.since,
        heard_at=lease.heard_at,
        until=lease.until,
        ended=lease.ended,
        ended_at=lease.ended_at,
        clock_ahead=lease.clock_ahead,
        clock_off=lease.clock_off,
        unused={service: lease.unused(service) for service in services},
    )
