"""Imports over HTTP: a file is sent, tried, begun, and watched; refused rows are named.

Nothing here shows a person: a row is named by its number and its cells, never by what stands there.
"""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.intake.api.import_parts import ImportPath, Limit, PartsDep, import_of, refusing
from services.intake.api.rights import allowed_programme, programme_of
from services.intake.domain import Programme
from services.intake.domain.imports import Import, ImportState
from services.intake.usecases import (
    IMPORT,
    Arrived,
    ImportedAlready,
    Vault,
    begin_import,
    choice_of,
    keep_import,
    rules_of,
    sealed_key,
)
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, Channel, ProgrammeId
from shared.files.upload import Incoming
from shared.files.web import RAW_BODY, stated_size
from shared.runtime import CommandsDep, SentDep, sent_with
from shared.sealing.seal import DataKey
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import Conflict

_BRINGS: Final = {Role.IMPORTER}
RULES: Final[RouteRules] = {
    "POST /api/imports": Rule(_BRINGS, upload=IMPORT.limit),
    "GET /api/imports": Rule(_BRINGS),
    "GET /api/imports/{import_id}": Rule(_BRINGS),
    "POST /api/imports/{import_id}/run": Rule(_BRINGS),
}

router = APIRouter(prefix="/api/imports")


class SentAnswer(BaseModel):
    """A file that was taken; nothing of it is recorded yet."""

    import_id: str
    type: str
    bytes: int


class ImportAnswer(BaseModel):
    """How far an import has come. `refused` rows are each named in `refusals`."""

    import_id: str
    programme_id: str
    state: ImportState
    by: str
    at: datetime
    event_id: str | None
    channel: str | None
    rows: int
    done: int
    accepted: int
    refused: int
    ended_at: datetime | None


class ImportsAnswer(BaseModel):
    """One page, the newest first."""

    items: list[ImportAnswer]
    next_cursor: str | None


class RunBody(Body):
    """What the rows belong to. One of `event_id` and `without_event` has to be said."""

    event_id: AggregateId | None = None
    without_event: bool = False
    channel: Channel | None = None


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_import(
    programme_id: Annotated[ProgrammeId, Query()],
    request: Request,
    caller: CallerDep,
    key: IdempotencyKey,
    commands: CommandsDep,
    parts: PartsDep,
) -> SentAnswer:
    """Take a file of a programme's history: the body is the file itself, CSV or XLSX.

    The same file again, under whatever name, is a 409 `imported_already` with its `import_id`.
    """
    programme = await programme_of(programme_id, caller, parts.reader)
    allow = allowed_programme(caller)
    allow(programme)
    incoming, owner = _incoming(programme, request, caller, parts.vault)
    try:
        async with parts.files.received(incoming) as received:
            arrived = Arrived(received, owner, programme_id, new_id())
            outcome = await commands.run(
                lambda uow: keep_import(arrived, parts.lookups, uow, allow=allow),
                sent=sent_with(request, caller, key, received.came),
                key=received.id,
            )
    except ImportedAlready as already:
        problem = Conflict("this file came before", reason="imported_already")
        problem.members["import_id"] = already.import_id
        raise problem from None
    if outcome.duplicate:
        await parts.files.remove_unbound(incoming.id)
    return SentAnswer(**outcome.answer)


@router.get("")
async def list_imports(
    programme_id: Annotated[ProgrammeId, Query()],
    caller: CallerDep,
    parts: PartsDep,
    limit: Limit = 50,
    cursor: Annotated[AggregateId | None, Query()] = None,
) -> ImportsAnswer:
    """Return a programme's imports, the newest first."""
    allowed_programme(caller)(await programme_of(programme_id, caller, parts.reader))
    found = await parts.imports.imports(programme_id, cursor, limit + 1)
    items = [_answer(one) for one in found[:limit]]
    return ImportsAnswer(
        items=items, next_cursor=items[-1].import_id if len(found) > limit else None
    )


@router.get("/{import_id}")
async def getimport_of(import_id: ImportPath, caller: CallerDep, parts: PartsDep) -> ImportAnswer:
    """Return how far an import has come."""
    one, _ = await import_of(import_id, caller, parts)
    return _answer(one)


@router.post("/{import_id}/run", status_code=202)
async def post_run(
    import_id: ImportPath,
    body: RunBody,
    caller: CallerDep,
    commands: CommandsDep,
    parts: PartsDep,
    sent: SentDep,
) -> ImportAnswer:
    """Begin an import. It goes on by itself, also after a restart; begun again nothing changes.

    An event that is not known is a 409 `event_unknown` whose `offers` say what can be done.
    """
    one, programme = await import_of(import_id, caller, parts)
    with refusing(parts.texts):
        choice = choice_of(programme, body.event_id, body.channel, without_event=body.without_event)
        await rules_of(one, choice, parts.reader, parts.recorder, parts.clock())
        rows = one.rows
        if one.state is ImportState.CHECKED:
            rows = len((await parts.tables.kept(one, parts.files, parts.vault)).rows)
    await commands.run(
        lambda uow: begin_import(import_id, choice, rows, uow, allow=allowed_programme(caller)),
        sent=sent,
        key=import_id,
    )
    parts.importing.wake()
    return _answer((await import_of(import_id, caller, parts))[0])


def _incoming(
    programme: Programme, request: Request, caller: Caller, vault: Vault
) -> tuple[Incoming, Any]:
    """Return the file as it begins to come, and the key of its own that seals it."""
    key, file_id = DataKey.generate(), new_id()
    owner = vault.new_key(file_id)
    incoming = Incoming(
        id=file_id,
        purpose=IMPORT,
        about=programme.id,
        sender=caller.subject,
        content_type=request.headers.get("content-type", ""),
        size=stated_size(request),
        body=request.stream(),
        key=key,
        sealed_key=sealed_key(key, file_id, owner, vault),
    )
    return incoming, owner


def _answer(one: Import) -> ImportAnswer:
    return ImportAnswer(
        import_id=one.id,
        programme_id=one.programme_id,
        state=one.state,
        by=one.by,
        at=one.at,
        event_id=one.event_id,
        channel=one.channel,
        rows=one.rows,
        done=one.done,
        accepted=one.accepted,
        refused=one.refused,
        ended_at=one.ended_at,
    )
