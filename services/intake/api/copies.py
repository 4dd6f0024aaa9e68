"""Copies of programmes over HTTP: the same document under another id, name and owner."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from services.intake.api.programmes import ProgrammePath, PublishedAnswer
from services.intake.api.rights import allowed_programme
from services.intake.domain import Programme
from services.intake.usecases import Reader, copy_programme
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId, PublicText
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep

RULES: Final[RouteRules] = {
    "POST /api/programmes/{programme_id}/copies": Rule({Role.ADMIN}),
}

router = APIRouter(prefix="/api/programmes")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


class CopyBody(Body):
    """Under which id, name and owner a programme shall stand once more."""

    programme_id: ProgrammeId
    name: PublicText
    owner: PublicText


@router.post("/{programme_id}/copies", status_code=201)
async def post_copy(
    programme_id: ProgrammePath,
    body: CopyBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> PublishedAnswer:
    """Publish a programme once more under another name and owner."""
    outcome = await commands.run(
        lambda uow: copy_programme(
            programme_id,
            body.programme_id,
            body.name,
            body.owner,
            uow,
            allow=allowed_programme(caller),
        ),
        sent=sent,
        key=body.programme_id,
    )
    if outcome.duplicate:
        await _allow_again(caller, reader, programme_id, body.programme_id)
    return PublishedAnswer(programme_id=body.programme_id, version=outcome.answer)


async def _allow_again(caller: Caller, reader: Reader, *programme_ids: str) -> None:
    """Check a replay like the first sending: the token may be another one by now."""
    for programme_id in programme_ids:
        programme = await reader.get(Programme, programme_id)
        if programme is not None:
            allowed_programme(caller)(programme)
