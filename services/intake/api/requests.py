"""Requests over HTTP: recorded, worked step by step, shown to whoever works on them."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from services.intake.api.answers import CaseAnswer, RequestAnswer, case_answer, request_answer
from services.intake.api.parts import Parts, fitting, invalid, require_region
from services.intake.domain import (
    NewRequest,
    Person,
    Refused,
    State,
    Step,
    checked_address,
    checked_name,
    checked_nik,
    checked_phone,
    digest,
    require_door,
)
from services.intake.usecases import Allow, Place, record_request, take_step
from shared.auth.roles import Caller, Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import (
    AggregateId,
    Channel,
    Moment,
    NeighbourhoodUnit,
    ProgrammeId,
    ServiceCode,
)
from shared.runtime.commands import SentDep
from shared.web.body import Body
from shared.web.guard import CallerDep, shows_person
from shared.web.problems import FieldError, InvalidFields, NotFound

RULES: Final[RouteRules] = {
    "POST /api/requests": Rule({Role.OPERATOR, Role.AGENT, Role.SERVICE, Role.IMPORTER}),
    "GET /api/requests": Rule({Role.OPERATOR, Role.SERVICE}),
    "GET /api/requests/{case_id}": Rule({Role.OPERATOR}),
    "POST /api/requests/{case_id}/steps": Rule({Role.OPERATOR, Role.IMPORTER}),
}

PAGE: Final = 200
"""Cases in one answer at most."""

Domicile = Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}(\.[0-9]{4})?$")]
CasePath = Annotated[AggregateId, Path()]


class ApplicantBody(Body):
    """Who asks, or for whom. A newborn has no NIK; not everybody has a phone."""

    name: Annotated[str, AfterValidator(fitting(checked_name))]
    nik: Annotated[str, AfterValidator(fitting(checked_nik))] | None = None
    phone: Annotated[str, AfterValidator(fitting(checked_phone))] | None = None
    address: Annotated[str, AfterValidator(fitting(checked_address))] | None = None


class RequestBody(Body):
    """What is asked for. `region_code` is where the applicant lives now, by declaration."""

    programme_id: ProgrammeId
    service: ServiceCode
    channel: Channel
    applicant: ApplicantBody
    region_code: Domicile
    rw: NeighbourhoodUnit | None = None
    event_id: AggregateId | None = None
    pick_up: bool = False
    deliver: bool = False
    occurred_at: Moment | None = None

    def request(self, case_id: str, tracking: str) -> NewRequest:
        """Return the request that this describes."""
        return NewRequest(
            case_id=case_id,
            tracking=tracking,
            programme_id=self.programme_id,
            service=self.service,
            channel=self.channel,
            person=Person(**self.applicant.model_dump()),
            region_code=self.region_code,
            rw=self.rw,
            event_id=self.event_id,
            pick_up=self.pick_up,
            deliver=self.deliver,
        )


class StepBody(Body):
    """What an operator decides. `occurred_at` is when it happened, where that was earlier."""

    step: Step
    occurred_at: Moment | None = None


class RecordedAnswer(BaseModel):
    """What the applicant takes along.

    `receipt_code` is null where nothing is brought, and where an agent asks: the recipient's word
    is held against his.
    """

    case_id: str
    tracking_code: str
    receipt_code: str | None
    status: State
    due_on: date | None


class StateAnswer(BaseModel):
    """How far the case has come."""

    state: State


class PageAnswer(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[CaseAnswer]
    next_cursor: str | None


def routes(parts: Parts) -> APIRouter:
    """Return the routes of requests."""
    router = APIRouter(prefix="/api/requests")

    @router.post("", status_code=201)
    async def post_request(body: RequestBody, caller: CallerDep, sent: SentDep) -> RecordedAnswer:
        """Record a request; the same Idempotency-Key brings the same answer."""
        caller.regions(body.programme_id)  # refuses another tenant before anything is checked
        case_id = new_id()
        new = body.request(case_id, digest(parts.codes.code(case_id)))
        _check(new, parts)
        outcome = await parts.commands.run(
            lambda work: record_request(
                new,
                work,
                holidays=parts.holidays,
                allow=_allowed(caller),
                occurred_at=body.occurred_at,
            ),
            sent=sent,
            key=case_id,
        )
        # The codes are not kept with the answer: they are made again from the id for every replay.
        recorded = outcome.answer["case_id"]
        told = body.deliver and Role.AGENT not in caller.acting
        return RecordedAnswer(
            tracking_code=parts.codes.code(recorded),
            receipt_code=parts.codes.receipt_code(recorded) if told else None,
            **outcome.answer,
        )

    @router.get("")
    async def list_requests(
        caller: CallerDep,
        programme_id: Annotated[ProgrammeId, Query()],
        state: Annotated[State | None, Query()] = None,
        event_id: Annotated[AggregateId | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
        cursor: Annotated[AggregateId | None, Query()] = None,
    ) -> PageAnswer:
        """Return the requests worked in the caller's regions, oldest first, without persons."""
        regions = caller.regions(programme_id)
        place = Place(programme_id, regions, state, event_id, cursor, limit + 1)
        found = await parts.reader.cases(place)
        items = [case_answer(case) for case in found[:limit]]
        more = len(found) > limit
        return PageAnswer(items=items, next_cursor=items[-1].case_id if more else None)

    @router.get("/{case_id}")
    async def get_request(case_id: CasePath, caller: CallerDep, request: Request) -> RequestAnswer:
        """Return one request and as much of its applicant as working on it needs."""
        case = await parts.reader.case(case_id)
        if case is None:
            raise NotFound("request")
        caller.require(programme=case.programme_id, region=case.office_region)
        person = await parts.reader.person(case_id)
        if person is None:
            raise NotFound("applicant")
        shows_person(request, case_id)
        return request_answer(case, person)

    @router.post("/{case_id}/steps")
    async def post_step(
        case_id: CasePath, body: StepBody, caller: CallerDep, sent: SentDep
    ) -> StateAnswer:
        """Do what an operator decides."""
        outcome = await parts.commands.run(
            lambda work: take_step(
                case_id, body.step, work, allow=_allowed(caller), occurred_at=body.occurred_at
            ),
            sent=sent,
            key=case_id,
        )
        return StateAnswer(state=outcome.answer)

    return router


def _check(new: NewRequest, parts: Parts) -> None:
    """Refuse what is wrong whatever the programme says."""
    require_region(parts.regions, new.region_code, "/region_code")
    nik = new.person.nik
    if nik is not None and not parts.regions.known(nik[:2]):
        reason = "its first two digits are no province"
        raise InvalidFields(FieldError("/applicant/nik", reason))
    if not new.at_home:
        return
    try:
        require_door(new)
    except Refused as refused:
        raise invalid(refused) from None


def _allowed(caller: Caller) -> Allow:
    """Operators by the region that works on it, agents by the domicile of the applicant."""

    def check(*, programme: str, office: str, domicile: str, backdated: bool) -> None:
        agent = caller.acting & {Role.AGENT}
        if not (
            caller.may(caller.acting - agent, programme=programme, region=office)
            or caller.may(agent, programme=programme, region=domicile)
        ):
            raise Forbidden("no role that this route allows in this programme and region")
        if backdated and not caller.may({Role.IMPORTER}, programme=programme, region=office):
            raise Forbidden("occurred_at: only an importer may say that it was earlier than now")

    return check
