"""The register of what residents ask for by their rights: recorded, answered, watched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from services.intake.domain import (
    Case,
    Party,
    Programme,
    Refused,
    Resident,
    Right,
    RightsOutcome,
    RightsRequest,
    received,
)
from shared.contracts.envelope import new_id
from shared.contracts.event import CLOCKS_APART
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

RIGHTS_DUE: Final = "rights_request_due"
"""The timer that waits for the deadline of an answer; its key is the request."""
AllowRegion = Callable[[str, str], None]
"""Raises where the caller has no right in this programme and region."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for; `received_at` where that was before now.

    About a case, a resident, or both: then about somebody of the case who is not its applicant.
    """

    right: Right
    case_id: str | None = None
    resident_id: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenRights:
    """How many requests wait for an answer, and the nearest deadline among them."""

    waiting: int
    due_at: datetime | None


async def record_rights_request(
    asked: Asked, uow: UnitOfWork, *, allow: AllowRegion
) -> dict[str, Any]:
    """Record what a resident asks for, and have its deadline watched; return id and deadline.

    Raises Missing where there is no such case or resident, Refused for the time, and not_in_case.
    """
    request = await _new(asked, uow)
    allow(request.programme_id, request.region)
    uow.add(request)
    await uow.set_timer(RIGHTS_DUE, request.id, request.due_at)
    return {"request_id": request.id, "due_at": request.due_at.isoformat()}


async def _new(asked: Asked, uow: UnitOfWork) -> RightsRequest:
    at = received(asked.received_at, uow.now(), CLOCKS_APART)
    if asked.case_id is not None:
        case = await uow.require(Case, asked.case_id)
        place = (case.programme_id, case.office_region)
        resident_id = asked.resident_id or case.parties.get(Party.APPLICANT)
        if asked.resident_id and asked.resident_id not in case.parties.values():
            raise Refused("not_in_case", "resident: he is nobody of this case")
    else:
        resident = await uow.require(Resident, asked.resident_id or "")
        # A resident has no region of his own: whoever answers for the whole programme does.
        programme = await uow.require(Programme, resident.programme_id)
        place, resident_id = (programme.id, programme.region_code), resident.id
    return RightsRequest(
        id=new_id(),
        version=1,
        right=asked.right,
        programme_id=place[0],
        region=place[1],
        resident_id=resident_id,
        case_id=asked.case_id,
        received_at=at,
        recorded_at=uow.now(),
        recorded_by=uow.actor,
    )


async def answer_rights_request(
    request_id: str, outcome: RightsOutcome, reason: str, uow: UnitOfWork, *, allow: AllowRegion
) -> dict[str, Any]:
    """Keep how a request was answered and why, and wait no more; return whether it was late.

    Raises Missing, and Refused: answered_already.
    """
    request = await uow.require(RightsRequest, request_id)
    allow(request.programme_id, request.region)
    answered = request.answered(outcome, reason, uow.now(), uow.actor)
    uow.add(answered)
    await uow.clear_timer(RIGHTS_DUE, request.id)
    return {"missed": answered.missed}


async def note_rights_missed(timer: Timer, uow: UnitOfWork) -> None:
    """Note that the deadline passed without an answer; nothing where there was one."""
    request = await uow.require(RightsRequest, timer.key)
    noted = request.note_missed()
    if noted is not request:
        uow.add(noted)


class Waiting(Protocol):
    """Tells what waits."""

    async def open_rights(self) -> OpenRights:
        """Return what waits for an answer in all programmes."""
        ...


class Figures(Protocol):
    """Where metrics are told."""

    def rights(self, waiting: OpenRights) -> None:
        """Tell what waits for an answer."""
        ...


class WatchRights:
    """Tells the metrics what waits for an answer, in the background: alerts read them.

    The deadline itself is a timer; this only looks.
    """

    def __init__(self, reader: Waiting, figures: Figures) -> None:
        self._reader = reader
        self._figures = figures

    async def look(self) -> None:
        """Tell what waits now. Raises Unavailable."""
        self._figures.rights(await self._reader.open_rights())
