"""A request's status for whoever has its code: open to all, so counted, and without a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.intake.api.parts import Parts
from services.intake.domain import (
    Case,
    Deliverable,
    NextStep,
    PlannedEvent,
    Programme,
    State,
    digest,
    next_step,
)
from services.intake.usecases import confirm_receipt
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime.commands import Sent
from shared.web.body import Body
from shared.web.formats import tanggal
from shared.web.problems import Problem, TooManyRequests
from shared.web.texts import Texts

RULES: Final[RouteRules] = {
    "POST /api/track": PUBLIC,
    "POST /api/track/receipt": PUBLIC,
}


_RECEIPT_REASONS: Final = frozenset(
    {"nothing_to_deliver", "closed", "not_issued", "not_delivered_yet"}
)


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
    awaits_receipt: bool


class ReceiptAnswer(BaseModel):
    """That the recipient's word was taken."""

    state: State
    text: str


def routes(parts: Parts) -> APIRouter:
    """Return the public routes."""
    texts = parts.texts

    async def counted(request: Request) -> None:
        wait = await parts.limiter.admit(request.client.host if request.client else "")
        if wait is not None:
            raise TooManyRequests(texts("track.too_often"), retry_after=wait)

    router = APIRouter(prefix="/api/track", dependencies=[Depends(counted)])

    @router.post("")
    async def post_track(body: CodeBody) -> TrackAnswer:
        """Return how the request with this code stands."""
        case = await _find(body, parts)
        programme = await parts.reader.programme(case.programme_id)
        event_id = case.ticket.event_id if case.ticket else case.event_id
        event = await parts.reader.event(event_id) if event_id else None
        return _answer(case, programme, event, texts)

    @router.post("/receipt")
    async def post_receipt(body: ReceiptBody) -> ReceiptAnswer:
        """Take the recipient's word that the document arrived."""
        case = await _find(body, parts)
        if not parts.codes.confirms(case.id, body.receipt_code):
            raise _unknown(texts)
        with _in_residents_words(texts):
            outcome = await parts.commands.run(
                lambda work: confirm_receipt(case.id, work),
                # One mark a case: whoever confirms twice is answered from the first time.
                sent=Sent(f"receipt:{case.id}", "receipt"),
                key=case.id,
            )
        return ReceiptAnswer(state=outcome.answer, text=texts("track.receipt_noted"))

    return router


async def _find(body: CodeBody, parts: Parts) -> Case:
    case = await parts.reader.case_by_code(digest(body.code))
    if case is None:
        raise _unknown(parts.texts)
    return case


def _unknown(texts: Texts) -> Problem:
    return Problem(404, "unknown-code", "No request has this code", texts("track.unknown"))


@contextmanager
def _in_residents_words(texts: Texts) -> Iterator[None]:
    """Say in Bahasa Indonesia why a receipt is refused; the reason stays as it is."""
    try:
        yield
    except Problem as refused:
        reason = refused.members.get("reason")
        if reason in _RECEIPT_REASONS:
            refused.detail = texts(f"receipt.{reason}")
        raise


def _answer(
    case: Case, programme: Programme | None, event: PlannedEvent | None, texts: Texts
) -> TrackAnswer:
    service = programme.catalogue.get(case.service) if programme else None
    told = next_step(case, service.deliverable if service else Deliverable.CARD, event)
    return TrackAnswer(
        programme=programme.name if programme else case.programme_id,
        service=service.name if service else case.service,
        state=case.state,
        state_text=texts(f"state.{case.state}"),
        ticket_number=case.ticket.number if case.ticket else None,
        event=_event(event, case.time_zone) if event else None,
        due_on=case.due_on,
        due_on_text=tanggal(case.due_on, case.time_zone) if case.due_on else None,
        next=told,
        next_text=texts(f"next.{told}"),
        awaits_receipt=case.awaits_receipt,
    )


def _event(event: PlannedEvent, zone: str) -> EventAnswer:
    return EventAnswer(
        name=event.name, place=event.place, on=event.on, on_text=tanggal(event.on, zone)
    )
