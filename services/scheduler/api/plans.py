"""Plans of events over HTTP."""

from collections.abc import Iterator, Sequence
from datetime import time
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from services.scheduler.api.fields import Day, LocalTime, OneLine, Weekday
from services.scheduler.api.parts import EventId, HolidaysDep, PlannedEventId
from services.scheduler.domain import Booth, Offer, OfferKind, Plan
from services.scheduler.usecases import allowed, schedule_event
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId, RegionCode, ServiceCode
from shared.contracts.scheduler import AgencyId, BoothId
from shared.runtime import CommandsDep, SentDep
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api")
RULES: Final[RouteRules] = {"PUT /api/events/{event_id}": Rule({Role.PLANNER})}

MAX_BOOTHS: Final = 60
"""As the contract has it; the largest BOTRAM had 45 (KEMUDI 10(1) 2025)."""
CLOSES: Final = "12:00"
"""Where a plan does not say it: BOTRAM's closing (KEMUDI 10(1) 2025)."""
MAX_WEIGHT: Final = 100
MAX_SERVICES: Final = 10
"""Services at one booth, as the contract has it."""
MAX_OFFERS: Final = 10
"""Offers planned at one event; with the programme's own no more than the contract has it."""
MAX_SERVICES_OFFERED: Final = 100


class BoothBody(Body):
    """A booth. A ticketed one offers services of the programme's catalogue."""

    booth_id: BoothId
    agency: OneLine
    agency_id: AgencyId | None = None
    services: Annotated[tuple[ServiceCode, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    ticketed: StrictBool
    weights: Annotated[
        dict[ServiceCode, Annotated[StrictInt, Field(ge=1, le=MAX_WEIGHT)]],
        Field(max_length=MAX_SERVICES),
    ] = Field(default_factory=dict)
    """How many calls in turn it gives its services, where its programme says otherwise."""

    @field_validator("services")
    @classmethod
    def _each_once(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        _unique(services, "a service twice")
        return services


class PlannedOffer(StrEnum):
    """What an event states; WhatsApp and couriers follow from its programme."""

    AFTERNOON_BOOTH = "afternoon_booth"
    SERVICE_POINT = "service_point"
    NEXT_EVENT = "next_event"


class OfferBody(Body):
    """What those are offered whom the event does not serve; without `services` for each of them.

    `opens` and `closes` are local; an afternoon booth needs both, another event states its own.
    """

    kind: PlannedOffer
    place: OneLine | None = None
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    event_id: PlannedEventId | None = None
    services: Annotated[tuple[ServiceCode, ...], Field(max_length=MAX_SERVICES_OFFERED)] = ()

    @model_validator(mode="after")
    def _whole(self) -> "OfferBody":
        wrong = [field for field, fits in self._fitting() if not fits]
        if wrong:
            raise Unfit(f"{self.kind.value}: {', '.join(wrong)} missing or in vain")
        if self.opens is not None and self.closes is not None and self.closes <= self.opens:
            raise Unfit("closes must be later than opens, on the same day")
        return self

    def _fitting(self) -> Iterator[tuple[str, bool]]:
        elsewhere = self.kind is PlannedOffer.NEXT_EVENT
        yield "event_id", (self.event_id is not None) is elsewhere
        yield "place", (self.place is None) is elsewhere
        hours = self.opens is not None and self.closes is not None
        none = self.opens is None and self.closes is None
        needed = self.kind is PlannedOffer.AFTERNOON_BOOTH
        yield "opens, closes", none if elsewhere else hours or (none and not needed)

    def offer(self) -> Offer:
        """Return the offer."""
        opens = time.fromisoformat(self.opens) if self.opens else None
        closes = time.fromisoformat(self.closes) if self.closes else None
        kind = OfferKind(self.kind.value)
        return Offer(kind, self.place, None, opens, closes, self.event_id, self.services)

    @classmethod
    def of(cls, offer: Offer) -> "OfferBody":
        """Return an offer as it was planned."""
        return cls(
            kind=PlannedOffer(offer.kind.value),
            place=offer.place,
            opens=offer.opens.isoformat("minutes") if offer.opens else None,
            closes=offer.closes.isoformat("minutes") if offer.closes else None,
            event_id=offer.event_id,
            services=offer.services,
        )


class EventBody(Body):
    """An event as it shall stand."""

    programme_id: ProgrammeId
    name: OneLine
    place: OneLine
    region_code: RegionCode
    on: Day
    opens: LocalTime
    closes: LocalTime = Field(default=CLOSES, validate_default=True)
    booths: Annotated[tuple[BoothBody, ...], Field(min_length=1, max_length=MAX_BOOTHS)]
    offers: Annotated[tuple[OfferBody, ...], Field(max_length=MAX_OFFERS)] = ()
    """What those are offered whom it does not serve, beside the programme's own ways."""
    weekday: Weekday | None = Field(
        default=None, description="As the printed schedule has it; a difference is a warning."
    )

    @field_validator("closes")
    @classmethod
    def _after_opening(cls, closes: str, info: ValidationInfo) -> str:
        opens = info.data.get("opens")
        if opens is not None and closes <= opens:
            raise Unfit("must be later than opens, on the same day")
        return closes

    @field_validator("booths")
    @classmethod
    def _each_once(cls, booths: tuple[BoothBody, ...]) -> tuple[BoothBody, ...]:
        _unique([booth.booth_id for booth in booths], "a booth_id twice")
        return booths

    def plan(self) -> Plan:
        """Return the plan."""
        return Plan(
            programme_id=self.programme_id,
            name=self.name,
            place=self.place,
            region_code=self.region_code,
            on=self.on,
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
            booths=tuple(
                Booth(b.booth_id, b.agency, b.services, b.ticketed, b.agency_id, b.weights)
                for b in self.booths
            ),
            offers=tuple(one.offer() for one in self.offers),
        )


def _unique(values: Sequence[str], otherwise: str) -> None:
    if len(set(values)) < len(values):
        raise Unfit(otherwise)


class WarningAnswer(BaseModel):
    """What is unusual about a day; the event stands nevertheless."""

    reason: str
    detail: str


class ScheduledAnswer(BaseModel):
    """How an event stands now."""

    event_id: str
    version: int
    weekday: Weekday
    warnings: list[WarningAnswer]
    passed_by: int
    """Of those who join later, how many can be called before somebody with a hundred before him.

    It follows from the programme's policy as it stands.
    """


@router.put("/events/{event_id}")
async def put_event(
    event_id: EventId,
    body: EventBody,
    caller: CallerDep,
    commands: CommandsDep,
    holidays: HolidaysDep,
    sent: SentDep,
) -> ScheduledAnswer:
    """Plan an event, or plan it anew; the same content again changes nothing."""
    plan = body.plan()
    outcome = await commands.run(
        lambda uow: schedule_event(
            event_id,
            plan,
            uow,
            allow=allowed(caller),
            holidays=holidays,
            weekday=body.weekday.number if body.weekday else None,
        ),
        sent=sent,
        key=event_id,
    )
    return ScheduledAnswer(event_id=event_id, weekday=Weekday.of(plan.on), **outcome.answer)
