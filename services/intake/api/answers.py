"""Cases as those who work on them see them: a person only where one case is looked at."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from services.intake.domain import Case, Fact, Outcome, Person, State, mask_nik, mask_phone


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
    ticket: TicketAnswer | None


class ApplicantAnswer(BaseModel):
    """What working on a case needs of its applicant; the address only where somebody goes."""

    name: str
    nik: str | None
    phone: str | None
    address: str | None


class RequestAnswer(CaseAnswer):
    """A case with its applicant and what is known to have happened, each with its time."""

    applicant: ApplicantAnswer
    facts: dict[Fact, datetime]
    failed_attempts: int


def case_answer(case: Case) -> CaseAnswer:
    """Return a case without its person."""
    return CaseAnswer(**_fields(case))


def request_answer(case: Case, person: Person) -> RequestAnswer:
    """Return a case with its applicant, numbers masked."""
    at_home = case.pick_up or case.deliver
    applicant = ApplicantAnswer(
        name=person.name,
        nik=mask_nik(person.nik) if person.nik else None,
        phone=mask_phone(person.phone) if person.phone else None,
        address=person.address if at_home else None,
    )
    return RequestAnswer(
        **_fields(case),
        applicant=applicant,
        facts=dict(case.facts),
        failed_attempts=case.failed_attempts,
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
        "ticket": _ticket(case),
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
