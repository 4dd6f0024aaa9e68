"""Complaints and wishes over HTTP: recorded for a resident, listed by last day, worked on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from services.intake.api.complaint_reads import ComplaintReads
from services.intake.api.fields import Name, Phone, invalid
from services.intake.api.sealed import openable
from services.intake.domain import Holidays, Refused, Secrets, digest
from services.intake.domain.complaint import (
    OWED,
    TEXT_LIMIT,
    Complaint,
    ComplaintKind,
    ComplaintState,
    NewComplaint,
    Secrecy,
    StaffRole,
    coded,
)
from services.intake.domain.complaint_sight import is_open
from services.intake.usecases import Reader, Vault
from services.intake.usecases.complaints import known_complaints, record_complaint
from services.intake.usecases.ports import ComplaintFilter
from services.intake.usecases.reach import allowed_region, onlooker
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ProgrammeId, TypedRegionCode
from shared.runtime import Commands, SentDep, gathered, provided
from shared.web.body import Body
from shared.web.guard import CallerDep

LOOKS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.HEAD, Role.AUDITOR})
RULES: Final[RouteRules] = {
    "POST /api/complaints": Rule({Role.OPERATOR, Role.SUPERVISOR}),
    "GET /api/complaints": Rule(LOOKS),
    "GET /api/complaints/{complaint_id}": Rule(LOOKS),
}
PAGE: Final = 100
"""Complaints in one answer at most."""
OFFICE: Final = "office"
"""The channel of what staff write down."""

Text = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]


class ComplaintBody(Body):
    """What a resident complains of at a desk or by telephone.

    A name is needed unless `secrecy` is `anonymous`; then nothing is taken of who it is. `about`:
    the role of the member of staff whom it is about; then the kind is `supervision`.
    """

    programme_id: ProgrammeId
    kind: ComplaintKind
    secrecy: Secrecy
    text: Text
    region_code: TypedRegionCode | None = None
    name: Name | None = None
    phone: Phone | None = None
    about: StaffRole | None = None


class ComplaintRecorded(BaseModel):
    """What whoever complained takes along: the code that he follows it by, and the last day."""

    complaint_id: str
    code: str
    due_on: date


class ComplaintRow(BaseModel):
    """A complaint without its words. `open` is whether they may be read by now."""

    complaint_id: str
    kind: ComplaintKind
    secrecy: Secrecy
    channel: str
    region: str
    state: ComplaintState
    received_at: datetime
    due_on: date
    overdue: bool
    about: StaffRole | None
    open: bool
    worked_by: str | None
    within_deadline: bool | None
    reopened: int
    rating: int | None


class ExchangeAnswer(BaseModel):
    """An answer, and what was said to it."""

    answer: str
    more: str | None


class ComplaintAnswer(ComplaintRow):
    """A complaint with its words: null where they are deleted, or not opened yet.

    `name` and `phone` are null too where they are not the caller's to read.
    """

    text: str | None
    name: str | None
    phone: str | None
    exchanges: list[ExchangeAnswer]


class ComplaintPage(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[ComplaintRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Complaining:
    """What complaints work with."""

    commands: Commands
    reader: Reader
    vault: Vault
    holidays: Holidays
    secrets: Secrets


router = APIRouter(prefix="/api/complaints")
PartsDep = Annotated[Complaining, Depends(gathered(Complaining))]
ReadsDep = Annotated[ComplaintReads, Depends(provided(ComplaintReads))]
ComplaintPath = Annotated[AggregateId, Path()]


@router.post("", status_code=201)
async def post_complaint(
    body: ComplaintBody, caller: CallerDep, parts: PartsDep, sent: SentDep
) -> ComplaintRecorded:
    """Record a complaint; from then on its days run. The code is for whoever complains alone."""
    caller.regions(body.programme_id)  # refuses another tenant before anything is checked
    id_, allow = new_id(), allowed_region(caller)
    code_of = parts.secrets.code
    new = NewComplaint(id_, digest(code_of(coded(id_))), channel=OFFICE, **dict(body))
    try:
        new.require_sound()
    except Refused as refused:
        raise invalid(refused) from None
    with openable():
        outcome = await parts.commands.run(
            lambda uow: record_complaint(
                new, uow, holidays=parts.holidays, vault=parts.vault, allow=allow
            ),
            sent=sent,
            key=id_,
        )
    made = outcome.answer["complaint_id"]
    known = await parts.reader.get(Complaint, made) if outcome.duplicate else None
    if known is not None:
        allow(known.programme_id, known.region)
    code = code_of(coded(made), known.tracking if known else None)
    return ComplaintRecorded(complaint_id=made, code=code, due_on=outcome.answer["due_on"])


@router.get("")
async def list_complaints(
    caller: CallerDep,
    parts: PartsDep,
    reads: ReadsDep,
    programme_id: Annotated[ProgrammeId, Query()],
    state: Annotated[ComplaintState | None, Query()] = None,
    overdue: Annotated[bool | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
    cursor: Annotated[AggregateId | None, Query()] = None,
) -> ComplaintPage:
    """Return complaints that the caller may know of, the nearest last day first.

    Without `state` those whose answer is owed.
    """
    after = await reads.known(cursor, caller) if cursor else None
    states = frozenset({state}) if state else OWED
    regions = caller.regions(programme_id)
    wanted = ComplaintFilter(programme_id, regions, states, bool(overdue), after, limit + 1)
    found = await known_complaints(wanted, parts.reader, onlooker(caller))
    items = [ComplaintRow(**_row(one)) for one in found[:limit]]
    more = len(found) > limit
    return ComplaintPage(items=items, next_cursor=items[-1].complaint_id if more else None)


@router.get("/{complaint_id}")
async def get_complaint(
    request: Request, complaint_id: ComplaintPath, caller: CallerDep, reads: ReadsDep
) -> ComplaintAnswer:
    """Return a complaint with its words; the look is kept. About staff, once two have opened it."""
    complaint = await reads.known(complaint_id, caller)
    words = await reads.shown_to(caller, request, complaint)
    return ComplaintAnswer(
        **_row(complaint),
        text=words.text if words else None,
        name=words.name if words else None,
        phone=words.phone if words else None,
        exchanges=[
            ExchangeAnswer(answer=one.answer, more=one.more)
            for one in (words.exchanges if words else ())
        ],
    )


def _row(complaint: Complaint) -> dict[str, Any]:
    return {
        "complaint_id": complaint.id,
        "kind": complaint.kind,
        "secrecy": complaint.secrecy,
        "channel": complaint.channel,
        "region": complaint.region,
        "state": complaint.state,
        "received_at": complaint.received_at,
        "due_on": complaint.due_on,
        "overdue": complaint.overdue,
        "about": complaint.about,
        "open": is_open(complaint),
        "worked_by": complaint.worked_by,
        "within_deadline": complaint.within_deadline,
        "reopened": complaint.reopened,
        "rating": complaint.rating,
    }
