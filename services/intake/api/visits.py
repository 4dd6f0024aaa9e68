"""A visit over HTTP: several people's requests in one command, also from a counter, sent later."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.intake.api.fields import Domicile, GateCode, invalid, require_region
from services.intake.api.requests import (
    SEEN_LIMIT,
    PartyName,
    PersonBody,
    RecordedAnswer,
    Recording,
    RecordingDep,
    require_province,
)
from services.intake.api.rights import allowed
from services.intake.api.sealed import openable
from services.intake.api.told import LifeEventAnswer, told_of_event
from services.intake.api.visit_refusals import refused_visit
from services.intake.domain import (
    PARTIES_LIMIT,
    Basis,
    NamedParty,
    NewRequest,
    Person,
    Refused,
    TargetGroup,
    require_door,
    require_parties,
)
from services.intake.domain.counter import NUMBER, CounterClaim
from services.intake.domain.visit import VISIT_PEOPLE, VISIT_REQUESTS, SeenFor, Wanted
from services.intake.usecases import InVisit, NewVisit, record_visit
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
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
from shared.messaging.task import Outcome
from shared.runtime import SentDep
from shared.web.body import Body, Unfit
from shared.web.claims import ClaimedAt, ClockAhead
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields

RULES: Final[RouteRules] = {
    "POST /api/visits": Rule({Role.OPERATOR, Role.AGENT, Role.CHANNEL, Role.IMPORTER}),
}


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


class SeenBody(Body):
    """A requirement whose paper an operator saw, as on a counter; no file of it is kept."""

    requirement_id: Slug
    variant: ServiceCode | None = None
    """Of a life event: of which of what it opens. A service's requests need none."""


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
    seen: Annotated[tuple[SeenBody, ...], Field(max_length=SEEN_LIMIT * 3)] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.service is None) == (self.life_event is None):
            raise Unfit("either a service or a life event is needed")
        if self.variant is not None and self.service is None:
            raise Unfit("a variant goes with its service")
        if any((one.variant is None) == (self.service is None) for one in self.seen):
            raise Unfit("what was seen names its variant for a life event, and for nothing else")
        return self

    def wanted(self, request: NewRequest) -> Wanted:
        """Return what this asks for, given its request."""
        seen = tuple(SeenFor(one.requirement_id, one.variant or "") for one in self.seen)
        if self.life_event is None:
            request = replace(request, seen=tuple(one.requirement for one in seen))
        return Wanted(request, self.life_event, seen if self.life_event else ())


class CounterBody(Body):
    """What the laptop of a counter says that wrote a visit down and sends it when it can.

    `entry_id` becomes the visit's id, so that its paper and the record are known to be one. The
    office's time of arrival counts; `claimed_at` is kept beside it, however wrong the clock.
    """

    entry_id: UUID
    device: UUID
    number: Annotated[str, Field(pattern=f"^{NUMBER}$")]
    """What stands on the provisional receipt, such as `7K2M-003`."""
    claimed_at: ClaimedAt
    clock_ahead: ClockAhead = 0
    """Seconds that its clock was ahead when it last heard the office."""

    def claim(self) -> CounterClaim:
        """Return the claim that this describes."""
        return CounterClaim(str(self.device), self.number, self.claimed_at, self.clock_ahead)


class VisitBody(Body):
    """People who come together, each said once, and what each of them wants."""

    programme_id: ProgrammeId
    channel: Channel
    event_id: AggregateId | None = None
    arrival_code: GateCode = None
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
        wanted = tuple(one.wanted(self._request(one, people)) for one in self.requests)
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
            arrival_code=self.arrival_code,
        )


class VisitedAnswer(RecordedAnswer):
    """One request of a visit, as a single one is answered. `index`: what was asked for."""

    index: int
    service: str


class VisitRecordedAnswer(BaseModel):
    """What the people of a visit take along."""

    visit_id: str
    requests: list[VisitedAnswer]
    life_events: list[LifeEventAnswer]
    arrived_at: datetime | None = None
    """When the office took it, by its own clock."""


router = APIRouter(prefix="/api/visits")


@router.post("", status_code=201)
async def post_visit(
    body: VisitBody,
    caller: CallerDep,
    parts: RecordingDep,
    sent: SentDep,
) -> VisitRecordedAnswer:
    """Record all requests of a visit or none; the same Idempotency-Key brings the same answer.

    A refusal names with `index` which of `requests` it is about. Of two requests of one person for
    one service at one event in this visit, `same_as` names the other.
    """
    caller.regions(body.programme_id)  # refuses another tenant before anything is checked
    visit_id = str(body.counter.entry_id) if body.counter else new_id()
    _check_people(body, parts)
    new = body.visit(visit_id)
    _check_requests(new)
    record = parts.recorder.recording(allowed(caller), body.occurred_at)
    try:
        with openable():
            outcome = await parts.commands.run(
                lambda uow: record_visit(
                    new,
                    uow,
                    record=record,
                    new_codes=parts.recorder.new_codes,
                    catalogues=parts.recorder.catalogues,
                ),
                sent=sent,
                key=visit_id,
            )
    except InVisit as refused:
        raise refused_visit(refused) from None
    return await _recorded(outcome, new, caller, parts)


def _check_people(body: VisitBody, parts: Recording) -> None:
    """Refuse people who cannot be, who are not there, and who want nothing: why name them."""
    require_region(parts.regions, body.region_code, "/region_code")
    for number, one in enumerate(body.people):
        if one.region_code is not None:
            require_region(parts.regions, one.region_code, f"/people/{number}/region_code")
        require_province(parts.regions, one.person(), f"/people/{number}/nik")
    _require_each_once(body)
    named = set[int]()
    for number, wanted in enumerate(body.requests):
        at = f"/requests/{number}"
        said = {f"{at}/applicant": wanted.applicant}
        said |= {f"{at}/parties/{i}/person": p.person for i, p in enumerate(wanted.parties)}
        for field, person in said.items():
            if person >= len(body.people):
                raise InvalidFields(FieldError(field, "nobody in `people` has this number"))
        named |= set(said.values())
    for number in range(len(body.people)):
        if number not in named:
            raise InvalidFields(FieldError(f"/people/{number}", "is in none of the requests"))


def _require_each_once(body: VisitBody) -> None:
    """Refuse a person who is said twice: two objects would become two residents."""
    niks = [one.nik for one in body.people if one.nik is not None]
    for number, one in enumerate(body.people):
        if one.nik is not None and niks.count(one.nik) > 1:
            raise InvalidFields(FieldError(f"/people/{number}/nik", "somebody else has it too"))


def _check_requests(new: NewVisit) -> None:
    """Refuse what is wrong in every programme, naming the request."""
    for number, wanted in enumerate(new.wanted):
        try:
            require_parties(wanted.request.person, wanted.request.others)
            if wanted.request.at_home:
                require_door(wanted.request)
        except Refused as refused:
            raise invalid(refused, f"/requests/{number}") from None


async def _recorded(
    outcome: Outcome, new: NewVisit, caller: Caller, parts: Recording
) -> VisitRecordedAnswer:
    answer: dict[str, Any] = outcome.answer
    data_use = await parts.receipts.of(new.programme_id)
    requests = []
    for one in answer["cases"]:
        asked = new.wanted[one["index"]].request
        single = Outcome(one, duplicate=outcome.duplicate)
        said = await parts.answered(single, asked, caller, data_use)
        requests.append(VisitedAnswer(**said, index=one["index"], service=one["service"]))
    events = [
        await told_of_event(one, new.programme_id, parts.recorder.catalogues)
        for one in answer["told"]
    ]
    return VisitRecordedAnswer(
        visit_id=answer["visit_id"],
        requests=requests,
        life_events=[event for event in events if event is not None],
        arrived_at=answer.get("arrived_at"),
    )
