"""Cases over HTTP: listed, looked at, and worked step by step.

A person is shown only where one case is looked at, and every look is kept in the access log first.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel

from services.intake.api.person_reads import AccessReason, log_read
from services.intake.api.rights import allowed, replayed_case
from services.intake.api.sealed import openable
from services.intake.domain import (
    ERASED,
    UNNAMED,
    Basis,
    Case,
    Fact,
    Outcome,
    Party,
    Person,
    State,
    Step,
    mask_nik,
    mask_phone,
)
from services.intake.domain.outside import Errand, Standing
from services.intake.usecases import (
    CaseFilter,
    Reader,
    Told,
    Vault,
    take_step,
    told_of,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Moment, ProgrammeId
from shared.messaging.errors import Missing
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "GET /api/requests": Rule({Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE}),
    "GET /api/requests/{case_id}": Rule({Role.OPERATOR}),
    "POST /api/requests/{case_id}/steps": Rule({Role.OPERATOR, Role.IMPORTER, Role.SUPERVISOR}),
}

PAGE: Final = 200
"""Cases in one answer at most."""

CasePath = Annotated[AggregateId, Path()]


class StepBody(Body):
    """What an operator decides. `occurred_at` is when it happened, where that was earlier."""

    step: Step
    occurred_at: Moment | None = None


class TicketAnswer(BaseModel):
    """A place in a line."""

    ticket_id: str
    event_id: str
    number: int
    called_at: datetime | None
    served_at: datetime | None


class CaseAnswer(BaseModel):
    """A case without its person."""

    case_id: str
    version: int
    programme_id: str
    service: str
    channel: str
    region_code: str
    rw: str | None
    event_id: str | None
    pick_up: bool
    deliver: bool
    state: State
    outcome: Outcome | None
    received_at: datetime
    due_on: date | None
    within_standard: bool | None
    overdue_since: datetime | None
    """Since when the document is overdue, as long as it is."""
    late_in_state_since: datetime | None
    """Since when its state has lasted longer than the SOP allows, as long as it does."""
    ticket: TicketAnswer | None
    warnings: tuple[str, ...]
    """What the law asks for and the case lacks: `guardian_missing`."""
    claimed_until: datetime | None
    """Until when an officer holds it, where one took it."""
    returned_at: datetime | None
    """Since when it waits for papers of its resident."""


class ApplicantAnswer(BaseModel):
    """What working on a case needs of its applicant; the address only where somebody goes.

    Of an erased one nothing is left: his name says "dihapus". One whom a history did not name is
    "tidak disebut".
    """

    erased: bool = False
    name: str
    nik: str | None
    phone: str | None
    address: str | None


class PartyAnswer(BaseModel):
    """Somebody of a case, masked; of an erased one nothing is left but that there was one."""

    party: Party
    resident_id: str
    erased: bool
    name: str
    nik: str | None
    phone: str | None
    basis: Basis | None


class RequestAnswer(CaseAnswer):
    """A case with its applicant and what is known to have happened, each with its time."""

    applicant: ApplicantAnswer
    parties: list[PartyAnswer]
    facts: dict[Fact, datetime]
    failed_attempts: int
    reason: str | None
    """Why the same person asked once more."""
    outside: Standing | None
    """How what another system was asked stands; `timed_out` where it is silent."""


class StateAnswer(BaseModel):
    """How far the case has come."""

    state: State


class PageAnswer(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[CaseAnswer]
    next_cursor: str | None


router = APIRouter(prefix="/api/requests")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]


@router.get("")
async def list_requests(
    caller: CallerDep,
    reader: ReaderDep,
    programme_id: Annotated[ProgrammeId, Query()],
    state: Annotated[State | None, Query()] = None,
    event_id: Annotated[AggregateId | None, Query()] = None,
    overdue: Annotated[bool | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
    cursor: Annotated[AggregateId | None, Query()] = None,
) -> PageAnswer:
    """Return the requests worked in the caller's regions, oldest first, without persons."""
    regions = caller.regions(programme_id)
    found = await reader.cases(
        CaseFilter(programme_id, regions, state, event_id, overdue, cursor, limit + 1)
    )
    items = [CaseAnswer(**_fields(case)) for case in found[:limit]]
    more = len(found) > limit
    return PageAnswer(items=items, next_cursor=items[-1].case_id if more else None)


@router.get("/{case_id}")
async def get_request(
    case_id: CasePath,
    request: Request,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    vault: VaultDep,
    reason: AccessReason = None,
) -> RequestAnswer:
    """Return one request and as much of its applicant as working on it needs."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    caller.require(programme=case.programme_id, region=case.office_region)
    await log_read(request, caller, case_id, reason, commands)
    people = await people_of(case, reader, vault)
    errand = await reader.get(Errand, case_id)
    return _request_answer(case, people, errand.standing if errand else None)


async def people_of(case: Case, reader: Reader, vault: Vault) -> dict[Party, Told | None]:
    """Return what was said of each of a case's people, the applicant first; None of an erased one.

    Raises NotFound, and where their data cannot be opened.
    """
    parties = sorted(case.parties, key=lambda one: one is not Party.APPLICANT)
    try:
        with openable():
            return {party: await told_of(case, party, reader, vault) for party in parties}
    except Missing as missing:
        raise NotFound(missing.detail) from None


@router.post("/{case_id}/steps")
async def post_step(
    case_id: CasePath,
    body: StepBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> StateAnswer:
    """Do what an operator decides, or whom the programme's SOP gives the step to."""
    outcome = await commands.run(
        lambda uow: take_step(
            case_id, body.step, uow, allow=allowed(caller), occurred_at=body.occurred_at
        ),
        sent=sent,
        key=case_id,
    )
    await replayed_case(outcome, case_id, caller, reader)
    return StateAnswer(state=outcome.answer["state"])


def _request_answer(
    case: Case, people: Mapping[Party, Told | None], outside: Standing | None
) -> RequestAnswer:
    """Return a case with its people, numbers masked; a history may have named nobody."""
    told = people.get(Party.APPLICANT, Told(Person()))
    return RequestAnswer(
        **_fields(case),
        applicant=_applicant(case, told),
        parties=[_party(party, case.parties[party], said) for party, said in people.items()],
        facts=dict(case.facts),
        failed_attempts=case.failed_attempts,
        reason=told.reason if told else None,
        outside=outside,
    )


def _applicant(case: Case, told: Told | None) -> ApplicantAnswer:
    if told is None:
        return ApplicantAnswer(erased=True, name=ERASED, nik=None, phone=None, address=None)
    person = told.person
    return ApplicantAnswer(
        name=person.name or UNNAMED,
        nik=mask_nik(person.nik) if person.nik else None,
        phone=mask_phone(person.phone) if person.phone else None,
        address=person.address if case.pick_up or case.deliver else None,
    )


def _party(party: Party, resident_id: str, told: Told | None) -> PartyAnswer:
    person = told.person if told else None
    return PartyAnswer(
        party=party,
        resident_id=resident_id,
        erased=told is None,
        name=(person.name or UNNAMED) if person else ERASED,
        nik=mask_nik(person.nik) if person and person.nik else None,
        phone=mask_phone(person.phone) if person and person.phone else None,
        basis=told.basis if told else None,
    )


def _fields(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "version": case.version,
        "programme_id": case.programme_id,
        "service": case.service,
        "channel": case.channel,
        "region_code": case.region_code,
        "rw": case.rw,
        "event_id": case.event_id,
        "pick_up": case.pick_up,
        "deliver": case.deliver,
        "state": case.state,
        "outcome": case.outcome,
        "received_at": case.facts[Fact.RECEIVED],
        "due_on": case.due_on,
        "within_standard": case.within_standard,
        "overdue_since": case.overdue_since,
        "late_in_state_since": case.waits.late_since if case.waits else None,
        "ticket": _ticket(case),
        "warnings": case.warnings,
        "claimed_until": case.claim.until if case.claim else None,
        "returned_at": case.returned.at if case.returned else None,
    }


def _ticket(case: Case) -> TicketAnswer | None:
    ticket = case.ticket
    if ticket is None:
        return None
    return TicketAnswer(
        ticket_id=ticket.id,
        event_id=ticket.event_id,
        number=ticket.number,
        called_at=ticket.called_at,
        served_at=ticket.served_at,
    )
