"""A request's status for whoever has its code: open to all, so counted, and without a person."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.intake.api.recipient import RECEIPT, Receipts
from services.intake.domain import (
    Awaited,
    Fault,
    Line,
    NextStep,
    PlannedEvent,
    Secrets,
    State,
    digest,
)
from services.intake.usecases import (
    Catalogues,
    Clock,
    KnownProgrammes,
    Limiter,
    Reader,
    Tracked,
)
from services.intake.usecases.tracking import is_recipient, tracked
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import gathered, provided
from shared.web.body import Body
from shared.web.formats import tanggal
from shared.web.problems import Problem, TooManyRequests
from shared.web.texts import Texts

RULES: Final[RouteRules] = {
    "POST /api/track": PUBLIC,
    RECEIPT: PUBLIC,
}


LimiterDep = Annotated[Limiter, Depends(provided(Limiter))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
SecretsDep = Annotated[Secrets, Depends(provided(Secrets))]
TextsDep = Annotated[Texts, Depends(provided(Texts))]


class CodeBody(Body):
    """A tracking code as somebody typed it."""

    code: str


class ReceiptBody(CodeBody):
    """Both codes of a request as the recipient typed them."""

    receipt_code: str


class EventAnswer(BaseModel):
    """Where and when to go."""

    name: str
    place: str
    on: date
    on_text: str
    cancelled: bool


class OfferAnswer(BaseModel):
    """Another way that is open to whoever was not served at the event."""

    kind: str
    text: str


class CorrectionAnswer(BaseModel):
    """A paper that is to be brought anew."""

    text: str
    fault: Fault
    fault_text: str


class TrackAnswer(BaseModel):
    """How a request stands; texts are in Bahasa Indonesia and for residents to read."""

    programme: str
    service: str
    state: State
    state_text: str
    ticket_number: int | None
    event: EventAnswer | None
    due_on: date | None
    due_on_text: str | None
    next: NextStep
    next_text: str
    offers: list[OfferAnswer]
    """Other ways, where the line was closed before the ticket was called."""
    awaited_from: Awaited
    awaited_text: str
    late: bool
    """The due day is over and the document still owed."""
    late_text: str | None
    awaits_receipt: bool
    lacking: list[str]
    """Papers that are not there, in words; none once the office has verified the request."""
    to_correct: list[CorrectionAnswer]
    """What was returned to the resident: papers to bring anew, and why; they lack too."""
    paused: bool
    """Nothing is processed for now, at the word of one of its people."""
    paused_text: str | None
    erasure_declined: str | None
    """Why the personal data of whoever asked are not deleted, where that was asked for."""
    erasure_declined_text: str | None


class ReceiptAnswer(BaseModel):
    """That the recipient's word was taken."""

    state: State
    text: str


async def admitted(request: Request, limiter: LimiterDep, texts: TextsDep) -> str:
    """Return the client's address. Raises TooManyRequests after too many wrong codes from it."""
    client = _client(request)
    require_no_wait(await limiter.client_waits(client), texts)
    return client


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


router = APIRouter(prefix="/api/track")
ReceiptsDep = Annotated[Receipts, Depends(provided(Receipts))]
ClientDep = Annotated[str, Depends(admitted)]


@dataclass(frozen=True, slots=True)
class Looking:
    """What a look-up works with."""

    reader: Reader
    limiter: Limiter
    texts: Texts
    catalogues: Catalogues
    programmes: KnownProgrammes
    clock: Clock


@router.post("")
async def post_track(
    body: CodeBody, request: Request, parts: Annotated[Looking, Depends(gathered(Looking))]
) -> TrackAnswer:
    """Return how the request with this code stands."""
    client = _client(request)
    # At the same time: most callers do not have to wait, and then a read less is waited for.
    waits, case = await asyncio.gather(
        parts.limiter.client_waits(client), parts.reader.case_by_code(digest(body.code))
    )
    require_no_wait(waits, parts.texts)
    if case is None:
        await parts.limiter.count_client(client)
        raise _unknown(parts.texts)
    found = await tracked(case, parts.reader, parts.catalogues, parts.programmes)
    return _answer(found, parts.texts, late=case.is_late(parts.clock()))


@router.post("/receipt")
async def post_receipt(
    body: ReceiptBody,
    client: ClientDep,
    receipts: ReceiptsDep,
    reader: ReaderDep,
    secrets: SecretsDep,
    limiter: LimiterDep,
    texts: TextsDep,
) -> ReceiptAnswer:
    """Take the recipient's word that the document arrived."""
    case = await reader.case_by_code(digest(body.code))
    if case is not None:
        require_no_wait(await limiter.case_waits(case.id), texts)
    right = await is_recipient(case, body.receipt_code, client, secrets, limiter)
    if case is None or not right:
        raise _unknown(texts)
    with _in_residents_words(texts):
        state = await receipts.take(case.id)
    return ReceiptAnswer(state=state, text=texts("track.receipt_noted"))


def require_no_wait(seconds: int | None, texts: Texts) -> None:
    """Raise TooManyRequests where somebody has to wait."""
    if seconds is not None:
        raise TooManyRequests(texts("track.too_often"), retry_after=seconds)


def _unknown(texts: Texts) -> Problem:
    """Return the problem of a code that no request has."""
    return Problem(404, "unknown-code", "No request has this code", texts("track.unknown"))


@contextmanager
def _in_residents_words(texts: Texts) -> Iterator[None]:
    """Say in Bahasa Indonesia why a receipt is refused; the reason stays as it is."""
    try:
        yield
    except Problem as refused:
        reason = refused.members.get("reason")
        if f"receipt.{reason}" in texts:
            refused.detail = texts(f"receipt.{reason}")
        raise


def _answer(tracked: Tracked, texts: Texts, *, late: bool) -> TrackAnswer:
    case, event = tracked.case, tracked.event
    return TrackAnswer(
        programme=tracked.programme_name,
        service=tracked.service_name,
        state=case.state,
        state_text=texts(f"state.{case.state}"),
        ticket_number=case.ticket.number if case.ticket else None,
        event=_event(event, case.time_zone) if event else None,
        due_on=case.due_on,
        due_on_text=tanggal(case.due_on, case.time_zone) if case.due_on else None,
        next=tracked.next,
        next_text=texts(f"next.{tracked.next}"),
        offers=[_offered(kind, texts) for kind in tracked.offers],
        awaited_from=tracked.awaited,
        awaited_text=texts(f"awaited.{tracked.awaited}"),
        late=late,
        late_text=texts("tracking.late") if late else None,
        awaits_receipt=case.awaits_receipt,
        lacking=[_lacking(line) for line in tracked.lacking],
        to_correct=[_correction(line, texts) for line in tracked.returned],
        paused=tracked.paused,
        paused_text=texts("tracking.paused") if tracked.paused else None,
        erasure_declined=tracked.erasure_declined,
        erasure_declined_text=_declined(tracked.erasure_declined, texts),
    )


def _offered(kind: str, texts: Texts) -> OfferAnswer:
    return OfferAnswer(kind=kind, text=texts(f"offer.{kind}"))


def _declined(reason: str | None, texts: Texts) -> str | None:
    return texts("tracking.erasure_declined", reason=reason) if reason else None


def _correction(line: Line, texts: Texts) -> CorrectionAnswer:
    fault = line.fault or Fault.MISSING
    said = texts(f"fault.{fault}")
    return CorrectionAnswer(text=line.requirement.missing, fault=fault, fault_text=said)


def _lacking(line: Line) -> str:
    condition = line.requirement.condition
    return f"{condition}: {line.requirement.missing}" if condition else line.requirement.missing


def _event(event: PlannedEvent, zone: str) -> EventAnswer:
    return EventAnswer(
        name=event.name,
        place=event.place,
        on=event.on,
        on_text=tanggal(event.on, zone),
        cancelled=event.cancelled,
    )
