"""The evidence of a programme's year over HTTP.

Decrees, surveys and photos may show people, so few roles see them. Who acts has the right to the
whole programme: a year's evidence has no region of its own.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from services.reporting.domain import Programme
from services.reporting.usecases.evidence import (
    LIMIT,
    YearEvidence,
    evidence_id,
    permit_in,
)
from services.reporting.usecases.reports import Reader
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.files.evidence import PURPOSE, Permit
from shared.files.evidence_web import EvidenceAnswer, EvidencesAnswer, FilePath, RoomDep
from shared.files.web import RAW_BODY, FileAnswer
from shared.runtime import SentDep, built, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import NotFound

_PATH: Final = "/api/programmes/{programme_id}/years/{year}/evidence"
_SENDERS: Final = {Role.PLANNER, Role.SUPERVISOR}
_VIEWERS: Final = Rule({*_SENDERS, Role.HEAD})
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule(_SENDERS, upload=PURPOSE.limit),
    f"POST {_PATH}/{{file_id}}": Rule(_SENDERS),
    f"GET {_PATH}": _VIEWERS,
    f"GET {_PATH}/{{file_id}}/content": _VIEWERS,
    f"DELETE {_PATH}/{{file_id}}": Rule(_SENDERS),
}

router = APIRouter(prefix=_PATH)
ProgrammePath = Annotated[ProgrammeId, Path()]
YearPath = Annotated[int, Path(ge=2000, le=2100)]


@dataclass(frozen=True, slots=True)
class Year:
    """A programme's year, and who asks for it."""

    programme_id: ProgrammePath
    year: YearPath
    caller: CallerDep
    reader: Annotated[Reader, Depends(provided(Reader))]

    @property
    def about(self) -> str:
        """Return the id of its evidence."""
        return evidence_id(self.programme_id, self.year)

    @property
    def permit(self) -> Permit:
        """Return the check within a unit of work."""
        return permit_in(self.programme_id, self._allow)

    async def require(self) -> str:
        """Return the id of its evidence. Raises NotFound and Forbidden."""
        programme = await self.reader.get(Programme, self.programme_id)
        if programme is None:
            raise NotFound("programme")
        self._allow(programme)
        return self.about

    def _allow(self, programme: Programme) -> None:
        self.caller.require(programme=programme.id, region=programme.region_code)


YearDep = Annotated[Year, Depends(built(Year))]


class EvidenceBody(Body):
    """What the file shows."""

    kind: YearEvidence


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_file(year: YearDep, room: RoomDep, key: IdempotencyKey) -> FileAnswer:
    """Take a file for a programme's year: the body is the file itself, JPEG, PNG, WebP or PDF.

    Within a day it is to be bound, else it is removed. A file that is not taken is a problem
    `file-refused` with a stable `reason`.
    """
    return await room.taken(await year.require(), key, year.permit)


@router.post("/{file_id}")
async def post_evidence(
    file_id: FilePath, body: EvidenceBody, year: YearDep, room: RoomDep, sent: SentDep
) -> EvidenceAnswer:
    """Bind a file to its programme's year as evidence."""
    about = await year.require()
    return await room.bound(about, file_id, body.kind, year.permit, sent=sent, limit=LIMIT)


@router.get("")
async def list_evidence(year: YearDep, room: RoomDep) -> EvidencesAnswer:
    """Return a year's evidence, without its content."""
    return await room.listed(await year.require())


@router.get("/{file_id}/content", response_class=StreamingResponse)
async def get_content(file_id: FilePath, year: YearDep, room: RoomDep) -> StreamingResponse:
    """Return a file's content, for saving. The look is kept before it leaves."""
    return await room.content(await year.require(), file_id)


@router.delete("/{file_id}", status_code=204)
async def delete_evidence(file_id: FilePath, year: YearDep, room: RoomDep, sent: SentDep) -> None:
    """Remove a file from its year, for good."""
    await room.removed(year.about, file_id, year.permit, sent=sent)
