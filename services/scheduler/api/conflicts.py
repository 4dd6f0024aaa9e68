"""What devices told that does not agree, as a supervisor sees it."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from services.scheduler.api.parts import EventId, ReaderDep, visible_event
from services.scheduler.domain import Conflict, ConflictKind
from services.scheduler.domain.late import LISTED_CONFLICTS
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api/events/{event_id}")
RULES: Final[RouteRules] = {"GET /api/events/{event_id}/conflicts": Rule({Role.SUPERVISOR})}


class ConflictSeen(BaseModel):
    """What does not agree. `stories`: how many are part of it; `entries` names ten at most."""

    kind: ConflictKind
    subject: str
    first_at: datetime
    stories: int
    entries: tuple[str, ...]
    booths: tuple[str, ...]


class ConflictsAnswer(BaseModel):
    """Two hundred conflicts at most. `more`: there are others, which it does not show."""

    conflicts: list[ConflictSeen]
    more: bool


@router.get("/conflicts")
async def list_conflicts(
    event_id: EventId, caller: CallerDep, reader: ReaderDep
) -> ConflictsAnswer:
    """Return what of the devices' stories does not agree, by kind."""
    await visible_event(event_id, caller, reader)
    found = await reader.conflicts(event_id)
    listed = [_conflict(one) for one in found[:LISTED_CONFLICTS]]
    return ConflictsAnswer(conflicts=listed, more=len(found) > LISTED_CONFLICTS)


def _conflict(conflict: Conflict) -> ConflictSeen:
    return ConflictSeen(
        kind=conflict.kind,
        subject=conflict.subject,
        first_at=conflict.first_at,
        stories=conflict.stories,
        entries=conflict.entries,
        booths=conflict.booths,
    )
