"""An event's evidence over HTTP: sent as it is, bound by a second command, seen, and removed.

Photos and lists may show people. So few roles see them, and every look is kept before it.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.scheduler.api.parts import EventId, ReaderDep
from services.scheduler.domain import EventEvidence, Evidence, EvidenceKind, ScheduledEvent
from services.scheduler.usecases import (
    EVIDENCE,
    Reader,
    allowed,
    bind_evidence,
    keep_evidence,
    note_look,
    remove_evidence,
)
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.files.keys import FileKeys
from shared.files.stored import StoredFile
from shared.files.upload import Files
from shared.files.web import RAW_BODY, FileAnswer, attachment, incoming
from shared.runtime import CommandsDep, SentDep, provided, sent_with
from shared.runtime.commands import ANSWER_WITHIN, Commands
from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.web.body import Body
from shared.web.guard import CallerDep, asks_for_person
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import NotFound, Problem, Unavailable

_PATH: Final = "/api/events/{event_id}/evidence"
_SENDERS: Final = {Role.OPERATOR, Role.PLANNER, Role.SUPERVISOR}
_VIEWERS: Final = Rule({Role.PLANNER, Role.SUPERVISOR, Role.HEAD})
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule(_SENDERS, upload=EVIDENCE.limit),
    f"POST {_PATH}/{{file_id}}": Rule(_SENDERS),
    f"GET {_PATH}": _VIEWERS,
    f"GET {_PATH}/{{file_id}}/content": _VIEWERS,
    f"DELETE {_PATH}/{{file_id}}": Rule({Role.PLANNER, Role.SUPERVISOR}),
}

router = APIRouter(prefix=_PATH)
FilePath = Annotated[AggregateId, Path()]
FilesDep = Annotated[Files, Depends(provided(Files))]
KeysDep = Annotated[FileKeys, Depends(provided(FileKeys))]


class EvidenceBody(Body):
    """What the file shows."""

    kind: EvidenceKind


class EvidenceAnswer(FileAnswer):
    """A file of an event."""

    kind: EvidenceKind
    at: datetime


class EvidencesAnswer(BaseModel):
    """An event's evidence, in the order in which it was bound."""

    items: list[EvidenceAnswer]


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_file(
    event_id: EventId,
    request: Request,
    caller: CallerDep,
    key: IdempotencyKey,
    commands: CommandsDep,
    reader: ReaderDep,
    files: FilesDep,
    keys: KeysDep,
) -> FileAnswer:
    """Take a file for an event: the body is the file itself, JPEG, PNG, WebP or PDF.

    Within a day it is to be bound, else it is removed. A file that is not taken is a problem
    `file-refused` with a stable `reason`.
    """
    await _event(event_id, caller, reader)
    coming = incoming(request, EVIDENCE, event_id, caller.subject, keys.sealed)
    async with files.received(coming) as received:
        outcome = await commands.run(
            lambda uow: keep_evidence(received, event_id, uow, allow=allowed(caller)),
            sent=sent_with(request, caller, key, received.came),
            key=received.id,
        )
    if outcome.duplicate:
        await files.remove_unbound(received.id)
    return FileAnswer(**outcome.answer)


@router.post("/{file_id}")
async def post_evidence(
    event_id: EventId,
    file_id: FilePath,
    body: EvidenceBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> EvidenceAnswer:
    """Bind a file to its event as evidence."""
    await _event(event_id, caller, reader)
    await commands.run(
        lambda uow: bind_evidence(event_id, file_id, body.kind, uow, allow=allowed(caller)),
        sent=sent,
        key=event_id,
    )
    return _answer(await _evidence(event_id, file_id, reader))


@router.get("")
async def list_evidence(event_id: EventId, caller: CallerDep, reader: ReaderDep) -> EvidencesAnswer:
    """Return an event's evidence, without its content."""
    await _event(event_id, caller, reader)
    found = await reader.get(EventEvidence, event_id) or EventEvidence(event_id)
    return EvidencesAnswer(items=[_answer(item) for item in found.items])


@router.get("/{file_id}/content", response_class=StreamingResponse)
async def get_content(
    event_id: EventId,
    file_id: FilePath,
    request: Request,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    files: FilesDep,
    keys: KeysDep,
) -> StreamingResponse:
    """Return a file's content, for saving. The look is kept before it leaves."""
    await _event(event_id, caller, reader)
    item = await _evidence(event_id, file_id, reader)
    stored = await reader.get(StoredFile, file_id)
    if stored is None:
        raise NotFound("evidence")
    asks_for_person(request, file_id)
    await _look_kept(caller.subject, event_id, file_id, commands)
    try:
        content = files.content(stored, keys.opened(stored))
        return await attachment(f"{item.kind}-{file_id}", item.type, item.size, content)
    except UnknownMasterKey:
        raise Unavailable("the file's key is not here", retry_after=30) from None
    except Unsealable:
        raise Problem(500, "unsealable", "The file does not open: altered, or moved") from None


@router.delete("/{file_id}", status_code=204)
async def delete_evidence(
    event_id: EventId, file_id: FilePath, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> None:
    """Remove a file from its event, for good."""
    await commands.run(
        lambda uow: remove_evidence(event_id, file_id, uow, allow=allowed(caller)),
        sent=sent,
        key=event_id,
    )


async def _event(event_id: str, caller: Caller, reader: Reader) -> None:
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        raise NotFound("event")
    allowed(caller)(event.plan, None)


async def _evidence(event_id: str, file_id: str, reader: Reader) -> Evidence:
    found = await reader.get(EventEvidence, event_id)
    item = found.item(file_id) if found else None
    if item is None:
        raise NotFound("evidence")
    return item


async def _look_kept(subject: str, event_id: str, file_id: str, commands: Commands) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await commands.run_own(
                lambda uow: note_look(subject, event_id, file_id, uow), key=f"look:{file_id}"
            )
    except TimeoutError:
        raise Unavailable("the look cannot be kept") from None


def _answer(item: Evidence) -> EvidenceAnswer:
    return EvidenceAnswer(
        file_id=item.id,
        kind=item.kind,
        type=item.type,
        bytes=item.size,
        sha256=item.sha256,
        at=item.at,
    )
