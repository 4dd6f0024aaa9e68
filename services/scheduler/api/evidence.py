"""An event's evidence over HTTP. Photos and lists may show people, so few roles see them."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.scheduler.api.parts import EventId, ReaderDep
from services.scheduler.domain import EVIDENCE_LIMIT, EvidenceKind, ScheduledEvent
from services.scheduler.usecases import Reader, allowed, permit_at
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.files.evidence import PURPOSE, Permit
from shared.files.evidence_web import EvidenceAnswer, EvidencesAnswer, FilePath, RoomDep
from shared.files.web import RAW_BODY, FileAnswer
from shared.runtime import SentDep
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import NotFound

_PATH: Final = "/api/events/{event_id}/evidence"
_SENDERS: Final = {Role.OPERATOR, Role.PLANNER, Role.SUPERVISOR}
_VIEWERS: Final = Rule({Role.PLANNER, Role.SUPERVISOR, Role.HEAD})
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule(_SENDERS, upload=PURPOSE.limit),
    f"POST {_PATH}/{{file_id}}": Rule(_SENDERS),
    f"GET {_PATH}": _VIEWERS,
    f"GET {_PATH}/{{file_id}}/content": _VIEWERS,
    f"DELETE {_PATH}/{{file_id}}": Rule({Role.PLANNER, Role.SUPERVISOR}),
}

router = APIRouter(prefix=_PATH)


class EvidenceBody(Body):
    """What the file shows."""

    kind: EvidenceKind


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_file(
    event_id: EventId, room: RoomDep, caller: CallerDep, key: IdempotencyKey, reader: ReaderDep
) -> FileAnswer:
    """Take a file for an event: the body is the file itself, JPEG, PNG, WebP or PDF.

    Within a day it is to be bound, else it is removed. A file that is not taken is a problem
    `file-refused` with a stable `reason`.
    """
    await _event(event_id, caller, reader)
    return await room.taken(event_id, key, _permit(event_id, caller))


@router.post("/{file_id}")
async def post_evidence(
    event_id: EventId,
    file_id: FilePath,
    body: EvidenceBody,
    room: RoomDep,
    caller: CallerDep,
    reader: ReaderDep,
    sent: SentDep,
) -> EvidenceAnswer:
    """Bind a file to its event as evidence."""
    await _event(event_id, caller, reader)
    permit = _permit(event_id, caller)
    return await room.bound(event_id, file_id, body.kind, permit, sent=sent, limit=EVIDENCE_LIMIT)


@router.get("")
async def list_evidence(
    event_id: EventId, room: RoomDep, caller: CallerDep, reader: ReaderDep
) -> EvidencesAnswer:
    """Return an event's evidence, without its content."""
    await _event(event_id, caller, reader)
    return await room.listed(event_id)


@router.get("/{file_id}/content", response_class=StreamingResponse)
async def get_content(
    event_id: EventId, file_id: FilePath, room: RoomDep, caller: CallerDep, reader: ReaderDep
) -> StreamingResponse:
    """Return a file's content, for saving. The look is kept before it leaves."""
    await _event(event_id, caller, reader)
    return await room.content(event_id, file_id)


@router.delete("/{file_id}", status_code=204)
async def delete_evidence(
    event_id: EventId, file_id: FilePath, room: RoomDep, caller: CallerDep, sent: SentDep
) -> None:
    """Remove a file from its event, for good."""
    await room.removed(event_id, file_id, _permit(event_id, caller), sent=sent)


def _permit(event_id: str, caller: Caller) -> Permit:
    return permit_at(event_id, allowed(caller))


async def _event(event_id: str, caller: Caller, reader: Reader) -> None:
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        raise NotFound("event")
    allowed(caller)(event.plan, None)
