"""The body of a visit: people who come together, what each wants, and what a counter claims."""

from datetime import UTC, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from services.intake.api.fields import Domicile
from services.intake.api.requests import PartyName, PersonBody
from services.intake.domain import (
    PARTIES_LIMIT,
    Basis,
    NamedParty,
    NewRequest,
    Person,
    TargetGroup,
)
from services.intake.domain.counter import CounterClaim
from services.intake.domain.visit import VISIT_PEOPLE, VISIT_REQUESTS, Wanted
from services.intake.usecases import NewVisit
from shared.contracts.event import (
    AggregateId,
    Channel,
    Moment,
    ProgrammeId,
    PublicText,
    ServiceCode,
    Slug,
    TypedNeighbourhoodUnit,
)
from shared.contracts.text import require_written_time
from shared.web.body import Body, Unfit

MAX_AHEAD: Final = 4_000_000_000
"""Seconds, more than a hundred years: a clock that was never set is no reason to refuse."""

ClaimedAt = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2999, 12, 31, tzinfo=UTC)),
    BeforeValidator(require_written_time),
]
"""A laptop's time: one whose battery is empty says 1970, and is no reason to refuse."""

PersonNumber = Annotated[int, Field(ge=0, lt=VISIT_PEOPLE)]
"""Who it is: the place in `people`, from 0."""


class VisitorBody(PersonBody):
    """Somebody of a visit. `region_code` and `rw` where he lives elsewhere than the visit says."""

    region_code: Domicile | None = None
    rw: TypedNeighbourhoodUnit | None = None


class MemberBody(Body):
    """What one of the people is to a request beside its applicant."""

    party: PartyName
    person: PersonNumber
    basis: Basis | None = None


class WantedBody(Body):
    """What one of them wants: a service, or all that belong to a life event."""

    service: ServiceCode | None = None
    variant: ServiceCode | None = None
    life_event: Slug | None = None
    """Such as `birth` or `death`: the catalogue says which services it opens."""
    applicant: PersonNumber
    parties: Annotated[tuple[MemberBody, ...], Field(max_length=PARTIES_LIMIT)] = ()
    pick_up: bool = False
    deliver: bool = False
    reason: PublicText | None = None
    """Why this person asks once more for this service at this event."""
    target_group: TargetGroup | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.service is None) == (self.life_event is None):
            raise Unfit("either a service or a life event is needed")
        if self.variant is not None and self.service is None:
            raise Unfit("a variant goes with its service")
        return self


class CounterBody(Body):
    """What the laptop of a counter says that wrote a visit down and sends it when it can.

    `entry_id` becomes the visit's id, so that its paper and the record are known to be one. The
    office's time of arrival counts; `claimed_at` is kept beside it, however wrong the clock.
    """

    entry_id: UUID
    device: UUID
    number: Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9]{3,5}$")]
    """What stands on the provisional receipt, such as `7K2M-003`."""
    claimed_at: ClaimedAt
    clock_ahead: Annotated[int, Field(ge=-MAX_AHEAD, le=MAX_AHEAD)] = 0
    """Seconds that its clock was ahead when it last heard the office."""

    def claim(self) -> CounterClaim:
        """Return the claim that this describes."""
        return CounterClaim(str(self.device), self.number, self.claimed_at, self.clock_ahead)


class VisitBody(Body):
    """People who come together, each said once, and what each of them wants."""

    programme_id: ProgrammeId
    channel: Channel
    event_id: AggregateId | None = None
    region_code: Domicile
    """Where they live now, by declaration."""
    rw: TypedNeighbourhoodUnit | None = None
    people: Annotated[tuple[VisitorBody, ...], Field(min_length=1, max_length=VISIT_PEOPLE)]
    requests: Annotated[tuple[WantedBody, ...], Field(min_length=1, max_length=VISIT_REQUESTS)]
    occurred_at: Moment | None = None
    counter: CounterBody | None = None

    @model_validator(mode="after")
    def _at_event(self) -> Self:
        if self.counter is not None and (self.event_id is None or self.occurred_at is not None):
            raise Unfit("a counter stands at an event, and claims its time in `counter`")
        return self

    def visit(self, visit_id: str) -> NewVisit:
        """Return the visit that this describes; each person is one object in all requests."""
        people = [one.person() for one in self.people]
        wanted = tuple(Wanted(self._request(one, people), one.life_event) for one in self.requests)
        claim = self.counter.claim() if self.counter else None
        return NewVisit(visit_id, self.programme_id, self.channel, self.event_id, wanted, claim)

    def _request(self, one: WantedBody, people: list[Person]) -> NewRequest:
        visitor = self.people[one.applicant]
        return NewRequest(
            case_id="",
            tracking="",
            programme_id=self.programme_id,
            service=one.service or "",
            channel=self.channel,
            person=people[one.applicant],
            region_code=visitor.region_code or self.region_code,
            rw=visitor.rw or (None if visitor.region_code else self.rw),
            event_id=self.event_id,
            pick_up=one.pick_up,
            deliver=one.deliver,
            repeat_reason=one.reason,
            others=tuple(NamedParty(p.party, people[p.person], p.basis) for p in one.parties),
            variant=one.variant,
            target_group=one.target_group,
        )
